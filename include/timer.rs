// SPDX-License-Identifier: GPL-2.0-only

//! A classic timer whose expiry only queues work.

use crate::{
    bindings,
    wait::Jiffies, //
};
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// A timer that runs a function in softirq context.
#[pin_data(PinnedDrop)]
pub(crate) struct Timer {
    #[pin]
    timer: Opaque<bindings::timer_list>,
}

// SAFETY: The kernel's timer functions may be called from every context.
unsafe impl Send for Timer {}
// SAFETY: As above.
unsafe impl Sync for Timer {}

impl Timer {
    /// A timer that runs `function`, which must not sleep and must not touch the timer but to arm
    /// it again.
    pub(crate) fn new(
        function: unsafe extern "C" fn(*mut bindings::timer_list),
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- Opaque::ffi_init(move |timer| {
                // SAFETY: `timer` is valid for writes and pinned; the name lives for ever.
                unsafe {
                    bindings::timer_init_key(
                        timer,
                        Some(function),
                        0,
                        c"fscache".as_char_ptr(),
                        kernel::static_lock_class!().as_ptr(),
                    )
                }
            }),
        })
    }

    /// Lets the timer expire at `when` (in jiffies), or earlier if it was to.
    pub(crate) fn reduce(&self, when: Jiffies) {
        // SAFETY: The timer is initialised for as long as `self` lives.
        unsafe { bindings::timer_reduce(self.timer.get(), when) };
    }

    /// When the timer will expire, if it is armed.
    pub(crate) fn expires(&self) -> Option<Jiffies> {
        let timer = self.timer.get();
        // SAFETY: The timer is valid; it changes under us, hence volatile.
        unsafe {
            let pending = !(&raw const (*timer).entry.pprev).read_volatile().is_null();
            pending.then(|| (&raw const (*timer).expires).read_volatile())
        }
    }

    /// Stops the timer for good, and waits for its function to end.
    pub(crate) fn shutdown(&self) {
        // SAFETY: The timer is valid, and its function takes no lock that the caller holds.
        unsafe { bindings::timer_shutdown_sync(self.timer.get()) };
    }
}

#[pinned_drop]
impl PinnedDrop for Timer {
    fn drop(self: Pin<&mut Self>) {
        self.shutdown();
    }
}
