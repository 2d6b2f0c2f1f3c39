// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's containers, over memory that can be short.

use super::{
    memory,
    prelude::{Error, Flags, PinInit, Result},
};
use std::{
    alloc::Layout,
    ffi::{c_char, CStr},
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    pin::Pin,
    ptr::NonNull,
};

/// A vector.
pub(crate) struct KVec<T>(Vec<T>);
pub(crate) type KVVec<T> = KVec<T>;

impl<T> KVec<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn with_capacity(len: usize, _: Flags) -> Result<Self> {
        if memory::grant() {
            Ok(Self(Vec::with_capacity(len)))
        } else {
            Err(Error::ENOMEM)
        }
    }

    pub(crate) fn push(&mut self, what: T, _: Flags) -> Result {
        if self.0.len() == self.0.capacity() && !memory::grant() {
            return Err(Error::ENOMEM);
        }
        self.0.push(what);
        Ok(())
    }

    pub(crate) fn retain(&mut self, f: impl FnMut(&mut T) -> bool) {
        self.0.retain_mut(f);
    }
}

impl<T> Deref for KVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for KVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a KVec<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A box.
pub(crate) struct KBox<T>(NonNull<T>);

// SAFETY: As a box.
unsafe impl<T: Send> Send for KBox<T> {}
// SAFETY: As a box.
unsafe impl<T: Sync> Sync for KBox<T> {}

impl<T> KBox<T> {
    pub(crate) fn new(what: T, _: Flags) -> Result<Self> {
        let memory = memory::alloc(Layout::new::<T>()).ok_or(Error::ENOMEM)?;
        let memory = memory.cast::<T>();
        // SAFETY: Allocated just now for this.
        unsafe { memory.write(what) };
        Ok(Self(memory))
    }

    pub(crate) fn pin_init(what: impl PinInit<T>, flags: Flags) -> Result<Pin<Self>> {
        // SAFETY: It is not moved out of the box.
        Ok(unsafe { Pin::new_unchecked(Self::new(what.make(), flags)?) })
    }

    pub(crate) fn into_raw(this: Self) -> *mut T {
        ManuallyDrop::new(this).0.as_ptr()
    }

    /// # Safety
    ///
    /// `raw` must come from `into_raw()`.
    pub(crate) unsafe fn from_raw(raw: *mut T) -> Self {
        Self(NonNull::new(raw).unwrap())
    }
}

impl<T> Deref for KBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: Valid until it is dropped.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Drop for KBox<T> {
    fn drop(&mut self) {
        // SAFETY: Valid until now.
        unsafe { self.0.drop_in_place() };
        memory::free(self.0.cast(), Some(Layout::new::<T>()));
    }
}

/// A string.
pub(crate) struct CString(NonNull<c_char>);

impl CString {
    pub(crate) fn as_char_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }
}

impl TryFrom<&CStr> for CString {
    type Error = Error;

    fn try_from(name: &CStr) -> Result<Self> {
        let bytes = name.to_bytes_with_nul();
        let memory =
            memory::alloc(Layout::array::<u8>(bytes.len()).unwrap()).ok_or(Error::ENOMEM)?;
        // SAFETY: As long as that.
        unsafe { memory.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
        Ok(Self(memory.cast()))
    }
}

impl Drop for CString {
    fn drop(&mut self) {
        memory::free(self.0.cast(), None);
    }
}
