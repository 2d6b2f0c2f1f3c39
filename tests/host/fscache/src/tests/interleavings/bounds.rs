// SPDX-License-Identifier: GPL-2.0-only

//! Waits that nobody ends: whoever waits goes on without the cache when the bound is reached.
//!
//! One thread each. The backend, or the worker, is stuck; so nothing that is queued is done before
//! the wait has ended.

use super::*;
use crate::{
    deadline::Deadline,
    layout::VolumeRef,
    volume,
    wait::{self, ALONE, PATIENCE},
};

/// Does what must not wait for ever, and sees how long it waits.
fn alone<R>(f: impl FnOnce() -> R) -> R {
    let began = wait::now();
    ALONE.set(true);
    let result = f();
    ALONE.set(false);
    let took = wait::now() - began;
    assert!(took >= PATIENCE, "it did not wait");
    assert!(took <= PATIENCE + 1, "it waited for {took}");
    result
}

/// A read of what is never found.
fn stuck_lookup(stage: &'static Stage) {
    let cookie = stage.acquire();
    cookie.waited_for.set(true);
    users::use_cookie(cookie, false);
    let resources = Resources::empty();
    let begun = alone(|| io::begin(&resources, cookie, Want::Read, AccessWhy::IoRead));
    assert!(begun.is_err(), "begun without an object");
    assert_eq!(cookie.n_accesses().load(Relaxed), 0);
    stage.settle();
    users::unuse(cookie);
    stage.check(cookie);
}

/// Where somebody has waited in vain, the next one does not wait; until the backend moves again.
fn stuck_for_all(stage: &'static Stage) {
    let cookie = stage.acquire();
    cookie.waited_for.set(true);
    users::use_cookie(cookie, false);
    let resources = Resources::empty();
    let begin = || io::begin(&resources, cookie, Want::Read, AccessWhy::IoRead);
    assert!(alone(begin).is_err());
    let began = wait::now();
    ALONE.set(true);
    assert!(begin().is_err());
    ALONE.set(false);
    assert_eq!(wait::now(), began, "waited once more");
    stage.settle();
    assert!(!stage.volume.cache().is_stuck(), "stuck for ever");
    assert!(begin().is_ok());
    resources.end();
    users::unuse(cookie);
    stage.check(cookie);
}

/// An operation that has begun waits for what is never emptied.
fn stuck_invalidation(stage: &'static Stage) {
    let cookie = stage.active();
    cookie.waited_for.set(true);
    let resources = Resources::empty();
    io::begin(&resources, cookie, Want::Params, AccessWhy::IoRead).unwrap();
    invalidate(cookie);
    assert!(!alone(|| io::wait_for(&resources, Want::Read)));
    resources.end();
    stage.settle();
    users::unuse(cookie);
    stage.check(cookie);
}

/// The file is opened while it is never put away.
fn stuck_discard(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    cookie.object.while_withdrawn.set(|cookie| {
        alone(|| users::use_cookie(cookie, false));
    });
    expire(stage);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent);
    assert_eq!(cookie.n_active().load(Relaxed), 1);
    cookie.object.while_withdrawn.set(|_| ());
    users::unuse(cookie);
    stage.check(cookie);
}

/// The same file again while it is never let go.
fn stuck_cookie(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    relinquish(cookie);
    let again = alone(|| cookie::acquire(&stage.volume, 0, b"key", Blob::default(), 1));
    assert!(again.is_none(), "two cookies of one key");
    stage.settle();
    stage.check(cookie);
}

/// A lookup in a volume that is never made.
fn stuck_volume(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = volumes::bring_cache();
    let volume = volumes::acquire(b"v").unwrap();
    let cookie = cookie::acquire(volume, 0, b"key", Blob::default(), 1).unwrap();
    users::use_cookie(&cookie, false);
    alone(|| stage.settle());
    assert_eq!(cookie.state(), State::Quiescent, "looked up in nothing");
    users::unuse(&cookie);
    cookie::relinquish(cookie, false);
    stage.settle();
    stage.fscache.volume_queue.work(false);
    volumes::relinquish(volume);
    volumes::take_cache(cache);
    volumes::check(stage);
}

/// The same volume again while it is never let go.
fn stuck_volume_of_old(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = volumes::bring_cache();
    let volume = volumes::acquire(b"v").unwrap();
    let held = VolumeRef::get(volume, crate::trace::VolumeWhy::GetCookie);
    volumes::relinquish(volume);
    let again = alone(|| volume::acquire(c"v", None, Blob::default()));
    assert!(again.is_err(), "two volumes of one key");
    stage.fscache.volume_queue.work(false);
    held.put(crate::trace::VolumeWhy::PutCookie);
    volumes::take_cache(cache);
    volumes::check(stage);
}

scenarios! {
    stuck_lookup: None;
    stuck_for_all: None;
    stuck_invalidation: None;
    stuck_discard: None;
    stuck_cookie: None;
    stuck_volume: None;
    stuck_volume_of_old: None;
}

/// Whoever believes after a wait in vain that the old volume has gone does no harm by that: the
/// table is what decides (R2).
#[test]
fn believed_to_be_gone() {
    explore(
        Fault::TimeoutInverted,
        Accesses::InOrder,
        None,
        stuck_volume_of_old,
    );
}

/// Whoever waits again and again does so for no longer than who waits once; also when the clock
/// wraps meanwhile.
#[test]
fn patience_ends() {
    for began in [0, 1, wait::Jiffies::MAX - PATIENCE / 2, wait::Jiffies::MAX] {
        let mut deadline = Deadline::new();
        let mut left_after = |waited: wait::Jiffies| {
            CLOCK.set(began.wrapping_add(waited));
            deadline.left()
        };
        assert_eq!(left_after(0), Some(PATIENCE));
        assert_eq!(left_after(PATIENCE - 1), Some(1));
        assert_eq!(left_after(PATIENCE), None);
        assert_eq!(left_after(100 * PATIENCE), None);
    }
    CLOCK.set(0);
}

/// Each of them hangs where there is no bound (R22, D24, I9).
mod without_bounds {
    use super::*;

    macro_rules! hang {
        ($($name:ident)*) => {$(
            #[test]
            fn $name() {
                breaks(Fault::WaitsForEver, None, &["deadlock"], super::$name);
            }
        )*};
    }
    hang! {
        stuck_lookup stuck_invalidation stuck_discard stuck_cookie stuck_volume stuck_volume_of_old
    }
}
