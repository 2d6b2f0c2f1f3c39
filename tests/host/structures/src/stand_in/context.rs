// SPDX-License-Identifier: GPL-2.0-only

//! Where one may sleep, and where not; where one may take a lock, and where not.

use std::cell::Cell;

thread_local! {
    /// How many locks are held, or completions run, in which one must not sleep.
    static ATOMIC: Cell<usize> = const { Cell::new(0) };
    /// Is this an interrupt?
    static INTERRUPT: Cell<bool> = const { Cell::new(false) };
}

/// Fails where one must not sleep.
#[track_caller]
pub(crate) fn might_sleep() {
    assert_eq!(ATOMIC.get(), 0, "sleeps in atomic context");
}

/// Fails in an interrupt: it may have come while the same processor held the very lock, as none of
/// the module's is taken with interrupts off.
#[track_caller]
pub(crate) fn might_be_interrupted() {
    assert!(!INTERRUPT.get(), "takes a lock in an interrupt");
}

/// An interrupt, in which one must not sleep either.
pub(crate) struct Interrupt {
    _atomic: Atomic,
}

impl Interrupt {
    pub(crate) fn enter() -> Self {
        INTERRUPT.set(true);
        Self {
            _atomic: Atomic::enter(),
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        INTERRUPT.set(false);
    }
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
