// SPDX-License-Identifier: GPL-2.0-only

//! The mark that keeps a file or directory of the cache from being culled.
//!
//! `S_KERNEL_FILE` on an inode says: the kernel uses this; do not remove it, and do not use it a
//! second time. [`InUse`] is a handle together with that mark: whoever has it, uses the inode, and
//! when it goes, whichever way, the mark goes. The inode's lock is taken for both.

use crate::{
    dentry::Dentry,
    file::FileExt,
    inode::Inode,
    trace, //
};
use core::ops::Deref;
use kernel::{
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// A handle that keeps an inode.
pub(crate) trait Pins {
    /// The inode; the same one as long as the handle lives.
    fn inode(&self) -> Option<&Inode>;
}

impl Pins for ARef<Dentry> {
    fn inode(&self) -> Option<&Inode> {
        Dentry::inode(self)
    }
}

impl Pins for ARef<File> {
    fn inode(&self) -> Option<&Inode> {
        Some(FileExt::inode(&**self))
    }
}

/// A handle whose inode is marked as in use.
///
/// Dropping it sleeps.
///
/// # Invariants
///
/// The inode carries the mark, and it was set for this.
pub(crate) struct InUse<H: Pins> {
    handle: H,
    /// The object that uses it, for traces.
    object: u32,
}

/// Why an inode could not be marked.
pub(crate) enum MarkError {
    /// It is in use already.
    Busy,
    /// It was removed meanwhile, or never was there.
    Gone,
}

impl<H: Pins> InUse<H> {
    /// Marks the inode of `handle`. Sleeps.
    pub(crate) fn mark(handle: H, object: u32) -> Result<Self, (MarkError, H)> {
        match Self::try_mark(&handle, object) {
            // INVARIANT: Just marked.
            Ok(()) => Ok(Self { handle, object }),
            Err(error) => Err((error, handle)),
        }
    }

    fn try_mark(handle: &H, object: u32) -> Result<(), MarkError> {
        let inode = handle.inode().ok_or(MarkError::Gone)?;
        let mut guard = inode.lock();
        if guard.is_dead() {
            return Err(MarkError::Gone);
        }
        if !guard.mark_kernel_file() {
            trace::mark_failed(object, inode);
            return Err(MarkError::Busy);
        }
        trace::mark_active(object, inode);
        Ok(())
    }
}

impl<H: Pins> Deref for InUse<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.handle
    }
}

impl<H: Pins> Drop for InUse<H> {
    fn drop(&mut self) {
        if let Some(inode) = self.handle.inode() {
            inode.lock().unmark_kernel_file();
            trace::mark_inactive(self.object, inode);
        }
    }
}
