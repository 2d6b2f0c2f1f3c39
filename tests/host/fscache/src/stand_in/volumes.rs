// SPDX-License-Identifier: GPL-2.0-only

//! Volumes and caches as the module's files see them.

use super::{
    fault::{self, Fault},
    fscache,
    layout::{Backend, Blob, Lookup},
    prelude::{CString, Result},
    resources::Resources,
    sync::atomic::{
        ordering::{Acquire, Full, Relaxed, Release},
        Atomic,
    },
    trace::{CacheWhy, VolumeWhy},
    wait::{self, Jiffies},
    words::{Flags, RefCount},
    workqueue::Item,
    SpinLock,
};
use crate::{cache, table::Node, volume};
use std::{
    cell::{Cell, RefCell},
    ffi::CStr,
    mem::ManuallyDrop,
};

thread_local! {
    static CACHES: RefCell<Vec<*const Cache>> = const { RefCell::new(Vec::new()) };
    static VOLUMES: RefCell<Vec<*const Volume>> = const { RefCell::new(Vec::new()) };
}

/// Gives the memory of all volumes and caches back, at the end of a model.
pub(super) fn free_all() {
    // SAFETY: Made by `alloc()`; the model has ended, so nobody uses them.
    for volume in VOLUMES.take() {
        drop(unsafe { Box::from_raw(volume.cast_mut()) });
    }
    for cache in CACHES.take() {
        drop(unsafe { Box::from_raw(cache.cast_mut()) });
    }
}

/// How many volumes and caches were made and are not freed.
pub(crate) fn left() -> usize {
    // SAFETY: Those that are known have not been given back.
    let volumes =
        VOLUMES.with_borrow(|all| all.iter().filter(|v| !unsafe { &***v }.freed()).count());
    let caches =
        CACHES.with_borrow(|all| all.iter().filter(|c| !unsafe { &***c }.freed.get()).count());
    volumes + caches
}

/// Whether a cache can be used.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum CacheState {
    NotPresent = 0,
    Preparing = 1,
    Active = 2,
    GotIoError = 3,
    Withdrawn = 4,
}

/// A cache, which is a backend as well.
pub(crate) struct Cache {
    refs: RefCount,
    state: Atomic<u32>,
    accesses: Atomic<i32>,
    volumes: Atomic<i32>,
    objects: Atomic<i32>,
    name: Cell<Option<&'static CStr>>,
    backed: Cell<bool>,
    freed: Cell<bool>,
    looked: Cell<bool>,
    pub(crate) lookup: Cell<Lookup>,
    pub(crate) can_empty: Cell<bool>,
    /// The backend has gone: nobody may call it.
    pub(crate) gone: Cell<bool>,
    stuck: Cell<bool>,
    /// The volumes that the backend has. It holds no references to them.
    pub(crate) made: SpinLock<Vec<*const Volume>>,
    /// How many volumes the backend was asked to make.
    pub(crate) asked: Cell<usize>,
}

impl Cache {
    fn new(refs: i32, state: CacheState, name: Option<&'static CStr>) -> Self {
        Self {
            refs: RefCount::new(refs),
            state: Atomic::new(state as u32),
            accesses: Atomic::new(0),
            volumes: Atomic::new(0),
            objects: Atomic::new(0),
            name: Cell::new(name),
            backed: Cell::new(state == CacheState::Active),
            freed: Cell::new(false),
            looked: Cell::new(false),
            lookup: Cell::new(Lookup::Found),
            can_empty: Cell::new(true),
            gone: Cell::new(false),
            stuck: Cell::new(false),
            made: SpinLock::new(Vec::new()),
            asked: Cell::new(0),
        }
    }

    fn check_alive(&self) {
        assert!(!self.freed.get(), "a cache was used after it was freed");
    }

    pub(crate) fn refs(&self) -> &RefCount {
        self.check_alive();
        &self.refs
    }

    pub(crate) fn state(&self) -> &Atomic<u32> {
        self.check_alive();
        &self.state
    }

    pub(crate) fn is_live(&self) -> bool {
        // The first look is the fault's last.
        if fault::is(Fault::LookedOnce) && self.looked.get() {
            return true;
        }
        let live = self.state().load(Acquire) == CacheState::Active as u32;
        self.looked.set(live);
        live
    }

    pub(crate) fn set_state(&self, state: CacheState) {
        self.state().store(state as u32, Release);
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck.get()
    }

    pub(crate) fn set_stuck(&self, is_stuck: bool) {
        self.stuck.set(is_stuck);
    }

    pub(crate) fn change_state(&self, from: CacheState, to: CacheState) -> bool {
        self.state().cmpxchg(from as u32, to as u32, Full).is_ok()
    }

    pub(crate) fn debug_id(&self) -> u32 {
        0
    }

    pub(crate) fn n_accesses(&self) -> &Atomic<i32> {
        self.check_alive();
        &self.accesses
    }

    pub(crate) fn n_volumes(&self) -> &Atomic<i32> {
        self.check_alive();
        &self.volumes
    }

    pub(crate) fn object_count(&self) -> &Atomic<i32> {
        &self.objects
    }

    pub(crate) fn name(&self) -> Option<&CStr> {
        self.check_alive();
        self.name.get()
    }

    pub(crate) fn set_name(&self, name: CString) {
        self.name.set(Some(name.0));
    }

    pub(crate) fn set_backend(&self, table: Option<BackendTable>) {
        self.backed.set(table.is_some());
    }

    pub(crate) fn backend(&self) -> Option<Backend<'_>> {
        self.check_alive();
        self.backed.get().then_some(Backend(self))
    }

    pub(crate) fn counted_ops(&self) -> CountedOps {
        CountedOps
    }

    pub(crate) fn wait_until_unused(&self, timeout: Jiffies) -> bool {
        fault::is(Fault::WithdrawDoesNotWait)
            || wait::wait_for(self.n_accesses(), timeout, || {
                self.n_accesses().load(Acquire) == 0
            })
    }
}

/// Counting operations is not tried here.
pub(crate) struct CountedOps;

impl CountedOps {
    pub(crate) fn put_before(&self, _: &Resources) {}
}

/// What a backend brings.
pub(crate) struct BackendTable;

/// A reference to a cache.
pub(crate) struct CacheRef(*const Cache);

impl CacheRef {
    pub(crate) fn alloc(name: Option<CString>, _: u32) -> Result<Self> {
        let name = name.map(|name| name.0);
        let cache = Box::into_raw(Box::new(Cache::new(1, CacheState::NotPresent, name)));
        CACHES.with_borrow_mut(|all| all.push(cache));
        Ok(Self(cache))
    }

    pub(crate) fn try_get(cache: &Cache, _: CacheWhy) -> Option<Self> {
        cache.refs().inc_not_zero().then(|| Self(cache))
    }

    /// The reference that a filesystem or a backend was given.
    pub(crate) fn own(cache: &Cache) -> Self {
        Self(cache)
    }

    pub(crate) fn into_raw(self) -> *const Cache {
        ManuallyDrop::new(self).0
    }

    pub(crate) fn put(self, _: CacheWhy) {
        let cache = ManuallyDrop::new(self);
        if cache.refs().dec() {
            cache::unregister(&cache);
            assert!(!cache.freed.replace(true), "freed twice");
        }
    }

    pub(crate) fn discard(self) {
        ManuallyDrop::new(self).freed.set(true);
    }
}

impl std::ops::Deref for CacheRef {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        // SAFETY: Caches live until the model has ended.
        unsafe { &*self.0 }
    }
}

impl Drop for CacheRef {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a reference was dropped without a reason");
        }
    }
}

/// A registered cache.
pub(crate) struct Registered(*const Cache);

impl Registered {
    pub(crate) fn new(cache: &Cache) -> Self {
        Self(cache)
    }
}

impl std::ops::Deref for Registered {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        // SAFETY: Caches live until the model has ended.
        unsafe { &*self.0 }
    }
}

/// A volume.
pub(crate) struct Volume {
    refs: RefCount,
    flags: Flags,
    accesses: Atomic<i32>,
    cookies: Atomic<i32>,
    /// 1 while the backend has something for it.
    backing: Atomic<usize>,
    cache: *const Cache,
    /// The cache, of a volume that is there all along.
    _own: Option<Box<Cache>>,
    key: Vec<u8>,
    debug_id: u32,
    freed: Cell<bool>,
}

impl Volume {
    /// A volume that is there all along, for models of cookies, with a cache of its own.
    pub(crate) fn new() -> Self {
        let cache = Box::new(Cache::new(1, CacheState::Active, None));
        let volume = Self::of(&*cache, b"", 0);
        volume.backing.fetch_add(1, Relaxed);
        Self {
            _own: Some(cache),
            ..volume
        }
    }

    fn of(cache: *const Cache, key: &[u8], debug_id: u32) -> Self {
        Self {
            refs: RefCount::new(1),
            flags: Flags::new(),
            accesses: Atomic::new(0),
            cookies: Atomic::new(0),
            backing: Atomic::new(0),
            cache,
            _own: None,
            key: key.to_vec(),
            debug_id,
            freed: Cell::new(false),
        }
    }

    fn freed(&self) -> bool {
        self.freed.get()
    }

    fn check_alive(&self) {
        assert!(!self.freed(), "a volume was used after it was freed");
    }

    pub(crate) fn cache(&self) -> &Cache {
        self.check_alive();
        // SAFETY: Caches live until the model has ended.
        unsafe { &*self.cache }
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(crate) fn key_hash(&self) -> u32 {
        0
    }

    pub(crate) fn debug_id(&self) -> u32 {
        self.debug_id
    }

    pub(crate) fn flags(&self) -> &Flags {
        self.check_alive();
        &self.flags
    }

    pub(crate) fn n_accesses(&self) -> &Atomic<i32> {
        self.check_alive();
        &self.accesses
    }

    pub(crate) fn n_cookies(&self) -> &Atomic<i32> {
        self.check_alive();
        &self.cookies
    }

    pub(crate) fn refs(&self) -> i32 {
        self.refs.read()
    }

    pub(crate) fn has_backing(&self) -> bool {
        self.check_alive();
        // A backend fills it in before it lets anybody know.
        self.backing.load(Acquire) != 0
    }

    /// The backend makes, or forgets, what it has for the volume.
    pub(crate) fn set_backing(&self, there: bool) {
        self.check_alive();
        let mut made = self.cache().made.lock();
        if there {
            made.push(self);
        } else {
            made.retain(|volume| !std::ptr::eq(*volume, self));
        }
        drop(made);
        self.backing.store(usize::from(there), Release);
    }

    pub(crate) fn update_coherency(&self, _: Blob<'_>) {}

    pub(crate) fn wait_until_unused(&self, timeout: Jiffies) -> bool {
        fault::is(Fault::WithdrawDoesNotWait)
            || wait::wait_for(self.n_accesses(), timeout, || {
                self.n_accesses().load(Acquire) == 0
            })
    }

    pub(crate) fn queue(&self) -> bool {
        fscache().volume_queue.queue(self)
    }
}

impl Node for Volume {
    const IS_IN: bool = false;

    fn check_alive(&self) {
        self.check_alive();
    }
}

impl Item for Volume {
    fn run(volume: *const Self) {
        volume::make(VolumeRef(volume));
    }
}

/// A reference to a volume.
pub(crate) struct VolumeRef(*const Volume);

impl VolumeRef {
    pub(crate) fn alloc(cache: CacheRef, key: &[u8], _: Blob<'_>, id: u32) -> Option<Self> {
        let volume = Box::into_raw(Box::new(Volume::of(cache.into_raw(), key, id)));
        VOLUMES.with_borrow_mut(|all| all.push(volume));
        Some(Self(volume))
    }

    /// The reference that a filesystem was given.
    pub(crate) fn own(volume: &Volume) -> Self {
        Self(volume)
    }

    pub(crate) fn get(volume: &Volume, _: VolumeWhy) -> Self {
        volume.check_alive();
        volume.refs.inc();
        Self(volume)
    }

    pub(crate) fn try_get(volume: &Volume, _: Option<VolumeWhy>) -> Option<Self> {
        volume.check_alive();
        volume.refs.inc_not_zero().then(|| Self(volume))
    }

    pub(crate) fn into_raw(self) -> *const Volume {
        ManuallyDrop::new(self).0
    }

    pub(crate) fn put(self, _: VolumeWhy) {
        let volume = ManuallyDrop::new(self);
        volume.check_alive();
        if volume.refs.dec() {
            assert!(volume._own.is_none(), "the test's own was given back");
            volume::release(&volume);
            assert!(!volume.freed.replace(true), "freed twice");
            CacheRef(volume.cache).put(CacheWhy::PutVolume);
        }
    }
}

impl std::ops::Deref for VolumeRef {
    type Target = Volume;

    fn deref(&self) -> &Volume {
        // SAFETY: Volumes live until the model has ended.
        unsafe { &*self.0 }
    }
}

impl Drop for VolumeRef {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a reference was dropped without a reason");
        }
    }
}
