// SPDX-License-Identifier: GPL-2.0-only

//! Waiting for a change of a variable, as the kernel's `wait_var_event_timeout()` does.
//!
//! The address of the variable is the key: whoever waits and whoever wakes must name the variable
//! where it lies, not a copy of it. Every wait has a bound.

use crate::{
    atomic,
    bindings, //
};
use core::mem::MaybeUninit;
use kernel::prelude::*;

/// A span of time in jiffies.
pub(crate) type Jiffies = c_ulong;

/// Jiffies per second.
pub(crate) const HZ: Jiffies = bindings::FSCACHE_HZ;

/// The longest that anything waits for the cache before it goes on without it.
#[allow(dead_code)] // Each of the two modules uses its part.
pub(crate) const PATIENCE: Jiffies = 20 * HZ;

/// The present time in jiffies; it wraps.
#[allow(dead_code)] // Each of the two modules uses its part.
#[inline]
pub(crate) fn now() -> Jiffies {
    // SAFETY: `jiffies` is always readable; it changes under us, hence volatile.
    unsafe { (&raw const bindings::jiffies).read_volatile() }
}

/// Has time `when` (in jiffies) come?
#[allow(dead_code)] // Each of the two modules uses its part.
#[inline]
pub(crate) fn is_past(when: Jiffies) -> bool {
    (now().wrapping_sub(when) as isize) >= 0
}

/// Sleeps until `condition` holds, for `timeout` at most; returns whether it holds.
///
/// Whoever makes the condition true calls [`wake`] with the same `key` afterwards. Sleeps
/// uninterruptibly. Must not be called in atomic context.
pub(crate) fn wait_for<T>(key: &T, timeout: Jiffies, mut condition: impl FnMut() -> bool) -> bool {
    kernel::task::might_sleep();
    if condition() {
        return true;
    }
    let key = core::ptr::from_ref(key).cast_mut().cast::<c_void>();
    let mut entry = MaybeUninit::<bindings::wait_bit_queue_entry>::uninit();
    let entry = entry.as_mut_ptr();
    // SAFETY: The address is only a key.
    let head = unsafe { bindings::__var_waitqueue(key) };
    // SAFETY: `entry` is writable, and stays where it is until `finish_wait()` below.
    unsafe { bindings::init_wait_var_entry(entry, key, 0) };
    // SAFETY: Points into `entry`, which is valid.
    let wq_entry = unsafe { &raw mut (*entry).wq_entry };

    let mut left = timeout as c_long;
    let holds = loop {
        // SAFETY: `head` is one of the kernel's own queues, `wq_entry` was initialised above.
        unsafe {
            bindings::prepare_to_wait_event(head, wq_entry, bindings::TASK_UNINTERRUPTIBLE as c_int)
        };
        if condition() {
            break true;
        }
        if left == 0 {
            break false;
        }
        // SAFETY: The task state was set by `prepare_to_wait_event()`.
        left = unsafe { bindings::schedule_timeout(left) };
    };
    // SAFETY: As above; after this the kernel does not know `entry` any more.
    unsafe { bindings::finish_wait(head, wq_entry) };
    holds
}

/// Wakes everybody who waits on `key`, after a change that was made before.
#[inline]
pub(crate) fn wake<T>(key: &T) {
    atomic::full_barrier();
    // SAFETY: The address is only a key.
    unsafe { bindings::wake_up_var(core::ptr::from_ref(key).cast_mut().cast()) };
}
