// SPDX-License-Identifier: GPL-2.0-only

//! What the pairs of the table in the file above need besides what is played there.

use super::*;

/// Two close the file, and are its last users.
fn unuse_and_unuse(stage: &'static Stage) {
    let cookie = stage.active();
    users::use_cookie(cookie, false);
    stage.at_once([
        Box::new(move || users::unuse(cookie)),
        Box::new(move || users::unuse(cookie)),
    ]);
    expire(stage);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent, "nobody puts it away");
    stage.check(cookie);
}

/// The time of the last close has come while the file, opened again, is closed again.
fn discard_and_unuse(stage: &'static Stage) {
    let cookie = stage.idle();
    users::use_cookie(cookie, false);
    stage.at_once([
        Box::new(move || expire(stage)),
        Box::new(move || users::unuse(cookie)),
    ]);
    expire(stage);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent, "nobody puts it away");
    stage.check(cookie);
}

/// The LRU comes too early, because the file was used again, while the filesystem gives it up.
fn early_and_relinquish(stage: &'static Stage) {
    let cookie = stage.idle();
    CLOCK.set(CLOCK.get() + 10 * HZ);
    users::use_cookie(cookie, false);
    users::unuse(cookie);
    stage.at_once([
        Box::new(move || stage.fscache.lru.expire()),
        Box::new(move || relinquish(cookie)),
    ]);
    assert!(cookie.is_freed(), "the LRU has it still");
    stage.check(cookie);
}

/// Two close the file that one had open: a filesystem lost count.
fn unuse_too_often(stage: &'static Stage) {
    let cookie = stage.active();
    MISTAKEN.set(true);
    stage.at_once([
        Box::new(move || users::unuse(cookie)),
        Box::new(move || users::unuse(cookie)),
    ]);
    assert_eq!(cookie.n_active().load(Relaxed), 0, "less than nobody");
    stage.check(cookie);
}

/// The file changes while it is opened to be changed.
fn invalidate_and_use(stage: &'static Stage) {
    let cookie = stage.acquire();
    stage.at_once([
        Box::new(move || invalidate(cookie)),
        Box::new(move || users::use_cookie(cookie, true)),
    ]);
    assert_eq!(cookie.state(), State::Active);
    assert!(cookie.object.announced.get(), "a writer was not announced");
    users::unuse(cookie);
    stage.check(cookie);
}

/// The file changes while it is closed.
fn invalidate_and_unuse(stage: &'static Stage) {
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || invalidate(cookie)),
        Box::new(move || users::unuse(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Active);
    expire(stage);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent, "nobody puts it away");
    stage.check(cookie);
}

/// The backend wants it back while somebody opens the file again.
fn withdraw_and_use(stage: &'static Stage) {
    let cookie = stage.idle();
    stage.at_once([
        Box::new(move || cookie::withdraw(cookie)),
        Box::new(move || users::use_cookie(cookie, false)),
    ]);
    // Whoever opened it too early goes without, and whoever comes later does not.
    users::use_cookie(cookie, false);
    stage.settle();
    assert_eq!(cookie.state(), State::Active, "withdrawn at once");
    users::unuse(cookie);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The backend wants it back while the last user closes the file.
fn withdraw_and_unuse(stage: &'static Stage) {
    let cookie = stage.active();
    stage.at_once([
        Box::new(move || cookie::withdraw(cookie)),
        Box::new(move || users::unuse(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    stage.check(cookie);
}

/// The backend and the LRU want it away.
fn withdraw_and_discard(stage: &'static Stage) {
    let cookie = stage.idle();
    stage.at_once([
        Box::new(move || cookie::withdraw(cookie)),
        Box::new(move || expire(stage)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    assert_eq!(cookie.object.withdrawals.get(), 1);
    stage.check(cookie);
}

/// Two parts of the backend want it back.
fn withdraw_twice(stage: &'static Stage) {
    let cookie = stage.idle();
    stage.at_once([
        Box::new(move || cookie::withdraw(cookie)),
        Box::new(move || cookie::withdraw(cookie)),
    ]);
    assert_eq!(cookie.state(), State::Quiescent);
    assert_eq!(cookie.object.withdrawals.get(), 1);
    stage.check(cookie);
}

/// One opens the file while another, who has it open, reads.
fn read_and_use(stage: &'static Stage) {
    let cookie = stage.acquire();
    cookie.waited_for.set(true);
    stage.at_once([
        Box::new(move || read(cookie)),
        Box::new(move || users::use_cookie(cookie, false)),
    ]);
    assert_eq!(cookie.state(), State::Active);
    users::unuse(cookie);
    stage.check(cookie);
}

/// The last user closes the file while something is read, and nobody uses it for long.
fn read_and_unuse(stage: &'static Stage) {
    let cookie = stage.active();
    cookie.waited_for.set(true);
    stage.at_once([
        Box::new(move || read(cookie)),
        Box::new(move || {
            users::unuse(cookie);
            expire(stage);
        }),
    ]);
    assert_eq!(cookie.state(), State::Quiescent, "nobody puts it away");
    stage.check(cookie);
}

/// The filesystem gives it up while somebody, who holds a reference, begins to read.
fn relinquish_and_read(stage: &'static Stage) {
    let cookie = stage.idle();
    cookie.waited_for.set(true);
    let held = hold(cookie);
    stage.at_once([
        Box::new(move || relinquish(cookie)),
        Box::new(move || {
            read(cookie);
            held.put(CookieWhy::PutWork);
        }),
    ]);
    stage.check(cookie);
}

/// A filesystem that lost count gives it up while it is opened.
fn relinquish_and_use(stage: &'static Stage) {
    let cookie = stage.idle();
    MISTAKEN.set(true);
    cookie.waited_for.set(true);
    let held = hold(cookie);
    stage.at_once([
        Box::new(move || relinquish(cookie)),
        Box::new(move || {
            users::use_cookie(cookie, false);
            users::unuse(cookie);
            held.put(CookieWhy::PutWork);
        }),
    ]);
    stage.check(cookie);
}

scenarios! {
    unuse_and_unuse: Some(BOUND);
    unuse_too_often: Some(BOUND);
    discard_and_unuse: Some(BOUND);
    invalidate_and_use: Some(BOUND);
    invalidate_and_unuse: Some(BOUND);
    withdraw_and_use: Some(BOUND);
    withdraw_and_unuse: Some(BOUND);
    withdraw_and_discard: Some(BOUND);
    withdraw_twice: Some(BOUND);
    read_and_use: Some(BOUND);
    read_and_unuse: Some(BOUND);
    relinquish_and_read: Some(BOUND - 1);
    relinquish_and_use: Some(BOUND);
    early_and_relinquish: Some(BOUND);
}
