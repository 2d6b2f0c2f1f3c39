// SPDX-License-Identifier: GPL-2.0-only

//! Reference counts in structures of C that tell the new count, for trace points.
//!
//! The same as the kernel's `refcount_t` otherwise: a count that went wrong is reported once and
//! saturates, so that an object leaks rather than being used after it was freed.

use crate::atomic::{
    full_barrier,
    Atomic, //
};
use kernel::sync::atomic::ordering;

/// Far from both zero and overflow; a count that went wrong stays near it.
const SATURATED: i32 = i32::MIN / 2;

/// A `refcount_t`.
#[repr(transparent)]
pub(crate) struct RefCount(Atomic<i32>);

impl RefCount {
    /// Adopts a reference count of a C structure.
    ///
    /// # Safety
    ///
    /// `ptr` must point to a valid `refcount_t` for all of `'a`.
    #[inline]
    pub(crate) unsafe fn from_ptr<'a>(ptr: *mut crate::bindings::refcount_t) -> &'a Self {
        // SAFETY: A `refcount_t` is an `atomic_t` is an `int`; the caller promises the rest.
        unsafe { &*ptr.cast() }
    }

    /// The count, which may have changed when the caller looks at it.
    #[inline]
    pub(crate) fn read(&self) -> i32 {
        self.0.load(ordering::Relaxed)
    }

    /// Sets the count of an object that nobody else knows yet.
    #[inline]
    pub(crate) fn set(&self, count: i32) {
        self.0.store(count, ordering::Relaxed);
    }

    /// Adds a reference to one that the caller has; returns the new count.
    #[inline]
    pub(crate) fn inc(&self) -> i32 {
        let old = self.0.fetch_add(1, ordering::Relaxed);
        if old <= 0 || old == i32::MAX {
            self.saturate();
        }
        old.wrapping_add(1)
    }

    /// Takes a reference if there still is one; returns the new count.
    #[inline]
    pub(crate) fn inc_not_zero(&self) -> Option<i32> {
        let mut old = self.read();
        loop {
            if old == 0 {
                return None;
            }
            if old < 0 || old == i32::MAX {
                self.saturate();
                return Some(old);
            }
            match self.0.cmpxchg(old, old.wrapping_add(1), ordering::Relaxed) {
                Ok(_) => return Some(old.wrapping_add(1)),
                Err(now) => old = now,
            }
        }
    }

    /// Gives a reference back; returns the new count. At zero the caller has the object alone,
    /// and sees all that others did with it.
    #[inline]
    pub(crate) fn dec(&self) -> i32 {
        let old = self.0.fetch_sub(1, ordering::Release);
        if old == 1 {
            full_barrier();
        } else if old <= 0 {
            self.saturate();
            // Not zero, so nobody frees it.
            return SATURATED;
        }
        old.wrapping_sub(1)
    }

    #[cold]
    fn saturate(&self) {
        self.0.store(SATURATED, ordering::Relaxed);
        kernel::pr_err_once!("a reference count went wrong; an object is leaked\n");
        kernel::warn_on!(true);
    }
}
