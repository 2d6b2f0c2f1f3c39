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

/// Copies as much as there is, and there is room for.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Where a name is written, piece by piece: what is left of it.
struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    /// Appends bytes whose number the compiler knows.
    fn push<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), BadKey> {
        let left = core::mem::take(&mut self.0);
        let (to, left) = left.split_first_chunk_mut().ok_or(BadKey::TooLong)?;
        *to = bytes;
        self.0 = left;
        Ok(())
    }

    /// Appends the first `len` of these bytes. The others may be written behind them, where
    /// something is written next.
    fn push_first<const N: usize>(&mut self, bytes: [u8; N], len: usize) -> Result<(), BadKey> {
        let left = core::mem::take(&mut self.0);
        match left.first_chunk_mut() {
            Some(to) => *to = bytes,
            None => copy(left, &bytes),
        }
        self.0 = left.get_mut(len..).ok_or(BadKey::TooLong)?;
        Ok(())
    }

    /// Appends bytes.
    fn extend(&mut self, bytes: &[u8]) -> Result<(), BadKey> {
        let left = core::mem::take(&mut self.0);
        let (to, left) = left
            .split_at_mut_checked(bytes.len())
            .ok_or(BadKey::TooLong)?;
        copy(to, bytes);
        self.0 = left;
        Ok(())
    }
}

/// The name of the directory that holds a volume.
///
/// # Invariants
///
/// The first `len` bytes are the name, `1 < len <= NAME_MAX`.
#[derive(Clone)]
pub(crate) struct VolumeName {
    bytes: [u8; NAME_MAX],
    len: usize,
}

impl VolumeName {
    /// The name of the volume with this key.
    ///
    /// # Errors
    ///
    /// A [`BadKey`] if the key is empty, too long, or holds what no directory entry may hold.
    pub(crate) fn of(key: &[u8]) -> Result<Self, BadKey> {
        if key.is_empty() {
            return Err(BadKey::Empty);
        }
        if key.iter().any(|&byte| byte == b'/' || byte == 0) {
            return Err(BadKey::BadCharacter);
        }
        let mut bytes = [0; NAME_MAX];
        let mut writer = Writer(&mut bytes);
        writer.push([b'I'])?;
        writer.extend(key)?;
        let left = writer.0.len();
        // INVARIANT: What is not left was written: a letter and the key.
        Ok(Self {
            bytes,
            len: NAME_MAX.saturating_sub(left),
        })
    }

    /// The name.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// The 64 characters of the `E` form.
const DIGITS64: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";

/// Whether a byte may stand for itself in a name. DEL counts, as it always did.
fn is_printable(byte: u8) -> bool {
    matches!(byte, 33..=46 | 48..=127)
}

/// The most hexadecimal digits of a word.
const HEX_MAX: usize = 8;

/// How many of a word's hexadecimal digits are zeros in front of all others; all of zero's are.
fn leading_zero_digits(word: u32) -> usize {
    (word.leading_zeros() / 4) as usize
}

/// The key in words of four bytes, the last one padded with zeros.
fn words(key: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    let whole = key.chunks_exact(4);
    let rest = whole.remainder();
    let padded = (!rest.is_empty()).then(|| {
        let mut word = [0; 4];
        copy(&mut word, rest);
        word
    });
    whole
        .filter_map(|word| word.first_chunk().copied())
        .chain(padded)
}

/// A word as eight hexadecimal digits, the first of them in the highest byte.
fn hex(word: u32) -> u64 {
    // Each nibble into a byte of its own: halves apart, then quarters, then eighths.
    let mut nibbles = u64::from(word);
    nibbles = (nibbles << 16 | nibbles) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles << 8 | nibbles) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f_0f0f_0f0f_0f0f;
    // One where there is a letter, as ten and six are sixteen. No byte overflows into the next.
    let letters = nibbles.wrapping_add(0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    let from_nine_to_a = u64::from(b'a' - b'9' - 1);
    (nibbles | 0x3030_3030_3030_3030).wrapping_add(letters.wrapping_mul(from_nine_to_a))
}

/// Appends a word in hexadecimal, without leading zeros; zero appends nothing.
fn push_hex(name: &mut Writer<'_>, word: u32) -> Result<(), BadKey> {
    let zeros = leading_zero_digits(word);
    let digits = hex(word)
        .checked_shl(zeros.saturating_mul(8) as u32)
        .unwrap_or(0);
    name.push_first(digits.to_be_bytes(), HEX_MAX.saturating_sub(zeros))
}

/// Appends the words of the `S` or `T` form.
fn push_words(
    name: &mut Writer<'_>,
    key: &[u8],
    read: impl Fn([u8; 4]) -> u32,
) -> Result<(), BadKey> {
    let mut words = words(key);
    if let Some(first) = words.next() {
        push_hex(name, read(first))?;
    }
    words.try_for_each(|word| {
        name.push([b','])?;
        push_hex(name, read(word))
    })
}

/// Appends the padding and the characters of the `E` form.
fn push_base64(name: &mut Writer<'_>, key: &[u8]) -> Result<(), BadKey> {
    let padding = match key.len() % 3 {
        0 => b'0',
        1 => b'2',
        _ => b'1',
    };
    name.push([padding])?;
    let mut push = |bits: u32| {
        name.push([0u32, 6, 12, 18].map(|shift| {
            let digit = (bits >> shift) as usize % DIGITS64.len();
            DIGITS64.get(digit).copied().unwrap_or(b'0')
        }))
    };
    let whole = key.chunks_exact(3);
    let rest = whole.remainder();
    whole
        .filter_map(|bytes| bytes.first_chunk())
        .try_for_each(|&[a, b, c]| push(u32::from_le_bytes([a, b, c, 0])))?;
    match *rest {
        [a, b] => push(u32::from_le_bytes([a, b, 0, 0])),
        [a] => push(u32::from(a)),
        // There are no others.
        _ => Ok(()),
    }
}

/// How an object's key is written, by the letter that its name begins with.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Form {
    Plain = b'D',
    BigEndian = b'S',
    LittleEndian = b'T',
    Base64 = b'E',
}

impl Form {
    /// The form of this key, and how long its name is.
    fn of(key: &[u8]) -> (Self, usize) {
        if key.iter().all(|&byte| is_printable(byte)) {
            return (Self::Plain, key.len().saturating_add(1));
        }
        // What the words leave away. At most eight for four bytes of the key: this does not wrap.
        let (mut big, mut little) = (0usize, 0usize);
        words(key).for_each(|word| {
            big = big.wrapping_add(leading_zero_digits(u32::from_be_bytes(word)));
            little = little.wrapping_add(leading_zero_digits(u32::from_le_bytes(word)));
        });
        // Each word follows a comma, but the first, which follows the letter.
        let most = key.len().div_ceil(4).saturating_mul(HEX_MAX + 1);
        let (big, little) = (most.saturating_sub(big), most.saturating_sub(little));
        let base64 = key.len().div_ceil(3).saturating_mul(4).saturating_add(2);

        if big.min(little) >= base64 {
            (Self::Base64, base64)
        } else if big <= little {
            (Self::BigEndian, big)
        } else {
            (Self::LittleEndian, little)
        }
    }
}

/// The name of the file that holds an object, yet to be written.
pub(crate) struct ObjectName<'a> {
    key: &'a [u8],
    form: Form,
    len: usize,
}

impl<'a> ObjectName<'a> {
    /// The name of the object with this key.
    ///
    /// # Errors
    ///
    /// [`BadKey::Empty`], or [`BadKey::TooLong`] if no form fits a directory entry.
    pub(crate) fn of(key: &'a [u8]) -> Result<Self, BadKey> {
        if key.is_empty() {
            return Err(BadKey::Empty);
        }
        let (form, len) = Form::of(key);
        if len > NAME_MAX {
            return Err(BadKey::TooLong);
        }
        Ok(Self { key, form, len })
    }

    /// How long the name is, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Writes the name, which fills `to`.
    ///
    /// # Errors
    ///
    /// [`BadKey::TooLong`] if `to` is shorter than the name.
    pub(crate) fn write(&self, to: &mut [u8]) -> Result<(), BadKey> {
        let mut name = Writer(to);
        name.push([self.form as u8])?;
        match self.form {
            Form::Plain => name.extend(self.key),
            Form::BigEndian => push_words(&mut name, self.key, u32::from_be_bytes),
            Form::LittleEndian => push_words(&mut name, self.key, u32::from_le_bytes),
            Form::Base64 => push_base64(&mut name, self.key),
        }
    }
}

/// The name of a fan-out directory.
pub(crate) fn fanout_name(index: u8) -> [u8; 3] {
    let [.., high, low] = hex(u32::from(index)).to_be_bytes();
    [b'@', high, low]
}

/// The name of a grave: the time of burial, in seconds, and a number that makes it unique.
pub(crate) fn grave_name(seconds: u32, serial: u32) -> [u8; 16] {
    let digits = u128::from(hex(seconds)) << 64 | u128::from(hex(serial));
    digits.to_be_bytes()
}
