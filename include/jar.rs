// SPDX-License-Identifier: GPL-2.0-only

//! Reference-counted objects in a slab cache of their own, which may lose their last user in an
//! interrupt.
//!
//! A [`Ref`] is to the kernel crate's `Arc` what `kmem_cache_alloc()` is to `kmalloc()`, and a bit
//! more:
//!
//! - the objects are found under a name in `/proc/slabinfo`;
//! - whoever takes or gives back a reference is told how many there are, for trace points;
//! - a reference that is given back by [`Ref::put_later`] may be the last one although the end of
//!   the object sleeps: a worker of the jar does it then;
//! - what the object must part with last ([`Jarred::Last`]) is dropped after its memory was freed.

use crate::{
    bindings,
    list::{
        Member,
        Owner, //
    },
    refs::RefCount,
    slab::SlabCache,
    workqueue::{
        init_work,
        OwnedQueue, //
    },
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// Something that is kept in a [`Jar`].
pub(crate) trait Jarred: Send + Sync + 'static {
    /// What is dropped when nothing of the object is left.
    type Last;

    /// Hands that over. Called once, at the end; the object is dropped next.
    fn take_last(self: Pin<&mut Self>) -> Self::Last;
}

/// An object and what it takes to keep it.
struct Inner<T> {
    refs: Opaque<bindings::refcount_t>,
    work: Opaque<bindings::work_struct>,
    jar: Arc<Jar<T>>,
    value: T,
}

/// Where objects of a type are kept. Dropping it waits for its worker.
pub(crate) struct Jar<T> {
    /// Goes first: what is queued frees objects of the slab.
    queue: OwnedQueue,
    slab: SlabCache<Inner<T>>,
}

impl<T: Jarred> Jar<T> {
    /// Makes a jar; `queue` is the name of its worker's queue. Sleeps.
    pub(crate) fn new(name: &'static CStr, queue: &'static CStr) -> Result<Self> {
        Ok(Self {
            queue: OwnedQueue::new(queue)?,
            slab: SlabCache::new(name)?,
        })
    }
}

/// A reference to an object. Dropping the last one may sleep.
///
/// # Invariants
///
/// `inner` is valid, and this owns one of its references. What it points to is pinned.
pub(crate) struct Ref<T: Jarred> {
    inner: NonNull<Inner<T>>,
    owns: PhantomData<Inner<T>>,
}

// What is pinned is the object, not the reference.
impl<T: Jarred> Unpin for Ref<T> {}

// SAFETY: References may be given back by whoever has them, and objects are used by reference only.
unsafe impl<T: Jarred> Send for Ref<T> {}
// SAFETY: As above.
unsafe impl<T: Jarred> Sync for Ref<T> {}

impl<T: Jarred> Ref<T> {
    /// Makes an object in `jar`. May sleep.
    pub(crate) fn pin_init<E>(jar: Arc<Jar<T>>, init: impl PinInit<T, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        let inner = jar.slab.alloc_zeroed().ok_or(ENOMEM)?;
        let raw = inner.as_ptr();
        // SAFETY: The memory is valid for writes and stays where it is; if the initialiser fails,
        // it leaves nothing behind that would have to be dropped.
        if let Err(error) = unsafe { pin_init::raw_try_init(&raw mut (*raw).value, init) } {
            // SAFETY: Comes from this slab, and nobody else knows it.
            unsafe { jar.slab.free(inner) };
            return Err(error.into());
        }
        // SAFETY: As above; the other fields are initialised here. The function accepts what it is
        // given: `work` is a field of an `Inner<T>`.
        unsafe {
            (&raw mut (*raw).jar).write(jar);
            init_work(Opaque::cast_into(&raw const (*raw).work), Self::run);
            RefCount::from_ptr(Opaque::cast_into(&raw const (*raw).refs)).set(1);
        }
        // INVARIANT: Complete, and the one reference is this.
        Ok(Self {
            inner,
            owns: PhantomData,
        })
    }

    fn refs(&self) -> &RefCount {
        // SAFETY: By the invariant.
        unsafe { RefCount::from_ptr((*self.inner.as_ptr()).refs.get()) }
    }

    /// How many references there are; it may be changing.
    pub(crate) fn count(&self) -> i32 {
        self.refs().read()
    }

    /// Takes another reference. Any context.
    pub(crate) fn get(&self) -> Self {
        self.refs().inc();
        // INVARIANT: The reference that was just counted.
        Self {
            inner: self.inner,
            owns: PhantomData,
        }
    }

    /// Gives the reference back, tells `trace` how many there were, and ends the object if it was
    /// the last one. May sleep then.
    pub(crate) fn put(self, trace: impl FnOnce(i32)) {
        let this = ManuallyDrop::new(self);
        let left = this.refs().dec();
        trace(left.wrapping_add(1));
        if left == 0 {
            // SAFETY: That was the last reference.
            unsafe { Self::end(this.inner) };
        }
    }

    /// As [`Ref::put`], for any context: a worker ends the object.
    pub(crate) fn put_later(self, trace: impl FnOnce(i32)) {
        let this = ManuallyDrop::new(self);
        let left = this.refs().dec();
        trace(left.wrapping_add(1));
        if left == 0 {
            // SAFETY: Nobody has a reference, so nobody else queues the work; the object stays
            // until it has run. The jar is the object's, and drains its queue when it goes.
            unsafe {
                let inner = this.inner.as_ptr();
                (*inner).jar.queue.queue((*inner).work.get());
            }
        }
    }

    /// The worker.
    ///
    /// # Safety
    ///
    /// `work` must be that of an object that nobody has a reference to.
    unsafe extern "C" fn run(work: *mut bindings::work_struct) {
        let work: *mut Opaque<bindings::work_struct> = work.cast();
        // SAFETY: By the function's contract, the work is a field of an `Inner<T>`.
        let inner = unsafe { kernel::container_of!(work, Inner<T>, work) };
        // SAFETY: By the function's contract; not null, as it holds the work.
        unsafe { Self::end(NonNull::new_unchecked(inner)) };
    }

    /// Ends an object. May sleep.
    ///
    /// # Safety
    ///
    /// Nobody may have a reference any more.
    unsafe fn end(inner: NonNull<Inner<T>>) {
        let raw = inner.as_ptr();
        // SAFETY: By the function's contract there is no other access, and the object was pinned.
        let last = unsafe { Pin::new_unchecked(&mut (*raw).value) }.take_last();
        // SAFETY: As above; both fields are initialised, and not used again.
        let jar = unsafe {
            core::ptr::drop_in_place(&raw mut (*raw).value);
            (&raw const (*raw).jar).read()
        };
        // SAFETY: Comes from this jar's slab.
        unsafe { jar.slab.free(inner) };
        drop(jar);
        drop(last);
    }

    /// Gives the reference to C.
    pub(crate) fn into_c(self) -> *mut c_void {
        ManuallyDrop::new(self).inner.as_ptr().cast()
    }

    /// Takes a reference back from C.
    ///
    /// # Safety
    ///
    /// `raw` must come from [`Ref::into_c`] of the same type, and be taken back once.
    pub(crate) unsafe fn from_c(raw: NonNull<c_void>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            inner: raw.cast(),
            owns: PhantomData,
        }
    }

    /// Borrows a reference that C has.
    ///
    /// # Safety
    ///
    /// `raw` must come from [`Ref::into_c`] of the same type, and not be taken back during `'a`.
    pub(crate) unsafe fn borrow_raw<'a>(raw: NonNull<c_void>) -> Borrowed<'a, T> {
        Borrowed {
            // SAFETY: By the function's contract; never dropped.
            reference: ManuallyDrop::new(unsafe { Self::from_c(raw) }),
            borrowed: PhantomData,
        }
    }
}

// SAFETY: The reference keeps the object, which stays where it is.
unsafe impl<T: Jarred + Member> Owner for Ref<T> {
    type Member = T;

    fn into_raw(self) -> *const T {
        // SAFETY: By the invariant.
        unsafe { &raw const (*ManuallyDrop::new(self).inner.as_ptr()).value }
    }

    unsafe fn from_raw(ptr: *const T) -> Self {
        // SAFETY: By the function's contract, the object is the field of an `Inner<T>`.
        let inner = unsafe { kernel::container_of!(ptr.cast_mut(), Inner<T>, value) };
        // INVARIANT: The reference that `into_raw()` gave up.
        Self {
            // SAFETY: Not null, as it holds the object.
            inner: unsafe { NonNull::new_unchecked(inner) },
            owns: PhantomData,
        }
    }
}

impl<T: Jarred> Deref for Ref<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the invariant.
        unsafe { &(*self.inner.as_ptr()).value }
    }
}

impl<T: Jarred> Drop for Ref<T> {
    fn drop(&mut self) {
        if self.refs().dec() == 0 {
            // SAFETY: That was the last reference.
            unsafe { Self::end(self.inner) };
        }
    }
}

/// A reference that is somebody else's.
pub(crate) struct Borrowed<'a, T: Jarred> {
    reference: ManuallyDrop<Ref<T>>,
    borrowed: PhantomData<&'a Ref<T>>,
}

impl<T: Jarred> Deref for Borrowed<'_, T> {
    type Target = Ref<T>;

    fn deref(&self) -> &Ref<T> {
        &self.reference
    }
}
