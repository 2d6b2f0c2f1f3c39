// SPDX-License-Identifier: GPL-2.0-only

//! Waiting: all that is queued is done meanwhile, and if that is not what was waited for, the time
//! is up.

use super::{context::might_sleep, fscache, prelude::c_ulong};
use std::cell::Cell;

pub(crate) type Jiffies = c_ulong;
pub(crate) const HZ: Jiffies = 250;
pub(crate) const PATIENCE: Jiffies = 20 * HZ;

thread_local! {
    static NOW: Cell<Jiffies> = const { Cell::new(0) };
}

pub(crate) fn now() -> Jiffies {
    NOW.get()
}

pub(crate) fn is_past(when: Jiffies) -> bool {
    NOW.get() >= when
}

pub(crate) fn wait_for<T>(_: &T, timeout: Jiffies, mut condition: impl FnMut() -> bool) -> bool {
    might_sleep();
    if condition() {
        return true;
    }
    fscache().volume_queue.work();
    if !condition() {
        NOW.set(NOW.get() + timeout);
    }
    condition()
}

pub(crate) fn wake<T>(_: &T) {}
