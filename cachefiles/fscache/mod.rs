// SPDX-License-Identifier: GPL-2.0-only

//! fscache as a backend sees it: `<linux/fscache-cache.h>` as safe types.
//!
//! Whether the other side is the kernel's C or ours makes no difference: all there is are its
//! exported functions and the fields that its header lets a backend touch. This file does no more
//! than wrap those.
//!
//! Who owns what:
//!
//! - a [`CacheCookie`] is ours from [`CacheCookie::acquire`] until it is dropped;
//! - a [`VolumeCookie`] is fscache's; while it is attached to one of our volumes, fscache tells us
//!   before it goes (`free_volume`), and a [`VolumeBackRef`] stands for that promise;
//! - a [`Cookie`] is fscache's, too; an object owns a reference to its cookie, [`CookieRef`];
//! - what we hang on a cookie (`cache_priv`) is a counted reference that moves in by `attach` and out by
//!   `detach`, each an atomic exchange, so it cannot come out twice.
//!
//! fscache admits an operation on a cookie only while it counts an access; while there is one, the
//! cookie's object is not withdrawn. That is why an operation may borrow the object.

use crate::atomic::Atomic;
use crate::bindings;
use kernel::{prelude::*, sync::atomic::ordering};

mod cache;
mod cookie;
mod resources;
mod volume;

pub(crate) use self::{
    cache::{
        CacheCookie,
        CountedObject, //
    },
    cookie::{
        Cookie,
        CookieFlag,
        CookieRef,
        Snapshot, //
    },
    resources::{
        Resources,
        Want, //
    },
    volume::{
        VolumeBackRef,
        VolumeCookie,
        VolumeRef, //
    },
};

/// Adopts a pointer field that holds a reference, or null, as an atomic word.
///
/// # Safety
///
/// `field` must be valid for `'a`, and what C does to it concurrently must be single loads and
/// stores.
unsafe fn private_field<'a>(field: *mut *mut c_void) -> &'a Atomic<usize> {
    // SAFETY: A pointer is as large and aligned as a `usize`; the rest by the contract.
    unsafe { Atomic::from_ptr(field.cast()) }
}

/// Counters that `/proc/fs/fscache/stats` shows.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// Reads from the cache.
    Read,
    /// Writes to the cache.
    Write,
    /// Writes refused for want of space.
    NoWriteSpace,
    /// Creations refused for want of space.
    NoCreateSpace,
    /// Objects culled.
    Culled,
    /// Writes that are not aligned as direct I/O needs it.
    DioMisfit,
}

/// Counts an event.
pub(crate) fn count(what: Count) {
    let counter = match what {
        Count::Read => &raw mut bindings::fscache_n_read,
        Count::Write => &raw mut bindings::fscache_n_write,
        Count::NoWriteSpace => &raw mut bindings::fscache_n_no_write_space,
        Count::NoCreateSpace => &raw mut bindings::fscache_n_no_create_space,
        Count::Culled => &raw mut bindings::fscache_n_culled,
        Count::DioMisfit => &raw mut bindings::fscache_n_dio_misfit,
    };
    // SAFETY: fscache exports the counter as an `atomic_t`.
    unsafe { Atomic::<i32>::from_ptr(counter.cast()) }.add(1, ordering::Relaxed);
}

/// Waits until nobody is in a function of this module that told fscache, or who withdraws a cache, of
/// its end before.
///
/// To be called when no cache is bound. Sleeps.
pub(crate) fn wait_for_last_callers() {
    // Completions in interrupt context.
    kernel::sync::rcu::synchronize_rcu();
    // Tasks: one that unmounts and was preempted after it gave its volume up, say.
    // SAFETY: May be called wherever one may sleep.
    unsafe { bindings::fscache_helper_synchronize_tasks() };
    // fscache's workers.
    // SAFETY: fscache exports its queue, which lives as long as fscache, whom we use.
    unsafe { bindings::fscache_helper_flush_workqueue(bindings::fscache_wq) };
}
