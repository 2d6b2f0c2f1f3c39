// SPDX-License-Identifier: GPL-2.0-only

//! Random sequences, against a small model of what a cache of files promises. The model knows
//! nothing of states and flags; it is written from the documentation of the API.

use super::world::*;
use crate::state::*;
use proptest::prelude::*;

/// What somebody does.
#[derive(Clone, Copy, Debug)]
enum Do {
    Use {
        modify: bool,
        live: bool,
    },
    Unuse,
    Invalidate,
    WantBack,
    LongUnused,
    GiveUp,
    Begin,
    End,
    /// The backend finds objects, or cannot look them up, from here on.
    Lookups {
        succeed: bool,
        there: bool,
    },
    /// The backend can empty objects, or not, from here on.
    Emptying {
        succeeds: bool,
    },
    /// The worker does so many steps; in the exact test, it always runs to the end.
    Worker {
        steps: u8,
    },
}

fn anything() -> impl Strategy<Value = Do> {
    prop_oneof![
        6 => (any::<bool>(), proptest::bool::weighted(0.9))
            .prop_map(|(modify, live)| Do::Use { modify, live }),
        6 => Just(Do::Unuse),
        4 => Just(Do::Invalidate),
        2 => Just(Do::WantBack),
        4 => Just(Do::LongUnused),
        1 => Just(Do::GiveUp),
        4 => Just(Do::Begin),
        4 => Just(Do::End),
        1 => (proptest::bool::weighted(0.7), any::<bool>())
            .prop_map(|(succeed, there)| Do::Lookups { succeed, there }),
        1 => proptest::bool::weighted(0.6).prop_map(|succeeds| Do::Emptying { succeeds }),
        6 => (0..8u8).prop_map(|steps| Do::Worker { steps }),
    ]
}

/// What is promised of one file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Promise {
    users: u8,
    writing: bool,
    given_up: bool,
    reading: bool,
    /// There is an object.
    cached: bool,
    /// It is good for nothing, and goes when nobody reads it any more.
    bad: bool,
    /// What is on the disk, or was when nobody could destroy it, is to be emptied when it is found.
    late: bool,
    /// Somebody may have written since it was put away, or may be writing now.
    written: bool,
    /// It goes when nobody reads it any more.
    wanted_back: bool,
    /// It goes when nobody reads it any more, unless somebody opens the file before.
    unused: bool,
    gone: bool,
}

impl Promise {
    fn settle(&mut self) {
        if self.reading {
            return;
        }
        if self.cached && (self.bad || self.wanted_back || self.unused || self.given_up) {
            let writes = self.written && (self.users > 0 || self.bad);
            self.written &= self.bad || self.late || writes;
            self.cached = false;
            self.bad = false;
            self.wanted_back = false;
            self.unused = false;
        }
        self.gone |= self.given_up;
    }
}

/// The cookie with a backend that does what it is told to.
struct Machine {
    world: World,
    succeed: bool,
    there: bool,
    empties: bool,
}

impl Machine {
    fn step(&mut self) {
        let in_lookup = if !self.succeed {
            "lookup failed"
        } else if !self.there && self.world.state == State::LookingUp {
            "nothing found"
        } else {
            "looked up"
        };
        let in_emptying = if self.empties {
            "emptied"
        } else {
            "not emptied"
        };
        let next = self.world.work();
        let wanted = |name: &str| match self.world.worker {
            Worker::LookUp => name == in_lookup,
            Worker::Invalidate | Worker::InvalidateAgain => name == in_emptying,
            _ => !name.starts_with("the backend gives up"),
        };
        if let Some((_, world)) = next.into_iter().find(|(name, _)| wanted(name)) {
            self.world = world;
        }
    }

    fn settle(&mut self) {
        for _ in 0..60 {
            if self.world.idle() {
                return;
            }
            self.step();
        }
        panic!("no end: {:?}", self.world);
    }

    /// Takes the step of that name, if it can be taken.
    fn take(&mut self, name: &str) -> bool {
        let next = self.world.others().into_iter().find(|(n, _)| *n == name);
        if let Some((_, world)) = next {
            self.world = world;
            return true;
        }
        false
    }

    fn act(&mut self, act: Do) -> bool {
        match act {
            Do::Use { modify, live } => {
                let name = match (modify, live || self.world.state != State::Quiescent) {
                    (false, true) => "use to read",
                    (true, true) => "use to write",
                    (false, false) => "use to read without cache",
                    (true, false) => "use to write without cache",
                };
                self.take(name)
            }
            Do::Unuse => self.take("unuse"),
            Do::Invalidate => self.take("invalidate"),
            Do::WantBack => self.take("wanted back"),
            Do::LongUnused => self.take("taken off the LRU") && self.take("unused for long"),
            Do::GiveUp => self.take("relinquish"),
            Do::Begin => self.take("begin"),
            Do::End => self.take("end") || self.take("given up"),
            Do::Lookups { succeed, there } => {
                self.succeed = succeed;
                self.there = there;
                true
            }
            Do::Emptying { succeeds } => {
                self.empties = succeeds;
                true
            }
            Do::Worker { steps } => {
                for _ in 0..steps {
                    self.step();
                }
                if self.take("the one who waited uses it") {
                    self.step();
                }
                true
            }
        }
    }
}

fn machine() -> Machine {
    Machine {
        world: World::FIRST,
        succeed: true,
        there: true,
        empties: true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    /// If the worker runs to its end after each thing that is done, what is there is exactly what
    /// was promised.
    #[test]
    fn one_thing_at_a_time(acts in proptest::collection::vec(anything(), 1..80)) {
        let mut machine = machine();
        let mut promise = Promise {
            users: 0,
            writing: false,
            given_up: false,
            reading: false,
            cached: false,
            bad: false,
            late: false,
            written: false,
            wanted_back: false,
            unused: false,
            gone: false,
        };
        for act in acts {
            if !machine.act(act) {
                continue;
            }
            machine.settle();
            match act {
                Do::Use { modify, live } => {
                    promise.users += 1;
                    promise.writing |= modify;
                    promise.unused = false;
                    promise.late |= live && !promise.cached && promise.written;
                    promise.written |= modify;
                    if live && machine.succeed && !promise.cached {
                        promise.cached = machine.empties || !promise.late;
                        promise.late &= !promise.cached;
                    }
                }
                Do::Unuse => {
                    promise.users -= 1;
                    promise.writing &= promise.users > 0;
                }
                Do::Invalidate => {
                    promise.bad |= promise.cached && !machine.empties;
                    promise.late |= !promise.cached || !machine.empties;
                }
                Do::WantBack => promise.wanted_back = true,
                Do::LongUnused => {
                    promise.unused |= promise.cached && !promise.bad && promise.users == 0;
                }
                Do::GiveUp => promise.given_up = true,
                Do::Begin => {
                    // It may be read as long as it is good.
                    let begun = machine.take("begun");
                    prop_assert_eq!(begun, promise.cached && !promise.bad);
                    promise.reading = begun;
                    if !begun {
                        machine.take("given up");
                        machine.settle();
                    }
                }
                Do::End => promise.reading = false,
                Do::Lookups { .. } | Do::Emptying { .. } | Do::Worker { .. } => {}
            }
            promise.settle();
            let world = &machine.world;
            let shown = format!("{act:?}: {promise:?} {world:?}");
            prop_assert_eq!(world.object, promise.cached, "{}", shown);
            prop_assert_eq!(world.state == State::Dropped, promise.gone, "{}", shown);
            prop_assert_eq!(u8::from(promise.gone), world.unhashed, "{}", shown);
            let good = promise.cached && !promise.bad;
            prop_assert_eq!(world.state == State::Active, good, "{}", shown);
            prop_assert!(!good || !world.stale, "{}", shown);
            prop_assert!(!good || !promise.writing || world.marked, "{}", shown);
        }
    }

    /// However the worker is held up, what it comes to in the end keeps the promises that do not
    /// depend upon when it ran.
    #[test]
    fn with_a_worker_that_is_late(acts in proptest::collection::vec(anything(), 1..80)) {
        let mut machine = machine();
        for act in acts {
            machine.act(act);
        }
        // All who were held up go on, and all who read stop.
        machine.take("end");
        machine.take("given up");
        machine.settle();
        while machine.take("the one who waited uses it") {
            machine.settle();
        }
        let world = &machine.world;
        prop_assert_eq!(world.pending(), 0, "{:?}", world);
        if world.has(flags::RELINQUISHED) {
            prop_assert_eq!(world.state, State::Dropped);
            prop_assert_eq!(world.unhashed, 1);
        } else {
            prop_assert!(matches!(world.state, State::Quiescent | State::Active), "{:?}", world);
            prop_assert_eq!(world.unhashed, 0);
        }
        prop_assert_eq!(world.object, world.state == State::Active, "{:?}", world);
        prop_assert!(!world.stale, "{:?}", world);
        prop_assert!(!world.object || !world.writer || world.marked, "{:?}", world);
        prop_assert!(!world.object || world.users > 0 || world.lru || world.popped, "{:?}", world);
        // And it can be used again, if it was not given up.
        if !world.has(flags::RELINQUISHED) && world.users < 2 {
            machine.succeed = true;
            machine.empties = true;
            machine.act(Do::Use { modify: true, live: true });
            machine.settle();
            prop_assert_eq!(machine.world.state, State::Active);
            prop_assert!(machine.world.marked);
        }
    }
}
