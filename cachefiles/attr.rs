// SPDX-License-Identifier: GPL-2.0-only

//! Setting and checking what a file, or a volume's directory, says of itself.
//!
//! The format is `coherency.rs`'s. All of it sleeps, and is called under the cache's credentials.

use crate::{
    cache::{
        is_fatal,
        Cache, //
    },
    coherency::{
        self,
        Buffer,
        Content,
        Verdict,
        UNFILLED,
        XATTR_NAME, //
    },
    dentry::Dentry,
    file::FileExt,
    fscache::{
        Cookie,
        Snapshot,
        VolumeCookie, //
    },
    inject,
    inode::Inode,
    trace::{
        self,
        CoherencyWhy,
        ErrorAt,
        NOBODY, //
    },
    xattr,
};
use kernel::{
    fs::File,
    prelude::*, //
};

/// Stores an attribute.
fn set(cache: &Cache, dentry: &Dentry, value: &[u8], object: u32) -> Result {
    let access = cache.mount().want_write();
    access
        .and_then(|access| {
            inject::write()?;
            xattr::set(&access, dentry, XATTR_NAME, value)
        })
        .inspect_err(|error| {
            trace::vfs_error(object, dentry.inode(), *error, ErrorAt::Setxattr);
            cache.note_error(*error, fmt!("Failed to set xattr [o={:08x}]", object));
        })
}

/// Reads an attribute; one that is not there, or too long, is empty, and so agrees with nothing.
///
/// # Errors
///
/// Those of reading it: what was stored may be good, and is left as it is.
#[inline]
fn get<'a>(
    cache: &Cache,
    dentry: &Dentry,
    buffer: &'a mut Buffer,
    object: u32,
) -> Result<&'a [u8]> {
    match inject::read().and_then(|()| xattr::get(dentry, XATTR_NAME, buffer)) {
        Ok(stored) => Ok(stored),
        Err(error) => {
            trace::vfs_error(object, dentry.inode(), error, ErrorAt::Getxattr);
            cache.note_error(error, fmt!("Failed to read xattr [o={:08x}]", object));
            if error == ENODATA || error == ERANGE {
                return Ok(&[]);
            }
            if !is_fatal(error) && crate::ratelimit::may_speak() {
                pr_warn!(
                    "Cannot read an attribute in cache (B={:x}): {}; left alone, and not used\n",
                    dentry.inode().map_or(0, Inode::number),
                    error.to_errno()
                );
            }
            Err(error)
        }
    }
}

/// Can there be attributes on this directory's filesystem? False also where it has some, but not
/// those of users, or not as it is mounted. Sleeps.
pub(crate) fn are_possible(directory: &Dentry) -> bool {
    xattr::get(directory, XATTR_NAME, &mut []).err() != Some(EOPNOTSUPP)
}

/// Makes an object's file say what `snapshot` says.
pub(crate) fn set_object(
    cache: &Cache,
    object: u32,
    cookie: &Cookie,
    file: &File,
    snapshot: &Snapshot,
    content: Content,
) -> Result {
    let mut buffer = UNFILLED;
    let value =
        coherency::encode_object(&mut buffer, snapshot.object_size, content, snapshot.aux());
    let result = set(cache, file.dentry(), value, object);
    trace::coherency(
        object,
        cookie,
        file.inode().number(),
        value,
        match result {
            Ok(()) => CoherencyWhy::SetOk,
            Err(_) => CoherencyWhy::SetFail,
        },
    );
    result
}

/// Brings what a file says of itself to the disk, and waits for it.
pub(crate) fn write_out(cache: &Cache, object: u32, file: &File) -> Result {
    inject::write()
        .and_then(|()| file.sync())
        .inspect_err(|error| {
            trace::vfs_error(object, Some(file.inode()), *error, ErrorAt::Setxattr);
            cache.note_error(*error, fmt!("Failed to write out [o={:08x}]", object));
        })
}

/// Says that something in the cache was damaged, or left behind by a crash; `number` is its inode's.
///
/// What just is out of date is no news.
#[cold]
fn report_odd(verdict: Verdict, what: &str, number: u64) {
    let (how, why) = match verdict {
        Verdict::Coherent | Verdict::BadData | Verdict::BadSize => return,
        Verdict::BadXattr => ("Odd", ": its attribute is missing, or has a wrong length"),
        Verdict::BadType => ("Odd", ": its attribute is of another type"),
        Verdict::BadReserved => ("Odd", ": its attribute has bits set that must not be"),
        Verdict::BadContent => ("Odd", ": it holds what is not known here"),
        Verdict::Dirty => ("Dirty", ""),
    };
    if crate::ratelimit::may_speak() {
        pr_warn!("{} {} in cache (B={:x}){}\n", how, what, number, why);
    }
}

/// Does an object's file say what `snapshot` says?
///
/// # Errors
///
/// Those of reading what it says; whatever is odd about that does not agree.
pub(crate) fn check_object(
    cache: &Cache,
    object: u32,
    cookie: &Cookie,
    file: &File,
    snapshot: &Snapshot,
) -> Result<bool> {
    let mut buffer = UNFILLED;
    let stored = get(cache, file.dentry(), &mut buffer, object)?;
    let verdict = coherency::check_object(stored, snapshot.object_size, snapshot.aux());
    let why = match verdict {
        Verdict::Coherent => CoherencyWhy::CheckOk,
        Verdict::BadXattr | Verdict::BadReserved => CoherencyWhy::CheckXattr,
        Verdict::BadType => CoherencyWhy::CheckType,
        Verdict::BadData => CoherencyWhy::CheckAux,
        Verdict::BadSize => CoherencyWhy::CheckObjsize,
        Verdict::BadContent => CoherencyWhy::CheckContent,
        Verdict::Dirty => CoherencyWhy::CheckDirty,
    };
    // Not even called in the most common case, on the way of every lookup.
    if verdict != Verdict::Coherent {
        report_odd(verdict, "object", file.inode().number());
    }
    trace::coherency(object, cookie, file.inode().number(), stored, why);
    Ok(verdict == Verdict::Coherent)
}

/// Makes a file, or a directory, say nothing about itself, so that it agrees with nothing.
pub(crate) fn remove(cache: &Cache, object: u32, dentry: &Dentry) -> Result {
    let access = cache.mount().want_write();
    let removed = access.and_then(|access| {
        inject::remove()?;
        xattr::remove(&access, dentry, XATTR_NAME)
    });
    match removed {
        Ok(()) => Ok(()),
        Err(error) if error == ENODATA || error == ENOENT => Ok(()),
        Err(error) => {
            trace::vfs_error(object, dentry.inode(), error, ErrorAt::Remxattr);
            cache.note_error(error, fmt!("Can't remove xattr [o={:08x}]", object));
            Err(error)
        }
    }
}

/// Stores coherency data on a volume's directory.
pub(crate) fn set_volume(
    cache: &Cache,
    record: &VolumeCookie,
    directory: &Dentry,
    data: &[u8],
) -> Result {
    let inode = directory.inode().ok_or(ENOENT)?;
    let mut buffer = UNFILLED;
    let value = coherency::encode_volume(&mut buffer, data);
    let result = set(cache, directory, value, NOBODY);
    trace::volume_coherency(
        record,
        inode.number(),
        match result {
            Ok(()) => CoherencyWhy::VolSetOk,
            Err(_) => CoherencyWhy::VolSetFail,
        },
    );
    result
}

/// Does a volume's directory have this coherency data?
///
/// # Errors
///
/// As for [`check_object`].
pub(crate) fn check_volume(
    cache: &Cache,
    record: &VolumeCookie,
    directory: &Dentry,
    data: &[u8],
) -> Result<bool> {
    let inode = directory.inode().ok_or(ENOENT)?;
    let mut buffer = UNFILLED;
    let stored = get(cache, directory, &mut buffer, NOBODY)?;
    let verdict = coherency::check_volume(stored, data);
    let why = match verdict {
        Verdict::Coherent => CoherencyWhy::VolCheckOk,
        Verdict::BadReserved => CoherencyWhy::VolCheckResv,
        Verdict::BadData => CoherencyWhy::VolCheckCmp,
        Verdict::BadXattr
        | Verdict::BadType
        | Verdict::BadSize
        | Verdict::BadContent
        | Verdict::Dirty => CoherencyWhy::VolCheckXattr,
    };
    report_odd(verdict, "volume", inode.number());
    trace::volume_coherency(record, inode.number(), why);
    Ok(verdict == Verdict::Coherent)
}
