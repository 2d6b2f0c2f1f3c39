// SPDX-License-Identifier: GPL-2.0-only

//! A workqueue that a module owns, for work items that lie in structures of C.

use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// A workqueue. Dropping it waits for all that is queued.
pub(crate) struct OwnedQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: Workqueues may be used from every context.
unsafe impl Send for OwnedQueue {}
// SAFETY: As above.
unsafe impl Sync for OwnedQueue {}

#[allow(dead_code)] // Each of the two modules uses its part.
impl OwnedQueue {
    /// Makes a queue whose workers may run on any CPU, and that stops for suspend. Sleeps.
    ///
    /// Nothing may count on it when memory is short (`WQ_MEM_RECLAIM`): its work calls a filesystem,
    /// which allocates, and may wait for queues that are not of that kind, upon which the kernel
    /// complains. Whoever waits for it waits with a bound.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        let flags = bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_FREEZABLE;
        // SAFETY: `name` is a valid string; the kernel copies it.
        let queue = unsafe { bindings::fscache_helper_alloc_workqueue(name.as_char_ptr(), flags) };
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }

    /// The kernel's name for the queue.
    pub(crate) fn as_raw(&self) -> *mut bindings::workqueue_struct {
        self.0.as_ptr()
    }

    /// Queues a work item of the module's own.
    pub(crate) fn queue_own(&self, work: &'static Work) -> bool {
        // SAFETY: Initialised when it was made, and lives for as long as the module.
        unsafe { self.queue(work.work.get()) }
    }

    /// Queues a work item; false if it was queued already and has not begun to run.
    ///
    /// # Safety
    ///
    /// `work` must be initialised, and stay valid until it has run.
    pub(crate) unsafe fn queue(&self, work: *mut bindings::work_struct) -> bool {
        // SAFETY: The queue is valid as long as `self` is; the caller promises the rest.
        unsafe {
            bindings::queue_work_on(
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                self.as_raw(),
                work,
            )
        }
    }

    /// Waits until nothing is queued or running, what work items queue meanwhile included. Sleeps.
    pub(crate) fn drain(&self) {
        // SAFETY: The queue is valid as long as `self` is.
        unsafe { bindings::drain_workqueue(self.as_raw()) };
    }
}

impl Drop for OwnedQueue {
    fn drop(&mut self) {
        // SAFETY: The queue is valid, and nobody queues on it any more.
        unsafe { bindings::destroy_workqueue(self.as_raw()) };
    }
}

/// Initialises a work item.
///
/// # Safety
///
/// `work` must be valid for writes, and `function` must accept it.
pub(crate) unsafe fn init_work(
    work: *mut bindings::work_struct,
    function: unsafe extern "C" fn(*mut bindings::work_struct),
) {
    // SAFETY: By the function's contract.
    unsafe { bindings::fscache_helper_init_work(work, Some(function)) };
}

/// A work item that is a module's own, not part of a structure of C.
#[pin_data]
pub(crate) struct Work {
    #[pin]
    work: Opaque<bindings::work_struct>,
}

// SAFETY: Work items may be queued from every context.
unsafe impl Send for Work {}
// SAFETY: As above.
unsafe impl Sync for Work {}

#[allow(dead_code)] // Each of the two modules uses its part.
impl Work {
    /// A work item that runs `function`, which must not make use of its argument.
    pub(crate) fn new(
        function: unsafe extern "C" fn(*mut bindings::work_struct),
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(move |work| {
                // SAFETY: `work` is valid for writes and pinned.
                unsafe { init_work(work, function) }
            }),
        })
    }
}
