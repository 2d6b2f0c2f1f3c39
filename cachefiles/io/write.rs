// SPDX-License-Identifier: GPL-2.0-only

//! Writes: room for them, what direct I/O can move of them, and those that go to the cache.
//!
//! # A write that does not happen
//!
//! Nobody tells the filesystem that the cache holds something else than it stored. So a range that
//! was to be written and is not, must be absent afterwards. While that can be seen to at once, it
//! is ([`content::forget`]); if it cannot, is found out in an interrupt, or the file is not there
//! yet, the object is suspect ([`Integrity::note`](crate::integrity::Integrity::note)) until that
//! has been seen to.
//!
//! # Memory
//!
//! A store may be part of write-back. Reclaim that waits for that would wait for itself, so all of a
//! store is in a scope that keeps reclaim out of filesystems ([`NoFsReclaim`]).

use crate::{
    cache::{
        SpaceFor,
        Writing, //
    },
    content,
    extent::{
        align_store,
        whole_pages,
        within_file,
        Damage,
        Occupancy, //
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
    jar::Borrowed,
    kiocb::{
        self,
        Completion,
        Submitted, //
    },
    limits::Amount,
    netfs::{
        Subrequest,
        Terminator,
        MAX_SEGMENTS,
        MAX_WRITE, //
    },
    nofs::NoFsReclaim,
    object::Object,
    object_ref::IoRef,
    trace::{
        self,
        ErrorAt,
        SubrequestEvent, //
    },
    unwritten::Alone,
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// Bytes in a page.
const PAGE_SIZE: u64 = kernel::page::PAGE_SIZE as u64;

/// The end of a write.
struct WriteDone {
    terminator: Terminator,
    object: IoRef,
    writing: Writing,
    alone: Alone,
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
            alone,
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
            // What it damaged is known by now to who waits for that.
            alone.end(object.cache().unwritten());
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

/// Lets a write to `file` begin: returns that nothing else touches it, and the epoch. Sleeps.
///
/// # Errors
///
/// Why it must not.
fn begin_write(
    resources: &Resources<'_>,
    object: &Object,
    file: &File,
    start: u64,
    len: u64,
) -> Result<(Alone, u32)> {
    let unwritten = object.cache().unwritten();
    object.empty_holes()?;
    let alone = unwritten.begin(file, start, len)?;
    // If it cannot be mended, it is refused below.
    object.mend();
    object.mark_for_changes();
    let epoch = object.integrity().epoch();
    // Before the question whether the object is suspect, see `Object::mend()`.
    object.integrity().begin_write();
    if let Err(error) = refuse_write(resources, object) {
        object.integrity().end_write();
        alone.end(unwritten);
        return Err(error);
    }
    Ok((alone, epoch))
}

/// The object and the file for a store of `len` bytes at `start`, as soon as the cookie is ready for
/// it. Sleeps.
///
/// If there will be none, the range is made absent.
///
/// # Errors
///
/// `ENOBUFS`.
fn store_target<'a>(
    resources: &Resources<'a>,
    start: u64,
    len: u64,
) -> Result<(Borrowed<'a, Object>, &'a File)> {
    resources.wait_for_target(Want::Write).inspect_err(|_| {
        if let Some(object) = resources.object() {
            forget_range(&object, start, len);
        }
    })
}

/// Writes `iter` to the cache at `start`. Sleeps.
///
/// Returns when the write is under way, or over. The terminator is told in any case; without one,
/// the write is over on return.
pub(crate) fn write(
    resources: &Resources<'_>,
    start: u64,
    iter: &mut IoVector<'_>,
    terminator: Terminator,
) -> Result<Submitted> {
    let _scope = NoFsReclaim::begin();
    let (object, file) = match store_target(resources, start, iter.len() as u64) {
        Ok(target) => target,
        Err(error) => {
            terminator.call(Err(error));
            return Err(error);
        }
    };
    let cache = object.cache();
    let len = iter.len();
    let (alone, epoch) = match begin_write(resources, &object, file, start, len as u64) {
        Ok(begun) => begun,
        Err(error) => {
            forget_range(&object, start, len as u64);
            terminator.call(Err(error));
            return Err(error);
        }
    };
    fscache::count(Count::Write);

    trace::write(object.debug_id(), file.inode(), start, len);
    let wait = !terminator.is_wanted();
    // As for a read.
    let _pin = IoRef::new(&object);
    let done = WriteDone {
        terminator,
        writing: Writing::begin(cache, len as u64),
        alone,
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

/// Sees to it that `len` bytes at `start` may be written. Sleeps.
///
/// # Errors
///
/// `ENOBUFS` if there is no room.
fn make_room(object: &Object, file: &File, start: u64, len: u64, is_new: bool) -> Result {
    let cache = object.cache();
    let want = Amount {
        files: 0,
        blocks: cache.block().blocks_for(len),
    };
    if is_new && cache.has_space(want, SpaceFor::Write).is_ok() {
        return Ok(());
    }
    let occupancy = content::occupancy(object, file, start, len).inspect_err(|error| {
        trace::io_error(object.debug_id(), file.inode(), *error, ErrorAt::Seek);
    })?;
    match occupancy {
        Occupancy::Empty if is_new => Err(ENOBUFS),
        Occupancy::Empty => cache.has_space(want, SpaceFor::Write),
        Occupancy::Full => Ok(()),
        Occupancy::Partial => cache.has_space(want, SpaceFor::Check).map_err(|_| {
            fscache::count(Count::NoWriteSpace);
            ENOBUFS
        }),
    }
}

/// As [`make_room`], and sees to it that a range that will not be written is absent. Mends the object
/// first, as readers do not: also one for which there is no room.
fn admit_write(object: &Object, file: &File, start: u64, len: u64, is_new: bool) -> Result {
    object.mend();
    make_room(object, file, start, len, is_new).inspect_err(|_| forget_range(object, start, len))
}

/// Prepares a write of `len` bytes at `start`, of which at most `upper` may be written, to the object
/// of a file of `size` bytes. Sleeps.
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
    size: u64,
    is_new: bool,
) -> Result<u64> {
    let _scope = NoFsReclaim::begin();
    // The object may be in the making.
    let (object, file) = match resources.target() {
        Some(target) => target,
        None => store_target(resources, start, len)?,
    };
    let inside = within_file(start, len, size, object.was_cut_to(size), PAGE_SIZE);
    if inside < len {
        forget_range(
            &object,
            start.saturating_add(inside),
            len.saturating_sub(inside),
        );
        if inside == 0 {
            return Err(ENOBUFS);
        }
    }
    let Some(len) = whole_pages(start, inside, upper, PAGE_SIZE) else {
        // Probably data that came into the page cache when the cookie was out of service.
        fscache::count(Count::DioMisfit);
        forget_range(&object, start, len);
        return Err(ENOBUFS);
    };
    admit_write(&object, file, start, len, is_new)?;
    Ok(len)
}

/// Says how much a subrequest may grow to, or that there is nothing to write to. Sleeps.
pub(crate) fn prepare_write_subrequest(subreq: &mut Subrequest<'_>) {
    subreq.set_stream_limits(MAX_WRITE, MAX_SEGMENTS);
    let resources = subreq.resources();
    if resources.target().is_none() && resources.wait_for_target(Want::Write).is_err() {
        if let Some(object) = resources.object() {
            // How much would have been written is not known yet.
            let integrity = object.integrity();
            integrity.note(integrity.epoch(), Damage::ALL);
        }
        subreq.prepare_failed();
    }
}

/// Writes a subrequest. Sleeps.
///
/// The subrequest is terminated in any case, here or when the write is over.
pub(crate) fn issue_write(mut subreq: Subrequest<'_>) {
    let _scope = NoFsReclaim::begin();
    let resources = subreq.resources();
    let terminator = subreq.write_terminator();
    let (start, len) = (subreq.start(), subreq.len());
    // A subrequest whose object is in the making waits here, as it must not be lost.
    let (object, file) = match store_target(&resources, start, len as u64) {
        Ok(target) => target,
        Err(error) => {
            trace::subrequest(&subreq, SubrequestEvent::NoWrite);
            terminator.call(Err(error));
            return;
        }
    };

    let extendable = subreq.extendable();
    let Some(store) = align_store(start, len as u64, subreq.request_size(), extendable) else {
        fscache::count(Count::DioMisfit);
        forget_range(&object, start, len as u64);
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
    forget_range(&object, start, store.skip);
    forget_range(&object, stored_end, wanted_end.saturating_sub(stored_end));

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
///
/// The file is the one that the object has now. An operation may have one that another took the
/// place of, which goes nowhere.
fn forget_range(object: &Object, start: u64, len: u64) {
    if len == 0 {
        return;
    }
    let epoch = object.integrity().epoch();
    let damage = Damage::of(start, len);
    let Some(file) = object.file() else {
        // There may be one that the lookup has yet to find.
        object.integrity().note(epoch, damage);
        return;
    };
    if let Err(error) = content::forget(object, &file, start, len) {
        trace::io_error(object.debug_id(), file.inode(), error, ErrorAt::Fallocate);
        object.integrity().note(epoch, damage);
    }
}
