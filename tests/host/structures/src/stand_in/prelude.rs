// SPDX-License-Identifier: GPL-2.0-only

//! The kernel crate's prelude.

pub(crate) use super::{
    alloc::{KBox, KVVec, KVec},
    pin_init, pr_warn, pr_warn as pr_err, pr_warn as pr_notice,
};
pub(crate) use stand_in_macros::pin_data;
pub(crate) use std::{
    ffi::{c_char, c_int, c_uint, c_void, CStr},
    pin::Pin,
};

#[derive(Clone, Copy)]
pub(crate) struct Flags;

impl std::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, _: Self) -> Self {
        self
    }
}

pub(crate) const GFP_KERNEL: Flags = Flags;
#[allow(non_upper_case_globals)]
pub(crate) const __GFP_ZERO: Flags = Flags;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub(crate) enum Error {
    ENOMEM = -12,
    EBUSY = -16,
    EINVAL = -22,
    ENOSPC = -28,
    ENOBUFS = -105,
}
pub(crate) use Error::*;

/// The kernel's.
#[allow(non_camel_case_types)]
pub(crate) type c_ulong = usize;

impl Error {
    pub(crate) fn to_errno(self) -> c_int {
        self as c_int
    }
}

pub(crate) type Result<T = (), E = Error> = std::result::Result<T, E>;

/// An initialiser; what it makes need not be pinned here.
pub(crate) trait PinInit<T> {
    fn make(self) -> T;
}

impl<T> PinInit<T> for T {
    fn make(self) -> T {
        self
    }
}

pub(crate) trait CStrExt {
    fn as_char_ptr(&self) -> *const c_char;

    /// # Safety
    ///
    /// `ptr` must be a string that lives for all of `'a`.
    unsafe fn from_char_ptr<'a>(ptr: *const c_char) -> &'a CStr {
        // SAFETY: By the function's contract.
        unsafe { CStr::from_ptr(ptr) }
    }
}

impl CStrExt for CStr {
    fn as_char_ptr(&self) -> *const c_char {
        self.as_ptr()
    }
}
