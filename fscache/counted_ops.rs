// SPDX-License-Identifier: GPL-2.0-only

//! The operations that filesystems and netfs call on a backend directly, counted on their way.
//!
//! When an operation begins, the backend puts a table of functions of its own into the resources.
//! A copy of that table lies with the cache, in which those that move data are replaced by ours,
//! which count and call the backend's. What the backend has not, the copy has not either.
//!
//! A backend has one table for all operations on a cache. Should it use another as well, that one
//! is left as it is, and its operations are not counted.

use crate::{
    atomic::Atomic,
    bindings::{
        self,
        loff_t,
        netfs_cache_ops,
        netfs_cache_resources,
        netfs_io_subrequest, //
    },
    counters,
    iov::IoVector,
    layout::Cookie,
    resources::Resources, //
};
use kernel::{
    prelude::*,
    sync::atomic::ordering::{
        Acquire,
        Full,
        Release, //
    },
    types::Opaque, //
};

/// A backend's table, and the copy of it that counts. Zeroed memory is valid.
///
/// # Invariants
///
/// `of` is [`NONE`]; or [`BUSY`], while one task fills `copy`; or the address of a table of the
/// backend of which `copy` is the copy, until the backend has gone.
#[repr(C)]
pub(crate) struct CountedOps {
    of: Atomic<usize>,
    copy: Opaque<netfs_cache_ops>,
}

const NONE: usize = 0;
const BUSY: usize = 1;

impl CountedOps {
    /// Has the operations on `resources`, which have begun, counted.
    #[inline]
    pub(crate) fn put_before(&self, resources: &Resources) {
        let ops = resources.ops();
        if ops.is_null() {
            return;
        }
        let of = self.of.load(Acquire);
        if of == ops as usize || (of == NONE && self.learn(ops)) {
            resources.set_ops(self.copy.get());
        }
    }

    /// Makes the copy of a backend's table; false if somebody else is at it.
    #[cold]
    fn learn(&self, ops: *const netfs_cache_ops) -> bool {
        if self.of.cmpxchg(NONE, BUSY, Full).is_err() {
            return false;
        }
        // SAFETY: The backend's table is valid while its operations last. The copy is ours alone
        // while `of` says that it is being filled.
        unsafe {
            let theirs = &*ops;
            self.copy.get().write(netfs_cache_ops {
                read: theirs.read.and(Some(read)),
                write: theirs.write.and(Some(write)),
                issue_write: theirs.issue_write.and(Some(issue_write)),
                prepare_read: theirs.prepare_read.and(Some(prepare_read)),
                ..*theirs
            });
        }
        // INVARIANT: `copy` was filled.
        self.of.store(ops as usize, Release);
        true
    }

    /// Forgets the table of a backend that has gone: none of its operations lasts.
    pub(crate) fn forget(&self) {
        self.of.store(NONE, Release);
    }

    /// The backend's own table.
    ///
    /// # Safety
    ///
    /// Must be called by the functions of the copy.
    unsafe fn theirs(&self) -> &netfs_cache_ops {
        // SAFETY: By the invariant: an operation that goes by the copy lasts.
        unsafe { &*(self.of.load(Acquire) as *const netfs_cache_ops) }
    }
}

/// The cookie of an operation, and the backend's own functions for it.
///
/// # Safety
///
/// Must be called by the functions below, with the resources that they were called with.
unsafe fn of_operation<'a>(
    resources: *mut netfs_cache_resources,
) -> Option<(&'a Cookie, &'a netfs_cache_ops)> {
    // SAFETY: fscache noted the cookie in the resources. The operation's access keeps the object, and
    // with it the backend's reference to the cookie, and the backend until the operation has ended.
    unsafe {
        let cookie = (*resources).cache_priv;
        if cookie.is_null() {
            return None;
        }
        let cookie = Cookie::from_raw(cookie.cast());
        Some((cookie, cookie.volume().cache().counted_ops().theirs()))
    }
}

/// What a size is as a counter's step.
fn bytes(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(0)
}

/// # Safety
///
/// Called as `netfs_cache_ops::read`, as are the functions below as theirs.
unsafe extern "C" fn read(
    resources: *mut netfs_cache_resources,
    start: loff_t,
    iter: *mut bindings::iov_iter,
    hole: bindings::netfs_read_from_hole,
    done: bindings::netfs_io_terminated_t,
    private: *mut c_void,
) -> c_int {
    // SAFETY: The caller's promises are the backend's function's; the iterator is valid.
    unsafe {
        let Some((cookie, theirs)) = of_operation(resources) else {
            return ENOBUFS.to_errno();
        };
        let Some(read) = theirs.read else {
            return ENOBUFS.to_errno();
        };
        counters::inc(cookie.volume(), |c| &c.reads);
        counters::add(cookie.volume(), |c| &c.read_bytes, iter_bytes(iter));
        read(resources, start, iter, hole, done, private)
    }
}

/// # Safety
///
/// See [`read`].
unsafe extern "C" fn write(
    resources: *mut netfs_cache_resources,
    start: loff_t,
    iter: *mut bindings::iov_iter,
    done: bindings::netfs_io_terminated_t,
    private: *mut c_void,
) -> c_int {
    // SAFETY: As in `read()`.
    unsafe {
        let Some((cookie, theirs)) = of_operation(resources) else {
            return ENOBUFS.to_errno();
        };
        let Some(write) = theirs.write else {
            return ENOBUFS.to_errno();
        };
        counters::inc(cookie.volume(), |c| &c.writes);
        counters::add(cookie.volume(), |c| &c.write_bytes, iter_bytes(iter));
        write(resources, start, iter, done, private)
    }
}

/// # Safety
///
/// See [`read`].
unsafe extern "C" fn issue_write(subrequest: *mut netfs_io_subrequest) {
    // SAFETY: netfs's subrequest and its request are valid, and so are the request's resources.
    unsafe {
        if let Some((cookie, theirs)) = of_operation(&raw mut (*(*subrequest).rreq).cache_resources)
        {
            if let Some(issue_write) = theirs.issue_write {
                counters::inc(cookie.volume(), |c| &c.writes);
                counters::add(
                    cookie.volume(),
                    |c| &c.write_bytes,
                    bytes((*subrequest).len),
                );
                issue_write(subrequest);
            }
        }
    }
}

/// # Safety
///
/// See [`read`].
unsafe extern "C" fn prepare_read(
    subrequest: *mut netfs_io_subrequest,
    size: c_ulonglong,
) -> bindings::netfs_io_source {
    // SAFETY: As in `issue_write()`.
    unsafe {
        let Some((cookie, theirs)) = of_operation(&raw mut (*(*subrequest).rreq).cache_resources)
        else {
            return bindings::netfs_io_source_NETFS_DOWNLOAD_FROM_SERVER;
        };
        let Some(prepare_read) = theirs.prepare_read else {
            return bindings::netfs_io_source_NETFS_DOWNLOAD_FROM_SERVER;
        };
        let source = prepare_read(subrequest, size);
        // The backend has shortened it to what is all here, or all not.
        let len = bytes((*subrequest).len);
        match source {
            bindings::netfs_io_source_NETFS_READ_FROM_CACHE => {
                counters::add(cookie.volume(), |c| &c.read_hit_bytes, len);
            }
            bindings::netfs_io_source_NETFS_DOWNLOAD_FROM_SERVER => {
                counters::add(cookie.volume(), |c| &c.read_miss_bytes, len);
            }
            bindings::netfs_io_source_NETFS_FILL_WITH_ZEROES => {
                counters::add(cookie.volume(), |c| &c.read_zero_bytes, len);
            }
            _ => {}
        }
        source
    }
}

/// How many bytes an iterator is about.
///
/// # Safety
///
/// `iter` must be valid.
unsafe fn iter_bytes(iter: *mut bindings::iov_iter) -> i64 {
    // SAFETY: By the function's contract; the caller uses it again later.
    bytes(unsafe { IoVector::from_raw(iter) }.len())
}
