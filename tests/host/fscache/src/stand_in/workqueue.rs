// SPDX-License-Identifier: GPL-2.0-only

//! Queues of work items, with their coalescing.

use loom::sync::{Condvar, Mutex};

pub(crate) struct Work;

impl Work {
    pub(crate) fn new(_: ()) -> Self {
        Self
    }
}

/// What has a work item.
pub(crate) trait Item {
    /// Runs it.
    fn run(item: *const Self);
}

struct Waiting<T> {
    items: Vec<*const T>,
    closed: bool,
}

/// A queue of work items; an item is in it once at most.
pub(crate) struct OwnedQueue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
}

impl<T: Item> OwnedQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                items: Vec::new(),
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn queue_own(&self, _: &Work) -> bool {
        unreachable!("the timer has no part in these models")
    }

    /// Puts an item in; false if it was in.
    pub(crate) fn queue(&self, item: &T) -> bool {
        let mut waiting = self.waiting.lock().unwrap();
        if waiting.items.iter().any(|other| std::ptr::eq(*other, item)) {
            return false;
        }
        waiting.items.push(item);
        drop(waiting);
        self.changed.notify_one();
        true
    }

    /// Does what is in the queue, until it is empty and, if `until_closed`, closed.
    pub(crate) fn work(&self, until_closed: bool) {
        loop {
            let mut waiting = self.waiting.lock().unwrap();
            while until_closed && waiting.items.is_empty() && !waiting.closed {
                waiting = self.changed.wait(waiting).unwrap();
            }
            if waiting.items.is_empty() {
                return;
            }
            let item = waiting.items.remove(0);
            drop(waiting);
            T::run(item);
        }
    }

    /// Lets the worker end when there is nothing left to do.
    pub(crate) fn close(&self) {
        self.waiting.lock().unwrap().closed = true;
        self.changed.notify_one();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.lock().unwrap().items.is_empty()
    }
}
