// SPDX-License-Identifier: GPL-2.0-only

//! netfs as a backend sees it: subrequests, and how an I/O is reported as ended.

use crate::{
    bindings,
    fscache::Resources,
    iov::IoVector, //
};
use core::marker::PhantomData;
use kernel::prelude::*;

/// Where a part of a read is to come from.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Source {
    /// It is all zeros.
    Zeroes = bindings::netfs_io_source_NETFS_FILL_WITH_ZEROES as u32,
    /// The server.
    Server = bindings::netfs_io_source_NETFS_DOWNLOAD_FROM_SERVER as u32,
    /// The cache.
    Cache = bindings::netfs_io_source_NETFS_READ_FROM_CACHE as u32,
}

/// The function, and its argument, that wants to know how an I/O ended.
///
/// Consumed by [`Terminator::call`], so it is called at most once; every path calls it.
pub(crate) struct Terminator {
    func: bindings::netfs_io_terminated_t,
    argument: *mut c_void,
}

// SAFETY: netfs wants to be told by whichever thread, in whatever context, ends the I/O.
unsafe impl Send for Terminator {}

impl Terminator {
    /// From what C passes.
    ///
    /// # Safety
    ///
    /// `func` must be null, or be callable once with `argument` from any context.
    pub(crate) unsafe fn from_raw(
        func: bindings::netfs_io_terminated_t,
        argument: *mut c_void,
    ) -> Self {
        Self { func, argument }
    }

    /// Does anybody want to know? If not, the I/O is to be waited for.
    pub(crate) fn is_wanted(&self) -> bool {
        self.func.is_some()
    }

    /// Tells how the I/O ended. May be called in any context.
    pub(crate) fn call(self, result: Result<usize>) {
        if let Some(func) = self.func {
            let result = match result {
                Ok(bytes) => isize::try_from(bytes).unwrap_or(isize::MAX),
                Err(error) => error.to_errno() as isize,
            };
            // SAFETY: By the contract of `from_raw()`; `self` is consumed.
            unsafe { func(self.argument, result) };
        }
    }
}

/// A subrequest of netfs.
///
/// # Invariants
///
/// The pointer is valid for `'a` and belongs to a request whose resources fscache filled in; while
/// netfs waits for our function to return, or for the subrequest to be terminated, it is ours.
pub(crate) struct Subrequest<'a> {
    raw: *mut bindings::netfs_io_subrequest,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Subrequest<'a> {
    /// Borrows a subrequest.
    ///
    /// # Safety
    ///
    /// As the invariant says.
    pub(crate) unsafe fn from_raw(raw: *mut bindings::netfs_io_subrequest) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            raw,
            borrowed: PhantomData,
        }
    }

    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::netfs_io_subrequest {
        self.raw
    }

    fn request(&self) -> *mut bindings::netfs_io_request {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).rreq }
    }

    /// What the request holds of the cache.
    pub(crate) fn resources(&self) -> Resources<'a> {
        // SAFETY: By the invariant.
        unsafe { Resources::from_raw(&raw mut (*self.request()).cache_resources) }
    }

    /// Where the subrequest begins, in bytes.
    pub(crate) fn start(&self) -> u64 {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).start }
    }

    /// How long it is, in bytes.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).len }
    }

    /// Changes how long it is.
    pub(crate) fn set_len(&mut self, len: usize) {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).len = len };
    }

    /// Counts bytes as moved.
    pub(crate) fn add_transferred(&mut self, bytes: usize) {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).transferred = (*self.raw).transferred.saturating_add(bytes) };
    }

    /// Its flags.
    pub(crate) fn flags(&self) -> usize {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).flags }
    }

    /// Asks netfs to store what it fetches.
    pub(crate) fn set_copy_to_cache(&mut self) {
        // SAFETY: By the invariant; netfs itself sets flags without atomics in this phase.
        unsafe { (*self.raw).flags |= 1 << bindings::NETFS_SREQ_COPY_TO_CACHE };
    }

    /// The number of the inode that is read or written.
    pub(crate) fn inode_number(&self) -> u64 {
        // SAFETY: By the invariant; a request has an inode.
        unsafe { (*(*self.request()).inode).i_ino }
    }

    /// The size of the file that is written, as the request knows it.
    pub(crate) fn request_size(&self) -> u64 {
        // SAFETY: By the invariant.
        unsafe { (*self.request()).i_size }
    }

    /// The stream that the subrequest belongs to. Of its fields some are the collector's meanwhile.
    fn stream(&self) -> Option<*mut bindings::netfs_io_stream> {
        // SAFETY: By the invariant; only addresses are made.
        let (number, streams) = unsafe {
            (
                usize::from((*self.raw).stream_nr),
                &raw mut (*self.request()).io_streams,
            )
        };
        let streams: *mut [bindings::netfs_io_stream] = streams;
        let first: *mut bindings::netfs_io_stream = streams.cast();
        (number < streams.len()).then(|| first.wrapping_add(number))
    }

    /// Says how much the subrequest may grow to.
    pub(crate) fn set_stream_limits(&mut self, max_len: usize, max_segs: u32) {
        if let Some(stream) = self.stream() {
            // SAFETY: The request has the stream; netfs leaves these fields to us while it prepares.
            unsafe {
                (*stream).sreq_max_len = max_len;
                (*stream).sreq_max_segs = max_segs;
            }
        }
    }

    /// How many bytes of buffer lie behind the data.
    pub(crate) fn extendable(&mut self) -> u64 {
        // SAFETY: As above, while it issues.
        self.stream().map_or(0, |stream| unsafe {
            u64::from((*stream).submit_extendable_to)
        })
    }

    /// The buffer.
    pub(crate) fn buffer(&mut self) -> IoVector<'_> {
        // SAFETY: By the invariant.
        unsafe { IoVector::from_raw(&raw mut (*self.raw).io_iter) }
    }

    /// Takes `bytes` more of the buffer, of those that [`Subrequest::extendable`] told.
    pub(crate) fn extend(&mut self, bytes: usize) {
        if bytes as u64 <= self.extendable() {
            self.set_len(self.len().saturating_add(bytes));
            // SAFETY: netfs vouches for as many bytes behind the data.
            unsafe { self.buffer().extend(bytes) };
        }
    }

    /// The one who is to be told how a write ended.
    pub(crate) fn write_terminator(&self) -> Terminator {
        // SAFETY: netfs's own function for a subrequest that it issued to us.
        unsafe {
            Terminator::from_raw(
                Some(bindings::netfs_write_subrequest_terminated),
                self.raw.cast(),
            )
        }
    }

    /// Tells netfs that the subrequest cannot be written.
    pub(crate) fn prepare_failed(&mut self) {
        // SAFETY: By the invariant.
        unsafe { bindings::netfs_prepare_write_failed(self.raw) };
    }
}

/// The longest write that the VFS takes, in bytes.
pub(crate) const MAX_WRITE: usize = bindings::CACHEFILES_MAX_RW_COUNT;

/// The most segments of a buffer that one block I/O takes.
pub(crate) const MAX_SEGMENTS: u32 = bindings::BIO_MAX_VECS;
