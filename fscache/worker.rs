// SPDX-License-Identifier: GPL-2.0-only

//! The worker of a cookie, which carries out what `state.rs` decides.
//!
//! A cookie's work item runs at most once at a time, so of all that touches an object only this
//! calls the backend to look up, empty and put away. It asks for decisions until there is nothing
//! to do, whatever was requested meanwhile; so a request may be made without knowing whether the
//! worker is queued, running or idle.

use crate::{
    access::VolumeAccess,
    counters,
    fscache,
    layout::{
        Cookie,
        CookieRef, //
    },
    state::{
        decide,
        flags,
        Action,
        Event,
        State, //
    },
    trace::{
        self,
        AccessWhy,
        CookieWhy, //
    },
    volume, //
};

/// Works on a cookie until there is nothing to do. The reference is the worker's. Sleeps.
pub(crate) fn run(cookie: CookieRef) {
    trace::see_cookie(&cookie, CookieWhy::SeeWork);
    to_rest(&cookie);
    cookie.put_sleeping(CookieWhy::PutWork);
}

/// Does all that there is to do for a cookie. Sleeps.
fn to_rest(cookie: &Cookie) {
    let mut event = Event::Work;
    loop {
        let guard = cookie.lock();
        let before = guard.snapshot();
        let decision = decide(&before, event);
        let changed = guard.apply(&before, &decision);
        drop(guard);
        if changed {
            cookie.wake_state_waiters();
        }
        event = match decision.action {
            Action::Rest => return,
            Action::Again | Action::Queue => Event::Work,
            Action::LookUp => ended(cookie, look_up(cookie)),
            Action::Invalidate => ended(cookie, invalidate(cookie)),
            Action::PrepareToWrite => {
                if let Some(backend) = cookie.volume().cache().backend() {
                    backend.prepare_to_write(cookie);
                }
                ended(cookie, Event::Work)
            }
            Action::Withdraw { keep } => ended(cookie, withdraw(cookie, decision.state, keep)),
            // That was the last.
            Action::Unhash => return fscache().cookies.unhash(cookie),
            // Not to the worker.
            Action::Wait | Action::Refuse => return,
        };
    }
}

/// The backend has ended something, so it is not stuck; see `patience.rs`.
fn ended(cookie: &Cookie, event: Event) -> Event {
    cookie.volume().cache().set_stuck(false);
    event
}

/// Looks the object up, in a volume that is made first if need be.
///
/// An access to the volume was begun when the lookup was decided; it ends here.
fn look_up(cookie: &Cookie) -> Event {
    let access = VolumeAccess::resume(cookie.volume(), cookie.debug_id());
    let found = volume::create_and_wait(cookie.volume())
        && cookie
            .volume()
            .cache()
            .backend()
            .is_some_and(|backend| backend.lookup_cookie(cookie));
    if cookie.has_object() {
        counters::inc(cookie.volume(), |c| &c.objects);
    }
    if found {
        counters::inc(cookie.volume(), |c| match cookie.state() {
            State::Creating => &c.lookups_created,
            _ => &c.lookups_found,
        });
        trace::see_cookie(cookie, CookieWhy::SeeActive);
        access.end(AccessWhy::LookupCookieEnd);
        Event::LookedUp
    } else {
        counters::inc(cookie.volume(), |c| &c.lookups_failed);
        access.end(AccessWhy::LookupCookieEndFailed);
        Event::LookupFailed
    }
}

/// Empties the object.
fn invalidate(cookie: &Cookie) -> Event {
    let done = cookie
        .volume()
        .cache()
        .backend()
        .is_some_and(|backend| backend.invalidate_cookie(cookie));
    if done {
        Event::Invalidated
    } else {
        counters::inc(cookie.volume(), |c| &c.invalidations_failed);
        Event::InvalidateFailed
    }
}

/// Puts the object away; what is out of date is destroyed instead of kept.
fn withdraw(cookie: &Cookie, state: State, keep: bool) -> Event {
    if cookie.has_object() {
        // The word for it that every backend knows. The cookie goes on to live, so it must not
        // stay set if the filesystem did not say so itself.
        let mark = !keep && !cookie.flags().test_and_set(flags::RETIRED);
        if let Some(backend) = cookie.volume().cache().backend() {
            backend.withdraw_cookie(cookie);
        }
        if mark && state != State::Relinquishing {
            cookie.flags().update(0, flags::RETIRED);
        }
        let volume = cookie.volume();
        counters::add(volume, |c| &c.objects, -1);
        match state {
            State::LruDiscarding => counters::inc(volume, |c| &c.discards),
            State::Withdrawing => counters::inc(volume, |c| &c.withdrawals),
            _ => {}
        }
    }
    trace::see_cookie(
        cookie,
        match state {
            State::Relinquishing => CookieWhy::SeeRelinquish,
            State::LruDiscarding => CookieWhy::SeeLruDiscard,
            _ => CookieWhy::SeeWithdraw,
        },
    );
    Event::Withdrawn
}
