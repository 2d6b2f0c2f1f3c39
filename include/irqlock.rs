// SPDX-License-Identifier: GPL-2.0-only

//! Spinlocks that are also taken in interrupts.

use crate::bindings;
use kernel::{
    bindings::{
        lock_class_key,
        spinlock_t, //
    },
    ffi,
    sync::lock::{
        spinlock,
        Backend,
        Lock, //
    },
};

/// A spinlock around what it guards, that keeps interrupts out of this processor while it is held.
/// Of two that are held, the one that was taken last is given back first.
pub(crate) type IrqSpinLock<T> = Lock<T, IrqSpinLockBackend>;

/// Initialises an [`IrqSpinLock`].
macro_rules! new_irq_spinlock {
    ($what:expr, $name:literal) => {
        $crate::irqlock::IrqSpinLock::new(
            $what,
            ::kernel::c_str!($name),
            ::kernel::static_lock_class!(),
        )
    };
}
pub(crate) use new_irq_spinlock;

/// How such a spinlock is locked and unlocked.
pub(crate) struct IrqSpinLockBackend;

// SAFETY: All operations are the kernel's on its own spinlock, so one holder excludes others until
// it unlocks.
unsafe impl Backend for IrqSpinLockBackend {
    type State = spinlock_t;
    /// Whether interrupts were on.
    type GuardState = ffi::c_ulong;

    unsafe fn init(lock: *mut spinlock_t, name: *const ffi::c_char, key: *mut lock_class_key) {
        // SAFETY: By the function's contract.
        unsafe { spinlock::SpinLockBackend::init(lock, name, key) }
    }

    unsafe fn lock(lock: *mut spinlock_t) -> ffi::c_ulong {
        // SAFETY: By the function's contract.
        unsafe { bindings::fscache_helper_spin_lock_irqsave(lock.cast()) }
    }

    unsafe fn try_lock(_lock: *mut spinlock_t) -> Option<ffi::c_ulong> {
        // Nobody does.
        None
    }

    unsafe fn unlock(lock: *mut spinlock_t, flags: &ffi::c_ulong) {
        // SAFETY: By the function's contract, and `flags` are those that the lock was taken with.
        unsafe { bindings::fscache_helper_spin_unlock_irqrestore(lock.cast(), *flags) }
    }

    unsafe fn assert_is_held(lock: *mut spinlock_t) {
        // SAFETY: By the function's contract.
        unsafe { spinlock::SpinLockBackend::assert_is_held(lock) }
    }
}
