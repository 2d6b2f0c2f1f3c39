// SPDX-License-Identifier: GPL-2.0-only

//! The trace points, with the names, fields and reasons that existing tools know.
//!
//! The reasons are the kernel's own enums, under the names that this crate uses for them.

use crate::{
    bindings,
    layout::{
        Cache,
        Cookie,
        Volume, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};

#[path = "../include/trace.rs"]
mod declare;

#[allow(clippy::missing_safety_doc)] // Said in their descriptions.
mod raw {
    use super::*;

    declare::declare_trace! {
        /// Fires `fscache:fscache_cache`. Always sound.
        unsafe fn fscache_cache(id: c_uint, usage: c_int, why: c_uint);
        /// Fires `fscache:fscache_volume`. Always sound.
        unsafe fn fscache_volume(id: c_uint, usage: c_int, why: c_uint);
        /// Fires `fscache:fscache_cookie`. Always sound.
        unsafe fn fscache_cookie(id: c_uint, usage: c_int, why: c_uint);
        /// Fires `fscache:fscache_active`. Always sound.
        unsafe fn fscache_active(id: c_uint, usage: c_int, active: c_int, accesses: c_int, why: c_uint);
        /// Fires `fscache:fscache_access_cache`. Always sound.
        unsafe fn fscache_access_cache(id: c_uint, usage: c_int, accesses: c_int, why: c_uint);
        /// Fires `fscache:fscache_access_volume`. Always sound.
        unsafe fn fscache_access_volume(volume: c_uint, cookie: c_uint, usage: c_int, accesses: c_int, why: c_uint);
        /// Fires `fscache:fscache_access`. Always sound.
        unsafe fn fscache_access(id: c_uint, usage: c_int, accesses: c_int, why: c_uint);
        /// Fires `fscache:fscache_acquire`. The cookie must be valid.
        unsafe fn fscache_acquire(cookie: *mut bindings::fscache_cookie);
        /// Fires `fscache:fscache_relinquish`. The cookie must be valid.
        unsafe fn fscache_relinquish(cookie: *mut bindings::fscache_cookie, retire: bool);
        /// Fires `fscache:fscache_invalidate`. The cookie must be valid.
        unsafe fn fscache_invalidate(cookie: *mut bindings::fscache_cookie, new_size: i64);
        /// Fires `fscache:fscache_resize`. The cookie must be valid.
        unsafe fn fscache_resize(cookie: *mut bindings::fscache_cookie, new_size: i64);
    }
}

/// Makes a type of trace reasons: constants of it can be named, nothing else be made.
macro_rules! reasons {
    ($(#[$attr:meta])* $name:ident, $prefix:ident { $($reason:ident = $raw:ident),* $(,)? }) => {
        $(#[$attr])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $name(c_uint);

        #[allow(missing_docs, dead_code, non_upper_case_globals)] // Documented by their names.
        impl $name {
            $(pub(crate) const $reason: Self =
                Self(::kernel::macros::paste!(bindings::[<$prefix $raw>]));)*

            /// A reason that came from C, which is only ever passed on to a trace point.
            pub(crate) fn from_raw(raw: c_uint) -> Self {
                Self(raw)
            }
        }
    };
}

reasons! {
    /// Why a reference to a cache was taken or given back.
    CacheWhy, fscache_cache_trace_fscache_cache_ {
        GetAcquire = get_acquire,
        NewAcquire = new_acquire,
        PutAllocVolume = put_alloc_volume,
        PutCache = put_cache,
        PutPrepFailed = put_prep_failed,
        PutRelinquish = put_relinquish,
        PutVolume = put_volume,
    }
}

reasons! {
    /// Why a reference to a volume was taken or given back.
    VolumeWhy, fscache_volume_trace_fscache_volume_ {
        Collision = collision,
        GetCookie = get_cookie,
        GetCreateWork = get_create_work,
        GetHashCollision = get_hash_collision,
        Free = free,
        NewAcquire = new_acquire,
        PutCookie = put_cookie,
        PutCreateWork = put_create_work,
        PutHashCollision = put_hash_collision,
        PutRelinquish = put_relinquish,
        SeeCreateWork = see_create_work,
        SeeHashWake = see_hash_wake,
        WaitCreateWork = wait_create_work,
    }
}

reasons! {
    /// Why a reference to a cookie was taken or given back, or the cookie looked at.
    CookieWhy, fscache_cookie_trace_fscache_cookie_ {
        Collision = collision,
        Discard = discard,
        Failed = failed,
        GetEndAccess = get_end_access,
        GetHashCollision = get_hash_collision,
        GetInvalWork = get_inval_work,
        GetLru = get_lru,
        GetUseWork = get_use_work,
        NewAcquire = new_acquire,
        PutHashCollision = put_hash_collision,
        PutLru = put_lru,
        PutOverQueued = put_over_queued,
        PutRelinquish = put_relinquish,
        PutWork = put_work,
        SeeActive = see_active,
        SeeLruDiscard = see_lru_discard,
        SeeLruDiscardClear = see_lru_discard_clear,
        SeeLruDoOne = see_lru_do_one,
        SeeRelinquish = see_relinquish,
        SeeWithdraw = see_withdraw,
        SeeWork = see_work,
    }
}

reasons! {
    /// Why a cookie's count of users changed.
    ActiveWhy, fscache_active_trace_fscache_active_ {
        Use = use,
        UseModify = use_modify,
        Unuse = unuse,
    }
}

reasons! {
    /// Why an access began or ended.
    AccessWhy, fscache_access_trace_fscache_access_ {
        AcquireVolume = acquire_volume,
        AcquireVolumeEnd = acquire_volume_end,
        CachePin = cache_pin,
        CacheUnpin = cache_unpin,
        IoNotLive = io_not_live,
        IoRead = io_read,
        IoResize = io_resize,
        IoWait = io_wait,
        IoWrite = io_write,
        LookupCookie = lookup_cookie,
        LookupCookieEnd = lookup_cookie_end,
        LookupCookieEndFailed = lookup_cookie_end_failed,
        RelinquishVolume = relinquish_volume,
        RelinquishVolumeEnd = relinquish_volume_end,
        Unlive = unlive,
    }
}

/// A reference to a cache came or went; `count` is what remains.
#[inline(always)]
pub(crate) fn cache(id: u32, count: i32, why: CacheWhy) {
    // SAFETY: Always sound.
    unsafe { raw::fscache_cache(id, count, why.0) }
}

/// A reference to a volume came or went; `count` is what remains.
#[inline(always)]
pub(crate) fn volume(id: u32, count: i32, why: VolumeWhy) {
    // SAFETY: Always sound.
    unsafe { raw::fscache_volume(id, count, why.0) }
}

/// A volume was looked at.
#[inline(always)]
pub(crate) fn see_volume(volume: &Volume, why: VolumeWhy) {
    if raw::fscache_volume_enabled() {
        self::volume(volume.debug_id(), volume.refs().read(), why);
    }
}

/// A reference to a cookie came or went; `count` is what remains.
#[inline(always)]
pub(crate) fn cookie(id: u32, count: i32, why: CookieWhy) {
    // SAFETY: Always sound.
    unsafe { raw::fscache_cookie(id, count, why.0) }
}

/// A cookie was looked at.
#[inline(always)]
pub(crate) fn see_cookie(cookie: &Cookie, why: CookieWhy) {
    if raw::fscache_cookie_enabled() {
        self::cookie(cookie.debug_id(), cookie.refs().read(), why);
    }
}

/// Does anybody listen to [`active`]?
#[inline(always)]
pub(crate) fn is_active_heard() -> bool {
    raw::fscache_active_enabled()
}

/// A cookie's count of users changed to `active`.
#[inline(always)]
pub(crate) fn active(cookie: &Cookie, active: i32, why: ActiveWhy) {
    if raw::fscache_active_enabled() {
        // SAFETY: Always sound.
        unsafe {
            raw::fscache_active(
                cookie.debug_id(),
                cookie.refs().read(),
                active,
                cookie.n_accesses().load(Relaxed),
                why.0,
            )
        }
    }
}

/// A cache's count of accesses changed to `accesses`.
#[inline(always)]
pub(crate) fn access_cache(cache: &Cache, accesses: i32, why: AccessWhy) {
    if raw::fscache_access_cache_enabled() {
        // SAFETY: Always sound.
        unsafe { raw::fscache_access_cache(cache.debug_id(), cache.refs().read(), accesses, why.0) }
    }
}

/// A volume's count of accesses changed to `accesses`, on behalf of cookie `cookie` (or 0).
#[inline(always)]
pub(crate) fn access_volume(volume: &Volume, cookie: u32, accesses: i32, why: AccessWhy) {
    if raw::fscache_access_volume_enabled() {
        // SAFETY: Always sound.
        unsafe {
            raw::fscache_access_volume(
                volume.debug_id(),
                cookie,
                volume.refs().read(),
                accesses,
                why.0,
            )
        }
    }
}

/// A cookie's count of accesses changed to `accesses`.
#[inline(always)]
pub(crate) fn access(cookie: &Cookie, accesses: i32, why: AccessWhy) {
    if raw::fscache_access_enabled() {
        // SAFETY: Always sound.
        unsafe { raw::fscache_access(cookie.debug_id(), cookie.refs().read(), accesses, why.0) }
    }
}

/// A cookie was acquired.
#[inline(always)]
pub(crate) fn acquire(cookie: &Cookie) {
    // SAFETY: A reference is to a valid cookie.
    unsafe { raw::fscache_acquire(cookie.as_raw()) }
}

/// A cookie was relinquished.
#[inline(always)]
pub(crate) fn relinquish(cookie: &Cookie, retire: bool) {
    // SAFETY: A reference is to a valid cookie.
    unsafe { raw::fscache_relinquish(cookie.as_raw(), retire) }
}

/// A cookie's content was declared out of date.
#[inline(always)]
pub(crate) fn invalidate(cookie: &Cookie, new_size: i64) {
    // SAFETY: A reference is to a valid cookie.
    unsafe { raw::fscache_invalidate(cookie.as_raw(), new_size) }
}

/// A cookie's object is being resized.
#[inline(always)]
pub(crate) fn resize(cookie: &Cookie, new_size: i64) {
    // SAFETY: A reference is to a valid cookie.
    unsafe { raw::fscache_resize(cookie.as_raw(), new_size) }
}
