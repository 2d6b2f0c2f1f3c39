// SPDX-License-Identifier: GPL-2.0-only

//! A slab cache under a name of its own in `/proc/slabinfo`.

use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::prelude::*;

/// A slab cache for objects of type `T`.
pub(crate) struct SlabCache<T> {
    cache: NonNull<bindings::kmem_cache>,
    holds: PhantomData<T>,
}

// SAFETY: The slab allocator may be called from every context.
unsafe impl<T> Send for SlabCache<T> {}
// SAFETY: As above.
unsafe impl<T> Sync for SlabCache<T> {}

impl<T> SlabCache<T> {
    /// Makes a slab cache. Sleeps.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        let mut args = bindings::kmem_cache_args {
            align: core::mem::align_of::<T>() as c_uint,
            ..Default::default()
        };
        // SAFETY: `name` lives for ever; `args` is only read during the call.
        let cache = unsafe {
            bindings::__kmem_cache_create_args(
                name.as_char_ptr(),
                core::mem::size_of::<T>() as c_uint,
                &raw mut args,
                0,
            )
        };
        Ok(Self {
            cache: NonNull::new(cache).ok_or(ENOMEM)?,
            holds: PhantomData,
        })
    }

    /// Allocates a zeroed object. May sleep.
    pub(crate) fn alloc_zeroed(&self) -> Option<NonNull<T>> {
        // SAFETY: The cache is valid as long as `self` is.
        let object = unsafe {
            bindings::kmem_cache_alloc_noprof(
                self.cache.as_ptr(),
                bindings::GFP_KERNEL | bindings::__GFP_ZERO,
            )
        };
        NonNull::new(object.cast())
    }

    /// Frees an object. Does not sleep, and does not drop what is in it.
    ///
    /// # Safety
    ///
    /// `object` must come from this cache, and nobody may use it any more.
    pub(crate) unsafe fn free(&self, object: NonNull<T>) {
        // SAFETY: By the function's contract.
        unsafe { bindings::kmem_cache_free(self.cache.as_ptr(), object.as_ptr().cast()) };
    }
}

impl<T> Drop for SlabCache<T> {
    fn drop(&mut self) {
        // SAFETY: The cache is valid, and its owner goes away only after the last object. Should
        // an object be left, the kernel reports it and leaks the cache.
        unsafe { bindings::kmem_cache_destroy(self.cache.as_ptr()) };
    }
}
