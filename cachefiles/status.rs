// SPDX-License-Identifier: GPL-2.0-only

//! What the daemon is told, and how it is woken.
//!
//! Lives from the opening of the device to the last user of the cache; shared by the daemon's file
//! and the cache. All of it is atomic and may be used in any context.

use crate::atomic::Atomic;
use kernel::{
    new_poll_condvar,
    prelude::*,
    sync::{
        atomic::{
            ordering,
            AtomicFlag, //
        },
        poll::PollCondVar, //
    },
};

/// The state of a cache as its daemon sees it.
#[pin_data]
pub(crate) struct Status {
    ready: AtomicFlag,
    dead: AtomicFlag,
    failed: AtomicFlag,
    culling: AtomicFlag,
    changed: AtomicFlag,
    /// Where the daemon waits for `changed`.
    #[pin]
    pub(crate) waiters: PollCondVar,
    /// Objects that can be culled since the daemon last asked.
    files_released: Atomic<i32>,
    /// The blocks of those, in blocks of the backing filesystem.
    blocks_released: Atomic<i64>,
}

impl Status {
    /// A cache that is not bound yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            ready: AtomicFlag::new(false),
            dead: AtomicFlag::new(false),
            failed: AtomicFlag::new(false),
            culling: AtomicFlag::new(false),
            changed: AtomicFlag::new(false),
            waiters <- new_poll_condvar!("cachefiles daemon"),
            files_released: Atomic::new(0),
            blocks_released: Atomic::new(0),
        })
    }

    /// Tells the daemon that there is something new. It is woken if it does not know already.
    fn note_change(&self) {
        if !self.changed.xchg(true, ordering::Full) {
            self.waiters.notify_all();
        }
    }

    /// Is the cache online?
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(ordering::Acquire)
    }

    /// The cache is online.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, ordering::Release);
    }

    /// Is the cache out of order, or being taken down?
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(ordering::Acquire)
    }

    /// The cache is out of order, or being taken down.
    pub(crate) fn set_dead(&self) {
        if !self.dead.xchg(true, ordering::Full) {
            self.note_change();
        }
    }

    /// The backing filesystem failed, and the cache is out of order. True the first time, also while
    /// the cache is being taken down.
    pub(crate) fn set_failed(&self) -> bool {
        let first = !self.failed.xchg(true, ordering::Full);
        self.set_dead();
        first
    }

    /// Should the daemon cull?
    pub(crate) fn is_culling(&self) -> bool {
        self.culling.load(ordering::Relaxed)
    }

    /// Asks the daemon to cull, or to stop. It is woken also if it knows already that there is
    /// something to read: it may wait for being asked alone (`POLLOUT`).
    pub(crate) fn set_culling(&self, culling: bool) {
        if self.is_culling() != culling && self.culling.xchg(culling, ordering::Full) != culling {
            self.changed.store(true, ordering::Release);
            self.waiters.notify_all();
        }
    }

    /// Is there something that the daemon was not told?
    pub(crate) fn is_changed(&self) -> bool {
        self.changed.load(ordering::Acquire)
    }

    /// An object that takes `blocks` blocks is not in use any more.
    pub(crate) fn note_release(&self, blocks: u64) {
        self.blocks_released
            .add(i64::try_from(blocks).unwrap_or(i64::MAX), ordering::Relaxed);
        self.files_released.fetch_add(1, ordering::Full);
        self.note_change();
    }

    /// What was released since the last call: objects, and their blocks. The daemon knows all then.
    pub(crate) fn take_released(&self) -> (u32, u64) {
        self.changed.store(false, ordering::Release);
        let files = self.files_released.xchg(0, ordering::Full);
        let blocks = self.blocks_released.xchg(0, ordering::Full);
        (files as u32, blocks as u64)
    }

    /// Gives back what [`Status::take_released`] took, as the daemon did not get it.
    pub(crate) fn return_released(&self, (files, blocks): (u32, u64)) {
        self.files_released
            .fetch_add(files as i32, ordering::Relaxed);
        self.blocks_released
            .fetch_add(blocks as i64, ordering::Relaxed);
        self.note_change();
    }
}
