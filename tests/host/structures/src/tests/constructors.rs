// SPDX-License-Identifier: GPL-2.0-only

//! Memory that is short at any one of the allocations that making a thing takes: what was done so
//! far is undone, once, and nothing else (O1, R12, R15, D3).

use super::stage::{blob, Stage};
use crate::{
    cache, cookie,
    prelude::*,
    stand_in::{atomic::ordering::Relaxed, memory},
    volume,
};

/// Tries `make` with each of its allocations failing in turn, and once with none.
///
/// Returns how many allocations it took. `make` says whether it could, and undoes it then.
fn with_each_failing(make: impl Fn(&Stage) -> bool) -> usize {
    for failing in 0..100 {
        let stage = Stage::new();
        memory::fail_after(failing);
        let made = make(&stage);
        let failed = memory::enough();
        stage.end();
        assert!(made || failed, "it failed without a reason");
        if !failed {
            return failing;
        }
    }
    panic!("so much memory?");
}

/// A name, the cache, and the registry's place for it.
#[test]
fn cache_of_a_backend() {
    let n = with_each_failing(|_| match cache::acquire(c"name") {
        Ok(cache) => {
            cache::relinquish(cache);
            true
        }
        Err(error) => {
            assert_eq!(error, ENOMEM);
            false
        }
    });
    assert!(n >= 3, "only {n} allocations");
}

/// A backend that names a nameless cache.
#[test]
fn cache_that_gets_a_name() {
    with_each_failing(|stage| {
        let Ok(volume) = volume::acquire(c"v", None, blob(b"")) else {
            return false;
        };
        let made = cache::acquire(c"name").map(cache::relinquish).is_ok();
        stage.give_up(volume);
        made
    });
}

/// The cache, the key and the volume.
#[test]
fn volume_without_a_cache() {
    let n = with_each_failing(
        |stage| match volume::acquire(c"v", Some(c"name"), blob(b"xyz")) {
            Ok(volume) => {
                stage.give_up(volume);
                true
            }
            Err(error) => {
                assert_eq!(error, ENOMEM);
                false
            }
        },
    );
    assert!(n >= 5, "only {n} allocations");
}

/// Cookies whose keys and coherency data lie in them, or beside them.
#[test]
fn cookies() {
    for (key_len, aux_len, at_least) in [(16, 8, 1), (17, 8, 2), (16, 9, 2), (255, 255, 3)] {
        let n = with_each_failing(|stage| {
            let Ok(volume) = volume::acquire(c"v", None, blob(b"")) else {
                return false;
            };
            let key = vec![7; key_len];
            let aux = vec![8; aux_len];
            let cookie = cookie::acquire(&volume, 0, &key, blob(&aux), 1);
            let made = cookie.is_some();
            if let Some(cookie) = cookie {
                cookie::relinquish(cookie, false);
            }
            stage.give_up(volume);
            made
        });
        assert!(n >= at_least + 3, "only {n} allocations");
    }
}

/// A cookie that is made, and finds its key taken.
#[test]
fn cookie_of_a_key_that_is_taken() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    let first = stage.cookie(&volume, b"key");
    assert!(cookie::acquire(&volume, 0, b"key", blob(b""), 1).is_none());
    assert_eq!(volume.n_cookies().load(Relaxed), 1);
    cookie::relinquish(first, false);
    stage.give_up(volume);
    stage.end();
}

/// The tables cannot grow: there can be cookies all the same.
#[test]
fn tables_that_cannot_grow() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    let cookies: Vec<_> = (0..20_000u32)
        .filter_map(|n| {
            // Every allocation of the cookie itself succeeds, the one after those does not.
            memory::fail_after(1);
            let cookie = cookie::acquire(&volume, 0, &n.to_le_bytes(), blob(b""), 1);
            memory::enough();
            cookie
        })
        .collect();
    assert_eq!(cookies.len(), 20_000);
    for cookie in cookies {
        cookie::relinquish(cookie, false);
    }
    stage.give_up(volume);
    stage.end();
}

/// Loading the module.
#[test]
fn all_that_the_module_owns() {
    for failing in 0..10_000 {
        memory::fail_after(failing);
        let made = crate::stand_in::Fscache::new();
        let failed = memory::enough();
        assert_ne!(made.is_ok(), failed);
        drop(made);
        memory::check();
        if !failed {
            assert!(failing > 2 * 256, "only {failing} allocations");
            return;
        }
    }
}
