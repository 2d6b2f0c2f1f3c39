// SPDX-License-Identifier: GPL-2.0-only

//! A table of one chain, which shows the same to whoever puts in, takes out and looks up.
//!
//! The module's own has hundreds of locks, too many for a model; it has tests of its own.

use super::{prelude::Result, SpinLock};

/// A member.
pub(crate) trait Node {
    /// Whoever takes one out knows that it is in.
    const IS_IN: bool;

    /// Fails if it was freed.
    fn check_alive(&self);
}

pub(crate) struct Table<T>(SpinLock<Vec<*const T>>);

impl<T: Node> Table<T> {
    pub(crate) fn new(_chains: usize) -> Result<Self> {
        Ok(Self(SpinLock::new(Vec::new())))
    }

    pub(crate) fn insert<R>(
        &self,
        new: &T,
        mut clash: impl FnMut(&T) -> Option<R>,
        inserted: impl FnOnce(),
    ) -> Result<(), R> {
        let mut chain = self.0.lock();
        for old in chain.iter() {
            // SAFETY: Members live until the model has ended.
            let old = unsafe { &**old };
            old.check_alive();
            if let Some(reason) = clash(old) {
                return Err(reason);
            }
        }
        chain.push(new);
        inserted();
        Ok(())
    }

    pub(crate) fn remove(&self, member: &T, removed: impl FnOnce()) -> bool {
        let mut chain = self.0.lock();
        let before = chain.len();
        chain.retain(|other| !std::ptr::eq(*other, member));
        if before == chain.len() {
            assert!(!T::IS_IN, "taken out of the table twice");
            return false;
        }
        removed();
        true
    }

    pub(crate) fn any(&self, _: u32, mut wanted: impl FnMut(&T) -> bool) -> bool {
        let chain = self.0.lock();
        // SAFETY: Members live until the model has ended.
        chain.iter().any(|member| wanted(unsafe { &**member }))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }
}
