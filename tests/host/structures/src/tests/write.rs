// SPDX-License-Identifier: GPL-2.0-only

//! Copying to the cache: the filesystem is told once, whatever happens (O3, O4, R61, R66).

use super::stage::{blob, Stage, EMPTIED, PREPARED, RESIZE_MEANWHILE, TOLD_SIZE};
use crate::{
    bindings::{address_space, inode, xarray, MARKS_TAKEN_OFF},
    cache, cookie, io,
    layout::Cookie,
    prelude::*,
    resources::{Resources, Want},
    stand_in::{atomic::ordering::Relaxed, memory},
    state::{flags, State},
    trace::AccessWhy,
    users,
    write::{copy_to_cache, Completion, Range},
};
use std::cell::RefCell;

thread_local! {
    static TOLD: RefCell<Vec<isize>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn tell(_: *mut c_void, result: isize) {
    TOLD.with_borrow_mut(|told| told.push(result));
}

/// Copies, and returns what the filesystem was told, and how often the marks were taken off.
fn copy(cookie: &Cookie, len: usize) -> (Vec<isize>, usize) {
    MARKS_TAKEN_OFF.set(0);
    let mut file = inode { i_size: 3000 };
    let mut pages = address_space {
        host: &raw mut file,
        i_pages: xarray,
    };
    let range = Range {
        mapping: &raw mut pages,
        start: 0,
        len,
    };
    let completion = Completion {
        function: Some(tell),
        private: std::ptr::null_mut(),
        marked: true,
    };
    // SAFETY: The pages stay until then.
    unsafe { copy_to_cache(cookie, range, 4096, completion) };
    (TOLD.take(), MARKS_TAKEN_OFF.get())
}

const REFUSED: isize = ENOBUFS as isize;

#[test]
fn told_once() {
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    // Not cached yet.
    assert_eq!(copy(&cookie, 4096), (vec![REFUSED], 1));
    users::use_cookie(&cookie, true);
    stage.work();
    assert_eq!(cookie.state(), State::Active);
    // Nobody was going to change the file.
    assert_eq!(EMPTIED.get(), 0);
    assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
    // Nothing to be copied, so nothing is missed.
    assert_eq!(copy(&cookie, 0), (vec![REFUSED], 1));
    assert_eq!(cookie.state(), State::Active);
    // The backend does not want it.
    PREPARED.set(-28);
    assert_eq!(copy(&cookie, 4096), (vec![-28], 1));
    PREPARED.set(0);
    // No memory.
    memory::none_left();
    assert_eq!(copy(&cookie, 4096), (vec![REFUSED], 1));
    memory::enough();
    stage.work();
    // What the cache has instead must not be read.
    assert_eq!(EMPTIED.get(), 1);
    assert_eq!(cookie.n_accesses().load(Relaxed), 0, "accesses are left");
    // On its way out.
    cookie::withdraw(&cookie);
    assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
    stage.work();
    assert_eq!(copy(&cookie, 4096), (vec![REFUSED], 1));
    assert_eq!(cookie.n_accesses().load(Relaxed), 0, "accesses are left");
    users::unuse(&cookie);
    stage.give_all_up(cookie, volume, cache);
}

/// A file changes on the server while what was read of it before is still to be copied: that is not
/// done, and once all is done with the file it is cached again (D5). Who only reads by an operation of
/// the cache has nothing of old to copy.
#[test]
fn old_content_after_an_invalidation() {
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    for (modify, dio, after) in [
        (false, false, 4096),
        (false, true, REFUSED),
        (true, false, REFUSED),
    ] {
        users::use_cookie(&cookie, modify);
        stage.work();
        assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
        cookie::invalidate(&cookie, blob(b""), 3000, dio);
        stage.work();
        assert_eq!(copy(&cookie, 4096), (vec![after], 1));
        users::unuse(&cookie);
        users::use_cookie(&cookie, modify);
        stage.work();
        assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
        users::unuse(&cookie);
    }
    stage.give_all_up(cookie, volume, cache);
}

/// A file is read, and changes meanwhile: what was read is not stored, neither by an operation that
/// begins before the reading ends (NFS, Ceph), nor by one that writes out the folios that the reading
/// has dirtied, until these are gone (D5). But a cut leaves folios what they are to be, and what is
/// made longer has nothing of old.
#[test]
fn changed_while_read() {
    #[derive(Clone, Copy, PartialEq)]
    enum Change {
        Invalidation,
        Resize(i64),
    }
    const SIZE: i64 = 3000;
    const STORED: isize = 4096;
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    for (change, dirties, meanwhile, after) in [
        (Change::Invalidation, false, REFUSED, STORED),
        (Change::Invalidation, true, REFUSED, REFUSED),
        (Change::Resize(1000), false, REFUSED, STORED),
        (Change::Resize(1000), true, REFUSED, STORED),
        // The cookie was told of the cut before.
        (Change::Resize(SIZE), false, REFUSED, STORED),
        (Change::Resize(SIZE + 1), true, STORED, STORED),
    ] {
        users::use_cookie(&cookie, false);
        stage.work();
        cookie.object_size().store(SIZE, Relaxed);
        let (emptied, count) = (EMPTIED.get(), cookie.inval_counter().load(Relaxed));
        let reading = Resources::empty();
        io::begin(&reading, &cookie, Want::Read, AccessWhy::IoRead).unwrap();
        match change {
            Change::Invalidation => cookie::invalidate(&cookie, blob(b""), SIZE, false),
            Change::Resize(size) => io::resize(&cookie, size),
        }
        stage.work();
        let is_old = meanwhile == REFUSED;
        assert_eq!(EMPTIED.get() - emptied, usize::from(is_old));
        assert_eq!(cookie.inval_counter().load(Relaxed) != count, is_old);
        assert_eq!(copy(&cookie, 4096), (vec![meanwhile], 1));
        // Another reader does not let the first one's in.
        let other = Resources::empty();
        io::begin(&other, &cookie, Want::Read, AccessWhy::IoRead).unwrap();
        assert_eq!(copy(&cookie, 4096), (vec![meanwhile], 1));
        other.end();
        if dirties {
            users::use_cookie(&cookie, true);
            stage.work();
        }
        reading.end();
        assert_eq!(copy(&cookie, 4096), (vec![after], 1));
        assert_eq!(copy(&cookie, 4096), (vec![after], 1));
        if dirties {
            users::unuse(&cookie);
        }
        users::unuse(&cookie);
        users::use_cookie(&cookie, false);
        stage.work();
        assert_eq!(copy(&cookie, 4096), (vec![STORED], 1));
        users::unuse(&cookie);
        // So that nobody is known to have changed the file.
        cookie::withdraw(&cookie);
        stage.work();
        cookie.flags().update(0, flags::LOCAL_WRITE);
    }
    stage.give_all_up(cookie, volume, cache);
}

/// What old reads have left goes with the last user, so who comes then is not kept from the cache.
#[test]
fn old_reads_end_with_the_users() {
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    // As the last user goes, the reading may last, or have ended.
    for (modify, dio, lasts, after) in [
        (false, false, false, 4096),
        (true, true, false, 4096),
        (true, true, true, REFUSED),
    ] {
        users::use_cookie(&cookie, modify);
        stage.work();
        let reading = Resources::empty();
        io::begin(&reading, &cookie, Want::Read, AccessWhy::IoRead).unwrap();
        cookie::invalidate(&cookie, blob(b""), 3000, dio);
        stage.work();
        if !lasts {
            reading.end();
        }
        users::unuse(&cookie);
        users::use_cookie(&cookie, true);
        stage.work();
        assert_eq!(copy(&cookie, 4096), (vec![after], 1));
        users::unuse(&cookie);
        if lasts {
            reading.end();
        }
    }
    stage.give_all_up(cookie, volume, cache);
}

/// The cache goes while an operation is under way: what that was to store is out of date there, and
/// what a cut was to take away must not be stored either.
#[test]
fn cache_goes_in_the_middle() {
    for modify in [false, true] {
        let stage = Stage::new();
        let cache = stage.bring_cache();
        let volume = stage.volume(c"v");
        let cookie = stage.cookie(&volume, b"key");
        users::use_cookie(&cookie, modify);
        stage.work();
        let storing = Resources::empty();
        io::begin(&storing, &cookie, Want::Write, AccessWhy::IoWrite).unwrap();
        cache::withdraw(&cache);
        let is_stale = || cookie.flags().any(flags::DO_INVALIDATE);
        let invalidations = || cookie.inval_counter().load(Relaxed);
        assert!(!io::wait_for(&storing, Want::Read));
        assert!(!is_stale());
        assert!(!io::wait_for(&storing, Want::Write));
        assert_eq!(is_stale(), modify);
        let count = invalidations();
        io::resize(&cookie, 1000);
        assert_eq!(invalidations(), count + 1);
        storing.end();
        io::resize(&cookie, 500);
        assert_eq!(invalidations(), count + 1);
        cookie::withdraw(&cookie);
        stage.work();
        users::unuse(&cookie);
        cookie::relinquish(cookie, false);
        stage.work();
        stage.give_up(volume);
        cache::relinquish(cache);
        stage.end();
    }
}

/// A file is cut while it is copied: what was cut off would be in the cache again.
#[test]
fn cut_meanwhile() {
    let stage = Stage::new();
    let cache = stage.bring_cache();
    let volume = stage.volume(c"v");
    let cookie = stage.cookie(&volume, b"key");
    users::use_cookie(&cookie, true);
    stage.work();
    // The file has become smaller after the filesystem had asked.
    assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
    assert_eq!(TOLD_SIZE.get(), 3000);
    // That it was cut before is as good as never.
    crate::io::resize(&cookie, 3000);
    assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
    stage.work();
    assert_eq!(EMPTIED.get(), 0);
    let invalidations = || cookie.inval_counter().load(Relaxed);
    let before = invalidations();
    // The cookie need not have been told how long the file has become.
    cookie.object_size().store(500, Relaxed);
    RESIZE_MEANWHILE.set(Some(1000));
    assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
    // By this the backend knows that the copy is of before.
    assert_eq!(invalidations(), before + 1);
    stage.work();
    assert_eq!(EMPTIED.get(), 1);
    // That copy is over.
    crate::io::resize(&cookie, 500);
    assert_eq!(copy(&cookie, 4096), (vec![4096], 1));
    stage.work();
    assert_eq!((EMPTIED.get(), invalidations()), (1, before + 1));
    users::unuse(&cookie);
    stage.give_all_up(cookie, volume, cache);
}
