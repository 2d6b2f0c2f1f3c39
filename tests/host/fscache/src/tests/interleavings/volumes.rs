// SPDX-License-Identifier: GPL-2.0-only

//! Volumes and caches: collisions, making, and a cache that goes.

use super::*;
use crate::{
    access::VolumeAccess,
    cache,
    layout::{BackendTable, Cache, CacheRef, VolumeRef},
    prelude::Result,
    stand_in::volumes::left,
    trace::VolumeWhy,
    volume, wait,
};
use std::ffi::CString;

/// A backend brings a cache.
pub(super) fn bring_cache() -> &'static Cache {
    let cache = cache::acquire(c"cache").unwrap();
    cache::add(&cache, BackendTable).unwrap();
    // SAFETY: Caches live until the model has ended.
    unsafe { &*cache.into_raw() }
}

/// The backend withdraws its cache and gives it back, as cachefiles does; it has no objects.
pub(super) fn take_cache(cache: &'static Cache) {
    cache::withdraw(cache);
    take_volumes(cache);
    give_back(cache);
}

/// The backend withdraws its volumes, and waits for those that are being freed.
fn take_volumes(cache: &'static Cache) {
    let walk = || {
        let made = cache.made.lock();
        made.iter()
            // SAFETY: What is on the backend's list has not been freed.
            .find_map(|volume| VolumeRef::try_get(unsafe { &**volume }, None))
    };
    while let Some(volume) = walk() {
        volume::withdraw(&volume);
        volume.set_backing(false);
        volume.put(VolumeWhy::PutHashCollision);
    }
    if !cache.made.lock().is_empty() {
        wait::wait_for(&cache.made, 1, || cache.made.lock().is_empty());
    }
}

/// The backend goes.
fn give_back(cache: &'static Cache) {
    cache.gone.set(true);
    cache::relinquish(CacheRef::own(cache));
}

/// What a filesystem gets.
pub(super) fn acquire(key: &[u8]) -> Result<&'static crate::layout::Volume> {
    let key = CString::new(key).unwrap();
    let volume = volume::acquire(&key, None, Blob::default())?;
    // SAFETY: Volumes live until the model has ended.
    Ok(unsafe { &*volume.into_raw() })
}

pub(super) fn relinquish(volume: &crate::layout::Volume) {
    volume::relinquish(VolumeRef::own(volume), Blob::default(), false);
}

/// What must hold when all is at rest and given up; ends the stage.
pub(super) fn check(stage: &'static Stage) {
    assert!(stage.fscache.queue.is_empty());
    assert!(stage.fscache.volume_queue.is_empty());
    assert_eq!(stage.fscache.cookies.table().len(), 0);
    assert_eq!(
        stage.fscache.volumes.table().len(),
        0,
        "a volume is still in the table"
    );
    assert_eq!(left(), 0, "a volume or a cache was never freed");
    free_all();
    // SAFETY: Made by `new()`; nobody uses it any more.
    drop(unsafe { Box::from_raw(std::ptr::from_ref(stage).cast_mut()) });
}

/// Runs some at once, beside the worker of volumes.
fn at_once<const N: usize>(stage: &'static Stage, all: [Box<dyn FnOnce()>; N]) {
    let queue = &stage.fscache.volume_queue;
    let worker = loom::thread::spawn(move || queue.work(true));
    let mut all = all.into_iter();
    let mine = all.next().unwrap();
    let others: Vec<_> = all.map(loom::thread::spawn).collect();
    mine();
    for other in others {
        other.join().unwrap();
    }
    queue.close();
    worker.join().unwrap();
}

/// A volume that a filesystem gave up, and the reference that keeps it.
fn given_up(stage: &'static Stage) -> VolumeRef {
    let old = acquire(b"v").unwrap();
    stage.fscache.volume_queue.work(false);
    let held = VolumeRef::get(old, VolumeWhy::GetCookie);
    relinquish(old);
    held
}

/// The old volume goes while somebody waits for its key.
pub(super) fn collision(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = bring_cache();
    let old = given_up(stage);
    let put = loom::thread::spawn(|| old.put(VolumeWhy::PutCookie));
    let new = acquire(b"v").expect("it did not wait for the old one");
    put.join().unwrap();
    stage.fscache.volume_queue.work(false);
    relinquish(new);
    take_cache(cache);
    check(stage);
}

/// Two wait for the key: one gets it, the other hears that it is taken.
pub(super) fn collision_of_three(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = bring_cache();
    let old = given_up(stage);
    let put = loom::thread::spawn(|| old.put(VolumeWhy::PutCookie));
    let other = loom::thread::spawn(|| acquire(b"v").ok());
    let mine = acquire(b"v").ok();
    put.join().unwrap();
    let other = other.join().unwrap();
    assert!(
        mine.is_some() != other.is_some(),
        "one gets it, and only one"
    );
    stage.fscache.volume_queue.work(false);
    relinquish(mine.or(other).unwrap());
    take_cache(cache);
    check(stage);
}

/// Two need the volume in the backend, where it is not yet.
pub(super) fn made_once(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let volume = acquire(b"v").unwrap();
    let cache = bring_cache();
    let need = move || assert!(volume::create_and_wait(volume), "it was not made");
    at_once(stage, [Box::new(need), Box::new(need)]);
    assert_eq!(cache.asked.get(), 1, "made twice");
    relinquish(volume);
    take_cache(cache);
    check(stage);
}

/// A volume is made while its cache goes.
pub(super) fn made_while_the_cache_goes(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let volume = acquire(b"v").unwrap();
    let cache = bring_cache();
    at_once(
        stage,
        [
            Box::new(move || take_cache(cache)),
            Box::new(move || {
                let _ = volume::create_and_wait(volume);
            }),
        ],
    );
    relinquish(volume);
    check(stage);
}

/// The backend withdraws a volume from two places, while somebody looks whether he may use it.
pub(super) fn withdrawn_twice(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = bring_cache();
    let volume = acquire(b"v").unwrap();
    stage.fscache.volume_queue.work(false);
    at_once(
        stage,
        [
            Box::new(move || {
                volume::withdraw(volume);
                volume::withdraw(volume);
            }),
            Box::new(move || {
                if let Some(access) = VolumeAccess::begin(volume, 0, AccessWhy::LookupCookie) {
                    access.end(AccessWhy::LookupCookieEnd);
                }
            }),
        ],
    );
    volume.set_backing(false);
    relinquish(volume);
    take_cache(cache);
    check(stage);
}

/// The last reference to a volume goes while its cache does.
pub(super) fn put_while_the_cache_goes(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = bring_cache();
    let volume = acquire(b"v").unwrap();
    stage.fscache.volume_queue.work(false);
    at_once(
        stage,
        [
            Box::new(move || take_cache(cache)),
            Box::new(move || relinquish(volume)),
        ],
    );
    check(stage);
}

/// A file is opened while its cache goes.
pub(super) fn used_while_the_cache_goes(stage: &'static Stage) {
    WAITED_FOR.set(true);
    let cache = bring_cache();
    let volume = acquire(b"v").unwrap();
    stage.fscache.volume_queue.work(false);
    let cookie = cookie::acquire(volume, 0, b"key", Blob::default(), 1).unwrap();
    // SAFETY: Cookies live until the model has ended.
    let cookie = unsafe { &*cookie.into_raw() };
    stage.at_once([
        Box::new(move || users::use_cookie(cookie, false)),
        Box::new(move || {
            cache::withdraw(cache);
            volume::withdraw(volume);
            if cookie.has_object() {
                cookie::withdraw(cookie);
                wait::wait_for(&cookie.object, 1, || !cookie.has_object());
            }
            volume.set_backing(false);
            cache.gone.set(true);
        }),
    ]);
    assert_eq!(cookie.state(), State::Quiescent, "it outlives the cache");
    cache::relinquish(CacheRef::own(cache));
    users::unuse(cookie);
    super::relinquish(cookie);
    stage.settle();
    relinquish(volume);
    check(stage);
}

/// The module goes while the LRU's worker looks at what is not due.
pub(super) fn lru_shut_down(stage: &'static Stage) {
    WATCHED.set(true);
    let cookie = stage.idle();
    let worker = loom::thread::spawn(|| stage.fscache.lru.expire());
    stage.fscache.lru.shutdown();
    worker.join().unwrap();
    assert_eq!(stage.fscache.lru.expires_in(), 0, "armed for ever");
    stage.check(cookie);
}

scenarios! {
    collision: Some(BOUND);
    collision_of_three: Some(BOUND - 1);
    made_once: Some(BOUND - 1);
    made_while_the_cache_goes: Some(BOUND);
    withdrawn_twice: Some(BOUND);
    put_while_the_cache_goes: Some(BOUND);
    used_while_the_cache_goes: Some(BOUND);
    lru_shut_down: None;
}
