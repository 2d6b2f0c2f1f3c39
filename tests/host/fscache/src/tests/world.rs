// SPDX-License-Identifier: GPL-2.0-only

//! A cookie, its worker, its backend and everybody who may ask something of it, as one automaton.
//!
//! Every critical section is one step, and whatever may happen between two of them is a step of
//! its own, so walking all steps from the first world walks all that can happen to a cookie (short
//! of the memory ordering, which is for `loom`). What the world knows and the cookie does not, like
//! "the object is out of date", is what the invariants are about.

use crate::state::*;
use std::collections::{HashMap, VecDeque};

/// What the worker is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Worker {
    Idle,
    /// About to ask what to do about an event.
    Work,
    LookedUp,
    LookupFailed,
    Invalidated,
    InvalidateFailed,
    Withdrawn,
    /// In the backend.
    LookUp,
    Invalidate,
    /// As before, and out of date once more since it began.
    InvalidateAgain,
    /// As before, but the backend has let others in already.
    InvalidateResumed,
    Prepare,
    WithdrawKeep,
    WithdrawDestroy,
    /// Taking it out of the table.
    Unhash,
}

impl Worker {
    const ALL: [Self; 15] = [
        Self::Idle,
        Self::Work,
        Self::LookedUp,
        Self::LookupFailed,
        Self::Invalidated,
        Self::InvalidateFailed,
        Self::Withdrawn,
        Self::LookUp,
        Self::Invalidate,
        Self::InvalidateAgain,
        Self::InvalidateResumed,
        Self::Prepare,
        Self::WithdrawKeep,
        Self::WithdrawDestroy,
        Self::Unhash,
    ];

    fn event(self) -> Option<Event> {
        Some(match self {
            Self::Work => Event::Work,
            Self::LookedUp => Event::LookedUp,
            Self::LookupFailed => Event::LookupFailed,
            Self::Invalidated => Event::Invalidated,
            Self::InvalidateFailed => Event::InvalidateFailed,
            Self::Withdrawn => Event::Withdrawn,
            _ => return None,
        })
    }
}

/// How far an operation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Access {
    None,
    /// Counted; has not looked at the state yet.
    Counted,
    /// Uses the object.
    Held,
}

/// Who waits for the object to have been put away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Waiting {
    Nobody,
    Reader,
    Writer,
}

/// Everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct World {
    pub(super) state: State,
    pub(super) flags: usize,
    pub(super) users: u8,
    /// One of the users may change the file.
    pub(super) writer: bool,
    pub(super) waiting: Waiting,
    pub(super) access: Access,
    pub(super) worker: Worker,
    pub(super) queued: bool,
    /// On the LRU's list.
    pub(super) lru: bool,
    /// Taken off the list, and not seen to yet.
    pub(super) popped: bool,
    /// The backend has an object.
    pub(super) object: bool,
    /// What is in the object is out of date.
    pub(super) stale: bool,
    /// What is on the backend's disk became out of date while it was put there, or by a change that
    /// went past the cache: a lookup finds it, because its coherency data is that of the cookie.
    pub(super) late: bool,
    /// The backend failed before it had the file in hand that is on its disk, and so cannot destroy
    /// it.
    pub(super) unopened: bool,
    /// The backend was told of writes since the lookup.
    pub(super) marked: bool,
    /// How often it was taken out of the table.
    pub(super) unhashed: u8,
}

/// The flags that [`decide`] reads; `only_these_flags_matter` shows that it does not read others.
pub(super) const READ: usize = flags::REQUESTS
    | flags::RELINQUISHED
    | flags::HAS_BEEN_CACHED
    | flags::LOCAL_WRITE
    | flags::WRITER_WAITS
    | flags::WENT_ON;

/// The flags that a world keeps.
const KEPT: usize = READ | flags::IS_CACHING;

impl World {
    pub(super) const FIRST: Self = Self {
        state: State::Quiescent,
        flags: 0,
        users: 0,
        writer: false,
        waiting: Waiting::Nobody,
        access: Access::None,
        worker: Worker::Idle,
        queued: false,
        lru: false,
        popped: false,
        object: false,
        stale: false,
        late: false,
        unopened: false,
        marked: false,
        unhashed: 0,
    };

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.state,
            flags: self.flags,
            accessed: self.access != Access::None,
            active: self.users > 0,
        }
    }

    pub(super) fn has(&self, flags: usize) -> bool {
        self.flags & flags != 0
    }

    /// The requests that somebody has to see to. That what is on disk is to be emptied when it is
    /// looked up, is none.
    pub(super) fn pending(&self) -> usize {
        let on_disk = if self.state == State::Quiescent {
            flags::DO_INVALIDATE
        } else {
            0
        };
        self.flags & flags::REQUESTS & !on_disk
    }

    /// Is the worker neither running nor about to?
    pub(super) fn idle(&self) -> bool {
        self.worker == Worker::Idle && !self.queued
    }

    fn apply(&mut self, decision: &Decision) {
        self.state = decision.state;
        self.flags = (self.flags & !decision.clear | decision.set) & KEPT;
    }

    /// `carry_out()` of `cookie.rs`.
    pub(super) fn outside(&mut self, event: Event) -> Action {
        let decision = decide(&self.snapshot(), event);
        self.apply(&decision);
        match decision.action {
            Action::Queue => self.queued = true,
            Action::Again if self.has(flags::REQUESTS) => self.queued = true,
            Action::Unhash => self.unhashed += 1,
            _ => {}
        }
        decision.action
    }

    /// Something makes the content out of date, and the cookie gets no new coherency data for it.
    pub(super) fn spoil_unseen(&mut self) {
        let late = self.late || !self.object;
        self.spoil();
        self.late |= late;
    }

    /// Something makes the content out of date.
    pub(super) fn spoil(&mut self) {
        match self.worker {
            // The backend decides between old and new when it looks, so what it found before is
            // out of date now.
            Worker::LookUp | Worker::LookedUp => self.stale = true,
            Worker::WithdrawKeep | Worker::Withdrawn => self.late = true,
            Worker::Invalidate => {
                self.stale = true;
                self.worker = Worker::InvalidateAgain;
            }
            _ => self.stale = self.object,
        }
        if !self.state.is_put_away() {
            // The cookie gets new coherency data.
            self.late = false;
        }
    }

    /// The backend has an object now: an old one, if there is one that it takes for good.
    fn found(&mut self) {
        self.object = true;
        self.stale |= self.late;
        self.late = false;
    }

    /// The worker's next steps: each that it may take.
    pub(super) fn work(&self) -> Vec<(&'static str, World)> {
        let mut next = Vec::new();
        let mut go = |name, f: &dyn Fn(&mut World)| {
            let mut world = *self;
            f(&mut world);
            next.push((name, world));
        };
        match self.worker {
            Worker::Idle if self.queued => go("the worker starts", &|w| {
                w.queued = false;
                w.worker = Worker::Work;
            }),
            Worker::Idle => {}
            Worker::LookUp => {
                if self.state == State::LookingUp {
                    go("nothing found", &|w| {
                        w.late = false;
                        w.outside(Event::LookedUpNegative);
                    });
                }
                if self.state != State::Failed {
                    go("the backend gives up in lookup", &|w| {
                        w.found();
                        w.outside(Event::CachingFailed);
                    });
                    go("the backend gives up in lookup, and has no file", &|w| {
                        w.found();
                        w.unopened = true;
                        w.outside(Event::CachingFailed);
                    });
                }
                go("looked up", &|w| {
                    w.found();
                    w.worker = Worker::LookedUp;
                });
                go("lookup failed", &|w| {
                    w.stale &= w.object;
                    w.worker = Worker::LookupFailed;
                });
            }
            Worker::Invalidate | Worker::InvalidateAgain | Worker::InvalidateResumed => {
                let resumed = self.worker == Worker::InvalidateResumed;
                if !resumed {
                    go("emptied, others let in", &|w| {
                        w.stale = w.worker == Worker::InvalidateAgain;
                        w.worker = Worker::InvalidateResumed;
                        w.outside(Event::Invalidated);
                    });
                    go("not emptied", &|w| {
                        w.stale = true;
                        w.worker = Worker::InvalidateFailed;
                    });
                }
                if self.state != State::Failed {
                    go("the backend gives up in emptying", &|w| {
                        w.outside(Event::CachingFailed);
                    });
                }
                go("emptied", &|w| {
                    w.stale &= w.worker != Worker::Invalidate;
                    w.worker = Worker::Invalidated;
                });
            }
            Worker::Prepare => {
                if self.state != State::Failed {
                    go("the backend gives up in preparing", &|w| {
                        w.outside(Event::CachingFailed);
                    });
                }
                go("prepared", &|w| {
                    w.marked = true;
                    w.worker = Worker::Work;
                });
            }
            Worker::WithdrawKeep | Worker::WithdrawDestroy => go("put away", &|w| {
                if w.object && w.worker == Worker::WithdrawKeep {
                    // What C's cachefiles does when it commits.
                    w.flags &= !flags::LOCAL_WRITE;
                }
                w.late |= w.stale && w.unopened;
                w.object = false;
                w.stale = false;
                w.unopened = false;
                w.marked = false;
                w.worker = Worker::Withdrawn;
            }),
            Worker::Unhash => go("out of the table", &|w| {
                w.unhashed += 1;
                w.worker = Worker::Work;
            }),
            Worker::Work
            | Worker::LookedUp
            | Worker::LookupFailed
            | Worker::Invalidated
            | Worker::InvalidateFailed
            | Worker::Withdrawn => go("the worker asks", &|w| {
                let event = w.worker.event().unwrap();
                let decision = decide(&w.snapshot(), event);
                w.apply(&decision);
                w.worker = match decision.action {
                    Action::Rest | Action::Wait | Action::Refuse => Worker::Idle,
                    Action::Again | Action::Queue => Worker::Work,
                    Action::LookUp => Worker::LookUp,
                    Action::Invalidate => Worker::Invalidate,
                    Action::PrepareToWrite => Worker::Prepare,
                    Action::Withdraw { keep: true } => Worker::WithdrawKeep,
                    Action::Withdraw { keep: false } => Worker::WithdrawDestroy,
                    Action::Unhash => Worker::Unhash,
                };
            }),
        }
        next
    }

    /// What the others may do next.
    pub(super) fn others(&self) -> Vec<(&'static str, World)> {
        let mut next = Vec::new();
        let mut go = |name, f: &dyn Fn(&mut World)| {
            let mut world = *self;
            f(&mut world);
            next.push((name, world));
        };
        let given_up = self.has(flags::RELINQUISHED);

        // The filesystem.
        if !given_up {
            if self.users < 2 && self.waiting == Waiting::Nobody {
                for (name, modify, live) in [
                    ("use to read", false, true),
                    ("use to write", true, true),
                    ("use to read without cache", false, false),
                    ("use to write without cache", true, false),
                ] {
                    if !live && self.state != State::Quiescent {
                        continue;
                    }
                    go(name, &|w| {
                        w.users += 1;
                        w.writer |= modify;
                        w.try_to_use(modify, live);
                    });
                }
            }
            if self.waiting != Waiting::Nobody && self.state != State::LruDiscarding {
                go("the one who waited uses it", &|w| {
                    let modify = w.waiting == Waiting::Writer;
                    w.waiting = Waiting::Nobody;
                    w.try_to_use(modify, true);
                });
            }
            if self.waiting != Waiting::Nobody && self.state == State::LruDiscarding {
                go("the one who waited goes on", &|w| {
                    let modify = w.waiting == Waiting::Writer;
                    w.waiting = Waiting::Nobody;
                    let action = w.outside(Event::Use {
                        modify,
                        live: false,
                        patient: false,
                    });
                    assert_ne!(action, Action::Wait);
                });
            }
            // netfs does not tell what it writes to a file that it thinks is not cached.
            if self.writer && self.waiting != Waiting::Writer && !self.has(flags::IS_CACHING) {
                go("a write that nobody hears of", &World::spoil_unseen);
            }
            go("invalidate", &|w| {
                w.spoil();
                w.outside(Event::Invalidate);
            });
            go("invalidate without new coherency data", &|w| {
                w.spoil_unseen();
                w.outside(Event::Invalidate);
            });
            // `cookie::missed_change()`
            go("a change goes past the cache", &|w| {
                w.spoil_unseen();
                if !w.has(flags::DO_INVALIDATE) {
                    w.outside(Event::Invalidate);
                }
            });
            // `cookie::missed_write()`, which is told of by a flag.
            if self.writer && self.waiting != Waiting::Writer {
                go("a write goes past the cache", &|w| {
                    w.spoil_unseen();
                    let told = w.has(flags::LOCAL_WRITE | flags::WRITER_WAITS);
                    if told && !w.has(flags::DO_INVALIDATE) {
                        w.outside(Event::Invalidate);
                    }
                });
            }
            if self.waiting == Waiting::Nobody {
                go("relinquish", &|w| {
                    w.flags |= flags::RELINQUISHED;
                    w.lru = false;
                    w.outside(Event::Relinquish);
                });
            }
        }
        // One of those who do not wait; also of a cookie that was given up, by one who lost count.
        if self.users > u8::from(self.waiting != Waiting::Nobody) {
            go("unuse", &|w| {
                w.users -= 1;
                if w.users == 0 {
                    w.writer = false;
                    w.lru |= w.has(flags::IS_CACHING) && !given_up;
                }
            });
            if self.users == 2 && self.writer && self.waiting != Waiting::Writer {
                go("unuse by the only writer", &|w| {
                    w.users -= 1;
                    w.writer = false;
                });
            }
        }

        // Operations.
        match self.access {
            Access::None if self.has(flags::IS_CACHING) => go("begin", &|w| {
                w.access = Access::Counted;
            }),
            Access::None => {}
            Access::Counted => {
                if self.has(flags::IS_CACHING)
                    && matches!(self.state, State::Active | State::Creating)
                {
                    go("begun", &|w| w.access = Access::Held);
                }
                go("given up", &World::end);
            }
            Access::Held => {
                go("end", &World::end);
                if self.object && self.state != State::Failed {
                    go("an operation finds the object broken", &|w| {
                        w.outside(Event::CachingFailed);
                    });
                }
            }
        }

        // The LRU and the backend.
        if self.lru {
            go("taken off the LRU", &|w| {
                w.lru = false;
                w.popped = true;
            });
        }
        if self.popped {
            go("unused for long", &|w| {
                w.popped = false;
                w.lru |= w.outside(Event::Unused) == Action::Again;
            });
        }
        if self.object {
            go("wanted back", &|w| {
                w.lru = false;
                w.outside(Event::WantWithdraw);
            });
        }
        next
    }

    fn try_to_use(&mut self, modify: bool, live: bool) {
        let live = live && self.state == State::Quiescent;
        let event = Event::Use {
            modify,
            live,
            patient: true,
        };
        if self.outside(event) == Action::Wait {
            self.waiting = if modify {
                Waiting::Writer
            } else {
                Waiting::Reader
            };
        }
    }

    pub(super) fn end(&mut self) {
        self.access = Access::None;
        self.queued |= self.has(flags::AWAIT_ACCESSES);
    }

    fn pack(&self) -> u64 {
        let bools = [
            self.writer,
            self.queued,
            self.lru,
            self.popped,
            self.object,
            self.stale,
            self.late,
            self.marked,
            self.unopened,
        ];
        let mut packed = self.flags as u64;
        for (at, bit) in bools.into_iter().enumerate() {
            packed |= u64::from(bit) << (20 + at);
        }
        for (at, value) in [
            self.state as u8,
            self.users,
            self.waiting as u8,
            self.access as u8,
            self.worker as u8,
            self.unhashed,
        ]
        .into_iter()
        .enumerate()
        {
            packed |= u64::from(value) << (29 + 4 * at);
        }
        packed
    }

    fn unpack(packed: u64) -> Self {
        let bit = |at: u32| packed >> (20 + at) & 1 != 0;
        let value = |at: u32| (packed >> (29 + 4 * at) & 15) as usize;
        Self {
            flags: (packed & 0xf_ffff) as usize,
            writer: bit(0),
            queued: bit(1),
            lru: bit(2),
            popped: bit(3),
            object: bit(4),
            stale: bit(5),
            late: bit(6),
            marked: bit(7),
            unopened: bit(8),
            state: State::ALL[value(0)],
            users: value(1) as u8,
            waiting: [Waiting::Nobody, Waiting::Reader, Waiting::Writer][value(2)],
            access: [Access::None, Access::Counted, Access::Held][value(3)],
            worker: Worker::ALL[value(4)],
            unhashed: value(5) as u8,
        }
    }
}

/// Spreads the bits of a packed world; the default hasher is too slow for millions.
#[derive(Clone, Copy, Default)]
pub(super) struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
    fn write(&mut self, _: &[u8]) {
        unimplemented!()
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl std::hash::BuildHasher for Spread {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        *self
    }
}

/// All worlds that can be reached, with one before each.
pub(super) struct Worlds(HashMap<u64, u64, Spread>);

impl Worlds {
    /// Walks all worlds, and calls `check` with each step between two.
    pub(super) fn walk(check: impl Fn(&World, &'static str, &World) -> Result<(), String>) -> Self {
        let first = World::FIRST.pack();
        let mut seen = Self(HashMap::with_hasher(Spread::default()));
        seen.0.insert(first, first);
        let mut todo = VecDeque::from([first]);
        while let Some(packed) = todo.pop_front() {
            let world = World::unpack(packed);
            for (name, next) in world.work().into_iter().chain(world.others()) {
                if let Err(wrong) = check(&world, name, &next) {
                    panic!("{wrong}\n{}-> {name}: {next:?}", seen.way_to(&world));
                }
                let next = next.pack();
                seen.0.entry(next).or_insert_with(|| {
                    todo.push_back(next);
                    packed
                });
            }
        }
        seen
    }

    pub(super) fn all(&self) -> impl Iterator<Item = World> + '_ {
        self.0.keys().map(|packed| World::unpack(*packed))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// One of the shortest ways from the first world to this.
    pub(super) fn way_to(&self, world: &World) -> String {
        let mut at = world.pack();
        let mut way = Vec::new();
        while self.0[&at] != at {
            let before = World::unpack(self.0[&at]);
            let name = before
                .work()
                .into_iter()
                .chain(before.others())
                .find(|(_, next)| next.pack() == at)
                .map_or("?", |(name, _)| name);
            way.push(format!("-> {name}: {:?}\n", World::unpack(at)));
            at = self.0[&at];
        }
        way.reverse();
        way.concat()
    }
}
