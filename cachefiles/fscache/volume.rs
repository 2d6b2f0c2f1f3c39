// SPDX-License-Identifier: GPL-2.0-only

//! fscache's record of a volume.

use super::private_field;
use crate::{
    atomic::Atomic,
    bindings,
    cache::Cache,
    coherency::DATA_MAX,
    flags::Flags,
    volume::Volume, //
};
use core::{
    ptr::NonNull,
    slice, //
};
use kernel::{
    sync::{atomic::ordering, Arc, ArcBorrow},
    types::Opaque,
};

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
    /// `CacheCookie::add`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::fscache_volume) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::fscache_volume {
        self.0.get()
    }

    /// The key, which fscache stores behind a byte that says how long it is.
    pub(crate) fn key(&self) -> &[u8] {
        // SAFETY: Valid by the borrow; the key does not change while there is a record, and is as
        // long as its first byte says.
        unsafe {
            let key = (*self.as_raw()).key;
            slice::from_raw_parts(key.add(1), usize::from(*key))
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

    /// Was it given up for good, so that what is stored must not be found again?
    pub(crate) fn is_invalidated(&self) -> bool {
        // SAFETY: Valid by the borrow; everybody accesses it atomically.
        unsafe { Flags::from_ptr(&raw mut (*self.as_raw()).flags) }
            .any(1 << bindings::FSCACHE_VOLUME_INVALIDATE)
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
}
