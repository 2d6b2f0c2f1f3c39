// SPDX-License-Identifier: GPL-2.0-only

//! The structures that C code shares with us, as safe types.
//!
//! `struct fscache_cookie`, `fscache_volume` and `fscache_cache` are ABI: inline functions of
//! `<linux/fscache.h>`, compiled into every network filesystem, read and write their fields. The
//! types here are transparent over them. No reference to a field is ever made but to atomics,
//! because C may change any field while we hold the type.
//!
//! Each type comes with an owning reference ([`CookieRef`], [`VolumeRef`], [`CacheRef`]) that is
//! taken and given back for a reason, which the trace points show. Giving back is explicit
//! (`put(why)`); dropping one without is a mistake that is made good and reported.

mod cache;
mod check;
mod cookie;
mod cookie_ref;
mod new_cookie;
mod volume;

pub(crate) use cache::{
    BackendTable,
    Cache,
    CacheRef,
    CacheState, //
    Registered,
};
pub(crate) use check::agrees_with_c;
pub(crate) use cookie::{
    Cookie,
    CookieGuard, //
};
pub(crate) use cookie_ref::CookieRef;
pub(crate) use new_cookie::NewCookie;
pub(crate) use volume::{
    Volume,
    VolumeRef, //
};

use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::prelude::*;

/// Bytes that a filesystem lends for the length of a call, or none.
///
/// Not a slice, because the filesystem may change them meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Blob<'a> {
    at: *const u8,
    len: usize,
    lent: PhantomData<&'a u8>,
}

impl Blob<'_> {
    /// Adopts what C gave; null is none.
    ///
    /// # Safety
    ///
    /// `at` must be null or valid for reads of `len` bytes for as long as this is used.
    pub(crate) unsafe fn new(at: *const c_void, len: usize) -> Self {
        Self {
            at: at.cast(),
            len: if at.is_null() { 0 } else { len },
            lent: PhantomData,
        }
    }

    /// How long it is, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Copies it to the beginning of `to`, which is `room` bytes long; too much is left out.
    ///
    /// # Safety
    ///
    /// `to` must be valid for writes of `room` bytes.
    unsafe fn copy_to(&self, to: *mut u8, room: usize) {
        // SAFETY: `at` is valid for `len` bytes, the caller promises the same of `to`. They may
        // overlap.
        unsafe { ptr::copy(self.at, to, self.len.min(room)) };
    }
}

/// Allocates zeroed memory that C code may read: `len` bytes, aligned for any of the kernel's
/// structures. May sleep.
fn alloc_zeroed(len: usize) -> Option<NonNull<u8>> {
    // SAFETY: Always sound.
    NonNull::new(unsafe { bindings::fscache_helper_kzalloc(len) }.cast())
}

/// Frees what [`alloc_zeroed`] returned.
///
/// # Safety
///
/// `memory` must come from `alloc_zeroed()`, and nobody may use it any more.
unsafe fn free(memory: NonNull<u8>) {
    // SAFETY: By the function's contract.
    unsafe { bindings::kfree(memory.as_ptr().cast()) };
}

/// Says that a reference was dropped without a reason.
#[cold]
fn dropped_without_reason(what: &str) {
    kernel::pr_warn_once!(
        "a reference to a {} was given back without a reason\n",
        what
    );
}
