// SPDX-License-Identifier: GPL-2.0-only

//! How long someone who waits again and again may go on doing so.

use crate::wait::{
    self,
    Jiffies,
    PATIENCE, //
};

/// The end of [`PATIENCE`], which begins when it is first asked about: whoever need not wait does
/// not look at the clock.
pub(crate) struct Deadline(Option<Jiffies>);

impl Deadline {
    /// Patience that has not begun.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// How much is left, in jiffies; `None` once it is over.
    pub(crate) fn left(&mut self) -> Option<Jiffies> {
        let now = wait::now();
        let ends = *self.0.get_or_insert(now.wrapping_add(PATIENCE));
        let left = ends.wrapping_sub(now);
        // What is past wraps to a number far beyond all patience.
        (left > 0 && left <= PATIENCE).then_some(left)
    }
}
