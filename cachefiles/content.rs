// SPDX-License-Identifier: GPL-2.0-only

//! Which parts of an object are present.
//!
//! This is the seam. At present the answer is the C cachefiles' one: what the backing filesystem
//! says about data and holes of the file. `extent.rs` holds the arithmetic; here are the questions.
//! All of it sleeps, and is called under the cache's credentials.

use crate::{
    extent::{
        self,
        Map,
        Occupancy,
        ReadPlan,
        SeekError, //
    },
    file::FileExt,
    inject, //
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// The backing filesystem's own map of a file.
struct BackingMap<'a>(&'a File);

/// A failed seek.
fn seek_error(error: Error) -> SeekError {
    if error == ENXIO {
        SeekError::BeyondEnd
    } else {
        SeekError::Failed(error.to_errno())
    }
}

impl Map for BackingMap<'_> {
    fn next_data(&mut self, pos: u64) -> Result<u64, SeekError> {
        inject::read()
            .and_then(|()| self.0.seek_data(pos))
            .map_err(seek_error)
    }

    fn next_hole(&mut self, pos: u64) -> Result<u64, SeekError> {
        inject::read()
            .and_then(|()| self.0.seek_hole(pos))
            .map_err(seek_error)
    }
}

/// Where data begins in the `len` bytes from `start`, or [`None`] if there is none.
pub(crate) fn first_data(file: &File, start: u64, len: u64) -> Result<Option<u64>> {
    match BackingMap(file).next_data(start) {
        Ok(pos) if pos < start.saturating_add(len) => Ok(Some(pos)),
        Ok(_) | Err(SeekError::BeyondEnd) => Ok(None),
        Err(SeekError::Failed(errno)) => Err(Error::from_errno(errno)),
    }
}

/// Plans the first part of a read; see [`extent::plan_read`].
pub(crate) fn plan_read(file: &File, start: u64, len: u64, size: u64, block: u64) -> ReadPlan {
    extent::plan_read(&mut BackingMap(file), start, len, size, block)
}

/// How long to read ahead; see [`extent::lengthen_readahead`].
pub(crate) fn lengthen_readahead(file: &File, start: u64, len: u64, size: u64) -> u64 {
    extent::lengthen_readahead(&mut BackingMap(file), start, len, size)
}

/// Finds the first whole granules of data; see [`extent::find_data`].
pub(crate) fn find_data(
    file: &File,
    start: u64,
    len: u64,
    granule: u64,
) -> Result<Option<(u64, u64)>> {
    extent::find_data(&mut BackingMap(file), start, len, granule).map_err(Error::from_errno)
}

/// What a range holds now; see [`extent::occupancy`].
pub(crate) fn occupancy(file: &File, start: u64, len: u64) -> Result<Occupancy> {
    extent::occupancy(&mut BackingMap(file), start, len).map_err(Error::from_errno)
}

/// Makes a range be absent, and the rest of the blocks that it touches. An empty range costs a
/// question only.
///
/// Of a block that is punched in part the filesystem keeps all, with zeros in it, and says that it
/// is data. So the whole block goes. Its rest is fetched again when it is wanted, also if it was
/// stored just now. Nobody is about to read or to store it: a block is not larger than a page, and
/// who was to store a part of a page has its folio for himself until the end of the store.
///
/// # Errors
///
/// The backing filesystem's; the range may still be there then.
pub(crate) fn forget(file: &File, start: u64, len: u64, block: u64) -> Result {
    let (start, len) = extent::whole_blocks(start, len, block);
    if len == 0 || occupancy(file, start, len)? == Occupancy::Empty {
        return Ok(());
    }
    inject::remove()?;
    file.punch_hole(start, len)
}
