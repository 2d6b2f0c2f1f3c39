// SPDX-License-Identifier: GPL-2.0-only

//! Waiting, as `include/wait.rs` does it: who waits says so and looks then, who wakes changes
//! something and looks then whether anybody waits.
//!
//! There is no time in a model. A wait goes on until somebody comes, and that nobody comes is a
//! failure, found by `loom`; unless the model says that [nobody will come](ALONE): then the bound
//! of the wait is what ends it.

use super::{
    fault::{self, Fault},
    fscache,
    sync::atomic::{
        barrier,
        ordering::{Full, Relaxed},
        Atomic,
    },
};
use loom::sync::{Condvar, Mutex};
use std::cell::Cell;

pub(crate) type Jiffies = usize;
pub(crate) const HZ: Jiffies = 250;
pub(crate) const PATIENCE: Jiffies = 20 * HZ;

thread_local! {
    /// The time, which stands still unless a model sets it.
    pub(crate) static CLOCK: Cell<Jiffies> = const { Cell::new(0) };
    /// Nobody comes to end a wait.
    pub(crate) static ALONE: Cell<bool> = const { Cell::new(false) };
    /// Does anybody wait on a variable in this model? If not, waking is left out.
    pub(crate) static WAITED_FOR: Cell<bool> = const { Cell::new(false) };
}

/// How it is before a model begins.
pub(crate) fn begin() {
    CLOCK.set(0);
    ALONE.set(false);
    WAITED_FOR.set(false);
}

pub(crate) fn now() -> Jiffies {
    CLOCK.get()
}

pub(crate) fn is_past(when: Jiffies) -> bool {
    CLOCK.get() >= when
}

/// Waits out the bound, if that is what will end the wait: whether what was waited for holds then.
pub(crate) fn in_vain(timeout: Jiffies, condition: impl Fn() -> bool) -> Option<bool> {
    if !ALONE.get() || fault::is(Fault::WaitsForEver) {
        return None;
    }
    CLOCK.set(CLOCK.get() + timeout.max(1));
    Some(condition() != fault::is(Fault::TimeoutInverted))
}

/// Those who wait. Several variables may share one; the kernel's do.
pub(crate) struct WaitQueue {
    lock: Mutex<()>,
    changed: Condvar,
    waiters: Atomic<usize>,
}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            changed: Condvar::new(),
            waiters: Atomic::new(0),
        }
    }

    pub(super) fn wait(&self, condition: impl Fn() -> bool) {
        let mut guard = self.lock.lock().unwrap();
        // As setting the task's state, this is fully ordered.
        self.waiters.fetch_add(1, Full);
        while !condition() {
            guard = self.changed.wait(guard).unwrap();
        }
        self.waiters.fetch_sub(1, Relaxed);
    }

    pub(super) fn wake(&self) {
        if self.waiters.load(Relaxed) != 0 {
            drop(self.lock.lock().unwrap());
            self.changed.notify_all();
        }
    }
}

pub(crate) fn wait_for<T>(_: &T, timeout: Jiffies, condition: impl Fn() -> bool) -> bool {
    let condition = || condition() != fault::is(Fault::WaitInverted);
    if condition() {
        return true;
    }
    if let Some(holds) = in_vain(timeout, condition) {
        return holds;
    }
    assert!(WAITED_FOR.get(), "the model says that nobody waits");
    fscache().waiting[0].wait(condition);
    true
}

pub(crate) fn wake<T>(key: &T) {
    if WAITED_FOR.get() {
        barrier();
    }
    wake_without_barrier(key);
}

/// The change was fully ordered itself.
pub(super) fn wake_without_barrier<T>(_: &T) {
    if WAITED_FOR.get() {
        let key = usize::from(fault::is(Fault::OtherKeyWoken));
        fscache().waiting[key].wake();
    }
}
