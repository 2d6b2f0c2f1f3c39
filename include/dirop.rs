// SPDX-License-Identifier: GPL-2.0-only

//! Changes of directories: making, removing and renaming entries.
//!
//! Each begins by looking a name up and taking the locks that the change needs; each is a guard
//! that gives the locks and the name's dentry back when it goes. All need write access to the
//! mount, taken before, which the borrow of a [`WriteAccess`] shows.

use crate::{
    bindings,
    dentry::{
        qstr,
        Dentry, //
    },
    path::WriteAccess, //
};
use core::{
    marker::PhantomData,
    ptr::{
        null_mut,
        NonNull, //
    },
};
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

/// The entry of a directory that is locked for a change of that entry.
///
/// # Invariants
///
/// `child` is a dentry in `dir` to which this owns a reference, and the lock that belongs to it is
/// held by the current task; `end_dirop()` gives both back.
struct Locked<'a> {
    child: NonNull<bindings::dentry>,
    dir: &'a Dentry,
    access: &'a WriteAccess<'a>,
    not_send: PhantomData<*mut ()>,
}

impl<'a> Locked<'a> {
    /// # Safety
    ///
    /// `child` must be what a function of the `start_*` family returned for `dir`.
    unsafe fn new(
        access: &'a WriteAccess<'a>,
        dir: &'a Dentry,
        child: *mut bindings::dentry,
    ) -> Result<Self> {
        // INVARIANT: By the function's contract.
        Ok(Self {
            child: NonNull::new(from_err_ptr(child)?).ok_or(ENOENT)?,
            dir,
            access,
            not_send: PhantomData,
        })
    }

    fn dentry(&self) -> &Dentry {
        // SAFETY: By the invariant a reference is owned for as long as `self` lives.
        unsafe { Dentry::from_raw(self.child.as_ptr()) }
    }

    fn dir_inode(&self) -> Result<*mut bindings::inode> {
        Ok(self.dir.inode().ok_or(ENOENT)?.as_raw())
    }

    fn unlink(&mut self) -> Result {
        let dir = self.dir_inode()?;
        // SAFETY: By the invariant the child is in `dir` and locked; `self` is borrowed
        // exclusively, so nobody borrows the inode from our reference.
        to_result(unsafe {
            bindings::vfs_unlink(
                &raw mut bindings::nop_mnt_idmap,
                dir,
                self.child.as_ptr(),
                null_mut(),
            )
        })
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant.
        unsafe { bindings::end_dirop(self.child.as_ptr()) };
    }
}

/// A name, existing or not, whose directory is locked so that it may be made.
pub(crate) struct Creating<'a>(Locked<'a>);

impl<'a> Creating<'a> {
    /// Looks `name` up in `dir` and locks. Sleeps.
    pub(crate) fn start(access: &'a WriteAccess<'a>, dir: &'a Dentry, name: &[u8]) -> Result<Self> {
        let mut name = qstr(name);
        // SAFETY: `dir` is pinned by the borrow, `name` outlives the call.
        let child = unsafe {
            bindings::start_creating(
                &raw mut bindings::nop_mnt_idmap,
                dir.as_raw(),
                &raw mut name,
            )
        };
        // SAFETY: Just returned for `dir`.
        Ok(Self(unsafe { Locked::new(access, dir, child) }?))
    }

    /// The name's dentry.
    pub(crate) fn dentry(&self) -> &Dentry {
        self.0.dentry()
    }

    /// Makes a directory. The dentry may be another one afterwards.
    ///
    /// # Errors
    ///
    /// The backing filesystem's; the locks are given back then.
    pub(crate) fn mkdir(self, mode: u16) -> Result<Self> {
        let dir_inode = self.0.dir_inode()?;
        // `vfs_mkdir()` takes over the dentry and, if it fails, the lock as well.
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: By `Locked`'s invariant the dentry is in `dir` and locked.
        let child = unsafe {
            bindings::vfs_mkdir(
                &raw mut bindings::nop_mnt_idmap,
                dir_inode,
                this.0.child.as_ptr(),
                mode,
                null_mut(),
            )
        };
        // SAFETY: `vfs_mkdir()` returned the dentry that is locked now, or an error.
        Ok(Self(unsafe {
            Locked::new(this.0.access, this.0.dir, child)
        }?))
    }

    /// Makes the name another name of `file`. The name must not exist.
    pub(crate) fn link(&mut self, file: &Dentry) -> Result {
        let dir = self.0.dir_inode()?;
        // SAFETY: `file` is pinned by the borrow, and `Locked`'s invariant gives the rest.
        to_result(unsafe {
            bindings::vfs_link(
                file.as_raw(),
                &raw mut bindings::nop_mnt_idmap,
                dir,
                self.0.child.as_ptr(),
                null_mut(),
            )
        })
    }

    /// Removes what has the name. It must be no directory.
    pub(crate) fn unlink(&mut self) -> Result {
        self.0.unlink()
    }
}

/// An existing name whose directory is locked so that it may be removed.
pub(crate) struct Removing<'a>(Locked<'a>);

impl<'a> Removing<'a> {
    /// Looks `name` up in `dir` and locks. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it does not exist.
    pub(crate) fn start(access: &'a WriteAccess<'a>, dir: &'a Dentry, name: &[u8]) -> Result<Self> {
        let mut name = qstr(name);
        // SAFETY: `dir` is pinned by the borrow, `name` outlives the call.
        let child = unsafe {
            bindings::start_removing(
                &raw mut bindings::nop_mnt_idmap,
                dir.as_raw(),
                &raw mut name,
            )
        };
        // SAFETY: Just returned for `dir`.
        Ok(Self(unsafe { Locked::new(access, dir, child) }?))
    }

    /// Locks `child`, if it still is in `dir`. Sleeps.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it was moved or removed, `ENOENT` if it is negative.
    pub(crate) fn start_dentry(
        access: &'a WriteAccess<'a>,
        dir: &'a Dentry,
        child: &Dentry,
    ) -> Result<Self> {
        // SAFETY: Both are pinned by the borrows.
        let child = unsafe { bindings::start_removing_dentry(dir.as_raw(), child.as_raw()) };
        // SAFETY: Just returned for `dir`.
        Ok(Self(unsafe { Locked::new(access, dir, child) }?))
    }

    /// The name's dentry.
    pub(crate) fn dentry(&self) -> &Dentry {
        self.0.dentry()
    }

    /// Removes the name. It must be no directory.
    pub(crate) fn unlink(&mut self) -> Result {
        self.0.unlink()
    }
}

/// An entry that is locked, together with the place that it is to be moved to.
///
/// # Invariants
///
/// `data` was filled in by `start_renaming_dentry()`; `end_renaming()` gives everything back.
pub(crate) struct Renaming<'a> {
    data: bindings::renamedata,
    pinned: PhantomData<(&'a Dentry, *mut ())>,
}

impl<'a> Renaming<'a> {
    /// Looks `name` up in `new_dir` and locks it and `old`, which must be in `old_dir`. Sleeps.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `old` is not there any more or is above `new_dir`, `ENOTEMPTY` if it is below
    /// the new name, and those of the lookup.
    pub(crate) fn start(
        _access: &'a WriteAccess<'a>,
        old_dir: &'a Dentry,
        old: &'a Dentry,
        new_dir: &'a Dentry,
        name: &[u8],
    ) -> Result<Self> {
        let mut name = qstr(name);
        let mut data = bindings::renamedata {
            mnt_idmap: &raw mut bindings::nop_mnt_idmap,
            old_parent: old_dir.as_raw(),
            new_parent: new_dir.as_raw(),
            ..Default::default()
        };
        // SAFETY: All dentries are pinned by the borrows, `name` outlives the call.
        to_result(unsafe {
            bindings::start_renaming_dentry((&raw mut data).cast(), 0, old.as_raw(), &raw mut name)
        })?;
        // INVARIANT: It succeeded.
        Ok(Self {
            data,
            pinned: PhantomData,
        })
    }

    /// What the new name is now; negative if it is free.
    pub(crate) fn target(&self) -> &Dentry {
        // SAFETY: By the invariant a reference is held.
        unsafe { Dentry::from_raw(self.data.new_dentry) }
    }

    /// Does it.
    pub(crate) fn rename(&mut self) -> Result {
        // SAFETY: By the invariant.
        to_result(unsafe { bindings::vfs_rename((&raw mut self.data).cast()) })
    }
}

impl Drop for Renaming<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant.
        unsafe { bindings::end_renaming((&raw mut self.data).cast()) };
    }
}
