// SPDX-License-Identifier: GPL-2.0-only

//! Bytes that are put together piece by piece, in memory that nobody cleared before.
//!
//! Most attributes are a tenth as long as they may be: to clear room for the longest, and to move
//! it, cost more than to fill it.

use core::{
    mem::MaybeUninit,
    slice, //
};

/// A buffer, and how much of it was filled.
///
/// # Invariants
///
/// The first `len` bytes of the buffer are initialised, and `len` is not more than it has.
pub(crate) struct Filled<'a> {
    buffer: &'a mut [MaybeUninit<u8>],
    len: usize,
}

impl<'a> Filled<'a> {
    /// With nothing in it.
    pub(crate) fn new(buffer: &'a mut [MaybeUninit<u8>]) -> Self {
        // INVARIANT: None is initialised.
        Self { buffer, len: 0 }
    }

    /// Appends a piece; one that does not fit is left out.
    #[inline]
    pub(crate) fn push(mut self, piece: &[u8]) -> Self {
        let end = self.len.saturating_add(piece.len());
        if let Some(room) = self.buffer.get_mut(self.len..end) {
            // SAFETY: There is room for as much, which is borrowed exclusively, so that the piece
            // lies elsewhere.
            unsafe {
                room.as_mut_ptr()
                    .cast::<u8>()
                    .copy_from_nonoverlapping(piece.as_ptr(), piece.len())
            };
            // INVARIANT: All up to the end of the room was filled just now, or before.
            self.len = end;
        }
        self
    }

    /// What was put together.
    pub(crate) fn into_bytes(self) -> &'a [u8] {
        // SAFETY: By the invariants; the buffer stays borrowed as long as the bytes are.
        unsafe { slice::from_raw_parts(self.buffer.as_ptr().cast(), self.len) }
    }
}
