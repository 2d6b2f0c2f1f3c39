// SPDX-License-Identifier: GPL-2.0-only

//! Waiting for a backend: with a bound, and not again and again for one that is stuck.
//!
//! A backend that makes somebody wait for longer than patience lasts is *stuck*, until it has ended
//! anything at all. Meanwhile nobody waits for it. So a disk that does not answer holds up each of
//! those who need it just then, once, and not everybody at every page.

use crate::{
    counters,
    deadline::Deadline,
    layout::Volume,
    ratelimit::may_speak,
    wait::Jiffies, //
};

/// The patience of one who waits for the backend of a volume.
pub(crate) struct Patience<'a> {
    volume: &'a Volume,
    deadline: Deadline,
}

impl<'a> Patience<'a> {
    /// Patience that has not begun.
    pub(crate) const fn new(volume: &'a Volume) -> Self {
        Self {
            volume,
            deadline: Deadline::new(),
        }
    }

    /// Waits by `wait`, which takes as many jiffies at most as it is told, and says whether what it
    /// waits for has come. False if it has not, or if the backend is stuck; `complain` is called
    /// when patience ends by this, but not too often. Sleeps.
    pub(crate) fn wait(
        &mut self,
        wait: impl FnOnce(Jiffies) -> bool,
        complain: impl FnOnce(),
    ) -> bool {
        let cache = self.volume.cache();
        if cache.is_stuck() {
            return false;
        }
        if self.deadline.left().is_some_and(wait) {
            return true;
        }
        cache.set_stuck(true);
        counters::inc(self.volume, |c| &c.timeouts);
        if may_speak() {
            complain();
        }
        false
    }
}
