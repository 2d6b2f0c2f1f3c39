// SPDX-License-Identifier: GPL-2.0-only

//! cachefiles: what network filesystems read, kept in files of a local filesystem.
//!
//! fscache decides who is cached; this module decides where. It makes a cache of a directory when a
//! daemon asks for one through `/dev/cachefiles`, and offers it to fscache.
//!
//! # Map
//!
//! Arrows of use go downwards only.
//!
//! | layer | files |
//! |---|---|
//! | edge, pointers in, references out | `abi` (what fscache and netfs call) |
//! | the daemon | `daemon`, `status` (what it is told) |
//! | what there is | `cache`, `volume`, `object` |
//! | what is done | `io` (reads and writes), `content` (what is present), `store` (directories and files), `size` (of files), `attr` (what they say of themselves), `security`, `inject` (errors, for tests) |
//! | pure | `command` (grammar), `limits` (space), `key` (names), `coherency` (attributes), `extent` (arithmetic) |
//! | wrappers | `fscache`, `netfs` (their interfaces), `inuse` (the mark), `trace`, and those of the kernel's facilities in `include/` |
//!
//! `unsafe` is found in the first and the last of these.
//!
//! # Locks, outermost first
//!
//! 1. the daemon's `config`;
//! 2. the target of the cache's `publisher`; not held while it does its work;
//! 3. an object's `change`, under which reclaim stays out of filesystems, or a volume's `opening`
//!    (`fanout`); never both;
//! 4. write access to the mount;
//! 5. a directory's lock, then an inode's (`dirop`, `inode`);
//! 6. the cache's `volumes`;
//! 7. spinlocks: a cookie's, the cache's `objects`, an object's `backing`. None inside another.
//!
//! # Unload
//!
//! The device pins the module while it is open, and closes only when no object or volume is counted
//! any more. What may still run then are the last instructions of a completion, of fscache's worker,
//! of a task that submitted an I/O, or of one that gave the last of a volume up; all are waited for
//! (`Cachefiles::drop`), and the jar's worker is, before the module goes.

// Each module compiles all shared wrappers, and uses its part.
#![allow(dead_code)]

use kernel::{
    prelude::*,
    sync::Arc, //
};

#[path = "../include/atomic.rs"]
mod atomic;
#[path = "../include/bindings.rs"]
mod bindings;
#[path = "../include/chardev.rs"]
mod chardev;
#[path = "../include/cred.rs"]
mod cred;
#[path = "../include/dentry.rs"]
mod dentry;
#[path = "../include/dirop.rs"]
mod dirop;
#[path = "../include/file.rs"]
mod file;
#[path = "../include/flags.rs"]
mod flags;
#[path = "../include/inode.rs"]
mod inode;
#[path = "../include/iov.rs"]
mod iov;
#[path = "../include/irqlock.rs"]
mod irqlock;
#[path = "../include/jar.rs"]
mod jar;
#[path = "../include/kiocb.rs"]
mod kiocb;
#[path = "../include/list.rs"]
mod list;
#[path = "../include/lsm.rs"]
mod lsm;
#[path = "../include/nofs.rs"]
mod nofs;
#[path = "../include/path.rs"]
mod path;
#[path = "../include/periodic.rs"]
mod periodic;
#[path = "../include/ratelimit.rs"]
mod ratelimit;
#[path = "../include/refs.rs"]
mod refs;
#[path = "../include/sched.rs"]
mod sched;
#[path = "../include/slab.rs"]
mod slab;
#[path = "../include/spinlock.rs"]
mod spinlock;
#[cfg(cachefiles_error_injection)]
#[path = "../include/sysctl.rs"]
mod sysctl;
#[path = "../include/time.rs"]
mod time;
#[path = "../include/wait.rs"]
mod wait;
#[path = "../include/waitqueue.rs"]
mod waitqueue;
#[path = "../include/workqueue.rs"]
mod workqueue;
#[path = "../include/xattr.rs"]
mod xattr;

mod abi;
mod abi_debug;
mod attr;
mod backing;
mod cache;
mod coherency;
mod command;
mod content;
mod daemon;
mod extent;
mod fanout;
mod filled;
mod fscache;
mod inject;
mod integrity;
mod inuse;
mod io;
mod key;
mod known;
mod limits;
mod netfs;
mod object;
mod object_ref;
mod security;
mod size;
mod status;
mod store;
mod stores;
mod trace;
mod unwritten;
mod volume;
mod volumes;

use chardev::Registration;
use daemon::Daemon;
use jar::Jar;
use object::Object;

module! {
    type: Cachefiles,
    name: "CacheFiles",
    authors: ["The fscache-rust developers"],
    description: "Mounted-filesystem based cache",
    license: "GPL",
}

/// The module.
#[pin_data(PinnedDrop)]
struct Cachefiles {
    /// Goes before the jar: from then on nobody can open the device.
    #[pin]
    device: Registration<Daemon>,
    jar: Arc<Jar<Object>>,
    /// Makes things fail, if the module is built for it.
    _inject: inject::Control,
}

impl kernel::InPlaceModule for Cachefiles {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            jar: Arc::new(
                Jar::new(c"cachefiles_object_jar", c"cachefiles")?,
                GFP_KERNEL,
            )?,
            _inject: inject::Control::new()?,
            device <- Registration::new(c"cachefiles", module, jar.clone()),
            _: { pr_info!("Loaded\n") },
        }? Error)
    }
}

#[pinned_drop]
impl PinnedDrop for Cachefiles {
    fn drop(self: Pin<&mut Self>) {
        pr_info!("Unloading\n");
        fscache::wait_for_last_callers();
    }
}
