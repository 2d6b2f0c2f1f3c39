// SPDX-License-Identifier: GPL-2.0-only

//! The state machine, with a place to put faults in.

#[path = "../../../../../fscache/state.rs"]
mod real;

use super::fault::{self, Fault};
pub(crate) use real::*;

/// The module's `decide()`, but for a fault that was put in.
pub(crate) fn decide(now: &Snapshot, event: Event) -> Decision {
    let fault = fault::current();
    let mut decision = real::decide(&as_seen(fault, now, event), event);
    spoil(fault, now, event, &mut decision);
    decision
}

/// What a faulty state machine sees.
fn as_seen(fault: Fault, now: &Snapshot, event: Event) -> Snapshot {
    use flags::*;
    let mut seen = *now;
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
    seen
}

/// What a faulty state machine answers.
fn spoil(fault: Fault, now: &Snapshot, event: Event, decision: &mut Decision) {
    use flags::*;
    match (fault, event) {
        (Fault::DeadWorks, Event::Work) if now.state == State::Dropped => {
            decision.action = Action::Unhash;
        }
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
        (Fault::WithdrawStrikesTheNext, Event::WantWithdraw) if now.state == State::Quiescent => {
            decision.set |= DO_WITHDRAW;
        }
        (Fault::WithdrawStrikesTheNext, Event::Use { .. }) => decision.clear &= !DO_WITHDRAW,
        (Fault::UnusedForgotten, Event::Unused) if decision.action == Action::Again => {
            decision.action = Action::Rest;
        }
        (Fault::InvalidationOfNothingForgotten, Event::Invalidate)
            if now.state == State::Quiescent =>
        {
            decision.set &= !DO_INVALIDATE;
        }
        (Fault::WriterWithoutCacheForgotten, Event::Use { .. })
            if now.state == State::Quiescent =>
        {
            decision.set &= !DO_INVALIDATE;
        }
        (Fault::NotCachedWhileAway, Event::Withdrawn) => decision.clear |= IS_CACHING,
        (Fault::CalledOffDiscardStays, Event::Use { .. } | Event::Work)
            if now.state == State::Active =>
        {
            decision.clear &= !DO_LRU_DISCARD;
        }
        _ => {}
    }
}
