// SPDX-License-Identifier: GPL-2.0-only

//! The functions that fscache and netfs call, and nothing else: pointers in, safe references out.
//!
//! What may be taken for granted here is what `<linux/fscache-cache.h>` and `<linux/netfs.h>` say
//! of each function; each `SAFETY` comment names the part of it that it rests upon.

use crate::{
    bindings,
    fscache::{
        Cookie,
        Resources,
        VolumeCookie,
        Want, //
    },
    io::{
        self,
        read::{
            self,
            Holes, //
        },
        write, //
    },
    iov::IoVector,
    kiocb::Submitted,
    netfs::{
        Source,
        Subrequest,
        Terminator, //
    },
    object,
    volume::{
        self,
        Volume, //
    },
};
use kernel::prelude::*;

/// A table of functions for C.
pub(crate) struct Table<T>(pub(crate) T);

// SAFETY: A table is never written.
unsafe impl<T> Sync for Table<T> {}

/// What fscache calls.
pub(crate) static CACHE_OPS: Table<bindings::fscache_cache_ops> =
    Table(bindings::fscache_cache_ops {
        name: kernel::str::as_char_ptr_in_const_context(c"cachefiles"),
        acquire_volume: Some(acquire_volume),
        free_volume: Some(free_volume),
        lookup_cookie: Some(lookup_cookie),
        withdraw_cookie: Some(withdraw_cookie),
        resize_cookie: Some(resize_cookie),
        invalidate_cookie: Some(invalidate_cookie),
        begin_operation: Some(begin_operation),
        prepare_to_write: Some(prepare_to_write),
    });

/// What netfs calls.
pub(crate) static NETFS_OPS: Table<bindings::netfs_cache_ops> = Table(bindings::netfs_cache_ops {
    end_operation: Some(end_operation),
    read: Some(read),
    write: Some(write),
    issue_write: Some(issue_write),
    expand_readahead: Some(expand_readahead),
    prepare_read: Some(prepare_read),
    prepare_write_subreq: Some(prepare_write_subreq),
    prepare_write: Some(prepare_write),
    query_occupancy: Some(query_occupancy),
});

/// A result as C functions return it.
fn status(result: Result) -> c_int {
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// # Safety
///
/// Called by fscache, which holds a reference to the volume and an access to its cache.
unsafe extern "C" fn acquire_volume(volume: *mut bindings::fscache_volume) {
    // SAFETY: Valid during the call.
    let record = unsafe { VolumeCookie::from_raw(volume) };
    // SAFETY: fscache holds an access to the cache.
    if let Some(cache) = unsafe { record.cache() } {
        // An error leaves the volume without backing, which is what fscache looks at.
        let _ = Volume::acquire(cache, record);
    }
}

/// # Safety
///
/// Called by fscache for a volume that nobody has a reference to any more.
unsafe extern "C" fn free_volume(volume: *mut bindings::fscache_volume) {
    // SAFETY: Valid during the call.
    volume::free(unsafe { VolumeCookie::from_raw(volume) });
}

/// # Safety
///
/// Called by fscache's worker for the cookie, which holds accesses to it and to its volume.
unsafe extern "C" fn lookup_cookie(cookie: *mut bindings::fscache_cookie) -> bool {
    // SAFETY: Valid during the call.
    let cookie = unsafe { Cookie::from_raw(cookie) };
    // SAFETY: The access to the volume keeps it attached.
    unsafe { cookie.volume_cookie().volume() }.is_some_and(|volume| object::look_up(volume, cookie))
}

/// # Safety
///
/// Called by fscache's worker for the cookie, when there are no accesses to it.
unsafe extern "C" fn withdraw_cookie(cookie: *mut bindings::fscache_cookie) {
    // SAFETY: Valid during the call.
    object::withdraw(unsafe { Cookie::from_raw(cookie) });
}

/// # Safety
///
/// Called by fscache's worker for the cookie, which holds an access to it.
unsafe extern "C" fn invalidate_cookie(cookie: *mut bindings::fscache_cookie) -> bool {
    // SAFETY: Valid during the call.
    let cookie = unsafe { Cookie::from_raw(cookie) };
    // SAFETY: The access keeps the object attached.
    unsafe { cookie.object() }.is_some_and(|object| object::invalidate(&object))
}

/// # Safety
///
/// Called by fscache's worker for an active cookie.
unsafe extern "C" fn prepare_to_write(cookie: *mut bindings::fscache_cookie) {
    // SAFETY: Valid during the call.
    let cookie = unsafe { Cookie::from_raw(cookie) };
    // SAFETY: Only the worker, which is who calls, detaches the object of an active cookie.
    if let Some(object) = unsafe { cookie.object() } {
        object.mark_for_changes();
    }
}

/// # Safety
///
/// Called by fscache for an operation that it began.
unsafe extern "C" fn resize_cookie(
    cres: *mut bindings::netfs_cache_resources,
    new_size: bindings::loff_t,
) {
    // SAFETY: The operation lasts until after the call.
    let resources = unsafe { Resources::from_raw(cres) };
    match resources.object() {
        Some(object) => object::resize(&object, resources.file(), new_size),
        None => resources.cookie().set_object_size(new_size),
    }
}

/// # Safety
///
/// Called by fscache for an operation that it begins, after it counted an access.
unsafe extern "C" fn begin_operation(
    cres: *mut bindings::netfs_cache_resources,
    want: bindings::fscache_want_state,
) -> bool {
    // SAFETY: The operation lasts until after the call.
    let mut resources = unsafe { Resources::from_raw(cres) };
    resources
        .object()
        .is_some_and(|object| io::begin(&object, &mut resources, Want::from_raw(want)))
}

/// # Safety
///
/// Called once for an operation that fscache began.
unsafe extern "C" fn end_operation(cres: *mut bindings::netfs_cache_resources) {
    // SAFETY: The operation lasts until this ends it.
    unsafe { Resources::from_raw(cres) }.end();
}

/// # Safety
///
/// Called for an operation that fscache began; the vector is the caller's to lend, and the
/// function may be called once with its argument.
unsafe extern "C" fn read(
    cres: *mut bindings::netfs_cache_resources,
    start: bindings::loff_t,
    iter: *mut bindings::iov_iter,
    holes: bindings::netfs_read_from_hole,
    term_func: bindings::netfs_io_terminated_t,
    term_priv: *mut c_void,
) -> c_int {
    // SAFETY: The operation is not ended before the I/O is over.
    let resources = unsafe { Resources::from_raw(cres) };
    // SAFETY: The caller lends the vector until the I/O is over.
    let mut iter = unsafe { IoVector::from_raw(iter) };
    // SAFETY: By the contract of this function.
    let terminator = unsafe { Terminator::from_raw(term_func, term_priv) };
    let Ok(start) = u64::try_from(start) else {
        terminator.call(Err(EINVAL));
        return EINVAL.to_errno();
    };
    let holes = if holes == bindings::netfs_read_from_hole_NETFS_READ_HOLE_IGNORE {
        Holes::Ignore
    } else {
        Holes::Fail
    };
    match read::read(&resources, start, &mut iter, holes, terminator) {
        Ok(Submitted::Done(_)) => 0,
        Ok(Submitted::Queued) => EIOCBQUEUED.to_errno(),
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// As for `read`.
unsafe extern "C" fn write(
    cres: *mut bindings::netfs_cache_resources,
    start: bindings::loff_t,
    iter: *mut bindings::iov_iter,
    term_func: bindings::netfs_io_terminated_t,
    term_priv: *mut c_void,
) -> c_int {
    // SAFETY: The operation is not ended before the I/O is over.
    let resources = unsafe { Resources::from_raw(cres) };
    // SAFETY: The caller lends the vector until the I/O is over.
    let mut iter = unsafe { IoVector::from_raw(iter) };
    // SAFETY: By the contract of this function.
    let terminator = unsafe { Terminator::from_raw(term_func, term_priv) };
    let Ok(start) = u64::try_from(start) else {
        terminator.call(Err(EINVAL));
        return EINVAL.to_errno();
    };
    match write::write(&resources, start, &mut iter, terminator) {
        Ok(Submitted::Done(bytes)) => c_int::try_from(bytes).unwrap_or(c_int::MAX),
        Ok(Submitted::Queued) => EIOCBQUEUED.to_errno(),
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// Called by netfs for a subrequest that it is issuing.
unsafe extern "C" fn issue_write(subreq: *mut bindings::netfs_io_subrequest) {
    // SAFETY: It is ours until it is terminated.
    write::issue_write(unsafe { Subrequest::from_raw(subreq) });
}

/// # Safety
///
/// Called by netfs for an operation that fscache began; start and length may be read and written.
unsafe extern "C" fn expand_readahead(
    cres: *mut bindings::netfs_cache_resources,
    start: *mut c_ulonglong,
    len: *mut c_ulonglong,
    i_size: c_ulonglong,
) {
    // SAFETY: The operation lasts until after the call.
    let resources = unsafe { Resources::from_raw(cres) };
    // SAFETY: By the contract of this function. The start does not change.
    unsafe { *len = read::expand_readahead(&resources, *start, *len, i_size) };
}

/// # Safety
///
/// Called by netfs for a subrequest that it is preparing.
unsafe extern "C" fn prepare_read(
    subreq: *mut bindings::netfs_io_subrequest,
    i_size: c_ulonglong,
) -> bindings::netfs_io_source {
    // SAFETY: It is ours until the function returns.
    let mut subreq = unsafe { Subrequest::from_raw(subreq) };
    match read::prepare_read(&mut subreq, i_size) {
        Source::Zeroes => bindings::netfs_io_source_NETFS_FILL_WITH_ZEROES,
        Source::Server => bindings::netfs_io_source_NETFS_DOWNLOAD_FROM_SERVER,
        Source::Cache => bindings::netfs_io_source_NETFS_READ_FROM_CACHE,
    }
}

/// # Safety
///
/// Called by netfs for a subrequest that it is preparing.
unsafe extern "C" fn prepare_write_subreq(subreq: *mut bindings::netfs_io_subrequest) {
    // SAFETY: It is ours until the function returns.
    write::prepare_write_subrequest(&mut unsafe { Subrequest::from_raw(subreq) });
}

/// # Safety
///
/// Called for an operation that fscache began; start and length may be read and written.
unsafe extern "C" fn prepare_write(
    cres: *mut bindings::netfs_cache_resources,
    start: *mut bindings::loff_t,
    len: *mut usize,
    upper_len: usize,
    i_size: bindings::loff_t,
    no_space_allocated_yet: bool,
) -> c_int {
    // SAFETY: The operation lasts until after the call.
    let resources = unsafe { Resources::from_raw(cres) };
    // SAFETY: By the contract of this function.
    let (first, bytes) = unsafe { (*start, *len) };
    let Ok(first) = u64::try_from(first) else {
        return EINVAL.to_errno();
    };
    let prepared = write::prepare_write(
        &resources,
        first,
        bytes as u64,
        upper_len as u64,
        u64::try_from(i_size).unwrap_or(0),
        no_space_allocated_yet,
    );
    match prepared {
        Ok(bytes) => {
            // SAFETY: By the contract of this function. The start does not change.
            unsafe { *len = usize::try_from(bytes).unwrap_or(usize::MAX) };
            0
        }
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// Called for an operation that fscache began; start and length may be written.
unsafe extern "C" fn query_occupancy(
    cres: *mut bindings::netfs_cache_resources,
    start: bindings::loff_t,
    len: usize,
    granularity: usize,
    data_start: *mut bindings::loff_t,
    data_len: *mut usize,
) -> c_int {
    // SAFETY: The operation lasts until after the call.
    let resources = unsafe { Resources::from_raw(cres) };
    // SAFETY: By the contract of this function.
    unsafe {
        *data_start = -1;
        *data_len = 0;
    }
    let found = u64::try_from(start)
        .map_err(|_| EINVAL)
        .and_then(|start| read::query_occupancy(&resources, start, len as u64, granularity as u64))
        .and_then(|(at, len)| Ok((i64::try_from(at)?, usize::try_from(len)?)));
    status(found.map(|(at, len)| {
        // SAFETY: By the contract of this function.
        unsafe {
            *data_start = at;
            *data_len = len;
        }
    }))
}
