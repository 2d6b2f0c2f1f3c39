// SPDX-License-Identifier: GPL-2.0-only

//! Giving way.

use crate::bindings;

/// Lets others run if they are waiting. Must not be called in atomic context.
pub(crate) fn cond_resched() {
    // SAFETY: Sleeps at most; the caller is in process context.
    unsafe { bindings::fscache_helper_cond_resched() };
}
