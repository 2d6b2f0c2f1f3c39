// SPDX-License-Identifier: GPL-2.0-only

//! I/O vectors that C code lends us.

use crate::bindings;
use core::marker::PhantomData;

/// An `iov_iter` that is borrowed from C.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and nobody else uses the vector during it.
pub(crate) struct IoVector<'a> {
    iter: *mut bindings::iov_iter,
    borrowed: PhantomData<&'a mut bindings::iov_iter>,
}

#[allow(dead_code)] // Each of the two modules uses its part.
impl IoVector<'_> {
    /// Borrows a vector.
    ///
    /// # Safety
    ///
    /// `iter` must be valid for as long as the result lives, and be used by nobody else.
    pub(crate) unsafe fn from_raw(iter: *mut bindings::iov_iter) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            iter,
            borrowed: PhantomData,
        }
    }

    /// A copy, which needs the buffers that this does.
    pub(crate) fn copy(&self) -> bindings::iov_iter {
        // SAFETY: By the invariant.
        unsafe { self.iter.read() }
    }

    /// Takes over how far a copy has come.
    pub(crate) fn set(&mut self, copy: bindings::iov_iter) {
        // SAFETY: By the invariant.
        unsafe { self.iter.write(copy) };
    }

    fn count_ptr(&self) -> *mut usize {
        // SAFETY: By the invariant. The union's other member overlays the same field.
        unsafe {
            let union = &raw mut (*self.iter).__bindgen_anon_1;
            let inner = union.cast::<bindings::iov_iter__bindgen_ty_1__bindgen_ty_1>();
            &raw mut (*inner).count
        }
    }

    /// Bytes left.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the invariant.
        unsafe { *self.count_ptr() }
    }

    /// Skips bytes at the front; at most those that are left.
    pub(crate) fn advance(&mut self, bytes: usize) {
        let bytes = bytes.min(self.len());
        // SAFETY: By the invariant; no more than there is.
        unsafe { bindings::iov_iter_advance(self.iter, bytes) };
    }

    /// Fills the first bytes with zeros and skips them.
    pub(crate) fn zero(&mut self, bytes: usize) {
        let bytes = bytes.min(self.len());
        // SAFETY: By the invariant; no more than there is.
        unsafe { bindings::iov_iter_zero(bytes, self.iter) };
    }

    /// Drops bytes at the end so that `len` are left.
    pub(crate) fn truncate(&mut self, len: usize) {
        let len = len.min(self.len());
        // SAFETY: By the invariant; only ever made smaller.
        unsafe { *self.count_ptr() = len };
    }

    /// Adds bytes at the end.
    ///
    /// # Safety
    ///
    /// The buffer behind the vector must really reach that far.
    pub(crate) unsafe fn extend(&mut self, bytes: usize) {
        let len = self.len().saturating_add(bytes);
        // SAFETY: By the invariant and the function's contract.
        unsafe { *self.count_ptr() = len };
    }
}
