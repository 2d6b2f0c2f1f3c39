// SPDX-License-Identifier: GPL-2.0-only

//! What the tests play on: all that the module owns, and a backend that is told how to behave.

use crate::{
    bindings::{
        fscache_cache_ops, fscache_cookie, fscache_volume, fscache_want_state, iov_iter, loff_t,
        netfs_cache_ops, netfs_cache_resources, netfs_io_terminated_t,
    },
    cache, cookie,
    layout::{BackendTable, Blob, CacheRef, Cookie, CookieRef, Volume, VolumeRef},
    prelude::*,
    stand_in::{
        complaints,
        context::{might_sleep, Interrupt},
        fscache, memory, set_fscache, Fscache,
    },
    trace::{AccessWhy, CookieWhy},
    volume,
};
use std::cell::Cell;

thread_local! {
    /// How many objects were emptied.
    pub(super) static EMPTIED: Cell<usize> = const { Cell::new(0) };
    /// What preparing for a write returns.
    pub(super) static PREPARED: Cell<c_int> = const { Cell::new(0) };
    /// The size of the file as it was told when a write was prepared.
    pub(super) static TOLD_SIZE: Cell<loff_t> = const { Cell::new(0) };
    /// The object is resized to that while a write is being prepared.
    pub(super) static RESIZE_MEANWHILE: Cell<Option<loff_t>> = const { Cell::new(None) };
}

/// What a backend keeps for a volume or a cookie; it looks at none of it.
const THERE: *mut c_void = 1 as *mut c_void;

unsafe extern "C" fn acquire_volume(raw: *mut fscache_volume) {
    might_sleep();
    let volume = unsafe { Volume::from_raw(raw) };
    crate::access::VolumeAccess::pin(volume, 0, AccessWhy::CachePin).suspend();
    unsafe { (*raw).cache_priv = THERE };
}

unsafe extern "C" fn free_volume(raw: *mut fscache_volume) {
    might_sleep();
    // The pin goes with what it was for.
    let volume = unsafe { Volume::from_raw(raw) };
    crate::access::VolumeAccess::resume(volume, 0).end(AccessWhy::CacheUnpin);
    unsafe { (*raw).cache_priv = std::ptr::null_mut() };
}

unsafe extern "C" fn lookup_cookie(raw: *mut fscache_cookie) -> bool {
    might_sleep();
    unsafe { (*raw).cache_priv = THERE };
    // What a backend's object holds.
    let _ = CookieRef::get(unsafe { Cookie::from_raw(raw) }, CookieWhy::GetEndAccess).into_raw();
    true
}

unsafe extern "C" fn withdraw_cookie(raw: *mut fscache_cookie) {
    might_sleep();
    unsafe { (*raw).cache_priv = std::ptr::null_mut() };
    unsafe { CookieRef::from_raw(raw.cast()) }.put(CookieWhy::PutWork);
}

unsafe extern "C" fn invalidate_cookie(_: *mut fscache_cookie) -> bool {
    might_sleep();
    EMPTIED.set(EMPTIED.get() + 1);
    true
}

unsafe extern "C" fn begin_operation(
    resources: *mut netfs_cache_resources,
    _: fscache_want_state,
) -> bool {
    unsafe {
        (*resources).cache_priv2 = THERE;
        (*resources).ops = &raw const OPERATIONS;
    }
    true
}

unsafe extern "C" fn end_operation(resources: *mut netfs_cache_resources) {
    let cookie = unsafe { Cookie::from_raw((*resources).cache_priv.cast()) };
    crate::access::CookieAccess::resume(cookie).end(AccessWhy::IoNotLive);
}

unsafe extern "C" fn prepare_write(
    resources: *mut netfs_cache_resources,
    _: *mut loff_t,
    _: *mut usize,
    _: usize,
    size: loff_t,
    _: bool,
) -> c_int {
    might_sleep();
    TOLD_SIZE.set(size);
    if let Some(size) = RESIZE_MEANWHILE.take() {
        let cookie = unsafe { Cookie::from_raw((*resources).cache_priv.cast()) };
        crate::io::resize(cookie, size);
    }
    PREPARED.get()
}

unsafe extern "C" fn resize_cookie(_: *mut netfs_cache_resources, _: loff_t) {
    might_sleep();
}

/// Ends before it returns, in an interrupt.
unsafe extern "C" fn write(
    _: *mut netfs_cache_resources,
    _: loff_t,
    iter: *mut iov_iter,
    done: netfs_io_terminated_t,
    private: *mut c_void,
) -> c_int {
    let _interrupt = Interrupt::enter();
    unsafe { done.unwrap()(private, (*iter).len as isize) };
    0
}

static OPERATIONS: netfs_cache_ops = netfs_cache_ops {
    end_operation: Some(end_operation),
    write: Some(write),
    prepare_write: Some(prepare_write),
};

struct Table(fscache_cache_ops);

// SAFETY: Nobody changes it.
unsafe impl Sync for Table {}

static TABLE: Table = Table(fscache_cache_ops {
    name: c"stand-in".as_ptr(),
    acquire_volume: Some(acquire_volume),
    free_volume: Some(free_volume),
    lookup_cookie: Some(lookup_cookie),
    withdraw_cookie: Some(withdraw_cookie),
    resize_cookie: Some(resize_cookie),
    invalidate_cookie: Some(invalidate_cookie),
    begin_operation: Some(begin_operation),
    prepare_to_write: None,
});

/// All that the module owns, for one test.
pub(super) struct Stage(*const Fscache);

impl Stage {
    pub(super) fn new() -> Self {
        let all = Box::into_raw(Box::new(Fscache::new().unwrap()));
        set_fscache(all);
        complaints();
        PREPARED.set(0);
        Self(all)
    }

    /// Does what is queued, and what that queues.
    pub(super) fn work(&self) {
        while fscache().queue.len() + fscache().volume_queue.len() != 0 {
            fscache().volume_queue.work();
            fscache().queue.work();
        }
    }

    /// A cache that a backend has brought.
    pub(super) fn bring_cache(&self) -> CacheRef {
        let cache = cache::acquire(c"cache").unwrap();
        // SAFETY: Such operations.
        let table = unsafe { BackendTable::new(&raw const TABLE.0, std::ptr::null_mut()) };
        cache::add(&cache, table).unwrap();
        cache
    }

    /// The backend goes.
    pub(super) fn take_cache(&self, cache: CacheRef) {
        cache::withdraw(&cache);
        cache::relinquish(cache);
    }

    /// A volume, made in the backend if there is one.
    pub(super) fn volume(&self, key: &CStr) -> VolumeRef {
        let volume = volume::acquire(key, None, blob(b"")).unwrap();
        self.work();
        volume
    }

    pub(super) fn give_up(&self, volume: VolumeRef) {
        volume::relinquish(volume, blob(b""), false);
    }

    pub(super) fn cookie(&self, volume: &Volume, key: &[u8]) -> CookieRef {
        cookie::acquire(volume, 0, key, blob(b""), 1).unwrap()
    }

    /// The filesystem is done with a file and its volume, and the backend goes; then [`Self::end`].
    pub(super) fn give_all_up(self, cookie: CookieRef, volume: VolumeRef, cache: CacheRef) {
        cookie::relinquish(cookie, false);
        self.work();
        self.give_up(volume);
        self.take_cache(cache);
        self.end();
    }

    /// All was given back: nothing is queued, in a table, or allocated but what the module owns.
    pub(super) fn end(self) {
        memory::enough();
        self.work();
        fscache().lru.clear();
        self.work();
        assert!(fscache().cookies.table().is_empty(), "a cookie is left");
        assert!(fscache().volumes.table().is_empty(), "a volume is left");
        assert!(
            fscache().caches.with(0, |_| ()).is_none(),
            "a cache is left"
        );
        // SAFETY: Made by `new()`; nobody uses it any more.
        drop(unsafe { Box::from_raw(self.0.cast_mut()) });
        memory::check();
        assert_eq!(complaints(), 0);
    }
}

/// Bytes that a filesystem lends.
pub(super) fn blob(bytes: &[u8]) -> Blob<'_> {
    // SAFETY: Lent for as long as the blob is.
    unsafe { Blob::new(bytes.as_ptr().cast(), bytes.len()) }
}
