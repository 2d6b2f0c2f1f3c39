// SPDX-License-Identifier: GPL-2.0-only

//! What an operation holds of the cache.

use super::Cookie;
use crate::{
    abi,
    bindings,
    jar::Borrowed,
    object::Object, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// What an operation needs of the cache before it can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Only to know what would be done.
    Params,
    /// To write.
    Write,
    /// To read.
    Read,
}

impl Want {
    /// From C's enum; whatever else it may be is taken for the one that needs most.
    pub(crate) fn from_raw(raw: bindings::fscache_want_state) -> Self {
        match raw {
            bindings::fscache_want_state_FSCACHE_WANT_PARAMS => Self::Params,
            bindings::fscache_want_state_FSCACHE_WANT_WRITE => Self::Write,
            _ => Self::Read,
        }
    }

    fn as_raw(self) -> bindings::fscache_want_state {
        match self {
            Self::Params => bindings::fscache_want_state_FSCACHE_WANT_PARAMS,
            Self::Write => bindings::fscache_want_state_FSCACHE_WANT_WRITE,
            Self::Read => bindings::fscache_want_state_FSCACHE_WANT_READ,
        }
    }
}

/// What an operation holds of the cache.
///
/// # Invariants
///
/// The pointer is valid for `'a`; its cookie is set, and an access to that cookie is counted
/// until the operation is ended. `cache_priv2` is null or owns a reference to a file.
pub(crate) struct Resources<'a> {
    raw: *mut bindings::netfs_cache_resources,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Resources<'a> {
    /// Borrows an operation's resources.
    ///
    /// # Safety
    ///
    /// They must be valid for `'a`, and belong to an operation that fscache began and that is not
    /// ended during `'a`.
    pub(crate) unsafe fn from_raw(raw: *mut bindings::netfs_cache_resources) -> Self {
        // INVARIANT: By the function's contract: fscache counts an access before it sets a cookie.
        Self {
            raw,
            borrowed: PhantomData,
        }
    }

    /// The cookie.
    pub(crate) fn cookie(&self) -> &'a Cookie {
        // SAFETY: By the invariant.
        unsafe { Cookie::from_raw((*self.raw).cache_priv.cast()) }
    }

    /// The object, which stays while the access is counted.
    pub(crate) fn object(&self) -> Option<Borrowed<'a, Object>> {
        // SAFETY: By the invariant, an access to the cookie keeps its object attached.
        unsafe { self.cookie().object() }
    }

    /// The cookie's generation when the operation began.
    pub(crate) fn generation(&self) -> u32 {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).inval_counter }
    }

    /// The file that the operation works on, if it has one yet.
    pub(crate) fn file(&self) -> Option<&'a File> {
        // SAFETY: By the invariant.
        let file = unsafe { (*self.raw).cache_priv2 };
        // SAFETY: By the invariant a reference is owned; it has no descriptor.
        (!file.is_null()).then(|| unsafe { File::from_raw_file(file.cast()) })
    }

    /// The object and the file, if the operation has both.
    pub(crate) fn target(&self) -> Option<(Borrowed<'a, Object>, &'a File)> {
        self.object().zip(self.file())
    }

    /// The object and the file, as soon as the cookie is ready for what is wanted. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if there will be none.
    pub(crate) fn wait_for_target(&self, want: Want) -> Result<(Borrowed<'a, Object>, &'a File)> {
        if !self.wait(want) {
            return Err(ENOBUFS);
        }
        self.target().ok_or(ENOBUFS)
    }

    /// Gives the operation our functions, and a file unless it has one.
    pub(crate) fn equip(&mut self, file: Option<ARef<File>>) {
        // SAFETY: By the invariant; whoever begins an operation has it alone, and netfs waits for the
        // object of one from one task at a time.
        let resources = unsafe { &mut *self.raw };
        resources.ops = &raw const abi::NETFS_OPS.0;
        if resources.cache_priv2.is_null() {
            if let Some(file) = file {
                // INVARIANT: The reference moves.
                resources.cache_priv2 = ARef::into_raw(file).as_ptr().cast();
            }
        }
    }

    /// Waits until the cookie is ready for what is wanted; false if that will not be. Sleeps.
    pub(crate) fn wait(&self, want: Want) -> bool {
        // SAFETY: By the invariant.
        unsafe { bindings::fscache_wait_for_operation(self.raw, want.as_raw()) }
    }

    /// Ends the operation. The cookie, and the object, are not to be used afterwards.
    pub(crate) fn end(self) {
        // SAFETY: By the invariant.
        let resources = unsafe { &mut *self.raw };
        let file = core::mem::replace(&mut resources.cache_priv2, core::ptr::null_mut());
        if let Some(file) = NonNull::new(file.cast::<File>()) {
            // SAFETY: By the invariant a reference is owned, which this gives back.
            drop(unsafe { ARef::from_raw(file) });
        }
        // SAFETY: By the invariant an access is counted, which this ends.
        unsafe {
            bindings::fscache_end_cookie_access(
                resources.cache_priv.cast(),
                bindings::fscache_access_trace_fscache_access_io_end,
            )
        };
    }
}
