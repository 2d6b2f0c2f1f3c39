// SPDX-License-Identifier: GPL-2.0-only

//! Reference counts and words of flags.

use super::{
    fault::{self, Fault},
    sync::atomic::{
        ordering::{Acquire, Full, Relaxed, Release},
        Atomic,
    },
    wait::{self, Jiffies},
};
use crate::volume;

/// A reference count.
pub(crate) struct RefCount(Atomic<i32>);

impl RefCount {
    pub(super) fn new(count: i32) -> Self {
        Self(Atomic::new(count))
    }

    pub(crate) fn read(&self) -> i32 {
        self.0.load(Relaxed)
    }

    pub(super) fn inc(&self) {
        assert!(self.0.fetch_add(1, Relaxed) > 0, "back from the dead");
    }

    pub(super) fn inc_not_zero(&self) -> bool {
        if fault::is(Fault::BackFromTheDead) {
            self.inc();
            return true;
        }
        let mut old = self.read();
        loop {
            if old == 0 {
                return false;
            }
            match self.0.cmpxchg(old, old + 1, Relaxed) {
                Ok(_) => return true,
                Err(now) => old = now,
            }
        }
    }

    /// True for the last.
    pub(super) fn dec(&self) -> bool {
        let old = self.0.fetch_sub(1, Full);
        assert!(old > 0, "one reference given back too many");
        old == 1
    }
}

/// A word of flags.
pub(crate) struct Flags(Atomic<usize>);

impl Flags {
    pub(super) fn new() -> Self {
        Self(Atomic::new(0))
    }

    pub(crate) fn init(&self, flags: usize) {
        self.0.store(flags, Relaxed);
    }

    pub(crate) fn load(&self) -> usize {
        self.0.load(Relaxed)
    }

    pub(crate) fn any(&self, mask: usize) -> bool {
        self.load() & mask != 0
    }

    pub(crate) fn update(&self, set: usize, clear: usize) -> usize {
        // One step instead of two where one is enough: fewer interleavings, none lost.
        if clear == 0 {
            return self.0.fetch_or(set, Full);
        }
        if set == 0 {
            return self.0.fetch_and(!clear, Full);
        }
        let mut old = self.load();
        loop {
            match self.0.cmpxchg(old, (old & !clear) | set, Full) {
                Ok(old) => return old,
                Err(now) => old = now,
            }
        }
    }

    pub(crate) fn test_and_set(&self, mask: usize) -> bool {
        let was = self.update(mask, 0) & mask != 0;
        was && !(fault::is(Fault::PinTakenTwice) && mask == volume::flags::WITHDRAWN)
    }

    pub(crate) fn test_and_clear(&self, mask: usize) -> bool {
        self.update(0, mask) & mask != 0
    }

    pub(crate) fn clear_and_wake(&self, bit: u32) {
        let ordering = if fault::is(Fault::NoBarrierBeforeWake) {
            Release
        } else {
            Full
        };
        self.0.fetch_and(!(1 << bit), ordering);
        wait::wake_without_barrier(self);
    }

    pub(crate) fn wait_until_clear(&self, bit: u32, timeout: Jiffies) -> bool {
        wait::wait_for(self, timeout, || self.0.load(Acquire) & (1 << bit) == 0)
    }
}
