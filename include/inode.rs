// SPDX-License-Identifier: GPL-2.0-only

//! Inodes: what they are, and the lock that guards their flags.
//!
//! A `&Inode` is always borrowed from something that pins the inode (a dentry, a file).

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// A `struct inode`.
#[repr(transparent)]
pub(crate) struct Inode(Opaque<bindings::inode>);

// SAFETY: Everything that is offered here is legal on any thread.
unsafe impl Send for Inode {}
// SAFETY: As above.
unsafe impl Sync for Inode {}

/// What a directory must be able to do to hold a cache.
#[derive(Clone, Copy)]
pub(crate) enum DirectoryAbility {
    /// Look names up, make directories and unnamed files, hold extended attributes.
    Root,
    /// Look names up, make, rename and remove entries, hold extended attributes.
    Store,
}

impl Inode {
    /// Borrows an inode.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid, and stay so for `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::inode {
        self.0.get()
    }

    /// The inode's number.
    pub(crate) fn number(&self) -> u64 {
        // SAFETY: Valid by the borrow, and constant.
        unsafe { (*self.as_raw()).i_ino }
    }

    /// The file's size, in bytes; it may be changing.
    pub(crate) fn size(&self) -> u64 {
        // SAFETY: Valid by the borrow; on 64-bit machines reading the size needs no more than one
        // volatile load.
        let size = unsafe { (&raw const (*self.as_raw()).i_size).read_volatile() };
        u64::try_from(size).unwrap_or(0)
    }

    /// The space that the file takes, in sectors of 512 bytes; it may be changing.
    pub(crate) fn sectors(&self) -> u64 {
        // SAFETY: Valid by the borrow; a single volatile load.
        unsafe { (&raw const (*self.as_raw()).i_blocks).read_volatile() }
    }

    /// Something that is another after the file or what is said of it was changed, unless both was
    /// in the same tick of the clock: its time of change.
    #[allow(dead_code)] // Each of the two modules uses its part.
    pub(crate) fn change_mark(&self) -> u64 {
        let raw = self.as_raw();
        // SAFETY: Valid by the borrow; single volatile loads. Between them there may be a change,
        // which then makes a mark that is neither of the two.
        let (seconds, nanoseconds) = unsafe {
            (
                (&raw const (*raw).i_ctime_sec).read_volatile(),
                (&raw const (*raw).i_ctime_nsec).read_volatile(),
            )
        };
        (seconds as u64) << 32 | u64::from(nanoseconds)
    }

    /// Has the file no name?
    pub(crate) fn is_unlinked(&self) -> bool {
        // SAFETY: Valid by the borrow; a single volatile load of a plain field.
        let links =
            unsafe { (&raw const (*self.as_raw()).__bindgen_anon_1.i_nlink).read_volatile() };
        links == 0
    }

    /// Whether a directory can do what is asked of it.
    pub(crate) fn can(&self, ability: DirectoryAbility) -> bool {
        // SAFETY: Valid by the borrow; the operations and their flags do not change while an inode
        // is in use.
        let (flags, ops) = unsafe {
            let inode = self.as_raw();
            (u32::from((*inode).i_opflags), &*(*inode).i_op)
        };
        let common =
            flags & bindings::IOP_XATTR != 0 && ops.lookup.is_some() && ops.mkdir.is_some();
        common
            && match ability {
                DirectoryAbility::Root => ops.tmpfile.is_some(),
                DirectoryAbility::Store => {
                    ops.rename.is_some() && ops.rmdir.is_some() && ops.unlink.is_some()
                }
            }
    }

    /// Does the directory take names for the same that differ by case, say?
    pub(crate) fn takes_names_for_the_same(&self) -> bool {
        self.has(bindings::S_CASEFOLD)
    }

    /// Is a flag set?
    fn has(&self, flag: c_uint) -> bool {
        // SAFETY: Valid by the borrow; a single volatile load, as others may write.
        let flags = unsafe { (&raw const (*self.as_raw()).i_flags).read_volatile() };
        flags & flag != 0
    }

    /// Takes the inode's lock. Sleeps.
    pub(crate) fn lock(&self) -> InodeGuard<'_> {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::down_write((&raw mut (*self.as_raw()).i_rwsem).cast()) };
        InodeGuard {
            inode: self,
            not_send: PhantomData,
        }
    }
}

/// An inode whose lock is held.
///
/// # Invariants
///
/// The current task holds the inode's lock exclusively.
pub(crate) struct InodeGuard<'a> {
    inode: &'a Inode,
    not_send: PhantomData<*mut ()>,
}

impl InodeGuard<'_> {
    /// Is this a directory that was removed?
    pub(crate) fn is_dead(&self) -> bool {
        self.inode.has(bindings::S_DEAD)
    }

    /// Is the inode marked as used by the kernel?
    pub(crate) fn is_kernel_file(&self) -> bool {
        self.inode.has(bindings::S_KERNEL_FILE)
    }

    /// Marks the inode as used by the kernel; false if it was marked already.
    pub(crate) fn mark_kernel_file(&mut self) -> bool {
        let is_free = !self.is_kernel_file();
        if is_free {
            self.change_flags(|flags| flags | bindings::S_KERNEL_FILE);
        }
        is_free
    }

    /// Takes the mark away.
    pub(crate) fn unmark_kernel_file(&mut self) {
        self.change_flags(|flags| flags & !bindings::S_KERNEL_FILE);
    }

    fn change_flags(&mut self, change: impl FnOnce(c_uint) -> c_uint) {
        // SAFETY: Valid by the borrow.
        let flags = unsafe { &raw mut (*self.inode.as_raw()).i_flags };
        // SAFETY: As above. Only who holds the lock writes, so nothing is lost; who reads without
        // it does so by a single load, as this is a single store.
        unsafe { flags.write_volatile(change(flags.read_volatile())) };
    }

    /// Sets a file's size through `dentry`, which must be one of this inode's. Sleeps.
    ///
    /// The caller holds write access to the mount.
    ///
    /// # Errors
    ///
    /// The backing filesystem's.
    pub(crate) fn set_size(&mut self, dentry: &crate::dentry::Dentry, size: u64) -> Result {
        if dentry.inode().map(Inode::as_raw) != Some(self.inode.as_raw()) {
            return Err(EINVAL);
        }
        let mut change = bindings::iattr {
            ia_valid: bindings::ATTR_SIZE,
            ia_size: i64::try_from(size)?,
            ..Default::default()
        };
        // SAFETY: The dentry is valid and of this inode, the inode's lock is held, and `change`
        // outlives the call.
        kernel::error::to_result(unsafe {
            bindings::notify_change(
                &raw mut bindings::nop_mnt_idmap,
                dentry.as_raw(),
                &raw mut change,
                core::ptr::null_mut(),
            )
        })
    }
}

impl Drop for InodeGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariant, the lock is held.
        unsafe { bindings::up_write((&raw mut (*self.inode.as_raw()).i_rwsem).cast()) };
    }
}
