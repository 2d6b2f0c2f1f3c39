// SPDX-License-Identifier: GPL-2.0-only

//! Locks. Nothing may sleep while it holds a spinlock, or take one in an interrupt.

use super::{
    bindings::spinlock_t,
    context::{might_be_interrupted, might_sleep, Atomic},
};
use std::{
    ffi::{c_char, c_void},
    ops::{Deref, DerefMut},
    sync,
};

/// A spinlock around what it guards.
pub(crate) struct SpinLock<T>(sync::Mutex<T>);

impl<T> SpinLock<T> {
    pub(crate) fn new(what: T) -> Self {
        Self(sync::Mutex::new(what))
    }

    pub(crate) fn lock(&self) -> SpinGuard<'_, T> {
        might_be_interrupted();
        SpinGuard {
            guard: self.0.lock().unwrap(),
            _atomic: Atomic::enter(),
        }
    }
}

pub(crate) struct SpinGuard<'a, T> {
    guard: sync::MutexGuard<'a, T>,
    _atomic: Atomic,
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A lock that one may sleep with, and to get.
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(what: T) -> Self {
        Self(sync::Mutex::new(what))
    }

    pub(crate) fn lock(&self) -> sync::MutexGuard<'_, T> {
        might_sleep();
        self.0.lock().unwrap()
    }
}

pub(crate) struct LockClass;

impl LockClass {
    pub(crate) fn as_ptr(&self) -> *mut c_void {
        std::ptr::null_mut()
    }
}

/// A spinlock in a structure of C, for one thread.
pub(crate) trait Backend {
    /// # Safety
    ///
    /// `lock` must be valid for writes.
    unsafe fn init(lock: *mut spinlock_t, _: *const c_char, _: *mut c_void) {
        // SAFETY: By the function's contract.
        unsafe { lock.write(spinlock_t { held: 0 }) };
    }

    /// # Safety
    ///
    /// `lock` must be initialised.
    unsafe fn lock(lock: *mut spinlock_t) {
        might_be_interrupted();
        // SAFETY: There is one thread.
        unsafe {
            assert_eq!((*lock).held, 0, "locked twice");
            (*lock).held = 1;
        }
        // Until it is unlocked.
        std::mem::forget(Atomic::enter());
    }

    /// # Safety
    ///
    /// `lock` must be held.
    unsafe fn unlock(lock: *mut spinlock_t, _: &()) {
        // SAFETY: There is one thread.
        unsafe {
            assert_eq!((*lock).held, 1, "not locked");
            (*lock).held = 0;
        }
        drop(Atomic);
    }
}

pub(crate) struct SpinLockBackend;
impl Backend for SpinLockBackend {}
