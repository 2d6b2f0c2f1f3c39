// SPDX-License-Identifier: GPL-2.0-only

//! Arithmetic of what is present and what is to be moved: pure.
//!
//! `content.rs` asks the backing filesystem where data and holes are; the questions come from here
//! as calls of a [`Map`], and the answers are made into plans here. All positions and lengths are
//! bytes. Nothing overflows: what would be beyond the largest file is cut there.

/// The largest position in a file.
const POS_MAX: u64 = i64::MAX as u64;

/// The unit of direct I/O, in bytes: cache files are a multiple of it long.
pub(crate) const DIO_BLOCK: u64 = 4096;

/// Why a question to the map had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeekError {
    /// There is nothing from there to the end of the file (`ENXIO`).
    BeyondEnd,
    /// The backing filesystem failed.
    Failed(i32),
}

/// Where data and holes are.
pub(crate) trait Map {
    /// The first byte of data at or behind `pos`.
    fn next_data(&mut self, pos: u64) -> Result<u64, SeekError>;
    /// The first byte of a hole at or behind `pos`; the end of the file counts as one.
    fn next_hole(&mut self, pos: u64) -> Result<u64, SeekError>;
}

/// Rounds down to a multiple of `unit`, a power of two.
pub(crate) fn round_down(pos: u64, unit: u64) -> u64 {
    pos & !(unit.saturating_sub(1))
}

/// Rounds up to a multiple of `unit`, a power of two, or down if that would leave the file.
pub(crate) fn round_up(pos: u64, unit: u64) -> u64 {
    match pos.checked_next_multiple_of(unit) {
        Some(up) if up <= POS_MAX => up,
        _ => round_down(POS_MAX, unit),
    }
}

/// The whole blocks that `len` bytes at `start` touch: a position and a length.
///
/// `block` is the backing filesystem's, a power of two; no block here is less than [`DIO_BLOCK`].
pub(crate) fn whole_blocks(start: u64, len: u64, block: u64) -> (u64, u64) {
    if len == 0 {
        return (start, 0);
    }
    let block = block.max(DIO_BLOCK);
    let first = round_down(start, block);
    let end = round_up(start.saturating_add(len), block);
    (first, end.saturating_sub(first))
}

/// The size that the file of an object of `size` bytes has.
pub(crate) fn file_size(size: u64) -> u64 {
    round_up(size.min(POS_MAX), DIO_BLOCK)
}

/// Read-ahead goes to the end of such a unit, in bytes.
pub(crate) const GRANULE: u64 = 1 << 20;

/// What the kernel reads ahead of somebody who goes on reading: at least so many bytes.
const LONG: u64 = 128 << 10;

/// Lengthens a read-ahead of `len` bytes at `start`, of an object of `size` bytes, to the end of a
/// [`GRANULE`], but not beyond what is present; returns its new length.
///
/// Where it begins is left alone: what lies before was read already, or is not wanted. So is a
/// short one.
pub(crate) fn lengthen_readahead(map: &mut impl Map, start: u64, len: u64, size: u64) -> u64 {
    let end = start.saturating_add(len);
    if len < LONG || end >= size {
        return len;
    }
    let wanted = round_up(end, GRANULE).min(size);
    if wanted <= end {
        return len;
    }
    match map.next_hole(start) {
        // The last block is present as a whole, or else what is behind the end is a hole.
        Ok(hole) if hole >= wanted => wanted.saturating_sub(start),
        Ok(hole) => round_down(hole, DIO_BLOCK).max(end).saturating_sub(start),
        Err(_) => len,
    }
}

/// Where writes failed, in one word: a range of blocks of [`DIO_BLOCK`] bytes, from the number in
/// the lower half to before the one in the upper half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage(u64);

impl Damage {
    /// Nowhere.
    pub(crate) const NONE: Self = Self(0);
    /// Everywhere, or nobody knows where.
    pub(crate) const ALL: Self = Self(u64::MAX);

    /// The blocks that `len` bytes at `start` touch.
    pub(crate) fn of(start: u64, len: u64) -> Self {
        let first = start / DIO_BLOCK;
        let end = start.saturating_add(len).div_ceil(DIO_BLOCK);
        if len == 0 {
            Self::NONE
        } else if end >= u64::from(u32::MAX) {
            Self::ALL
        } else {
            Self(end << 32 | first)
        }
    }

    /// As it was stored.
    pub(crate) fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// To be stored.
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    /// The first block, and the one behind the last.
    fn blocks(self) -> (u64, u64) {
        (u64::from(self.0 as u32), self.0 >> 32)
    }

    /// Both together if they overlap or touch, otherwise everywhere.
    ///
    /// What lies between two ranges is not damaged, so it must not be made absent with them:
    /// somebody may have been told that it is there, and take the hole for zeros.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == Self::NONE {
            return other;
        }
        if other == Self::NONE {
            return self;
        }
        let ((first, end), (other_first, other_end)) = (self.blocks(), other.blocks());
        if self == Self::ALL || other == Self::ALL || first > other_end || other_first > end {
            Self::ALL
        } else {
            Self(end.max(other_end) << 32 | first.min(other_first))
        }
    }

    /// A position and a length in bytes, or [`None`] if it cannot be said.
    pub(crate) fn range(self) -> Option<(u64, u64)> {
        if self == Self::ALL {
            return None;
        }
        let (first, end) = self.blocks();
        let start = first.saturating_mul(DIO_BLOCK);
        let end = end.saturating_mul(DIO_BLOCK);
        Some((start, end.saturating_sub(start)))
    }
}

/// What to do with a part of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadPlan {
    /// Take it from the cache.
    FromCache {
        /// How much, in bytes: at least one, at most what was asked for.
        len: u64,
    },
    /// Take it from the server and store it.
    Fetch {
        /// How much, in bytes: at least one, at most what was asked for.
        len: u64,
        /// What was found.
        why: FetchReason,
    },
    /// Take it from the server; the cache could not be asked.
    Unknown(i32),
}

/// Why a part has to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchReason {
    /// All of it is a hole.
    Hole,
    /// It begins with a hole, or with less than a block of data.
    PartHole,
    /// It lies behind the end of the file.
    BeyondEnd,
}

/// Plans the first part of a read of `len > 0` bytes at `start`, of an object of `size` bytes.
///
/// `block` is the granularity, a power of two.
pub(crate) fn plan_read(
    map: &mut impl Map,
    start: u64,
    len: u64,
    size: u64,
    block: u64,
) -> ReadPlan {
    let end = start.saturating_add(len);
    let fetch = |to: u64, why| ReadPlan::Fetch {
        len: to.min(end).saturating_sub(start).max(1),
        why,
    };
    // Asked first, as it says of data all that there is to say.
    let hole = match map.next_hole(start) {
        Ok(pos) => pos,
        Err(SeekError::BeyondEnd) => return fetch(end, FetchReason::BeyondEnd),
        Err(SeekError::Failed(errno)) => return ReadPlan::Unknown(errno),
    };
    if hole <= start {
        return match map.next_data(start) {
            Ok(data) if data >= end => fetch(end, FetchReason::Hole),
            // A block that begins with a hole is no data: fetch all of it.
            Ok(data) => {
                let first = data.max(start.saturating_add(1));
                fetch(round_up(first, block), FetchReason::PartHole)
            }
            Err(SeekError::BeyondEnd) => fetch(end, FetchReason::BeyondEnd),
            Err(SeekError::Failed(errno)) => ReadPlan::Unknown(errno),
        };
    }

    let data_end = if hole >= end {
        end
    } else if end >= size {
        // The last block of an object may be partly a hole, behind its end.
        round_up(hole, block).min(end)
    } else {
        round_down(hole, block)
    };
    if data_end > start {
        ReadPlan::FromCache {
            len: data_end.saturating_sub(start),
        }
    } else {
        // Less than a block of data, then a hole.
        fetch(round_up(hole, block), FetchReason::PartHole)
    }
}

/// Finds the first whole granules of data in the `len` bytes from `start`.
///
/// Returns where they begin and how long they are, within what was asked for, or [`None`] if there
/// are none.
///
/// # Errors
///
/// The errno of the backing filesystem.
pub(crate) fn find_data(
    map: &mut impl Map,
    start: u64,
    len: u64,
    granule: u64,
) -> Result<Option<(u64, u64)>, i32> {
    let end = start.saturating_add(len).min(POS_MAX);
    let data = match map.next_data(start) {
        Ok(pos) => up_to_multiple(pos, granule),
        Err(SeekError::BeyondEnd) => return Ok(None),
        Err(SeekError::Failed(errno)) => return Err(errno),
    };
    if data >= end {
        return Ok(None);
    }
    let hole = match map.next_hole(data) {
        Ok(pos) => pos,
        Err(SeekError::BeyondEnd) => return Ok(None),
        Err(SeekError::Failed(errno)) => return Err(errno),
    };
    let hole = hole.saturating_sub(hole.checked_rem(granule).unwrap_or(0));
    let data_end = hole.min(end);
    Ok((data_end > data).then(|| (data, data_end.saturating_sub(data))))
}

/// Rounds up to a multiple of `unit`, whatever that is.
fn up_to_multiple(pos: u64, unit: u64) -> u64 {
    if unit == 0 {
        return pos;
    }
    pos.checked_next_multiple_of(unit).unwrap_or(u64::MAX)
}

/// What the range of a store holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occupancy {
    /// Nothing: storing takes space.
    Empty,
    /// Something, but not all of it.
    Partial,
    /// All of it: storing takes no space.
    Full,
}

/// Looks at `len` bytes from `start`.
///
/// # Errors
///
/// The errno of the backing filesystem.
pub(crate) fn occupancy(map: &mut impl Map, start: u64, len: u64) -> Result<Occupancy, i32> {
    let end = start.saturating_add(len);
    match map.next_data(start) {
        Ok(pos) if pos >= end => return Ok(Occupancy::Empty),
        Ok(_) => {}
        Err(SeekError::BeyondEnd) => return Ok(Occupancy::Empty),
        Err(SeekError::Failed(errno)) => return Err(errno),
    }
    match map.next_hole(start) {
        Ok(pos) if pos >= end => Ok(Occupancy::Full),
        Ok(_) | Err(SeekError::BeyondEnd) => Ok(Occupancy::Partial),
        Err(SeekError::Failed(errno)) => Err(errno),
    }
}

/// Calls `f` with the position and the length of each hole in a file of `size` bytes, until it fails.
///
/// # Errors
///
/// The errno of `f`, or of the backing filesystem.
pub(crate) fn for_each_hole(
    map: &mut impl Map,
    size: u64,
    mut f: impl FnMut(u64, u64) -> Result<(), i32>,
) -> Result<(), i32> {
    let mut pos = 0;
    while pos < size {
        let hole = match map.next_hole(pos) {
            Ok(hole) => hole,
            Err(SeekError::BeyondEnd) => break,
            Err(SeekError::Failed(errno)) => return Err(errno),
        };
        if hole >= size {
            break;
        }
        let data = match map.next_data(hole) {
            Ok(data) => data.min(size),
            Err(SeekError::BeyondEnd) => size,
            Err(SeekError::Failed(errno)) => return Err(errno),
        };
        // What was a hole may have become data between the questions.
        if data > hole {
            f(hole, data.saturating_sub(hole))?;
        }
        pos = data.max(pos.saturating_add(1));
    }
    Ok(())
}

/// A store, cut to what direct I/O can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlignedStore {
    /// Bytes left out at the front.
    pub(crate) skip: u64,
    /// Bytes to store, a multiple of [`DIO_BLOCK`], not zero.
    pub(crate) len: u64,
    /// Bytes added at the end, from the buffer behind the data.
    pub(crate) extend: u64,
}

/// Cuts a store of `len` bytes at `start` to whole blocks.
///
/// A last part of a block is left out too, unless the store ends where the object of `size` bytes
/// does and `extendable` more bytes of buffer may be written to fill the block.
///
/// Returns [`None`] if no whole block is left.
pub(crate) fn align_store(
    start: u64,
    len: u64,
    size: u64,
    extendable: u64,
) -> Option<AlignedStore> {
    let skip = round_up(start, DIO_BLOCK).checked_sub(start)?;
    let rest = len.checked_sub(skip)?;
    let begin = start.checked_add(skip)?;
    let part = rest % DIO_BLOCK;
    let need = DIO_BLOCK.saturating_sub(part);
    let extend = if part > 0 && begin.checked_add(rest)? == size && extendable >= need {
        need
    } else {
        0
    };
    let len = round_down(rest.checked_add(extend)?, DIO_BLOCK);
    (len > 0).then_some(AlignedStore { skip, len, extend })
}

/// How much of a store of `len` bytes at `start` is of a file of `size` bytes.
///
/// Pages behind the end of the file are not, whatever is in them. The page that the file ends in is;
/// but if the file `was_cut` to this size, what was cut off may still be in memory, in that page too.
pub(crate) fn within_file(start: u64, len: u64, size: u64, was_cut: bool, page: u64) -> u64 {
    let end = if was_cut {
        round_down(size, page)
    } else {
        round_up(size, page)
    };
    len.min(end.saturating_sub(start))
}

/// Rounds the range of a prepared store to pages.
///
/// Returns the length to store, or [`None`] if the range does not begin with a page or is longer
/// than `upper` allows: that is no block of the cache.
pub(crate) fn whole_pages(start: u64, len: u64, upper: u64, page: u64) -> Option<u64> {
    if round_down(start, page) != start || len > upper {
        return None;
    }
    len.checked_next_multiple_of(page)
        .filter(|len| start.checked_add(*len).is_some_and(|end| end <= POS_MAX))
}
