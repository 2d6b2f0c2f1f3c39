// SPDX-License-Identifier: GPL-2.0-only

//! Caches: the layout, references, and the backend's operations.

use super::{
    alloc_zeroed,
    cookie::{
        atomic_fields,
        constant_fields, //
    },
    dropped_without_reason,
    free,
    Cookie,
    Volume, //
};
use crate::{
    atomic::Atomic,
    bindings, cache,
    counted_ops::CountedOps,
    counters::Counters,
    refs::RefCount,
    resources::{
        Resources,
        Want, //
    },
    trace::{
        self,
        CacheWhy, //
    },
    wait,
};
use core::{
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    prelude::*,
    str::CString,
    sync::atomic::ordering,
    types::Opaque, //
};

/// Whether a cache can be used. The values are the kernel's `enum fscache_cache_state`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum CacheState {
    /// A name only; no backend has come yet.
    NotPresent = 0,
    /// A backend is getting ready.
    Preparing = 1,
    /// The cache can be used.
    Active = 2,
    /// The backend stopped after an I/O error.
    GotIoError = 3,
    /// The backend is going.
    Withdrawn = 4,
}

impl CacheState {
    /// The letter that `/proc/fs/fscache/caches` shows for a raw state.
    pub(crate) fn letter(raw: u32) -> char {
        match raw {
            0 => '-',
            1 => 'P',
            2 => 'A',
            3 => 'E',
            4 => 'W',
            _ => '?',
        }
    }
}

/// A `struct fscache_cache`.
///
/// # Invariants
///
/// A `&Cache` is to an initialised cache that somebody holds a reference to, or that is being freed
/// by its last holder. `name` is null or a string that [`CString`] allocated, and is only changed,
/// from null, under the lock of the registry of caches.
#[repr(C)]
pub(crate) struct Cache {
    raw: Opaque<bindings::fscache_cache>,
    /// What C does not know of: lies behind its structure, in the same allocation.
    counters: Counters,
    counted_ops: CountedOps,
    stuck: Atomic<u32>,
}

// SAFETY: Whatever changes is atomic, or changes under a lock.
unsafe impl Send for Cache {}
// SAFETY: As above.
unsafe impl Sync for Cache {}

impl Cache {
    /// Adopts a cache that C gave.
    ///
    /// # Safety
    ///
    /// `ptr` must point to a cache of ours, to which somebody holds a reference for all of `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::fscache_cache) -> &'a Self {
        // SAFETY: By the function's contract; the C structure comes first.
        unsafe { &*ptr.cast() }
    }

    /// The C structure.
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::fscache_cache {
        self.raw.get()
    }

    /// What it has done.
    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How operations on the backend are counted.
    #[inline]
    pub(crate) fn counted_ops(&self) -> &CountedOps {
        &self.counted_ops
    }

    /// Has somebody waited in vain for the backend, which has ended nothing since?
    #[inline]
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck.load(ordering::Relaxed) != 0
    }

    /// Notes whether it is.
    #[inline]
    pub(crate) fn set_stuck(&self, is_stuck: bool) {
        // As a rule it is noted already.
        if self.is_stuck() != is_stuck {
            self.stuck.store(u32::from(is_stuck), ordering::Relaxed);
        }
    }

    atomic_fields! {
        /// How many volumes the cache has.
        n_volumes: i32;
        /// How many use the backend, its own pin included.
        n_accesses: i32;
        /// How many objects the backend has; it counts them itself.
        object_count: i32;
        /// The state; see [`CacheState`].
        state: u32;
    }

    constant_fields! {
        /// The number that traces and messages show.
        debug_id: u32;
    }

    /// The reference count.
    #[inline]
    pub(crate) fn refs(&self) -> &RefCount {
        // SAFETY: The field is valid as long as the cache is.
        unsafe { RefCount::from_ptr(&raw mut (*self.as_raw()).ref_) }
    }

    /// May the cache be used?
    #[inline]
    pub(crate) fn is_live(&self) -> bool {
        self.state().load(ordering::Acquire) == CacheState::Active as u32
    }

    /// Changes the state.
    pub(crate) fn set_state(&self, state: CacheState) {
        self.state().store(state as u32, ordering::Release);
    }

    /// Changes the state if it is `from`; true if it was.
    pub(crate) fn change_state(&self, from: CacheState, to: CacheState) -> bool {
        self.state()
            .cmpxchg(from as u32, to as u32, ordering::Full)
            .is_ok()
    }

    /// The name, if it has one yet. One that it has it keeps.
    pub(crate) fn name(&self) -> Option<&CStr> {
        let name = self.raw_name().load(ordering::Acquire) as *const c_char;
        // SAFETY: Null or a string that lives as long as the cache.
        (!name.is_null()).then(|| unsafe { CStr::from_char_ptr(name) })
    }

    /// Gives a nameless cache a name. The caller holds the lock of the registry of caches.
    pub(crate) fn set_name(&self, name: CString) {
        // Who sees the pointer, sees the string: they are read without that lock.
        self.raw_name()
            .store(name_into_raw(name) as usize, ordering::Release);
    }

    fn raw_name(&self) -> &Atomic<usize> {
        // SAFETY: The field is a pointer, valid as long as the cache is; whoever changes it does so
        // atomically, but for who makes or frees the cache, alone.
        unsafe { Atomic::from_ptr((&raw mut (*self.as_raw()).name).cast()) }
    }

    /// Notes whose cache this is: before it becomes active, and when that backend goes.
    pub(crate) fn set_backend(&self, table: Option<BackendTable>) {
        let raw = self.as_raw();
        let (ops, private) = match table {
            Some(table) => (table.ops, table.private),
            None => {
                self.counted_ops.forget();
                (ptr::null(), ptr::null_mut())
            }
        };
        // SAFETY: The fields are valid; a backend is set while nobody uses the cache.
        unsafe {
            (&raw mut (*raw).ops).write_volatile(ops);
            (&raw mut (*raw).cache_priv).write_volatile(private);
        }
    }

    /// The backend, if there is one.
    #[inline]
    pub(crate) fn backend(&self) -> Option<Backend<'_>> {
        // SAFETY: Null or a table that is valid while the backend has not relinquished the cache,
        // which it does only after all that uses the cache has ended.
        let ops = unsafe { (&raw const (*self.as_raw()).ops).read_volatile().as_ref()? };
        Some(Backend(ops))
    }

    /// Sleeps until nobody uses the backend, for `timeout` at most; true if nobody does.
    pub(crate) fn wait_until_unused(&self, timeout: wait::Jiffies) -> bool {
        wait::wait_for(self.n_accesses(), timeout, || {
            self.n_accesses().load(ordering::Acquire) == 0
        })
    }
}

/// Turns a name into the pointer that the C structure holds.
fn name_into_raw(name: CString) -> *mut c_char {
    let name = ManuallyDrop::new(name);
    name.as_char_ptr().cast_mut()
}

/// An owned reference to a cache.
pub(crate) struct CacheRef(NonNull<Cache>);

// SAFETY: Caches may be used by every task, and references be given back by any.
unsafe impl Send for CacheRef {}
// SAFETY: As above.
unsafe impl Sync for CacheRef {}

impl CacheRef {
    /// Makes a cache with a reference count of one, which is not registered. Sleeps.
    pub(crate) fn alloc(name: Option<CString>, debug_id: u32) -> Result<Self> {
        let memory = alloc_zeroed(core::mem::size_of::<Cache>()).ok_or(ENOMEM)?;
        let raw = memory.cast::<bindings::fscache_cache>().as_ptr();
        // SAFETY: Zeroed memory that nobody else knows; all that is not set here is valid as zero.
        unsafe {
            (*raw).debug_id = debug_id;
            if let Some(name) = name {
                (*raw).name = name_into_raw(name);
            }
            crate::list::init_links(&raw mut (*raw).cache_link);
            Cache::from_raw(raw).refs().set(1);
            Ok(Self::from_raw(raw))
        }
    }

    /// Takes a reference to a registered cache, unless the last is gone.
    pub(crate) fn try_get(cache: &Cache, why: CacheWhy) -> Option<Self> {
        let count = cache.refs().inc_not_zero()?;
        trace::cache(cache.debug_id(), count, why);
        Some(Self(NonNull::from(cache)))
    }

    /// Takes over a reference that was handed through C.
    ///
    /// # Safety
    ///
    /// The caller must own a reference to `cache`, and give it up.
    pub(crate) unsafe fn from_raw(cache: *mut bindings::fscache_cache) -> Self {
        // SAFETY: By the function's contract the pointer is to a live cache.
        Self(unsafe { NonNull::new_unchecked(cache.cast()) })
    }

    /// Hands the reference to C.
    pub(crate) fn into_raw(self) -> *mut bindings::fscache_cache {
        ManuallyDrop::new(self).0.as_ptr().cast()
    }

    /// Gives the reference back; frees the cache if it was the last. Sleeps.
    pub(crate) fn put(self, why: CacheWhy) {
        let this = ManuallyDrop::new(self);
        let debug_id = this.debug_id();
        let count = this.refs().dec();
        trace::cache(debug_id, count, why);
        if count == 0 {
            cache::unregister(&this);
            let raw = this.as_raw();
            // SAFETY: It was the last reference, and the registry does not know the cache any
            // more.
            unsafe { free_cache(raw) };
        }
    }

    /// Frees a cache that was never registered.
    pub(crate) fn discard(self) {
        let raw = self.into_raw();
        // SAFETY: Nobody else knows the cache.
        unsafe { free_cache(raw) };
    }
}

/// Frees a cache.
///
/// # Safety
///
/// `raw` must come from [`CacheRef::alloc`], and nobody know it any more.
unsafe fn free_cache(raw: *mut bindings::fscache_cache) {
    // SAFETY: By the function's contract; the name was allocated with the kernel's `kmalloc()`.
    unsafe {
        bindings::kfree((*raw).name.cast());
        free(NonNull::new_unchecked(raw.cast()));
    }
}

impl core::ops::Deref for CacheRef {
    type Target = Cache;

    #[inline]
    fn deref(&self) -> &Cache {
        // SAFETY: The reference keeps the cache alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for CacheRef {
    fn drop(&mut self) {
        dropped_without_reason("cache");
        Self(self.0).put(CacheWhy::PutCache);
    }
}

/// A registered cache, which the registry knows without holding a reference.
///
/// # Invariants
///
/// The pointer is in the registry, so the cache is not freed while the registry's lock is held:
/// whoever gives the last reference back takes it out first, under that lock.
pub(crate) struct Registered(ptr::NonNull<Cache>);

// SAFETY: It is just a pointer; see the invariant.
unsafe impl Send for Registered {}

impl Registered {
    /// Notes a cache. The caller puts the result into the registry, whose lock it holds.
    pub(crate) fn new(cache: &Cache) -> Self {
        Self(NonNull::from(cache))
    }
}

impl core::ops::Deref for Registered {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        // SAFETY: By the invariant.
        unsafe { self.0.as_ref() }
    }
}

/// What a backend brings: its operations, and something of its own.
pub(crate) struct BackendTable {
    ops: *const bindings::fscache_cache_ops,
    private: *mut c_void,
}

impl BackendTable {
    /// Adopts what C gave.
    ///
    /// # Safety
    ///
    /// `ops` must be null or a table of operations that may be called, as the kernel's
    /// documentation of cache backends says, until the backend has relinquished the cache.
    pub(crate) unsafe fn new(
        ops: *const bindings::fscache_cache_ops,
        private: *mut c_void,
    ) -> Self {
        Self { ops, private }
    }
}

/// The operations of a backend.
pub(crate) struct Backend<'a>(&'a bindings::fscache_cache_ops);

impl Backend<'_> {
    /// The kind of backend, for the log.
    pub(crate) fn name(&self) -> &CStr {
        if self.0.name.is_null() {
            return c"?";
        }
        // SAFETY: A string constant of the backend.
        unsafe { CStr::from_char_ptr(self.0.name) }
    }

    /// Makes a volume in the backend. Sleeps.
    pub(crate) fn acquire_volume(&self, volume: &Volume) {
        if let Some(f) = self.0.acquire_volume {
            // SAFETY: A valid volume, and the caller holds an access to the cache.
            unsafe { f(volume.as_raw()) }
        }
    }

    /// Puts away what the backend holds for a volume. Sleeps.
    pub(crate) fn free_volume(&self, volume: &Volume) {
        if let Some(f) = self.0.free_volume {
            // SAFETY: A valid volume, and the caller holds an access to it.
            unsafe { f(volume.as_raw()) }
        }
    }

    /// Looks an object up, or makes it. Sleeps.
    pub(crate) fn lookup_cookie(&self, cookie: &Cookie) -> bool {
        self.0.lookup_cookie.is_some_and(|f| {
            // SAFETY: A valid cookie, called by its worker, which holds an access to the volume.
            unsafe { f(cookie.as_raw()) }
        })
    }

    /// Puts an object away. Sleeps.
    pub(crate) fn withdraw_cookie(&self, cookie: &Cookie) {
        if let Some(f) = self.0.withdraw_cookie {
            // SAFETY: A valid cookie that has an object, called by its worker.
            unsafe { f(cookie.as_raw()) }
        }
    }

    /// Empties an object; false if that failed. Sleeps.
    pub(crate) fn invalidate_cookie(&self, cookie: &Cookie) -> bool {
        self.0.invalidate_cookie.is_some_and(|f| {
            // SAFETY: A valid cookie that has an object, called by its worker.
            unsafe { f(cookie.as_raw()) }
        })
    }

    /// Says that the file is going to be changed locally. Sleeps.
    pub(crate) fn prepare_to_write(&self, cookie: &Cookie) {
        if let Some(f) = self.0.prepare_to_write {
            // SAFETY: A valid cookie that has an object, called by its worker.
            unsafe { f(cookie.as_raw()) }
        }
    }

    /// Changes the size of an object. Sleeps.
    pub(crate) fn resize_cookie(&self, resources: &Resources, size: i64) {
        if let Some(f) = self.0.resize_cookie {
            // SAFETY: Resources of an operation that has begun.
            unsafe { f(resources.as_raw(), size) }
        }
    }

    /// Attaches what an operation needs; false if the backend cannot.
    pub(crate) fn begin_operation(&self, resources: &Resources, want: Want) -> bool {
        self.0.begin_operation.is_some_and(|f| {
            // SAFETY: Resources whose cookie is accessed and has an object.
            unsafe { f(resources.as_raw(), want as bindings::fscache_want_state) }
        })
    }
}
