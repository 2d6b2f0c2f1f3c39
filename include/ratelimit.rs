// SPDX-License-Identifier: GPL-2.0-only

//! Not saying the same thing a thousand times: lines in the log that a filesystem, or a damaged
//! cache, can cause at will are limited to a handful in five seconds.

use crate::{
    atomic::Atomic,
    wait::{
        is_past,
        now,
        HZ, //
    }, //
};
use kernel::sync::atomic::ordering;

/// Lines in one span.
const BURST: i32 = 10;

/// When the present span ends, in jiffies.
static SPAN_ENDS: Atomic<usize> = Atomic::new(0);

/// Lines in the present span.
static LINES: Atomic<i32> = Atomic::new(0);

/// May another line be written?
pub(crate) fn may_speak() -> bool {
    if is_past(SPAN_ENDS.load(ordering::Relaxed)) {
        SPAN_ENDS.store(now().wrapping_add(HZ.saturating_mul(5)), ordering::Relaxed);
        LINES.store(0, ordering::Relaxed);
    }
    LINES.fetch_add(1, ordering::Relaxed) < BURST
}
