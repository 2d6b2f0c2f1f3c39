// SPDX-License-Identifier: GPL-2.0-only

//! Mounts and paths.
//!
//! Write access to a mount is a guard, [`WriteAccess`]: it keeps the filesystem from being frozen or
//! made read-only while something is changed. It is taken before any directory lock.

use crate::{
    bindings,
    dentry::Dentry, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque,
};

/// A `struct vfsmount`.
#[repr(transparent)]
pub(crate) struct Mount(Opaque<bindings::vfsmount>);

// SAFETY: Mounts are made to be shared.
unsafe impl Send for Mount {}
// SAFETY: As above.
unsafe impl Sync for Mount {}

// SAFETY: Mounts are reference-counted.
unsafe impl AlwaysRefCounted for Mount {
    fn inc_ref(&self) {
        // SAFETY: The borrow shows that the count is not zero.
        unsafe { bindings::mntget(self.as_raw()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller owns a reference, which this gives back.
        unsafe { bindings::mntput(obj.as_ptr().cast()) };
    }
}

/// What a filesystem says about its size. Counts of blocks are in its own blocks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Statistics {
    /// Bytes in a block.
    pub(crate) block_size: i64,
    /// All blocks.
    pub(crate) blocks: u64,
    /// Free blocks that may be used.
    pub(crate) blocks_free: u64,
    /// All files, or zero if that is not counted.
    pub(crate) files: u64,
    /// Free files.
    pub(crate) files_free: u64,
}

impl Mount {
    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::vfsmount {
        self.0.get()
    }

    fn superblock(&self) -> *mut bindings::super_block {
        // SAFETY: Valid by the borrow; a mount's superblock does not change.
        unsafe { (*self.as_raw()).mnt_sb }
    }

    /// A dentry of this mount, as a path for C functions, counted by nobody.
    pub(crate) fn path(&self, dentry: &Dentry) -> bindings::path {
        bindings::path {
            mnt: self.as_raw(),
            dentry: dentry.as_raw(),
        }
    }

    /// Does the mount map user ids?
    pub(crate) fn is_idmapped(&self) -> bool {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::fscache_helper_is_idmapped(self.as_raw()) }
    }

    /// Is the filesystem read-only?
    pub(crate) fn is_readonly(&self) -> bool {
        // SAFETY: A mount pins its superblock; a single volatile load.
        let flags = unsafe { (&raw const (*self.superblock()).s_flags).read_volatile() };
        // `SB_RDONLY` is `BIT(0)`, which is how it is known to user space too.
        flags & 1 != 0
    }

    /// The filesystem's block size, in bytes.
    pub(crate) fn superblock_block_size(&self) -> u64 {
        // SAFETY: A mount pins its superblock.
        unsafe { (*self.superblock()).s_blocksize as u64 }
    }

    /// Is the filesystem ext4, or an elder of its kind that ext4 can mount?
    pub(crate) fn is_ext4(&self) -> bool {
        // SAFETY: A mount pins its superblock, whose kind does not change.
        unsafe { (*self.superblock()).s_magic == bindings::EXT4_SUPER_MAGIC as c_ulong }
    }

    /// Can the filesystem tell its size, and write everything out?
    pub(crate) fn can_report_and_sync(&self) -> bool {
        // SAFETY: A mount pins its superblock, whose operations do not change.
        let ops = unsafe { &*(*self.superblock()).s_op };
        ops.statfs.is_some() && ops.sync_fs.is_some()
    }

    /// Asks the filesystem about its size, seen from `dentry`. May sleep.
    pub(crate) fn statistics(&self, dentry: &Dentry) -> Result<Statistics> {
        let path = self.path(dentry);
        let mut stats = bindings::fscache_helper_statistics::default();
        // SAFETY: The path is pinned by the borrows, `stats` is writable.
        to_result(unsafe {
            bindings::fscache_helper_statfs((&raw const path).cast(), &raw mut stats)
        })?;
        Ok(Statistics {
            block_size: stats.block_size,
            blocks: stats.blocks,
            blocks_free: stats.blocks_free,
            files: stats.files,
            files_free: stats.files_free,
        })
    }

    /// Writes everything out. Sleeps for long.
    pub(crate) fn sync(&self) -> Result {
        let sb = self.superblock();
        // SAFETY: A mount pins its superblock; the lock is taken and given back around the call
        // that asks for it.
        to_result(unsafe {
            bindings::down_read((&raw mut (*sb).s_umount).cast());
            let ret = bindings::sync_filesystem(sb);
            bindings::up_read((&raw mut (*sb).s_umount).cast());
            ret
        })
    }

    /// Gets write access. Sleeps while the filesystem is frozen.
    ///
    /// # Errors
    ///
    /// `EROFS` if the mount or the filesystem is read-only.
    pub(crate) fn want_write(&self) -> Result<WriteAccess<'_>> {
        // SAFETY: Valid by the borrow.
        to_result(unsafe { bindings::mnt_want_write(self.as_raw()) })?;
        // INVARIANT: Just got.
        Ok(WriteAccess {
            mount: self,
            not_send: PhantomData,
        })
    }
}

/// Write access to a mount.
///
/// # Invariants
///
/// The current task has write access to the mount.
pub(crate) struct WriteAccess<'a> {
    mount: &'a Mount,
    not_send: PhantomData<*mut ()>,
}

impl<'a> WriteAccess<'a> {
    /// The mount.
    pub(crate) fn mount(&self) -> &'a Mount {
        self.mount
    }
}

impl Drop for WriteAccess<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant.
        unsafe { bindings::mnt_drop_write(self.mount.as_raw()) };
    }
}

/// A path that owns its references.
pub(crate) struct Path {
    // Goes first: the mount may be the last to hold the filesystem.
    dentry: ARef<Dentry>,
    mount: ARef<Mount>,
}

impl Path {
    /// Takes over the references of a C path.
    ///
    /// # Safety
    ///
    /// Both pointers must be valid, and the caller must own a reference to each.
    unsafe fn from_owned(path: bindings::path) -> Result<Self> {
        let mount = NonNull::new(path.mnt).ok_or(ENOENT)?;
        let dentry = NonNull::new(path.dentry).ok_or(ENOENT)?;
        Ok(Self {
            // SAFETY: By the function's contract; the type is transparent.
            mount: unsafe { ARef::from_raw(mount.cast()) },
            // SAFETY: By the function's contract.
            dentry: unsafe { Dentry::from_owned(dentry) },
        })
    }

    /// Looks up a directory by its name, following symbolic links, but for one that the name ends
    /// with. Sleeps.
    pub(crate) fn lookup_directory(name: &CStr) -> Result<Self> {
        let mut path = bindings::path::default();
        // SAFETY: `name` is a valid string, `path` is writable.
        to_result(unsafe {
            bindings::kern_path(
                name.as_char_ptr(),
                bindings::FSCACHE_LOOKUP_DIRECTORY,
                (&raw mut path).cast(),
            )
        })?;
        // SAFETY: A successful lookup returns references to both.
        unsafe { Self::from_owned(path) }
    }

    /// The current directory of the current task.
    pub(crate) fn current_directory() -> Result<Self> {
        let mut path = bindings::path::default();
        // SAFETY: `path` is writable.
        unsafe { bindings::fscache_helper_current_pwd((&raw mut path).cast()) };
        // SAFETY: The helper returned references to both.
        unsafe { Self::from_owned(path) }
    }

    /// The mount.
    pub(crate) fn mount(&self) -> &ARef<Mount> {
        &self.mount
    }

    /// The place in it.
    pub(crate) fn dentry(&self) -> &ARef<Dentry> {
        &self.dentry
    }
}
