// SPDX-License-Identifier: GPL-2.0-only

//! The time of day.

use crate::bindings;

/// Seconds since 1970.
pub(crate) fn real_seconds() -> i64 {
    // SAFETY: Always safe to call.
    unsafe { bindings::ktime_get_real_seconds() }
}
