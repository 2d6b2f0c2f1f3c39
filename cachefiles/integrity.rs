// SPDX-License-Identifier: GPL-2.0-only

//! Where an object's file may hold something else than was to be stored in it.
//!
//! A write that failed, or was cut short, leaves its range *damaged*; while there is such a range,
//! the object is suspect: nothing is read from it or stored in it. Who wants to store makes the range
//! absent first ([`Object::mend`](crate::object::Object::mend)); who wants to read is sent to the
//! server, as mending may wait for the disk. Ranges that do not touch are too
//! much for that: the file is not used any more, and removed in the end.
//!
//! Damage is told by the *epoch* of the file, which counts up when another file takes its place:
//! what happens to the one before does not matter to the one after. A file that is found by a lookup
//! takes nobody's place: what could not be stored while it was looked for is damage of it.
//!
//! Atomic words; all but the replacement of the file may be called in any context.

use crate::{
    atomic::Atomic,
    extent::Damage, //
};
use kernel::sync::atomic::ordering;

/// What is known of a file.
pub(crate) struct Integrity {
    epoch: Atomic<u32>,
    /// [`Damage::word`].
    damage: Atomic<usize>,
    /// Writes that may turn out bad.
    writes: Atomic<i32>,
}

/// Damage that nobody adds to for now.
pub(crate) struct Mendable {
    word: usize,
    /// From where on, and how much.
    pub(crate) range: (u64, u64),
}

impl Integrity {
    /// Of no file.
    pub(crate) fn new() -> Self {
        Self {
            epoch: Atomic::new(0),
            damage: Atomic::new(0),
            writes: Atomic::new(0),
        }
    }

    /// Another file takes the place of the one there was. Under the object's `change`.
    pub(crate) fn start_over(&self) {
        self.epoch.fetch_add(1, ordering::Full);
        // An exchange, not a store, so that it is in order with those who add to it.
        self.damage.xchg(0, ordering::Full);
    }

    /// Which file it is.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(ordering::Acquire)
    }

    /// In the file that was there in `epoch`, this is damaged.
    pub(crate) fn note(&self, epoch: u32, damage: Damage) {
        if self.epoch() != epoch {
            return;
        }
        let mut old = self.damage.load(ordering::Relaxed);
        loop {
            let new = Damage::from_word(old as u64).and(damage).word() as usize;
            match self.damage.cmpxchg(old, new, ordering::Full) {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
    }

    /// Is anything damaged?
    pub(crate) fn is_suspect(&self) -> bool {
        Damage::from_word(self.damage.load(ordering::Acquire) as u64) != Damage::NONE
    }

    /// A write begins, whose damage will be noted before it is said to have ended.
    pub(crate) fn begin_write(&self) {
        self.writes.fetch_add(1, ordering::Full);
    }

    /// A write has ended.
    pub(crate) fn end_write(&self) {
        self.writes.fetch_sub(1, ordering::Full);
    }

    /// What may be made absent now: not while there are writes, as those may damage the same range
    /// again; whoever begins one later sees that the object is suspect.
    pub(crate) fn mendable(&self) -> Option<Mendable> {
        let word = self.damage.load(ordering::Acquire);
        let range = Damage::from_word(word as u64).range()?;
        (self.writes.fetch_add(0, ordering::Full) == 0).then_some(Mendable { word, range })
    }

    /// That was made absent; true if nothing else was damaged meanwhile.
    pub(crate) fn mended(&self, was: &Mendable) -> bool {
        self.damage.cmpxchg(was.word, 0, ordering::Full).is_ok()
    }
}
