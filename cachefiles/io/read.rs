// SPDX-License-Identifier: GPL-2.0-only

//! Reads: where the parts of one come from, and those that come from the cache.

use crate::{
    content,
    extent::{
        FetchReason,
        ReadPlan, //
    },
    file::FileExt,
    fscache::{
        self,
        CookieFlag,
        Count,
        Resources,
        Want, //
    },
    inject,
    iov::IoVector,
    kiocb::{
        self,
        Completion,
        Submitted, //
    },
    netfs::{
        Source,
        Subrequest,
        Terminator, //
    },
    object_ref::IoRef,
    trace::{
        self,
        ErrorAt,
        PrepareRead,
        ReadWhy, //
    },
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// What is done about holes in a read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holes {
    /// They read as zeros.
    Ignore,
    /// A read of nothing but a hole fails.
    Fail,
}

/// The end of a read.
struct ReadDone {
    terminator: Terminator,
    object: IoRef,
    /// Bytes in front of what was read, which are zeros.
    skipped: usize,
    generation: u32,
}

impl Completion for ReadDone {
    type Last = IoRef;

    fn complete(self, file: &File, result: Result<usize>) -> IoRef {
        let Self {
            terminator,
            object,
            skipped,
            generation,
        } = self;
        let mut result = result;
        if let Some(object) = object.object() {
            if let Err(error) = result {
                trace::io_error(object.debug_id(), file.inode(), error, ErrorAt::Read);
            } else if object.cookie().generation() != generation {
                result = Err(ESTALE);
            }
        }
        terminator.call(result.map(|bytes| bytes.saturating_add(skipped)));
        object
    }
}

/// Reads from the cache at `start` into `iter`. Sleeps.
///
/// Returns when the read is under way, or over. The terminator is told in any case; without one,
/// the read is over on return.
pub(crate) fn read(
    resources: &Resources<'_>,
    start: u64,
    iter: &mut IoVector<'_>,
    holes: Holes,
    terminator: Terminator,
) -> Result<Submitted> {
    let (object, file) = match resources.wait_for_target(Want::Read) {
        Ok(target) => target,
        Err(error) => {
            terminator.call(Err(error));
            return Err(error);
        }
    };
    fscache::count(Count::Read);

    let len = iter.len();
    let mut skipped = 0;
    if holes == Holes::Fail {
        match content::first_data(&object, file, start, len as u64) {
            Ok(Some(data)) => {
                skipped = usize::try_from(data.saturating_sub(start)).unwrap_or(len);
                iter.zero(skipped);
            }
            Ok(None) => {
                terminator.call(Err(ENODATA));
                return Err(ENODATA);
            }
            Err(error) => {
                terminator.call(Err(error));
                return Err(error);
            }
        }
    }

    let start = start.saturating_add(skipped as u64);
    trace::read(
        object.debug_id(),
        file.inode(),
        start,
        len.saturating_sub(skipped),
    );
    let wait = !terminator.is_wanted();
    // The filesystem may sleep in this task when the I/O has ended, and nobody else waits for that.
    let _pin = IoRef::new(&object);
    let done = ReadDone {
        terminator,
        object: IoRef::new(&object),
        skipped,
        generation: resources.generation(),
    };
    if let Err(error) = inject::read() {
        drop(done.complete(file, Err(error)));
        return Err(error);
    }
    // A security module asks again whether who reads may read an open file.
    kiocb::read(file, start, iter, done, wait, object.cache().credentials())
}

/// How long a read-ahead of `len` bytes at `start`, of a file of `size` bytes, had best be. Sleeps.
///
/// One that goes on where the last one ended is lengthened, as far as the cache has what comes
/// then: neither the disk nor the server is asked for what nobody may want.
pub(crate) fn expand_readahead(resources: &Resources<'_>, start: u64, len: u64, size: u64) -> u64 {
    let Some((object, file)) = resources.target() else {
        return len;
    };
    let goes_on = object.goes_on(start);
    let longer = if goes_on && !resources.cookie().has(CookieFlag::NoDataToRead) {
        content::lengthen_readahead(&object, file, start, len, size)
    } else {
        len
    };
    object.note_readahead(start.saturating_add(longer));
    longer
}

/// What a read turned out to be.
struct Decision {
    source: Source,
    why: ReadWhy,
    object: u32,
    cache_ino: u64,
}

/// Decides where the first part of a read comes from, and cuts the subrequest to that part. Sleeps.
pub(crate) fn prepare_read(subreq: &mut Subrequest<'_>, size: u64) -> Source {
    let resources = subreq.resources();
    let decision = decide_read(&resources, subreq, size);
    trace::prepare_read(&PrepareRead {
        object: decision.object,
        start: subreq.start(),
        len: subreq.len(),
        flags: subreq.flags(),
        source: decision.source as u32,
        why: decision.why,
        cache_ino: decision.cache_ino,
        netfs_ino: subreq.inode_number(),
    });
    decision.source
}

fn decide_read(resources: &Resources<'_>, subreq: &mut Subrequest<'_>, size: u64) -> Decision {
    let mut decision = Decision {
        source: Source::Server,
        why: ReadWhy::NoFile,
        object: trace::NOBODY,
        cache_ino: resources.file().map_or(0, |file| file.inode().number()),
    };
    if subreq.start() >= size {
        decision.source = Source::Zeroes;
        decision.why = ReadWhy::AfterEof;
        return decision;
    }
    if resources.cookie().has(CookieFlag::NoDataToRead) {
        subreq.set_copy_to_cache();
        decision.why = ReadWhy::NoData;
        return decision;
    }

    // The object may be in the making.
    if resources.file().is_none() && !resources.wait(Want::Read) {
        return decision;
    }
    let Some((object, file)) = resources.target() else {
        return decision;
    };
    decision.cache_ino = file.inode().number();
    decision.object = object.debug_id();
    if object.integrity().is_suspect() {
        // To mend it takes the lock that others hold while they wait for the disk, and write access.
        // The store that follows does.
        subreq.set_copy_to_cache();
        decision.why = ReadWhy::SeekError;
        return decision;
    }

    let (start, len) = (subreq.start(), subreq.len() as u64);
    let cut = match content::plan_read(&object, file, start, len, size) {
        ReadPlan::FromCache { len } => {
            decision.source = Source::Cache;
            decision.why = ReadWhy::HaveData;
            len
        }
        ReadPlan::Fetch { len, why } => {
            subreq.set_copy_to_cache();
            decision.why = match why {
                FetchReason::Hole => ReadWhy::FoundHole,
                FetchReason::PartHole => ReadWhy::FoundPart,
                FetchReason::BeyondEnd => ReadWhy::SeekNxio,
            };
            len
        }
        ReadPlan::Unknown(errno) => {
            trace::io_error(
                object.debug_id(),
                file.inode(),
                Error::from_errno(errno),
                ErrorAt::Seek,
            );
            decision.why = ReadWhy::SeekError;
            return decision;
        }
    };
    let cut = usize::try_from(cut).unwrap_or(usize::MAX);
    subreq.set_len(subreq.len().min(cut));
    decision
}

/// Where the first data lies in the `len` bytes from `start`: a position and a length. Sleeps.
///
/// # Errors
///
/// `ENODATA` if there is none, `ENOBUFS` if the cache cannot be asked.
pub(crate) fn query_occupancy(
    resources: &Resources<'_>,
    start: u64,
    len: u64,
    granule: u64,
) -> Result<(u64, u64)> {
    let (object, file) = resources.wait_for_target(Want::Read)?;
    if object.integrity().is_suspect() {
        return Err(ENODATA);
    }
    content::find_data(&object, file, start, len, granule)
        .map_err(|_| ENOBUFS)?
        .ok_or(ENODATA)
}
