// SPDX-License-Identifier: GPL-2.0-only

//! fscache as a backend sees it: `<linux/fscache-cache.h>` as safe types.
//!
//! Whether the other side is the kernel's C or ours makes no difference: all there is are its
//! exported functions and the fields that its header lets a backend touch. This file does no more
//! than wrap those.
//!
//! Who owns what:
//!
//! - a [`CacheCookie`] is ours from [`CacheCookie::acquire`] until it is dropped;
//! - a [`VolumeCookie`] is fscache's; while it is attached to one of our volumes, fscache tells us
//!   before it goes (`free_volume`), and a [`VolumeBackRef`] stands for that promise;
//! - a [`Cookie`] is fscache's, too; an object owns a reference to its cookie, [`CookieRef`];
//! - what we hang on a cookie (`cache_priv`) is an `Arc` that moves in by `attach` and out by
//!   `detach`, each an atomic exchange, so it cannot come out twice.
//!
//! fscache admits an operation on a cookie only while it counts an access; while there is one, the
//! cookie's object is not withdrawn. That is why an operation may borrow the object.

use crate::{
    abi,
    bindings,
    cache::Cache,
    coherency::DATA_MAX,
    flags::Flags,
    object::Object,
    volume::Volume,
    wait::PATIENCE, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::from_err_ptr,
    fs::File,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            ordering,
            Atomic, //
        },
        lock::{
            spinlock::SpinLockBackend,
            Lock, //
        },
        Arc, ArcBorrow,
    },
    types::Opaque,
};

/// Adopts a pointer field that holds an `Arc`, or null, as an atomic word.
///
/// # Safety
///
/// `field` must be valid for `'a`, and what C does to it concurrently must be single loads and
/// stores.
unsafe fn private_field<'a>(field: *mut *mut c_void) -> &'a Atomic<usize> {
    // SAFETY: A pointer is as large and aligned as a `usize`; the rest by the contract.
    unsafe { Atomic::from_ptr(field.cast()) }
}

/// Counters that `/proc/fs/fscache/stats` shows.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// Reads from the cache.
    Read,
    /// Writes to the cache.
    Write,
    /// Writes refused for want of space.
    NoWriteSpace,
    /// Creations refused for want of space.
    NoCreateSpace,
    /// Objects culled.
    Culled,
    /// Writes that are not aligned as direct I/O needs it.
    DioMisfit,
}

/// Counts an event.
pub(crate) fn count(what: Count) {
    let counter = match what {
        Count::Read => &raw mut bindings::fscache_n_read,
        Count::Write => &raw mut bindings::fscache_n_write,
        Count::NoWriteSpace => &raw mut bindings::fscache_n_no_write_space,
        Count::NoCreateSpace => &raw mut bindings::fscache_n_no_create_space,
        Count::Culled => &raw mut bindings::fscache_n_culled,
        Count::DioMisfit => &raw mut bindings::fscache_n_dio_misfit,
    };
    // SAFETY: fscache exports the counter as an `atomic_t`.
    unsafe { Atomic::<i32>::from_ptr(counter.cast()) }.add(1, ordering::Relaxed);
}

/// fscache's record of a cache, ours to bring online and to withdraw.
///
/// # Invariants
///
/// Valid, and acquired by this.
pub(crate) struct CacheCookie(NonNull<bindings::fscache_cache>);

// SAFETY: fscache's functions may be called from any thread.
unsafe impl Send for CacheCookie {}
// SAFETY: As above.
unsafe impl Sync for CacheCookie {}

impl CacheCookie {
    /// Gets the record of the cache with this tag. Sleeps.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is such a cache already, `ENOMEM`.
    pub(crate) fn acquire(tag: &CStr) -> Result<Self> {
        // SAFETY: The tag is a valid string; it is copied.
        let cache = from_err_ptr(unsafe { bindings::fscache_acquire_cache(tag.as_char_ptr()) })?;
        // INVARIANT: Just acquired.
        Ok(Self(NonNull::new(cache).ok_or(ENOMEM)?))
    }

    /// Brings the cache online: from now on fscache calls us, with `cache` as the private data.
    ///
    /// `cache` must be kept until [`CacheCookie::withdraw`] and what follows it are over, which
    /// [`crate::cache`] does. Sleeps.
    pub(crate) fn add(&self, cache: ArcBorrow<'_, Cache>) -> Result {
        let private: *const Cache = &raw const *cache;
        // SAFETY: Valid by the invariant, and `PREPARING` since it was acquired.
        kernel::error::to_result(unsafe {
            bindings::fscache_add_cache(
                self.0.as_ptr(),
                &raw const abi::CACHE_OPS.0,
                private.cast_mut().cast(),
            )
        })
    }

    /// Stops new accesses, and waits for those to the cache itself. Sleeps.
    pub(crate) fn withdraw(&self) {
        // SAFETY: Valid by the invariant.
        unsafe { bindings::fscache_withdraw_cache(self.0.as_ptr()) };
    }

    /// Stops all use of the cache, after an error.
    pub(crate) fn io_error(&self) {
        // SAFETY: Valid by the invariant.
        unsafe { bindings::fscache_io_error(self.0.as_ptr()) };
    }

    /// The number of objects that are counted.
    fn objects(&self) -> i32 {
        // SAFETY: Valid by the invariant; all accesses are atomic.
        unsafe { Atomic::from_ptr((&raw mut (*self.0.as_ptr()).object_count).cast::<i32>()) }
            .load(ordering::Acquire)
    }

    /// Waits until no object is counted any more. Sleeps.
    ///
    /// There is no giving up: an object that still is there uses what would be freed. Whoever
    /// looks why nothing happens finds a line in the log every 20 seconds.
    pub(crate) fn wait_for_objects(&self) {
        loop {
            // SAFETY: fscache exports the queue, and initialised it.
            let done = unsafe {
                crate::waitqueue::wait_event(
                    (&raw mut bindings::fscache_clearance_waiters).cast(),
                    PATIENCE,
                    || self.objects() == 0,
                )
            };
            if done {
                return;
            }
            pr_warn!(
                "Still waiting for {} objects to be given back by their users\n",
                self.objects()
            );
        }
    }

    /// The cookie for [`CountedObject`].
    fn as_ptr(&self) -> NonNull<bindings::fscache_cache> {
        self.0
    }
}

impl Drop for CacheCookie {
    fn drop(&mut self) {
        // SAFETY: Valid by the invariant, and acquired by this.
        unsafe { bindings::fscache_relinquish_cache(self.0.as_ptr()) };
    }
}

/// An object that counts: while it does, the cache is not taken down.
///
/// Must be the last of an object to go: when it is dropped, the cache may be gone.
pub(crate) struct CountedObject(NonNull<bindings::fscache_cache>);

// SAFETY: The counter is atomic.
unsafe impl Send for CountedObject {}
// SAFETY: As above.
unsafe impl Sync for CountedObject {}

impl CountedObject {
    /// Counts an object.
    pub(crate) fn new(cache: &CacheCookie) -> Self {
        let cache = cache.as_ptr();
        // SAFETY: Valid, as it is borrowed; all accesses are atomic.
        unsafe { Atomic::from_ptr((&raw mut (*cache.as_ptr()).object_count).cast::<i32>()) }
            .add(1, ordering::Relaxed);
        Self(cache)
    }
}

impl Drop for CountedObject {
    fn drop(&mut self) {
        // SAFETY: The count that is still held keeps the record.
        let counter = unsafe {
            Atomic::<i32>::from_ptr((&raw mut (*self.0.as_ptr()).object_count).cast::<i32>())
        };
        if counter.fetch_sub(1, ordering::Full) == 1 {
            // SAFETY: fscache exports the queue, and initialised it.
            unsafe {
                crate::waitqueue::wake_all((&raw mut bindings::fscache_clearance_waiters).cast())
            };
        }
    }
}

/// fscache's record of a volume.
#[repr(transparent)]
pub(crate) struct VolumeCookie(Opaque<bindings::fscache_volume>);

// SAFETY: What is offered here is legal on any thread.
unsafe impl Send for VolumeCookie {}
// SAFETY: As above.
unsafe impl Sync for VolumeCookie {}

impl VolumeCookie {
    /// Borrows a volume cookie.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and its cache be one that was added by
    /// [`CacheCookie::add`].
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::fscache_volume) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::fscache_volume {
        self.0.get()
    }

    /// Copies the key, which fscache stores behind a byte that says how long it is.
    ///
    /// Returns how long it is.
    pub(crate) fn copy_key(&self, buffer: &mut [u8; DATA_MAX]) -> usize {
        // SAFETY: Valid by the borrow; the key is constant, and as long as its first byte says.
        unsafe {
            let key = (*self.as_raw()).key;
            let len = usize::from(*key);
            buffer
                .as_mut_ptr()
                .copy_from_nonoverlapping(key.add(1), len.min(DATA_MAX));
            len
        }
    }

    /// Copies the coherency data. Returns how long it is.
    pub(crate) fn copy_coherency(&self, buffer: &mut [u8; DATA_MAX]) -> usize {
        // SAFETY: Valid by the borrow; as many bytes lie behind the structure as it says. They may
        // be changed meanwhile, by a filesystem that gives the volume up; they are bytes, and then
        // do not agree with anything.
        unsafe {
            let len = usize::from((*self.as_raw()).coherency_len).min(DATA_MAX);
            let data = (&raw const (*self.as_raw()).coherency).cast::<u8>();
            buffer.as_mut_ptr().copy_from_nonoverlapping(data, len);
            len
        }
    }

    fn private(&self) -> &Atomic<usize> {
        // SAFETY: Valid by the borrow; C loads and stores it whole.
        unsafe { private_field(&raw mut (*self.as_raw()).cache_priv) }
    }

    /// Attaches a volume, and pins it: accesses do not end until fscache withdraws it.
    pub(crate) fn attach(&self, volume: Arc<Volume>) {
        let old = self
            .private()
            .xchg(Arc::into_raw(volume) as usize, ordering::Full);
        // fscache acquires a volume once; should it not, the former is given back.
        // SAFETY: Whatever was there came from `into_raw()` above.
        drop(unsafe { Self::take(old) });
        // SAFETY: Valid by the borrow; all accesses are atomic.
        let accesses = unsafe {
            Atomic::<i32>::from_ptr((&raw mut (*self.as_raw()).n_accesses).cast::<i32>())
        }
        .fetch_add(1, ordering::Full)
        .wrapping_add(1);
        // SAFETY: Valid by the borrow.
        unsafe { bindings::cachefiles_helper_trace_volume_pin(self.as_raw(), accesses) };
    }

    /// Takes the volume off again.
    pub(crate) fn detach(&self) -> Option<Arc<Volume>> {
        // SAFETY: Whatever is there came from `into_raw()` in `attach()`.
        unsafe { Self::take(self.private().xchg(0, ordering::Full)) }
    }

    /// # Safety
    ///
    /// `raw` must be null, or come from [`VolumeCookie::attach`] and be taken once.
    unsafe fn take(raw: usize) -> Option<Arc<Volume>> {
        // SAFETY: By the function's contract.
        (raw != 0).then(|| unsafe { Arc::from_raw(raw as *const Volume) })
    }

    /// The volume that is attached.
    ///
    /// # Safety
    ///
    /// It must not be detached during the borrow, as an access to the volume or to one of its
    /// cookies has it.
    pub(crate) unsafe fn volume(&self) -> Option<ArcBorrow<'_, Volume>> {
        let raw = self.private().load(ordering::Acquire);
        // SAFETY: Comes from `into_raw()` in `attach()`, and stays by the function's contract.
        (raw != 0).then(|| unsafe { ArcBorrow::from_raw(raw as *const Volume) })
    }

    /// The cache that the volume is in.
    ///
    /// # Safety
    ///
    /// An access to the cache or to the volume must keep it from being withdrawn.
    pub(crate) unsafe fn cache(&self) -> Option<ArcBorrow<'_, Cache>> {
        // SAFETY: Valid by the borrow; a volume stays with its cache's record, whose private data
        // is what `CacheCookie::add()` put there until it was withdrawn.
        let private = unsafe { (*(*self.as_raw()).cache).cache_priv };
        // SAFETY: `add()` put a pointer from an `Arc` there, which is kept until the end of the
        // withdrawal.
        (!private.is_null()).then(|| unsafe { ArcBorrow::from_raw(private.cast::<Cache>()) })
    }

    /// Gets a reference, unless the volume is being freed.
    fn try_get(&self) -> Option<VolumeRef> {
        // SAFETY: Valid by the borrow.
        let volume = unsafe {
            bindings::fscache_try_get_volume(
                self.as_raw(),
                bindings::fscache_volume_trace_fscache_volume_get_withdraw,
            )
        };
        NonNull::new(volume).map(VolumeRef)
    }

    /// Is there an access, or the pin?
    fn is_accessed(&self) -> bool {
        // SAFETY: Valid by the borrow; all accesses are atomic.
        unsafe { Atomic::<i32>::from_ptr((&raw mut (*self.as_raw()).n_accesses).cast::<i32>()) }
            .load(ordering::Relaxed)
            != 0
    }
}

/// A reference to a volume's record. Giving it back may sleep.
pub(crate) struct VolumeRef(NonNull<bindings::fscache_volume>);

impl VolumeRef {
    /// Takes the pin away, and waits for all accesses to end. Sleeps. To be called once.
    pub(crate) fn withdraw(&self) {
        // SAFETY: Valid as long as the reference.
        unsafe { bindings::fscache_withdraw_volume(self.0.as_ptr()) };
    }
}

impl core::ops::Deref for VolumeRef {
    type Target = VolumeCookie;

    fn deref(&self) -> &VolumeCookie {
        // SAFETY: Valid as long as the reference.
        unsafe { VolumeCookie::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for VolumeRef {
    fn drop(&mut self) {
        // SAFETY: This owns a reference.
        unsafe {
            bindings::fscache_put_volume(
                self.0.as_ptr(),
                bindings::fscache_volume_trace_fscache_volume_put_withdraw,
            )
        };
    }
}

/// A volume's way back to its record, which it does not own.
///
/// # Invariants
///
/// The record is valid for as long as the volume is attached or on its cache's list: fscache does
/// not free a record before `free_volume` has returned, which takes the volume off both.
pub(crate) struct VolumeBackRef(NonNull<bindings::fscache_volume>);

// SAFETY: A pointer to something that may be used from any thread.
unsafe impl Send for VolumeBackRef {}
// SAFETY: As above.
unsafe impl Sync for VolumeBackRef {}

impl VolumeBackRef {
    /// The way back to `volume`, to which a new volume is about to be attached.
    pub(crate) fn new(volume: &VolumeCookie) -> Self {
        // INVARIANT: As the type has it.
        Self(NonNull::from(volume).cast())
    }

    /// Gets a reference, unless the record is being freed.
    ///
    /// The caller holds the lock of the list of volumes and found the volume on it.
    pub(crate) fn try_get(&self) -> Option<VolumeRef> {
        // SAFETY: By the invariant.
        unsafe { VolumeCookie::from_raw(self.0.as_ptr()) }.try_get()
    }

    /// Is there an access, or the pin? The caller holds the lock of the list of volumes and found
    /// the volume on it.
    pub(crate) fn is_accessed(&self) -> bool {
        // SAFETY: By the invariant.
        unsafe { VolumeCookie::from_raw(self.0.as_ptr()) }.is_accessed()
    }

    /// Is this the way back to `cookie`?
    pub(crate) fn is(&self, cookie: &VolumeCookie) -> bool {
        self.0.as_ptr() == cookie.as_raw()
    }
}

/// A flag of a cookie, as a mask.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(crate) enum CookieFlag {
    /// It was relinquished for good; the object is to be removed.
    Retired = 1 << bindings::FSCACHE_COOKIE_RETIRED,
    /// There is nothing to read.
    NoDataToRead = 1 << bindings::FSCACHE_COOKIE_NO_DATA_TO_READ,
    /// Its attributes are to be stored.
    NeedsUpdate = 1 << bindings::FSCACHE_COOKIE_NEEDS_UPDATE,
    /// It is being changed locally.
    LocalWrite = 1 << bindings::FSCACHE_COOKIE_LOCAL_WRITE,
    /// Something was stored.
    HaveData = 1 << bindings::FSCACHE_COOKIE_HAVE_DATA,
}

/// What a cookie says about the data at one moment.
pub(crate) struct Snapshot {
    aux: [u8; DATA_MAX],
    aux_len: usize,
    /// The size of the object, in bytes.
    pub(crate) object_size: u64,
    /// Counts invalidations; wraps.
    pub(crate) generation: u32,
}

impl Snapshot {
    /// The coherency data.
    pub(crate) fn aux(&self) -> &[u8] {
        self.aux.get(..self.aux_len).unwrap_or(&[])
    }
}

/// fscache's record of an object.
#[repr(transparent)]
pub(crate) struct Cookie(Opaque<bindings::fscache_cookie>);

// SAFETY: What is offered here is legal on any thread.
unsafe impl Send for Cookie {}
// SAFETY: As above.
unsafe impl Sync for Cookie {}

impl Cookie {
    /// Borrows a cookie.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::fscache_cookie) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::fscache_cookie {
        self.0.get()
    }

    /// The number that traces show.
    pub(crate) fn debug_id(&self) -> u32 {
        // SAFETY: Valid by the borrow, and constant.
        unsafe { (*self.as_raw()).debug_id }
    }

    /// The low byte of the key's hash, which says in which directory the object is.
    pub(crate) fn fanout(&self) -> u8 {
        // SAFETY: Valid by the borrow, and constant.
        unsafe { (*self.as_raw()).key_hash as u8 }
    }

    fn flags(&self) -> &Flags {
        // SAFETY: Valid by the borrow; everybody accesses it atomically.
        unsafe { Flags::from_ptr(&raw mut (*self.as_raw()).flags) }
    }

    /// Is a flag set?
    pub(crate) fn has(&self, flag: CookieFlag) -> bool {
        self.flags().any(flag as usize)
    }

    /// Sets a flag. May be called in any context.
    pub(crate) fn set(&self, flag: CookieFlag) {
        if !self.has(flag) {
            self.flags().update(flag as usize, 0);
        }
    }

    /// Clears a flag; true if it was set.
    pub(crate) fn clear(&self, flag: CookieFlag) -> bool {
        self.flags().test_and_clear(flag as usize)
    }

    /// How often the cookie was invalidated; wraps. What follows is ordered behind it.
    pub(crate) fn generation(&self) -> u32 {
        // SAFETY: Valid by the borrow; C changes it whole, under a lock.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_raw()).inval_counter) }.load(ordering::Acquire)
    }

    fn object_size_field(&self) -> &Atomic<i64> {
        // SAFETY: Valid by the borrow; C loads and stores it whole.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_raw()).object_size) }
    }

    /// The size of the object, in bytes; it may be changing.
    pub(crate) fn object_size(&self) -> u64 {
        u64::try_from(self.object_size_field().load(ordering::Relaxed)).unwrap_or(0)
    }

    /// Sets the size of the object.
    pub(crate) fn set_object_size(&self, size: i64) {
        self.object_size_field().store(size, ordering::Relaxed);
    }

    /// Copies the index key. Returns how long it is.
    pub(crate) fn copy_key(&self, buffer: &mut [u8; DATA_MAX]) -> usize {
        let cookie = self.as_raw();
        // SAFETY: Valid by the borrow; the key is constant. A key that does not fit the union's
        // array lies where the pointer in it says. `DATA_MAX` is the most that a byte can say.
        unsafe {
            let len = usize::from((*cookie).key_len);
            let inline = (&raw const (*cookie).__bindgen_anon_1).cast::<u8>();
            let key = if len <= bindings::CACHEFILES_INLINE_KEY as usize {
                inline
            } else {
                inline.cast::<*const u8>().read()
            };
            buffer
                .as_mut_ptr()
                .copy_from_nonoverlapping(key, len.min(DATA_MAX));
            len
        }
    }

    /// Copies what the cookie says about the data, all of one moment as far as invalidation goes.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let cookie = self.as_raw();
        let mut snapshot = Snapshot {
            aux: [0; DATA_MAX],
            aux_len: 0,
            object_size: 0,
            generation: 0,
        };
        // SAFETY: Valid by the borrow, and initialised by fscache.
        let lock =
            unsafe { Lock::<(), SpinLockBackend>::from_raw((&raw mut (*cookie).lock).cast()) };
        // An invalidation changes the data, the size and the counter under this lock.
        let guard = lock.lock();
        // SAFETY: As for the key. A filesystem may be changing the data without the lock; then
        // what is copied is a mixture that agrees with nothing.
        unsafe {
            let len = usize::from((*cookie).aux_len);
            let inline = (&raw const (*cookie).__bindgen_anon_2).cast::<u8>();
            let aux = if len <= bindings::CACHEFILES_INLINE_AUX as usize {
                inline
            } else {
                inline.cast::<*const u8>().read()
            };
            snapshot
                .aux
                .as_mut_ptr()
                .copy_from_nonoverlapping(aux, len.min(DATA_MAX));
            snapshot.aux_len = len.min(DATA_MAX);
        }
        snapshot.object_size = self.object_size();
        snapshot.generation = self.generation();
        drop(guard);
        snapshot
    }

    /// The record of the volume that the cookie is in.
    pub(crate) fn volume_cookie(&self) -> &VolumeCookie {
        // SAFETY: Valid by the borrow; a cookie keeps its volume.
        unsafe { VolumeCookie::from_raw((*self.as_raw()).volume) }
    }

    fn private(&self) -> &Atomic<usize> {
        // SAFETY: Valid by the borrow; C loads and stores it whole.
        unsafe { private_field(&raw mut (*self.as_raw()).cache_priv) }
    }

    /// Attaches an object.
    pub(crate) fn attach(&self, object: Arc<Object>) {
        let old = self
            .private()
            .xchg(Arc::into_raw(object) as usize, ordering::Full);
        // fscache looks a cookie up when it has no object; should it not, the former is given back.
        // SAFETY: Whatever was there came from `into_raw()` above.
        drop(unsafe { Self::take(old) });
    }

    /// Takes the object off again.
    pub(crate) fn detach(&self) -> Option<Arc<Object>> {
        // SAFETY: Whatever is there came from `into_raw()` in `attach()`.
        unsafe { Self::take(self.private().xchg(0, ordering::Full)) }
    }

    /// # Safety
    ///
    /// `raw` must be null, or come from [`Cookie::attach`] and be taken once.
    unsafe fn take(raw: usize) -> Option<Arc<Object>> {
        // SAFETY: By the function's contract.
        (raw != 0).then(|| unsafe { Arc::from_raw(raw as *const Object) })
    }

    /// The object that is attached.
    ///
    /// # Safety
    ///
    /// It must not be detached during the borrow, as an access to the cookie has it.
    pub(crate) unsafe fn object(&self) -> Option<ArcBorrow<'_, Object>> {
        let raw = self.private().load(ordering::Acquire);
        // SAFETY: Comes from `into_raw()` in `attach()`, and stays by the function's contract.
        (raw != 0).then(|| unsafe { ArcBorrow::from_raw(raw as *const Object) })
    }

    /// Tells fscache that there is no object yet, so that nobody waits in order to read.
    pub(crate) fn lookup_negative(&self) {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::fscache_cookie_lookup_negative(self.as_raw()) };
    }

    /// Tells fscache that there will be no object.
    pub(crate) fn caching_failed(&self) {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::fscache_caching_failed(self.as_raw()) };
    }

    /// Tells fscache that operations may go on.
    pub(crate) fn resume_after_invalidation(&self) {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::fscache_resume_after_invalidation(self.as_raw()) };
    }

    /// Asks fscache to have the object withdrawn.
    pub(crate) fn withdraw(&self) {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::fscache_withdraw_cookie(self.as_raw()) };
    }
}

/// A reference to a cookie. Giving it back may sleep.
///
/// # Invariants
///
/// This owns a reference.
pub(crate) struct CookieRef(NonNull<bindings::fscache_cookie>);

// SAFETY: A counted pointer to something that may be used from any thread.
unsafe impl Send for CookieRef {}
// SAFETY: As above.
unsafe impl Sync for CookieRef {}

impl CookieRef {
    /// Gets a reference for an object that is to be attached.
    pub(crate) fn new(cookie: &Cookie) -> Self {
        // INVARIANT: The function takes a reference.
        // SAFETY: Valid by the borrow.
        unsafe {
            bindings::fscache_get_cookie(
                cookie.as_raw(),
                bindings::fscache_cookie_trace_fscache_cookie_get_attach_object,
            )
        };
        Self(NonNull::from(cookie).cast())
    }
}

impl core::ops::Deref for CookieRef {
    type Target = Cookie;

    fn deref(&self) -> &Cookie {
        // SAFETY: By the invariant.
        unsafe { Cookie::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for CookieRef {
    fn drop(&mut self) {
        // SAFETY: By the invariant.
        unsafe {
            bindings::fscache_put_cookie(
                self.0.as_ptr(),
                bindings::fscache_cookie_trace_fscache_cookie_put_object,
            )
        };
    }
}

/// What an operation needs of the cache before it can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Only to know what would be done.
    Params,
    /// To write.
    Write,
    /// To read.
    Read,
}

impl Want {
    /// From C's enum; whatever else it may be is taken for the one that needs most.
    pub(crate) fn from_raw(raw: bindings::fscache_want_state) -> Self {
        match raw {
            bindings::fscache_want_state_FSCACHE_WANT_PARAMS => Self::Params,
            bindings::fscache_want_state_FSCACHE_WANT_WRITE => Self::Write,
            _ => Self::Read,
        }
    }

    fn as_raw(self) -> bindings::fscache_want_state {
        match self {
            Self::Params => bindings::fscache_want_state_FSCACHE_WANT_PARAMS,
            Self::Write => bindings::fscache_want_state_FSCACHE_WANT_WRITE,
            Self::Read => bindings::fscache_want_state_FSCACHE_WANT_READ,
        }
    }
}

/// What an operation holds of the cache.
///
/// # Invariants
///
/// The pointer is valid for `'a`; its cookie is set, and an access to that cookie is counted
/// until the operation is ended. `cache_priv2` is null or owns a reference to a file.
pub(crate) struct Resources<'a> {
    raw: *mut bindings::netfs_cache_resources,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Resources<'a> {
    /// Borrows an operation's resources.
    ///
    /// # Safety
    ///
    /// They must be valid for `'a`, and belong to an operation that fscache began and that is not
    /// ended during `'a`.
    pub(crate) unsafe fn from_raw(raw: *mut bindings::netfs_cache_resources) -> Self {
        // INVARIANT: By the function's contract: fscache counts an access before it sets a cookie.
        Self {
            raw,
            borrowed: PhantomData,
        }
    }

    /// The cookie.
    pub(crate) fn cookie(&self) -> &'a Cookie {
        // SAFETY: By the invariant.
        unsafe { Cookie::from_raw((*self.raw).cache_priv.cast()) }
    }

    /// The object, which stays while the access is counted.
    pub(crate) fn object(&self) -> Option<ArcBorrow<'a, Object>> {
        // SAFETY: By the invariant, an access to the cookie keeps its object attached.
        unsafe { self.cookie().object() }
    }

    /// The cookie's generation when the operation began.
    pub(crate) fn generation(&self) -> u32 {
        // SAFETY: By the invariant.
        unsafe { (*self.raw).inval_counter }
    }

    /// The file that the operation works on, if it has one yet.
    pub(crate) fn file(&self) -> Option<&'a File> {
        // SAFETY: By the invariant.
        let file = unsafe { (*self.raw).cache_priv2 };
        // SAFETY: By the invariant a reference is owned; it has no descriptor.
        (!file.is_null()).then(|| unsafe { File::from_raw_file(file.cast()) })
    }

    /// Gives the operation our functions, and a file unless it has one.
    pub(crate) fn equip(&mut self, file: Option<ARef<File>>) {
        // SAFETY: By the invariant; whoever begins an operation has it alone.
        let resources = unsafe { &mut *self.raw };
        resources.ops = &raw const abi::NETFS_OPS.0;
        if resources.cache_priv2.is_null() {
            if let Some(file) = file {
                // INVARIANT: The reference moves.
                resources.cache_priv2 = ARef::into_raw(file).as_ptr().cast();
            }
        }
    }

    /// Waits until the cookie is ready for what is wanted; false if that will not be. Sleeps.
    pub(crate) fn wait(&self, want: Want) -> bool {
        // SAFETY: By the invariant.
        unsafe { bindings::fscache_wait_for_operation(self.raw, want.as_raw()) }
    }

    /// Ends the operation. The cookie, and the object, are not to be used afterwards.
    pub(crate) fn end(self) {
        // SAFETY: By the invariant.
        let resources = unsafe { &mut *self.raw };
        let file = core::mem::replace(&mut resources.cache_priv2, core::ptr::null_mut());
        if let Some(file) = NonNull::new(file.cast::<File>()) {
            // SAFETY: By the invariant a reference is owned, which this gives back.
            drop(unsafe { ARef::from_raw(file) });
        }
        // SAFETY: By the invariant an access is counted, which this ends.
        unsafe {
            bindings::fscache_end_cookie_access(
                resources.cache_priv.cast(),
                bindings::fscache_access_trace_fscache_access_io_end,
            )
        };
    }
}

/// Waits until nobody is in a function of this module that told fscache of its end before.
///
/// To be called when no cache is bound. Sleeps.
pub(crate) fn wait_for_last_callers() {
    // Completions in interrupt context.
    kernel::sync::rcu::synchronize_rcu();
    // fscache's workers.
    // SAFETY: fscache exports its queue, which lives as long as fscache, whom we use.
    unsafe { bindings::fscache_helper_flush_workqueue(bindings::fscache_wq) };
}
