// SPDX-License-Identifier: GPL-2.0-only

//! Threads against threads: the module's own code, in all interleavings that `loom` finds.
//!
//! Here is how a model is run, and what is played with a cookie. Two or three threads are against
//! the cookie's worker, which makes one more. Each pair of what may be done at once is somewhere:
//!
//! |            | use | unuse | LRU | invalidate | withdraw | relinquish | read |
//! |------------|-----|-------|-----|------------|----------|------------|------|
//! | use        | `write_and_lookup` | | | | | | |
//! | unuse      | `use_and_unuse` | `unuse_and_unuse` | | | | | |
//! | LRU        | `discard_and_use` | `discard_and_unuse` | one | | | | |
//! | invalidate | `invalidate_and_use` | `invalidate_and_unuse` | `discard_and_invalidate` | `invalidate_twice` | | | |
//! | withdraw   | `withdraw_and_use` | `withdraw_and_unuse` | `withdraw_and_discard` | `withdraw_and_invalidate` | `withdraw_twice` | | |
//! | relinquish | `relinquish_and_use` | `relinquish_and_unuse` | `discard_and_relinquish` | never | `withdraw_and_relinquish` | never | |
//! | read       | `read_and_use` | `read_and_unuse` | `discard_and_read` | `invalidate_and_read` | `withdraw_and_read` | `relinquish_and_end`, `relinquish_and_read` | `two_reads_and_withdraw` |
//!
//! "One": the LRU has one work item. "Never": a filesystem that gives a cookie up lends it to
//! nobody else meanwhile; what comes after is in `misuse.c` of the exerciser.
//!
//! [`bounds`] is about waits that nobody ends, [`bugs`] puts faults in, and [`volumes`] is about
//! volumes and caches.

mod bounds;
mod bugs;
mod pairs;
mod volumes;

use crate::{
    cookie, io,
    layout::{free_all, Blob, CacheState, Cookie, CookieRef, Lookup, Volume},
    resources::{Resources, Want},
    stand_in::{
        fault::{with_fault, Fault},
        set_fscache, Fscache, MISTAKEN,
    },
    state::{flags, Event, State},
    sync::atomic::{ordering::Relaxed, Accesses, ACCESSES},
    timer::WATCHED,
    trace::{AccessWhy, CookieWhy},
    users,
    wait::{CLOCK, HZ, WAITED_FOR},
};
use std::{
    panic::catch_unwind,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    time::{
        Duration,
        Instant, //
    },
};

/// What a scenario plays on.
struct Stage {
    fscache: Fscache,
    volume: Volume,
}

impl Stage {
    fn new() -> &'static Self {
        let stage = Box::leak(Box::new(Self {
            fscache: Fscache::new(),
            volume: Volume::new(),
        }));
        set_fscache(&stage.fscache);
        stage
    }

    /// What a filesystem gets; the reference is given back by relinquishing.
    fn acquire(&'static self) -> &'static Cookie {
        let cookie = cookie::acquire(&self.volume, 0, b"key", Blob::default(), 1).unwrap();
        // SAFETY: Cookies live until the model has ended.
        unsafe { &*cookie.into_raw() }
    }

    /// Does what is queued, without threads.
    fn settle(&self) {
        self.fscache.queue.work(false);
    }

    /// A cookie that is used once, and active.
    fn active(&'static self) -> &'static Cookie {
        let cookie = self.acquire();
        users::use_cookie(cookie, false);
        self.settle();
        assert_eq!(cookie.state(), State::Active);
        cookie
    }

    /// A cookie that is active and on the LRU.
    fn idle(&'static self) -> &'static Cookie {
        let cookie = self.active();
        users::unuse(cookie);
        cookie
    }

    /// Runs some at once, beside the worker and each other; returns when all is at rest.
    fn at_once<const N: usize>(&'static self, all: [Box<dyn FnOnce()>; N]) {
        let worker = loom::thread::spawn(move || self.fscache.queue.work(true));
        let mut all = all.into_iter();
        let mine = all.next().unwrap();
        let others: Vec<_> = all.map(loom::thread::spawn).collect();
        mine();
        for other in others {
            other.join().unwrap();
        }
        self.fscache.queue.close();
        worker.join().unwrap();
    }

    /// What must hold when all is at rest, whatever was played; ends the stage.
    fn check(&'static self, cookie: &'static Cookie) {
        assert!(self.fscache.queue.is_empty());
        if !cookie.is_freed() {
            assert_eq!(cookie.n_accesses().load(Relaxed), 0, "accesses are left");
            assert!(
                !is_left_behind(cookie),
                "left behind: {:x} in {:?}",
                cookie.flags().load(),
                cookie.state()
            );
            assert!(
                matches!(
                    cookie.state(),
                    State::Quiescent | State::Active | State::Dropped
                ),
                "not at rest: {:?}",
                cookie.state()
            );
            if cookie.state() == State::Active {
                assert!(cookie.has_object());
                assert_eq!(cookie.object.version.get(), cookie.version.get(), "stale");
            } else {
                assert!(!cookie.has_object());
            }
            // The filesystem gives up what it has not given up, and all goes.
            let given_up = cookie.flags().any(flags::RELINQUISHED);
            assert!(
                given_up || !cookie.flags().any(flags::RETIRED),
                "retired, and lives"
            );
            self.fscache.lru.clear();
            if !given_up {
                relinquish(cookie);
                self.settle();
            }
        }
        assert!(cookie.is_freed(), "never freed");
        assert_eq!(self.fscache.cookies.table().len(), 0, "still in the table");
        assert_eq!(self.volume.refs(), 1, "a reference to the volume is left");
        assert_eq!(self.volume.n_accesses().load(Relaxed), 0);
        assert_eq!(self.volume.n_cookies().load(Relaxed), 0);
        free_all();
        // SAFETY: Made by `new()`; nobody uses it any more.
        drop(unsafe { Box::from_raw(std::ptr::from_ref(self).cast_mut()) });
    }
}

/// Is there a request that somebody had to see to? That what is on disk is to be emptied when it
/// is looked up, is none.
fn is_left_behind(cookie: &Cookie) -> bool {
    let on_disk = match cookie.state() {
        State::Quiescent => flags::DO_INVALIDATE,
        _ => 0,
    };
    cookie.flags().any(flags::REQUESTS & !on_disk)
}

// What the threads do.

/// Somebody else than the filesystem holds a reference.
fn hold(cookie: &Cookie) -> CookieRef {
    CookieRef::get(cookie, CookieWhy::GetEndAccess)
}

fn relinquish(cookie: &Cookie) {
    cookie::relinquish(CookieRef::own(cookie), false);
}

/// The time of all that are on the LRU by now has come.
fn expire(stage: &'static Stage) {
    CLOCK.set(CLOCK.get() + 10 * HZ);
    stage.fscache.lru.expire();
}

/// The server's file changes, and the filesystem says so.
fn invalidate(cookie: &Cookie) {
    cookie.version.set(cookie.version.get() + 1);
    cookie::invalidate(cookie, Blob::default(), 1, false);
}

/// Reads, if it can be read.
fn read(cookie: &Cookie) {
    let resources = Resources::empty();
    if io::begin(&resources, cookie, Want::Read, AccessWhy::IoRead).is_ok() {
        resources.use_object();
        resources.end();
    }
}

// How a model is run.

/// How often threads are stopped where they would not stop by themselves, where trying everything
/// takes longer than some 20 seconds. `LOOM_MAX_PREEMPTIONS` is taken instead, if set; and with
/// `WITHOUT_BOUND=SECONDS` there is no bound, but a time after which a model is given up.
const BOUND: usize = 3;

/// For how long to go on without a bound, if so.
fn without_bound() -> Option<Duration> {
    let seconds = std::env::var("WITHOUT_BOUND").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("seconds")))
}

/// Tries all interleavings; with at most so many preemptions, if a number is given.
fn explore(fault: Fault, accesses: Accesses, preemptions: Option<usize>, play: fn(&'static Stage)) {
    let began = Instant::now();
    let tried = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tried);
    let mut model = loom::model::Builder::new();
    let limit = without_bound();
    model.preemption_bound = match limit {
        Some(_) => None,
        None => preemptions.map(|n| model.preemption_bound.unwrap_or(n)),
    };
    model.max_duration = limit;
    model.max_branches = 100_000;
    ACCESSES.set(accesses);
    with_fault(fault, || {
        model.check(move || {
            count.fetch_add(1, Ordering::Relaxed);
            play(Stage::new());
        })
    });
    let tried = tried.load(Ordering::Relaxed);
    let took = began.elapsed();
    let end = match limit {
        Some(limit) if took >= limit => ", given up",
        Some(_) => ", all there are",
        None => "",
    };
    println!("{accesses:?}: {tried} interleavings in {took:.1?}{end}");
}

/// Nothing goes wrong in any interleaving.
fn holds(preemptions: Option<usize>, play: fn(&'static Stage)) {
    explore(Fault::None, Accesses::InOrder, preemptions, play);
    // These are many times as many.
    let preemptions = preemptions.map(|n| n - 1);
    explore(Fault::None, Accesses::Weak, preemptions, play);
}

/// With the fault put in, something goes wrong in some interleaving.
fn breaks(fault: Fault, preemptions: Option<usize>, how: &[&str], play: fn(&'static Stage)) {
    // Only a barrier that is missing needs more than that.
    let accesses = if fault == Fault::NoBarrierBeforeWake {
        Accesses::Weak
    } else {
        Accesses::InOrder
    };
    let run = || explore(fault, accesses, preemptions, play);
    let Err(message) = catch_unwind(run) else {
        panic!("{fault:?} was put in, and nothing went wrong");
    };
    let message = message
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| message.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_default();
    println!("{fault:?}: {message}");
    assert!(
        how.iter().any(|how| message.contains(how)),
        "something else went wrong: {message}"
    );
}

// What is played.

/// The LRU wants it put away, the filesystem gives it up, and the worker may find both at once.
fn discard_and_relinquish(stage: &'static Stage) {
    let cookie = stage.idle();
    stage.at_once([
        Box::new(move || expire(stage)),
        Box::new(move || relinquish(cookie)),
    ]);
    assert_eq!(cookie.object.withdrawals.get(), 1);
    stage.check(cookie);
}

/// The LRU wants it put away while somebody opens the file again.
fn discard_and_use(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    stage.at_once([
        Box::new(move || expire(stage)),
        Box::new(move || users::use_cookie(cookie, false)),
    ]);
    assert_eq!(cookie.state(), State::Active, "not cached while it is used");
    users::unuse(cookie);
    stage.check(cookie);
}

/// The LRU wants it put away while something is read.
fn discard_and_read(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    stage.at_once([
        Box::new(move || expire(stage)),
        Box::new(move || read(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    stage.check(cookie);
}

/// The LRU wants it put away while the file changes.
fn discard_and_invalidate(stage: &'static Stage) {
    let cookie = stage.idle();
    stage.at_once([
        Box::new(move || expire(stage)),
        Box::new(move || invalidate(cookie)),
    ]);
    // The LRU may have come too early, but then it comes again.
    expire(stage);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent, "nobody puts it away");
    stage.check(cookie);
}

/// The file changes while it is looked up.
fn invalidate_and_lookup(stage: &'static Stage, lookup: Lookup) -> &'static Cookie {
    stage.volume.cache().lookup.set(lookup);
    let cookie = stage.acquire();
    users::use_cookie(cookie, false);
    stage.at_once([Box::new(move || invalidate(cookie))]);
    cookie
}

fn invalidate_and_found(stage: &'static Stage) {
    let cookie = invalidate_and_lookup(stage, Lookup::Found);
    assert_eq!(cookie.state(), State::Active);
    users::unuse(cookie);
    stage.check(cookie);
}

fn invalidate_and_created(stage: &'static Stage) {
    let cookie = invalidate_and_lookup(stage, Lookup::Created);
    assert_eq!(cookie.state(), State::Active);
    users::unuse(cookie);
    stage.check(cookie);
}

fn invalidate_and_not_found(stage: &'static Stage) {
    let cookie = invalidate_and_lookup(stage, Lookup::Fails);
    assert_eq!(cookie.state(), State::Quiescent);
    users::unuse(cookie);
    stage.check(cookie);
}

fn invalidate_and_broken(stage: &'static Stage) {
    let cookie = invalidate_and_lookup(stage, Lookup::Broken);
    assert_eq!(cookie.state(), State::Quiescent);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The file changes and is wanted back while its lookup fails; then all is well again.
fn requests_and_failing_lookup(stage: &'static Stage) {
    stage.volume.cache().lookup.set(Lookup::Fails);
    let cookie = stage.acquire();
    users::use_cookie(cookie, false);
    stage.at_once([
        Box::new(move || invalidate(cookie)),
        Box::new(move || cookie::withdraw(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    assert!(!is_left_behind(cookie), "left behind");
    users::unuse(cookie);
    stage.volume.cache().lookup.set(Lookup::Found);
    users::use_cookie(cookie, false);
    stage.settle();
    assert_eq!(cookie.state(), State::Active, "withdrawn at once");
    users::unuse(cookie);
    stage.check(cookie);
}

/// A reader has it looked up, and a writer comes.
fn write_and_lookup(stage: &'static Stage) {
    let cookie = stage.acquire();
    stage.at_once([
        Box::new(move || users::use_cookie(cookie, false)),
        Box::new(move || users::use_cookie(cookie, true)),
    ]);
    assert_eq!(cookie.state(), State::Active);
    assert_eq!(cookie.object.lookups.get(), 1);
    assert!(cookie.object.announced.get(), "a writer was not announced");
    users::unuse(cookie);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The file changes, it cannot be emptied, and is closed meanwhile.
fn invalidate_without_space(stage: &'static Stage) {
    let cookie = stage.active();
    stage.volume.cache().can_empty.set(false);
    // Declared before anything can be put away.
    cookie.declared.set(1);
    stage.at_once([
        Box::new(move || invalidate(cookie)),
        Box::new(move || users::unuse(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    stage.check(cookie);
}

/// The backend wants it back while something is read.
fn withdraw_and_read(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    stage.at_once([
        Box::new(move || cookie::withdraw(cookie)),
        Box::new(move || read(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    stage.check(cookie);
}

/// Two read, and the second to end lets it be put away.
fn two_reads_and_withdraw(stage: &'static Stage) {
    let cookie = stage.active();
    cookie.waited_for.set(true);
    let resources = Resources::empty();
    io::begin(&resources, cookie, Want::Read, AccessWhy::IoRead).unwrap();
    cookie::withdraw(cookie);
    stage.at_once([
        Box::new(move || {
            resources.use_object();
            resources.end();
        }),
        Box::new(move || read(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The last read ends while the filesystem gives it up.
fn relinquish_and_end(stage: &'static Stage) {
    let cookie = stage.idle();
    // What a backend's object holds, and an operation does not.
    let _ = hold(cookie).into_raw();
    let given_back = |cookie: &Cookie| CookieRef::own(cookie).put(CookieWhy::PutWork);
    cookie.object.while_withdrawn.set(given_back);
    let resources = Resources::empty();
    io::begin(&resources, cookie, Want::Read, AccessWhy::IoRead).unwrap();
    stage.at_once([
        Box::new(move || relinquish(cookie)),
        Box::new(move || {
            resources.use_object();
            resources.end();
        }),
    ]);
    stage.check(cookie);
}

/// The backend wants it back while the filesystem gives it up.
fn withdraw_and_relinquish(stage: &'static Stage) {
    let cookie = stage.idle();
    // What a backend's object holds.
    let held = hold(cookie);
    stage.at_once([
        Box::new(move || {
            cookie::withdraw(cookie);
            held.put(CookieWhy::PutWork);
        }),
        Box::new(move || relinquish(cookie)),
    ]);
    assert_eq!(cookie.object.withdrawals.get(), 1);
    stage.check(cookie);
}

/// The file changes while the backend wants it back.
fn withdraw_and_invalidate(stage: &'static Stage) {
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || cookie::withdraw(cookie)),
        Box::new(move || invalidate(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The file changes while it is read.
fn invalidate_and_read(stage: &'static Stage) {
    let cookie = stage.active();
    cookie.waited_for.set(true);
    stage.at_once([
        Box::new(move || invalidate(cookie)),
        Box::new(move || read(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Active);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The file changes twice.
fn invalidate_twice(stage: &'static Stage) {
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || invalidate(cookie)),
        Box::new(move || invalidate(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Active);
    users::unuse(cookie);
    stage.check(cookie);
}

/// One closes the file while another opens it; the LRU finds it later, or not at all.
fn use_and_unuse(stage: &'static Stage) {
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || users::unuse(cookie)),
        Box::new(move || {
            users::use_cookie(cookie, true);
            users::unuse(cookie);
        }),
    ]);
    assert_eq!(cookie.state(), State::Active);
    assert!(cookie.object.announced.get());
    expire(stage);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent, "nobody puts it away");
    stage.check(cookie);
}

/// An operation finds the object broken while the file changes.
fn broken_and_invalidate(stage: &'static Stage) {
    let cookie = stage.active();
    let resources = Resources::empty();
    io::begin(&resources, cookie, Want::Read, AccessWhy::IoRead).unwrap();
    stage.at_once([
        Box::new(move || {
            cookie::report(cookie, Event::CachingFailed);
            resources.end();
        }),
        Box::new(move || invalidate(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The backend finds the object broken on its own, while the file is closed.
fn broken_and_unuse(stage: &'static Stage) {
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || cookie::report(cookie, Event::CachingFailed)),
        Box::new(move || users::unuse(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    stage.check(cookie);
}

/// The filesystem gives it up, and has the same file again at once.
fn relinquish_and_acquire(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    stage.at_once([Box::new(move || {
        relinquish(cookie);
        let again = stage.acquire();
        assert!(cookie.is_freed() || cookie.state() == State::Dropped);
        relinquish(again);
    })]);
    assert!(cookie.is_freed(), "the LRU has it still");
    stage.check(cookie);
}

/// A filesystem that lost count gives it up while it is open, and closes it meanwhile.
fn relinquish_and_unuse(stage: &'static Stage) {
    MISTAKEN.set(true);
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || relinquish(cookie)),
        Box::new(move || users::unuse(cookie)),
    ]);
    stage.check(cookie);
}

/// It was never looked up: given up without a worker, while the LRU knows nothing of it.
fn relinquish_unused(stage: &'static Stage) {
    let cookie = stage.acquire();
    stage.volume.cache().set_state(CacheState::Withdrawn);
    users::use_cookie(cookie, true);
    users::unuse(cookie);
    stage.at_once([Box::new(move || relinquish(cookie))]);
    assert_eq!(cookie.object.lookups.get(), 0);
    stage.check(cookie);
}

/// Makes a test of each scenario of a file.
macro_rules! scenarios {
    ($($name:ident: $preemptions:expr;)*) => {
        mod all_goes_well {
            #[allow(unused_imports)] // Where all interleavings are tried.
            use super::{holds, BOUND};

            $(
                #[test]
                fn $name() {
                    holds($preemptions, super::$name);
                }
            )*
        }
    };
}
use scenarios;

scenarios! {
    discard_and_relinquish: Some(BOUND);
    discard_and_use: Some(BOUND);
    discard_and_read: Some(BOUND);
    discard_and_invalidate: Some(BOUND);
    invalidate_and_found: None;
    invalidate_and_created: None;
    invalidate_and_broken: None;
    invalidate_and_not_found: None;
    requests_and_failing_lookup: Some(BOUND);
    write_and_lookup: Some(BOUND);
    invalidate_without_space: Some(BOUND);
    withdraw_and_read: Some(BOUND);
    two_reads_and_withdraw: Some(BOUND);
    relinquish_and_end: Some(BOUND);
    withdraw_and_relinquish: Some(BOUND);
    withdraw_and_invalidate: Some(BOUND);
    invalidate_and_read: Some(BOUND);
    invalidate_twice: Some(BOUND);
    use_and_unuse: Some(BOUND);
    broken_and_invalidate: Some(BOUND);
    broken_and_unuse: Some(BOUND);
    relinquish_and_acquire: Some(BOUND);
    relinquish_and_unuse: Some(BOUND);
    relinquish_unused: None;
}
