// SPDX-License-Identifier: GPL-2.0-only

//! Volumes: the layout and references.

use super::{
    alloc_zeroed,
    cookie::{
        atomic_fields,
        constant_fields, //
    },
    dropped_without_reason,
    free,
    Blob,
    Cache,
    CacheRef, //
};
use crate::{
    atomic::Atomic,
    bindings, callbacks,
    counters::Counters,
    flags::Flags,
    fscache,
    list::init_links,
    refs::RefCount,
    table::{
        Link,
        Node, //
    },
    trace::{
        self,
        CacheWhy,
        VolumeWhy, //
    },
    volume, wait,
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
    sync::{
        atomic::ordering,
        lock::{
            spinlock::SpinLockBackend,
            Backend, //
        },
    },
    types::Opaque, //
};

/// A `struct fscache_volume`.
///
/// # Invariants
///
/// A `&Volume` is to an initialised volume that somebody holds a reference to, or that is being
/// freed by its last holder. `cache`, the key and its hash do not change.
#[repr(transparent)]
pub(crate) struct Volume(Opaque<bindings::fscache_volume>);

// SAFETY: Whatever changes is atomic, but for the backend's pointer, which is the backend's own to
// order, and the coherency data, which is bytes: who reads it while it changes gets some of each.
unsafe impl Send for Volume {}
// SAFETY: As above.
unsafe impl Sync for Volume {}

impl Volume {
    /// Adopts a volume that C gave.
    ///
    /// # Safety
    ///
    /// `ptr` must point to a volume of ours, to which somebody holds a reference for all of `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::fscache_volume) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The C structure.
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::fscache_volume {
        self.0.get()
    }

    atomic_fields! {
        /// How many cookies the volume has.
        n_cookies: i32;
        /// How many use what the backend holds for the volume, its own pin included.
        n_accesses: i32;
    }

    constant_fields! {
        /// The number that traces and messages show.
        debug_id: u32;
        /// The hash of the key.
        key_hash: u32;
    }

    /// What it has done.
    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        // SAFETY: They lie before the structure, in the same allocation; see `volume_memory()`.
        unsafe { &*self.as_raw().cast::<Counters>().sub(1) }
    }

    /// The reference count.
    #[inline]
    pub(crate) fn refs(&self) -> &RefCount {
        // SAFETY: The field is valid as long as the volume is.
        unsafe { RefCount::from_ptr(&raw mut (*self.as_raw()).ref_) }
    }

    /// The flag word; see [`volume::flags`].
    #[inline]
    pub(crate) fn flags(&self) -> &Flags {
        // SAFETY: The field is valid as long as the volume is; C changes it atomically.
        unsafe { Flags::from_ptr(&raw mut (*self.as_raw()).flags) }
    }

    /// The cache that the volume is in.
    #[inline]
    pub(crate) fn cache(&self) -> &Cache {
        // SAFETY: A volume holds a reference to its cache until it is freed.
        unsafe { Cache::from_raw((*self.as_raw()).cache) }
    }

    /// Does a backend hold something for this volume?
    #[inline]
    pub(crate) fn has_backing(&self) -> bool {
        // SAFETY: The field is valid as long as the volume is; a backend sets it, hence volatile.
        unsafe {
            !(&raw const (*self.as_raw()).cache_priv)
                .read_volatile()
                .is_null()
        }
    }

    /// The key, without the length byte before it.
    pub(crate) fn key(&self) -> &[u8] {
        // SAFETY: The key does not change; its first byte is its length.
        unsafe {
            let key = (*self.as_raw()).key.cast_const();
            core::slice::from_raw_parts(key.add(1), usize::from(*key))
        }
    }

    /// How long the coherency data is, in bytes.
    pub(crate) fn coherency_len(&self) -> usize {
        // SAFETY: The field is valid as long as the volume is, and does not change.
        usize::from(unsafe { (*self.as_raw()).coherency_len })
    }

    /// Replaces the coherency data, if there is new.
    pub(crate) fn update_coherency(&self, data: Blob<'_>) {
        // SAFETY: The coherency data lies behind the structure, in the same allocation.
        unsafe {
            let coherency = (&raw mut (*self.as_raw()).coherency).cast::<u8>();
            data.copy_to(coherency, self.coherency_len());
        }
    }

    /// Sleeps until nobody uses the backing, for `timeout` at most; true if nobody does.
    pub(crate) fn wait_until_unused(&self, timeout: wait::Jiffies) -> bool {
        wait::wait_for(self.n_accesses(), timeout, || {
            self.n_accesses().load(ordering::Acquire) == 0
        })
    }

    /// Queues the worker that makes the volume in the backend; false if it is queued already.
    ///
    /// The caller hands the worker a reference to the volume, if this returns true.
    pub(crate) fn queue(&self) -> bool {
        // SAFETY: The work item was initialised when the volume was made; the reference that the
        // caller hands over keeps it valid until it has run.
        unsafe { fscache().volume_queue.queue(&raw mut (*self.as_raw()).work) }
    }

    /// The volume whose work item `work` is.
    ///
    /// # Safety
    ///
    /// `work` must be the work item of a volume, and the caller own a reference to that, which it
    /// gives up.
    pub(crate) unsafe fn from_work(work: *mut bindings::work_struct) -> VolumeRef {
        // SAFETY: By the function's contract.
        unsafe { VolumeRef::from_raw(kernel::container_of!(work, bindings::fscache_volume, work)) }
    }
}

// SAFETY: `hash_link` is used by the table only.
unsafe impl Node for Volume {
    fn hash(&self) -> u32 {
        self.key_hash()
    }

    fn link(&self) -> &Link<Self> {
        // SAFETY: The first word of `hash_link` is a pointer that only the table uses.
        unsafe { Link::from_ptr((&raw mut (*self.as_raw()).hash_link).cast()) }
    }
}

/// How long the memory of a key of `len` bytes is: its length, the key and a NUL, in whole words.
fn key_memory(len: usize) -> usize {
    len.saturating_add(2).div_ceil(4).saturating_mul(4)
}

/// How long the memory of a volume is: the counters, of which C does not know, the structure and
/// its coherency data.
fn volume_memory(coherency_len: u8) -> usize {
    core::mem::size_of::<Counters>()
        .saturating_add(core::mem::size_of::<bindings::fscache_volume>())
        .saturating_add(usize::from(coherency_len))
}

// So the structure is aligned when its memory is.
const _: () = assert!(
    core::mem::size_of::<Counters>() % core::mem::align_of::<bindings::fscache_volume>() == 0
);

/// An owned reference to a volume.
pub(crate) struct VolumeRef(NonNull<Volume>);

// SAFETY: Volumes may be used by every task, and references be given back by any.
unsafe impl Send for VolumeRef {}
// SAFETY: As above.
unsafe impl Sync for VolumeRef {}

impl VolumeRef {
    /// Makes a volume with a reference count of one, which is in no table. `None` if there is no
    /// memory, or key or coherency data are too long; the cache is put then. Sleeps.
    pub(crate) fn alloc(
        cache: CacheRef,
        key: &[u8],
        coherency: Blob<'_>,
        debug_id: u32,
    ) -> Option<Self> {
        let memory = lengths(key, coherency).and_then(|(len, coherency_len)| {
            let key_at = alloc_zeroed(key_memory(key.len()))?;
            match alloc_zeroed(volume_memory(coherency_len)) {
                Some(volume) => Some((len, coherency_len, key_at, volume)),
                None => {
                    // SAFETY: Allocated just now; nobody knows it.
                    unsafe { free(key_at) };
                    None
                }
            }
        });
        let Some((len, coherency_len, key_at, volume)) = memory else {
            cache.put(CacheWhy::PutAllocVolume);
            return None;
        };
        // SAFETY: The structure lies behind the counters, in the same allocation.
        let raw = unsafe {
            volume
                .cast::<Counters>()
                .add(1)
                .cast::<bindings::fscache_volume>()
                .as_ptr()
        };
        // SAFETY: Both are zeroed memory of the sizes asked for, which nobody else knows. All that
        // is not set here is valid as zero.
        unsafe {
            key_at.as_ptr().write(len);
            ptr::copy_nonoverlapping(key.as_ptr(), key_at.as_ptr().add(1), key.len());
            let padded =
                core::slice::from_raw_parts(key_at.as_ptr().cast_const(), key_memory(key.len()));
            (*raw).key_hash = crate::hash::hash(0, padded);
            (*raw).key = key_at.as_ptr();
            (*raw).debug_id = debug_id;
            (*raw).cache = cache.into_raw();
            (*raw).coherency_len = coherency_len;
            SpinLockBackend::init(
                &raw mut (*raw).lock,
                c"fscache_volume".as_char_ptr(),
                kernel::static_lock_class!().as_ptr(),
            );
            init_links(&raw mut (*raw).proc_link);
            crate::workqueue::init_work(&raw mut (*raw).work, callbacks::volume_work);
        }
        // SAFETY: Initialised above.
        let this = unsafe { Volume::from_raw(raw) };
        this.update_coherency(coherency);
        this.refs().set(1);
        trace::see_volume(this, VolumeWhy::NewAcquire);
        Some(Self(NonNull::from(this)))
    }

    /// Takes another reference.
    pub(crate) fn get(volume: &Volume, why: VolumeWhy) -> Self {
        let count = volume.refs().inc();
        trace::volume(volume.debug_id(), count, why);
        Self(NonNull::from(volume))
    }

    /// Takes a reference, unless the last is gone.
    pub(crate) fn try_get(volume: &Volume, why: Option<VolumeWhy>) -> Option<Self> {
        let count = volume.refs().inc_not_zero()?;
        if let Some(why) = why {
            trace::volume(volume.debug_id(), count, why);
        }
        Some(Self(NonNull::from(volume)))
    }

    /// Takes over a reference that was handed through C.
    ///
    /// # Safety
    ///
    /// The caller must own a reference to `volume`, and give it up.
    pub(crate) unsafe fn from_raw(volume: *mut bindings::fscache_volume) -> Self {
        // SAFETY: By the function's contract the pointer is to a live volume.
        Self(unsafe { NonNull::new_unchecked(volume.cast()) })
    }

    /// Hands the reference to C.
    pub(crate) fn into_raw(self) -> *mut bindings::fscache_volume {
        ManuallyDrop::new(self).0.as_ptr().cast()
    }

    /// Gives the reference back; frees the volume if it was the last, which sleeps.
    pub(crate) fn put(self, why: VolumeWhy) {
        let this = ManuallyDrop::new(self);
        let debug_id = this.debug_id();
        let count = this.refs().dec();
        trace::volume(debug_id, count, why);
        if count == 0 {
            volume::release(&this);
            // SAFETY: It was the last reference, and the volume is in no table any more.
            unsafe { this.free() };
        }
    }

    /// Frees the volume's memory and gives its cache back.
    ///
    /// # Safety
    ///
    /// Nobody may know the volume any more.
    unsafe fn free(&self) {
        let raw = self.as_raw();
        // SAFETY: The volume owns a reference to its cache; key and volume were allocated by
        // `alloc()`.
        unsafe {
            let cache = CacheRef::from_raw((*raw).cache);
            if let Some(key) = NonNull::new((*raw).key) {
                free(key);
            }
            free(self.0.cast::<Counters>().sub(1).cast());
            cache.put(CacheWhy::PutVolume);
        }
    }
}

/// The length bytes of a key and of coherency data, if they are not too long for one.
fn lengths(key: &[u8], coherency: Blob<'_>) -> Option<(u8, u8)> {
    let key = u8::try_from(key.len()).ok()?;
    let coherency = u8::try_from(coherency.len()).ok()?;
    Some((key, coherency))
}

impl core::ops::Deref for VolumeRef {
    type Target = Volume;

    #[inline]
    fn deref(&self) -> &Volume {
        // SAFETY: The reference keeps the volume alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for VolumeRef {
    fn drop(&mut self) {
        dropped_without_reason("volume");
        Self(self.0).put(VolumeWhy::PutCreateWork);
    }
}
