// SPDX-License-Identifier: GPL-2.0-only

//! From an index key to a file name: pure.
//!
//! The names are those of the C cachefiles, so that either finds what the other stored:
//!
//! | first letter | the key is written as |
//! |---|---|
//! | `I` | a volume's key, as it is |
//! | `@` | two hexadecimal digits: the fan-out directory, by the low byte of the key's hash |
//! | `D` | the key as it is, if every byte of it is printable and none is a slash |
//! | `S`, `T` | words of 32 bits in hexadecimal, zero being nothing at all, commas between them; read big-endian (`S`) or little-endian (`T`), whichever is shorter |
//! | `E` | a digit for the padding, then four characters for every three bytes, least significant bits first |
//!
//! `S` and `T` are used when one of them is shorter than `E`. They pad a key with zeros to whole
//! words, so two keys of different lengths may share a name if one is the other followed by zeros.
//! Every filesystem gives all objects of a volume keys of one length, or (NFS) handles that say
//! their own; among keys of one length the names are unique.
//!
//! A name longer than a directory entry can be is refused: the object is not cached.

/// The longest name of a directory entry, in bytes.
pub(crate) const NAME_MAX: usize = 255;

/// Why a key has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadKey {
    /// There is nothing in it.
    Empty,
    /// Its name would be longer than [`NAME_MAX`].
    TooLong,
    /// A volume's key holds a slash or a NUL.
    BadCharacter,
}

impl BadKey {
    /// As a message says it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Empty => "it is empty",
            Self::TooLong => "it is too long",
            Self::BadCharacter => "it holds a slash or a NUL",
        }
    }
}

/// A file name.
///
/// # Invariants
///
/// The first `len` bytes are the name, `0 < len <= NAME_MAX`; the byte behind them is NUL.
#[derive(Clone)]
pub(crate) struct FileName {
    bytes: [u8; NAME_MAX + 1],
    len: usize,
}

impl FileName {
    /// Begins a name with the letter that says how the rest is to be read.
    fn new(kind: u8) -> Self {
        let mut bytes = [0; NAME_MAX + 1];
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        // INVARIANT: One byte is used, all others are NUL.
        Self { bytes, len: 1 }
    }

    /// Appends a byte.
    fn push(&mut self, byte: u8) -> Result<(), BadKey> {
        if self.len >= NAME_MAX {
            return Err(BadKey::TooLong);
        }
        let slot = self.bytes.get_mut(self.len).ok_or(BadKey::TooLong)?;
        *slot = byte;
        // INVARIANT: `len` was below `NAME_MAX`, and what lies behind is still NUL.
        self.len = self.len.saturating_add(1);
        Ok(())
    }

    /// Appends bytes.
    fn extend(&mut self, bytes: &[u8]) -> Result<(), BadKey> {
        bytes.iter().try_for_each(|&byte| self.push(byte))
    }

    /// The name.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// The name and the NUL behind it.
    pub(crate) fn as_bytes_with_nul(&self) -> &[u8] {
        self.bytes.get(..=self.len).unwrap_or(&[0])
    }
}

/// The 64 characters of the `E` form.
const DIGITS64: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";

/// Whether a byte may stand for itself in a name. DEL counts, as it always did.
fn is_printable(byte: u8) -> bool {
    matches!(byte, 33..=46 | 48..=127)
}

/// How many hexadecimal digits a word takes; none for zero.
fn hex_width(word: u32) -> usize {
    usize::try_from(u32::BITS.saturating_sub(word.leading_zeros()).div_ceil(4)).unwrap_or(8)
}

/// The key in words of four bytes, the last one padded with zeros.
fn words(key: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    key.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word.iter_mut()
            .zip(chunk)
            .for_each(|(to, from)| *to = *from);
        word
    })
}

/// Appends a word in hexadecimal, without leading zeros; zero appends nothing.
fn push_hex(name: &mut FileName, word: u32) -> Result<(), BadKey> {
    (0..hex_width(word)).rev().try_for_each(|digit| {
        let shift = u32::try_from(digit).unwrap_or(0).saturating_mul(4);
        let nibble = word.checked_shr(shift).unwrap_or(0) & 0xf;
        name.push(char::from_digit(nibble, 16).map_or(b'0', |c| c as u8))
    })
}

/// The `S` or `T` form.
fn in_hex(key: &[u8], kind: u8, read: fn([u8; 4]) -> u32) -> Result<FileName, BadKey> {
    let mut name = FileName::new(kind);
    words(key).enumerate().try_for_each(|(i, word)| {
        if i > 0 {
            name.push(b',')?;
        }
        push_hex(&mut name, read(word))
    })?;
    Ok(name)
}

/// The `E` form.
fn in_base64(key: &[u8]) -> Result<FileName, BadKey> {
    let mut name = FileName::new(b'E');
    let padding = (3usize.saturating_sub(key.len() % 3)) % 3;
    name.push(b'0'.saturating_add(u8::try_from(padding).unwrap_or(0)))?;
    key.chunks(3).try_for_each(|chunk| {
        let bits = chunk
            .iter()
            .rev()
            .fold(0u32, |bits, &byte| (bits << 8) | u32::from(byte));
        [0u32, 6, 12, 18].into_iter().try_for_each(|shift| {
            let digit = usize::try_from((bits >> shift) & 63).unwrap_or(0);
            name.push(DIGITS64.get(digit).copied().unwrap_or(b'0'))
        })
    })?;
    Ok(name)
}

/// The name of the file that holds the object with this key.
///
/// # Errors
///
/// [`BadKey::Empty`], or [`BadKey::TooLong`] if no form fits a directory entry.
pub(crate) fn object_name(key: &[u8]) -> Result<FileName, BadKey> {
    if key.is_empty() {
        return Err(BadKey::Empty);
    }
    if key.iter().all(|&byte| is_printable(byte)) {
        let mut name = FileName::new(b'D');
        name.extend(key)?;
        return Ok(name);
    }

    let hex_len = |read: fn([u8; 4]) -> u32| {
        words(key).fold(0usize, |len, word| {
            len.saturating_add(1).saturating_add(hex_width(read(word)))
        })
    };
    let big = hex_len(u32::from_be_bytes);
    let little = hex_len(u32::from_le_bytes);
    let base64 = key.len().div_ceil(3).saturating_mul(4).saturating_add(2);

    if big.min(little) >= base64 {
        in_base64(key)
    } else if big <= little {
        in_hex(key, b'S', u32::from_be_bytes)
    } else {
        in_hex(key, b'T', u32::from_le_bytes)
    }
}

/// The name of the directory that holds the volume with this key.
///
/// # Errors
///
/// A [`BadKey`] if the key is empty, too long, or holds what no directory entry may hold.
pub(crate) fn volume_name(key: &[u8]) -> Result<FileName, BadKey> {
    if key.is_empty() {
        return Err(BadKey::Empty);
    }
    if key.iter().any(|&byte| byte == b'/' || byte == 0) {
        return Err(BadKey::BadCharacter);
    }
    let mut name = FileName::new(b'I');
    name.extend(key)?;
    Ok(name)
}

/// The name of a fan-out directory.
pub(crate) fn fanout_name(index: u8) -> FileName {
    let mut name = FileName::new(b'@');
    for shift in [4u32, 0] {
        let nibble = u32::from(index).checked_shr(shift).unwrap_or(0) & 0xf;
        // Two more bytes always fit.
        let _ = name.push(char::from_digit(nibble, 16).map_or(b'0', |c| c as u8));
    }
    name
}

/// The name of a grave: the time of burial, in seconds, and a number that makes it unique.
pub(crate) fn grave_name(seconds: u32, serial: u32) -> FileName {
    let mut name = FileName::new(hex_digit(seconds, 28));
    for shift in [24u32, 20, 16, 12, 8, 4, 0] {
        // Fifteen more bytes always fit.
        let _ = name.push(hex_digit(seconds, shift));
    }
    for shift in [28u32, 24, 20, 16, 12, 8, 4, 0] {
        let _ = name.push(hex_digit(serial, shift));
    }
    name
}

/// One hexadecimal digit of a word.
fn hex_digit(word: u32, shift: u32) -> u8 {
    let nibble = word.checked_shr(shift).unwrap_or(0) & 0xf;
    char::from_digit(nibble, 16).map_or(b'0', |c| c as u8)
}
