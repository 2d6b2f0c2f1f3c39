// SPDX-License-Identifier: GPL-2.0-only

use crate::coherency::{Verdict::*, *};
use proptest::prelude::*;

fn object(size: u64, content: Content, data: &[u8]) -> Vec<u8> {
    encode_object(&mut { UNFILLED }, size, content, data).to_vec()
}

fn volume(data: &[u8]) -> Vec<u8> {
    encode_volume(&mut { UNFILLED }, data).to_vec()
}

#[test]
fn format_of_an_object() {
    let v = object(0x0102_0304_0506_0708, Content::NoData, b"abc");
    assert_eq!(
        v,
        b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\0\x01\0abc"
    );
    let v = object(4096, Content::Dirty, b"");
    assert_eq!(v, b"\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\x01\x04");
    assert_eq!(XATTR_NAME.to_bytes(), b"user.CacheFiles.cache");
}

#[test]
fn format_of_a_volume() {
    assert_eq!(volume(b"xyz"), b"\0\0\0\0xyz");
    assert_eq!(check_volume(b"\0\0\0\0xyz", b"xyz"), Coherent);
    assert_eq!(check_volume(b"\0\0\0\0", b""), Coherent);
    assert_eq!(check_volume(b"\0\0\x01\0xyz", b"xyz"), BadReserved);
    assert_eq!(check_volume(b"\0\0\0\0xyz", b"xyy"), BadData);
    assert_eq!(check_volume(b"\0\0\0\0xyz", b"xy"), BadXattr);
    assert_eq!(check_volume(b"\0\0\0", b""), BadXattr);
    assert_eq!(check_volume(b"", b""), BadXattr);
}

#[test]
fn every_type_and_content() {
    for kind in 0..=255u8 {
        for content in 0..=255u8 {
            let mut stored = object(7, Content::NoData, b"cc");
            stored[16] = kind;
            stored[17] = content;
            let want = match (kind, content) {
                (1, 0..=3) => Coherent,
                (1, 4) => Dirty,
                (1, _) => BadContent,
                _ => BadType,
            };
            assert_eq!(check_object(&stored, 7, b"cc"), want);
            assert_eq!(object_content_byte(&stored), content);
        }
    }
}

#[test]
fn every_length() {
    for len in 0..=300usize {
        let stored = vec![1u8; len];
        for data in [0usize, 1, 8, 20, 255] {
            let verdict = check_object(&stored, 0, &vec![1u8; data]);
            assert_eq!(verdict == BadXattr, len != 18 + data, "{len} {data}");
            let verdict = check_volume(&stored, &vec![1u8; data]);
            assert_eq!(verdict == BadXattr, len != 4 + data, "{len} {data}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn roundtrip(size in any::<u64>(), data in proptest::collection::vec(any::<u8>(), 0..=255)) {
        let v = object(size, Content::NoData, &data);
        prop_assert_eq!(v.len(), 18 + data.len());
        prop_assert_eq!(check_object(&v, size, &data), Coherent);
        prop_assert_eq!(check_object(&v, size ^ 1, &data), BadSize);
        let head = object_data_head(&v);
        for i in 0..8 {
            prop_assert_eq!(head[i], data.get(i).copied().unwrap_or(0));
        }
        let v = volume(&data);
        prop_assert_eq!(check_volume(&v, &data), Coherent);
    }

    #[test]
    fn one_flipped_bit_is_seen(size in any::<u64>(), data in proptest::collection::vec(any::<u8>(), 0..=255), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut stored = object(size, Content::NoData, &data);
        let at = at.index(stored.len());
        stored[at] ^= 1 << bit;
        let verdict = check_object(&stored, size, &data);
        // The zero point is not read, and contents 0 to 3 are all good.
        let unread = (8..16).contains(&at) || (at == 17 && stored[17] < 4);
        prop_assert_eq!(verdict == Coherent, unread);
    }

    #[test]
    fn any_bytes(stored in proptest::collection::vec(any::<u8>(), 0..400), size in any::<u64>(), data in proptest::collection::vec(any::<u8>(), 0..=255)) {
        let _ = check_object(&stored, size, &data);
        let _ = check_volume(&stored, &data);
        let _ = object_data_head(&stored);
        let _ = object_content_byte(&stored);
    }
}
