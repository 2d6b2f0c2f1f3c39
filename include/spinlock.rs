// SPDX-License-Identifier: GPL-2.0-only

//! Spinlocks, without a detour.
//!
//! The kernel crate's are the same, and this is used with its [`Lock`]; but where the kernel was
//! built by gcc each of its operations is the call of a function that calls the kernel's, and so is
//! looking whether a lock is held, which without lockdep looks at nothing. On short paths that is
//! a tenth. Where the kernel's functions have these names, this calls them; elsewhere it does what
//! the kernel crate does.

use kernel::{
    bindings, ffi,
    sync::lock::{
        spinlock,
        Backend,
        Lock, //
    },
};

/// A spinlock around what it guards.
pub(crate) type SpinLock<T> = Lock<T, SpinLockBackend>;

/// Initialises a [`SpinLock`], as the kernel crate's macro of this name does its own.
macro_rules! new_spinlock {
    ($what:expr, $name:literal) => {
        $crate::spinlock::SpinLock::new(
            $what,
            ::kernel::c_str!($name),
            ::kernel::static_lock_class!(),
        )
    };
}
pub(crate) use new_spinlock;

/// How a spinlock is locked and unlocked.
pub(crate) struct SpinLockBackend;

// SAFETY: All operations are the kernel's on its own spinlock, so one holder excludes others until
// it unlocks.
unsafe impl Backend for SpinLockBackend {
    type State = bindings::spinlock_t;
    type GuardState = ();

    unsafe fn init(
        lock: *mut bindings::spinlock_t,
        name: *const ffi::c_char,
        key: *mut bindings::lock_class_key,
    ) {
        // SAFETY: By the function's contract.
        unsafe { spinlock::SpinLockBackend::init(lock, name, key) }
    }

    #[inline(always)]
    unsafe fn lock(lock: *mut bindings::spinlock_t) {
        #[cfg(all(
            CONFIG_SMP,
            CONFIG_UNINLINE_SPIN_UNLOCK,
            not(CONFIG_PREEMPT_RT),
            not(CONFIG_RUST_INLINE_HELPERS)
        ))]
        // SAFETY: By the function's contract; a spinlock begins with its raw one, which
        // helpers.c asserts.
        unsafe {
            bindings::_raw_spin_lock(lock.cast())
        };
        #[cfg(not(all(
            CONFIG_SMP,
            CONFIG_UNINLINE_SPIN_UNLOCK,
            not(CONFIG_PREEMPT_RT),
            not(CONFIG_RUST_INLINE_HELPERS)
        )))]
        // SAFETY: By the function's contract.
        unsafe {
            spinlock::SpinLockBackend::lock(lock)
        };
    }

    unsafe fn try_lock(lock: *mut bindings::spinlock_t) -> Option<()> {
        // SAFETY: By the function's contract.
        unsafe { spinlock::SpinLockBackend::try_lock(lock) }
    }

    #[inline(always)]
    unsafe fn unlock(lock: *mut bindings::spinlock_t, _held: &()) {
        #[cfg(all(
            CONFIG_SMP,
            CONFIG_UNINLINE_SPIN_UNLOCK,
            not(CONFIG_PREEMPT_RT),
            not(CONFIG_RUST_INLINE_HELPERS)
        ))]
        // SAFETY: By the function's contract; a spinlock begins with its raw one, which
        // helpers.c asserts.
        unsafe {
            bindings::_raw_spin_unlock(lock.cast())
        };
        #[cfg(not(all(
            CONFIG_SMP,
            CONFIG_UNINLINE_SPIN_UNLOCK,
            not(CONFIG_PREEMPT_RT),
            not(CONFIG_RUST_INLINE_HELPERS)
        )))]
        // SAFETY: By the function's contract.
        unsafe {
            spinlock::SpinLockBackend::unlock(lock, _held)
        };
    }

    #[inline(always)]
    unsafe fn assert_is_held(_lock: *mut bindings::spinlock_t) {
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: By the function's contract.
        unsafe {
            spinlock::SpinLockBackend::assert_is_held(_lock)
        };
    }
}
