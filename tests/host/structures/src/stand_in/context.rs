// SPDX-License-Identifier: GPL-2.0-only

//! Where one may sleep, and where not.

use std::cell::Cell;

thread_local! {
    /// How many locks are held, or completions run, in which one must not sleep.
    static ATOMIC: Cell<usize> = const { Cell::new(0) };
}

/// Fails where one must not sleep.
#[track_caller]
pub(crate) fn might_sleep() {
    assert_eq!(ATOMIC.get(), 0, "sleeps in atomic context");
}

/// A time in which one must not sleep.
pub(crate) struct Atomic;

impl Atomic {
    pub(crate) fn enter() -> Self {
        ATOMIC.set(ATOMIC.get() + 1);
        Self
    }
}

impl Drop for Atomic {
    fn drop(&mut self) {
        ATOMIC.set(ATOMIC.get() - 1);
    }
}
