// SPDX-License-Identifier: GPL-2.0-only

//! Firing the trace events that the kernel's `<trace/events/cachefiles.h>` defines.
//!
//! An object is named by its debug id, [`NOBODY`] standing for none. The reasons are enums whose
//! variants are named as the events show them.
//!
//! The functions of `trace.c` fill in what the events' header looks at. They are called when
//! somebody listens; until then each of these costs a patched-out jump.

use crate::{
    bindings, coherency,
    dentry::Dentry,
    fscache::{
        Cookie,
        VolumeCookie, //
    },
    inode::Inode,
};
use kernel::prelude::*;

#[path = "../include/trace.rs"]
mod declare;
use declare::is_heard;

/// No object.
pub(crate) const NOBODY: u32 = 0;

/// Declares an enum of reasons by the C constants that they stand for.
macro_rules! reasons {
    ($(#[$attr:meta])* $name:ident, $ctype:ident: $($variant:ident = $value:ident,)*) => {
        $(#[$attr])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)] // The names are the kernel's.
        #[repr(u32)]
        pub(crate) enum $name {
            $($variant = ::kernel::macros::paste!(bindings::[<$ctype _ $value>]),)*
        }
    };
}

reasons! {
    /// Why a reference to an object was taken, seen or given back.
    RefWhy, cachefiles_obj_ref_trace:
    GetIoreq = cachefiles_obj_get_ioreq,
    New = cachefiles_obj_new,
    PutDetach = cachefiles_obj_put_detach,
    PutIoreq = cachefiles_obj_put_ioreq,
    SeeCleanCommit = cachefiles_obj_see_clean_commit,
    SeeCleanDelete = cachefiles_obj_see_clean_delete,
    SeeCleanDropTmp = cachefiles_obj_see_clean_drop_tmp,
    SeeLookupCookie = cachefiles_obj_see_lookup_cookie,
    SeeLookupFailed = cachefiles_obj_see_lookup_failed,
    SeeWithdrawCookie = cachefiles_obj_see_withdraw_cookie,
    SeeWithdrawal = cachefiles_obj_see_withdrawal,
}

reasons! {
    /// Why something was removed from the cache.
    KillWhy, fscache_why_object_killed:
    IsStale = FSCACHE_OBJECT_IS_STALE,
    IsWeird = FSCACHE_OBJECT_IS_WEIRD,
    Invalidated = FSCACHE_OBJECT_INVALIDATED,
    WasRetired = FSCACHE_OBJECT_WAS_RETIRED,
    WasCulled = FSCACHE_OBJECT_WAS_CULLED,
    VolumeIsWeird = FSCACHE_VOLUME_IS_WEIRD,
}

reasons! {
    /// How coherency data was found or set.
    CoherencyWhy, cachefiles_coherency_trace:
    CheckAux = cachefiles_coherency_check_aux,
    CheckContent = cachefiles_coherency_check_content,
    CheckDirty = cachefiles_coherency_check_dirty,
    CheckObjsize = cachefiles_coherency_check_objsize,
    CheckOk = cachefiles_coherency_check_ok,
    CheckType = cachefiles_coherency_check_type,
    CheckXattr = cachefiles_coherency_check_xattr,
    SetFail = cachefiles_coherency_set_fail,
    SetOk = cachefiles_coherency_set_ok,
    VolCheckCmp = cachefiles_coherency_vol_check_cmp,
    VolCheckOk = cachefiles_coherency_vol_check_ok,
    VolCheckResv = cachefiles_coherency_vol_check_resv,
    VolCheckXattr = cachefiles_coherency_vol_check_xattr,
    VolSetFail = cachefiles_coherency_vol_set_fail,
    VolSetOk = cachefiles_coherency_vol_set_ok,
}

reasons! {
    /// Why the size of a file changes.
    TruncWhy, cachefiles_trunc_trace:
    DioAdjust = cachefiles_trunc_dio_adjust,
    ExpandTmpfile = cachefiles_trunc_expand_tmpfile,
    Shrink = cachefiles_trunc_shrink,
}

reasons! {
    /// What a read was found to be.
    ReadWhy, cachefiles_prepare_read_trace:
    AfterEof = cachefiles_trace_read_after_eof,
    FoundHole = cachefiles_trace_read_found_hole,
    FoundPart = cachefiles_trace_read_found_part,
    HaveData = cachefiles_trace_read_have_data,
    NoData = cachefiles_trace_read_no_data,
    NoFile = cachefiles_trace_read_no_file,
    SeekError = cachefiles_trace_read_seek_error,
    SeekNxio = cachefiles_trace_read_seek_nxio,
}

reasons! {
    /// Which operation failed.
    ErrorAt, cachefiles_error_trace:
    Fallocate = cachefiles_trace_fallocate_error,
    Getxattr = cachefiles_trace_getxattr_error,
    Link = cachefiles_trace_link_error,
    Lookup = cachefiles_trace_lookup_error,
    Mkdir = cachefiles_trace_mkdir_error,
    NotifyChange = cachefiles_trace_notify_change_error,
    Open = cachefiles_trace_open_error,
    Read = cachefiles_trace_read_error,
    Remxattr = cachefiles_trace_remxattr_error,
    Rename = cachefiles_trace_rename_error,
    Seek = cachefiles_trace_seek_error,
    Setxattr = cachefiles_trace_setxattr_error,
    Statfs = cachefiles_trace_statfs_error,
    Tmpfile = cachefiles_trace_tmpfile_error,
    Trunc = cachefiles_trace_trunc_error,
    Unlink = cachefiles_trace_unlink_error,
    Write = cachefiles_trace_write_error,
}

/// Declares functions that fire an event, if somebody listens, by a function of `trace.c`.
///
/// What is handed over must be numbers, and pointers to what the arguments borrow.
macro_rules! events {
    ($(
        $(#[$attr:meta])*
        fn $name:ident($($arg:ident: $type:ty),*): $point:ident, $fire:ident($($value:expr),*);
    )*) => {$(
        $(#[$attr])*
        #[inline]
        pub(crate) fn $name($($arg: $type),*) {
            if is_heard!($point) {
                // SAFETY: By the macro's contract; what is borrowed stays during the call.
                unsafe { bindings::$fire($($value),*) };
            }
        }
    )*};
}

events! {
    /// The count of references to an object changes, or is looked at.
    fn object_ref(object: u32, cookie: u32, usage: i32, why: RefWhy):
        cachefiles_ref, cachefiles_helper_trace_ref(object, cookie, usage, why as u32);

    /// A directory was made; `child` is positive.
    fn mkdir(dir: &Dentry, child: &Dentry):
        cachefiles_mkdir, cachefiles_helper_trace_mkdir(dir.as_raw(), child.as_raw());

    /// A file without a name was made.
    fn tmpfile(object: u32, inode: &Inode):
        cachefiles_tmpfile, cachefiles_helper_trace_tmpfile(object, inode.as_raw());

    /// A file got its name.
    fn link(object: u32, inode: &Inode):
        cachefiles_link, cachefiles_helper_trace_link(object, inode.as_raw());

    /// A name is about to be removed.
    fn unlink(object: u32, ino: u64, why: KillWhy):
        cachefiles_unlink, cachefiles_helper_trace_unlink(object, ino, why as u32);

    /// A directory is about to be moved to the graveyard.
    fn rename(object: u32, ino: u64, why: KillWhy):
        cachefiles_rename, cachefiles_helper_trace_rename(object, ino, why as u32);

    /// Coherency data of a volume was compared or stored.
    fn volume_coherency(volume: &VolumeCookie, ino: u64, why: CoherencyWhy):
        cachefiles_vol_coherency,
        cachefiles_helper_trace_vol_coherency(volume.as_raw(), ino, why as u32);

    /// A read of the cache file begins.
    fn read(object: u32, inode: &Inode, start: u64, len: usize):
        cachefiles_read, cachefiles_helper_trace_read(object, inode.as_raw(), start, len);

    /// A write of the cache file begins.
    fn write(object: u32, inode: &Inode, start: u64, len: usize):
        cachefiles_write, cachefiles_helper_trace_write(object, inode.as_raw(), start, len);

    /// The size of a cache file is about to change.
    fn truncate(object: u32, inode: &Inode, from: u64, to: u64, why: TruncWhy):
        cachefiles_trunc, cachefiles_helper_trace_trunc(object, inode.as_raw(), from, to, why as u32);

    /// An inode was marked as in use.
    fn mark_active(object: u32, inode: &Inode):
        cachefiles_mark_active, cachefiles_helper_trace_mark_active(object, inode.as_raw());

    /// An inode was marked already.
    fn mark_failed(object: u32, inode: &Inode):
        cachefiles_mark_failed, cachefiles_helper_trace_mark_failed(object, inode.as_raw());

    /// An inode is not in use any more.
    fn mark_inactive(object: u32, inode: &Inode):
        cachefiles_mark_inactive, cachefiles_helper_trace_mark_inactive(object, inode.as_raw());

    /// An operation on the content of a file failed.
    fn io_error(object: u32, inode: &Inode, error: Error, at: ErrorAt):
        cachefiles_io_error,
        cachefiles_helper_trace_io_error(object, inode.as_raw(), error.to_errno(), at as u32);
}

/// A name was looked up in `dir`.
#[inline]
pub(crate) fn lookup(object: u32, dir: &Dentry, found: Result<&Dentry, Error>) {
    if is_heard!(cachefiles_lookup) {
        let found = match found {
            Ok(dentry) => dentry.as_raw(),
            Err(error) => error.to_ptr(),
        };
        // SAFETY: The dentries are pinned by the borrows; an error pointer is expected too.
        unsafe { bindings::cachefiles_helper_trace_lookup(object, dir.as_raw(), found) };
    }
}

/// An object's attribute was compared or stored.
#[inline]
pub(crate) fn coherency(
    object: u32,
    cookie: &Cookie,
    ino: u64,
    attribute: &[u8],
    why: CoherencyWhy,
) {
    if is_heard!(cachefiles_coherency) {
        let data = coherency::object_data_head(attribute);
        let content = coherency::object_content_byte(attribute);
        // SAFETY: All is pinned by the borrows; the event reads eight bytes of the data.
        unsafe {
            bindings::cachefiles_helper_trace_coherency(
                object,
                cookie.as_raw(),
                ino,
                data.as_ptr(),
                u32::from(content),
                why as u32,
            )
        };
    }
}

/// What [`prepare_read`] shows.
pub(crate) struct PrepareRead {
    /// The object, if one was asked.
    pub(crate) object: u32,
    /// Where the read begins.
    pub(crate) start: u64,
    /// What it was cut to.
    pub(crate) len: usize,
    /// The flags of the subrequest.
    pub(crate) flags: usize,
    /// Where to read from.
    pub(crate) source: u32,
    /// Why.
    pub(crate) why: ReadWhy,
    /// The inode of the cache file, or zero.
    pub(crate) cache_ino: u64,
    /// The inode of the network filesystem.
    pub(crate) netfs_ino: u64,
}

/// It was decided where to read from.
#[inline]
pub(crate) fn prepare_read(event: &PrepareRead) {
    if is_heard!(cachefiles_prep_read) {
        // SAFETY: Numbers only.
        unsafe {
            bindings::cachefiles_helper_trace_prep_read(
                event.object,
                event.start,
                event.len,
                event.flags as u16,
                event.source,
                event.why as u32,
                event.cache_ino,
                event.netfs_ino,
            )
        };
    }
}

/// An operation on names or attributes failed.
#[inline]
pub(crate) fn vfs_error(object: u32, inode: Option<&Inode>, error: Error, at: ErrorAt) {
    if is_heard!(cachefiles_vfs_error) {
        if let Some(inode) = inode {
            // SAFETY: Pinned by the borrow.
            unsafe {
                bindings::cachefiles_helper_trace_vfs_error(
                    object,
                    inode.as_raw(),
                    error.to_errno(),
                    at as u32,
                )
            };
        }
    }
}

/// What a subrequest of netfs comes to.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum SubrequestEvent {
    /// Preparing to write to the cache.
    Prepare = bindings::CACHEFILES_SREQ_PREPARE,
    /// Writing to the cache.
    Write = bindings::CACHEFILES_SREQ_WRITE,
    /// Not writing to the cache.
    NoWrite = bindings::CACHEFILES_SREQ_NOWRITE,
}

/// A subrequest of netfs gets somewhere. It must not have been terminated yet.
#[inline]
pub(crate) fn subrequest(subreq: &crate::netfs::Subrequest<'_>, what: SubrequestEvent) {
    if is_heard!(netfs_sreq) {
        // SAFETY: Valid by the borrow.
        unsafe { bindings::cachefiles_helper_trace_netfs_sreq(subreq.as_raw(), what as u32) };
    }
}
