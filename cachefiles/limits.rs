// SPDX-License-Identifier: GPL-2.0-only

//! How much room the cache leaves on its disk: pure.
//!
//! There are two resources, blocks and files, and three thresholds for each, given by the daemon
//! in percent of the whole filesystem:
//!
//! - below *stop*, nothing is allocated;
//! - below *cull*, the daemon is asked to remove what was not used for longest;
//! - from *run* upwards, it may stop doing so.
//!
//! Units are types here: a [`Percent`] becomes a [`Thresholds`], which counts files or filesystem
//! blocks, never bytes, pages or sectors. Bytes become blocks in [`BlockSize`] and nowhere else.

/// The three percentages of one resource.
///
/// # Invariants
///
/// `stop < cull < run < 100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percent {
    run: u8,
    cull: u8,
    stop: u8,
}

/// A percentage that would break `stop < cull < run < 100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder;

impl Percent {
    /// What holds until the daemon says otherwise.
    // INVARIANT: 1 < 5 < 7 < 100.
    pub(crate) const DEFAULT: Self = Self {
        run: 7,
        cull: 5,
        stop: 1,
    };

    /// Narrows a number to a percentage below 100.
    fn below_hundred(value: u64) -> Result<u8, OutOfOrder> {
        match u8::try_from(value) {
            Ok(value) if value < 100 => Ok(value),
            _ => Err(OutOfOrder),
        }
    }

    /// Sets *run*.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`] unless it is above *cull* and below 100.
    pub(crate) fn set_run(&mut self, value: u64) -> Result<(), OutOfOrder> {
        let value = Self::below_hundred(value)?;
        if value <= self.cull {
            return Err(OutOfOrder);
        }
        // INVARIANT: `cull < value < 100`, and the others stay as they were.
        self.run = value;
        Ok(())
    }

    /// Sets *cull*.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`] unless it is above *stop* and below *run*.
    pub(crate) fn set_cull(&mut self, value: u64) -> Result<(), OutOfOrder> {
        let value = Self::below_hundred(value)?;
        if value <= self.stop || value >= self.run {
            return Err(OutOfOrder);
        }
        // INVARIANT: `stop < value < run`, and the others stay as they were.
        self.cull = value;
        Ok(())
    }

    /// Sets *stop*.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`] unless it is below *cull*.
    pub(crate) fn set_stop(&mut self, value: u64) -> Result<(), OutOfOrder> {
        let value = Self::below_hundred(value)?;
        if value >= self.cull {
            return Err(OutOfOrder);
        }
        // INVARIANT: `value < cull`, and the others stay as they were.
        self.stop = value;
        Ok(())
    }

    /// Applies the percentages to the size of a filesystem.
    ///
    /// A percent is a hundredth of `total`, rounded down; so a filesystem that reports no total
    /// (btrfs counts no files) has thresholds of zero, which nothing is ever below.
    pub(crate) fn of(self, total: u64) -> Thresholds {
        let hundredth = total / 100;
        // A hundredth of a `u64` times less than a hundred cannot overflow.
        Thresholds {
            run: hundredth.saturating_mul(u64::from(self.run)),
            cull: hundredth.saturating_mul(u64::from(self.cull)),
            stop: hundredth.saturating_mul(u64::from(self.stop)),
        }
    }
}

/// The three thresholds of one resource, in files or in filesystem blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// Culling may end from here upwards.
    pub(crate) run: u64,
    /// Culling begins below this.
    pub(crate) cull: u64,
    /// Allocation ends below this.
    pub(crate) stop: u64,
}

/// The thresholds of both resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In files.
    pub(crate) files: Thresholds,
    /// In filesystem blocks.
    pub(crate) blocks: Thresholds,
}

/// An amount of both resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// In files.
    pub(crate) files: u64,
    /// In filesystem blocks.
    pub(crate) blocks: u64,
}

impl Amount {
    /// What is left when `other` is taken away; never less than nothing.
    pub(crate) fn less(self, other: Amount) -> Amount {
        Amount {
            files: self.files.saturating_sub(other.files),
            blocks: self.blocks.saturating_sub(other.blocks),
        }
    }
}

/// What an amount of free space means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Plenty: culling may end.
    Plenty,
    /// Enough: whether culling goes on is left as it is.
    Enough,
    /// Still room, but culling should begin.
    Low,
    /// No room: refuse, and cull.
    None,
}

impl Limits {
    /// Judges what is free.
    pub(crate) fn judge(&self, free: Amount) -> Room {
        if free.files < self.files.stop || free.blocks < self.blocks.stop {
            Room::None
        } else if free.files < self.files.cull || free.blocks < self.blocks.cull {
            Room::Low
        } else if free.files >= self.files.run && free.blocks >= self.blocks.run {
            Room::Plenty
        } else {
            Room::Enough
        }
    }
}

/// What was free when the filesystem was asked last, less what was wanted since.
///
/// Many a filesystem adds up the counters of all processors to answer, under a lock for each of
/// them; writers had better not ask all the time. An answer holds for the jiffy in which it was
/// given. Others may have taken some of it meanwhile, so it is good for one thing only: to say that
/// there is plenty ([`Room::Plenty`]). Near a threshold the filesystem is asked.
pub(crate) struct Recent {
    free: Amount,
    jiffy: usize,
}

impl Recent {
    /// Nothing is known.
    pub(crate) const fn new() -> Self {
        Self {
            free: Amount {
                files: 0,
                blocks: 0,
            },
            jiffy: 0,
        }
    }

    /// The filesystem was asked.
    pub(crate) fn note(&mut self, free: Amount, jiffy: usize) {
        *self = Self { free, jiffy };
    }

    /// Takes `want` away; returns what is left, or [`None`] if the answer is too old.
    pub(crate) fn spend(&mut self, want: Amount, jiffy: usize) -> Option<Amount> {
        if self.jiffy != jiffy {
            return None;
        }
        self.free = self.free.less(want);
        Some(self.free)
    }
}

/// The block size of the backing filesystem.
///
/// # Invariants
///
/// `1 << shift` bytes, at most a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockSize {
    shift: u32,
}

impl BlockSize {
    /// From what `statfs` reports, or [`None`] if that is not a power of two up to `max` bytes.
    pub(crate) fn new(bytes: u64, max: u64) -> Option<Self> {
        (bytes.is_power_of_two() && bytes <= max).then(|| Self {
            shift: bytes.trailing_zeros(),
        })
    }

    /// The size, in bytes.
    pub(crate) fn bytes(self) -> u64 {
        1u64.checked_shl(self.shift).unwrap_or(u64::MAX)
    }

    /// How many blocks hold `bytes` bytes.
    pub(crate) fn blocks_for(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.bytes())
    }

    /// How many blocks `sectors` sectors of 512 bytes fill.
    pub(crate) fn blocks_of_sectors(self, sectors: u64) -> u64 {
        self.blocks_for(sectors.saturating_mul(512))
    }
}
