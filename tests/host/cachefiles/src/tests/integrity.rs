// SPDX-License-Identifier: GPL-2.0-only

//! Writes that fail, files that are replaced and mending, in all interleavings that `loom` finds.
//!
//! What is played is what `object.rs` and `io/write.rs` do, in their order; what is tried is
//! [`Integrity`].

use crate::{
    atomic::{
        ordering::{Acquire, Full, Release},
        Accesses, Atomic, ACCESSES,
    },
    extent::{Damage, DIO_BLOCK},
    integrity::Integrity,
};
use loom::{
    sync::{Arc, Mutex},
    thread,
};

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Block {
    Absent,
    Stored,
    /// Something, but not what was to be stored.
    Wrong,
}
use Block::*;

/// Four blocks, a byte each: moving data is one step here.
struct File(Atomic<u32>);

impl File {
    fn new(block: Block) -> Self {
        Self(Atomic::new(u32::from_ne_bytes([block as u8; 4])))
    }

    fn get(&self, block: usize) -> Block {
        [Absent, Stored, Wrong][usize::from(self.0.load(Full).to_ne_bytes()[block])]
    }

    fn set(&self, first: usize, blocks: usize, to: Block) {
        let mut old = self.0.load(Full);
        loop {
            let mut new = old.to_ne_bytes();
            new[first..first + blocks].fill(to as u8);
            match self.0.cmpxchg(old, u32::from_ne_bytes(new), Full) {
                Ok(_) => return,
                Err(now) => old = now,
            }
        }
    }
}

struct Object {
    integrity: Integrity,
    /// An object's `change`.
    change: Mutex<()>,
    /// The file there is, and the one that may take its place. A lock orders who takes it after
    /// who put it there; that order is here in `which`.
    files: [File; 2],
    which: Atomic<usize>,
}

impl Object {
    fn file(&self) -> &File {
        &self.files[self.which.load(Acquire)]
    }

    fn mend(&self) -> bool {
        let _change = self.change.lock().unwrap();
        if !self.integrity.is_suspect() {
            return true;
        }
        let Some(damage) = self.integrity.mendable() else {
            return false;
        };
        let (start, len) = damage.range;
        let (first, blocks) = (start / DIO_BLOCK, len / DIO_BLOCK);
        self.file().set(first as usize, blocks as usize, Absent);
        self.integrity.mended(&damage)
    }

    /// True if it was stored.
    fn write(&self, block: usize, fails: bool) -> bool {
        let file = self.file();
        if self.integrity.is_suspect() {
            self.mend();
        }
        let epoch = self.integrity.epoch();
        self.integrity.begin_write();
        if self.integrity.is_suspect() {
            self.integrity.end_write();
            file.set(block, 1, Absent);
            return false;
        }
        file.set(block, 1, if fails { Wrong } else { Stored });
        if fails {
            let damage = Damage::of(block as u64 * DIO_BLOCK, DIO_BLOCK);
            self.integrity.note(epoch, damage);
        }
        self.integrity.end_write();
        !fails
    }

    /// What somebody finds; nothing if the cache cannot be asked.
    fn read(&self, block: usize) -> Option<Block> {
        if self.integrity.is_suspect() && !self.mend() {
            return None;
        }
        Some(self.file().get(block))
    }

    fn replace(&self) {
        let _change = self.change.lock().unwrap();
        self.integrity.start_over();
        self.which.store(1, Release);
    }
}

/// Plays two parts beside a third, and then the end.
fn play(parts: [fn(&Object) -> bool; 2], third: fn(&Object) -> bool, end: fn(&Object, [bool; 2])) {
    // Weak ones are many times as many.
    for (accesses, bound) in [(Accesses::InOrder, 3), (Accesses::Weak, 2)] {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(bound);
        builder.max_branches = 100_000;
        ACCESSES.set(accesses);
        println!("{accesses:?}");
        builder.check(move || {
            let object = Arc::new(Object {
                integrity: Integrity::new(),
                change: Mutex::new(()),
                files: [File::new(Stored), File::new(Absent)],
                which: Atomic::new(0),
            });
            let threads = parts.map(|part| {
                let object = object.clone();
                thread::spawn(move || part(&object))
            });
            third(&object);
            end(&object, threads.map(|thread| thread.join().unwrap()));
        });
    }
}

/// A write that fails while the damage of another one, of the same block, is mended.
#[test]
fn damage_again_while_it_is_mended() {
    play(
        [|o| o.write(0, true), |o| o.write(0, true)],
        |o| o.mend(),
        |o, _| {
            assert_eq!(o.read(0), Some(Absent));
            assert_eq!(o.read(1), Some(Stored));
        },
    );
}

/// What was stored beside it stays, unless somebody was told that it was not stored.
#[test]
fn stored_beside_damage() {
    play(
        [|o| o.write(0, true), |o| o.write(1, false)],
        |o| o.mend(),
        |o, [_, stored]| {
            assert_eq!(o.read(0), Some(Absent));
            assert_eq!(o.read(1), Some(if stored { Stored } else { Absent }));
        },
    );
}

/// Damage in two places is too much to be mended, unless the first was mended before.
#[test]
fn damage_in_two_places() {
    play(
        [|o| o.write(0, true), |o| o.write(2, true)],
        |o| o.mend(),
        |o, _| {
            for block in [0, 2] {
                assert_ne!(o.read(block), Some(Wrong));
                assert_ne!(o.read(block), Some(Stored));
            }
            assert_ne!(o.read(1), Some(Absent));
        },
    );
}

/// Of two files, what is damaged of the one that is there is seen.
#[test]
fn replaced() {
    play(
        [
            |o| o.write(0, true),
            |o| {
                o.replace();
                o.write(1, true)
            },
        ],
        |o| o.mend(),
        |o, _| {
            for block in [0, 1] {
                assert_ne!(
                    o.read(block),
                    Some(Wrong),
                    "block {block} of {}",
                    o.which.load(Acquire)
                );
            }
        },
    );
}

/// And what was damaged of the one before does not matter.
#[test]
fn damage_before_the_replacement() {
    play(
        [
            |o| {
                o.write(0, true);
                // More than can be mended.
                o.integrity.note(o.integrity.epoch(), Damage::ALL);
                o.replace();
                o.write(1, false)
            },
            |o| o.mend(),
        ],
        |o| o.mend(),
        |o, [stored, _]| {
            assert!(stored);
            assert_eq!(o.read(1), Some(Stored));
            assert_eq!(o.read(2), Some(Absent));
        },
    );
}
