// SPDX-License-Identifier: GPL-2.0-only

//! What is known of a file is so: every order of a few steps of two who read, and of all that may
//! happen to the file meanwhile.

use crate::known::{Asked, Extent, FileState, Known};

/// Blocks of a byte, a bit each.
const BLOCKS: u64 = 3;

/// Who reads, from the file that there was when he began.
#[derive(Clone, Copy)]
struct Reader {
    file: usize,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Begin,
    Asked(Asked),
    Answered(Asked, Extent),
}

#[derive(Clone, Copy)]
struct World {
    known: Known,
    /// Which of two places the object's file lies in. What lay in the other one may still be open.
    file: usize,
    data: [u8; 2],
    /// When each was changed, as its inode says.
    changed: [u64; 2],
    /// Blocks that are being made absent: whoever does that has their folios, so nobody reads them.
    removing: u8,
    readers: [Option<Reader>; 2],
}

impl World {
    fn state(&self, file: usize) -> FileState {
        FileState {
            file,
            changed: self.changed[file - 1],
            // What is here is what it takes, and more never comes with less in one tick.
            sectors: 0,
        }
    }

    /// The answer of the filesystem, of where data ends that begins at `pos`.
    fn extent(&self, file: usize, pos: u64) -> Option<Extent> {
        let has = |block: &u64| self.data[file - 1] & 1 << block != 0;
        let end = (pos..BLOCKS).take_while(has).last()? + 1;
        Some(Extent { start: pos, end })
    }

    fn check(&self) {
        let (extent, _) = self.known.recall(self.state(self.file));
        let there = self.data[self.file - 1] | self.removing;
        for block in (0..BLOCKS).filter(|&block| extent.has(block)) {
            assert!(there & 1 << block != 0, "{extent:?} of {there:03b}");
        }
    }

    /// Everything that can happen next.
    fn steps(&self) -> Vec<World> {
        let mut worlds = Vec::new();
        let mut step = |change: &dyn Fn(&mut World)| {
            let mut world = *self;
            change(&mut world);
            worlds.push(world);
        };
        for who in 0..2 {
            let Some(Reader { file, at }) = self.readers[who] else {
                step(&|w| {
                    let (file, at) = (w.file, At::Begin);
                    w.readers[who] = Some(Reader { file, at });
                });
                continue;
            };
            let to = |at| Some(Reader { file, at });
            step(&|w| w.readers[who] = None);
            match at {
                At::Begin => step(&|w| {
                    let (_, asked) = w.known.recall(w.state(file));
                    w.readers[who] = to(At::Asked(asked));
                }),
                At::Asked(asked) => (0..BLOCKS)
                    .filter_map(|pos| self.extent(file, pos))
                    .for_each(|extent| {
                        step(&|w| w.readers[who] = to(At::Answered(asked, extent)));
                    }),
                At::Answered(asked, extent) => step(&|w| {
                    w.known.learn(asked, extent);
                    w.readers[who] = to(At::Begin);
                }),
            }
        }
        let file = self.file;
        for block in 0..BLOCKS as u8 {
            let bit = 1 << block;
            // Stored, by us; and punched, by somebody else.
            step(&|w| {
                w.data[file - 1] |= bit;
                w.changed[file - 1] += 1;
            });
            step(&|w| {
                w.data[file - 1] &= !bit;
                w.changed[file - 1] += 1;
            });
            // Made absent by us, in the tick of the last change.
            if self.removing == 0 {
                step(&|w| {
                    w.removing = bit;
                    w.data[file - 1] &= !bit;
                });
            }
        }
        if self.removing != 0 {
            step(&|w| {
                w.known.forget();
                w.removing = 0;
            });
        }
        // Another file takes its place: where one lies that nobody has open any more.
        let other = 3 - file;
        let is_free = self
            .readers
            .iter()
            .flatten()
            .all(|reader| reader.file != other);
        if is_free && self.removing == 0 {
            step(&|w| {
                w.known.forget();
                w.file = other;
                w.data[other - 1] = 0;
                // As was that of what lay there before.
                w.changed[other - 1] = 0;
            });
        }
        worlds
    }
}

/// Goes through all that may happen in so many steps; how often something was known in the end.
fn explore(world: &World, steps: u32) -> u64 {
    world.check();
    if steps == 0 {
        let (extent, _) = world.known.recall(world.state(world.file));
        return u64::from(extent.has(0));
    }
    world
        .steps()
        .iter()
        .map(|next| explore(next, steps - 1))
        .sum()
}

#[test]
fn what_is_known_is_there() {
    let world = World {
        known: Known::new(),
        file: 1,
        data: [0b111, 0],
        changed: [0; 2],
        removing: 0,
        readers: [None; 2],
    };
    assert!(explore(&world, 7) > 1000, "next to nothing was ever known");
}
