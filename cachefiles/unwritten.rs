// SPDX-License-Identifier: GPL-2.0-only

//! Blocks that ext4 allocated for a write and does not hold for written.
//!
//! # What ext4 does
//!
//! Direct I/O into a hole is given *unwritten* blocks, which read as zeros and count as a hole; when
//! the write has ended they become data. Unwritten blocks that lie side by side, in the file and on
//! the disk, are one extent, whoever they were allocated for. When a write into a part of it has
//! ended, ext4 splits that part off. If it finds no block for the extent tree, as the disk is full, it
//! writes zeros to the rest of the extent instead, and makes data of all of it. So what another write
//! has put there is lost, although that write is said to have gone well, and what nobody wrote is no
//! hole any more. Whoever takes data for what was stored reads zeros.
//!
//! # What is done about it
//!
//! No store here ends in an extent with unwritten blocks that are not its own:
//!
//! - Stores of a file that touch are not under way at the same time ([`Unwritten::begin`]).
//! - What a store that failed leaves is given back before anything else is stored
//!   ([`Object::mend`](crate::object::Object::mend)).
//! - What was left when the machine went down is given back before something is stored in a file
//!   that was found ([`Object::empty_holes`](crate::object::Object::empty_holes)).
//!
//! XFS, Btrfs and F2FS write no zeros there, and their stores do not wait for one another.
//!
//! # Locks
//!
//! That of the stores is taken last, also in interrupts.

use crate::{
    irqlock::{
        new_irq_spinlock,
        IrqSpinLock, //
    },
    path::Mount,
    stores::{
        Store,
        Stores, //
    },
    wait::{
        self,
        PATIENCE, //
    },
};
use kernel::{
    fs::File,
    prelude::*,
    sync::atomic::{
        ordering,
        AtomicFlag, //
    },
};

/// What is known of a cache's filesystem, and of what is being stored in it.
#[pin_data]
pub(crate) struct Unwritten {
    is_ext4: bool,
    #[pin]
    stores: IrqSpinLock<Stores>,
    /// Somebody has waited in vain, and no store has ended since: nobody else waits.
    is_stuck: AtomicFlag,
}

/// A store that may begin, and that no other touches.
#[must_use = "those that touch it wait until `end()`"]
pub(crate) struct Alone(Option<Store>);

impl Unwritten {
    /// For a cache on `mount`.
    pub(crate) fn new(mount: &Mount) -> impl PinInit<Self> {
        let is_ext4 = mount.is_ext4();
        pin_init!(Self {
            is_ext4,
            stores <- new_irq_spinlock!(Stores::new(), "cachefiles stores"),
            is_stuck: AtomicFlag::new(false),
        })
    }

    /// May there be unwritten blocks that turn into data?
    pub(crate) fn may_become_data(&self) -> bool {
        self.is_ext4
    }

    /// Waits until no store is under way that touches one of `len` bytes at `start`. Sleeps.
    ///
    /// # Errors
    ///
    /// `ETIMEDOUT` if one does for too long.
    pub(crate) fn begin(&self, file: &File, start: u64, len: u64) -> Result<Alone> {
        if !self.is_ext4 {
            return Ok(Alone(None));
        }
        let store = Store {
            file: file.as_ptr() as usize,
            start,
            end: start.saturating_add(len),
        };
        let patience = if self.is_stuck.load(ordering::Relaxed) {
            0
        } else {
            PATIENCE
        };
        if wait::wait_for(self, patience, || self.stores.lock().begin(store)) {
            Ok(Alone(Some(store)))
        } else {
            self.is_stuck.store(true, ordering::Relaxed);
            Err(ETIMEDOUT)
        }
    }
}

impl Alone {
    /// The store has ended. May be called in any context.
    pub(crate) fn end(self, unwritten: &Unwritten) {
        if let Some(store) = self.0 {
            unwritten.stores.lock().end(store);
            unwritten.is_stuck.store(false, ordering::Relaxed);
            wait::wake(unwritten);
        }
    }
}
