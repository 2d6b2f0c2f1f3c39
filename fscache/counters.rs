// SPDX-License-Identifier: GPL-2.0-only

//! What each volume and each cache has done: 64-bit counters, which `/proc/fs/fscache/counters`
//! shows. `stats.rs` has the ones of the whole, as C has them.
//!
//! A volume's counters begin when it is acquired, a cache's when it gets its name; what volumes
//! count is counted for their cache as well, so that it is still known when they are gone.

use crate::{
    atomic::Atomic,
    layout::Volume, //
};
use kernel::sync::atomic::ordering::Relaxed;

macro_rules! counters {
    ($($(#[$attr:meta])* $name:ident,)*) => {
        /// The counters of a volume or a cache. Zeroed memory is valid.
        #[repr(C)]
        pub(crate) struct Counters {
            $($(#[$attr])* pub(crate) $name: Atomic<i64>,)*
        }

        /// The names under which they are shown, which are stable, in the order of
        /// [`Counters::values`].
        pub(crate) const NAMES: [&str; COUNT] = [$(stringify!($name)),*];

        /// How many there are.
        const COUNT: usize = [$(stringify!($name)),*].len();

        impl Counters {
            /// What all of them are now.
            pub(crate) fn values(&self) -> [i64; COUNT] {
                [$(self.$name.load(Relaxed)),*]
            }
        }
    };
}

counters! {
    /// Objects that the backend has open for cookies; goes down as well.
    objects,
    /// Lookups that found an object.
    lookups_found,
    /// Lookups that found none, or none that was good, and made one.
    lookups_created,
    /// Lookups that came to nothing.
    lookups_failed,
    /// Times a filesystem declared content out of date.
    invalidations,
    /// Objects that could not be emptied then.
    invalidations_failed,
    /// Objects that were put away because nobody used them for a while.
    discards,
    /// Objects that were put away because the backend wanted them back, or gave up on them.
    withdrawals,
    /// Objects that the backend gave up on.
    objects_failed,
    /// Operations that were refused because there was no object to be had.
    operations_refused,
    /// Waits that ended because patience did.
    timeouts,
    /// Cookies that were not made because there was no memory.
    acquires_no_memory,
    /// Cookies that were not made because their key was in use.
    acquires_key_in_use,
    /// Reads that were sent to the backend.
    reads,
    /// Bytes that those asked for.
    read_bytes,
    /// Bytes of reads by netfs that the backend said to have.
    read_hit_bytes,
    /// Bytes of those that were sent to the server instead.
    read_miss_bytes,
    /// Bytes of those that are known to be zero without asking anybody.
    read_zero_bytes,
    /// Writes that were sent to the backend.
    writes,
    /// Bytes of those.
    write_bytes,
}

/// Adds to a counter of a volume, and of its cache. From any context.
#[inline]
pub(crate) fn add(volume: &Volume, which: impl Fn(&Counters) -> &Atomic<i64>, by: i64) {
    which(volume.counters()).add(by, Relaxed);
    which(volume.cache().counters()).add(by, Relaxed);
}

/// Adds one.
#[inline]
pub(crate) fn inc(volume: &Volume, which: impl Fn(&Counters) -> &Atomic<i64>) {
    add(volume, which, 1);
}
