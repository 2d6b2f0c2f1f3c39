// SPDX-License-Identifier: GPL-2.0-only

//! The counters that `/proc/fs/fscache/stats` shows.
//!
//! They are 32 bits wide and wrap, because some of them are incremented by C code that was compiled
//! into filesystems and backends. Those lie under the names that C knows; the others are here only.

use crate::{
    atomic::Atomic,
    bindings,
    fscache,
    seq::SeqFile, //
};
use kernel::{prelude::*, sync::atomic::ordering::Relaxed};

/// What can be done with a counter.
pub(crate) trait Counter {
    /// Adds one.
    fn inc(&self);
    /// Takes one away.
    fn dec(&self);
    /// The count.
    fn get(&self) -> i32;
}

impl Counter for Atomic<i32> {
    #[inline]
    fn inc(&self) {
        self.add(1, Relaxed);
    }

    #[inline]
    fn dec(&self) {
        self.add(-1, Relaxed);
    }

    fn get(&self) -> i32 {
        self.load(Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$attr:meta])* $name:ident;)*) => {
        $($(#[$attr])* pub(crate) static $name: Atomic<i32> = Atomic::new(0);)*
    };
}

macro_rules! exported_counters {
    ($($(#[$attr:meta])* $name:ident = $symbol:ident;)*) => {
        $(
            $(#[$attr])*
            #[no_mangle]
            #[allow(non_upper_case_globals)]
            pub(crate) static $symbol: Atomic<i32> = Atomic::new(0);

            $(#[$attr])*
            #[allow(dead_code)] // Most are counted by backends.
            pub(crate) static $name: &Atomic<i32> = &$symbol;

            // The kernel's headers declare it as this.
            const _: () = assert!(
                core::mem::size_of::<Atomic<i32>>() == core::mem::size_of::<bindings::atomic_t>()
            );
        )*
    };
}

counters! {
    /// Volumes there are.
    VOLUMES;
    /// Volumes that waited in vain for an old one of the same key.
    VOLUMES_COLLISION;
    /// Volumes that could not be made for lack of memory.
    VOLUMES_NOMEM;
    /// Cookies there are.
    COOKIES;
    /// Cookies on the LRU.
    COOKIES_LRU;
    /// Cookies whose objects the LRU had put away.
    COOKIES_LRU_EXPIRED;
    /// Cookies that the LRU found used again.
    COOKIES_LRU_REMOVED;
    /// Cookies taken off the LRU because their objects went.
    COOKIES_LRU_DROPPED;
    /// Cookies asked for.
    ACQUIRES;
    /// Cookies acquired.
    ACQUIRES_OK;
    /// Cookies that could not be made for lack of memory.
    ACQUIRES_OOM;
    /// Declarations that a file's content is out of date.
    INVALIDATES;
    /// Cookies given up.
    RELINQUISHES;
    /// Cookies given up with their objects to be destroyed.
    RELINQUISHES_RETIRE;
    /// Cookies taken out of the table.
    RELINQUISHES_DROPPED;
    /// Objects resized.
    RESIZES;
    /// Resizes of what is not cached.
    RESIZES_NULL;
}

exported_counters! {
    /// Updates of coherency data or size.
    UPDATES = fscache_n_updates;
    /// Reads from the cache.
    READ = fscache_n_read;
    /// Writes to the cache.
    WRITE = fscache_n_write;
    /// Writes refused for lack of space.
    NO_WRITE_SPACE = fscache_n_no_write_space;
    /// Creations refused for lack of space.
    NO_CREATE_SPACE = fscache_n_no_create_space;
    /// Objects culled.
    CULLED = fscache_n_culled;
    /// Writes refused because they were not aligned.
    DIO_MISFIT = fscache_n_dio_misfit;
}

/// Shows the counters, behind those of netfs.
pub(crate) fn show(out: &SeqFile) {
    let count = |counter: &Atomic<i32>| counter.get();
    let number = |counter: &Atomic<i32>| counter.get() as u32;
    out.print(fmt!("-- FS-Cache statistics --\n"));
    out.print(fmt!(
        "Cookies: n={} v={} vcol={} voom={}\n",
        count(&COOKIES),
        count(&VOLUMES),
        number(&VOLUMES_COLLISION),
        number(&VOLUMES_NOMEM),
    ));
    out.print(fmt!(
        "Acquire: n={} ok={} oom={}\n",
        number(&ACQUIRES),
        number(&ACQUIRES_OK),
        number(&ACQUIRES_OOM),
    ));
    out.print(fmt!(
        "LRU    : n={} exp={} rmv={} drp={} at={}\n",
        number(&COOKIES_LRU),
        number(&COOKIES_LRU_EXPIRED),
        number(&COOKIES_LRU_REMOVED),
        number(&COOKIES_LRU_DROPPED),
        fscache().lru.expires_in(),
    ));
    out.print(fmt!("Invals : n={}\n", number(&INVALIDATES)));
    out.print(fmt!(
        "Updates: n={} rsz={} rsn={}\n",
        number(UPDATES),
        number(&RESIZES),
        number(&RESIZES_NULL),
    ));
    out.print(fmt!(
        "Relinqs: n={} rtr={} drop={}\n",
        number(&RELINQUISHES),
        number(&RELINQUISHES_RETIRE),
        number(&RELINQUISHES_DROPPED),
    ));
    out.print(fmt!(
        "NoSpace: nwr={} ncr={} cull={}\n",
        number(NO_WRITE_SPACE),
        number(NO_CREATE_SPACE),
        number(CULLED),
    ));
    out.print(fmt!(
        "IO     : rd={} wr={} mis={}\n",
        number(READ),
        number(WRITE),
        number(DIO_MISFIT),
    ));
}
