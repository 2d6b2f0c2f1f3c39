// SPDX-License-Identifier: GPL-2.0-only

//! The bugs that C had, each put back (see [`Fault`]), and how it shows.

use super::*;

/// A file that is looked up is withdrawn meanwhile, and opened again later.
fn withdraw_of_nothing(stage: &'static Stage) {
    let cookie = stage.acquire();
    cookie::withdraw(cookie);
    users::use_cookie(cookie, false);
    stage.settle();
    assert_eq!(cookie.state(), State::Active, "withdrawn at once");
    users::unuse(cookie);
    stage.check(cookie);
}

/// A discard is called off, and then something is read.
fn read_after_no_discard(stage: &'static Stage) {
    let cookie = stage.idle();
    expire(stage);
    users::use_cookie(cookie, false);
    stage.settle();
    assert_eq!(cookie.state(), State::Active);
    read(cookie);
    assert!(stage.fscache.queue.is_empty(), "queued at every access");
    users::unuse(cookie);
    stage.check(cookie);
}

/// The worker is queued once more when all is over.
fn work_after_death(stage: &'static Stage) {
    let cookie = stage.idle();
    let held = hold(cookie);
    relinquish(cookie);
    stage.settle();
    assert_eq!(cookie.state(), State::Dropped);
    held.queue(CookieWhy::GetEndAccess);
    stage.settle();
    held.put(CookieWhy::PutWork);
    stage.settle();
    stage.check(cookie);
}

/// Somebody else has the file looked up, of which the cache finds what it had; then all are done.
fn used_once_more(stage: &'static Stage, cookie: &'static Cookie) {
    stage.volume.cache().lookup.set(Lookup::Kept);
    users::use_cookie(cookie, false);
    stage.settle();
    assert_eq!(cookie.state(), State::Active);
    for _ in 0..cookie.n_active().load(Relaxed) {
        users::unuse(cookie);
    }
    stage.check(cookie);
}

/// The cache goes while the file is open to be changed; it is changed, and then there is a cache
/// again, which finds what it had under the coherency data that it had.
fn change_without_cache(stage: &'static Stage) {
    let cookie = stage.active();
    users::use_cookie(cookie, true);
    stage.settle();
    stage.volume.cache().set_state(CacheState::Withdrawn);
    cookie::withdraw(cookie);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent);
    assert!(
        cookie.flags().any(flags::IS_CACHING),
        "netfs stores what the cache cannot take"
    );
    cookie.version.set(cookie.version.get() + 1);
    let resources = Resources::empty();
    assert!(io::begin(&resources, cookie, Want::Params, AccessWhy::IoWrite).is_err());
    stage.volume.cache().set_state(CacheState::Active);
    used_once_more(stage, cookie);
}

/// As before, but netfs stores a part of a page that it does not have, of which the cache does not
/// hear.
fn unheard_change_without_cache(stage: &'static Stage) {
    let cookie = stage.active();
    cookie::withdraw(cookie);
    stage.settle();
    stage.volume.cache().set_state(CacheState::Withdrawn);
    users::use_cookie(cookie, true);
    assert_eq!(cookie.state(), State::Quiescent);
    cookie.version.set(cookie.version.get() + 1);
    stage.volume.cache().set_state(CacheState::Active);
    used_once_more(stage, cookie);
}

/// The file is cut while it is not open to be changed, and there is nothing to cut in the cache.
fn cut_of_nothing(stage: &'static Stage) {
    let cookie = stage.active();
    cookie::withdraw(cookie);
    stage.settle();
    assert_eq!(cookie.state(), State::Quiescent);
    cookie.version.set(cookie.version.get() + 1);
    let resources = Resources::empty();
    assert!(io::begin(&resources, cookie, Want::Write, AccessWhy::IoResize).is_err());
    used_once_more(stage, cookie);
}

/// The cache goes while the file is read: that what was read is not stored is no change of it.
fn copy_without_cache(stage: &'static Stage) {
    let cookie = stage.active();
    stage.volume.cache().set_state(CacheState::Withdrawn);
    let resources = Resources::empty();
    let copy = || io::begin(&resources, cookie, Want::Params, AccessWhy::IoWrite);
    assert!(copy().is_err());
    cookie::withdraw(cookie);
    stage.settle();
    assert!(copy().is_err());
    let marks = flags::DO_INVALIDATE | flags::LOCAL_WRITE;
    assert!(!cookie.flags().any(marks), "emptied for nothing");
    users::unuse(cookie);
    stage.check(cookie);
}

scenarios! {
    copy_without_cache: None;
    change_without_cache: None;
    unheard_change_without_cache: None;
    cut_of_nothing: None;
    withdraw_of_nothing: None;
    read_after_no_discard: None;
    work_after_death: None;
}

mod bugs_of_old_are_seen {
    use super::{
        super::{volumes::*, *},
        *,
    };

    macro_rules! bugs {
        ($($name:ident: $fault:ident, $preemptions:expr, $play:ident, $how:expr;)*) => {$(
            #[test]
            fn $name() {
                breaks(Fault::$fault, $preemptions, &$how, $play);
            }
        )*};
    }

    bugs! {
        // Of the old object state machine.
        requeued_after_death: DeadWorks, None, work_after_death, ["taken out of the table twice"];
        admission_without_the_lock: NoLock, Some(BOUND), withdraw_and_read,
            ["withdrawn while it is used", "no object to use", "used after it was put away"];
        nobody_is_woken: StateWakesNobody, Some(BOUND), discard_and_use, ["deadlock"];
        given_up_under_its_users: UsersLeftAlone, Some(BOUND), relinquish_and_unuse,
            ["used after it was freed"];

        // The KASAN report of generic/011 on the rewrite as first posted.
        coalesced_relinquish: RestAfterDiscard, Some(BOUND), discard_and_relinquish,
            ["freed while hashed", "left behind"];
        // CVE-2022-48989.
        discard_of_what_is_used: DiscardInUse, Some(BOUND), discard_and_use,
            ["not cached while it is used"];
        // CVE-2024-45000.
        discard_of_what_is_read: DiscardInFlight, Some(BOUND), discard_and_read,
            ["withdrawn while it is used", "no object to use", "used after it was put away"];
        // CVE-2024-46786.
        timer_after_unloading: TimerOnlyDeleted, None, lru_shut_down, ["armed for ever"];

        // Invalidations in the states of lookup: lost ones, and ones that leaked a count.
        invalidation_lost_in_lookup: LookupForgetsInvalidation, None, invalidate_and_found,
            ["stale", "left behind"];
        invalidation_leaks_an_access: InvalidationCounts, None, invalidate_and_not_found,
            ["accesses are left"];
        invalidation_left_by_failed_lookup: FailedLookupKeepsRequests, Some(BOUND),
            requests_and_failing_lookup, ["left behind", "withdrawn at once"];
        failed_invalidation_kept: FailedInvalidationForgotten, Some(BOUND), invalidate_without_space,
            ["out of date, and kept"];

        // Of the C fscache as it is.
        writer_not_announced: LateWriterNotAnnounced, Some(BOUND), write_and_lookup,
            ["a writer was not announced"];
        access_ended_without_reference: OperationWithoutReference, Some(BOUND), relinquish_and_end,
            ["used after it was freed", "back from the dead"];
        counter_read_late: CounterReadLate, Some(BOUND), invalidate_and_read,
            ["old content under the new count"];
        withdrawal_strikes_the_next: WithdrawStrikesTheNext, None, withdraw_of_nothing,
            ["withdrawn at once"];
        never_put_away: UnusedForgotten, Some(BOUND), discard_and_invalidate,
            ["nobody puts it away"];
        queued_at_every_access: CalledOffDiscardStays, None, read_after_no_discard,
            ["queued at every access"];

        change_forgotten_where_there_is_nothing: InvalidationOfNothingForgotten, None,
            cut_of_nothing, ["stale"];
        writer_forgotten_where_there_is_nothing: WriterWithoutCacheForgotten, None,
            unheard_change_without_cache, ["stale"];
        not_cached_while_away: NotCachedWhileAway, None, change_without_cache,
            ["netfs stores what the cache cannot take"];

        // Of volumes: inverted waits, and wakeups that were lost.
        wait_inverted: WaitInverted, Some(BOUND), collision, ["deadlock", "exceeded"];
        another_key_is_woken: OtherKeyWoken, Some(BOUND), collision, ["deadlock"];
        no_barrier_before_wake: NoBarrierBeforeWake, Some(BOUND), made_once, ["deadlock"];
        // CVE-2024-41058, CVE-2024-41057.
        volume_back_from_the_dead: BackFromTheDead, Some(BOUND), put_while_the_cache_goes,
            ["back from the dead"];
        cache_goes_without_waiting: WithdrawDoesNotWait, Some(BOUND), used_while_the_cache_goes,
            ["outlives the cache", "the backend has gone"];
        cache_is_looked_at_once: LookedOnce, Some(BOUND), used_while_the_cache_goes,
            ["outlives the cache", "the backend has gone", "deadlock"];
        pin_taken_twice: PinTakenTwice, Some(BOUND), withdrawn_twice, ["deadlock"];
    }
}
