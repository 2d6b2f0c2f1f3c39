// SPDX-License-Identifier: GPL-2.0-only

//! Questions to the security modules, asked where a system call would ask them.
//!
//! By helpers in C, since the kernel has functions or only macros for them, as it is configured.

use crate::{
    bindings,
    dentry::Dentry,
    inode::Inode,
    path::Mount, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// May a directory be made? `child` is a negative dentry in `dir`, whose lock is held.
pub(crate) fn path_mkdir(mount: &Mount, dir: &Dentry, child: &Dentry, mode: u16) -> Result {
    let dir = mount.path(dir);
    // SAFETY: All are pinned by the borrows.
    to_result(unsafe { bindings::fscache_helper_path_mkdir(&raw const dir, child.as_raw(), mode) })
}

/// May a name be removed? `child` is in `dir`, whose lock is held.
pub(crate) fn path_unlink(mount: &Mount, dir: &Dentry, child: &Dentry) -> Result {
    let dir = mount.path(dir);
    // SAFETY: All are pinned by the borrows.
    to_result(unsafe { bindings::fscache_helper_path_unlink(&raw const dir, child.as_raw()) })
}

/// May `old` in `old_dir` become `new` in `new_dir`? The rename's locks are held.
pub(crate) fn path_rename(
    mount: &Mount,
    old_dir: &Dentry,
    old: &Dentry,
    new_dir: &Dentry,
    new: &Dentry,
) -> Result {
    let old_dir = mount.path(old_dir);
    let new_dir = mount.path(new_dir);
    // SAFETY: All are pinned by the borrows.
    to_result(unsafe {
        bindings::fscache_helper_path_rename(
            &raw const old_dir,
            old.as_raw(),
            &raw const new_dir,
            new.as_raw(),
            0,
        )
    })
}

/// May directories be made in `dir`, whose dentry is `dentry`?
pub(crate) fn inode_mkdir(dir: &Inode, dentry: &Dentry) -> Result {
    // SAFETY: Both are pinned by the borrows.
    to_result(unsafe { bindings::fscache_helper_inode_mkdir(dir.as_raw(), dentry.as_raw(), 0) })
}

/// May files be made in `dir`, whose dentry is `dentry`?
pub(crate) fn inode_create(dir: &Inode, dentry: &Dentry) -> Result {
    // SAFETY: Both are pinned by the borrows.
    to_result(unsafe { bindings::fscache_helper_inode_create(dir.as_raw(), dentry.as_raw(), 0) })
}

/// The number of a security context.
pub(crate) fn secctx_to_secid(context: &CStr) -> Result<u32> {
    let len = u32::try_from(context.to_bytes().len())?;
    let mut secid = 0;
    // SAFETY: The string is valid for its length, `secid` is writable.
    to_result(unsafe {
        bindings::fscache_helper_secctx_to_secid(context.as_char_ptr(), len, &raw mut secid)
    })?;
    Ok(secid)
}
