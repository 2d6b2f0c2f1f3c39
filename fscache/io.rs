// SPDX-License-Identifier: GPL-2.0-only

//! Operations on an object: beginning one, waiting until the object is ready, resizing.
//!
//! Whatever takes too long is done without the cache: no operation waits for ever. What changes the
//! file and is done without the cache, makes what is cached out of date
//! ([`cookie::missed_write`]).

use crate::{
    access::CookieAccess,
    cookie, counters,
    layout::Cookie,
    patience::Patience,
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
        Full,
        Relaxed, //
    },
};

/// Can an operation that wants this much be done in this state?
#[inline]
fn is_enough(state: State, want: Want) -> bool {
    // While an object is made there is nothing in it, and sometimes that is all that is asked.
    state == State::Active || (state == State::Creating && want == Want::Params)
}

/// Begins an operation: from here on the object stays, until the operation is ended through the
/// backend. `ENOBUFS` if there is no object to be had. Sleeps.
#[inline]
pub(crate) fn begin(resources: &Resources, cookie: &Cookie, want: Want, why: AccessWhy) -> Result {
    // Read first: what is declared out of date from now on is out of date for this operation.
    resources.attach(cookie, cookie.inval_counter().load(Acquire));
    let Some(access) = CookieAccess::begin(cookie, why) else {
        return refuse(resources, cookie, why);
    };
    if cookie.flags().any(HAS_OLD_CONTENT) && !may_begin(cookie, why) {
        access.end(AccessWhy::IoNotLive);
        return refuse(resources, cookie, why);
    }
    let state = settled_state(cookie);
    let is_ready = is_enough(state, want) || wait_while_passing(cookie, state, want);
    if is_ready && begin_in_backend(resources, cookie, want) {
        // The backend ends it.
        access.suspend();
        return Ok(());
    }
    access.end(AccessWhy::IoNotLive);
    refuse(resources, cookie, why)
}

/// What netfs has yet to store may be of before an invalidation.
const HAS_OLD_CONTENT: usize = flags::STORES_NOTHING | flags::OLD_READS;

/// May an operation be done that began, by an access, while there was old content that netfs may
/// want to store?
#[cold]
#[inline(never)]
fn may_begin(cookie: &Cookie, why: AccessWhy) -> bool {
    if cookie.flags().any(flags::OLD_READS) {
        cookie::end_of_old_reads(cookie);
    }
    why != AccessWhy::IoWrite || !cookie.flags().any(HAS_OLD_CONTENT)
}

/// The state, asked under the lock: the worker puts an object away only if it saw no access under
/// it, and then the state tells.
#[inline]
fn settled_state(cookie: &Cookie) -> State {
    let guard = cookie.lock();
    let state = cookie.state();
    drop(guard);
    state
}

/// Has the backend attach what the operation needs.
#[inline]
fn begin_in_backend(resources: &Resources, cookie: &Cookie, want: Want) -> bool {
    let cache = cookie.volume().cache();
    let begun = cache
        .backend()
        .is_some_and(|backend| backend.begin_operation(resources, want));
    if begun {
        cache.counted_ops().put_before(resources);
    }
    begun
}

/// There is no object to be had. The filesystem goes on without it, and changes the file on the
/// server if that was what it wanted.
#[cold]
#[inline(never)]
fn refuse(resources: &Resources, cookie: &Cookie, why: AccessWhy) -> Result {
    resources.detach();
    counters::inc(cookie.volume(), |c| &c.operations_refused);
    if why == AccessWhy::IoResize {
        // Those that wait for the object, as this did not, may have what was cut off.
        if cookie.n_accesses().fetch_add(0, Full) != 0 {
            cookie::cut_while_used(cookie);
        } else {
            cookie::missed_change(cookie);
        }
    } else if why == AccessWhy::IoWrite {
        missed_write(cookie);
    }
    Err(ENOBUFS)
}

/// What netfs was to store is not stored.
#[cold]
fn missed_write(cookie: &Cookie) {
    if !cookie.flags().any(HAS_OLD_CONTENT) {
        // Else there is nothing in the object that could be out of date.
        cookie::missed_write(cookie);
    }
}

/// Waits while the state is one that passes; true if it came to be enough. Sleeps.
#[cold]
#[inline(never)]
fn wait_while_passing(cookie: &Cookie, mut state: State, want: Want) -> bool {
    let mut patience = Patience::new(cookie.volume());
    while state.passes() && !is_enough(state, want) {
        trace::access(cookie, cookie.n_accesses().load(Relaxed), AccessWhy::IoWait);
        if !wait_on(cookie, state, &mut patience) {
            return false;
        }
        state = settled_state(cookie);
    }
    is_enough(state, want)
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
    let is_ready = wait_until_ready(resources, cookie, want);
    if !is_ready && want == Want::Write {
        missed_write(cookie);
    }
    is_ready
}

/// The rest of [`wait_for`].
#[cold]
#[inline(never)]
fn wait_until_ready(resources: &Resources, cookie: &Cookie, want: Want) -> bool {
    let mut patience = Patience::new(cookie.volume());
    loop {
        if !cookie.volume().cache().is_live() {
            return false;
        }
        let state = cookie.state();
        // Emptying it does not change what is known of it.
        if is_enough(state, want) || (state == State::Invalidating && want == Want::Params) {
            return resources.is_ready() || begin_in_backend(resources, cookie, want);
        }
        if !state.passes() || !wait_on(cookie, state, &mut patience) {
            return false;
        }
    }
}

/// Waits until the state is another one; false, and says so, if patience is over. Sleeps.
#[cold]
fn wait_on(cookie: &Cookie, state: State, patience: &mut Patience<'_>) -> bool {
    patience.wait(
        |left| cookie.wait_while(state, left),
        || {
            pr_warn!(
                "cookie {:08x} is still in state {}; going on without cache\n",
                cookie.debug_id(),
                state.letter()
            )
        },
    )
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
    // Not loads, so that they are in order with those who count theirs, and then ask for the size:
    // who is not seen here is told the new one. One of the accesses is this one. The cookie may have
    // been told of the cut before (by Ceph, when another user closes the file).
    let is_used = cookie.n_accesses().fetch_add(0, Full) > 1;
    if cookie.copies().fetch_add(0, Full) != 0
        || (is_used && size <= cookie.object_size().load(Relaxed))
    {
        cookie::cut_while_used(cookie);
    }
    if let Some(backend) = cookie.volume().cache().backend() {
        backend.resize_cookie(&resources, size);
    }
    resources.end();
}
