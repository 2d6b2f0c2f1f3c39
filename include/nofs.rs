// SPDX-License-Identifier: GPL-2.0-only

//! A scope in which allocations do not call into filesystems.

use crate::bindings;
use core::marker::PhantomData;
use kernel::prelude::*;

/// Memory reclaim by the current task is kept out of filesystems while this lives.
///
/// Scopes may lie in each other, but must not overlap otherwise.
#[must_use = "it ends when this goes"]
pub(crate) struct NoFsReclaim {
    /// What the flag was before.
    saved: c_uint,
    /// Of the current task.
    not_send: PhantomData<*mut ()>,
}

impl NoFsReclaim {
    /// Begins a scope.
    pub(crate) fn begin() -> Self {
        Self {
            // SAFETY: Changes a flag of the current task only.
            saved: unsafe { bindings::fscache_helper_nofs_save() },
            not_send: PhantomData,
        }
    }
}

impl Drop for NoFsReclaim {
    fn drop(&mut self) {
        // SAFETY: That is what the flag was before, of this task, as `self` does not leave it.
        unsafe { bindings::fscache_helper_nofs_restore(self.saved) };
    }
}

/// Calls `f` with memory reclaim kept out of filesystems.
pub(crate) fn without_fs_reclaim<R>(f: impl FnOnce() -> R) -> R {
    let _scope = NoFsReclaim::begin();
    f()
}
