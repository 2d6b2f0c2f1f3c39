// SPDX-License-Identifier: GPL-2.0-only

//! The size of an object's file.
//!
//! A file is a whole number of blocks long, so that no read or write of direct I/O meets its end in
//! the middle of a block; what it holds behind the end of the object reads as zeros. All of it
//! sleeps, and is called under the cache's credentials. If it fails, the file may hold something
//! else than it should.

use crate::{
    cache::Cache,
    extent,
    file::FileExt,
    inject,
    trace::{
        self,
        ErrorAt,
        TruncWhy, //
    },
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// Bytes in a page.
const PAGE_SIZE: u64 = kernel::page::PAGE_SIZE as u64;

/// Makes a file that was found as long as its object of `size` bytes.
///
/// If it grows, what it has of its last page is dropped before: behind the former end there may be
/// something that never was data.
pub(crate) fn adjust(cache: &Cache, object: u32, file: &File, size: u64) -> Result {
    let inode = file.inode();
    let (old, new) = (inode.size(), extent::file_size(size));
    if old == new {
        return Ok(());
    }
    let access = cache.mount().want_write();
    let adjusted = access.and_then(|_access| {
        let mut guard = inode.lock();
        let whole = extent::round_down(old, PAGE_SIZE);
        if new > old && whole != old {
            inject::remove()?;
            guard.set_size(file.dentry(), whole)?;
        }
        inject::write()?;
        guard.set_size(file.dentry(), new)
    });
    adjusted.inspect_err(|error| {
        trace::io_error(object, inode, *error, ErrorAt::NotifyChange);
        cache.note_error(*error, fmt!("Size set failed [o={:08x}]", object));
    })
}

/// Cuts a file to its object's new size of `size` bytes.
pub(crate) fn shorten(cache: &Cache, object: u32, file: &File, size: u64) -> Result {
    let inode = file.inode();
    let whole = extent::file_size(size);
    trace::truncate(object, inode, inode.size(), whole, TruncWhy::Shrink);
    let cut = inject::remove().and_then(|()| file.truncate(whole));
    cut.inspect_err(|error| {
        trace::io_error(object, inode, *error, ErrorAt::Trunc);
        cache.note_error(*error, fmt!("Trunc-to-size failed [o={:08x}]", object));
    })?;
    if size >= whole {
        return Ok(());
    }
    // What follows must read as zeros should the object grow again.
    trace::truncate(object, inode, whole, size, TruncWhy::DioAdjust);
    let tail = whole.saturating_sub(size);
    let zeroed = inject::write().and_then(|()| file.zero_range(size, tail));
    zeroed.or_else(|error| {
        trace::io_error(object, inode, error, ErrorAt::Fallocate);
        cache.note_error(error, fmt!("Trunc-to-dio-size failed [o={:08x}]", object));
        // Not every filesystem can; but each has zeros behind an end that was moved away again. Who
        // reads meanwhile may get less than was asked for, and never a byte that is not the file's:
        // that rules out to have the block go as a whole.
        inject::remove()?;
        file.truncate(size)?;
        inject::write()?;
        file.truncate(whole)
    })
}
