// SPDX-License-Identifier: GPL-2.0-only

use crate::key::*;
use proptest::prelude::*;
use std::collections::HashMap;

/// Fills what is as long as the name says it is, and not what is shorter.
fn object_name(key: &[u8]) -> Result<Vec<u8>, BadKey> {
    let name = ObjectName::of(key)?;
    let mut bytes = vec![0; name.len()];
    name.write(&mut bytes).expect("it fits");
    let mut short = vec![0; name.len() - 1];
    assert_eq!(name.write(&mut short), Err(BadKey::TooLong));
    Ok(bytes)
}

fn name(key: &[u8]) -> String {
    String::from_utf8(object_name(key).expect("a name")).unwrap()
}

/// Names worked out by hand from the description of the format.
#[test]
fn known_names() {
    assert_eq!(name(b"hello"), "Dhello");
    assert_eq!(name(b"a\x7fb"), "Da\x7fb");
    // A slash is not printable. 0x622f61, six bits at a time from the low end: 33, 61, 34, 24.
    assert_eq!(name(b"a/b"), "E0xZyo");
    assert_eq!(name(&[0, 0, 0, 1]), "S1");
    assert_eq!(name(&[1, 0, 0, 0]), "T1");
    assert_eq!(name(&[0, 0, 0, 0]), "S");
    assert_eq!(name(&[0; 8]), "S,");
    assert_eq!(
        name(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xab, 0xcd]),
        "S1,,abcd"
    );
    assert_eq!(name(&[0x10, 0, 0, 0, 2, 0, 0, 0]), "T10,2");
    // 255 in every byte: 8 digits and a comma a word are longer than base64's 16 for 12 bytes.
    assert_eq!(name(&[255; 12]), "E0----------------");
    assert_eq!(name(&[0xff]), "Tff");
    assert_eq!(name(&[0xff, 0xff, 0xff]), "E0----");
}

#[test]
fn volumes() {
    assert_eq!(
        VolumeName::of(b"nfs,4.2,x").unwrap().as_bytes(),
        b"Infs,4.2,x"
    );
    assert!(matches!(VolumeName::of(b""), Err(BadKey::Empty)));
    assert!(matches!(VolumeName::of(b"a/b"), Err(BadKey::BadCharacter)));
    assert!(matches!(VolumeName::of(b"a\0b"), Err(BadKey::BadCharacter)));
    for len in 1..=300usize {
        let got = VolumeName::of(&vec![b'k'; len]);
        assert_eq!(got.is_ok(), len <= 254, "{len}");
    }
}

#[test]
fn fanout() {
    for i in 0..=255u8 {
        assert_eq!(fanout_name(i), format!("@{i:02x}").as_bytes());
    }
}

#[test]
fn graves() {
    for (s, n) in [
        (0, 0),
        (1, u32::MAX),
        (0x6123_4567, 0x89ab_cdef),
        (u32::MAX, 5),
    ] {
        assert_eq!(grave_name(s, n), format!("{s:08x}{n:08x}").as_bytes());
    }
}

/// The encoding once more, with strings and formatting.
fn model(key: &[u8]) -> Option<String> {
    if key.is_empty() {
        return None;
    }
    let fits = |s: String| (s.len() <= 255).then_some(s);
    if key.iter().all(|b| *b > 32 && *b < 128 && *b != b'/') {
        return fits(format!("D{}", String::from_utf8(key.to_vec()).unwrap()));
    }
    let mut padded = key.to_vec();
    while padded.len() % 4 != 0 {
        padded.push(0);
    }
    let hex = |big: bool| {
        padded
            .chunks(4)
            .map(|c| {
                let a: [u8; 4] = c.try_into().unwrap();
                let w = if big {
                    u32::from_be_bytes(a)
                } else {
                    u32::from_le_bytes(a)
                };
                if w == 0 {
                    String::new()
                } else {
                    format!("{w:x}")
                }
            })
            .collect::<Vec<_>>()
            .join(",")
    };
    let (s, t) = (format!("S{}", hex(true)), format!("T{}", hex(false)));
    let b64_len = 2 + key.len().div_ceil(3) * 4;
    if s.len() < b64_len || t.len() < b64_len {
        return fits(if s.len() <= t.len() { s } else { t });
    }
    let alphabet: Vec<char> = ('0'..='9')
        .chain('a'..='z')
        .chain('A'..='Z')
        .chain(['_', '-'])
        .collect();
    let mut out = format!("E{}", (3 - key.len() % 3) % 3);
    for c in key.chunks(3) {
        let mut acc = 0usize;
        for (i, b) in c.iter().enumerate() {
            acc |= usize::from(*b) << (8 * i);
        }
        for _ in 0..4 {
            out.push(alphabet[acc % 64]);
            acc /= 64;
        }
    }
    fits(out)
}

fn check(key: &[u8]) {
    let got = object_name(key).ok();
    let want = model(key);
    assert_eq!(
        got.as_deref(),
        want.as_ref().map(|s| s.as_bytes()),
        "{key:?}"
    );
    if let Ok(n) = object_name(key) {
        assert!(!n.contains(&b'/') && !n.contains(&0));
        assert!(n.len() <= NAME_MAX);
    }
}

#[test]
fn every_key_of_one_and_two_bytes() {
    for a in 0..=255u8 {
        check(&[a]);
        for b in 0..=255u8 {
            check(&[a, b]);
        }
    }
}

/// No two keys of one length share a name.
#[test]
fn injective_over_small_keys() {
    for len in 1..=5usize {
        let bytes = [0u8, 1, 9, b'/', b'0', b'a', 127, 128, 255];
        let mut seen: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for mut n in 0..bytes.len().pow(len as u32) {
            let mut key = Vec::new();
            for _ in 0..len {
                key.push(bytes[n % bytes.len()]);
                n /= bytes.len();
            }
            check(&key);
            let name = object_name(&key).unwrap();
            if let Some(other) = seen.insert(name, key.clone()) {
                panic!("{key:?} and {other:?} share a name");
            }
        }
    }
}

#[test]
fn every_length() {
    for len in 1..=255usize {
        for fill in [0u8, 1, b'a', b' ', 255] {
            check(&vec![fill; len]);
        }
    }
    assert!(matches!(object_name(b""), Err(BadKey::Empty)));
    assert!(matches!(object_name(&[255; 255]), Err(BadKey::TooLong)));
    assert!(matches!(object_name(&[b'a'; 255]), Err(BadKey::TooLong)));
    assert!(object_name(&[b'a'; 254]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn like_the_model(key in proptest::collection::vec(any::<u8>(), 1..=255)) {
        check(&key);
    }

    #[test]
    fn like_the_model_when_sparse(key in proptest::collection::vec(prop_oneof![9 => Just(0u8), 1 => any::<u8>()], 1..=255)) {
        check(&key);
    }

    #[test]
    fn different_keys_of_one_length(a in proptest::collection::vec(any::<u8>(), 1..=180), at in any::<prop::sample::Index>(), x in 1u8..) {
        let mut b = a.clone();
        b[at.index(a.len())] ^= x;
        let (a, b) = (object_name(&a).unwrap(), object_name(&b).unwrap());
        prop_assert_ne!(a, b);
    }
}
