// SPDX-License-Identifier: GPL-2.0-only

//! Any bytes as a stored attribute: one agrees only if it is what would be stored, but for the
//! zero point of an object, which nobody looks at, as in C. What is stored agrees.
#![no_main]

#[path = "../../../../cachefiles/coherency.rs"]
mod coherency;
#[path = "../entry.rs"]
mod entry;
#[path = "../../../../cachefiles/filled.rs"]
mod filled;

use coherency::{
    check_object, check_volume, encode_object, encode_volume, object_content_byte,
    object_data_head, Content, Verdict, DATA_MAX, UNFILLED, XATTR_MAX,
};
use entry::{take, take_byte};

/// Every content that may be stored.
const CONTENTS: [Content; 5] = [
    Content::NoData,
    Content::Single,
    Content::All,
    Content::BackfsMap,
    Content::Dirty,
];

/// The same attribute but for the zero point.
fn same_but_zero_point(one: &[u8], other: &[u8]) -> bool {
    let without = |bytes: &[u8]| [bytes.get(..8), bytes.get(16..)].map(|p| p.map(<[u8]>::to_vec));
    one.len() == other.len() && without(one) == without(other)
}

fn check_stored_object(stored: &[u8], size: u64, data: &[u8]) {
    let verdict = check_object(stored, size, data);
    // As which content would it have been stored?
    let made_as = CONTENTS.into_iter().find(|&content| {
        same_but_zero_point(
            stored,
            encode_object(&mut { UNFILLED }, size, content, data),
        )
    });
    match made_as {
        Some(Content::Dirty) => assert_eq!(verdict, Verdict::Dirty),
        Some(_) => assert_eq!(verdict, Verdict::Coherent),
        None => assert!(!matches!(verdict, Verdict::Dirty | Verdict::Coherent)),
    }
    // What is said to be wrong is wrong.
    let field = |range: std::ops::Range<usize>| stored.get(range).unwrap_or(&[]);
    match verdict {
        Verdict::BadXattr => assert_ne!(stored.len(), 18 + data.len()),
        Verdict::BadType => assert_ne!(stored.get(16), Some(&1)),
        Verdict::BadData => assert_ne!(&stored[18..], data),
        Verdict::BadSize => assert_ne!(field(0..8), size.to_be_bytes()),
        Verdict::BadContent => assert!(stored[17] > Content::Dirty as u8),
        Verdict::BadReserved => panic!("an object has nothing reserved"),
        Verdict::Dirty | Verdict::Coherent => {}
    }
    // What trace events show.
    assert_eq!(
        object_content_byte(stored),
        stored.get(17).copied().unwrap_or(0)
    );
    let mut head: Vec<u8> = stored.iter().skip(18).take(8).copied().collect();
    head.resize(8, 0);
    assert_eq!(object_data_head(stored).to_vec(), head);
}

fn check_stored_volume(stored: &[u8], data: &[u8]) {
    let verdict = check_volume(stored, data);
    assert_eq!(
        verdict == Verdict::Coherent,
        stored == encode_volume(&mut { UNFILLED }, data)
    );
    match verdict {
        Verdict::Coherent => {}
        Verdict::BadXattr => assert_ne!(stored.len(), 4 + data.len()),
        Verdict::BadReserved => assert_ne!(&stored[..4], [0; 4]),
        Verdict::BadData => assert_ne!(&stored[4..], data),
        other => panic!("{other:?} of a volume"),
    }
}

/// What disks do: bytes change, the end is lost or something follows.
fn damage(bytes: &[u8], mut how: &[u8]) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    while let [what, rest @ ..] = how {
        how = rest;
        let at = usize::from(take_byte(&mut how)) + 256 * usize::from(*what & 1);
        match *what >> 6 {
            0 => damaged.truncate(at),
            1 => damaged.extend(take(&mut how, at)),
            _ => {
                if let Some(byte) = damaged.get_mut(at) {
                    *byte ^= take_byte(&mut how);
                }
            }
        }
    }
    damaged
}

/// The input: eight bytes of size, the content, a length, so many bytes of data, and a stored
/// attribute, which is also taken for damage done to a good one.
fn run(mut input: &[u8]) {
    let mut size = [0; 8];
    size.iter_mut()
        .for_each(|byte| *byte = take_byte(&mut input));
    let size = u64::from_be_bytes(size);
    let content = CONTENTS[usize::from(take_byte(&mut input)) % CONTENTS.len()];
    let len = usize::from(take_byte(&mut input));
    let data = take(&mut input, len.min(DATA_MAX));

    let (mut for_object, mut for_volume) = (UNFILLED, UNFILLED);
    let object = encode_object(&mut for_object, size, content, data);
    assert!(object.len() == 18 + data.len() && object.len() <= XATTR_MAX);
    let volume = encode_volume(&mut for_volume, data);
    assert!(volume.len() == 4 + data.len() && volume.len() <= XATTR_MAX);

    for stored in [
        object,
        volume,
        input,
        &damage(object, input),
        &damage(volume, input),
    ] {
        check_stored_object(stored, size, data);
        check_stored_volume(stored, data);
        // Also as that of an object that was never cached, or has no coherency data.
        check_stored_object(stored, 0, &[]);
        check_stored_volume(stored, &[]);
    }
}

entry::fuzz!(run);
