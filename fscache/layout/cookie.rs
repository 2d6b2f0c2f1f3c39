// SPDX-License-Identifier: GPL-2.0-only

//! Cookies: the layout and the lock.

use super::{
    Blob,
    CookieRef,
    Volume, //
};
use crate::{
    atomic::Atomic,
    bindings,
    flags::Flags,
    fscache,
    list::Member,
    refs::RefCount,
    spinlock::SpinLockBackend,
    state::{
        Decision,
        Snapshot,
        State, //
    },
    table::{
        Link,
        Node, //
    },
    trace::CookieWhy,
    wait, //
};
use core::ptr;
use kernel::{
    sync::{
        atomic::ordering,
        lock::Backend, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

/// Keys up to this length, in bytes, lie in the cookie itself.
pub(super) const INLINE_KEY: usize = 16;

/// Coherency data up to this length, in bytes, lies in the cookie itself.
pub(super) const INLINE_AUX: usize = 8;

/// A `struct fscache_cookie`.
///
/// # Invariants
///
/// A `&Cookie` is to an initialised cookie that somebody holds a reference to, or that is being
/// freed by its last holder. `volume`, the key, its length and hash, and the length of the
/// coherency data do not change.
#[repr(transparent)]
pub(crate) struct Cookie(Opaque<bindings::fscache_cookie>);

// SAFETY: Whatever changes is atomic or behind the cookie's lock, but for the coherency data, which is
// bytes; see `copy_aux()`.
unsafe impl Send for Cookie {}
// SAFETY: As above.
unsafe impl Sync for Cookie {}

/// What lies where C has a link for its list of all cookies: here is no such list.
#[repr(C)]
pub(super) struct OwnFields {
    /// Since when the LRU counts, in jiffies.
    listed_at: usize,
    /// Where in the table the cookie belongs.
    pub(super) place: u32,
    /// How many copies out of the page cache are under way.
    copies: u32,
}

const _: () = assert!(
    core::mem::size_of::<OwnFields>() <= core::mem::size_of::<bindings::list_head>()
        && core::mem::align_of::<OwnFields>() <= core::mem::align_of::<bindings::list_head>()
);

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

    /// The fields that C does not know of.
    #[inline]
    pub(super) fn own_fields(&self) -> *mut OwnFields {
        // SAFETY: The field is valid as long as the cookie is.
        unsafe { (&raw mut (*self.as_raw()).proc_link).cast() }
    }

    /// Since when the LRU counts, in jiffies.
    #[inline]
    pub(crate) fn listed_at(&self) -> &Atomic<usize> {
        // SAFETY: As above; whoever changes it does so atomically.
        unsafe { Atomic::from_ptr(&raw mut (*self.own_fields()).listed_at) }
    }

    /// How many copies out of the page cache are under way.
    #[inline]
    pub(crate) fn copies(&self) -> &Atomic<u32> {
        // SAFETY: As above.
        unsafe { Atomic::from_ptr(&raw mut (*self.own_fields()).copies) }
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
    pub(super) fn aux(&self) -> (*mut u8, usize) {
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
        state_of(self.raw_state().load(ordering::Acquire))
    }

    #[inline]
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
        let () = unsafe { SpinLockBackend::lock(&raw mut (*self.as_raw()).lock) };
        CookieGuard {
            cookie: self,
            _not_send: NotThreadSafe,
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

// The states are what the bytes from 0 on stand for.
const _: () = {
    let (mut states, mut at) = (State::ALL.as_slice(), 0);
    while let Some((state, rest)) = states.split_first() {
        assert!(*state as usize == at);
        (states, at) = (rest, at.wrapping_add(1));
    }
};

/// The state that a byte stands for; a byte that stands for none is a dead cookie.
///
/// Not by a search in the table of the states: this is asked in every operation, and mostly to be
/// compared with one state, which is then a comparison of bytes.
#[inline(always)]
pub(crate) fn state_of(raw: i8) -> State {
    // What is negative is beyond them.
    if usize::from(raw as u8) < State::ALL.len() {
        // SAFETY: It is the value of a state, as was asserted above.
        unsafe { core::mem::transmute::<i8, State>(raw) }
    } else {
        State::Dropped
    }
}

// SAFETY: `hash_link` is used by the table only.
unsafe impl Node for Cookie {
    #[inline]
    fn hash(&self) -> u32 {
        // SAFETY: Set when the cookie is made, and does not change.
        unsafe { (*self.own_fields()).place }
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
///
/// # Invariants
///
/// The task that made it holds the lock.
pub(crate) struct CookieGuard<'a> {
    cookie: &'a Cookie,
    _not_send: NotThreadSafe,
}

impl Drop for CookieGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariant.
        unsafe { SpinLockBackend::unlock(&raw mut (*self.cookie.as_raw()).lock, &()) };
    }
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

    /// Puts a decision that was made from `now` into effect: the only place that writes a cookie's
    /// state. True if somebody may wait for the change, and is to be woken after the lock was
    /// dropped. (Who waits for [`State::Dropped`] waits for the key, and is woken when the cookie
    /// leaves the table.)
    #[inline]
    pub(crate) fn apply(&self, now: &Snapshot, decision: &Decision) -> bool {
        let changed = now.state != decision.state;
        // An atomic change is dear, and most decisions find the flags as they should be.
        if (decision.set & !now.flags) | (decision.clear & now.flags) != 0 {
            self.cookie.flags().update(decision.set, decision.clear);
        }
        if changed {
            self.cookie
                .raw_state()
                .store(decision.state as i8, ordering::Release);
        }
        changed && now.state.passes()
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
