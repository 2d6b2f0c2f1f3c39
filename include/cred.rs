// SPDX-License-Identifier: GPL-2.0-only

//! Acting under other credentials.
//!
//! They are in force during a closure and only then, so they cannot be left in force by mistake,
//! and overrides nest as the calls do.

use crate::{
    bindings,
    inode::Inode, //
};
use core::ptr::NonNull;
use kernel::{cred::Credential, error::to_result, prelude::*, sync::aref::ARef};

/// Calls `f` under `cred`.
pub(crate) fn with_creds<R>(cred: &Credential, f: impl FnOnce() -> R) -> R {
    // SAFETY: `cred` is pinned by the borrow until after `f` has returned.
    let saved = unsafe { bindings::fscache_helper_override_creds(cred.as_ptr()) };
    let result = f();
    // SAFETY: Those are what the current task had before.
    unsafe { bindings::fscache_helper_revert_creds(saved) };
    result
}

/// May the current task administer the system?
pub(crate) fn may_administer() -> bool {
    // SAFETY: Always safe to ask.
    unsafe { bindings::fscache_helper_capable_sys_admin() }
}

/// Credentials that are still being made.
///
/// # Invariants
///
/// `cred` is valid, and nobody else has it.
pub(crate) struct NewCredential {
    cred: NonNull<bindings::cred>,
}

impl NewCredential {
    /// Takes over what C prepared.
    fn from_prepared(cred: *mut bindings::cred) -> Result<Self> {
        // INVARIANT: Both functions that prepare credentials return new ones, or null.
        Ok(Self {
            cred: NonNull::new(cred).ok_or(ENOMEM)?,
        })
    }

    /// Those of a service of the kernel that acts for the current task's user namespace.
    pub(crate) fn for_kernel_service() -> Result<Self> {
        let current: *const kernel::task::Task = &raw const **kernel::current!();
        // SAFETY: The current task is valid; `Task` is transparent.
        Self::from_prepared(unsafe { bindings::prepare_kernel_cred(current.cast_mut().cast()) })
    }

    /// A copy of those in force.
    pub(crate) fn copy_of_current() -> Result<Self> {
        // SAFETY: Always safe to call.
        Self::from_prepared(unsafe { bindings::prepare_creds() })
    }

    /// Sets the security context to act under.
    pub(crate) fn set_security_override(&mut self, secid: u32) -> Result {
        // SAFETY: By the invariant.
        to_result(unsafe { bindings::set_security_override(self.cred.as_ptr(), secid) })
    }

    /// Makes new files get a context that follows from that of `inode`.
    pub(crate) fn create_files_as(&mut self, inode: &Inode) -> Result {
        // SAFETY: By the invariant; `inode` is pinned by the borrow.
        to_result(unsafe { bindings::set_create_files_as(self.cred.as_ptr(), inode.as_raw()) })
    }

    /// Finishes them.
    pub(crate) fn commit(self) -> ARef<Credential> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: By the invariant; the one reference moves. `Credential` is transparent.
        unsafe { ARef::from_raw(this.cred.cast()) }
    }
}

impl Drop for NewCredential {
    fn drop(&mut self) {
        // SAFETY: By the invariant.
        unsafe { bindings::abort_creds(self.cred.as_ptr()) };
    }
}
