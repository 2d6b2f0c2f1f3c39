// SPDX-License-Identifier: GPL-2.0-only

//! What the kernel calls back: work items and the timer. Pointers become references here.

use crate::{
    bindings,
    fscache,
    layout::{
        Cookie,
        CookieRef,
        Volume, //
    },
    volume,
    worker, //
};
use core::ptr::NonNull;

/// The work item of a cookie.
///
/// # Safety
///
/// Called by the workqueue, with what `Cookie::queue()` or `CookieRef::put()` queued.
pub(crate) unsafe extern "C" fn cookie_work(work: *mut bindings::work_struct) {
    // SAFETY: Only queued for cookies: with a reference that is ours now, or, the last having been
    // given back, to be freed.
    let cookie = unsafe { Cookie::from_work(work) };
    if cookie.refs().read() == 0 {
        // SAFETY: As above.
        unsafe { CookieRef::release(NonNull::from(cookie)) };
        return;
    }
    // SAFETY: As above.
    worker::run(unsafe { CookieRef::from_raw(cookie) });
}

/// The work item of a volume.
///
/// # Safety
///
/// Called by the workqueue, with what `Volume::queue()` queued.
pub(crate) unsafe extern "C" fn volume_work(work: *mut bindings::work_struct) {
    // SAFETY: Only queued with a reference that is ours now.
    volume::make(unsafe { Volume::from_work(work) });
}

/// The work item of the LRU.
///
/// # Safety
///
/// Called by the workqueue.
pub(crate) unsafe extern "C" fn lru_work(_work: *mut bindings::work_struct) {
    fscache().lru.expire();
}

/// The timer of the LRU, in softirq context.
///
/// # Safety
///
/// Called by the kernel's timers.
pub(crate) unsafe extern "C" fn lru_timer(_timer: *mut bindings::timer_list) {
    fscache().lru.timed_out();
}
