// SPDX-License-Identifier: GPL-2.0-only

//! The state machine, with a place to put faults in: each of the bugs that C had can be put back,
//! for one thread, to see that a test notices.

#[path = "../../../../../fscache/state.rs"]
mod real;

pub(crate) use real::*;
use std::cell::Cell;

/// A bug that is put back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// None.
    None,
    /// After an LRU discard the worker does not look whether there is more to do (the fscache
    /// rewrite as first posted: freed while hashed).
    RestAfterDiscard,
    /// Using a cookie does not call off its LRU discard (CVE-2022-48989).
    DiscardInUse,
    /// An LRU discard does not wait for operations (CVE-2024-45000).
    DiscardInFlight,
    /// An invalidation during the lookup is forgotten ("invalidate in LOOKING_UP is lost").
    LookupForgetsInvalidation,
    /// A lookup that fails leaves requests behind (the leaked access count of 7.3; a file that is
    /// withdrawn as soon as it is looked up again).
    FailedLookupKeepsRequests,
    /// Only the first user to write has writes announced, if it is the one who has it looked up
    /// (the lost dirty mark of 7.3).
    LateWriterNotAnnounced,
    /// A failed invalidation is forgotten (stale data under new coherency data in 7.3).
    FailedInvalidationForgotten,
}

thread_local! {
    static FAULT: Cell<Fault> = const { Cell::new(Fault::None) };
}

/// Puts a fault in while `f` runs.
pub(crate) fn with_fault<R>(fault: Fault, f: impl FnOnce() -> R) -> R {
    struct TakeOut;
    impl Drop for TakeOut {
        fn drop(&mut self) {
            FAULT.set(Fault::None);
        }
    }
    FAULT.set(fault);
    let _take_out = TakeOut;
    f()
}

/// The module's `decide()`, but for a fault that was put in.
pub(crate) fn decide(now: &Snapshot, event: Event) -> Decision {
    use flags::*;
    let mut seen = *now;
    let fault = FAULT.get();
    match (fault, event) {
        // There the discard was looked at first.
        (Fault::RestAfterDiscard, Event::Work)
            if now.state == State::Active && now.flags & DO_LRU_DISCARD != 0 =>
        {
            seen.flags &= !DO_RELINQUISH;
        }
        (Fault::DiscardInUse, Event::Work) => seen.active = false,
        (Fault::DiscardInFlight, Event::Work) if now.flags & DO_LRU_DISCARD != 0 => {
            seen.accessed = false;
        }
        (Fault::LookupForgetsInvalidation, Event::LookedUp | Event::Work)
            if now.state != State::Invalidating =>
        {
            seen.flags &= !DO_INVALIDATE;
        }
        _ => {}
    }
    let mut decision = real::decide(&seen, event);
    match (fault, event) {
        (Fault::RestAfterDiscard, Event::Withdrawn) if now.state == State::LruDiscarding => {
            decision.action = Action::Rest;
        }
        (Fault::DiscardInUse, Event::Use { .. }) => decision.clear &= !DO_LRU_DISCARD,
        (Fault::FailedLookupKeepsRequests, Event::LookupFailed) => {
            decision.clear &= !(DO_INVALIDATE | DO_WITHDRAW);
        }
        (Fault::LateWriterNotAnnounced, Event::Use { .. })
            if matches!(now.state, State::LookingUp | State::Creating) =>
        {
            decision.set &= !DO_PREP_TO_WRITE;
        }
        (Fault::FailedInvalidationForgotten, Event::InvalidateFailed) => {
            decision.set &= !DO_INVALIDATE;
        }
        _ => {}
    }
    decision
}
