// SPDX-License-Identifier: GPL-2.0-only

//! Which parts of an object are present.
//!
//! This is the seam. At present the answer is the C cachefiles' one: what the backing filesystem
//! says about data and holes of the file. `extent.rs` holds the arithmetic; here are the questions,
//! which are asked under the cache's credentials. The last answer is kept (`known.rs`), for those who
//! read. All of it sleeps.

use crate::{
    cache::Cache,
    extent::{
        self,
        Map,
        Occupancy,
        ReadPlan,
        SeekError, //
    },
    file::FileExt,
    inject,
    known::{
        Extent,
        FileState, //
    },
    object::Object, //
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// The backing filesystem's own map of a file.
struct BackingMap<'a> {
    cache: &'a Cache,
    file: &'a File,
}

/// A failed seek.
fn seek_error(error: Error) -> SeekError {
    if error == ENXIO {
        SeekError::BeyondEnd
    } else {
        SeekError::Failed(error.to_errno())
    }
}

impl BackingMap<'_> {
    fn ask(&self, seek: impl FnOnce(&File) -> Result<u64>) -> Result<u64, SeekError> {
        // Blocks that were never written are data to ext4 and XFS where the page cache has them, as
        // it does when somebody else has read the file.
        self.file.drop_pages();
        inject::read()
            .and_then(|()| self.cache.with_creds(|| seek(self.file)))
            .map_err(seek_error)
    }
}

impl Map for BackingMap<'_> {
    fn next_data(&mut self, pos: u64) -> Result<u64, SeekError> {
        self.ask(|file| file.seek_data(pos))
    }

    fn next_hole(&mut self, pos: u64) -> Result<u64, SeekError> {
        self.ask(|file| file.seek_hole(pos))
    }
}

/// The same, where an extent of it is known.
struct KnownMap<'a> {
    backing: BackingMap<'a>,
    known: Extent,
    /// What the filesystem said besides.
    found: Option<Extent>,
}

impl Map for KnownMap<'_> {
    fn next_data(&mut self, pos: u64) -> Result<u64, SeekError> {
        self.backing.next_data(pos)
    }

    fn next_hole(&mut self, pos: u64) -> Result<u64, SeekError> {
        if self.known.has(pos) {
            return Ok(self.known.end);
        }
        let end = self.backing.next_hole(pos)?;
        self.found = (end > pos).then_some(Extent { start: pos, end });
        Ok(end)
    }
}

/// Has `question` asked of a file of an object, or answered by what is known of it.
fn ask<R>(object: &Object, file: &File, question: impl FnOnce(&mut KnownMap<'_>) -> R) -> R {
    let state = FileState {
        file: file.as_ptr() as usize,
        changed: file.inode().change_mark(),
        sectors: file.inode().sectors(),
    };
    let (known, asked) = object.known().lock().recall(state);
    let mut map = KnownMap {
        backing: backing_map(object, file),
        known,
        found: None,
    };
    let answer = question(&mut map);
    if let Some(extent) = map.found {
        object.known().lock().learn(asked, extent);
    }
    answer
}

fn backing_map<'a>(object: &'a Object, file: &'a File) -> BackingMap<'a> {
    let cache = object.cache();
    BackingMap { cache, file }
}

/// Where data begins in the `len` bytes from `start`, or [`None`] if there is none.
pub(crate) fn first_data(
    object: &Object,
    file: &File,
    start: u64,
    len: u64,
) -> Result<Option<u64>> {
    match backing_map(object, file).next_data(start) {
        Ok(pos) if pos < start.saturating_add(len) => Ok(Some(pos)),
        Ok(_) | Err(SeekError::BeyondEnd) => Ok(None),
        Err(SeekError::Failed(errno)) => Err(Error::from_errno(errno)),
    }
}

/// Plans the first part of a read; see [`extent::plan_read`].
pub(crate) fn plan_read(object: &Object, file: &File, start: u64, len: u64, size: u64) -> ReadPlan {
    let block = object.cache().block().bytes();
    ask(object, file, |map| {
        extent::plan_read(map, start, len, size, block)
    })
}

/// How long to read ahead; see [`extent::lengthen_readahead`].
pub(crate) fn lengthen_readahead(
    object: &Object,
    file: &File,
    start: u64,
    len: u64,
    size: u64,
) -> u64 {
    ask(object, file, |map| {
        extent::lengthen_readahead(map, start, len, size)
    })
}

/// Finds the first whole granules of data; see [`extent::find_data`].
pub(crate) fn find_data(
    object: &Object,
    file: &File,
    start: u64,
    len: u64,
    granule: u64,
) -> Result<Option<(u64, u64)>> {
    let granule = granule.max(object.cache().block().bytes());
    extent::find_data(&mut backing_map(object, file), start, len, granule)
        .map_err(Error::from_errno)
}

/// What a range holds now; see [`extent::occupancy`].
pub(crate) fn occupancy(object: &Object, file: &File, start: u64, len: u64) -> Result<Occupancy> {
    extent::occupancy(&mut backing_map(object, file), start, len).map_err(Error::from_errno)
}

/// Makes a range be absent, and the rest of the blocks that it touches. An empty range costs a
/// question only.
///
/// Of a block that is punched in part the filesystem keeps all, with zeros in it, and says that it
/// is data. So the whole block goes. Its rest is fetched again when it is wanted, also if it was
/// stored just now. Nobody is about to read or to store that range: a block is not larger than a
/// page, and who was to store a part of a page has its folio for himself until the end of the store.
///
/// # Errors
///
/// The backing filesystem's; the range may still be there then.
pub(crate) fn forget(object: &Object, file: &File, start: u64, len: u64) -> Result {
    let (start, len) = extent::whole_blocks(start, len, object.cache().block().bytes());
    if len == 0 {
        return Ok(());
    }
    if occupancy(object, file, start, len)? == Occupancy::Empty {
        // Btrfs says that there is data while it is being written, and that there was none if that
        // fails.
        object.known().lock().forget();
        return Ok(());
    }
    punch(object, file, start, len)
}

/// As [`forget`], for a range that a write to it failed of: also if it is absent, something may be
/// allocated there (`unwritten.rs`).
pub(crate) fn give_back(object: &Object, file: &File, start: u64, len: u64) -> Result {
    let (start, len) = extent::whole_blocks(start, len, object.cache().block().bytes());
    if len == 0 {
        return Ok(());
    }
    punch(object, file, start, len)
}

/// Gives back what is allocated in the holes of a file that nothing is being stored in
/// (`unwritten.rs`).
pub(crate) fn empty_holes(object: &Object, file: &File) -> Result {
    let mut map = backing_map(object, file);
    extent::for_each_hole(&mut map, file.inode().size(), |start, len| {
        punch(object, file, start, len).map_err(|error| error.to_errno())
    })
    .map_err(Error::from_errno)
}

fn punch(object: &Object, file: &File, start: u64, len: u64) -> Result {
    let cache = object.cache();
    let punched = inject::remove().and_then(|()| cache.with_creds(|| file.punch_hole(start, len)));
    object.known().lock().forget();
    punched
}
