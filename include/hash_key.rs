// SPDX-License-Identifier: GPL-2.0-only

//! A secret that keeps others from choosing where in a hash table things come to lie.

use crate::bindings;
use kernel::prelude::*;

/// The key of the kernel's `hsiphash()`.
pub(crate) struct HashKey(bindings::hsiphash_key_t);

impl HashKey {
    /// A new one.
    pub(crate) fn random() -> Self {
        let mut key = bindings::hsiphash_key_t { key: [0; 2] };
        // SAFETY: The key is valid for writes of its own size.
        unsafe {
            bindings::get_random_bytes(
                (&raw mut key).cast::<c_void>(),
                core::mem::size_of_val(&key),
            )
        };
        Self(key)
    }

    /// The hash of some bytes.
    pub(crate) fn hash(&self, bytes: &[u8]) -> u32 {
        // SAFETY: Key and bytes are valid for reads.
        unsafe { bindings::fscache_helper_hash(bytes.as_ptr().cast(), bytes.len(), &self.0) }
    }
}
