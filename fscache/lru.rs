// SPDX-License-Identifier: GPL-2.0-only

//! The LRU: objects that nobody has used for a while are put away.
//!
//! A cookie is put at the end of a list when its last user goes. A timer, armed for the oldest,
//! queues a worker, which asks for the objects that were unused for long enough to be put away.
//! A cookie that was used again stays on the list until its turn comes, and is then just taken
//! off: using one touches no common lock.
//!
//! Lock order: a cookie's lock, then the list's.

use crate::{
    callbacks, fscache,
    layout::{
        Cookie,
        CookieRef, //
    },
    list::RefList,
    state::{
        decide,
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
    sync::{
        atomic::ordering::Relaxed,
        new_spinlock,
        SpinLock, //
    },
};

/// How long an object must be unused, in jiffies.
const TIMEOUT: Jiffies = 10 * HZ;

/// Cookies in the order in which their last users went.
#[pin_data]
pub(crate) struct Lru {
    #[pin]
    list: SpinLock<RefList<CookieRef>>,
    #[pin]
    timer: Timer,
    #[pin]
    work: Work,
}

impl Lru {
    /// An empty LRU.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_spinlock!(RefList::new(), "fscache_lru"),
            timer <- Timer::new(callbacks::lru_timer),
            work <- Work::new(callbacks::lru_work),
        })
    }

    /// Notes that a cookie's last user has gone. The caller holds the cookie's lock.
    pub(crate) fn add(&self, cookie: &Cookie) {
        let now = wait::now();
        cookie.unused_at().store(now as usize, Relaxed);
        let mut list = self.list.lock();
        if !list.move_to_back(cookie) {
            stats::COOKIES_LRU.inc();
            // Not on it, as was just seen.
            if let Err(spare) = list.push_back(CookieRef::get(cookie, CookieWhy::GetLru)) {
                spare.put(CookieWhy::PutLru);
            }
        }
        drop(list);
        self.timer.reduce(now.wrapping_add(TIMEOUT));
    }

    /// Takes a cookie off, and returns the reference that the list had.
    pub(crate) fn remove_owned(&self, cookie: &Cookie) -> Option<CookieRef> {
        let owned = self.list.lock().remove(cookie)?;
        stats::COOKIES_LRU.dec();
        stats::COOKIES_LRU_DROPPED.inc();
        Some(owned)
    }

    /// Takes a cookie off. From any context.
    pub(crate) fn remove(&self, cookie: &Cookie) {
        if let Some(owned) = self.remove_owned(cookie) {
            owned.put(CookieWhy::PutLru);
        }
    }

    /// When the timer expires, in jiffies from now; 0 if it is not armed.
    pub(crate) fn expires_in(&self) -> isize {
        self.timer
            .expires()
            .map_or(0, |when| when.wrapping_sub(wait::now()) as isize)
    }

    /// Takes the oldest off the list if its time has come; arms the timer if not.
    fn next_expired(&self) -> Option<CookieRef> {
        let mut list = self.list.lock();
        let due = (list.first()?.unused_at().load(Relaxed) as Jiffies).wrapping_add(TIMEOUT);
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
        while let Some(cookie) = self.next_expired() {
            trace::see_cookie(&cookie, CookieWhy::SeeLruDoOne);
            let guard = cookie.lock();
            let decision = decide(&guard.snapshot(), Event::Unused);
            guard.apply(&decision);
            match decision.action {
                // Not at rest yet: another round.
                Action::Again => self.add(&cookie),
                Action::Queue => stats::COOKIES_LRU_EXPIRED.inc(),
                _ => stats::COOKIES_LRU_REMOVED.inc(),
            }
            drop(guard);
            if decision.action == Action::Queue {
                cookie.queue(CookieWhy::GetEndAccess);
            }
            cookie.put_sleeping(CookieWhy::PutLru);
        }
    }

    /// Stops the timer for good. Sleeps.
    pub(crate) fn shutdown(&self) {
        self.timer.shutdown();
    }

    /// Takes off what is still on the list, after the worker has stopped. Sleeps.
    pub(crate) fn clear(&self) {
        loop {
            // A statement of its own, so that the lock is dropped before the reference is.
            let cookie = self.list.lock().pop_front();
            let Some(cookie) = cookie else { return };
            stats::COOKIES_LRU.dec();
            cookie.put_sleeping(CookieWhy::PutLru);
        }
    }
}
