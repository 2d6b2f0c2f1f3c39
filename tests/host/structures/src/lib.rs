// SPDX-License-Identifier: GPL-2.0-only

//! Host tests of fscache's tables, structures and memory.
//!
//! Every module with a path is a file of the kernel module itself, the C layouts included; what
//! they need of the kernel is in [`stand_in`]. One thread does all, and what is queued runs when it
//! is told to: what threads do to each other is tried in the tests of the crate beside this. Here
//! memory can be short at every allocation, what is freed stays readable as poison, and sleeping
//! where one must not is a failure.

// So that `kernel::` and `pin_init::` in the module's files mean what is here.
extern crate self as kernel;
extern crate self as pin_init;

mod stand_in;

// What the module's files find at their crate's root, and at that of the kernel crate.
use stand_in::{
    atomic, bindings, container_of, counted_ops, error, fscache, pin_init_array_from_fn,
    pr_err_once, pr_warn_once, prelude, slab, spinlock, static_lock_class, stats, str, sync, task,
    timer, trace, types, wait, warn_on, workqueue,
};

#[path = "../../../../fscache/access.rs"]
mod access;
#[path = "../../../../fscache/cache.rs"]
mod cache;
#[path = "../../../../fscache/callbacks.rs"]
mod callbacks;
#[path = "../../../../fscache/cookie.rs"]
mod cookie;
#[path = "../../../../fscache/counters.rs"]
mod counters;
#[path = "../../../../include/deadline.rs"]
mod deadline;
#[path = "../../../../include/flags.rs"]
mod flags;
#[path = "../../../../fscache/hash.rs"]
mod hash;
#[path = "../../../../include/hash_key.rs"]
mod hash_key;
#[path = "../../../../fscache/io.rs"]
mod io;
#[path = "../../../../fscache/layout/mod.rs"]
#[allow(unused_imports)] // Of what is compared with C.
mod layout;
#[path = "../../../../include/list.rs"]
mod list;
#[path = "../../../../fscache/lru.rs"]
mod lru;
#[path = "../../../../include/nofs.rs"]
mod nofs;
#[path = "../../../../fscache/patience.rs"]
mod patience;
#[path = "../../../../include/ratelimit.rs"]
mod ratelimit;
#[path = "../../../../include/refs.rs"]
mod refs;
#[path = "../../../../fscache/resources.rs"]
mod resources;
#[path = "../../../../fscache/state.rs"]
mod state;
#[path = "../../../../fscache/table.rs"]
mod table;
#[path = "../../../../fscache/users.rs"]
mod users;
#[path = "../../../../fscache/volume.rs"]
mod volume;
#[path = "../../../../fscache/worker.rs"]
mod worker;
#[path = "../../../../fscache/write.rs"]
mod write;

#[cfg(test)]
mod tests {
    mod constructors;
    mod keys;
    mod references;
    mod stage;
    mod states;
    mod table;
    mod write;
}
