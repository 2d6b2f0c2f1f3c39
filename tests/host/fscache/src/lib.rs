// SPDX-License-Identifier: GPL-2.0-only

//! Host tests of fscache.
//!
//! Every module with a path in fscache/ or include/ is a file of the kernel module itself; there
//! is no second copy of any logic. What is pure needs nothing else. What carries the decisions out
//! is put on a stage: [`stand_in`] has the kernel crate, the layouts and a backend as those files
//! know them, made of `loom`'s types, so that all interleavings of their threads can be tried.

// So that `kernel::` in the module's files means what is here.
extern crate self as kernel;
extern crate self as pin_init;

mod stand_in;

// What the module's files find at their crate's root, and at that of the kernel crate.
use stand_in::{
    bindings, callbacks, counters, fscache, hash_key, layout, pin_init_array_from_fn, pr_err_once,
    pr_warn_once, prelude, ratelimit, resources, slab, spinlock, state, stats, str, sync,
    sync::atomic, table, timer, trace, wait, warn_on, workqueue,
};

#[path = "../../../../fscache/access.rs"]
mod access;
#[path = "../../../../fscache/cache.rs"]
mod cache;
#[path = "../../../../fscache/cookie.rs"]
mod cookie;
#[path = "../../../../include/deadline.rs"]
mod deadline;
#[path = "../../../../fscache/hash.rs"]
mod hash;
#[path = "../../../../fscache/io.rs"]
mod io;
#[path = "../../../../include/list.rs"]
mod list;
#[path = "../../../../fscache/lru.rs"]
mod lru;
#[path = "../../../../fscache/patience.rs"]
mod patience;
#[path = "../../../../fscache/users.rs"]
mod users;
#[path = "../../../../fscache/volume.rs"]
mod volume;
#[path = "../../../../fscache/worker.rs"]
mod worker;

#[cfg(test)]
mod tests {
    mod exhaustive;
    mod hash;
    mod immunity;
    mod interleavings;
    mod picture;
    mod properties;
    mod world;
}
