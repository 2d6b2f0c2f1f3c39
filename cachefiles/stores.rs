// SPDX-License-Identifier: GPL-2.0-only

//! The stores that are under way in a cache: pure.
//!
//! Of those of one file no two touch or overlap; why, says `unwritten.rs`.

/// How many there may be.
const STORES: usize = 64;

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    /// Which file: the address of the open one.
    pub(crate) file: usize,
    /// The first byte.
    pub(crate) start: u64,
    /// The one behind the last.
    pub(crate) end: u64,
}

impl Store {
    const NONE: Self = Self {
        file: 0,
        start: 0,
        end: 0,
    };

    fn touches(&self, other: &Self) -> bool {
        self.file == other.file && self.start <= other.end && other.start <= self.end
    }
}

/// Those that are under way.
pub(crate) struct Stores {
    /// The first `len` of these.
    stores: [Store; STORES],
    len: usize,
}

impl Stores {
    /// None.
    pub(crate) const fn new() -> Self {
        Self {
            stores: [Store::NONE; STORES],
            len: 0,
        }
    }

    /// Lets a store begin; false if one touches it, or there are too many.
    pub(crate) fn begin(&mut self, store: Store) -> bool {
        if self.stores.iter().take(self.len).any(|s| s.touches(&store)) {
            return false;
        }
        let Some(free) = self.stores.get_mut(self.len) else {
            return false;
        };
        *free = store;
        self.len = self.len.saturating_add(1);
        true
    }

    /// A store has ended that was let begin.
    pub(crate) fn end(&mut self, store: Store) {
        let Some(at) = self.stores.iter().take(self.len).position(|s| *s == store) else {
            return;
        };
        let last = self.len.saturating_sub(1);
        self.stores.swap(at, last);
        self.len = last;
    }
}
