// SPDX-License-Identifier: GPL-2.0-only

//! fscache: which files of which network filesystem are cached, and the life of each.
//!
//! A network filesystem tells of its *volumes* (a mount, roughly) and of the files in them, its
//! *cookies*; a backend such as cachefiles brings *caches* and keeps *objects* in them, one for a
//! cookie. fscache stands between: it decides when an object is looked up, emptied and put away,
//! and lets nobody touch what is not ready or on its way out.
//!
//! # Map
//!
//! | file | what is there |
//! |---|---|
//! | `abi`, `callbacks` | the functions that C calls |
//! | `cache`, `volume`, `cookie` | the three registries, and what is asked of each |
//! | `state` | what an event means to a cookie; pure |
//! | `worker` | carrying that out |
//! | `lru` | putting away what nobody uses |
//! | `patience` | waiting for a backend, with a bound |
//! | `io`, `write` | operations on objects |
//! | `access` | what keeps a thing from going while it is used |
//! | `table`, `hash` | finding things by their keys; `hash` is pure |
//! | `layout`, `resources` | the structures that C shares with us, as safe types |
//! | `proc`, `stats`, `counters`, `trace` | what can be seen from outside |
//! | `counted_ops` | counting what is called on a backend without us |
//!
//! Arrows go down only: `abi` calls the registries, those call `state` and `layout`. `unsafe` is in
//! `abi`, `callbacks`, `counted_ops`, `layout`, `resources`, `write`, `table`, `trace`, and in
//! `include/`.
//!
//! # Unloading
//!
//! The module goes when no filesystem, backend or netfs uses it, so when no volume, cookie or cache
//! is held from outside. Then the LRU's timer is stopped, the queues are drained, what the LRU
//! still held is put, and only then the memory is given back.

// A module must not panic: what could is refused when it is linted.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

use kernel::{
    prelude::*,
    sync::{
        atomic::ordering::Relaxed,
        new_mutex,
        Mutex, //
    },
};

#[path = "../include/atomic.rs"]
mod atomic;
#[path = "../include/bindings.rs"]
mod bindings;
#[path = "../include/deadline.rs"]
mod deadline;
#[path = "../include/flags.rs"]
mod flags;
#[path = "../include/hash_key.rs"]
mod hash_key;
#[path = "../include/iov.rs"]
mod iov;
#[path = "../include/list.rs"]
mod list;
#[path = "../include/nofs.rs"]
mod nofs;
#[path = "../include/ratelimit.rs"]
mod ratelimit;
#[path = "../include/refs.rs"]
mod refs;
#[path = "../include/seq.rs"]
mod seq;
#[path = "../include/slab.rs"]
mod slab;
#[path = "../include/spinlock.rs"]
mod spinlock;
#[path = "../include/timer.rs"]
mod timer;
#[path = "../include/wait.rs"]
mod wait;
#[path = "../include/workqueue.rs"]
mod workqueue;

mod abi;
mod access;
mod cache;
mod callbacks;
mod cookie;
mod counted_ops;
mod counters;
mod hash;
mod io;
mod layout;
mod lru;
mod patience;
mod proc;
mod resources;
mod state;
mod stats;
mod table;
mod trace;
mod users;
mod volume;
mod worker;
mod write;

use atomic::Atomic;
use workqueue::OwnedQueue;

module! {
    type: Module,
    name: "FS-Cache",
    authors: ["The fscache-rust developers"],
    description: "Which files of network filesystems are cached",
    license: "GPL",
}

/// All that the module owns.
#[pin_data]
struct Fscache {
    /// Where cookies are worked on.
    queue: OwnedQueue,
    /// Where volumes are made. Not the same, because workers of cookies wait for that.
    volume_queue: OwnedQueue,
    cookies: cookie::Cookies,
    volumes: volume::Volumes,
    #[pin]
    caches: cache::Caches,
    #[pin]
    lru: lru::Lru,
    #[pin]
    proc_files: Mutex<Option<proc::Files>>,
}

/// What [`fscache`] returns: set when the module is loaded, until it goes.
static STATE: Atomic<*mut Fscache> = Atomic::new(core::ptr::null_mut());

/// All that the module owns.
///
/// Called by what other modules call, by work items and by the timer; so between the module's
/// loading and the end of its unloading.
#[inline]
fn fscache() -> &'static Fscache {
    // SAFETY: Nothing calls this before `Module::init()` has set it. `Module::drop()` frees it
    // after no caller can be left.
    unsafe { &*STATE.load(Relaxed) }
}

impl Fscache {
    fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            queue: OwnedQueue::new(c"fscache")?,
            volume_queue: OwnedQueue::new(c"fscache_volume")?,
            cookies: cookie::Cookies::new()?,
            volumes: volume::Volumes::new()?,
            caches <- cache::Caches::new(),
            lru <- lru::Lru::new(),
            proc_files <- new_mutex!(None, "fscache_proc"),
        })
    }

    /// Keeps the files in /proc, which netfs wants made when its folder is there. Sleeps.
    fn add_proc_files(&self, files: Result<proc::Files>) -> Result {
        *self.proc_files.lock() = Some(files?);
        Ok(())
    }

    /// Removes the files in /proc, before netfs removes its folder. Sleeps.
    fn remove_proc_files(&self) {
        let files = self.proc_files.lock().take();
        drop(files);
    }

    /// Ends all that goes on, in the order that lets nothing begin again.
    fn shut_down(&self) {
        self.lru.shutdown();
        self.queue.drain();
        self.lru.clear();
        // Putting what the LRU held may have queued workers, those may have put volumes.
        self.queue.drain();
        self.volume_queue.drain();
        if !self.cookies.table().is_empty() || !self.volumes.table().is_empty() {
            pr_err!("unloaded with volumes or cookies in use; their memory is lost\n");
        }
    }
}

/// The module.
struct Module {
    /// Freed by `drop()`. Not a box: references to what it points to are made everywhere.
    state: *mut Fscache,
}

// SAFETY: `Fscache` may be used by every task.
unsafe impl Send for Module {}
// SAFETY: As above.
unsafe impl Sync for Module {}

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if !layout::agrees_with_c() {
            pr_err!("built for structures that this kernel does not have; build it against its own tree\n");
            return Err(ENOEXEC);
        }
        let state = KBox::pin_init(Fscache::new(), GFP_KERNEL)
            .inspect_err(|_| pr_err!("no memory to load\n"))?;
        // SAFETY: It is not moved until `drop()` makes a pinned box of it again.
        let state = KBox::into_raw(unsafe { Pin::into_inner_unchecked(state) });
        STATE.store(state, Relaxed);
        // SAFETY: Only C reads it, and nobody before this module is loaded.
        unsafe { bindings::fscache_wq = fscache().queue.as_raw() };
        pr_notice!("FS-Cache loaded\n");
        Ok(Self { state })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        fscache().shut_down();
        // SAFETY: Comes from `init()`. Nobody uses it any more: no module that could call is left,
        // and no work or timer is pending.
        drop(unsafe { Pin::new_unchecked(KBox::from_raw(self.state)) });
        STATE.store(core::ptr::null_mut(), Relaxed);
        pr_notice!("FS-Cache unloaded\n");
    }
}
