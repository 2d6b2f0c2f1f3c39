// SPDX-License-Identifier: GPL-2.0-only

//! The work queue on which objects are freed whose last user was an interrupt.
//!
//! Belongs to the module; it outlives every object, as the device does not close before they are
//! gone, and the module does not go before the device has closed.

use crate::workqueue::OwnedQueue;
use kernel::{
    prelude::*,
    workqueue::Queue, //
};

/// The queue.
pub(crate) struct Reaper(OwnedQueue);

impl Reaper {
    /// Makes the queue. Sleeps.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(OwnedQueue::new(c"cachefiles_reaper")?))
    }

    /// The queue as the kernel crate knows it.
    pub(crate) fn queue(&self) -> &Queue {
        // SAFETY: The queue is valid as long as `self` is.
        unsafe { Queue::from_raw(self.0.as_raw()) }
    }
}
