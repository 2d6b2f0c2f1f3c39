// SPDX-License-Identifier: GPL-2.0-only

//! Copying pages of a file to the cache, for filesystems that do so themselves.
//!
//! This is the edge to C: pages, iterators and the filesystem's completion function are C's.
//!
//! # Copies of a file that is being cut
//!
//! Ceph changes the size of the file, has the object resized, and takes the pages behind the new
//! end away last. A copy that is under way meanwhile brings back what the resizing has cut off. So
//! copies are counted, and the backend is told the size that the file has after that; and a resizing
//! that finds copies under way, whatever they are of, has the object emptied
//! ([`cookie::cut_while_used`]), which leaves them a file that nobody uses any more. netfs copies what
//! it reads, too, in operations that begin when the reading is under way: so a cut that finds any
//! operation under way does the same, and nothing is stored until that is over.

use crate::{
    bindings,
    cookie,
    io,
    layout::Cookie,
    nofs::without_fs_reclaim,
    resources::{
        Resources,
        Want, //
    },
    trace::AccessWhy, //
};
use core::mem::MaybeUninit;
use kernel::{
    prelude::*,
    sync::atomic::ordering::Full, //
};

/// The range of a file that is copied.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    /// The file's pages.
    pub(crate) mapping: *mut bindings::address_space,
    /// Where it begins, in bytes.
    pub(crate) start: i64,
    /// How long it is, in bytes.
    pub(crate) len: usize,
}

/// What the filesystem wants to be done at the end.
#[derive(Clone, Copy)]
pub(crate) struct Completion {
    /// Its function, called once, from any context.
    pub(crate) function: bindings::netfs_io_terminated_t,
    /// What that is called with.
    pub(crate) private: *mut c_void,
    /// The pages carry a mark that says they are being copied, which is to be taken off.
    pub(crate) marked: bool,
}

impl Completion {
    /// Takes the marks off and tells the filesystem.
    ///
    /// # Safety
    ///
    /// Must be called once, with the range that the marks are on.
    unsafe fn complete(self, range: Range, result: isize) {
        if self.marked {
            // SAFETY: The filesystem keeps the mapping until it was told.
            unsafe {
                bindings::fscache_helper_clear_page_bits(range.mapping, range.start, range.len)
            };
        }
        if let Some(function) = self.function {
            // SAFETY: The filesystem gave both.
            unsafe { function(self.private, result) };
        }
    }
}

/// A copy under way.
struct Request {
    resources: Resources,
    range: Range,
    completion: Completion,
}

/// The size of the file, in bytes, which may be changing.
///
/// # Safety
///
/// The mapping must be valid, and that of an inode.
unsafe fn size_now(mapping: *mut bindings::address_space) -> i64 {
    // SAFETY: By the function's contract; on 64-bit machines reading the size needs no more than
    // one volatile load.
    unsafe { (&raw const (*(*mapping).host).i_size).read_volatile() }
}

/// Copies a range of a file's pages to the cache. Sleeps.
///
/// # Safety
///
/// The mapping must stay valid, and its pages in it, until the completion was called.
pub(crate) unsafe fn copy_to_cache(
    cookie: &Cookie,
    range: Range,
    file_size: i64,
    completion: Completion,
) {
    let refused = ENOBUFS.to_errno() as isize;
    let request = if range.len == 0 {
        None
    } else {
        // Called from write-back, which must not be entered again.
        without_fs_reclaim(|| {
            KBox::new(
                Request {
                    resources: Resources::empty(),
                    range,
                    completion,
                },
                GFP_KERNEL,
            )
        })
        .ok()
    };
    let Some(request) = request else {
        if range.len != 0 {
            cookie::missed_write(cookie);
        }
        // SAFETY: The marks are on this range; this is the only call.
        unsafe { completion.complete(range, refused) };
        return;
    };
    if io::begin(&request.resources, cookie, Want::Write, AccessWhy::IoWrite).is_err() {
        drop(request);
        // SAFETY: As above.
        unsafe { completion.complete(range, refused) };
        return;
    }
    cookie.copies().fetch_add(1, Full);
    // SAFETY: By the contract of this function.
    let file_size = file_size.min(unsafe { size_now(range.mapping) });
    let (mut start, mut len) = (range.start, range.len);
    if let Err(error) = request
        .resources
        .prepare_write(&mut start, &mut len, range.len, file_size)
    {
        // SAFETY: As above, and the operation has begun.
        unsafe { done(KBox::into_raw(request).cast(), error.to_errno() as isize) };
        return;
    }
    let mut iter = MaybeUninit::<bindings::iov_iter>::uninit();
    // SAFETY: The mapping is valid; the iterator is initialised by this.
    unsafe {
        bindings::iov_iter_xarray(
            iter.as_mut_ptr(),
            bindings::ITER_SOURCE as c_uint,
            &raw mut (*range.mapping).i_pages,
            start,
            len,
        )
    };
    let request = KBox::into_raw(request);
    // SAFETY: The request lives until `done()` takes it back, which is after the backend's last
    // look at the resources. The pages stay until the completion is called.
    unsafe {
        (*request)
            .resources
            .write(start, iter.as_mut_ptr(), Some(done), request.cast());
    }
}

/// The end of a copy, from any context.
///
/// # Safety
///
/// Called by the backend, with what `copy_to_cache()` gave it.
unsafe extern "C" fn done(private: *mut c_void, result: isize) {
    // SAFETY: Comes from `KBox::into_raw()` in `copy_to_cache()`, and is called once for it.
    let request: KBox<Request> = unsafe { KBox::from_raw(private.cast()) };
    if let Some(cookie) = request.resources.cookie() {
        cookie.copies().fetch_sub(1, Full);
    }
    // SAFETY: The marks are on this range; this is the only call.
    unsafe { request.completion.complete(request.range, result) };
    request.resources.end();
}
