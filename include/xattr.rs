// SPDX-License-Identifier: GPL-2.0-only

//! Extended attributes.

use crate::{
    bindings,
    dentry::Dentry,
    path::WriteAccess, //
};
use core::{
    mem::MaybeUninit,
    slice, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// Reads an attribute into `buffer`, and returns what was read. Sleeps.
///
/// # Errors
///
/// `ENODATA` if there is none, `ERANGE` if it is longer than `buffer`, and the backing
/// filesystem's.
pub(crate) fn get<'a>(
    dentry: &Dentry,
    name: &CStr,
    buffer: &'a mut [MaybeUninit<u8>],
) -> Result<&'a [u8]> {
    // SAFETY: The dentry is pinned by the borrow; `buffer` is writable for its length.
    let ret = unsafe {
        bindings::vfs_getxattr(
            &raw mut bindings::nop_mnt_idmap,
            dentry.as_raw(),
            name.as_char_ptr(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
        )
    };
    match usize::try_from(ret) {
        // An empty buffer asks for the length alone.
        Ok(len) if len <= buffer.len() => {
            // SAFETY: So many bytes were just written.
            Ok(unsafe { slice::from_raw_parts(buffer.as_ptr().cast(), len) })
        }
        Ok(_) => Err(ERANGE),
        Err(_) => Err(Error::from_errno(ret as c_int)),
    }
}

/// Sets an attribute of an entry of the mount that `_access` is about. Sleeps.
pub(crate) fn set(_access: &WriteAccess<'_>, dentry: &Dentry, name: &CStr, value: &[u8]) -> Result {
    // SAFETY: The dentry is pinned by the borrow; `value` is readable for its length.
    to_result(unsafe {
        bindings::vfs_setxattr(
            &raw mut bindings::nop_mnt_idmap,
            dentry.as_raw(),
            name.as_char_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    })
}

/// Removes an attribute of an entry of the mount that `_access` is about. Sleeps.
pub(crate) fn remove(_access: &WriteAccess<'_>, dentry: &Dentry, name: &CStr) -> Result {
    // SAFETY: The dentry is pinned by the borrow.
    to_result(unsafe {
        bindings::vfs_removexattr(
            &raw mut bindings::nop_mnt_idmap,
            dentry.as_raw(),
            name.as_char_ptr(),
        )
    })
}
