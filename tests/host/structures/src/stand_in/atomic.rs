// SPDX-License-Identifier: GPL-2.0-only

//! Atomic variables that lie in structures of C.

use std::{
    cell::UnsafeCell,
    sync::atomic::{self, Ordering::SeqCst},
};

/// The kernel's orderings, none of which matters to one thread.
#[derive(Clone, Copy)]
pub(crate) enum Ordering {
    Relaxed,
    Acquire,
    Release,
    Full,
}

pub(crate) mod ordering {
    pub(crate) use super::Ordering::*;
}

pub(crate) fn full_barrier() {}

#[repr(transparent)]
pub(crate) struct Atomic<T>(UnsafeCell<T>);

// SAFETY: All accesses are atomic.
unsafe impl<T> Send for Atomic<T> {}
// SAFETY: As above.
unsafe impl<T> Sync for Atomic<T> {}

impl<T> Atomic<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// # Safety
    ///
    /// As for the standard library's.
    pub(crate) const unsafe fn from_ptr<'a>(ptr: *mut T) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    pub(crate) const fn as_ptr(&self) -> *mut T {
        self.0.get()
    }
}

macro_rules! words {
    ($($word:ty = $atomic:ident),*) => {$(
        impl Atomic<$word> {
            fn inner(&self) -> &atomic::$atomic {
                // SAFETY: Valid and aligned.
                unsafe { atomic::$atomic::from_ptr(self.as_ptr()) }
            }

            pub(crate) fn load(&self, _: Ordering) -> $word {
                self.inner().load(SeqCst)
            }

            pub(crate) fn store(&self, value: $word, _: Ordering) {
                self.inner().store(value, SeqCst)
            }

            pub(crate) fn add(&self, by: $word, _: Ordering) {
                self.inner().fetch_add(by, SeqCst);
            }

            pub(crate) fn fetch_add(&self, by: $word, _: Ordering) -> $word {
                self.inner().fetch_add(by, SeqCst)
            }

            pub(crate) fn fetch_sub(&self, by: $word, _: Ordering) -> $word {
                self.inner().fetch_sub(by, SeqCst)
            }

            pub(crate) fn cmpxchg(
                &self,
                old: $word,
                new: $word,
                _: Ordering,
            ) -> Result<$word, $word> {
                self.inner().compare_exchange(old, new, SeqCst, SeqCst)
            }
        }
    )*};
}
words!(i8 = AtomicI8, i32 = AtomicI32, i64 = AtomicI64);
words!(u32 = AtomicU32, usize = AtomicUsize);
