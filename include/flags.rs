// SPDX-License-Identifier: GPL-2.0-only

//! A word of flags that C code sets, clears and waits upon as well.
//!
//! Every access is atomic, also to bits that only one side uses, because the other side does
//! atomic read-modify-write operations on the same word. Changing operations are fully ordered
//! whether or not they change anything, so they pair with each other like the kernel's
//! `test_and_set_bit()`; that also is what waiters rely upon.

use crate::{
    atomic::Atomic,
    bindings,
    wait::Jiffies, //
};
use kernel::{prelude::*, sync::atomic::ordering};

/// A flag word inside a structure of C, an `unsigned long`.
#[repr(transparent)]
pub(crate) struct Flags(Atomic<usize>);

#[allow(dead_code)] // Each of the two modules uses its part.
impl Flags {
    /// Adopts a flag word of a C structure.
    ///
    /// # Safety
    ///
    /// `ptr` must point to a valid, aligned `unsigned long` for all of `'a`, and every other access
    /// to it must be atomic.
    #[inline]
    pub(crate) unsafe fn from_ptr<'a>(ptr: *mut usize) -> &'a Self {
        // SAFETY: `Flags` is transparent over `Atomic<usize>`, which is transparent over `usize`;
        // the caller promises the rest.
        unsafe { &*ptr.cast() }
    }

    /// Sets the word of a thing that nobody else knows yet.
    #[inline]
    pub(crate) fn init(&self, flags: usize) {
        self.0.store(flags, ordering::Relaxed);
    }

    /// Reads the word, without ordering.
    #[inline]
    pub(crate) fn load(&self) -> usize {
        self.0.load(ordering::Relaxed)
    }

    /// Reads the word; what follows is ordered behind it.
    #[inline]
    pub(crate) fn load_acquire(&self) -> usize {
        self.0.load(ordering::Acquire)
    }

    /// Is any flag of `mask` set?
    #[inline]
    pub(crate) fn any(&self, mask: usize) -> bool {
        self.load() & mask != 0
    }

    /// Sets and clears flags in one atomic step and returns the word as it was. Fully ordered.
    #[inline]
    pub(crate) fn update(&self, set: usize, clear: usize) -> usize {
        let mut old = self.load();
        loop {
            match self.0.cmpxchg(old, (old & !clear) | set, ordering::Full) {
                Ok(old) => return old,
                Err(now) => old = now,
            }
        }
    }

    /// Sets all flags of `mask`; true if any of them was set before. Fully ordered.
    #[inline]
    pub(crate) fn test_and_set(&self, mask: usize) -> bool {
        self.update(mask, 0) & mask != 0
    }

    /// Clears all flags of `mask`; true if any of them was set before. Fully ordered.
    #[inline]
    pub(crate) fn test_and_clear(&self, mask: usize) -> bool {
        self.update(0, mask) & mask != 0
    }

    /// Clears bit number `bit` and wakes everybody who waits for that.
    pub(crate) fn clear_and_wake(&self, bit: u32) {
        // Fully ordered, as `wake_up_bit()` asks.
        self.update(0, 1 << bit);
        // SAFETY: The address is only a key here; `bit` is a bit of the word.
        unsafe { bindings::wake_up_bit(self.0.as_ptr(), bit as c_int) };
    }

    /// Sleeps until bit number `bit` is clear, for `timeout` at most; true if it is clear.
    ///
    /// Sleeps uninterruptibly. Must not be called in atomic context.
    pub(crate) fn wait_until_clear(&self, bit: u32, timeout: Jiffies) -> bool {
        kernel::task::might_sleep();
        if self.load_acquire() & (1 << bit) == 0 {
            return true;
        }
        // SAFETY: The word is valid for as long as `self` is borrowed, and `bit_wait_timeout` is
        // the action that belongs to this function.
        unsafe {
            bindings::out_of_line_wait_on_bit_timeout(
                self.0.as_ptr(),
                bit as c_int,
                Some(bindings::bit_wait_timeout),
                bindings::TASK_UNINTERRUPTIBLE,
                timeout,
            )
        };
        self.load_acquire() & (1 << bit) == 0
    }
}
