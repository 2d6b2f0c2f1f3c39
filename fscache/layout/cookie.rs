// SPDX-License-Identifier: GPL-2.0-only

//! Cookies: the layout, the lock, and references.

use super::{
    alloc_zeroed,
    dropped_without_reason,
    free,
    Blob,
    Volume, //
};
use crate::{
    atomic::Atomic,
    bindings,
    callbacks,
    flags::Flags,
    fscache,
    list::{
        init_links,
        Member,
        Owner, //
    },
    refs::RefCount,
    state::{
        flags,
        Decision,
        Snapshot,
        State, //
    },
    table::{
        Link,
        Node, //
    },
    trace::{
        self,
        CookieWhy, //
    },
    wait, //
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
            Backend,
            Guard,
            Lock, //
        },
    },
    types::Opaque, //
};

/// Keys up to this length, in bytes, lie in the cookie itself.
const INLINE_KEY: usize = 16;

/// Coherency data up to this length, in bytes, lies in the cookie itself.
const INLINE_AUX: usize = 8;

/// A `struct fscache_cookie`.
///
/// # Invariants
///
/// A `&Cookie` is to an initialised cookie that somebody holds a reference to, or that is being
/// freed by its last holder. `volume`, the key, its length and hash, and the length of the
/// coherency data do not change.
#[repr(transparent)]
pub(crate) struct Cookie(Opaque<bindings::fscache_cookie>);

// SAFETY: Whatever changes is atomic or behind the cookie's lock.
unsafe impl Send for Cookie {}
// SAFETY: As above.
unsafe impl Sync for Cookie {}

/// Defines accessors of atomic fields.
macro_rules! atomic_fields {
    ($($(#[$attr:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$attr])*
        #[inline]
        pub(crate) fn $name(&self) -> &Atomic<$type> {
            // SAFETY: The field is valid as long as the structure is, has this size and alignment,
            // and whoever changes it does so atomically.
            unsafe { Atomic::from_ptr((&raw mut (*self.as_raw()).$name).cast()) }
        }
    )*};
}

/// Defines accessors of fields that do not change.
macro_rules! constant_fields {
    ($($(#[$attr:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$attr])*
        #[inline]
        pub(crate) fn $name(&self) -> $type {
            // SAFETY: The field is valid as long as the structure is, and does not change.
            unsafe { (*self.as_raw()).$name }
        }
    )*};
}

pub(super) use atomic_fields;
pub(super) use constant_fields;

impl Cookie {
    /// Adopts a cookie that C gave.
    ///
    /// # Safety
    ///
    /// `ptr` must point to a cookie of ours, to which somebody holds a reference for all of `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::fscache_cookie) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The C structure.
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::fscache_cookie {
        self.0.get()
    }

    atomic_fields! {
        /// How many have the file open.
        n_active: i32;
        /// How many operations use the object.
        n_accesses: i32;
        /// How often the content was declared out of date; it wraps.
        inval_counter: u32;
        /// When the last user went, in jiffies.
        unused_at: usize;
        /// The size of the file, in bytes; filesystems store it without a lock.
        object_size: i64;
    }

    /// Since when the LRU counts, in jiffies. Lies in a field in which C keeps a list of all cookies;
    /// here is none.
    #[inline]
    pub(crate) fn listed_at(&self) -> &Atomic<usize> {
        // SAFETY: The field is valid as long as the cookie is, larger than this, aligned for a
        // pointer, and used for nothing else.
        unsafe { Atomic::from_ptr((&raw mut (*self.as_raw()).proc_link).cast()) }
    }

    constant_fields! {
        /// The number that traces and messages show.
        debug_id: u32;
        /// The hash of volume and key; a part of the format on disk.
        key_hash: u32;
    }

    /// The reference count.
    #[inline]
    pub(crate) fn refs(&self) -> &RefCount {
        // SAFETY: The field is valid as long as the cookie is.
        unsafe { RefCount::from_ptr(&raw mut (*self.as_raw()).ref_) }
    }

    /// The flag word; see [`crate::state::flags`].
    #[inline]
    pub(crate) fn flags(&self) -> &Flags {
        // SAFETY: The field is valid as long as the cookie is; C changes it atomically.
        unsafe { Flags::from_ptr(&raw mut (*self.as_raw()).flags) }
    }

    /// The volume that the file is in.
    #[inline]
    pub(crate) fn volume(&self) -> &Volume {
        // SAFETY: A cookie holds a reference to its volume until it is freed.
        unsafe { Volume::from_raw((*self.as_raw()).volume) }
    }

    /// Does a backend hold an object for this cookie?
    #[inline]
    pub(crate) fn has_object(&self) -> bool {
        // SAFETY: The field is valid as long as the cookie is; a backend sets it, hence volatile.
        unsafe {
            !(&raw const (*self.as_raw()).cache_priv)
                .read_volatile()
                .is_null()
        }
    }

    /// The key.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        let raw = self.as_raw();
        // SAFETY: The key does not change, and is as long as `key_len` says.
        unsafe {
            let len = usize::from((*raw).key_len);
            let key = &raw const (*raw).__bindgen_anon_1;
            let key = if len <= INLINE_KEY {
                key.cast::<u8>()
            } else {
                key.cast::<*const u8>().read()
            };
            core::slice::from_raw_parts(key, len)
        }
    }

    /// Copies the coherency data into `to`, and returns how much that is, in bytes.
    ///
    /// Filesystems change it without a lock, so what comes out may be torn; it is for showing.
    pub(crate) fn copy_aux(&self, to: &mut [u8; 255]) -> usize {
        let (aux, len) = self.aux();
        // SAFETY: `aux` is valid for `len` bytes, and `len` is at most 255.
        unsafe { ptr::copy_nonoverlapping(aux, to.as_mut_ptr(), len) };
        len
    }

    /// Where the coherency data is, and its length in bytes.
    fn aux(&self) -> (*mut u8, usize) {
        let raw = self.as_raw();
        // SAFETY: Length and place of the coherency data do not change.
        unsafe {
            let len = usize::from((*raw).aux_len);
            let aux = &raw mut (*raw).__bindgen_anon_2;
            let aux = if len <= INLINE_AUX {
                aux.cast::<u8>()
            } else {
                aux.cast::<*mut u8>().read()
            };
            (aux, len)
        }
    }

    /// How long the coherency data is, in bytes.
    pub(crate) fn aux_len(&self) -> usize {
        self.aux().1
    }

    /// Stores new coherency data, if there is any.
    pub(crate) fn update_aux(&self, data: Blob<'_>) {
        let (aux, len) = self.aux();
        // SAFETY: `aux` is valid for `len` bytes.
        unsafe { data.copy_to(aux, len) };
    }

    /// The state; what was stored before it was set is seen.
    #[inline]
    pub(crate) fn state(&self) -> State {
        State::from_raw(self.raw_state().load(ordering::Acquire))
    }

    fn raw_state(&self) -> &Atomic<i8> {
        // SAFETY: The field is one byte, valid as long as the cookie is; C only reads it.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_raw()).state) }
    }

    /// Sleeps until the state is another than `state`, for `timeout` at most; true if it is.
    pub(crate) fn wait_while(&self, state: State, timeout: wait::Jiffies) -> bool {
        wait::wait_for(self.raw_state(), timeout, || self.state() != state)
    }

    /// Sleeps until the cookie is dropped, for `timeout` at most; true if it is.
    pub(crate) fn wait_until_dropped(&self, timeout: wait::Jiffies) -> bool {
        wait::wait_for(self.raw_state(), timeout, || self.state() == State::Dropped)
    }

    /// Wakes those who wait for a change of the state.
    pub(crate) fn wake_state_waiters(&self) {
        wait::wake(self.raw_state());
    }

    /// Takes the cookie's lock. The state and the requests change only under it.
    #[inline]
    pub(crate) fn lock(&self) -> CookieGuard<'_> {
        // SAFETY: The lock was initialised when the cookie was made, and lives as long as it.
        let lock: &Lock<(), SpinLockBackend> =
            unsafe { Lock::from_raw(&raw mut (*self.as_raw()).lock) };
        CookieGuard {
            cookie: self,
            _lock: lock.lock(),
        }
    }

    /// The cookie whose work item `work` is.
    ///
    /// # Safety
    ///
    /// `work` must be the work item of a cookie that lives for all of `'a`.
    pub(crate) unsafe fn from_work<'a>(work: *mut bindings::work_struct) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { Self::from_raw(kernel::container_of!(work, bindings::fscache_cookie, work)) }
    }

    /// Queues the cookie's worker, which then owns a reference.
    pub(crate) fn queue(&self, why: CookieWhy) {
        let owned = CookieRef::get(self, why);
        // SAFETY: The work item was initialised when the cookie was made. The reference, which
        // the worker takes over, keeps it valid until it has run.
        let queued = unsafe { fscache().queue.queue(&raw mut (*self.as_raw()).work) };
        if queued {
            core::mem::forget(owned);
        } else {
            // The run that is still to come will find every request that was made before.
            owned.put(CookieWhy::PutOverQueued);
        }
    }
}

// SAFETY: `hash_link` is used by the table only.
unsafe impl Node for Cookie {
    fn hash(&self) -> u32 {
        self.key_hash()
    }

    fn link(&self) -> &Link<Self> {
        // SAFETY: The first word of `hash_link` is a pointer that only the table uses.
        unsafe { Link::from_ptr((&raw mut (*self.as_raw()).hash_link).cast()) }
    }
}

// SAFETY: `commit_link` is used by the LRU only.
unsafe impl Member for Cookie {
    fn links(&self) -> *mut bindings::list_head {
        // SAFETY: The field is valid as long as the cookie is.
        unsafe { &raw mut (*self.as_raw()).commit_link }
    }

    unsafe fn from_links(links: *mut bindings::list_head) -> *const Self {
        // SAFETY: By the function's contract.
        unsafe { kernel::container_of!(links, bindings::fscache_cookie, commit_link) }
            .cast_const()
            .cast()
    }
}

/// A cookie whose lock is held.
pub(crate) struct CookieGuard<'a> {
    cookie: &'a Cookie,
    _lock: Guard<'a, (), SpinLockBackend>,
}

impl CookieGuard<'_> {
    /// What a decision is made from.
    #[inline]
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.cookie.state(),
            flags: self.cookie.flags().load(),
            accessed: self.cookie.n_accesses().load(ordering::Relaxed) != 0,
            active: self.cookie.n_active().load(ordering::Relaxed) > 0,
        }
    }

    /// Puts a decision into effect: the only place that writes a cookie's state. True if the
    /// state changed, so that waiters are to be woken after the lock was dropped.
    #[inline]
    pub(crate) fn apply(&self, decision: &Decision) -> bool {
        let changed = self.cookie.state() != decision.state;
        // An atomic change is dear, and most decisions find the flags as they should be.
        let now = self.cookie.flags().load();
        if (decision.set & !now) | (decision.clear & now) != 0 {
            self.cookie.flags().update(decision.set, decision.clear);
        }
        if changed {
            self.cookie
                .raw_state()
                .store(decision.state as i8, ordering::Release);
        }
        changed
    }

    /// Counts another declaration that the content is out of date.
    ///
    /// Comes before new coherency data is stored: whoever reads new data then also sees that what
    /// it has belongs to the old.
    pub(crate) fn count_invalidation(&self) {
        self.cookie.inval_counter().store(
            self.cookie
                .inval_counter()
                .load(ordering::Relaxed)
                .wrapping_add(1),
            ordering::Release,
        );
    }
}

/// A cookie that was just made: in no table, known to nobody.
pub(crate) struct NewCookie(CookieRef);

impl NewCookie {
    /// Makes a cookie with a reference count of one. `None` if there is no memory, or the key or
    /// the coherency data is too long. Sleeps.
    pub(crate) fn alloc(
        volume: &Volume,
        advice: u8,
        key: &[u8],
        aux: Blob<'_>,
        object_size: i64,
        debug_id: u32,
    ) -> Option<Self> {
        let aux_len = u8::try_from(aux.len()).ok()?;
        let key_len = u8::try_from(key.len()).ok()?;
        let cookie = fscache().cookies.slab().alloc_zeroed()?;
        let raw = cookie.cast::<bindings::fscache_cookie>().as_ptr();
        let long_key = if key.len() > INLINE_KEY {
            // Backends read the key in words.
            alloc_zeroed(key.len().next_multiple_of(4))
        } else {
            None
        };
        let long_aux = if usize::from(aux_len) > INLINE_AUX {
            alloc_zeroed(usize::from(aux_len))
        } else {
            None
        };
        if (key.len() > INLINE_KEY && long_key.is_none())
            || (usize::from(aux_len) > INLINE_AUX && long_aux.is_none())
        {
            // SAFETY: All three were allocated just now, with these lengths; nobody knows them.
            unsafe {
                if let Some(key_at) = long_key {
                    free(key_at, key.len().next_multiple_of(4));
                }
                if let Some(aux_at) = long_aux {
                    free(aux_at, usize::from(aux_len));
                }
                fscache().cookies.slab().free(cookie);
            }
            return None;
        }
        // SAFETY: The cookie is zeroed memory that nobody else knows. All that is not set here is
        // valid as zero. The key and coherency data go where their lengths say they are.
        unsafe {
            (*raw).debug_id = debug_id;
            (*raw).volume = volume.as_raw();
            (*raw).object_size = object_size;
            (*raw).state = State::Quiescent as i8;
            (*raw).advice = advice;
            (*raw).key_len = key_len;
            (*raw).aux_len = aux_len;
            (*raw).key_hash = crate::hash::hash(volume.key_hash(), key);
            let key_at = match long_key {
                Some(memory) => {
                    (&raw mut (*raw).__bindgen_anon_1)
                        .cast::<*mut u8>()
                        .write(memory.as_ptr());
                    memory.as_ptr()
                }
                None => (&raw mut (*raw).__bindgen_anon_1).cast::<u8>(),
            };
            ptr::copy_nonoverlapping(key.as_ptr(), key_at, key.len());
            if let Some(memory) = long_aux {
                (&raw mut (*raw).__bindgen_anon_2)
                    .cast::<*mut u8>()
                    .write(memory.as_ptr());
            }
            SpinLockBackend::init(
                &raw mut (*raw).lock,
                c"fscache_cookie".as_char_ptr(),
                kernel::static_lock_class!().as_ptr(),
            );
            init_links(&raw mut (*raw).commit_link);
            crate::workqueue::init_work(&raw mut (*raw).work, callbacks::cookie_work);
        }
        // SAFETY: Initialised above.
        let this = unsafe { Cookie::from_raw(raw) };
        this.update_aux(aux);
        this.refs().set(1);
        trace::see_cookie(this, CookieWhy::NewAcquire);
        Some(Self(CookieRef(cookie)))
    }

    /// The cookie.
    pub(crate) fn cookie(&self) -> &Cookie {
        &self.0
    }

    /// Makes the cookie known. The volume has a reference more by now, which the cookie owns.
    pub(crate) fn publish(self) -> CookieRef {
        self.0
    }

    /// Frees a cookie that was never made known.
    pub(crate) fn discard(self) {
        trace::see_cookie(&self.0, CookieWhy::Discard);
        let cookie = ManuallyDrop::new(self.0);
        // SAFETY: This is the only reference, and nobody else knows the cookie.
        unsafe { free_cookie(cookie.0) };
    }
}

/// Frees a cookie's memory. Does not sleep.
///
/// # Safety
///
/// Nobody else may know the cookie.
unsafe fn free_cookie(cookie: NonNull<Cookie>) {
    // SAFETY: By the function's contract.
    let this = unsafe { cookie.as_ref() };
    let (key, key_len) = (this.key().as_ptr().cast_mut(), this.key().len());
    let (aux, aux_len) = this.aux();
    // SAFETY: Allocated by `NewCookie::alloc()` with these lengths; nobody uses them any more.
    unsafe {
        if key_len > INLINE_KEY {
            if let Some(key) = NonNull::new(key) {
                free(key, key_len.next_multiple_of(4));
            }
        }
        if aux_len > INLINE_AUX {
            if let Some(aux) = NonNull::new(aux) {
                free(aux, aux_len);
            }
        }
        fscache().cookies.slab().free(cookie);
    }
}

/// An owned reference to a cookie.
pub(crate) struct CookieRef(NonNull<Cookie>);

// SAFETY: Cookies may be used by every task, and references be given back by any.
unsafe impl Send for CookieRef {}
// SAFETY: As above.
unsafe impl Sync for CookieRef {}

impl CookieRef {
    /// Takes another reference.
    #[inline]
    pub(crate) fn get(cookie: &Cookie, why: CookieWhy) -> Self {
        let count = cookie.refs().inc();
        trace::cookie(cookie.debug_id(), count, why);
        Self(NonNull::from(cookie))
    }

    /// Takes a reference to a cookie that was found in the table, unless its last is gone.
    pub(crate) fn try_get(cookie: &Cookie) -> Option<Self> {
        cookie.refs().inc_not_zero()?;
        Some(Self(NonNull::from(cookie)))
    }

    /// Leaves the reference to the cookie's last user; the flag `KEPT_FOR_USERS` stands for it.
    pub(crate) fn keep_for_users(self) {
        let cookie = ManuallyDrop::new(self);
        if cookie.flags().test_and_set(flags::KEPT_FOR_USERS) {
            // There is one already.
            drop(ManuallyDrop::into_inner(cookie));
        }
    }

    /// Takes the reference that was left for the last user, if one was.
    pub(crate) fn take_kept(cookie: &Cookie) -> Option<Self> {
        cookie
            .flags()
            .test_and_clear(flags::KEPT_FOR_USERS)
            .then(|| Self(NonNull::from(cookie)))
    }

    /// Takes over a reference that was handed through C.
    ///
    /// # Safety
    ///
    /// The caller must own a reference to `cookie`, and give it up.
    pub(crate) unsafe fn from_raw(cookie: *const Cookie) -> Self {
        // SAFETY: By the function's contract the pointer is to a live cookie.
        Self(unsafe { NonNull::new_unchecked(cookie.cast_mut()) })
    }

    /// Hands the reference to C.
    pub(crate) fn into_raw(self) -> *mut bindings::fscache_cookie {
        ManuallyDrop::new(self).0.as_ptr().cast()
    }

    /// Gives the reference back, from any context.
    ///
    /// Should it be the last, the cookie is freed by its worker, since that may sleep.
    pub(crate) fn put(self, why: CookieWhy) {
        let cookie = ManuallyDrop::new(self).0;
        // SAFETY: The reference is still ours.
        let this = unsafe { cookie.as_ref() };
        let debug_id = this.debug_id();
        let count = this.refs().dec();
        trace::cookie(debug_id, count, why);
        if count == 0 {
            // SAFETY: It was the last reference, so the worker is neither queued nor running, and
            // nobody else can queue it.
            unsafe { fscache().queue.queue(&raw mut (*this.as_raw()).work) };
        }
    }

    /// Gives the reference back, and frees the cookie if it was the last. Sleeps.
    pub(crate) fn put_sleeping(self, why: CookieWhy) {
        let cookie = ManuallyDrop::new(self).0;
        // SAFETY: The reference is still ours.
        let this = unsafe { cookie.as_ref() };
        let debug_id = this.debug_id();
        let count = this.refs().dec();
        trace::cookie(debug_id, count, why);
        if count == 0 {
            // SAFETY: It was the last reference.
            unsafe { Self::release(cookie) };
        }
    }

    /// Frees a cookie whose last reference was given back. Sleeps.
    ///
    /// # Safety
    ///
    /// The reference count must have come to zero, and this be called once for it.
    pub(crate) unsafe fn release(cookie: NonNull<Cookie>) {
        // SAFETY: Nobody else has a reference, so this is still ours to look at.
        let this = unsafe { cookie.as_ref() };
        if fscache().cookies.is_hashed(this) {
            // Impossible by construction: whoever relinquishes takes it out first. Should it
            // happen, memory that the table points to must not be freed.
            kernel::pr_err_once!(
                "cookie {:08x} lost its last reference while hashed\n",
                this.debug_id()
            );
            kernel::warn_on!(true);
            return;
        }
        // SAFETY: The cookie owns a reference to its volume.
        let volume = unsafe { super::VolumeRef::from_raw((*this.as_raw()).volume) };
        // SAFETY: Nobody knows the cookie any more.
        unsafe { free_cookie(cookie) };
        fscache().cookies.forget_one();
        volume.put(trace::VolumeWhy::PutCookie);
    }
}

impl core::ops::Deref for CookieRef {
    type Target = Cookie;

    #[inline]
    fn deref(&self) -> &Cookie {
        // SAFETY: The reference keeps the cookie alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for CookieRef {
    fn drop(&mut self) {
        dropped_without_reason("cookie");
        Self(self.0).put(CookieWhy::PutWork);
    }
}

// SAFETY: The pointer is that of the reference, both ways.
unsafe impl Owner for CookieRef {
    type Member = Cookie;

    fn into_raw(self) -> *const Cookie {
        ManuallyDrop::new(self).0.as_ptr()
    }

    unsafe fn from_raw(ptr: *const Cookie) -> Self {
        // SAFETY: By the function's contract.
        unsafe { CookieRef::from_raw(ptr) }
    }
}
