// SPDX-License-Identifier: GPL-2.0-only

//! A timer that never expires, but must not be armed once it was shut down.

use super::{
    fault::{self, Fault},
    sync::atomic::{ordering::Full, Atomic},
    wait::{self, Jiffies},
};
use std::cell::Cell;

thread_local! {
    /// Is the model about the timer? If not, it is left out.
    pub(crate) static WATCHED: Cell<bool> = const { Cell::new(false) };
}

const STOPPED: u32 = 0;
const ARMED: u32 = 1;
const SHUT_DOWN: u32 = 2;

pub(crate) struct Timer(Atomic<u32>);

impl Timer {
    pub(crate) fn new(_: ()) -> Self {
        Self(Atomic::new(STOPPED))
    }

    pub(crate) fn reduce(&self, _: Jiffies) {
        if WATCHED.get() {
            // One that was shut down cannot be armed.
            let _ = self.0.cmpxchg(STOPPED, ARMED, Full);
        }
    }

    pub(crate) fn expires(&self) -> Option<Jiffies> {
        (self.0.load(Full) == ARMED).then(|| wait::now() + 1)
    }

    pub(crate) fn shutdown(&self) {
        let end = if fault::is(Fault::TimerOnlyDeleted) {
            STOPPED
        } else {
            SHUT_DOWN
        };
        self.0.store(end, Full);
    }
}
