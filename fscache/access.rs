// SPDX-License-Identifier: GPL-2.0-only

//! Accesses: what keeps a cache, a volume or an object from going away while it is used.
//!
//! Each of the three has a count of accesses. While a backend serves it, the count of a cache or a
//! volume is kept one higher (the pin), so that it can only reach zero, and wake whoever waits for
//! that, once the pin was taken away to withdraw it. An object's count has no pin: when it reaches
//! zero and there are requests that may have waited for that, the cookie's worker is queued.
//!
//! Beginning counts first and looks whether that is allowed then; withdrawing forbids first and
//! looks at the count then. All of it is fully ordered, so one side always sees the other.
//!
//! An access is a value that must be ended, or handed on to where it will be.

use crate::{
    layout::{
        Cache,
        Cookie,
        CookieRef,
        Volume, //
    },
    state::flags,
    trace::{
        self,
        AccessWhy,
        CookieWhy, //
    },
    wait,
};
use kernel::sync::atomic::ordering::Full;

/// An access to a cache.
#[must_use = "an access must be ended"]
pub(crate) struct CacheAccess<'a>(&'a Cache);

impl<'a> CacheAccess<'a> {
    /// Begins an access, if the cache is live.
    pub(crate) fn begin(cache: &'a Cache, why: AccessWhy) -> Option<Self> {
        if !cache.is_live() {
            return None;
        }
        let access = Self::pin(cache, why);
        if cache.is_live() {
            return Some(access);
        }
        access.end(AccessWhy::Unlive);
        None
    }

    /// Begins an access without a question.
    pub(crate) fn pin(cache: &'a Cache, why: AccessWhy) -> Self {
        let count = cache.n_accesses().fetch_add(1, Full).wrapping_add(1);
        trace::access_cache(cache, count, why);
        Self(cache)
    }

    /// Leaves the count raised; [`CacheAccess::resume`] is its inverse.
    pub(crate) fn suspend(self) {}

    /// Takes over an access that was suspended. The caller knows that one was.
    pub(crate) fn resume(cache: &'a Cache) -> Self {
        Self(cache)
    }

    /// Ends the access.
    pub(crate) fn end(self, why: AccessWhy) {
        let count = self.0.n_accesses().fetch_sub(1, Full).wrapping_sub(1);
        trace::access_cache(self.0, count, why);
        if count == 0 {
            wait::wake(self.0.n_accesses());
        }
    }
}

/// An access to a volume, on behalf of a cookie or of nobody.
#[must_use = "an access must be ended"]
pub(crate) struct VolumeAccess<'a> {
    volume: &'a Volume,
    cookie: u32,
}

impl<'a> VolumeAccess<'a> {
    /// Begins an access, if the volume's cache is live.
    pub(crate) fn begin(volume: &'a Volume, cookie: u32, why: AccessWhy) -> Option<Self> {
        if !volume.cache().is_live() {
            return None;
        }
        let access = Self::pin(volume, cookie, why);
        if volume.cache().is_live() {
            return Some(access);
        }
        access.end(AccessWhy::Unlive);
        None
    }

    /// Begins an access without a question.
    pub(crate) fn pin(volume: &'a Volume, cookie: u32, why: AccessWhy) -> Self {
        let count = volume.n_accesses().fetch_add(1, Full).wrapping_add(1);
        trace::access_volume(volume, cookie, count, why);
        Self { volume, cookie }
    }

    /// Leaves the count raised; [`VolumeAccess::resume`] is its inverse.
    pub(crate) fn suspend(self) {}

    /// Takes over an access that was suspended. The caller knows that one was.
    pub(crate) fn resume(volume: &'a Volume, cookie: u32) -> Self {
        Self { volume, cookie }
    }

    /// Ends the access.
    pub(crate) fn end(self, why: AccessWhy) {
        let count = self.volume.n_accesses().fetch_sub(1, Full).wrapping_sub(1);
        trace::access_volume(self.volume, self.cookie, count, why);
        if count == 0 {
            wait::wake(self.volume.n_accesses());
        }
    }
}

/// An access to an object.
#[must_use = "an access must be ended"]
pub(crate) struct CookieAccess<'a>(&'a Cookie);

impl<'a> CookieAccess<'a> {
    /// Begins an access, if the file was cached, in a live cache, and is not disabled.
    ///
    /// An operation that carries the count of the invalidation which disabled it is none that may
    /// be done: filesystems ask for that only before they call.
    #[inline]
    pub(crate) fn begin(cookie: &'a Cookie, why: AccessWhy) -> Option<Self> {
        if !cookie.flags().any(flags::IS_CACHING) {
            return None;
        }
        let count = cookie.n_accesses().fetch_add(1, Full).wrapping_add(1);
        trace::access(cookie, count, why);
        let access = Self(cookie);
        // Whether there is an object, the state tells, which is looked at next.
        if cookie.volume().cache().is_live() && !cookie.flags().any(flags::DISABLED) {
            return Some(access);
        }
        access.end(AccessWhy::Unlive);
        None
    }

    /// Hands the access on to an operation, which ends it through the backend.
    pub(crate) fn suspend(self) {}

    /// Takes over an access that was suspended. The caller knows that one was.
    pub(crate) fn resume(cookie: &'a Cookie) -> Self {
        Self(cookie)
    }

    /// Ends the access, and lets the worker see to what waited for that. From any context.
    ///
    /// The cookie is looked at after the count has reached zero, and the access may have been all
    /// that kept it: NFS gives an inode and its cookie up while operations that read last.
    #[inline]
    pub(crate) fn end(self, why: AccessWhy) {
        let cookie = self.0;
        CookieRef::keep_while(cookie, || {
            let count = cookie.n_accesses().fetch_sub(1, Full).wrapping_sub(1);
            trace::access(cookie, count, why);
            if count == 0 && cookie.flags().any(flags::AWAIT_ACCESSES) {
                cookie.queue(CookieWhy::GetEndAccess);
            }
        });
    }
}
