// SPDX-License-Identifier: GPL-2.0-only

//! Keys and coherency data of every length (R7).

use super::stage::{blob, Stage};
use crate::{cookie, hash::hash, layout::VolumeRef, prelude::*, trace::VolumeWhy, volume};
use std::ffi::CString;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + len) as u8 | 1).collect()
}

#[test]
fn of_cookies() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    for len in 1..=255 {
        let key = bytes(len);
        let cookie = cookie::acquire(&volume, 0, &key, blob(b""), 1).unwrap();
        assert_eq!(cookie.key(), key);
        assert_eq!(cookie.key_hash(), hash(volume.key_hash(), &key));
        cookie::relinquish(cookie, false);
    }
    for len in [0, 256, 257, 300, 65_536] {
        assert!(
            cookie::acquire(&volume, 0, &bytes(len), blob(b""), 1).is_none(),
            "{len}"
        );
    }
    stage.give_up(volume);
    stage.end();
}

#[test]
fn coherency_data_of_cookies() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    for len in 0..=255 {
        let aux = bytes(len);
        let cookie = cookie::acquire(&volume, 0, b"key", blob(&aux), 1).unwrap();
        let mut seen = [0; 255];
        assert_eq!(cookie.copy_aux(&mut seen), len);
        assert_eq!(seen[..len], aux);
        // More than there is room for is left out.
        cookie.update_aux(blob(&[0xff; 300]));
        assert_eq!(cookie.copy_aux(&mut seen), len);
        assert!(seen[..len].iter().all(|byte| *byte == 0xff));
        assert_eq!(cookie.key(), b"key");
        cookie::relinquish(cookie, false);
    }
    for len in [256, 257, 300] {
        assert!(
            cookie::acquire(&volume, 0, b"key", blob(&bytes(len)), 1).is_none(),
            "{len}"
        );
    }
    stage.give_up(volume);
    stage.end();
}

#[test]
fn of_volumes() {
    let stage = Stage::new();
    for len in 0..=255 {
        let key = CString::new(bytes(len)).unwrap();
        let volume = volume::acquire(&key, None, blob(b"")).unwrap();
        assert_eq!(volume.key(), key.to_bytes());
        // Of the length byte, the key and zeros, as C has it.
        let mut padded = vec![len as u8];
        padded.extend(key.to_bytes());
        padded.push(0);
        assert_eq!(volume.key_hash(), hash(0, &padded));
        stage.give_up(volume);
    }
    let key = CString::new(bytes(256)).unwrap();
    assert_eq!(volume::acquire(&key, None, blob(b"")).err(), Some(ENOMEM));
    stage.end();
}

#[test]
fn coherency_data_of_volumes() {
    let stage = Stage::new();
    for len in [0, 1, 7, 8, 127, 128, 255] {
        let volume = volume::acquire(c"v", None, blob(&bytes(len))).unwrap();
        assert_eq!(volume.coherency_len(), len);
        volume::relinquish(volume, blob(&[0xff; 300][..len]), false);
    }
    assert!(volume::acquire(c"v", None, blob(&bytes(256))).is_err());
    stage.end();
}

/// What is given when a volume is given up is there for the backend to store; unless its content is
/// to be forgotten (D26).
#[test]
fn coherency_data_that_is_new() {
    let stage = Stage::new();
    for (invalidate, stored) in [(false, b"new"), (true, b"old")] {
        let volume = volume::acquire(c"v", None, blob(b"old")).unwrap();
        let held = VolumeRef::get(&volume, VolumeWhy::GetCookie);
        volume::relinquish(volume, blob(b"new"), invalidate);
        // SAFETY: It lies behind the structure.
        let data = unsafe {
            (&raw const (*held.as_raw()).coherency)
                .cast::<[u8; 3]>()
                .read()
        };
        assert_eq!(data, *stored);
        assert_eq!(held.flags().any(volume::flags::INVALIDATE), invalidate);
        held.put(VolumeWhy::PutCookie);
    }
    stage.end();
}
