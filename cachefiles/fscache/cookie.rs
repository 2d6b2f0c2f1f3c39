// SPDX-License-Identifier: GPL-2.0-only

//! fscache's record of an object.

use super::{
    private_field,
    VolumeCookie, //
};
use crate::{
    atomic::Atomic, bindings, coherency::DATA_MAX, flags::Flags, jar::Borrowed, object::Object,
    object_ref::ObjectRef, spinlock::SpinLockBackend,
};
use core::{
    mem::MaybeUninit,
    ptr::NonNull,
    slice, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::ordering,
        lock::Lock, //
    },
    types::Opaque,
};

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
    /// What there is is out of date.
    DoInvalidate = 1 << bindings::FSCACHE_COOKIE_DO_INVALIDATE,
}

/// What a cookie says about the data at one moment.
///
/// # Invariants
///
/// The first `aux_len` bytes of `aux` are initialised. The others are not, as most cookies have
/// few, and to clear them would cost more than all the rest.
pub(crate) struct Snapshot {
    aux: [MaybeUninit<u8>; DATA_MAX],
    aux_len: usize,
    /// The size of the object, in bytes.
    pub(crate) object_size: u64,
    /// Counts invalidations; wraps.
    pub(crate) generation: u32,
}

impl Snapshot {
    /// The coherency data.
    pub(crate) fn aux(&self) -> &[u8] {
        // SAFETY: By the invariant.
        unsafe { slice::from_raw_parts(self.aux.as_ptr().cast(), self.aux_len) }
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

    /// The index key.
    pub(crate) fn key(&self) -> &[u8] {
        let cookie = self.as_raw();
        // SAFETY: Valid by the borrow; the key does not change while there is a cookie. A key that
        // does not fit the union's array lies where the pointer in it says.
        unsafe {
            let len = usize::from((*cookie).key_len);
            let inline = (&raw const (*cookie).__bindgen_anon_1).cast::<u8>();
            let key = if len <= bindings::CACHEFILES_INLINE_KEY {
                inline
            } else {
                inline.cast::<*const u8>().read()
            };
            slice::from_raw_parts(key, len)
        }
    }

    /// Copies what the cookie says about the data, all of one moment as far as invalidation goes.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let cookie = self.as_raw();
        let mut snapshot = Snapshot {
            aux: [MaybeUninit::uninit(); DATA_MAX],
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
        // what is copied is a mixture that agrees with nothing. `DATA_MAX` is the most that a byte
        // can say.
        unsafe {
            let len = usize::from((*cookie).aux_len);
            let inline = (&raw const (*cookie).__bindgen_anon_2).cast::<u8>();
            let aux = if len <= bindings::CACHEFILES_INLINE_AUX {
                inline
            } else {
                inline.cast::<*const u8>().read()
            };
            let len = len.min(DATA_MAX);
            let to = snapshot.aux.as_mut_ptr().cast::<u8>();
            to.copy_from_nonoverlapping(aux, len);
            // INVARIANT: So many were just copied.
            snapshot.aux_len = len;
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
    pub(crate) fn attach(&self, object: ObjectRef) {
        let old = self
            .private()
            .xchg(object.into_c() as usize, ordering::Full);
        // fscache looks a cookie up when it has no object; should it not, the former is given back.
        // SAFETY: Whatever was there came from `into_c()` above.
        drop(unsafe { Self::take(old) });
    }

    /// Takes the object off again.
    pub(crate) fn detach(&self) -> Option<ObjectRef> {
        // SAFETY: Whatever is there came from `into_c()` in `attach()`.
        unsafe { Self::take(self.private().xchg(0, ordering::Full)) }
    }

    /// # Safety
    ///
    /// `raw` must be null, or come from [`Cookie::attach`] and be taken once.
    unsafe fn take(raw: usize) -> Option<ObjectRef> {
        // SAFETY: By the function's contract.
        NonNull::new(raw as *mut c_void).map(|raw| unsafe { ObjectRef::from_c(raw) })
    }

    /// The object that is attached.
    ///
    /// # Safety
    ///
    /// It must not be detached during the borrow, as an access to the cookie has it.
    pub(crate) unsafe fn object(&self) -> Option<Borrowed<'_, Object>> {
        let raw = self.private().load(ordering::Acquire);
        // SAFETY: Comes from `into_c()` in `attach()`, and stays by the function's contract.
        NonNull::new(raw as *mut c_void).map(|raw| unsafe { ObjectRef::borrow_raw(raw) })
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
