// SPDX-License-Identifier: GPL-2.0-only

//! fscache's record of a cache.

use crate::{
    abi,
    atomic::Atomic,
    bindings,
    cache::Cache,
    wait::PATIENCE,
    waitqueue, //
};
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    prelude::*,
    sync::{atomic::ordering, Arc},
};

/// fscache's record of a cache, ours to bring online and to withdraw.
///
/// # Invariants
///
/// Valid, and acquired by this.
pub(crate) struct CacheCookie(NonNull<bindings::fscache_cache>);

// SAFETY: fscache's functions may be called from any thread.
unsafe impl Send for CacheCookie {}
// SAFETY: As above.
unsafe impl Sync for CacheCookie {}

impl CacheCookie {
    /// Gets the record of the cache with this tag. Sleeps.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is such a cache already, `ENOMEM`.
    pub(crate) fn acquire(tag: &CStr) -> Result<Self> {
        // SAFETY: The tag is a valid string; it is copied.
        let cache = from_err_ptr(unsafe { bindings::fscache_acquire_cache(tag.as_char_ptr()) })?;
        // INVARIANT: Just acquired.
        Ok(Self(NonNull::new(cache).ok_or(ENOMEM)?))
    }

    /// Brings the cache online: from now on fscache calls us, with `cache` as the private data.
    ///
    /// `cache` must be kept until [`CacheCookie::withdraw`] and what follows it are over, which
    /// [`crate::cache`] does. Sleeps.
    pub(crate) fn add(&self, cache: &Arc<Cache>) -> Result {
        let private = Arc::as_ptr(cache);
        // SAFETY: Valid by the invariant, and `PREPARING` since it was acquired.
        kernel::error::to_result(unsafe {
            bindings::fscache_add_cache(
                self.0.as_ptr(),
                &raw const abi::CACHE_OPS.0,
                private.cast_mut().cast(),
            )
        })
    }

    /// Stops new accesses, and waits for those to the cache itself. Sleeps.
    pub(crate) fn withdraw(&self) {
        // SAFETY: Valid by the invariant.
        unsafe { bindings::fscache_withdraw_cache(self.0.as_ptr()) };
    }

    /// Stops all use of the cache, after an error.
    pub(crate) fn io_error(&self) {
        // SAFETY: Valid by the invariant.
        unsafe { bindings::fscache_io_error(self.0.as_ptr()) };
    }

    /// The number of objects that are counted.
    fn objects(&self) -> i32 {
        // SAFETY: Valid by the invariant; all accesses are atomic.
        unsafe { Atomic::from_ptr((&raw mut (*self.0.as_ptr()).object_count).cast::<i32>()) }
            .load(ordering::Acquire)
    }

    /// Waits until no object is counted any more. Sleeps.
    ///
    /// There is no giving up: an object that still is there uses what would be freed. Whoever
    /// looks why nothing happens finds a line in the log every 20 seconds.
    pub(crate) fn wait_for_objects(&self) {
        loop {
            // SAFETY: fscache exports the queue, and initialised it.
            let done = unsafe {
                waitqueue::wait_event(
                    (&raw mut bindings::fscache_clearance_waiters).cast(),
                    PATIENCE,
                    || self.objects() == 0,
                )
            };
            if done {
                return;
            }
            pr_warn!(
                "Still waiting for {} objects to be given back by their users\n",
                self.objects()
            );
        }
    }

    /// The cookie for [`CountedObject`].
    fn as_ptr(&self) -> NonNull<bindings::fscache_cache> {
        self.0
    }
}

impl Drop for CacheCookie {
    fn drop(&mut self) {
        // SAFETY: Valid by the invariant, and acquired by this.
        unsafe { bindings::fscache_relinquish_cache(self.0.as_ptr()) };
    }
}

/// An object that counts: while it does, the cache is not taken down.
///
/// Must be the last of an object to go: when it is dropped, the cache may be gone.
pub(crate) struct CountedObject(NonNull<bindings::fscache_cache>);

// SAFETY: The counter is atomic.
unsafe impl Send for CountedObject {}
// SAFETY: As above.
unsafe impl Sync for CountedObject {}

impl CountedObject {
    /// Counts an object.
    pub(crate) fn new(cache: &CacheCookie) -> Self {
        let cache = cache.as_ptr();
        // SAFETY: Valid, as it is borrowed; all accesses are atomic.
        unsafe { Atomic::from_ptr((&raw mut (*cache.as_ptr()).object_count).cast::<i32>()) }
            .add(1, ordering::Relaxed);
        Self(cache)
    }
}

impl Drop for CountedObject {
    fn drop(&mut self) {
        // SAFETY: The count that is still held keeps the record.
        let counter = unsafe {
            Atomic::<i32>::from_ptr((&raw mut (*self.0.as_ptr()).object_count).cast::<i32>())
        };
        if counter.fetch_sub(1, ordering::Full) == 1 {
            // SAFETY: fscache exports the queue, and initialised it.
            unsafe { waitqueue::wake_all((&raw mut bindings::fscache_clearance_waiters).cast()) };
        }
    }
}
