// SPDX-License-Identifier: GPL-2.0-only

//! Waiting on a wait queue that C code defines, as the kernel's `wait_event_timeout()` does.

use crate::{
    bindings,
    wait::Jiffies, //
};
use core::mem::MaybeUninit;
use kernel::prelude::*;

/// Sleeps until `condition` holds, for `timeout` at most; returns whether it holds.
///
/// Sleeps uninterruptibly. Must not be called in atomic context.
///
/// # Safety
///
/// `head` must be an initialised wait queue that stays valid during the call.
pub(crate) unsafe fn wait_event(
    head: *mut bindings::wait_queue_head,
    timeout: Jiffies,
    mut condition: impl FnMut() -> bool,
) -> bool {
    kernel::task::might_sleep();
    if condition() {
        return true;
    }
    let mut entry = MaybeUninit::<bindings::wait_queue_entry>::uninit();
    let entry = entry.as_mut_ptr();
    // SAFETY: `entry` is writable, and stays where it is until `finish_wait()` below.
    unsafe { bindings::init_wait_entry(entry, 0) };

    let mut left = timeout as c_long;
    let holds = loop {
        // SAFETY: `head` is valid by the function's contract, `entry` was initialised above.
        unsafe {
            bindings::prepare_to_wait_event(head, entry, bindings::TASK_UNINTERRUPTIBLE as c_int)
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
    unsafe { bindings::finish_wait(head, entry) };
    holds
}

/// Wakes everybody on a wait queue.
///
/// # Safety
///
/// `head` must be an initialised wait queue.
pub(crate) unsafe fn wake_all(head: *mut bindings::wait_queue_head) {
    // SAFETY: By the function's contract.
    unsafe { bindings::__wake_up(head, bindings::TASK_NORMAL, 0, core::ptr::null_mut()) };
}
