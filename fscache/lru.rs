// SPDX-License-Identifier: GPL-2.0-only

//! The LRU: objects that nobody has used for a while are put away.
//!
//! A cookie is put at the end of a list when its last user goes, and stays there if it is used
//! again: neither that nor the next last user's going touches anything but the cookie. A timer,
//! armed for the oldest, queues a worker, which takes off those whose time has come: it has the
//! objects that were unused for long enough put away, puts back what was used meanwhile and is
//! unused for a shorter time, and forgets what is in use.
//!
//! There are several lists, so that those who come to different ones need not wait for each other.
//!
//! Lock order: a cookie's lock, then a list's.

use crate::{
    callbacks, fscache,
    layout::{
        Cookie,
        CookieRef, //
    },
    list::{
        is_on_a_list,
        RefList, //
    },
    spinlock::{
        new_spinlock,
        SpinLock, //
    },
    state::{
        decide,
        flags,
        Action,
        Event, //
    },
    stats::{
        self,
        Counter, //
    },
    timer::Timer,
    trace::{
        self,
        CookieWhy, //
    },
    wait::{
        self,
        Jiffies,
        HZ, //
    },
    workqueue::Work,
};
use kernel::{
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};
use pin_init::pin_init_array_from_fn;

/// How long an object must be unused, in jiffies. It may be up to twice that until its turn comes.
const TIMEOUT: Jiffies = 10 * HZ;

/// How many lists there are; a power of two.
const LISTS: usize = 16;

/// Cookies in the order in which their last users went.
#[pin_data]
pub(crate) struct Lru {
    #[pin]
    lists: [SpinLock<RefList<CookieRef>>; LISTS],
    #[pin]
    timer: Timer,
    #[pin]
    work: Work,
}

impl Lru {
    /// An empty LRU.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            lists <- pin_init_array_from_fn(|_| new_spinlock!(RefList::new(), "fscache_lru")),
            timer <- Timer::new(callbacks::lru_timer),
            work <- Work::new(callbacks::lru_work),
        })
    }

    /// Notes that a cookie's last user has gone. The caller holds the cookie's lock.
    pub(crate) fn add(&self, cookie: &Cookie) {
        let now = wait::now();
        cookie.unused_at().store(now, Relaxed);
        // It may be taken off right now; but then `expire_one()` will see, under the cookie's lock,
        // since when it is unused.
        if !is_on_a_list(cookie) {
            self.push(cookie, now);
        }
    }

    /// Puts a cookie at the end of its list, with what was the time `since`.
    fn push(&self, cookie: &Cookie, since: Jiffies) {
        cookie.listed_at().store(since, Relaxed);
        let Some(list) = self.list_of(cookie) else {
            return;
        };
        let mut list = list.lock();
        let was_empty = list.is_empty();
        match list.push_back(CookieRef::get(cookie, CookieWhy::GetLru)) {
            Ok(()) => stats::COOKIES_LRU.inc(),
            Err(spare) => spare.put(CookieWhy::PutLru),
        }
        drop(list);
        // Else it is armed for those before, or the worker will come to this.
        if was_empty {
            self.timer.reduce(since.wrapping_add(TIMEOUT));
        }
    }

    /// The list that a cookie is on, if it is on any.
    fn list_of(&self, cookie: &Cookie) -> Option<&SpinLock<RefList<CookieRef>>> {
        // Not the lowest bits of the hash: they choose the shard of the table.
        self.lists.get((cookie.key_hash() >> 16) as usize % LISTS)
    }

    /// Takes a cookie off its list, if it still is on it.
    #[inline(never)]
    fn take_off(&self, cookie: &Cookie) -> Option<CookieRef> {
        let owned = self.list_of(cookie)?.lock().remove(cookie)?;
        stats::COOKIES_LRU.dec();
        stats::COOKIES_LRU_DROPPED.inc();
        Some(owned)
    }

    /// Takes a cookie off, for good if the caller holds the cookie's lock. From any context.
    #[inline]
    pub(crate) fn remove(&self, cookie: &Cookie) {
        if is_on_a_list(cookie) {
            if let Some(owned) = self.take_off(cookie) {
                owned.put(CookieWhy::PutLru);
            }
        }
    }

    /// When the timer expires, in jiffies from now; 0 if it is not armed.
    pub(crate) fn expires_in(&self) -> isize {
        self.timer
            .expires()
            .map_or(0, |when| when.wrapping_sub(wait::now()) as isize)
    }

    /// Takes the oldest off a list if its time has come; arms the timer if not.
    fn next_expired(&self, list: &SpinLock<RefList<CookieRef>>) -> Option<CookieRef> {
        let mut list = list.lock();
        let due = list
            .first()?
            .listed_at()
            .load(Relaxed)
            .wrapping_add(TIMEOUT);
        if !wait::is_past(due) {
            drop(list);
            self.timer.reduce(due);
            return None;
        }
        let cookie = list.pop_front()?;
        stats::COOKIES_LRU.dec();
        Some(cookie)
    }

    /// The timer expired: has the rest done where one may sleep. In softirq context.
    pub(crate) fn timed_out(&'static self) {
        fscache().queue.queue_own(&self.work);
    }

    /// Sees to all whose time has come. Sleeps.
    pub(crate) fn expire(&self) {
        for list in &self.lists {
            while let Some(cookie) = self.next_expired(list) {
                self.expire_one(&cookie);
                cookie.put_sleeping(CookieWhy::PutLru);
            }
        }
    }

    /// Sees to a cookie that was taken off its list.
    fn expire_one(&self, cookie: &Cookie) {
        trace::see_cookie(cookie, CookieWhy::SeeLruDoOne);
        let guard = cookie.lock();
        let now = guard.snapshot();
        let since = cookie.unused_at().load(Relaxed);
        let is_kept = now.flags & flags::RELINQUISHED == 0 && !now.active;
        if is_kept && !wait::is_past(since.wrapping_add(TIMEOUT)) {
            // Was used meanwhile.
            self.push(cookie, since);
            return;
        }
        let decision = decide(&now, Event::Unused);
        guard.apply(&now, &decision);
        match decision.action {
            // Not at rest yet: another round.
            Action::Again => self.push(cookie, wait::now()),
            Action::Queue => stats::COOKIES_LRU_EXPIRED.inc(),
            _ => stats::COOKIES_LRU_REMOVED.inc(),
        }
        drop(guard);
        if decision.action == Action::Queue {
            cookie.queue(CookieWhy::GetEndAccess);
        }
    }

    /// Stops the timer for good. Sleeps.
    pub(crate) fn shutdown(&self) {
        self.timer.shutdown();
    }

    /// Takes off what is still on the list, after the worker has stopped. Sleeps.
    pub(crate) fn clear(&self) {
        for list in &self.lists {
            loop {
                // A statement of its own, so that the lock is dropped before the reference is.
                let cookie = list.lock().pop_front();
                let Some(cookie) = cookie else { break };
                stats::COOKIES_LRU.dec();
                cookie.put_sleeping(CookieWhy::PutLru);
            }
        }
    }
}
