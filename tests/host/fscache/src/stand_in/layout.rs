// SPDX-License-Identifier: GPL-2.0-only

//! Cookies as the module's files see them, and the backend behind them.

pub(crate) use super::volumes::{
    BackendTable, Cache, CacheRef, CacheState, Registered, Volume, VolumeRef,
};
use super::{
    bindings::list_head,
    fault::{self, Fault},
    fscache,
    resources::{Resources, Want},
    state::{flags, Action, Decision, Event, Snapshot, State},
    sync::atomic::{
        barrier,
        ordering::{Acquire, Relaxed, Release},
        Atomic,
    },
    trace::{AccessWhy, CookieWhy, VolumeWhy},
    volumes,
    wait::{self, Jiffies, WaitQueue},
    words::{Flags, RefCount},
    workqueue::Item,
};
use crate::{
    access::VolumeAccess,
    cookie,
    list::{init_links, Member, Owner},
    table::Node,
    worker,
};
use loom::sync::{Mutex, MutexGuard};
use std::{
    cell::{Cell, UnsafeCell},
    marker::PhantomData,
    mem::ManuallyDrop,
};

/// Bytes that a filesystem lends.
#[derive(Clone, Copy, Default)]
pub(crate) struct Blob<'a>(PhantomData<&'a u8>);

impl Blob<'_> {
    pub(crate) fn len(&self) -> usize {
        0
    }
}

/// How the backend behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lookup {
    /// There is a file.
    Found,
    /// There is the one that was put away, with the content that it had.
    Kept,
    /// There is none, and one is made.
    Created,
    /// There is no memory.
    Fails,
    /// The file cannot be opened.
    Broken,
}

/// What a backend has of a cookie, and what it saw.
pub(crate) struct Object {
    /// 1 while there is an object. An operation that reads it and a withdrawal that writes it
    /// depend on each other, so `loom` tries both orders.
    pub(crate) there: Atomic<usize>,
    /// How many operations have begun.
    pub(crate) operations: Cell<usize>,
    /// The version of the file's content that is in it.
    pub(crate) version: Cell<u32>,
    /// Writes were announced since it was looked up.
    pub(crate) announced: Cell<bool>,
    pub(crate) lookups: Cell<u32>,
    /// What happens while it is being put away.
    pub(crate) while_withdrawn: Cell<fn(&Cookie)>,
    pub(crate) withdrawals: Cell<u32>,
}

/// A cookie.
pub(crate) struct Cookie {
    refs: RefCount,
    flags: Flags,
    state: Atomic<i8>,
    lock: Mutex<()>,
    changed: WaitQueue,
    active: Atomic<i32>,
    accesses: Atomic<i32>,
    inval_counter: Atomic<u32>,
    unused_at: Atomic<usize>,
    listed_at: Atomic<usize>,
    object_size: Atomic<i64>,
    copies: Atomic<u32>,
    volume: *const Volume,
    links: UnsafeCell<list_head>,
    freed: Cell<bool>,
    /// Does anybody wait for the state in this model? If not, waking is left out.
    pub(crate) waited_for: Cell<bool>,
    pub(crate) object: Object,
    /// The version of the file's content on the server.
    pub(crate) version: Cell<u32>,
    /// What is older than this must not be kept.
    pub(crate) declared: Cell<u32>,
    /// How often it was declared out of date, and what the version was the last time.
    counted: Cell<(u32, u32)>,
}

impl Cookie {
    fn new(volume: &Volume) -> Self {
        Self {
            refs: RefCount::new(1),
            flags: Flags::new(),
            state: Atomic::new(0),
            lock: Mutex::new(()),
            changed: WaitQueue::new(),
            active: Atomic::new(0),
            accesses: Atomic::new(0),
            inval_counter: Atomic::new(0),
            unused_at: Atomic::new(0),
            listed_at: Atomic::new(0),
            object_size: Atomic::new(0),
            copies: Atomic::new(0),
            volume,
            links: UnsafeCell::new(list_head {
                next: std::ptr::null_mut(),
                prev: std::ptr::null_mut(),
            }),
            freed: Cell::new(false),
            waited_for: Cell::new(false),
            object: Object {
                there: Atomic::new(0),
                operations: Cell::new(0),
                version: Cell::new(0),
                announced: Cell::new(false),
                lookups: Cell::new(0),
                while_withdrawn: Cell::new(|_| ()),
                withdrawals: Cell::new(0),
            },
            version: Cell::new(0),
            declared: Cell::new(0),
            counted: Cell::new((0, 0)),
        }
    }

    pub(crate) fn check_alive(&self) {
        assert!(!self.freed.get(), "used after it was freed");
    }

    pub(crate) fn is_freed(&self) -> bool {
        self.freed.get()
    }

    pub(crate) fn refs(&self) -> &RefCount {
        self.check_alive();
        &self.refs
    }

    pub(crate) fn flags(&self) -> &Flags {
        self.check_alive();
        &self.flags
    }

    pub(crate) fn n_active(&self) -> &Atomic<i32> {
        self.check_alive();
        &self.active
    }

    pub(crate) fn n_accesses(&self) -> &Atomic<i32> {
        self.check_alive();
        &self.accesses
    }

    pub(crate) fn inval_counter(&self) -> &Atomic<u32> {
        &self.inval_counter
    }

    pub(crate) fn unused_at(&self) -> &Atomic<usize> {
        &self.unused_at
    }

    pub(crate) fn listed_at(&self) -> &Atomic<usize> {
        &self.listed_at
    }

    pub(crate) fn key_hash(&self) -> u32 {
        0
    }

    pub(crate) fn object_size(&self) -> &Atomic<i64> {
        &self.object_size
    }

    pub(crate) fn copies(&self) -> &Atomic<u32> {
        &self.copies
    }

    pub(crate) fn debug_id(&self) -> u32 {
        0
    }

    pub(crate) fn key(&self) -> &[u8] {
        b"key"
    }

    pub(crate) fn update_aux(&self, _: Blob<'_>) {}

    pub(crate) fn volume(&self) -> &Volume {
        self.check_alive();
        // SAFETY: Volumes live until the model has ended.
        unsafe { &*self.volume }
    }

    pub(crate) fn has_object(&self) -> bool {
        self.object.there.load(Relaxed) != 0
    }

    pub(crate) fn state(&self) -> State {
        self.check_alive();
        State::ALL[self.state.load(Acquire) as usize]
    }

    fn wait_until(&self, timeout: Jiffies, condition: impl Fn(State) -> bool) -> bool {
        if condition(self.state()) {
            return true;
        }
        if let Some(holds) = wait::in_vain(timeout, || condition(self.state())) {
            return holds;
        }
        assert!(self.waited_for.get(), "the model says that nobody waits");
        self.changed.wait(|| condition(self.state()));
        true
    }

    pub(crate) fn wait_while(&self, state: State, timeout: Jiffies) -> bool {
        self.wait_until(timeout, |now| now != state)
    }

    pub(crate) fn wait_until_dropped(&self, timeout: Jiffies) -> bool {
        // Also if there is nothing to wait for, others get their turn, as by `might_sleep()`.
        loom::thread::yield_now();
        self.wait_until(timeout, |now| now == State::Dropped)
    }

    pub(crate) fn wake_state_waiters(&self) {
        if self.waited_for.get() && !fault::is(Fault::StateWakesNobody) {
            barrier();
            self.changed.wake();
        }
    }

    pub(crate) fn lock(&self) -> CookieGuard<'_> {
        self.check_alive();
        CookieGuard {
            cookie: self,
            _lock: (!fault::is(Fault::NoLock)).then(|| self.lock.lock().unwrap()),
        }
    }

    pub(crate) fn queue(&self, why: CookieWhy) {
        let owned = CookieRef::get(self, why);
        if fscache().queue.queue(self) {
            std::mem::forget(owned);
        } else {
            owned.put(CookieWhy::PutOverQueued);
        }
    }
}

// SAFETY: As in the module.
unsafe impl Member for Cookie {
    fn links(&self) -> *mut list_head {
        self.check_alive();
        self.links.get()
    }

    unsafe fn from_links(links: *mut list_head) -> *const Self {
        // SAFETY: By the function's contract.
        unsafe { links.byte_sub(std::mem::offset_of!(Self, links)).cast() }
    }
}

/// A cookie whose lock is held.
pub(crate) struct CookieGuard<'a> {
    cookie: &'a Cookie,
    _lock: Option<MutexGuard<'a, ()>>,
}

impl CookieGuard<'_> {
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.cookie.state(),
            flags: self.cookie.flags().load(),
            accessed: self.cookie.n_accesses().load(Relaxed) != 0,
            active: self.cookie.n_active().load(Relaxed) > 0,
        }
    }

    pub(crate) fn apply(&self, now: &Snapshot, decision: &Decision) -> bool {
        let changed = now.state != decision.state;
        if decision.set | decision.clear != 0 {
            self.cookie.flags().update(decision.set, decision.clear);
        }
        if changed {
            self.cookie.state.store(decision.state as i8, Release);
        }
        if fault::is(Fault::InvalidationCounts) && decision.action == Action::Invalidate {
            self.cookie.accesses.fetch_sub(1, Relaxed);
        }
        changed && now.state.passes()
    }

    pub(crate) fn count_invalidation(&self) {
        let count = self.cookie.inval_counter.load(Relaxed);
        self.cookie.inval_counter.store(count + 1, Release);
        let version = self.cookie.version.get();
        self.cookie.counted.set((count + 1, version));
        if fault::is(Fault::InvalidationCounts) && self.cookie.state() == State::LookingUp {
            self.cookie.accesses.fetch_add(1, Relaxed);
        }
    }
}

/// A cookie that nobody knows yet.
pub(crate) struct NewCookie(CookieRef);

impl NewCookie {
    pub(crate) fn alloc(
        volume: &Volume,
        _advice: u8,
        _key: &[u8],
        _aux: Blob<'_>,
        _size: i64,
        _id: u32,
    ) -> Option<Self> {
        let cookie: &'static Cookie = Box::leak(Box::new(Cookie::new(volume)));
        ALL.with_borrow_mut(|all| all.push(cookie));
        // SAFETY: Nobody else knows it.
        unsafe { init_links(cookie.links.get()) };
        Some(Self(CookieRef(cookie)))
    }

    pub(crate) fn cookie(&self) -> &Cookie {
        &self.0
    }

    pub(crate) fn publish(self) -> CookieRef {
        self.0
    }

    pub(crate) fn discard(self) {
        self.0.freed.set(true);
        std::mem::forget(self.0);
    }
}

thread_local! {
    static ALL: std::cell::RefCell<Vec<*const Cookie>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Gives the memory of everything back, at the end of a model.
pub(crate) fn free_all() {
    for cookie in ALL.take() {
        // SAFETY: Made by `NewCookie::alloc()`; the model has ended, so nobody uses it.
        drop(unsafe { Box::from_raw(cookie.cast_mut()) });
    }
    volumes::free_all();
}

/// A reference to a cookie.
pub(crate) struct CookieRef(*const Cookie);

impl CookieRef {
    /// Takes over a reference that was handed over.
    pub(crate) fn own(cookie: &Cookie) -> Self {
        Self(cookie)
    }

    pub(crate) fn get(cookie: &Cookie, _: CookieWhy) -> Self {
        cookie.refs().inc();
        Self(cookie)
    }

    pub(crate) fn keep_while(cookie: &Cookie, look: impl FnOnce()) {
        if fault::is(Fault::OperationWithoutReference) {
            return look();
        }
        cookie.refs().inc();
        look();
        if cookie.refs().dec() {
            fscache().queue.queue(cookie);
        }
    }

    pub(crate) fn try_get(cookie: &Cookie) -> Option<Self> {
        cookie.refs().inc_not_zero().then(|| Self(cookie))
    }

    pub(crate) fn into_raw(self) -> *const Cookie {
        ManuallyDrop::new(self).0
    }

    pub(crate) fn keep_for_users(self) {
        if fault::is(Fault::UsersLeftAlone) {
            return self.put(CookieWhy::PutRelinquish);
        }
        let kept = flags::KEPT_FOR_USERS;
        if self.flags().update(kept, 0) & kept == 0 {
            let _ = ManuallyDrop::new(self);
        }
    }

    pub(crate) fn take_kept(cookie: &Cookie) -> Option<Self> {
        let kept = flags::KEPT_FOR_USERS;
        (cookie.flags().update(0, kept) & kept != 0).then(|| Self(cookie))
    }

    pub(crate) fn put(self, _: CookieWhy) {
        let cookie = ManuallyDrop::new(self);
        if cookie.refs().dec() {
            fscache().queue.queue(&cookie);
        }
    }

    pub(crate) fn put_sleeping(self, _: CookieWhy) {
        let cookie = ManuallyDrop::new(self);
        if cookie.refs().dec() {
            Self::release(&cookie);
        }
    }

    /// Frees a cookie whose last reference was given back.
    pub(crate) fn release(cookie: &Cookie) {
        assert!(!fscache().cookies.is_hashed(cookie), "freed while hashed");
        let volume = VolumeRef::own(cookie.volume());
        assert!(!cookie.freed.replace(true), "freed twice");
        fscache().cookies.forget_one();
        volume.put(VolumeWhy::PutCookie);
    }
}

impl std::ops::Deref for CookieRef {
    type Target = Cookie;

    fn deref(&self) -> &Cookie {
        // SAFETY: Cookies live until the model has ended.
        unsafe { &*self.0 }
    }
}

impl Drop for CookieRef {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a reference was dropped without a reason");
        }
    }
}

// SAFETY: As in the module.
unsafe impl Owner for CookieRef {
    type Member = Cookie;

    fn into_raw(self) -> *const Cookie {
        ManuallyDrop::new(self).0
    }

    unsafe fn from_raw(ptr: *const Cookie) -> Self {
        Self(ptr)
    }
}

impl Node for Cookie {
    const IS_IN: bool = true;

    fn check_alive(&self) {
        self.check_alive();
    }
}

impl Item for Cookie {
    fn run(cookie: *const Self) {
        // SAFETY: Cookies live until the model has ended.
        let cookie = unsafe { &*cookie };
        if cookie.refs().read() == 0 {
            CookieRef::release(cookie);
        } else {
            worker::run(CookieRef::own(cookie));
        }
    }
}

/// The backend, which complains of what must not happen.
pub(crate) struct Backend<'a>(pub(super) &'a Cache);

impl Backend<'_> {
    fn check_there(&self) {
        assert!(!self.0.gone.get(), "the backend has gone");
    }

    pub(crate) fn name(&self) -> &'static str {
        "stand-in"
    }

    pub(crate) fn acquire_volume(&self, volume: &Volume) {
        self.check_there();
        self.0.asked.set(self.0.asked.get() + 1);
        VolumeAccess::pin(volume, 0, AccessWhy::CachePin).suspend();
        volume.set_backing(true);
    }

    pub(crate) fn free_volume(&self, volume: &Volume) {
        self.check_there();
        volume.set_backing(false);
        wait::wake(&self.0.made);
    }

    pub(crate) fn lookup_cookie(&self, cookie: &Cookie) -> bool {
        self.check_there();
        let object = &cookie.object;
        assert_eq!(object.there.load(Relaxed), 0, "looked up twice");
        object.lookups.set(object.lookups.get() + 1);
        // Whoever compares it with the server's does so now.
        if self.0.lookup.get() != Lookup::Kept {
            object.version.set(cookie.version.get());
        }
        match self.0.lookup.get() {
            Lookup::Found | Lookup::Kept => object.there.store(1, Relaxed),
            Lookup::Created => {
                object.there.store(1, Relaxed);
                cookie::report(cookie, Event::LookedUpNegative);
            }
            Lookup::Fails => return false,
            Lookup::Broken => {
                object.there.store(1, Relaxed);
                cookie::report(cookie, Event::CachingFailed);
                return false;
            }
        }
        true
    }

    pub(crate) fn invalidate_cookie(&self, cookie: &Cookie) -> bool {
        self.check_there();
        let object = &cookie.object;
        assert_eq!(object.there.load(Relaxed), 1, "nothing to empty");
        if !self.0.can_empty.get() {
            return false;
        }
        object.version.set(cookie.version.get());
        cookie::report(cookie, Event::Invalidated);
        true
    }

    pub(crate) fn prepare_to_write(&self, cookie: &Cookie) {
        self.check_there();
        assert_eq!(cookie.object.there.load(Relaxed), 1, "no object");
        cookie.object.announced.set(true);
    }

    pub(crate) fn withdraw_cookie(&self, cookie: &Cookie) {
        self.check_there();
        let object = &cookie.object;
        assert_eq!(object.operations.get(), 0, "withdrawn while it is used");
        object.while_withdrawn.get()(cookie);
        object.there.store(0, Relaxed);
        assert_eq!(object.operations.get(), 0, "withdrawn while it is used");
        if !cookie.flags().any(flags::RETIRED) {
            assert!(
                object.version.get() >= cookie.declared.get(),
                "out of date, and kept"
            );
            cookie
                .flags()
                .update(0, flags::LOCAL_WRITE | flags::NEEDS_UPDATE);
        }
        object.announced.set(false);
        object.withdrawals.set(object.withdrawals.get() + 1);
        wait::wake(object);
    }

    pub(crate) fn begin_operation(&self, resources: &Resources, _: Want) -> bool {
        self.check_there();
        let cookie = resources.cookie().unwrap();
        let object = &cookie.object;
        object.operations.set(object.operations.get() + 1);
        assert_eq!(object.there.load(Relaxed), 1, "no object to use");
        let (count, version) = cookie.counted.get();
        if fault::is(Fault::CounterReadLate) {
            resources.inval_counter.set(count);
        }
        assert!(
            object.version.get() >= version || resources.inval_counter.get() < count,
            "old content under the new count"
        );
        resources.ready.set(true);
        true
    }

    pub(crate) fn resize_cookie(&self, resources: &Resources, _: i64) {
        resources.use_object();
    }
}
