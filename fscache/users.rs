// SPDX-License-Identifier: GPL-2.0-only

//! The users of a cookie: how many there are, and what becomes of the object when the first comes
//! and when the last goes.
//!
//! # Who takes a lock
//!
//! Who is neither the first nor the last only counts, atomically. The first and the last are
//! counted under the cookie's lock, because that is where an LRU discard makes sure that there is
//! no user; and where a use changes nothing ([`is_use_plain`]), no decision is made. These are
//! the two operations that filesystems call most, and they are cut so that what is common calls
//! nothing that it has to come back from.

use crate::{
    access::VolumeAccess,
    cookie::{
        carry_out,
        warn_relinquished, //
    },
    fscache,
    layout::{
        Cookie,
        CookieGuard,
        CookieRef, //
    },
    patience::Patience,
    state::{
        decide,
        flags,
        is_use_plain,
        Action,
        Event,
        State, //
    },
    trace::{
        self,
        AccessWhy,
        ActiveWhy,
        CookieWhy, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::{
            Full,
            Relaxed, //
        }, //
    },
};

/// Notes that somebody begins to use the file, and has it looked up if nobody did before.
///
/// Sleeps only while the object is being put away, and not for ever.
#[inline]
pub(crate) fn use_cookie(cookie: &Cookie, modify: bool) {
    if cookie.flags().any(flags::RELINQUISHED) {
        return warn_relinquished("use");
    }
    let Some(active) = join_users(cookie) else {
        return use_first(cookie, modify);
    };
    if trace::is_active_heard() {
        return use_and_tell(cookie, active, modify);
    }
    use_counted(cookie, modify);
}

/// The rest of [`use_cookie`], while somebody listens. A function of its own, so that the common
/// one calls nothing it has to come back from.
#[cold]
#[inline(never)]
fn use_and_tell(cookie: &Cookie, active: i32, modify: bool) {
    trace::active(cookie, active, use_why(modify));
    use_counted(cookie, modify);
}

/// Sees to a user who is counted beside others.
#[inline(always)]
fn use_counted(cookie: &Cookie, modify: bool) {
    // The object is there, and there is nothing that the backend was not told.
    if cookie.state() == State::Active && (!modify || cookie.flags().any(flags::LOCAL_WRITE)) {
        return;
    }
    use_as_well(cookie, modify);
}

/// The rest of [`use_cookie`]: of the first user, who is not counted yet.
#[inline(never)]
fn use_first(cookie: &Cookie, modify: bool) {
    let guard = cookie.lock();
    let active = cookie.n_active().fetch_add(1, Full).wrapping_add(1);
    trace::active(cookie, active, use_why(modify));
    use_under_lock(cookie, guard, modify);
}

/// The rest of [`use_cookie`]: of one who is counted, where there may be something to decide.
#[inline(never)]
fn use_as_well(cookie: &Cookie, modify: bool) {
    use_under_lock(cookie, cookie.lock(), modify);
}

/// Sees to a user who is counted: mostly there is nothing to decide.
#[inline(always)]
fn use_under_lock(cookie: &Cookie, guard: CookieGuard<'_>, modify: bool) {
    let state = cookie.state();
    let live = state == State::Quiescent && cookie.volume().cache().is_live();
    if !is_use_plain(state, cookie.flags().load(), modify, live) {
        use_unless_leaving(cookie, guard, modify);
    }
}

/// The rest of [`use_under_lock`]: where there is something to decide.
#[inline(never)]
fn use_unless_leaving(cookie: &Cookie, guard: CookieGuard<'_>, modify: bool) {
    if !try_to_use(cookie, guard, modify, true) {
        use_when_put_away(cookie, modify);
    }
}

/// Asks what a use means, and does it; false if it has to wait, as the object is just being put away,
/// and is patient.
#[inline(always)]
fn try_to_use(cookie: &Cookie, guard: CookieGuard<'_>, modify: bool, patient: bool) -> bool {
    let now = guard.snapshot();
    let access = match now.state {
        State::Quiescent => {
            VolumeAccess::begin(cookie.volume(), cookie.debug_id(), AccessWhy::LookupCookie)
        }
        _ => None,
    };
    let live = access.is_some();
    let event = Event::Use {
        modify,
        live,
        patient,
    };
    let decision = decide(&now, event);
    match decision.action {
        Action::Wait => {
            guard.apply(&now, &decision);
            return false;
        }
        Action::Refuse => {
            drop(guard);
            warn_cannot_use(now.state);
        }
        _ => {
            if now.flags & decision.clear & flags::DO_LRU_DISCARD != 0 {
                trace::see_cookie(cookie, CookieWhy::SeeLruDiscardClear);
            }
            carry_out(cookie, guard, &now, &decision, CookieWhy::GetUseWork);
            // The worker ends it when the lookup has ended.
            if let Some(access) = access {
                access.suspend();
            }
        }
    }
    true
}

/// A filesystem begins to use what it is giving up.
#[cold]
#[inline(never)]
fn warn_cannot_use(state: State) {
    pr_warn!("Can't use cookie in state {}\n", state as i8);
    kernel::warn_on!(true);
}

/// The rest of [`use_cookie`]: waits until the object has been put away, and not for ever. Sleeps.
#[cold]
#[inline(never)]
fn use_when_put_away(cookie: &Cookie, modify: bool) {
    let mut patience = Patience::new(cookie.volume());
    loop {
        let patient = patience.wait(
            |left| cookie.wait_while(State::LruDiscarding, left),
            || {
                pr_warn!(
                    "cookie {:08x} takes long to be put away; going on without cache\n",
                    cookie.debug_id()
                )
            },
        );
        if try_to_use(cookie, cookie.lock(), modify, patient) {
            return;
        }
    }
}

/// Why a count of users goes up.
#[inline]
fn use_why(modify: bool) -> ActiveWhy {
    if modify {
        ActiveWhy::UseModify
    } else {
        ActiveWhy::Use
    }
}

/// Counts a user if there are others, and returns the new count.
#[inline]
fn join_users(cookie: &Cookie) -> Option<i32> {
    let mut active = cookie.n_active().load(Relaxed);
    while active > 0 {
        match cookie
            .n_active()
            .cmpxchg(active, active.wrapping_add(1), Full)
        {
            Ok(_) => return Some(active.wrapping_add(1)),
            Err(now) => active = now,
        }
    }
    None
}

/// Notes that somebody stops using the file.
#[inline]
pub(crate) fn unuse(cookie: &Cookie) {
    // All but the last only count. While somebody listens they do as the last does: the cookie of
    // a filesystem that lost count goes with its last user, so who is not counted any more may look
    // at it under its lock only.
    let mut active = cookie.n_active().load(Relaxed);
    while active > 1 && !trace::is_active_heard() {
        match cookie
            .n_active()
            .cmpxchg(active, active.wrapping_sub(1), Full)
        {
            Ok(_) => return,
            Err(now) => active = now,
        }
    }
    unuse_last(cookie)
}

/// The rest of [`unuse`]: of the last user, and of one who is traced.
#[inline(never)]
fn unuse_last(cookie: &Cookie) {
    let guard = cookie.lock();
    if cookie.n_active().load(Relaxed) <= 0 {
        drop(guard);
        return warn_no_user(cookie);
    }
    let active = cookie.n_active().fetch_sub(1, Full).wrapping_sub(1);
    trace::active(cookie, active, ActiveWhy::Unuse);
    if active != 0 {
        return;
    }
    // What is asked here changes under the lock only, but for what the cookie's users do, and there
    // are none.
    let flags = cookie.flags().load();
    if flags & (UNTIL_UNUSED | flags::OLD_READS | flags::KEPT_FOR_USERS) != 0 {
        return end_of_users(cookie, guard, flags);
    }
    if flags & (flags::IS_CACHING | flags::RELINQUISHED) == flags::IS_CACHING {
        fscache().lru.add(cookie);
    }
}

/// What goes with the last user.
const UNTIL_UNUSED: usize = flags::DISABLED | flags::STORES_NOTHING;

/// The rest of [`unuse_last`], of a cookie that waited for its users to go.
#[cold]
#[inline(never)]
fn end_of_users(cookie: &Cookie, guard: CookieGuard<'_>, flags: usize) {
    // What old reads have left is in nobody's folios either, if they have ended.
    let old = if cookie.n_accesses().fetch_add(0, Full) == 0 {
        flags::OLD_READS | flags::OLD_READS_STAY_OLD
    } else {
        0
    };
    if flags & (UNTIL_UNUSED | old) != 0 {
        cookie.flags().update(0, UNTIL_UNUSED | old);
    }
    if flags & (flags::IS_CACHING | flags::RELINQUISHED) == flags::IS_CACHING {
        fscache().lru.add(cookie);
    }
    let kept = CookieRef::take_kept(cookie);
    drop(guard);
    if let Some(kept) = kept {
        kept.put(CookieWhy::PutRelinquish);
    }
}

/// A filesystem stops using what nobody uses.
#[cold]
#[inline(never)]
fn warn_no_user(cookie: &Cookie) {
    kernel::pr_err_once!(
        "cookie {:08x} has no user that could go; a filesystem lost count\n",
        cookie.debug_id()
    );
}
