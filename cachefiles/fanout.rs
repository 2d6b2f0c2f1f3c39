// SPDX-License-Identifier: GPL-2.0-only

//! The 256 directories of a volume, between which its objects are divided.
//!
//! Each is made, or found, when the first object that belongs there is looked up, and stays open
//! and marked as in use until the volume goes: what is not needed costs neither time when a
//! filesystem is mounted nor memory while it is.
//!
//! # Locks
//!
//! `opening` is held while a directory is looked up, which may wait for memory, and so is not taken
//! under an object's `change`; and not while one is made, which may wait until the filesystem is
//! thawed. What is open is found without.

use crate::{
    cache::Cache,
    dentry::Dentry,
    inuse::InUse,
    key,
    store, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Mutex,
        SetOnce, //
    },
};

/// Where one is kept as soon as it is open.
type Slot = SetOnce<InUse<ARef<Dentry>>>;

/// Those of one volume.
#[pin_data]
pub(crate) struct Fanout {
    directories: KVec<Slot>,
    #[pin]
    opening: Mutex<()>,
}

impl Fanout {
    /// None of them is open.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            directories: {
                let mut directories = KVec::with_capacity(256, GFP_KERNEL)?;
                for _ in 0..=u8::MAX {
                    directories.push(SetOnce::new(), GFP_KERNEL)?;
                }
                directories
            },
            opening <- new_mutex!((), "cachefiles fanout"),
        })
    }

    /// The one for objects with this low byte of the hash, in the directory `of` of their volume.
    ///
    /// Sleeps when it is the first time; the cache's credentials are in force then.
    ///
    /// # Errors
    ///
    /// Those of [`store::get_directory`]; asked again, it is tried again.
    #[inline]
    pub(crate) fn get(&self, cache: &Cache, of: &Dentry, index: u8) -> Result<&Dentry> {
        // As many as there are bytes were made.
        let slot = self.directories.get(usize::from(index)).ok_or(EIO)?;
        match slot.as_ref() {
            Some(directory) => Ok(directory),
            None => self.open(cache, of, index, slot),
        }
    }

    /// Opens one that is not open yet.
    #[cold]
    fn open<'a>(
        &'a self,
        cache: &Cache,
        of: &Dentry,
        index: u8,
        slot: &'a Slot,
    ) -> Result<&'a Dentry> {
        let name = key::fanout_name(index);
        let (directory, _) = cache.with_creds(|| {
            cache.room_for_create(|room| {
                store::find_or_make_directory(room, of, &name, || self.find(of, &name, slot))
            })
        })?;
        Ok(directory)
    }

    /// Opens one that is there.
    fn find<'a>(&'a self, of: &Dentry, name: &[u8], slot: &'a Slot) -> Result<Option<&'a Dentry>> {
        let _opening = self.opening.lock();
        if slot.as_ref().is_none() {
            if let Some(directory) = store::find_directory(of, name)? {
                slot.populate(directory);
            }
        }
        Ok(slot.as_ref().map(|directory| &***directory))
    }
}
