// SPDX-License-Identifier: GPL-2.0-only

//! A scope in which allocations do not call into filesystems.

use crate::bindings;

/// Calls `f` with memory reclaim kept out of filesystems.
pub(crate) fn without_fs_reclaim<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: Changes a flag of the current task only.
    let saved = unsafe { bindings::fscache_helper_nofs_save() };
    let result = f();
    // SAFETY: That is what the flag was before.
    unsafe { bindings::fscache_helper_nofs_restore(saved) };
    result
}
