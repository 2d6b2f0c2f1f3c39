// SPDX-License-Identifier: GPL-2.0-only

//! Locks. Nothing may sleep while it holds a spinlock.

use super::{
    bindings::spinlock_t,
    context::{might_sleep, Atomic},
};
use std::{
    cell::UnsafeCell,
    ffi::{c_char, c_void},
    marker::PhantomData,
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

pub(crate) trait Backend {
    /// # Safety
    ///
    /// `lock` must be valid for writes.
    unsafe fn init(lock: *mut spinlock_t, _: *const c_char, _: *mut c_void) {
        // SAFETY: By the function's contract.
        unsafe { lock.write(spinlock_t { held: 0 }) };
    }
}

pub(crate) struct SpinLockBackend;
impl Backend for SpinLockBackend {}

/// A spinlock in a structure of C, for one thread.
#[repr(transparent)]
pub(crate) struct Lock<T, B> {
    lock: UnsafeCell<spinlock_t>,
    guards: PhantomData<(T, B)>,
}

impl<B> Lock<(), B> {
    /// # Safety
    ///
    /// `lock` must be initialised and valid for all of `'a`.
    pub(crate) unsafe fn from_raw<'a>(lock: *mut spinlock_t) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*lock.cast() }
    }

    pub(crate) fn lock(&self) -> Guard<'_, (), B> {
        // SAFETY: There is one thread.
        unsafe {
            assert_eq!((*self.lock.get()).held, 0, "locked twice");
            (*self.lock.get()).held = 1;
        }
        Guard {
            lock: self,
            _atomic: Atomic::enter(),
        }
    }
}

pub(crate) struct Guard<'a, T, B> {
    lock: &'a Lock<T, B>,
    _atomic: Atomic,
}

impl<T, B> Drop for Guard<'_, T, B> {
    fn drop(&mut self) {
        // SAFETY: There is one thread.
        unsafe { (*self.lock.lock.get()).held = 0 };
    }
}
