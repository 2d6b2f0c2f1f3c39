// SPDX-License-Identifier: GPL-2.0-only

//! Operations on an object: beginning one, waiting until the object is ready, resizing.
//!
//! Whatever takes too long is done without the cache: no operation waits for ever.

use crate::{
    access::CookieAccess,
    counters,
    deadline::Deadline,
    layout::Cookie,
    ratelimit::may_speak,
    resources::{
        Resources,
        Want, //
    },
    state::{
        flags,
        State, //
    },
    stats::{
        self,
        Counter, //
    },
    trace::{
        self,
        AccessWhy, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::ordering::{
        Acquire,
        Relaxed, //
    },
};

/// What a state means to an operation.
enum Ready {
    /// The object can be used.
    Yes,
    /// It may soon be.
    Wait,
    /// It cannot.
    No,
}

/// Can an operation that wants this much be done in this state?
fn ready(state: State, want: Want) -> Ready {
    match state {
        State::Active => Ready::Yes,
        // There is nothing in it, and that is all that is asked.
        State::Creating if want == Want::Params => Ready::Yes,
        State::LookingUp | State::Creating | State::Invalidating | State::LruDiscarding => {
            Ready::Wait
        }
        State::Quiescent
        | State::Failed
        | State::Withdrawing
        | State::Relinquishing
        | State::Dropped => Ready::No,
    }
}

/// Begins an operation: from here on the object stays, until the operation is ended through the
/// backend. `ENOBUFS` if there is no object to be had. Sleeps.
pub(crate) fn begin(resources: &Resources, cookie: &Cookie, want: Want, why: AccessWhy) -> Result {
    // Read first: what is declared out of date from now on is out of date for this operation.
    resources.attach(cookie, cookie.inval_counter().load(Acquire));
    let Some(access) = CookieAccess::begin(cookie, why) else {
        resources.detach();
        counters::inc(cookie.volume(), |c| &c.operations_refused);
        return Err(ENOBUFS);
    };
    let mut deadline = Deadline::new();
    loop {
        // Under the lock: the worker puts an object away only if it saw no access under it, and
        // then the state tells.
        let guard = cookie.lock();
        let state = cookie.state();
        drop(guard);
        match ready(state, want) {
            Ready::Yes => {
                let begun = cookie
                    .volume()
                    .cache()
                    .backend()
                    .is_some_and(|backend| backend.begin_operation(resources, want));
                if begun {
                    cookie.volume().cache().counted_ops().put_before(resources);
                    // The backend ends it.
                    access.suspend();
                    return Ok(());
                }
                break;
            }
            Ready::Wait => {
                trace::access(cookie, cookie.n_accesses().load(Relaxed), AccessWhy::IoWait);
                if !wait_on(cookie, state, &mut deadline) {
                    break;
                }
            }
            Ready::No => break,
        }
    }
    resources.detach();
    counters::inc(cookie.volume(), |c| &c.operations_refused);
    access.end(AccessWhy::IoNotLive);
    Err(ENOBUFS)
}

/// Waits until the object of an operation that has begun is ready for what it wants; false if it
/// will not be. Sleeps.
#[inline]
pub(crate) fn wait_for(resources: &Resources, want: Want) -> bool {
    let Some(cookie) = resources.cookie() else {
        return false;
    };
    // As a rule it is.
    if cookie.volume().cache().is_live() && cookie.state() == State::Active && resources.is_ready()
    {
        return true;
    }
    wait_until_ready(resources, cookie, want)
}

/// The rest of [`wait_for`].
#[cold]
#[inline(never)]
fn wait_until_ready(resources: &Resources, cookie: &Cookie, want: Want) -> bool {
    let mut deadline = Deadline::new();
    loop {
        if !cookie.volume().cache().is_live() {
            return false;
        }
        let state = cookie.state();
        let can = match state {
            // Emptying it does not change what is known of it.
            State::Invalidating if want == Want::Params => Ready::Yes,
            _ => ready(state, want),
        };
        match can {
            Ready::Yes if resources.is_ready() => return true,
            Ready::Yes => {
                let cache = cookie.volume().cache();
                let begun = cache
                    .backend()
                    .is_some_and(|backend| backend.begin_operation(resources, want));
                if begun {
                    cache.counted_ops().put_before(resources);
                }
                return begun;
            }
            Ready::Wait => {
                if !wait_on(cookie, state, &mut deadline) {
                    return false;
                }
            }
            Ready::No => return false,
        }
    }
}

/// Waits until the state is another one; false, and says so, if patience is over. Sleeps.
#[cold]
fn wait_on(cookie: &Cookie, state: State, deadline: &mut Deadline) -> bool {
    let changed = deadline
        .left()
        .is_some_and(|left| cookie.wait_while(state, left));
    if !changed {
        counters::inc(cookie.volume(), |c| &c.timeouts);
        if may_speak() {
            pr_warn!(
                "cookie {:08x} is still in state {}; going on without cache\n",
                cookie.debug_id(),
                state.letter()
            );
        }
    }
    changed
}

/// Changes the size of an object. Sleeps: the filesystem holds the inode's lock, so that this is
/// in order with its writes.
pub(crate) fn resize(cookie: &Cookie, size: i64) {
    trace::resize(cookie, size);
    let resources = Resources::empty();
    if begin(&resources, cookie, Want::Write, AccessWhy::IoResize).is_err() {
        stats::RESIZES_NULL.inc();
        return;
    }
    stats::RESIZES.inc();
    cookie.flags().update(flags::NEEDS_UPDATE, 0);
    if let Some(backend) = cookie.volume().cache().backend() {
        backend.resize_cookie(&resources, size);
    }
    resources.end();
}
