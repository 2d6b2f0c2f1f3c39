// SPDX-License-Identifier: GPL-2.0-only

//! Queues of work items, which run when they are told to.

use super::{
    bindings::{timer_list, work_struct},
    prelude::*,
};
use std::{cell::RefCell, collections::VecDeque};

pub(crate) struct OwnedQueue(RefCell<VecDeque<*mut work_struct>>);

impl OwnedQueue {
    pub(crate) fn new(_: &'static CStr) -> Result<Self> {
        Ok(Self(RefCell::default()))
    }

    pub(crate) fn queue_own(&self, _: &'static Work) -> bool {
        unreachable!("the timer never expires")
    }

    /// Queues a work item; false if it was queued.
    ///
    /// # Safety
    ///
    /// `work` must be initialised, and stay valid until it has run.
    pub(crate) unsafe fn queue(&self, work: *mut work_struct) -> bool {
        if self.0.borrow().contains(&work) {
            return false;
        }
        self.0.borrow_mut().push_back(work);
        true
    }

    /// Does what is queued, and what that queues.
    pub(crate) fn work(&self) {
        loop {
            let Some(work) = self.0.borrow_mut().pop_front() else {
                return;
            };
            // SAFETY: Initialised, and valid until it has run.
            unsafe { (*work).function.unwrap()(work) };
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// # Safety
///
/// `work` must be valid for writes.
pub(crate) unsafe fn init_work(
    work: *mut work_struct,
    function: unsafe extern "C" fn(*mut work_struct),
) {
    // SAFETY: By the function's contract.
    unsafe { (*work).function = Some(function) };
}

/// Never queued.
pub(crate) struct Work;

impl Work {
    pub(crate) fn new(_: unsafe extern "C" fn(*mut work_struct)) -> Self {
        Self
    }
}

/// What a timer runs.
pub(crate) type OnTimer = unsafe extern "C" fn(*mut timer_list);
