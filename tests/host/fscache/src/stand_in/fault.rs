// SPDX-License-Identifier: GPL-2.0-only

//! Faults: each of the bugs that C had can be put back, for one thread, to see that a test notices.
//!
//! What a fault spoils is a decision of the state machine (`stand_in::state`), or something that
//! the module's files rely upon (the rest of `stand_in`), so those files stay what they are.

use std::cell::Cell;

/// A bug that is put back. In brackets is what it is called in Documentation/immunity.md.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// None.
    None,

    // Of the state machine.
    /// A cookie that is dropped takes itself out of the table at every run of its worker (O2).
    DeadWorks,
    /// After an LRU discard the worker does not look whether there is more to do (the fscache
    /// rewrite as first posted: freed while hashed) (I1, I3).
    RestAfterDiscard,
    /// An invalidation during the lookup is forgotten (R3).
    LookupForgetsInvalidation,
    /// Using a cookie does not call off its LRU discard (R5).
    DiscardInUse,
    /// An LRU discard does not wait for operations (R6).
    DiscardInFlight,
    /// A lookup that fails leaves requests behind (D1, D21b).
    FailedLookupKeepsRequests,
    /// A failed invalidation is forgotten (D2, I5).
    FailedInvalidationForgotten,
    /// Only the first user to write has writes announced, if it is the one who has it looked up
    /// (D6, I7).
    LateWriterNotAnnounced,
    /// What is withdrawn where there is nothing strikes what is looked up next (D21b).
    WithdrawStrikesTheNext,
    /// What is not at rest when its time on the LRU has come is never put away (D22).
    UnusedForgotten,
    /// A discard that was called off stays requested (D22).
    CalledOffDiscardStays,
    /// An invalidation where there is no object is forgotten (D5, I5).
    InvalidationOfNothingForgotten,
    /// What is written where there is no object is not counted as an invalidation (D5).
    WriterWithoutCacheForgotten,
    /// netfs is told that a file is not cached while its object is away (D5).
    NotCachedWhileAway,

    // Of a cookie.
    /// Admission and death are not in one critical section (O5, I4).
    NoLock,
    /// Whoever waits for the state is not woken (O6).
    StateWakesNobody,
    /// A cookie that is given up with users left is freed under them (O9, R16, I14).
    UsersLeftAlone,
    /// An invalidation during the lookup takes an access, which only an invalidation that is done
    /// gives back (R4, D1, I2).
    InvalidationCounts,
    /// Nothing keeps a cookie while its last access ends (D11).
    OperationWithoutReference,
    /// An operation takes the count of invalidations when it has begun, not before (D5, I6).
    CounterReadLate,
    /// What could be armed again is only stopped (R14, D12, I17).
    TimerOnlyDeleted,

    // Of waiting.
    /// Who waits, waits for the opposite (R1).
    WaitInverted,
    /// Who waited in vain believes the opposite (R2).
    TimeoutInverted,
    /// Who wakes names another variable than who waits (R8).
    OtherKeyWoken,
    /// Nothing orders the change before the look whether anybody waits (R9).
    NoBarrierBeforeWake,
    /// Waits have no bound (R22, D24, I9).
    WaitsForEver,

    // Of volumes and caches.
    /// A volume that lost its last reference is taken up again (R10).
    BackFromTheDead,
    /// A withdrawal does not wait for those who passed before it (R11).
    WithdrawDoesNotWait,
    /// An access looks only once whether there is a cache (R11, I4).
    LookedOnce,
    /// A volume's pin is taken away as often as somebody asks (D4).
    PinTakenTwice,
}

thread_local! {
    static FAULT: Cell<Fault> = const { Cell::new(Fault::None) };
}

/// Is this the fault that was put in?
pub(crate) fn is(fault: Fault) -> bool {
    FAULT.get() == fault
}

/// The fault that was put in.
pub(crate) fn current() -> Fault {
    FAULT.get()
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
