// SPDX-License-Identifier: GPL-2.0-only

//! What an operation on the cache holds: a `struct netfs_cache_resources`, which the filesystem
//! or netfs owns and fscache and the backend fill.

use crate::{
    bindings,
    layout::Cookie, //
};
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// How far the object must be for an operation. The values are the kernel's.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Want {
    /// What is known of it is enough.
    Params = 0,
    /// It is going to be written.
    Write = 1,
    /// It is going to be read.
    Read = 2,
}

impl Want {
    /// From the kernel's value; what is unknown wants all.
    pub(crate) fn from_raw(raw: bindings::fscache_want_state) -> Self {
        match raw {
            bindings::fscache_want_state_FSCACHE_WANT_PARAMS => Self::Params,
            bindings::fscache_want_state_FSCACHE_WANT_WRITE => Self::Write,
            _ => Self::Read,
        }
    }
}

/// A `struct netfs_cache_resources`.
#[repr(transparent)]
pub(crate) struct Resources(Opaque<bindings::netfs_cache_resources>);

impl Resources {
    /// Adopts the resources that C gave.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid, and nobody else use it, for all of `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::netfs_cache_resources) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Resources that belong to nothing yet.
    pub(crate) fn empty() -> Self {
        Self(Opaque::new(bindings::netfs_cache_resources {
            ops: core::ptr::null(),
            cache_priv: core::ptr::null_mut(),
            cache_priv2: core::ptr::null_mut(),
            debug_id: 0,
            inval_counter: 0,
        }))
    }

    /// The C structure.
    pub(crate) fn as_raw(&self) -> *mut bindings::netfs_cache_resources {
        self.0.get()
    }

    /// Notes whose operation this is, and which content it is about.
    pub(crate) fn attach(&self, cookie: &Cookie, inval_counter: u32) {
        // SAFETY: The structure is valid, and ours alone while it is being filled.
        unsafe {
            *self.as_raw() = bindings::netfs_cache_resources {
                ops: core::ptr::null(),
                cache_priv: cookie.as_raw().cast(),
                cache_priv2: core::ptr::null_mut(),
                debug_id: cookie.debug_id(),
                inval_counter,
            };
        }
    }

    /// Makes the resources those of no operation.
    pub(crate) fn detach(&self) {
        // SAFETY: As above.
        unsafe {
            (*self.as_raw()).cache_priv = core::ptr::null_mut();
            (*self.as_raw()).ops = core::ptr::null();
        }
    }

    /// The cookie of an operation that has begun.
    pub(crate) fn cookie(&self) -> Option<&Cookie> {
        // SAFETY: The structure is valid. While an operation lasts, its access keeps the object, and
        // with it the backend's reference to the cookie.
        unsafe {
            let cookie = (*self.as_raw()).cache_priv;
            (!cookie.is_null()).then(|| Cookie::from_raw(cookie.cast()))
        }
    }

    /// Has the backend attached its part?
    pub(crate) fn is_ready(&self) -> bool {
        // SAFETY: The structure is valid.
        unsafe { !(*self.as_raw()).cache_priv2.is_null() }
    }

    /// The backend's table of functions, of an operation that has begun.
    #[inline]
    pub(crate) fn ops(&self) -> *const bindings::netfs_cache_ops {
        // SAFETY: The structure is valid.
        unsafe { (*self.as_raw()).ops }
    }

    /// Puts another table before that: one of functions that call the backend's.
    #[inline]
    pub(crate) fn set_ops(&self, ops: *const bindings::netfs_cache_ops) {
        // SAFETY: The structure is valid, and ours alone while an operation begins.
        unsafe { (*self.as_raw()).ops = ops };
    }

    /// Ends the operation, through the backend.
    pub(crate) fn end(&self) {
        // SAFETY: The structure is valid; a backend that has begun an operation has set its
        // table of functions.
        unsafe {
            let raw = self.as_raw();
            if (*raw).cache_priv.is_null() {
                return;
            }
            if let Some(end) = (*raw).ops.as_ref().and_then(|ops| ops.end_operation) {
                end(raw);
            }
        }
    }

    /// Asks the backend to prepare for a write of `len` bytes at `start`; both may be rounded.
    pub(crate) fn prepare_write(
        &self,
        start: &mut i64,
        len: &mut usize,
        upper_len: usize,
        size: i64,
    ) -> Result {
        // SAFETY: As above.
        let prepare = unsafe {
            (*self.as_raw())
                .ops
                .as_ref()
                .and_then(|ops| ops.prepare_write)
        };
        let prepare = prepare.ok_or(ENOBUFS)?;
        // SAFETY: The operation has begun; the pointers are to locals of the caller.
        let error = unsafe { prepare(self.as_raw(), start, len, upper_len, size, false) };
        kernel::error::to_result(error)
    }

    /// Has the backend write what `iter` holds to `start`; `done` is called with `private` when
    /// that has ended, also if it fails.
    ///
    /// # Safety
    ///
    /// `iter` must be valid, what it refers to stay so until `done` was called, and `done` accept
    /// `private`.
    pub(crate) unsafe fn write(
        &self,
        start: i64,
        iter: *mut bindings::iov_iter,
        done: bindings::netfs_io_terminated_t,
        private: *mut c_void,
    ) {
        // SAFETY: As above.
        let write = unsafe { (*self.as_raw()).ops.as_ref().and_then(|ops| ops.write) };
        match write {
            // SAFETY: The operation has begun; the caller vouches for the rest.
            Some(write) => unsafe {
                write(self.as_raw(), start, iter, done, private);
            },
            None => {
                if let Some(done) = done {
                    // SAFETY: The caller vouches for `private`.
                    unsafe { done(private, ENOBUFS.to_errno() as isize) }
                }
            }
        }
    }
}
