// SPDX-License-Identifier: GPL-2.0-only

//! Cookies: their table, and what filesystems and backends ask of one. Its users are in
//! `users.rs`.
//!
//! # Who holds a reference
//!
//! The filesystem, from acquiring to relinquishing; the worker, while it is queued or running; the
//! LRU, while the cookie is on it; a backend, while it has an object. The table holds none: a
//! cookie leaves it when it is dropped, by its worker or by the one who relinquishes it, both of
//! which hold a reference then.
//!
//! # Lock order
//!
//! The cookie's lock, then the LRU's. A shard of the table is locked with neither held. A backend
//! may call in with its own locks held, so nothing here calls out under a lock.

use crate::{
    atomic::Atomic,
    bindings, counters, fscache,
    hash_key::HashKey,
    layout::{
        Blob,
        Cookie,
        CookieGuard,
        CookieRef,
        NewCookie,
        Volume,
        VolumeRef, //
    },
    patience::Patience,
    ratelimit::may_speak,
    slab::SlabCache,
    state::{
        decide,
        flags,
        Action,
        Decision,
        Event,
        Snapshot,
        State, //
    },
    stats::{
        self,
        Counter, //
    },
    table::Table,
    trace::{
        self,
        CookieWhy,
        VolumeWhy, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::ordering::{
        Full,
        Relaxed, //
    },
};

/// The longest key and the longest coherency data, in bytes.
pub(crate) const MAX_LEN: usize = 255;

/// All cookies.
pub(crate) struct Cookies {
    table: Table<Cookie>,
    slab: SlabCache<Cookie>,
    hash_key: HashKey,
    last_debug_id: Atomic<u32>,
}

/// How many chains the table begins with: as many as C has, which are a quarter of a megabyte, so
/// that with fewer cookies than would make it grow it is as fast.
const FIRST_CHAINS: usize = 32768;

impl Cookies {
    /// No cookies yet. Sleeps.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            table: Table::new(FIRST_CHAINS)?,
            slab: SlabCache::new(c"fscache_cookie_jar")?,
            hash_key: HashKey::random(),
            last_debug_id: Atomic::new(1),
        })
    }

    /// Where cookies are allocated.
    pub(crate) fn slab(&self) -> &SlabCache<Cookie> {
        &self.slab
    }

    /// Where in the table a cookie belongs: by its key, which servers choose, and a secret.
    pub(crate) fn place(&self, volume: &Volume, key: &[u8]) -> u32 {
        self.hash_key.hash(key) ^ volume.key_hash()
    }

    /// The table.
    pub(crate) fn table(&self) -> &Table<Cookie> {
        &self.table
    }

    /// Is the cookie in the table?
    pub(crate) fn is_hashed(&self, cookie: &Cookie) -> bool {
        cookie.flags().any(flags::IS_HASHED)
    }

    /// Counts a cookie that was freed.
    pub(crate) fn forget_one(&self) {
        stats::COOKIES.dec();
    }

    /// Takes a cookie out of the table, and wakes who waits for its key.
    #[inline]
    pub(crate) fn unhash(&self, cookie: &Cookie) {
        let mut is_awaited = false;
        self.table.remove(cookie, || {
            // Who waits said so under the same lock.
            is_awaited = cookie.flags().update(0, flags::IS_HASHED) & flags::KEY_AWAITED != 0;
        });
        stats::RELINQUISHES_DROPPED.inc();
        if is_awaited {
            cookie.wake_state_waiters();
        }
    }
}

/// What stands against a new cookie.
enum Clash {
    /// The key is in use.
    InUse(u32),
    /// An old cookie of the same key is on its way out.
    Leaving(CookieRef),
}

/// Acquires a cookie for a file. `None` if it cannot be cached. Sleeps.
///
/// An old cookie of the same key that was relinquished is waited for, for `PATIENCE` at most.
pub(crate) fn acquire(
    volume: &Volume,
    advice: u8,
    key: &[u8],
    aux: Blob<'_>,
    object_size: i64,
) -> Option<CookieRef> {
    if key.is_empty() || key.len() > MAX_LEN || aux.len() > MAX_LEN {
        return None;
    }
    stats::ACQUIRES.inc();
    let cookies = &fscache().cookies;
    let debug_id = cookies.last_debug_id.fetch_add(1, Relaxed).wrapping_add(1);
    let Some(new) = NewCookie::alloc(volume, advice, key, aux, object_size, debug_id) else {
        stats::ACQUIRES_OOM.inc();
        counters::inc(volume, |c| &c.acquires_no_memory);
        return None;
    };
    stats::COOKIES.inc();
    let first = if object_size == 0 {
        flags::IS_HASHED | flags::NO_DATA_TO_READ
    } else {
        flags::IS_HASHED
    };
    if !hash(cookies, new.cookie(), first) {
        new.discard();
        cookies.forget_one();
        return None;
    }
    let cookie = new.publish();
    trace::acquire(&cookie);
    stats::ACQUIRES_OK.inc();
    Some(cookie)
}

/// Puts a new cookie into the table, with its first flags and a reference to its volume; false if
/// its key is taken.
fn hash(cookies: &Cookies, new: &Cookie, first: usize) -> bool {
    let mut patience = Patience::new(new.volume());
    loop {
        let volume = VolumeRef::get(new.volume(), VolumeWhy::GetCookie);
        let inserted = cookies.table.insert(
            new,
            |old| clash(new, old),
            || {
                // Nobody has found it yet, so there is nothing to be atomic with.
                new.flags().init(first);
                new.volume().n_cookies().add(1, Relaxed);
            },
        );
        match inserted {
            Ok(()) => {
                // The cookie's from here on.
                let _ = volume.into_raw();
                return true;
            }
            Err(Clash::InUse(old)) => {
                counters::inc(new.volume(), |c| &c.acquires_key_in_use);
                volume.put(VolumeWhy::PutCookie);
                if may_speak() {
                    pr_err!("Duplicate cookie detected\n");
                    pr_err!(
                        "O-cookie c={:08x} N-cookie c={:08x} V={:08x}\n",
                        old,
                        new.debug_id(),
                        new.volume().debug_id()
                    );
                }
                return false;
            }
            Err(Clash::Leaving(old)) => {
                volume.put(VolumeWhy::PutCookie);
                let gone = patience.wait(
                    |left| old.wait_until_dropped(left),
                    || {
                        pr_notice!(
                            "Potential collision c={:08x} old: c={:08x}; going on without cache\n",
                            new.debug_id(),
                            old.debug_id()
                        )
                    },
                );
                old.put_sleeping(CookieWhy::PutHashCollision);
                if !gone {
                    return false;
                }
            }
        }
    }
}

/// What a cookie that is there means to a new one.
fn clash(new: &Cookie, old: &Cookie) -> Option<Clash> {
    let same = core::ptr::eq(new.volume(), old.volume()) && new.key() == old.key();
    // One that is dropped is just being taken out, and nobody finds it any more.
    if !same || old.state() == State::Dropped {
        return None;
    }
    if !old.flags().any(flags::RELINQUISHED) {
        trace::see_cookie(old, CookieWhy::Collision);
        return Some(Clash::InUse(old.debug_id()));
    }
    // What is in the table has not lost its last reference.
    let old = CookieRef::try_get(old)?;
    old.flags().update(flags::KEY_AWAITED, 0);
    Some(Clash::Leaving(old))
}

/// Puts a decision into effect and does what it asks, outside the worker.
#[inline(always)]
pub(crate) fn carry_out(
    cookie: &Cookie,
    guard: CookieGuard<'_>,
    now: &Snapshot,
    decision: &Decision,
    why: CookieWhy,
) {
    let changed = guard.apply(now, decision);
    drop(guard);
    if changed {
        cookie.wake_state_waiters();
    }
    match decision.action {
        Action::Queue => cookie.queue(why),
        // The worker is at it, or there is nothing to do; a request must not be left behind.
        Action::Again if cookie.flags().any(flags::REQUESTS) => cookie.queue(why),
        Action::Unhash => fscache().cookies.unhash(cookie),
        Action::Again
        | Action::Rest
        | Action::LookUp
        | Action::Invalidate
        | Action::PrepareToWrite
        | Action::Withdraw { .. }
        | Action::Wait
        | Action::Refuse => {}
    }
}

/// Decides what an event comes to, and does it.
fn handle(cookie: &Cookie, guard: CookieGuard<'_>, event: Event, why: CookieWhy) {
    let now = guard.snapshot();
    let decision = decide(&now, event);
    carry_out(cookie, guard, &now, &decision, why);
}

/// A filesystem goes on with what it has given up.
#[cold]
#[inline(never)]
pub(crate) fn warn_relinquished(what: &str) {
    pr_warn!("Trying to {} relinquished cookie\n", what);
    kernel::warn_on!(true);
}

/// Stores new coherency data, if there is any, and a new size, if there is one.
///
/// Not while a backend is putting away what is out of date by now; see [`invalidate`].
#[inline(never)]
pub(crate) fn update(cookie: &Cookie, aux: Blob<'_>, size: Option<i64>) {
    stats::UPDATES.inc();
    let is_stale = cookie.flags().any(flags::DO_INVALIDATE);
    let guard = is_stale.then(|| cookie.lock());
    let now = guard.as_ref().map(|guard| guard.snapshot());
    if now.is_some_and(|now| now.state.is_put_away() && now.flags & flags::DO_INVALIDATE != 0) {
        return;
    }
    cookie.update_aux(aux);
    if let Some(size) = size {
        cookie.object_size().store(size, Relaxed);
    }
    // Fully ordered: whoever sees the flag sees the data.
    cookie.flags().update(flags::NEEDS_UPDATE, 0);
}

/// Declares the content out of date. May be called in atomic context.
///
/// While the object is being put away, new coherency data and size are not stored: the next lookup
/// then finds the object by the old, and empties it, because the request is still there.
///
/// With `dio` the file is not cached until its last user has gone. Where there may be old content that
/// netfs has yet to store, nothing is stored until then; see [`keep_old_content_out`].
pub(crate) fn invalidate(cookie: &Cookie, aux: Blob<'_>, new_size: i64, dio: bool) {
    stats::INVALIDATES.inc();
    counters::inc(cookie.volume(), |c| &c.invalidations);
    if cookie.flags().any(flags::RELINQUISHED) {
        return warn_relinquished("invalidate");
    }
    if dio && cookie.flags().test_and_set(flags::DISABLED) {
        return;
    }
    let guard = cookie.lock();
    let now = guard.snapshot();
    keep_old_content_out(cookie, &now);
    guard.count_invalidation();
    // A backend that is putting the object away stores it with what the cookie has, so that has to
    // stay what the content belongs to.
    if !now.state.is_put_away() {
        cookie.update_aux(aux);
        cookie.object_size().store(new_size, Relaxed);
    }
    trace::invalidate(cookie, new_size);
    let decision = decide(&now, Event::Invalidate);
    carry_out(cookie, guard, &now, &decision, CookieWhy::GetInvalWork);
}

/// A write to the cache is not done, because there is no object to be had for it. If the file is
/// changed locally, the change goes to the server alone, and what is cached, on the disk included,
/// is out of date by that. May be called in atomic context.
///
/// The filesystem does not know, and will tell new coherency data as if the cache had it all; so
/// nothing but this keeps what the cache has from being taken for the new content.
#[cold]
pub(crate) fn missed_write(cookie: &Cookie) {
    // Where nobody may change the file, it was a copy of what was read.
    if cookie.flags().any(flags::LOCAL_WRITE | flags::WRITER_WAITS) {
        missed_change(cookie);
    }
}

/// As [`missed_write`], of what is a change for certain.
#[cold]
pub(crate) fn missed_change(cookie: &Cookie) {
    // A request that is still there is as good as another.
    if cookie
        .flags()
        .any(flags::RELINQUISHED | flags::DO_INVALIDATE)
    {
        return;
    }
    // Not counted: what is being read or stored now is of the content that it was said to be of.
    handle(
        cookie,
        cookie.lock(),
        Event::Invalidate,
        CookieWhy::GetInvalWork,
    );
}

/// The file was cut, and what is being read, or copied to the cache, may have been cut off: the
/// copies go nowhere, and what of them is in the cache is out of date. May be called in atomic
/// context.
#[cold]
pub(crate) fn cut_while_used(cookie: &Cookie) {
    if cookie.flags().any(flags::RELINQUISHED) {
        return;
    }
    let guard = cookie.lock();
    cookie.flags().update(flags::OLD_READS, 0);
    // So that the backend refuses what has not reached it yet.
    guard.count_invalidation();
    handle(cookie, guard, Event::Invalidate, CookieWhy::GetInvalWork);
}

/// What netfs may have yet to store is of before an invalidation that is being made, under the
/// cookie's lock: it is not stored, though netfs may begin to do so after it.
///
/// Where netfs keeps what it has read in dirty folios, with the file in use to be changed, that may
/// be at any time until its last user has gone. What it has not read to the end yet is of an
/// operation that is under way, by which it copies that to the cache (NFS, Ceph) or dirties folios.
fn keep_old_content_out(cookie: &Cookie, now: &Snapshot) {
    let mut old = 0;
    if now.active && now.flags & flags::LOCAL_WRITE != 0 {
        old |= flags::STORES_NOTHING;
    }
    if now.accessed {
        old |= flags::OLD_READS | flags::OLD_READS_STAY_OLD;
    }
    if old != 0 {
        cookie.flags().update(old, 0);
    }
}

/// Ends [`flags::OLD_READS`] if the operations that it is about have come to their end; that there is
/// none but the caller's says so: that began later, or carries the older count. What was read by them
/// may be in dirty folios now, which are where they are to be after a cut.
#[cold]
pub(crate) fn end_of_old_reads(cookie: &Cookie) {
    let guard = cookie.lock();
    let now = guard.snapshot();
    if cookie.n_accesses().fetch_add(0, Full) > 1 {
        return;
    }
    let folios = flags::LOCAL_WRITE | flags::OLD_READS_STAY_OLD;
    let set = if now.active && now.flags & folios == folios {
        flags::STORES_NOTHING
    } else {
        0
    };
    cookie
        .flags()
        .update(set, flags::OLD_READS | flags::OLD_READS_STAY_OLD);
}

/// A filesystem gives up what it has given up.
#[cold]
#[inline(never)]
fn warn_given_up_twice(cookie: &Cookie) {
    pr_warn!("Cookie c={:x} already relinquished\n", cookie.debug_id());
    kernel::warn_on!(true);
}

/// A filesystem gives up what is in use: they will say that they are done, with a cookie that must
/// still be there then.
#[cold]
#[inline(never)]
fn keep_for_users(cookie: &Cookie) {
    kernel::pr_err_once!(
        "cookie {:08x} relinquished with {} users; a filesystem lost count\n",
        cookie.debug_id(),
        cookie.n_active().load(Relaxed)
    );
    CookieRef::get(cookie, CookieWhy::GetUseWork).keep_for_users();
}

/// Gives the cookie up. The caller's reference goes with it. Sleeps.
pub(crate) fn relinquish(cookie: CookieRef, retire: bool) {
    stats::RELINQUISHES.inc();
    if retire {
        stats::RELINQUISHES_RETIRE.inc();
    }
    let set = if retire {
        flags::RELINQUISHED | flags::RETIRED
    } else {
        flags::RELINQUISHED
    };
    if cookie.flags().update(set, 0) & flags::RELINQUISHED != 0 {
        // The reference went with the first time.
        return warn_given_up_twice(&core::mem::ManuallyDrop::new(cookie));
    }
    trace::relinquish(&cookie, retire);
    cookie.volume().n_cookies().fetch_sub(1, Relaxed);
    let guard = cookie.lock();
    // Under the lock, where whoever puts it on looks whether it is relinquished.
    fscache().lru.remove(&cookie);
    let now = guard.snapshot();
    if now.active {
        keep_for_users(&cookie);
    }
    let decision = decide(&now, Event::Relinquish);
    carry_out(&cookie, guard, &now, &decision, CookieWhy::GetEndAccess);
    cookie.put_sleeping(CookieWhy::PutRelinquish);
}

/// The backend wants the object of a cookie back. May be called in atomic context.
pub(crate) fn withdraw(cookie: &Cookie) {
    let guard = cookie.lock();
    fscache().lru.remove(cookie);
    handle(cookie, guard, Event::WantWithdraw, CookieWhy::GetEndAccess);
}

/// A backend, called by the cookie's worker, tells what happened to the object.
pub(crate) fn report(cookie: &Cookie, event: Event) {
    let guard = cookie.lock();
    let now = guard.snapshot();
    let decision = decide(&now, event);
    if decision.action == Action::Refuse {
        drop(guard);
        kernel::pr_warn_once!(
            "a backend reports on cookie {:08x} at a time when it cannot\n",
            cookie.debug_id()
        );
        return;
    }
    carry_out(cookie, guard, &now, &decision, CookieWhy::GetEndAccess);
    if event == Event::CachingFailed {
        counters::inc(cookie.volume(), |c| &c.objects_failed);
        trace::see_cookie(cookie, CookieWhy::Failed);
    }
}

/// Checks that the structure is the one that C knows.
const _: () =
    assert!(core::mem::size_of::<Cookie>() == core::mem::size_of::<bindings::fscache_cookie>());
