// SPDX-License-Identifier: GPL-2.0-only

//! Cookies: references.

use super::{
    dropped_without_reason,
    new_cookie::free_cookie,
    Cookie, //
};
use crate::{
    bindings,
    fscache,
    list::Owner,
    state::flags,
    trace::{
        self,
        CookieWhy, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
/// An owned reference to a cookie.
pub(crate) struct CookieRef(NonNull<Cookie>);

// SAFETY: Cookies may be used by every task, and references be given back by any.
unsafe impl Send for CookieRef {}
// SAFETY: As above.
unsafe impl Sync for CookieRef {}

impl CookieRef {
    /// The reference that a new cookie is made with.
    pub(super) fn own(cookie: NonNull<Cookie>) -> Self {
        Self(cookie)
    }

    /// Takes another reference.
    #[inline]
    pub(crate) fn get(cookie: &Cookie, why: CookieWhy) -> Self {
        let count = cookie.refs().inc();
        trace::cookie(cookie.debug_id(), count, why);
        Self(NonNull::from(cookie))
    }

    /// Calls `look` while a reference keeps the cookie, which by its end may have no other. From any
    /// context.
    #[inline(always)]
    pub(crate) fn keep_while(cookie: &Cookie, look: impl FnOnce()) {
        let kept = NonNull::from(cookie);
        cookie.refs().inc();
        look();
        // SAFETY: The reference is still ours.
        if unsafe { kept.as_ref() }.refs().dec() == 0 {
            // SAFETY: It was the last.
            unsafe { Self::release_later(kept) };
        }
    }

    /// Takes a reference to a cookie that was found in the table, unless its last is gone.
    pub(crate) fn try_get(cookie: &Cookie) -> Option<Self> {
        cookie.refs().inc_not_zero()?;
        Some(Self(NonNull::from(cookie)))
    }

    /// Leaves the reference to the cookie's last user; the flag `KEPT_FOR_USERS` stands for it.
    pub(crate) fn keep_for_users(self) {
        let cookie = ManuallyDrop::new(self);
        if cookie.flags().test_and_set(flags::KEPT_FOR_USERS) {
            // There is one already.
            drop(ManuallyDrop::into_inner(cookie));
        }
    }

    /// Takes the reference that was left for the last user, if one was.
    pub(crate) fn take_kept(cookie: &Cookie) -> Option<Self> {
        // An atomic change is dear, and there hardly ever is one.
        let is_kept = cookie.flags().any(flags::KEPT_FOR_USERS)
            && cookie.flags().test_and_clear(flags::KEPT_FOR_USERS);
        is_kept.then(|| Self(NonNull::from(cookie)))
    }

    /// Takes over a reference that was handed through C.
    ///
    /// # Safety
    ///
    /// The caller must own a reference to `cookie`, and give it up.
    pub(crate) unsafe fn from_raw(cookie: *const Cookie) -> Self {
        // SAFETY: By the function's contract the pointer is to a live cookie.
        Self(unsafe { NonNull::new_unchecked(cookie.cast_mut()) })
    }

    /// Hands the reference to C.
    pub(crate) fn into_raw(self) -> *mut bindings::fscache_cookie {
        ManuallyDrop::new(self).0.as_ptr().cast()
    }

    /// Gives the reference back, from any context.
    ///
    /// Should it be the last, the cookie is freed by its worker, since that may sleep.
    pub(crate) fn put(self, why: CookieWhy) {
        let cookie = ManuallyDrop::new(self).0;
        // SAFETY: The reference is still ours.
        let this = unsafe { cookie.as_ref() };
        let debug_id = this.debug_id();
        let count = this.refs().dec();
        trace::cookie(debug_id, count, why);
        if count == 0 {
            // SAFETY: It was the last reference.
            unsafe { Self::release_later(cookie) };
        }
    }

    /// Has a cookie whose last reference was given back freed by its worker. From any context.
    ///
    /// # Safety
    ///
    /// As for [`Self::release`].
    #[cold]
    unsafe fn release_later(cookie: NonNull<Cookie>) {
        // SAFETY: The cookie is there until the worker frees it.
        let work = unsafe { &raw mut (*cookie.as_ref().as_raw()).work };
        // SAFETY: It was the last reference, so nobody else can queue the worker. Should it still be
        // running, it is past its own put, and touches nothing after that; a work item never runs
        // twice at once.
        unsafe { fscache().queue.queue(work) };
    }

    /// Gives the reference back, and frees the cookie if it was the last. Sleeps.
    pub(crate) fn put_sleeping(self, why: CookieWhy) {
        let cookie = ManuallyDrop::new(self).0;
        // SAFETY: The reference is still ours.
        let this = unsafe { cookie.as_ref() };
        let debug_id = this.debug_id();
        let count = this.refs().dec();
        trace::cookie(debug_id, count, why);
        if count == 0 {
            // SAFETY: It was the last reference.
            unsafe { Self::release(cookie) };
        }
    }

    /// Frees a cookie whose last reference was given back. Sleeps.
    ///
    /// # Safety
    ///
    /// The reference count must have come to zero, and this be called once for it.
    pub(crate) unsafe fn release(cookie: NonNull<Cookie>) {
        // SAFETY: Nobody else has a reference, so this is still ours to look at.
        let this = unsafe { cookie.as_ref() };
        if fscache().cookies.is_hashed(this) {
            // Impossible by construction: whoever relinquishes takes it out first. Should it
            // happen, memory that the table points to must not be freed.
            kernel::pr_err_once!(
                "cookie {:08x} lost its last reference while hashed\n",
                this.debug_id()
            );
            kernel::warn_on!(true);
            return;
        }
        // SAFETY: The cookie owns a reference to its volume.
        let volume = unsafe { super::VolumeRef::from_raw((*this.as_raw()).volume) };
        // SAFETY: Nobody knows the cookie any more.
        unsafe { free_cookie(cookie) };
        fscache().cookies.forget_one();
        volume.put(trace::VolumeWhy::PutCookie);
    }
}

impl core::ops::Deref for CookieRef {
    type Target = Cookie;

    #[inline]
    fn deref(&self) -> &Cookie {
        // SAFETY: The reference keeps the cookie alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for CookieRef {
    fn drop(&mut self) {
        dropped_without_reason("cookie");
        Self(self.0).put(CookieWhy::PutWork);
    }
}

// SAFETY: The pointer is that of the reference, both ways.
unsafe impl Owner for CookieRef {
    type Member = Cookie;

    fn into_raw(self) -> *const Cookie {
        ManuallyDrop::new(self).0.as_ptr()
    }

    unsafe fn from_raw(ptr: *const Cookie) -> Self {
        // SAFETY: By the function's contract.
        unsafe { CookieRef::from_raw(ptr) }
    }
}
