// SPDX-License-Identifier: GPL-2.0-only

//! References that are given back where one must not sleep, and ones that never should be.

use super::stage::{blob, Stage};
use crate::{
    cache, cookie,
    layout::{Cookie, CookieRef, VolumeRef},
    stand_in::{complaints, context::Atomic, fscache, memory},
    state::State,
    trace::{CookieWhy, VolumeWhy},
    users, volume,
};

/// The last reference to a cookie, which has the last of its volume, goes in a completion: nothing
/// sleeps there (R13, D10).
#[test]
fn last_put_in_a_completion() {
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    users::use_cookie(&cookie, false);
    stage.work();
    assert_eq!(cookie.state(), State::Active);
    users::unuse(&cookie);
    let operation = CookieRef::get(&cookie, CookieWhy::GetEndAccess);
    cookie::relinquish(cookie, false);
    stage.give_up(volume);
    stage.work();
    let used = memory::used();
    {
        let _completion = Atomic::enter();
        operation.put(CookieWhy::PutWork);
    }
    assert_eq!(memory::used(), used, "freed in a completion");
    stage.work();
    assert!(memory::used() < used, "never freed");
    stage.take_cache(cache);
    stage.end();
}

/// Whoever has the last reference goes while the cookie is looked at, in a completion: it is there as
/// long as that lasts, and nothing sleeps (D11).
#[test]
fn last_reference_goes_while_it_is_kept() {
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    // SAFETY: Nothing is taken off that is freed here.
    let looked_at = unsafe { Cookie::from_raw(cookie.as_raw()) };
    let id = cookie.debug_id();
    users::use_cookie(&cookie, false);
    stage.work();
    users::unuse(&cookie);
    let last = CookieRef::get(&cookie, CookieWhy::GetEndAccess);
    cookie::relinquish(cookie, false);
    stage.work();
    let used = memory::used();
    {
        let _completion = Atomic::enter();
        CookieRef::keep_while(looked_at, || {
            last.put(CookieWhy::PutWork);
            stage.work();
            assert_eq!(looked_at.debug_id(), id, "freed while it was looked at");
        });
    }
    assert_eq!(memory::used(), used, "freed in a completion");
    stage.work();
    assert!(memory::used() < used, "never freed");
    stage.give_up(volume);
    stage.take_cache(cache);
    stage.end();
}

/// A cookie that lost its last reference while it is in the table is not freed (I3).
#[test]
fn hashed_and_given_back() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    let used = memory::used();
    // A filesystem puts what it did not get.
    let raw = cookie.into_raw();
    unsafe { CookieRef::from_raw(raw.cast()) }.put_sleeping(CookieWhy::PutWork);
    assert_eq!(memory::used(), used, "freed while hashed");
    assert!(complaints() > 0, "nobody complained");
    assert!(!fscache().cookies.table().is_empty());
    // Nobody finds it, so the key can be had again: as soon as somebody puts that right.
    assert!(cookie::acquire(&volume, 0, b"other", blob(b""), 1)
        .map(|other| cookie::relinquish(other, false))
        .is_some());
    unsafe { (*raw).ref_.refs = 1 };
    cookie::relinquish(unsafe { CookieRef::from_raw(raw.cast()) }, false);
    stage.give_up(volume);
    stage.end();
}

/// A reference that is given back too often is reported, and the thing leaks: it is not freed
/// twice (O1).
#[test]
fn given_back_too_often() {
    let stage = Stage::new();
    let cache = cache::acquire(c"name").unwrap();
    let volume = volume::acquire(c"v", None, blob(b"")).unwrap();
    let raw = volume.into_raw();
    let again = |count| unsafe {
        (*raw).ref_.refs = count;
        VolumeRef::from_raw(raw)
    };
    for count in [0, -1] {
        again(count).put(VolumeWhy::PutCookie);
        assert!(complaints() > 0, "nobody complained");
    }
    stage.give_up(again(1));
    cache::relinquish(cache);
    stage.end();
}

/// A reference that is dropped is given back, and that is reported (O1, I2).
#[test]
fn dropped_without_a_reason() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    drop(VolumeRef::get(&volume, VolumeWhy::GetCookie));
    assert_eq!(complaints(), 1, "nobody complained");
    stage.give_up(volume);
    stage.end();
}

/// A cache, a volume and a cookie are given back in any order (R10). Only a backend that goes looks
/// after its objects first, here by what the filesystem has of them.
#[test]
fn in_any_order() {
    const CACHE: usize = 0;
    const VOLUME: usize = 1;
    const COOKIE: usize = 2;
    for order in [
        [CACHE, VOLUME, COOKIE],
        [CACHE, COOKIE, VOLUME],
        [VOLUME, COOKIE, CACHE],
        [COOKIE, CACHE, VOLUME],
        [COOKIE, VOLUME, CACHE],
    ] {
        let stage = Stage::new();
        let cache = stage.bring_cache();
        let volume = stage.volume(c"v");
        let cookie = stage.cookie(&volume, b"key");
        users::use_cookie(&cookie, false);
        stage.work();
        users::unuse(&cookie);
        let (mut cache, mut volume, mut cookie) = (Some(cache), Some(volume), Some(cookie));
        let mut give_back = |what: usize| match what {
            CACHE => {
                let cache = cache.take().unwrap();
                if let Some(volume) = &volume {
                    volume::withdraw(volume);
                    unsafe { (*volume.as_raw()).cache_priv = std::ptr::null_mut() };
                }
                if let Some(cookie) = &cookie {
                    cookie::withdraw(cookie);
                }
                stage.work();
                stage.take_cache(cache);
            }
            VOLUME => stage.give_up(volume.take().unwrap()),
            _ => {
                cookie::relinquish(cookie.take().unwrap(), false);
                stage.work();
            }
        };
        order.map(&mut give_back);
        stage.end();
    }
}
