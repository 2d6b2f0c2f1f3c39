// SPDX-License-Identifier: GPL-2.0-only

//! Any key has a name that is valid, that leads back to the key, and that no other key has, but
//! for those that `key.rs` tells of; or it has none, for the reason that is given.
#![no_main]

#[path = "../entry.rs"]
mod entry;
#[path = "../../../../cachefiles/key.rs"]
mod key;

use key::{fanout_name, grave_name, BadKey, ObjectName, VolumeName, NAME_MAX};

/// The key in words of 32 bits, as text.
fn in_hex(key: &[u8], read: fn([u8; 4]) -> u32) -> String {
    let word = |chunk: &[u8]| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        match read(word) {
            0 => String::new(),
            value => format!("{value:x}"),
        }
    };
    key.chunks(4).map(word).collect::<Vec<_>>().join(",")
}

/// How the key is written, by its bytes.
fn kind_of(key: &[u8]) -> char {
    if key
        .iter()
        .all(|&byte| byte > b' ' && byte < 0x80 && byte != b'/')
    {
        return 'D';
    }
    let big = 1 + in_hex(key, u32::from_be_bytes).len();
    let little = 1 + in_hex(key, u32::from_le_bytes).len();
    let base64 = 2 + key.len().div_ceil(3) * 4;
    match () {
        () if big.min(little) >= base64 => 'E',
        () if big <= little => 'S',
        () => 'T',
    }
}

/// From a name back to the key; that of words has zeros behind it.
fn key_of(name: &str) -> Vec<u8> {
    const DIGITS: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
    let (kind, rest) = name.split_at(1);
    let words = || {
        rest.split(',').map(|word| match word {
            "" => 0,
            word => u32::from_str_radix(word, 16).expect("a word in hexadecimal"),
        })
    };
    match kind {
        "D" => rest.as_bytes().to_vec(),
        "S" => words().flat_map(u32::to_be_bytes).collect(),
        "T" => words().flat_map(u32::to_le_bytes).collect(),
        "E" => {
            let padding: usize = rest[..1].parse().expect("a digit");
            let mut bytes = Vec::new();
            for four in rest.as_bytes()[1..].chunks(4) {
                assert_eq!(four.len(), 4);
                let bits = four.iter().rev().fold(0, |bits, &c| {
                    bits << 6 | DIGITS.find(char::from(c)).expect("a digit of 64") as u32
                });
                bytes.extend(&bits.to_le_bytes()[..3]);
            }
            for _ in 0..padding {
                assert_eq!(bytes.pop(), Some(0));
            }
            bytes
        }
        _ => panic!("a name of no kind: {name}"),
    }
}

/// What every name is, whatever it stands for.
fn check_name(bytes: &[u8]) -> &[u8] {
    assert!(!bytes.is_empty() && bytes.len() <= NAME_MAX);
    assert!(!bytes.contains(&0) && !bytes.contains(&b'/'));
    assert!(bytes != b"." && bytes != b"..");
    bytes
}

/// The name of an object, if it has one.
fn check_object(key: &[u8]) -> Option<Vec<u8>> {
    match ObjectName::of(key) {
        Ok(object) => {
            let mut name = vec![0; object.len()];
            object.write(&mut name).expect("it fits");
            check_name(&name);
            let text = std::str::from_utf8(&name).expect("ASCII");
            assert!(text.starts_with(kind_of(key)));
            let back = key_of(text);
            assert_eq!(&back[..key.len()], key);
            let zeros = &back[key.len()..];
            let words = text.starts_with(['S', 'T']);
            assert!(
                zeros.iter().all(|&byte| byte == 0) && zeros.len() <= if words { 3 } else { 0 }
            );
            Some(name)
        }
        Err(BadKey::Empty) => {
            assert!(key.is_empty());
            None
        }
        Err(BadKey::TooLong) => {
            let len = match kind_of(key) {
                'D' => 1 + key.len(),
                'E' => 2 + key.len().div_ceil(3) * 4,
                'S' => 1 + in_hex(key, u32::from_be_bytes).len(),
                _ => 1 + in_hex(key, u32::from_le_bytes).len(),
            };
            assert!(len > NAME_MAX);
            None
        }
        Err(BadKey::BadCharacter) => panic!("an object's key may hold anything"),
    }
}

fn check_volume(key: &[u8]) {
    let bad = key.iter().any(|byte| b"\0/".contains(byte));
    match VolumeName::of(key) {
        Ok(name) => {
            assert!(!bad);
            assert_eq!(check_name(name.as_bytes()), [b"I", key].concat());
        }
        Err(BadKey::Empty) => assert!(key.is_empty()),
        Err(BadKey::BadCharacter) => assert!(bad),
        Err(BadKey::TooLong) => assert!(!bad && key.len() >= NAME_MAX),
    }
}

/// Two keys of one name are one key, or one is the other followed by a few zeros.
fn check_pair(one: &[u8], other: &[u8]) {
    let (Some(name), Some(other_name)) = (check_object(one), check_object(other)) else {
        return;
    };
    if name == other_name && one != other {
        let (short, long) = if one.len() < other.len() {
            (one, other)
        } else {
            (other, one)
        };
        let zeros = long.strip_prefix(short).expect("one begins with the other");
        assert!(!zeros.is_empty() && zeros.len() < 4 && zeros.iter().all(|&byte| byte == 0));
    }
}

/// The input: where to cut it, and two keys.
fn run(mut input: &[u8]) {
    let cut = usize::from(entry::take_byte(&mut input));
    let seed = entry::take_byte(&mut input);
    let (one, other) = input.split_at(cut.min(input.len()));
    check_pair(one, other);
    check_volume(one);
    check_volume(other);
    // Those that are nearly the same.
    let mut near = one.to_vec();
    if let Some(byte) = near.get_mut(usize::from(seed) % one.len().max(1)) {
        *byte ^= 1 << (seed % 8);
        check_pair(one, &near);
    }
    check_pair(one, &[one, &vec![0; usize::from(seed % 5)]].concat());

    assert_eq!(
        check_name(&fanout_name(seed)),
        format!("@{seed:02x}").as_bytes()
    );
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u32, |word, &byte| word << 8 | u32::from(byte))
    };
    let (seconds, serial) = (word(one), word(other));
    let grave = grave_name(seconds, serial);
    assert_eq!(
        check_name(&grave),
        format!("{seconds:08x}{serial:08x}").as_bytes()
    );
}

entry::fuzz!(run);
