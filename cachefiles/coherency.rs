// SPDX-License-Identifier: GPL-2.0-only

//! The extended attribute that says what a file, or a volume's directory, holds: pure.
//!
//! Its name is [`XATTR_NAME`]. What it holds is the C cachefiles' format, all numbers big-endian:
//!
//! | object | bytes | volume | bytes |
//! |---|---|---|---|
//! | size of the object | 8 | reserved, zero | 4 |
//! | zero point, zero | 8 | coherency data of the filesystem | to the end |
//! | type, 1 | 1 | | |
//! | [`Content`] | 1 | | |
//! | coherency data of the filesystem | to the end | | |
//!
//! Reading it has three answers only: it agrees, it does not, or the disk failed. What is missing,
//! too short, too long or otherwise odd does not agree: the file is made anew.

use crate::filled::Filled;
use core::mem::MaybeUninit;

/// The name of the attribute.
pub(crate) const XATTR_NAME: &core::ffi::CStr = c"user.CacheFiles.cache";

/// The most coherency data that a cookie or a volume can have, in bytes.
pub(crate) const DATA_MAX: usize = 255;

/// Bytes in front of an object's coherency data.
const OBJECT_HEAD: usize = 18;

/// Bytes in front of a volume's coherency data.
const VOLUME_HEAD: usize = 4;

/// The longest attribute of either kind, in bytes.
pub(crate) const XATTR_MAX: usize = OBJECT_HEAD + DATA_MAX;

/// The only type of object there is.
const TYPE_DATA: u8 = 1;

/// What an object's file holds, as stored on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Content {
    /// No statement; what is there is found by looking for holes. The C cachefiles writes only
    /// this one and [`Content::Dirty`].
    NoData = 0,
    /// One blob, all of it present.
    Single = 1,
    /// All present.
    All = 2,
    /// Present in pieces, as the backing filesystem's map says.
    BackfsMap = 3,
    /// Modified locally, and not yet known to be on the server.
    Dirty = 4,
}

impl Content {
    /// Reads the byte on disk.
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::NoData,
            Self::Single,
            Self::All,
            Self::BackfsMap,
            Self::Dirty,
        ]
        .into_iter()
        .find(|content| *content as u8 == byte)
    }
}

/// What a comparison with the stored attribute came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It agrees.
    Coherent,
    /// It is missing, or its length is wrong.
    BadXattr,
    /// It describes another type of object.
    BadType,
    /// The coherency data differs.
    BadData,
    /// The size of the object differs.
    BadSize,
    /// What the file holds is nothing that this version knows.
    BadContent,
    /// The file holds local changes that nobody can vouch for.
    Dirty,
    /// What must be zero is not.
    BadReserved,
}

/// Room for an attribute of either kind.
pub(crate) type Buffer = [MaybeUninit<u8>; XATTR_MAX];

/// A buffer with nothing in it.
pub(crate) const UNFILLED: Buffer = [MaybeUninit::uninit(); XATTR_MAX];

/// Coherency data as trace events show it: its first eight bytes, zeros behind what is shorter.
pub(crate) fn object_data_head(stored: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    let data = stored.get(OBJECT_HEAD..).unwrap_or(&[]);
    head.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
    head
}

/// The content byte as stored, or zero where there is none.
pub(crate) fn object_content_byte(stored: &[u8]) -> u8 {
    stored.get(OBJECT_HEAD - 1).copied().unwrap_or(0)
}

/// Makes an object's attribute. `data` is at most [`DATA_MAX`] bytes.
pub(crate) fn encode_object<'a>(
    buffer: &'a mut Buffer,
    size: u64,
    content: Content,
    data: &[u8],
) -> &'a [u8] {
    Filled::new(buffer)
        .push(&size.to_be_bytes())
        .push(&0u64.to_be_bytes())
        .push(&[TYPE_DATA, content as u8])
        .push(data)
        .into_bytes()
}

/// Compares a stored attribute with the size and the coherency data that an object should have.
pub(crate) fn check_object(stored: &[u8], size: u64, data: &[u8]) -> Verdict {
    let Some((head, stored_data)) = stored.split_first_chunk::<OBJECT_HEAD>() else {
        return Verdict::BadXattr;
    };
    if stored_data.len() != data.len() {
        return Verdict::BadXattr;
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7, _, _, _, _, _, _, _, _, kind, content] = *head;
    if kind != TYPE_DATA {
        Verdict::BadType
    } else if stored_data != data {
        Verdict::BadData
    } else if u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]) != size {
        Verdict::BadSize
    } else {
        match Content::from_byte(content) {
            None => Verdict::BadContent,
            Some(Content::Dirty) => Verdict::Dirty,
            Some(_) => Verdict::Coherent,
        }
    }
}

/// Makes a volume's attribute. `data` is at most [`DATA_MAX`] bytes.
pub(crate) fn encode_volume<'a>(buffer: &'a mut Buffer, data: &[u8]) -> &'a [u8] {
    Filled::new(buffer)
        .push(&0u32.to_be_bytes())
        .push(data)
        .into_bytes()
}

/// Compares a stored attribute with the coherency data that a volume should have.
pub(crate) fn check_volume(stored: &[u8], data: &[u8]) -> Verdict {
    let Some((reserved, stored_data)) = stored.split_first_chunk::<VOLUME_HEAD>() else {
        return Verdict::BadXattr;
    };
    if stored_data.len() != data.len() {
        Verdict::BadXattr
    } else if *reserved != [0; VOLUME_HEAD] {
        Verdict::BadReserved
    } else if stored_data != data {
        Verdict::BadData
    } else {
        Verdict::Coherent
    }
}
