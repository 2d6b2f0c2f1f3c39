// SPDX-License-Identifier: GPL-2.0-only

//! The extent of data that was found last in an object's file: pure.
//!
//! Where data is, and where a hole, is the backing filesystem's to say (`content.rs`). To ask costs a
//! sixth of what a page costs to read, and in a file of many fragments far more than the reading, as
//! the filesystem goes through all of them up to the next hole. Who reads on wants the same answer
//! again; so the last one is kept.
//!
//! # How long it holds
//!
//! - As long as it is the same file, of the same time of change, that takes the same space
//!   ([`FileState`]). What others do to it, a hole that an administrator punched, is seen by that.
//! - Until something of it is made absent, or turns out to be: a store that failed may have been data
//!   while it was under way. Who does, or sees, that says so afterwards ([`Known::forget`]); what was
//!   asked before, and is answered after, is not kept then ([`Asked`]).
//!
//! Data that is stored never makes an answer wrong. At worst it ends too early, and who comes to its
//! end asks.

/// What a file was like when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    /// Which file: the address of the open one.
    pub(crate) file: usize,
    /// When it was changed.
    pub(crate) changed: u64,
    /// The space that it takes.
    pub(crate) sectors: u64,
}

/// Data, from `start` to before `end`, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The first byte.
    pub(crate) start: u64,
    /// The one behind the last.
    pub(crate) end: u64,
}

impl Extent {
    /// None.
    const EMPTY: Self = Self { start: 0, end: 0 };

    /// Does it have the byte at `pos`?
    pub(crate) fn has(self, pos: u64) -> bool {
        self.start <= pos && pos < self.end
    }
}

/// A question that was asked, of what file, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    state: FileState,
    removals: u32,
}

/// What is known of an object's file.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    extent: Extent,
    state: FileState,
    /// How often something was made, or found, absent.
    removals: u32,
}

impl Known {
    /// Nothing.
    pub(crate) const fn new() -> Self {
        Self {
            extent: Extent::EMPTY,
            state: FileState {
                file: 0,
                changed: 0,
                sectors: 0,
            },
            removals: 0,
        }
    }

    /// What is known of a file that is like `state` now, and what is to be said with an answer of
    /// the filesystem that comes after this.
    pub(crate) fn recall(&self, state: FileState) -> (Extent, Asked) {
        let extent = if self.state == state {
            self.extent
        } else {
            Extent::EMPTY
        };
        let removals = self.removals;
        (extent, Asked { state, removals })
    }

    /// The filesystem answered that `extent` is data.
    pub(crate) fn learn(&mut self, asked: Asked, extent: Extent) {
        if asked.removals == self.removals {
            self.state = asked.state;
            self.extent = extent;
        }
    }

    /// Something is absent that may have been data, or another file took the place of the one there was.
    pub(crate) fn forget(&mut self) {
        self.removals = self.removals.wrapping_add(1);
        self.extent = Extent::EMPTY;
    }
}
