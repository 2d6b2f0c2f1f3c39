// SPDX-License-Identifier: GPL-2.0-only

//! Everything that can happen, against written invariants.

use super::world::*;
use crate::state::*;
use std::collections::HashMap;
use std::sync::OnceLock;

/// More questions than this a worker never asks in a row.
const BOUND: usize = 40;

/// All events.
pub(super) fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Invalidate,
        Event::WantWithdraw,
        Event::Unused,
        Event::Relinquish,
        Event::Work,
        Event::LookedUpNegative,
        Event::LookedUp,
        Event::LookupFailed,
        Event::Invalidated,
        Event::InvalidateFailed,
        Event::CachingFailed,
        Event::Withdrawn,
    ];
    for modify in [false, true] {
        for live in [false, true] {
            for patient in [false, true] {
                events.push(Event::Use {
                    modify,
                    live,
                    patient,
                });
            }
        }
    }
    events
}

/// All states, flags and counts, reachable or not.
fn snapshots(of: usize) -> impl Iterator<Item = Snapshot> {
    State::ALL.into_iter().flat_map(move |state| {
        subsets(of).flat_map(move |flags| {
            (0..4).map(move |counts| Snapshot {
                state,
                flags,
                accessed: counts & 1 != 0,
                active: counts & 2 != 0,
            })
        })
    })
}

/// All combinations of the bits of a mask.
fn subsets(mask: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(0usize), move |subset| {
        Some(subset.wrapping_sub(mask) & mask).filter(|next| *next != 0)
    })
}

const ALL_FLAGS: usize = READ
    | flags::RETIRED
    | flags::IS_CACHING
    | flags::NO_DATA_TO_READ
    | flags::NEEDS_UPDATE
    | flags::DISABLED
    | flags::IS_HASHED;

/// What the state machine may change.
const CHANGED: usize = flags::REQUESTS
    | flags::IS_CACHING
    | flags::NO_DATA_TO_READ
    | flags::NEEDS_UPDATE
    | flags::HAS_BEEN_CACHED
    | flags::LOCAL_WRITE
    | flags::WRITER_WAITS
    | flags::WENT_ON;

/// Any state with any flags answers any event, and touches no flag that is not its own.
#[test]
fn total() {
    for now in snapshots(ALL_FLAGS) {
        for event in events() {
            let d = decide(&now, event);
            assert_eq!((d.set | d.clear) & !CHANGED, 0, "{now:?} {event:?}");
            if d.action == Action::Refuse || d.action == Action::Wait {
                assert_eq!(d.state, now.state, "{now:?} {event:?}");
                let waits = d.action == Action::Wait && d.set == flags::WRITER_WAITS;
                assert!(waits || d.set | d.clear == 0, "{now:?} {event:?}");
            }
            // Never back from the dead.
            if now.state == State::Dropped {
                assert_eq!(d.state, State::Dropped);
                assert!(!matches!(
                    d.action,
                    Action::Queue
                        | Action::LookUp
                        | Action::Invalidate
                        | Action::PrepareToWrite
                        | Action::Withdraw { .. }
                        | Action::Unhash
                ));
            }
        }
    }
    // Nor does any other bit of the word matter, or change.
    let others = !0usize ^ ALL_FLAGS;
    for now in snapshots(READ) {
        for event in events() {
            let d = decide(&now, event);
            let flags = now.flags | others;
            assert_eq!(decide(&Snapshot { flags, ..now }, event), d);
        }
    }
}

/// Nothing is kept that is out of date, or that somebody may be changing.
#[test]
fn kept() {
    for now in snapshots(ALL_FLAGS) {
        for event in events() {
            if decide(&now, event).action == (Action::Withdraw { keep: true }) {
                let is_changed = now.active && now.flags & flags::LOCAL_WRITE != 0;
                assert!(!is_changed, "{now:?} {event:?}");
                assert_eq!(now.flags & flags::DO_INVALIDATE, 0, "{now:?} {event:?}");
            }
        }
    }
}

/// What is kept in a [`World`] is all that is decided by.
#[test]
fn only_these_flags_matter() {
    for now in snapshots(READ) {
        for event in events() {
            let d = decide(&now, event);
            for bit in (0..20).map(|bit| 1usize << bit) {
                if ALL_FLAGS & !READ & bit != 0 {
                    let flags = now.flags | bit;
                    assert_eq!(decide(&Snapshot { flags, ..now }, event), d, "{bit:x}");
                }
            }
        }
    }
}

#[test]
fn bytes_and_letters() {
    for (at, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(state as usize, at);
        assert_eq!(Some(state.letter()), "-LCAIFUWRD".chars().nth(at));
    }
}

/// Where a use is said to be plain, [`decide`] says so too, whatever else there is; and it is said
/// where it is meant to be: of an object that is there, and where there is no cache.
#[test]
fn plain_use_is_as_decided() {
    let mut plain = 0;
    for now in snapshots(ALL_FLAGS) {
        for (modify, live) in [(false, false), (false, true), (true, false), (true, true)] {
            let event = Event::Use {
                modify,
                live,
                patient: true,
            };
            let d = decide(&now, event);
            let nothing = d.action == Action::Rest
                && d.state == now.state
                && d.set & !now.flags == 0
                && d.clear & now.flags == 0;
            let is_plain = is_use_plain(now.state, now.flags, modify, live);
            assert!(nothing || !is_plain, "{now:?}, {modify} {live}: {d:?}");
            let common = match now.state {
                State::Active => true,
                State::Quiescent => !live,
                _ => false,
            };
            assert_eq!(
                is_plain,
                nothing && common,
                "{now:?}, {modify} {live}: {d:?}"
            );
            plain += usize::from(is_plain);
        }
    }
    assert!(plain > 0);
}

/// The bit numbers of `<linux/fscache.h>`.
#[test]
fn bit_numbers() {
    use flags::*;
    let bits = [
        RELINQUISHED,
        RETIRED,
        IS_CACHING,
        NO_DATA_TO_READ,
        NEEDS_UPDATE,
        HAS_BEEN_CACHED,
        DISABLED,
        LOCAL_WRITE,
        DO_RELINQUISH,
        DO_WITHDRAW,
        DO_LRU_DISCARD,
        DO_PREP_TO_WRITE,
        IS_HASHED,
        DO_INVALIDATE,
    ]
    .map(usize::trailing_zeros);
    assert_eq!(bits, [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15]);
}

macro_rules! must {
    ($what:expr, $($why:tt)*) => {
        if !$what {
            return Err(format!($($why)*));
        }
    };
}

/// What must hold in a world and of the step that leads there.
fn check(before: &World, step: &'static str, now: &World) -> Result<(), String> {
    use flags::*;
    // No event that may come is refused. (Each step that asks has its event in its name.)
    if let Some(event) = asked(before, step) {
        let d = decide(&before.snapshot(), event);
        must!(d.action != Action::Refuse, "{event:?} was refused");
    }

    // The flags go with the state.
    let caching = now.has(IS_CACHING);
    match now.state {
        State::Failed | State::Dropped => {
            must!(!caching, "accesses may begin where there is no object")
        }
        State::LookingUp | State::Creating | State::Active | State::Invalidating => {
            must!(caching, "accesses may not begin")
        }
        State::LruDiscarding => must!(caching, "accesses may not wait"),
        State::Quiescent | State::Withdrawing | State::Relinquishing => {}
    }
    // While netfs may have parts of pages to store, it must know that there is a cache.
    must!(
        caching || !before.has(IS_CACHING) || matches!(now.state, State::Failed | State::Dropped),
        "is not cached any more, for no reason"
    );
    if now.state == State::Quiescent {
        must!(!now.has(OF_OBJECT), "a request for no object");
    }
    if now.state == State::Dropped {
        must!(!now.has(REQUESTS), "a request for a dead cookie");
        must!(!now.object, "a dead cookie with an object");
    }
    if now.state == State::Failed {
        must!(now.has(DO_WITHDRAW), "failed, and nobody wants it away");
    }
    if now.state == State::Active {
        must!(now.object, "active without an object");
        must!(!now.stale, "active, and out of date");
        must!(!now.has(DO_INVALIDATE), "active, to be emptied");
    }
    if matches!(now.state, State::LookingUp | State::Creating) {
        must!(!now.has(DO_LRU_DISCARD), "not there, and unused for long");
    }

    // Only the worker looks up and puts away, and neither while anybody uses the object.
    let putting_away = matches!(now.worker, Worker::WithdrawKeep | Worker::WithdrawDestroy);
    must!(
        !putting_away || now.access != Access::Held || !now.object,
        "put away while it is used"
    );
    if putting_away {
        must!(
            matches!(
                now.state,
                State::LruDiscarding | State::Withdrawing | State::Relinquishing
            ),
            "put away in {:?}",
            now.state
        );
    }
    if now.worker == Worker::LookUp && before.worker != Worker::LookUp {
        must!(!before.object, "looked up twice");
    }
    if before.state != State::LruDiscarding && now.state == State::LruDiscarding {
        must!(before.users == 0, "discarded while it has users");
    }

    // Whoever counts itself in is waited for, and so is a worker that knows the cookie.
    if before.state == State::Quiescent && now.state != State::Quiescent {
        let leaves = matches!(now.state, State::Relinquishing | State::Dropped);
        must!(
            !leaves || before.access == Access::None,
            "given up while accessed"
        );
        must!(
            now.state != State::Dropped || before.idle(),
            "dropped under the worker's hands"
        );
    }

    // I5: what is out of date is destroyed.
    must!(
        now.worker != Worker::WithdrawKeep || !now.stale,
        "out of date, and kept"
    );
    // Also what becomes so while it is put away: whoever looks it up empties it.
    must!(
        now.state != State::Quiescent || !now.late || now.has(DO_INVALIDATE | LOCAL_WRITE),
        "out of date on disk, and forgotten"
    );
    // Who has the file open never waits; it may be where it must not sleep.
    let open = now.users - u8::from(now.waiting != Waiting::Nobody);
    for modify in [false, true] {
        let again = Event::Use {
            modify,
            live: true,
            patient: true,
        };
        must!(
            open == 0 || decide(&now.snapshot(), again).action != Action::Wait,
            "somebody would sleep who has the file open"
        );
    }

    // D6: whoever writes has been announced, or will be.
    if now.state == State::Active && now.writer && now.waiting != Waiting::Writer {
        must!(
            now.marked || now.has(DO_PREP_TO_WRITE) || now.worker == Worker::Prepare,
            "a writer was not announced"
        );
    }

    // It goes out of the table once, and only when it is given up.
    let dropped = now.state == State::Dropped;
    must!(
        dropped || now.unhashed == 0,
        "out of the table, and not dropped"
    );
    must!(now.unhashed <= 1, "out of the table twice");
    must!(!dropped || now.has(RELINQUISHED), "dropped on its own");
    if dropped && now.idle() {
        must!(now.unhashed == 1, "dropped, and still in the table");
    }

    // D22: nobody uses it, so somebody must come to put it away.
    if now.idle() && now.state == State::Active && now.users == 0 && now.access == Access::None {
        must!(now.lru || now.popped, "unused and open, and not on the LRU");
    }

    // I1: an idle worker leaves nothing that it could do.
    if now.idle() {
        let d = decide(&now.snapshot(), Event::Work);
        must!(
            d.action == Action::Rest
                && d.state == now.state
                && d.set & !now.flags == 0
                && d.clear & now.flags == 0,
            "the worker sleeps, and would have {d:?} to do"
        );
        must!(
            now.access != Access::None || now.pending() == 0,
            "a request was left behind"
        );
        must!(
            !matches!(
                now.state,
                State::LookingUp
                    | State::Creating
                    | State::Invalidating
                    | State::LruDiscarding
                    | State::Withdrawing
                    | State::Relinquishing
            ),
            "the worker sleeps in {:?}",
            now.state
        );
    }
    Ok(())
}

/// The event that a step asks about.
pub(super) fn asked(before: &World, step: &str) -> Option<Event> {
    let waiter = before.waiting == Waiting::Writer;
    let quiescent = before.state == State::Quiescent;
    let using = |modify, live| Event::Use {
        modify,
        live: live && quiescent,
        patient: true,
    };
    Some(match step {
        "use to read" => using(false, true),
        "use to write" => using(true, true),
        "use to read without cache" => using(false, false),
        "use to write without cache" => using(true, false),
        "the one who waited uses it" => using(waiter, true),
        "the one who waited goes on" => Event::Use {
            modify: waiter,
            live: false,
            patient: false,
        },
        "invalidate" | "invalidate without new coherency data" => Event::Invalidate,
        "relinquish" => Event::Relinquish,
        "wanted back" => Event::WantWithdraw,
        "unused for long" => Event::Unused,
        "an operation finds the object broken"
        | "the backend gives up in lookup"
        | "the backend gives up in lookup, and has no file"
        | "the backend gives up in emptying"
        | "the backend gives up in preparing" => Event::CachingFailed,
        "nothing found" => Event::LookedUpNegative,
        "emptied, others let in" => Event::Invalidated,
        "the worker asks" => match before.worker {
            Worker::Work => Event::Work,
            Worker::LookedUp => Event::LookedUp,
            Worker::LookupFailed => Event::LookupFailed,
            Worker::Invalidated => Event::Invalidated,
            Worker::InvalidateFailed => Event::InvalidateFailed,
            Worker::Withdrawn => Event::Withdrawn,
            _ => unreachable!(),
        },
        _ => return None,
    })
}

/// Walking takes a while, so it is done once.
pub(super) fn worlds() -> &'static Worlds {
    static WORLDS: OnceLock<Worlds> = OnceLock::new();
    WORLDS.get_or_init(|| Worlds::walk(check))
}

/// All that can happen, against [`check`].
#[test]
fn everything_that_can_happen() {
    let n = worlds().len();
    println!("{n} worlds");
    assert!(n > 10_000, "the walk lost its way: only {n} worlds");
}

/// From wherever the worker is, it comes to rest, and nothing is left to do.
#[test]
fn the_worker_comes_to_rest() {
    fn steps(world: &World, known: &mut HashMap<String, usize>, depth: usize) -> usize {
        assert!(depth < BOUND, "no end: {world:?}");
        if world.idle() {
            assert_eq!(world.pending(), 0, "left behind: {world:?}");
            return 0;
        }
        let key = format!("{world:?}");
        if let Some(steps) = known.get(&key) {
            return *steps;
        }
        let steps = 1 + world
            .work()
            .iter()
            .map(|(_, next)| steps(next, known, depth + 1))
            .max()
            .unwrap();
        known.insert(key, steps);
        steps
    }
    let mut known = HashMap::new();
    let longest = worlds()
        .all()
        .filter(|world| !world.idle())
        .map(|mut world| {
            // What the walk does not need: fewer worlds, the same steps.
            world.access = Access::None;
            world.lru = false;
            world.popped = false;
            steps(&world, &mut known, 0)
        })
        .max();
    println!("longest: {longest:?}");
    assert!(longest < Some(BOUND));
}

/// The worker's way if the backend does all that it is asked to.
fn run(world: &mut World) {
    for _ in 0..BOUND {
        if world.idle() {
            return;
        }
        let next = world.work();
        let good = |name: &str| {
            matches!(
                name,
                "the worker starts"
                    | "the worker asks"
                    | "looked up"
                    | "emptied"
                    | "prepared"
                    | "put away"
                    | "out of the table"
            )
        };
        *world = next.iter().find(|(name, _)| good(name)).unwrap().1;
    }
    panic!("no end: {world:?}");
}

/// Requests that one run of the worker finds together end where they end one by one, in any order.
///
/// Equal are: the state, what is requested, whether there is an object, and whether it is still in
/// the table. The LRU asks again where it was told to. Not compared is whether an object that is put away was emptied or destroyed.
#[test]
fn together_is_as_one_by_one() {
    type Ask = fn(&mut World);
    let asks: [Ask; 4] = [
        |w| {
            if !w.has(flags::RELINQUISHED) {
                w.spoil();
                w.outside(Event::Invalidate);
            }
        },
        |w| {
            w.outside(Event::WantWithdraw);
        },
        |w| {
            w.lru = w.outside(Event::Unused) == Action::Again;
        },
        |w| {
            w.flags |= flags::RELINQUISHED;
            w.outside(Event::Relinquish);
        },
    ];
    fn orders(left: &[usize], done: &mut Vec<usize>, f: &mut dyn FnMut(&[usize])) {
        f(done);
        for (at, ask) in left.iter().enumerate() {
            let mut rest = left.to_vec();
            rest.remove(at);
            done.push(*ask);
            orders(&rest, done, f);
            done.pop();
        }
    }
    let end = |w: &World| (w.state, w.pending(), w.object, w.unhashed);
    let mut compared = 0;
    for world in worlds().all() {
        let plain = world.idle()
            && !world.has(flags::RELINQUISHED)
            && world.waiting == Waiting::Nobody
            && world.access == Access::None;
        if !plain {
            continue;
        }
        let mut ends = HashMap::new();
        orders(&[0, 1, 2, 3], &mut Vec::new(), &mut |order| {
            let (mut one_by_one, mut together) = (world, world);
            one_by_one.lru = false;
            together.lru = false;
            for ask in order {
                asks[*ask](&mut one_by_one);
                run(&mut one_by_one);
                asks[*ask](&mut together);
            }
            run(&mut together);
            if together.lru {
                asks[2](&mut together);
                run(&mut together);
            }
            assert_eq!(
                end(&one_by_one),
                end(&together),
                "{world:?}, asks {order:?}"
            );
            let mut set = order.to_vec();
            set.sort_unstable();
            let first = *ends.entry(set).or_insert(end(&together));
            assert_eq!(first, end(&together), "{world:?}, asks {order:?}");
            compared += 1;
        });
    }
    println!("{compared} compared");
    assert!(compared > 1000);
}

/// After it was given up, and once nobody uses it, the cookie is dropped and out of the table,
/// whatever the backend does.
#[test]
fn given_up_is_dropped() {
    fn follow(world: World, seen: &mut std::collections::HashSet<String>) {
        if !seen.insert(format!("{world:?}")) {
            return;
        }
        if world.idle() {
            assert_eq!(world.state, State::Dropped, "{world:?}");
            assert_eq!(world.unhashed, 1);
            return;
        }
        for (_, next) in world.work() {
            follow(next, seen);
        }
    }
    let mut seen = std::collections::HashSet::new();
    for mut world in worlds().all() {
        if world.has(flags::RELINQUISHED) {
            if world.access != Access::None {
                world.end();
            }
            world.lru = false;
            world.popped = false;
            follow(world, &mut seen);
        }
    }
    assert!(!seen.is_empty());
}

/// What becomes out of date while it is put away is on disk then, as [`check`] has to know.
#[test]
fn out_of_date_while_it_is_stored() {
    assert!(worlds()
        .all()
        .any(|world| world.late && world.state == State::Quiescent));
    assert!(worlds()
        .all()
        .any(|world| world.stale && world.state == State::LookingUp));
    // And what was never looked up may be out of date there, too.
    assert!(worlds().all().any(|world| world.late
        && world.state == State::Quiescent
        && !world.has(flags::HAS_BEEN_CACHED)));
}
