// SPDX-License-Identifier: GPL-2.0-only

//! Reads and writes.
//!
//! An operation begins when fscache lets it, gets a file when the object has one, and ends when
//! netfs says so. What it may touch of the object, it may while it has not ended; an I/O under way
//! has references of its own, to the file and to the object, and gives them back in that order
//! after it has told netfs how it ended.
//!
//! # Old data, new object
//!
//! An invalidation counts the cookie's generation up and puts another file in place. An operation
//! remembers the generation in which it began:
//!
//! - what was read is thrown away (`ESTALE`) if the generation changed until the read was over;
//! - nothing is written by an operation that began in another generation than the present one.
//!
//! # A write that does not happen
//!
//! Nobody tells the filesystem that the cache holds something else than it stored. So a range that
//! was to be written and is not, must be absent afterwards. While that can be seen to at once, it
//! is ([`content::forget`]); if it cannot, or is found out in an interrupt, the object is suspect
//! ([`Integrity::note`](crate::integrity::Integrity::note)) until that has been seen to.

use crate::{
    cache::{
        Cache,
        SpaceFor,
        Writing, //
    },
    content,
    extent::{
        align_store,
        whole_pages,
        Damage,
        FetchReason,
        Occupancy,
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
    limits::Amount,
    netfs::{
        Source,
        Subrequest,
        Terminator,
        MAX_SEGMENTS,
        MAX_WRITE, //
    },
    nofs::without_fs_reclaim,
    object::Object,
    object_ref::IoRef,
    trace::{
        self,
        ErrorAt,
        PrepareRead,
        ReadWhy,
        SubrequestEvent, //
    },
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// Bytes in a page.
const PAGE_SIZE: u64 = kernel::page::PAGE_SIZE as u64;

/// What is done about holes in a read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holes {
    /// They read as zeros.
    Ignore,
    /// A read of nothing but a hole fails.
    Fail,
}

/// Begins an operation: gives it our functions, and a file if the object has one.
///
/// False if the operation needs a file and there is none.
pub(crate) fn begin(object: &Object, resources: &mut Resources<'_>, want: Want) -> bool {
    resources.equip(object.file());
    if resources.file().is_none() && want != Want::Params {
        if crate::ratelimit::may_speak() {
            pr_err!("failed to get cres->file\n");
        }
        return false;
    }
    true
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
    let ready = resources.wait(Want::Read);
    let target = resources.object().zip(resources.file());
    let (true, Some((object, file))) = (ready, target) else {
        terminator.call(Err(ENOBUFS));
        return Err(ENOBUFS);
    };
    fscache::count(Count::Read);

    let len = iter.len();
    let mut skipped = 0;
    if holes == Holes::Fail {
        match content::first_data(file, start, len as u64) {
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

/// The end of a write.
struct WriteDone {
    terminator: Terminator,
    object: IoRef,
    writing: Writing,
    start: u64,
    len: usize,
    epoch: u32,
}

impl Completion for WriteDone {
    type Last = IoRef;

    fn complete(self, file: &File, result: Result<usize>) -> IoRef {
        let Self {
            terminator,
            object,
            writing,
            start,
            len,
            epoch,
        } = self;
        let damage = Damage::of(start, len as u64);
        if let Some(object) = object.object() {
            writing.end(object.cache());
            match result {
                Ok(bytes) => {
                    if bytes < len {
                        object.integrity().note(epoch, damage);
                    }
                    if bytes > 0 {
                        object.cookie().set(CookieFlag::HaveData);
                    }
                }
                Err(error) => {
                    trace::io_error(object.debug_id(), file.inode(), error, ErrorAt::Write);
                    object.integrity().note(epoch, damage);
                }
            }
            object.integrity().end_write();
        }
        terminator.call(result);
        object
    }
}

/// Why a write cannot begin, if so.
fn refuse_write(resources: &Resources<'_>, object: &Object) -> Result {
    if resources.generation() != object.cookie().generation() {
        // What is to be written was read before the last invalidation, or may have been.
        Err(ESTALE)
    } else if object.integrity().is_suspect() || object.cache().status().is_dead() {
        Err(ENOBUFS)
    } else {
        Ok(())
    }
}

/// Writes `iter` to the cache at `start`. Sleeps.
///
/// As [`read`] otherwise.
pub(crate) fn write(
    resources: &Resources<'_>,
    start: u64,
    iter: &mut IoVector<'_>,
    terminator: Terminator,
) -> Result<Submitted> {
    let ready = resources.wait(Want::Write);
    let target = resources.object().zip(resources.file());
    let (true, Some((object, file))) = (ready, target) else {
        terminator.call(Err(ENOBUFS));
        return Err(ENOBUFS);
    };
    let cache = object.cache();
    // This may be write-back, for which memory is not to be waited for.
    without_fs_reclaim(|| {
        if object.integrity().is_suspect() {
            object.mend();
        }
        cache.with_creds(|| object.mark_for_changes());
    });
    let epoch = object.integrity().epoch();
    // Before the question whether the object is suspect, see `Object::mend()`.
    object.integrity().begin_write();
    if let Err(error) = refuse_write(resources, &object) {
        object.integrity().end_write();
        // The operation's file may not be the object's any more; whichever is, must not have it.
        if let Some(current) = object.file() {
            forget_range(&object, &current, start, iter.len() as u64);
        }
        terminator.call(Err(error));
        return Err(error);
    }
    fscache::count(Count::Write);

    let len = iter.len();
    trace::write(object.debug_id(), file.inode(), start, len);
    let wait = !terminator.is_wanted();
    let done = WriteDone {
        terminator,
        writing: Writing::begin(cache, len as u64),
        object: IoRef::new(&object),
        start,
        len,
        epoch,
    };
    if let Err(error) = inject::write() {
        drop(done.complete(file, Err(error)));
        return Err(error);
    }
    kiocb::write(file, start, iter, done, wait, cache.credentials())
}

/// How long a read-ahead of `len` bytes at `start`, of a file of `size` bytes, had best be. Sleeps.
///
/// One that goes on where the last one ended is lengthened, as far as the cache has what comes
/// then: neither the disk nor the server is asked for what nobody may want.
pub(crate) fn expand_readahead(resources: &Resources<'_>, start: u64, len: u64, size: u64) -> u64 {
    let Some((object, file)) = resources.object().zip(resources.file()) else {
        return len;
    };
    let goes_on = object.goes_on(start);
    let longer = if goes_on && !resources.cookie().has(CookieFlag::NoDataToRead) {
        let cache = object.cache();
        cache.with_creds(|| content::lengthen_readahead(file, start, len, size))
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
    let Some((object, file)) = resources.object().zip(resources.file()) else {
        return decision;
    };
    decision.cache_ino = file.inode().number();
    decision.object = object.debug_id();
    if object.integrity().is_suspect() && !object.mend() {
        decision.why = ReadWhy::SeekError;
        return decision;
    }

    let cache = object.cache();
    let (start, len) = (subreq.start(), subreq.len() as u64);
    let plan =
        cache.with_creds(|| content::plan_read(file, start, len, size, cache.block().bytes()));
    let cut = match plan {
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
    if !resources.wait(Want::Read) {
        return Err(ENOBUFS);
    }
    let (object, file) = resources.object().zip(resources.file()).ok_or(ENOBUFS)?;
    if object.integrity().is_suspect() && !object.mend() {
        return Err(ENODATA);
    }
    let cache = object.cache();
    let granule = granule.max(cache.block().bytes());
    cache
        .with_creds(|| content::find_data(file, start, len, granule))
        .map_err(|_| ENOBUFS)?
        .ok_or(ENODATA)
}

/// Sees to it that `len` bytes at `start` may be written. Sleeps.
///
/// # Errors
///
/// `ENOBUFS` if there is no room; the range is absent then.
fn make_room(
    cache: &Cache,
    object: &Object,
    file: &File,
    start: u64,
    len: u64,
    is_new: bool,
) -> Result {
    let want = Amount {
        files: 0,
        blocks: cache.block().blocks_for(len),
    };
    if is_new && cache.has_space(want, SpaceFor::Write).is_ok() {
        return Ok(());
    }
    let failed = |error: Error, at: ErrorAt| {
        trace::io_error(object.debug_id(), file.inode(), error, at);
        error
    };
    match content::occupancy(file, start, len).map_err(|error| failed(error, ErrorAt::Seek))? {
        Occupancy::Empty if is_new => Err(ENOBUFS),
        Occupancy::Empty => cache.has_space(want, SpaceFor::Write),
        Occupancy::Full => Ok(()),
        Occupancy::Partial => {
            if cache.has_space(want, SpaceFor::Check).is_ok() {
                return Ok(());
            }
            fscache::count(Count::NoWriteSpace);
            // What is there would not agree with what is not.
            inject::remove()
                .and_then(|()| file.punch_hole(start, len))
                .map_err(|error| failed(error, ErrorAt::Fallocate))?;
            Err(ENOBUFS)
        }
    }
}

/// As [`make_room`], and sees to it that a range that will not be written is absent.
fn admit_write(object: &Object, file: &File, start: u64, len: u64, is_new: bool) -> Result {
    let epoch = object.integrity().epoch();
    let cache = object.cache();
    cache.with_creds(|| {
        make_room(cache, object, file, start, len, is_new).inspect_err(|_| {
            if content::forget(file, start, len).is_err() {
                object.integrity().note(epoch, Damage::of(start, len));
            }
        })
    })
}

/// Prepares a write of `len` bytes at `start`, of which at most `upper` may be written. Sleeps.
///
/// Returns how many bytes to write.
///
/// # Errors
///
/// `ENOBUFS` if it is not to be written.
pub(crate) fn prepare_write(
    resources: &Resources<'_>,
    start: u64,
    len: u64,
    upper: u64,
    is_new: bool,
) -> Result<u64> {
    if resources.file().is_none() && !resources.wait(Want::Write) {
        return Err(ENOBUFS);
    }
    let (object, file) = resources.object().zip(resources.file()).ok_or(ENOBUFS)?;
    let Some(len) = whole_pages(start, len, upper, PAGE_SIZE) else {
        // Probably data that came into the page cache when the cookie was out of service.
        fscache::count(Count::DioMisfit);
        return Err(ENOBUFS);
    };
    admit_write(&object, file, start, len, is_new)?;
    Ok(len)
}

/// Says how much a subrequest may grow to, or that there is nothing to write to. Sleeps.
pub(crate) fn prepare_write_subrequest(subreq: &mut Subrequest<'_>) {
    subreq.set_stream_limits(MAX_WRITE, MAX_SEGMENTS);
    let resources = subreq.resources();
    let ready =
        resources.file().is_some() || (resources.wait(Want::Write) && resources.file().is_some());
    if !ready {
        subreq.prepare_failed();
    }
}

/// Writes a subrequest. Sleeps.
///
/// The subrequest is terminated in any case, here or when the write is over.
pub(crate) fn issue_write(mut subreq: Subrequest<'_>) {
    let resources = subreq.resources();
    let terminator = subreq.write_terminator();
    // A subrequest whose object is in the making waits here, as it must not be lost.
    let ready = resources.wait(Want::Write);
    let target = resources.object().zip(resources.file());
    let (true, Some((object, file))) = (ready, target) else {
        trace::subrequest(&subreq, SubrequestEvent::NoWrite);
        terminator.call(Err(ENOBUFS));
        return;
    };

    let (start, len) = (subreq.start(), subreq.len());
    let extendable = subreq.extendable();
    let Some(store) = align_store(start, len as u64, subreq.request_size(), extendable) else {
        fscache::count(Count::DioMisfit);
        forget_range(&object, file, start, len as u64);
        // As far as netfs is concerned it is done.
        terminator.call(Ok(len));
        return;
    };
    let first = start.saturating_add(store.skip);
    let stored_end = first.saturating_add(store.len);
    let wanted_end = start
        .saturating_add(len as u64)
        .saturating_add(store.extend);
    // What is left out at either end is not to be what was there before.
    forget_range(&object, file, start, store.skip);
    forget_range(
        &object,
        file,
        stored_end,
        wanted_end.saturating_sub(stored_end),
    );

    trace::subrequest(&subreq, SubrequestEvent::Prepare);
    if let Err(error) = admit_write(&object, file, first, store.len, true) {
        terminator.call(Err(error));
        return;
    }

    let skip = usize::try_from(store.skip).unwrap_or(0);
    subreq.add_transferred(skip);
    subreq.extend(usize::try_from(store.extend).unwrap_or(0));
    let mut buffer = subreq.buffer();
    buffer.advance(skip);
    buffer.truncate(usize::try_from(store.len).unwrap_or(0));
    trace::subrequest(&subreq, SubrequestEvent::Write);
    let mut buffer = subreq.buffer();
    let _ = write(&resources, first, &mut buffer, terminator);
}

/// Makes a range be absent, or the object suspect.
fn forget_range(object: &Object, file: &File, start: u64, len: u64) {
    let epoch = object.integrity().epoch();
    let forgotten = object
        .cache()
        .with_creds(|| content::forget(file, start, len));
    if forgotten.is_err() {
        object.integrity().note(epoch, Damage::of(start, len));
    }
}
