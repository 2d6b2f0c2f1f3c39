// SPDX-License-Identifier: GPL-2.0-only

//! The hash of volume and cookie keys. Pure.
//!
//! The low bits of a cookie's hash choose the directory in which a backend keeps its file, so the
//! value is part of the format on disk: it must be the kernel's own `fscache_hash()`, on every
//! machine, bit for bit.

/// The kernel's 32-bit golden ratio, from `<linux/hash.h>`.
const GOLDEN_RATIO_32: u32 = 0x61C8_8647;

/// Hashes `key`, as if it were padded with zeros to a multiple of four bytes.
///
/// `salt` is 0 for a volume, and the volume's hash for a cookie.
pub(crate) fn hash(salt: u32, key: &[u8]) -> u32 {
    let (mut x, mut y) = (0u32, salt);
    let mut mix = |word| {
        x ^= u32::from_le_bytes(word);
        y ^= x;
        x = x.rotate_left(7).wrapping_add(y);
        y = y.rotate_left(20).wrapping_mul(9);
    };
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        if let Ok(word) = word.try_into() {
            mix(word);
        }
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let mut word = [0u8; 4];
        for (to, from) in word.iter_mut().zip(rest) {
            *to = *from;
        }
        mix(word);
    }
    (y ^ x.wrapping_mul(GOLDEN_RATIO_32)).wrapping_mul(GOLDEN_RATIO_32)
}
