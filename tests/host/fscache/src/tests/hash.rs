// SPDX-License-Identifier: GPL-2.0-only

use crate::hash::hash;
use proptest::prelude::*;

/// The patterns of `hash.c`.
fn key(pattern: u32, len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| match pattern {
            0 => 0xff,
            1 => (i * 37 + 11) as u8,
            _ if i % 3 == 0 => 0,
            _ => i as u8,
        })
        .collect()
}

/// What a program in C makes of the kernel's formulas.
#[test]
fn as_in_c() {
    let mut n = 0;
    for line in include_str!("hash.vectors").lines() {
        if line.starts_with('#') {
            continue;
        }
        let mut words = line.split(' ');
        let mut next = |radix| u32::from_str_radix(words.next().unwrap(), radix).unwrap();
        let (pattern, len, salt, want) = (next(10), next(10), next(16), next(16));
        assert_eq!(hash(salt, &key(pattern, len as usize)), want, "{line}");
        n += 1;
    }
    assert_eq!(n, 3 * 26 * 4);
}

proptest! {
    /// The kernel hashes keys that are padded with zeros.
    #[test]
    fn padding_does_not_matter(salt: u32, key in proptest::collection::vec(any::<u8>(), 0..=255)) {
        let mut padded = key.clone();
        padded.resize(key.len().next_multiple_of(4), 0);
        prop_assert_eq!(hash(salt, &key), hash(salt, &padded));
    }

    /// The directory of a file is chosen by eight bits, so a bit of a key must be able to move it.
    #[test]
    fn every_bit_counts(salt: u32, key in proptest::collection::vec(any::<u8>(), 1..=255), bit: u16) {
        let mut other = key.clone();
        other[usize::from(bit / 8) % key.len()] ^= 1 << (bit % 8);
        prop_assert_ne!(hash(salt, &key), hash(salt, &other));
    }
}
