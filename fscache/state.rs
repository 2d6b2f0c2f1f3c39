// SPDX-License-Identifier: GPL-2.0-only

//! The life of a cookie, as one pure function from (state, requests, event) to a decision.
//!
//! # The model
//!
//! A cookie stands for one file of a network filesystem. Its [`State`] says what the backend has
//! behind it; its request flags ([`flags::REQUESTS`]) say what somebody wants done. Requests are
//! level-triggered: whoever wants something sets the flag and queues the cookie's worker, and the
//! worker asks [`decide`] again and again with [`Event::Work`] until the answer is
//! [`Action::Rest`]. So it does not matter how many requests one run of the worker finds, or in
//! which order they came.
//!
//! Every state answers every event; there is no catch-all over states. A request that has no
//! meaning in a state is refused or dropped there, never left to fire later.
//!
//! Everything that happens to a cookie goes through [`decide`], under the cookie's lock; what the
//! decision asks to be done (calling the backend, waking, queueing) is done by `worker.rs` and
//! `cookie.rs` after the lock is dropped. Nothing else writes the state.
//!
//! # Invalidation
//!
//! [`flags::DO_INVALIDATE`] means: what the backend holds for this cookie, or has put away, is out
//! of date. It is cleared when the backend is called to empty the object, and set again if that
//! fails; or when it is called to put the object away, which then destroys it
//! ([`Action::Withdraw`] with `keep: false`). So out-of-date data cannot be committed, on no path.
//! What is put away while somebody changes the file is destroyed, too: nobody can tell whether all of
//! the change has been stored.
//!
//! A request that comes while the object is being put away is too late for that, and one that comes
//! while there is none has nothing to empty. Both stay for the next lookup of the cookie: what it
//! finds is emptied before anybody sees it. Another cookie does not take it for good, since the
//! coherency data on disk is that of the old content (`cookie::invalidate()`). So does one that comes
//! to an object that the backend gave up on; and what a writer wrote while there was no object counts
//! as one.

/// What the backend has behind a cookie. The values are the kernel's `enum fscache_cookie_state`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i8)]
pub(crate) enum State {
    /// Nothing; the cookie is not cached.
    Quiescent = 0,
    /// The object is being looked up.
    LookingUp = 1,
    /// The object was not there and is being made; there is nothing to read in it.
    Creating = 2,
    /// The object can be read and written.
    Active = 3,
    /// The object is being emptied.
    Invalidating = 4,
    /// The backend gave up on the object; it waits to be withdrawn.
    Failed = 5,
    /// The object is being put away because nobody used it for a while.
    LruDiscarding = 6,
    /// The object is being put away at the backend's wish.
    Withdrawing = 7,
    /// The object is being put away for ever.
    Relinquishing = 8,
    /// The cookie is out of the table; it goes when its last reference does.
    Dropped = 9,
}

impl State {
    /// All states, in the order of their values: those from 0 on, without a gap.
    pub(crate) const ALL: [Self; 10] = [
        Self::Quiescent,
        Self::LookingUp,
        Self::Creating,
        Self::Active,
        Self::Invalidating,
        Self::Failed,
        Self::LruDiscarding,
        Self::Withdrawing,
        Self::Relinquishing,
        Self::Dropped,
    ];

    /// Does it soon become another state, by itself? Whoever waits for a state to change waits for
    /// one of these to; who waits for [`State::Dropped`] says so ([`flags::KEY_AWAITED`]).
    #[inline]
    pub(crate) fn passes(self) -> bool {
        matches!(
            self,
            Self::LookingUp | Self::Creating | Self::Invalidating | Self::LruDiscarding
        )
    }

    /// Is the backend putting the object away?
    pub(crate) fn is_put_away(self) -> bool {
        matches!(
            self,
            Self::LruDiscarding | Self::Withdrawing | Self::Relinquishing
        )
    }

    /// The letter that `/proc/fs/fscache/cookies` shows.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Quiescent => '-',
            Self::LookingUp => 'L',
            Self::Creating => 'C',
            Self::Active => 'A',
            Self::Invalidating => 'I',
            Self::Failed => 'F',
            Self::LruDiscarding => 'U',
            Self::Withdrawing => 'W',
            Self::Relinquishing => 'R',
            Self::Dropped => 'D',
        }
    }
}

/// The flags of a cookie, as masks. The bit numbers are the kernel's.
pub(crate) mod flags {
    /// The filesystem has given the cookie up.
    pub(crate) const RELINQUISHED: usize = 1 << 0;
    /// The object is to be destroyed rather than kept.
    pub(crate) const RETIRED: usize = 1 << 1;
    /// The file is cached, also while its object is put away for a while. netfs reads it: it stores
    /// no parts of pages without having read the rest, as the cache could not take them.
    pub(crate) const IS_CACHING: usize = 1 << 2;
    /// There is nothing in the object that could be read.
    pub(crate) const NO_DATA_TO_READ: usize = 1 << 3;
    /// Coherency data or size changed since they were stored.
    pub(crate) const NEEDS_UPDATE: usize = 1 << 4;
    /// The cookie was looked up at least once.
    pub(crate) const HAS_BEEN_CACHED: usize = 1 << 5;
    /// The cache is not to be used until the last user has gone.
    pub(crate) const DISABLED: usize = 1 << 6;
    /// The file is being changed locally.
    pub(crate) const LOCAL_WRITE: usize = 1 << 7;
    /// Request: put the object away for ever.
    pub(crate) const DO_RELINQUISH: usize = 1 << 9;
    /// Request: put the object away.
    pub(crate) const DO_WITHDRAW: usize = 1 << 10;
    /// Request: put the object away if it is still unused.
    pub(crate) const DO_LRU_DISCARD: usize = 1 << 11;
    /// Request: tell the backend that writes will come.
    pub(crate) const DO_PREP_TO_WRITE: usize = 1 << 12;
    /// The object is in the table of cookies.
    pub(crate) const IS_HASHED: usize = 1 << 14;
    /// Request: empty the object.
    pub(crate) const DO_INVALIDATE: usize = 1 << 15;
    /// The cookie was given up with users left, and is kept until they go. Ours; C does not know
    /// this bit.
    pub(crate) const KEPT_FOR_USERS: usize = 1 << 16;
    /// Somebody who may change the file has it open while the object is being put away, which takes
    /// `LOCAL_WRITE` off. Ours, as above.
    pub(crate) const WRITER_WAITS: usize = 1 << 17;

    /// Somebody waits for the cookie to leave the table, to take its key. Ours, as above.
    pub(crate) const KEY_AWAITED: usize = 1 << 18;
    /// Somebody who has the file open did not wait any longer until the object has been put away.
    /// Ours, as above.
    pub(crate) const WENT_ON: usize = 1 << 19;
    /// What netfs has yet to store may be of before the last invalidation: nothing is stored until the
    /// last user has gone. Ours, as above. Not `DISABLED`, of which filesystems know: who opens a file
    /// of SMB's to write while that is set cannot read by it, also when it is not set any more.
    pub(crate) const STORES_NOTHING: usize = 1 << 20;
    /// Operations that began before the last invalidation, or cut, may be under way, and what they have
    /// read is not to be stored. Until somebody finds that there are none. Ours, as above.
    pub(crate) const OLD_READS: usize = 1 << 21;
    /// It was an invalidation: what they have read is not to be stored after that either. Ours, as
    /// above.
    pub(crate) const OLD_READS_STAY_OLD: usize = 1 << 22;

    /// All requests.
    pub(crate) const REQUESTS: usize =
        DO_RELINQUISH | DO_WITHDRAW | DO_LRU_DISCARD | DO_PREP_TO_WRITE | DO_INVALIDATE;

    /// The requests that may wait until no operation uses the object.
    pub(crate) const AWAIT_ACCESSES: usize = DO_RELINQUISH | DO_WITHDRAW | DO_LRU_DISCARD;

    /// What is meaningless once the backend holds nothing. Not `DO_INVALIDATE`: what the backend
    /// has put away is still on its disk.
    pub(crate) const OF_OBJECT: usize =
        NEEDS_UPDATE | DO_WITHDRAW | DO_LRU_DISCARD | DO_PREP_TO_WRITE | WRITER_WAITS | WENT_ON;
}

/// What a decision is made from: the cookie as it is, under its lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    /// The state.
    pub(crate) state: State,
    /// The flag word.
    pub(crate) flags: usize,
    /// Is any operation using the object?
    pub(crate) accessed: bool,
    /// Does anybody have the file open?
    pub(crate) active: bool,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// Somebody began to use the file.
    Use {
        /// It may be changed.
        modify: bool,
        /// There is a cache to look it up in, and it was kept from going away.
        live: bool,
        /// Whoever began waits if need be.
        patient: bool,
    },
    /// The filesystem says that the file's content changed.
    Invalidate,
    /// The backend wants the object back.
    WantWithdraw,
    /// Nobody used the file for the LRU's time.
    Unused,
    /// The filesystem gave the cookie up.
    Relinquish,
    /// The worker looks whether there is something to do.
    Work,
    /// The backend found no object and begins to make one.
    LookedUpNegative,
    /// Looking up or creating ended well.
    LookedUp,
    /// Looking up or creating failed.
    LookupFailed,
    /// The object is empty; it may be used again.
    Invalidated,
    /// The object could not be emptied.
    InvalidateFailed,
    /// The backend gave up on the object.
    CachingFailed,
    /// The backend has put the object away.
    Withdrawn,
}

/// What is to be done after the lock is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Nothing; and if the worker asked, it is done.
    Rest,
    /// Queue the worker.
    Queue,
    /// The worker is to ask again.
    Again,
    /// The worker is to look the object up.
    LookUp,
    /// The worker is to empty the object.
    Invalidate,
    /// The worker is to announce writes to the backend.
    PrepareToWrite,
    /// The worker is to put the object away.
    Withdraw {
        /// What is in it may be used again.
        keep: bool,
    },
    /// Take the cookie out of the table.
    Unhash,
    /// Wait until the state changes, and ask again.
    Wait,
    /// The caller made a mistake; say so and do nothing.
    Refuse,
}

/// The answer to an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decision {
    /// The state from now on.
    pub(crate) state: State,
    /// Flags to set.
    pub(crate) set: usize,
    /// Flags to clear.
    pub(crate) clear: usize,
    /// What to do then.
    pub(crate) action: Action,
}

impl Decision {
    #[inline]
    fn stay(now: &Snapshot, action: Action) -> Self {
        Self {
            state: now.state,
            set: 0,
            clear: 0,
            action,
        }
    }

    #[inline]
    fn to(state: State, action: Action) -> Self {
        Self {
            state,
            set: 0,
            clear: 0,
            action,
        }
    }

    /// The worker asks again if there is a request, and has nothing to do otherwise.
    #[inline]
    fn then_requests(now: &Snapshot, state: State, cleared: usize) -> Self {
        let action = if now.flags & flags::REQUESTS & !cleared != 0 {
            Action::Again
        } else {
            Action::Rest
        };
        Self::to(state, action).clear(cleared)
    }

    #[inline]
    fn set(self, set: usize) -> Self {
        Self {
            set: self.set | set,
            ..self
        }
    }

    #[inline]
    fn clear(self, clear: usize) -> Self {
        Self {
            clear: self.clear | clear,
            ..self
        }
    }
}

/// Decides what an event means to a cookie.
///
/// Inlined, since whoever asks mostly knows the event, and then needs one arm of this only.
#[inline(always)]
pub(crate) fn decide(now: &Snapshot, event: Event) -> Decision {
    match event {
        Event::Use {
            modify,
            live,
            patient,
        } => on_use(now, modify, live, patient),
        Event::Invalidate => on_invalidate(now),
        Event::WantWithdraw => on_want_withdraw(now),
        Event::Unused => on_unused(now),
        Event::Relinquish => on_relinquish(now),
        Event::Work => on_work(now),
        Event::LookedUpNegative => on_looked_up_negative(now),
        Event::LookedUp => on_looked_up(now),
        Event::LookupFailed => on_lookup_failed(now),
        Event::Invalidated => on_invalidated(now),
        Event::InvalidateFailed | Event::CachingFailed => on_failed(now, event),
        Event::Withdrawn => on_withdrawn(now),
    }
}

/// Does a use of the file change nothing, and ask for nothing? Then [`decide`] need not be asked: its
/// answer to [`Event::Use`] would be to stay, and to rest.
///
/// It says so of what is common, an object that is there and a file without a cache. What else
/// would change nothing is decided as everything is.
#[inline(always)]
pub(crate) fn is_use_plain(state: State, flags: usize, modify: bool, live: bool) -> bool {
    use flags::*;
    let is_plain = match state {
        State::Active => flags & DO_LRU_DISCARD == 0,
        State::Quiescent => !live,
        State::LookingUp
        | State::Creating
        | State::Invalidating
        | State::Failed
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => false,
    };
    // A writer is known to the backend, or to who looks it up.
    is_plain && (!modify || flags & LOCAL_WRITE != 0)
}

#[inline]
fn on_use(now: &Snapshot, modify: bool, live: bool, patient: bool) -> Decision {
    use flags::*;
    match now.state {
        State::Quiescent if live => {
            // What an earlier writer wrote while there was no cache is not in what is on the disk,
            // which may have the coherency data that the cookie has.
            let missed = if now.flags & LOCAL_WRITE != 0 {
                LOCAL_WRITE | DO_PREP_TO_WRITE | DO_INVALIDATE
            } else {
                0
            };
            let modify = if modify {
                LOCAL_WRITE | DO_PREP_TO_WRITE
            } else {
                0
            };
            Decision::to(State::LookingUp, Action::Queue)
                .clear(OF_OBJECT)
                .set(IS_CACHING | HAS_BEEN_CACHED | missed | modify)
        }
        // The worker is on its way to `Active`, and will find the request there.
        State::LookingUp | State::Creating if modify => {
            Decision::stay(now, Action::Rest).set(LOCAL_WRITE | DO_PREP_TO_WRITE)
        }
        State::LookingUp | State::Creating => Decision::stay(now, Action::Rest),
        State::Active | State::Invalidating if modify && now.flags & LOCAL_WRITE == 0 => {
            Decision::stay(now, Action::Queue)
                .set(LOCAL_WRITE | DO_PREP_TO_WRITE)
                .clear(DO_LRU_DISCARD)
        }
        State::Active | State::Invalidating => {
            Decision::stay(now, Action::Rest).clear(DO_LRU_DISCARD)
        }
        State::Quiescent | State::Failed if modify => {
            Decision::stay(now, Action::Rest).set(LOCAL_WRITE)
        }
        State::Withdrawing if modify => {
            Decision::stay(now, Action::Rest).set(LOCAL_WRITE | WRITER_WAITS)
        }
        State::Quiescent | State::Failed | State::Withdrawing => Decision::stay(now, Action::Rest),
        State::LruDiscarding => {
            let writer = if modify { WRITER_WAITS } else { 0 };
            // Who went on has the file open, and may begin to use it again where it must not sleep.
            if patient && now.flags & WENT_ON == 0 {
                Decision::stay(now, Action::Wait).set(writer)
            } else {
                Decision::stay(now, Action::Rest).set(writer | WENT_ON)
            }
        }
        State::Relinquishing | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

#[inline]
fn on_invalidate(now: &Snapshot) -> Decision {
    use flags::*;
    let decision = match now.state {
        // What is on disk may well have the coherency data that the cookie has: not every
        // filesystem has new ones yet when it says that it is about to change a file.
        State::Quiescent => Decision::stay(now, Action::Rest).set(DO_INVALIDATE),
        State::Dropped => Decision::stay(now, Action::Rest),
        State::Active => Decision::to(State::Invalidating, Action::Queue).set(DO_INVALIDATE),
        // The worker looks at the request when it is done with what it is at: empties the object
        // (again), or does not keep it.
        State::LookingUp
        | State::Creating
        | State::Invalidating
        | State::Failed
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing => Decision::stay(now, Action::Rest).set(DO_INVALIDATE),
    };
    decision.set(NO_DATA_TO_READ)
}

#[inline]
fn on_want_withdraw(now: &Snapshot) -> Decision {
    match now.state {
        State::LookingUp
        | State::Creating
        | State::Active
        | State::Invalidating
        | State::Failed => Decision::stay(now, Action::Queue).set(flags::DO_WITHDRAW),
        // There is nothing to withdraw, or it is being withdrawn.
        State::Quiescent
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Rest),
    }
}

#[inline]
fn on_unused(now: &Snapshot) -> Decision {
    match now.state {
        // It is put away anyhow.
        State::LookingUp | State::Creating | State::Active | State::Invalidating
            if now.flags & flags::RELINQUISHED != 0 =>
        {
            Decision::stay(now, Action::Rest)
        }
        State::Active if !now.active => {
            Decision::stay(now, Action::Queue).set(flags::DO_LRU_DISCARD)
        }
        // On its way to `Active`; whoever keeps the LRU asks again later.
        State::LookingUp | State::Creating | State::Invalidating if !now.active => {
            Decision::stay(now, Action::Again)
        }
        State::Active | State::LookingUp | State::Creating | State::Invalidating => {
            Decision::stay(now, Action::Rest)
        }
        State::Quiescent
        | State::Failed
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Rest),
    }
}

#[inline]
fn on_relinquish(now: &Snapshot) -> Decision {
    use flags::*;
    match now.state {
        // It never had an object: no worker knows it.
        State::Quiescent if now.flags & HAS_BEEN_CACHED == 0 => {
            Decision::to(State::Dropped, Action::Unhash).clear(DO_INVALIDATE)
        }
        State::Quiescent
        | State::LookingUp
        | State::Creating
        | State::Active
        | State::Invalidating
        | State::Failed
        | State::LruDiscarding
        | State::Withdrawing => Decision::stay(now, Action::Queue).set(DO_RELINQUISH),
        State::Relinquishing | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

fn on_work(now: &Snapshot) -> Decision {
    use flags::*;
    let wants = |request| now.flags & request != 0;
    match now.state {
        State::Quiescent if wants(DO_RELINQUISH) && !now.accessed => {
            put_away(now, State::Relinquishing)
        }
        State::Quiescent => Decision::stay(now, Action::Rest),
        State::LookingUp => Decision::stay(now, Action::LookUp),
        // Only while the worker itself is at it.
        State::Creating => Decision::stay(now, Action::Rest),
        // Cleared first: a request that comes meanwhile is a new one.
        State::Invalidating => Decision::stay(now, Action::Invalidate).clear(DO_INVALIDATE),
        State::Active if wants(DO_INVALIDATE) => Decision::to(State::Invalidating, Action::Again),
        State::Active if wants(DO_PREP_TO_WRITE) => {
            Decision::stay(now, Action::PrepareToWrite).clear(DO_PREP_TO_WRITE)
        }
        State::Active | State::Failed if now.accessed => Decision::stay(now, Action::Rest),
        State::Active | State::Failed if wants(DO_RELINQUISH) => {
            put_away(now, State::Relinquishing)
        }
        State::Active | State::Failed if wants(DO_WITHDRAW) => put_away(now, State::Withdrawing),
        State::Active if wants(DO_LRU_DISCARD) && now.active => {
            Decision::stay(now, Action::Rest).clear(DO_LRU_DISCARD)
        }
        State::Active if wants(DO_LRU_DISCARD) => put_away(now, State::LruDiscarding),
        State::Active | State::Failed => Decision::stay(now, Action::Rest),
        // Only while the worker itself is at it.
        State::LruDiscarding | State::Withdrawing | State::Relinquishing => {
            Decision::stay(now, Action::Rest)
        }
        State::Dropped => Decision::stay(now, Action::Rest),
    }
}

/// The worker is to put the object away; what is out of date, or may be, is destroyed.
///
/// While somebody changes the file, what the backend holds may lag behind the coherency data that the
/// filesystem has told: the change is in memory, and was to be stored later. So it may, for ever,
/// where the backend gave up, as netfs does not tell it of all that is written then.
fn put_away(now: &Snapshot, state: State) -> Decision {
    let writes = now.flags & flags::LOCAL_WRITE != 0;
    let may_lag = writes && (now.active || now.state == State::Failed);
    let keep = now.flags & flags::DO_INVALIDATE == 0 && !may_lag;
    // Cleared first: a request that comes meanwhile is a new one. But where the backend gave up, it
    // may not even have what it is to destroy, and the next lookup finds that.
    let clear = if now.state == State::Failed {
        0
    } else {
        flags::DO_INVALIDATE
    };
    Decision::to(state, Action::Withdraw { keep })
        .clear(clear)
        .set(if writes && now.active {
            flags::WRITER_WAITS
        } else {
            0
        })
}

fn on_looked_up_negative(now: &Snapshot) -> Decision {
    match now.state {
        State::LookingUp => Decision::to(State::Creating, Action::Rest).set(flags::NO_DATA_TO_READ),
        State::Creating => Decision::stay(now, Action::Rest).set(flags::NO_DATA_TO_READ),
        State::Quiescent
        | State::Active
        | State::Invalidating
        | State::Failed
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

fn on_looked_up(now: &Snapshot) -> Decision {
    match now.state {
        // What was found is out of date already; nobody may see it.
        State::LookingUp | State::Creating if now.flags & flags::DO_INVALIDATE != 0 => {
            Decision::to(State::Invalidating, Action::Again)
        }
        State::LookingUp | State::Creating => Decision::then_requests(now, State::Active, 0),
        // The backend may have said so before it returned.
        State::Active | State::Invalidating | State::Failed => Decision::stay(now, Action::Again),
        State::Quiescent
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

fn on_lookup_failed(now: &Snapshot) -> Decision {
    use flags::*;
    match now.state {
        // The backend holds nothing.
        State::LookingUp | State::Creating => {
            Decision::then_requests(now, State::Quiescent, OF_OBJECT).set(NO_DATA_TO_READ)
        }
        // The backend said that it failed, so it does keep something. What was found cannot be
        // trusted any less for that; what drops it is an invalidation, or a local change.
        State::Failed => Decision::stay(now, Action::Again).set(DO_WITHDRAW),
        State::Quiescent
        | State::Active
        | State::Invalidating
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

fn on_invalidated(now: &Snapshot) -> Decision {
    match now.state {
        // The worker took the request away before it called the backend; this is a new one.
        State::Invalidating if now.flags & flags::DO_INVALIDATE != 0 => {
            Decision::stay(now, Action::Again)
        }
        State::Invalidating => Decision::then_requests(now, State::Active, 0),
        // The backend may have said so before it returned; and an operation may have found the
        // object broken meanwhile.
        State::Active | State::Failed => Decision::stay(now, Action::Again),
        State::Quiescent
        | State::LookingUp
        | State::Creating
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

fn on_failed(now: &Snapshot, event: Event) -> Decision {
    use flags::*;
    let stale = if event == Event::InvalidateFailed {
        DO_INVALIDATE
    } else {
        0
    };
    match now.state {
        State::Invalidating => Decision::to(State::Failed, Action::Again)
            // The worker took the request away before it called the backend.
            .set(DO_WITHDRAW | DO_INVALIDATE)
            .clear(IS_CACHING),
        State::LookingUp | State::Creating | State::Active | State::Failed => {
            Decision::to(State::Failed, Action::Again)
                .set(DO_WITHDRAW | stale)
                .clear(IS_CACHING)
        }
        State::Quiescent
        | State::LruDiscarding
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}

fn on_withdrawn(now: &Snapshot) -> Decision {
    use flags::*;
    match now.state {
        State::Relinquishing => Decision::to(State::Dropped, Action::Unhash)
            .clear(OF_OBJECT | IS_CACHING | DO_RELINQUISH | DO_INVALIDATE),
        State::LruDiscarding | State::Withdrawing => {
            // The backend took `LOCAL_WRITE` away when it stored what was written. Whoever still
            // has the file open may write again, also after somebody else had it looked up anew.
            // (Who waits has not written, and says again that it will.)
            let is_open = now.state == State::Withdrawing || now.flags & WENT_ON != 0;
            let writer = if is_open && now.flags & WRITER_WAITS != 0 {
                LOCAL_WRITE
            } else {
                0
            };
            Decision::then_requests(now, State::Quiescent, OF_OBJECT).set(NO_DATA_TO_READ | writer)
        }
        State::Quiescent
        | State::LookingUp
        | State::Creating
        | State::Active
        | State::Invalidating
        | State::Failed
        | State::Dropped => Decision::stay(now, Action::Refuse),
    }
}
