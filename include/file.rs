// SPDX-License-Identifier: GPL-2.0-only

//! Files that the kernel opens for itself.

use crate::{
    bindings,
    dentry::Dentry,
    inode::Inode,
    path::{
        Mount,
        WriteAccess, //
    },
};
use core::ptr::NonNull;
use kernel::{
    cred::Credential,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::File,
    prelude::*,
    sync::aref::ARef,
};

/// For reading and writing past the page cache, of any size.
const OPEN_FLAGS: c_int = (bindings::O_RDWR | bindings::O_LARGEFILE | bindings::O_DIRECT) as c_int;

/// Takes over a file that C opened.
///
/// # Safety
///
/// `file` must be an error pointer, or a file opened by the kernel for itself together with the
/// reference to it.
unsafe fn from_opened(file: *mut bindings::file) -> Result<ARef<File>> {
    let file = NonNull::new(from_err_ptr(file)?).ok_or(ENFILE)?;
    // SAFETY: By the function's contract. The file has no descriptor, so there is no `fdget_pos()`.
    Ok(unsafe { ARef::from_raw(file.cast()) })
}

/// Makes a regular file without a name in `dir`, for direct I/O. Sleeps.
pub(crate) fn open_tmpfile(
    access: &WriteAccess<'_>,
    dir: &Dentry,
    mode: u16,
    cred: &Credential,
) -> Result<ARef<File>> {
    let dir = access.mount().path(dir);
    // SAFETY: All is pinned by the borrows.
    let file = unsafe {
        bindings::kernel_tmpfile_open(
            &raw mut bindings::nop_mnt_idmap,
            &raw const dir,
            bindings::S_IFREG as u16 | mode,
            OPEN_FLAGS,
            cred.as_ptr(),
        )
    };
    // SAFETY: Just opened.
    unsafe { from_opened(file) }
}

/// Opens an existing file for direct I/O. Sleeps.
pub(crate) fn open(mount: &Mount, dentry: &Dentry, cred: &Credential) -> Result<ARef<File>> {
    let path = mount.path(dentry);
    // SAFETY: All is pinned by the borrows.
    let file = unsafe { bindings::kernel_file_open(&raw const path, OPEN_FLAGS, cred.as_ptr()) };
    // SAFETY: Just opened.
    unsafe { from_opened(file) }
}

/// What the kernel crate's [`File`] lacks.
pub(crate) trait FileExt {
    /// The inode.
    fn inode(&self) -> &Inode;

    /// The dentry it was opened through.
    fn dentry(&self) -> &Dentry;

    /// Can it be read and written with I/O vectors?
    fn has_iter_ops(&self) -> bool;

    /// Notes that it was used now. May sleep.
    fn touch_atime(&self);

    /// Drops what the page cache has of it, but for what is to be written out. Sleeps.
    fn drop_pages(&self);

    /// Where data begins at or behind `pos`: a position, or `ENXIO` if there is none. Sleeps.
    fn seek_data(&self, pos: u64) -> Result<u64>;

    /// Where a hole begins at or behind `pos`, which is within the file. Sleeps.
    fn seek_hole(&self, pos: u64) -> Result<u64>;

    /// Sets the size. Sleeps; takes write access and the inode's lock itself.
    fn truncate(&self, size: u64) -> Result;

    /// Frees the space of a range, and keeps the size. Sleeps.
    fn punch_hole(&self, pos: u64, len: u64) -> Result;

    /// Fills a range with zeros. Sleeps.
    fn zero_range(&self, pos: u64, len: u64) -> Result;

    /// Writes content and attributes out, and waits for the disk. Sleeps.
    fn sync(&self) -> Result;
}

/// The C path of an open file.
fn path_of(file: &File) -> *const bindings::path {
    // SAFETY: Valid by the borrow; both members of the union are the same path.
    unsafe { (&raw const (*file.as_ptr()).__bindgen_anon_1).cast() }
}

fn seek(file: &File, pos: u64, whence: u32) -> Result<u64> {
    let pos = i64::try_from(pos).map_err(|_| ENXIO)?;
    // SAFETY: Valid by the borrow.
    let ret = unsafe { bindings::vfs_llseek(file.as_ptr(), pos, whence as c_int) };
    u64::try_from(ret).map_err(|_| Error::from_errno(i32::try_from(ret).unwrap_or(-5)))
}

fn fallocate(file: &File, mode: u32, pos: u64, len: u64) -> Result {
    let (pos, len) = (i64::try_from(pos)?, i64::try_from(len)?);
    // SAFETY: Valid by the borrow.
    to_result(unsafe { bindings::vfs_fallocate(file.as_ptr(), mode as c_int, pos, len) })
}

impl FileExt for File {
    fn inode(&self) -> &Inode {
        // SAFETY: An open file pins its inode, which does not change.
        unsafe { Inode::from_raw((*self.as_ptr()).f_inode) }
    }

    fn dentry(&self) -> &Dentry {
        // SAFETY: An open file pins its dentry, which does not change.
        unsafe { Dentry::from_raw((*path_of(self)).dentry) }
    }

    fn has_iter_ops(&self) -> bool {
        // SAFETY: Valid by the borrow; an open file has operations.
        let ops = unsafe { &*(*self.as_ptr()).f_op };
        ops.read_iter.is_some() && ops.write_iter.is_some()
    }

    fn touch_atime(&self) {
        // SAFETY: The path is pinned by the file.
        unsafe { bindings::touch_atime(path_of(self)) };
    }

    fn seek_data(&self, pos: u64) -> Result<u64> {
        seek(self, pos, bindings::SEEK_DATA)
    }

    #[inline]
    fn drop_pages(&self) {
        // SAFETY: An open file pins its mapping; a single volatile load.
        let mapping = unsafe { (*self.as_ptr()).f_mapping };
        // SAFETY: As above.
        if unsafe { (&raw const (*mapping).nrpages).read_volatile() } != 0 {
            // SAFETY: As above.
            unsafe { bindings::invalidate_inode_pages2(mapping) };
        }
    }

    fn seek_hole(&self, pos: u64) -> Result<u64> {
        seek(self, pos, bindings::SEEK_HOLE)
    }

    fn truncate(&self, size: u64) -> Result {
        let size = i64::try_from(size)?;
        // SAFETY: The path is pinned by the file.
        to_result(unsafe { bindings::vfs_truncate(path_of(self), size) })
    }

    fn punch_hole(&self, pos: u64, len: u64) -> Result {
        fallocate(
            self,
            bindings::FALLOC_FL_PUNCH_HOLE | bindings::FALLOC_FL_KEEP_SIZE,
            pos,
            len,
        )
    }

    fn zero_range(&self, pos: u64, len: u64) -> Result {
        fallocate(self, bindings::FALLOC_FL_ZERO_RANGE, pos, len)
    }

    fn sync(&self) -> Result {
        // SAFETY: Valid by the borrow.
        to_result(unsafe { bindings::vfs_fsync(self.as_ptr(), 0) })
    }
}
