// SPDX-License-Identifier: GPL-2.0-only

//! Volumes: their table, making them in the backend, and withdrawing them.
//!
//! # Who holds a reference
//!
//! The filesystem, from acquiring to relinquishing; each cookie of the volume; the worker that
//! makes the volume in the backend. The table holds none: the volume leaves it when its last
//! reference has gone. A volume that was relinquished stays there until then, and a new one of the
//! same key waits for it.
//!
//! # The pin
//!
//! A backend raises `n_accesses` by one when it has made the volume, and [`withdraw`] takes that
//! away, once, however often the backend asks.

use crate::{
    access::{
        CacheAccess,
        VolumeAccess, //
    },
    atomic::Atomic,
    cache,
    deadline::Deadline,
    fscache,
    layout::{
        Blob,
        Volume,
        VolumeRef, //
    },
    ratelimit::may_speak,
    stats::{
        self,
        Counter, //
    },
    table::Table,
    trace::{
        self,
        AccessWhy,
        VolumeWhy, //
    },
    wait::{
        self,
        PATIENCE, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::{
            Full,
            Relaxed, //
        }, //
    },
};

/// The flags of a volume. The bit numbers are the kernel's, but for `WITHDRAWN`.
pub(crate) mod flags {
    /// The filesystem has given the volume up.
    pub(crate) const RELINQUISHED: usize = 1 << 0;
    /// The filesystem wants its content forgotten.
    pub(crate) const INVALIDATE: usize = 1 << 1;
    /// Somebody waits for the volume to go.
    pub(crate) const COLLIDED_WITH: usize = 1 << 2;
    /// The bit number of [`CREATING`].
    pub(crate) const CREATING_BIT: u32 = 4;
    /// The volume is being made in the backend.
    pub(crate) const CREATING: usize = 1 << CREATING_BIT;
    /// The backend's pin was taken away. Ours; C does not know this bit.
    pub(crate) const WITHDRAWN: usize = 1 << 8;
}

/// The longest key, in bytes, without the NUL: the kernel's `NAME_MAX`.
const MAX_KEY: usize = 255;

/// All volumes.
pub(crate) struct Volumes {
    table: Table<Volume>,
    last_debug_id: Atomic<u32>,
}

/// How many chains the table begins with; there are few volumes on most machines.
const FIRST_CHAINS: usize = 2048;

impl Volumes {
    /// No volumes yet. Sleeps.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            table: Table::new(FIRST_CHAINS)?,
            last_debug_id: Atomic::new(0),
        })
    }

    /// The table.
    pub(crate) fn table(&self) -> &Table<Volume> {
        &self.table
    }
}

/// What stands against a new volume.
enum Clash {
    /// The key is in use.
    InUse,
    /// An old volume of the same key, of this number, is on its way out.
    Leaving(u32),
}

/// Acquires a volume in the cache of a name, or in any if none is given. Sleeps.
///
/// Errors: `ENOMEM` also for a key that is too long, as C has it; `EBUSY` if the key is in use, or
/// if an old volume of that key does not go within [`PATIENCE`].
pub(crate) fn acquire(
    key: &CStr,
    cache_name: Option<&CStr>,
    coherency: Blob<'_>,
) -> Result<VolumeRef> {
    let key = key.to_bytes();
    if key.len() > MAX_KEY {
        return Err(ENOMEM);
    }
    let volumes = &fscache().volumes;
    let cache = cache::look_up(cache_name, cache::For::Volume)?;
    let debug_id = volumes.last_debug_id.fetch_add(1, Relaxed).wrapping_add(1);
    let Some(volume) = VolumeRef::alloc(cache, key, coherency, debug_id) else {
        stats::VOLUMES_NOMEM.inc();
        return Err(ENOMEM);
    };
    volume.cache().n_volumes().add(1, Relaxed);
    stats::VOLUMES.inc();
    if let Err(error) = hash(volumes, &volume) {
        volume.put(VolumeWhy::PutHashCollision);
        return Err(error);
    }
    create(&volume);
    Ok(volume)
}

/// Are these the same volume, for whoever looks them up?
fn same(a: &Volume, b: &Volume) -> bool {
    core::ptr::eq(a.cache(), b.cache()) && a.key() == b.key()
}

/// Puts a new volume into the table, after an old one of the same key has gone.
fn hash(volumes: &Volumes, new: &Volume) -> Result {
    let mut deadline = Deadline::new();
    loop {
        let inserted = volumes.table.insert(
            new,
            |old| {
                if !same(new, old) {
                    return None;
                }
                if old.flags().any(flags::RELINQUISHED) {
                    old.flags().update(flags::COLLIDED_WITH, 0);
                    trace::see_volume(old, VolumeWhy::GetHashCollision);
                    Some(Clash::Leaving(old.debug_id()))
                } else {
                    trace::see_volume(old, VolumeWhy::Collision);
                    Some(Clash::InUse)
                }
            },
            || {},
        );
        match inserted {
            Ok(()) => return Ok(()),
            Err(Clash::InUse) => return Err(EBUSY),
            Err(Clash::Leaving(old)) => {
                let gone = deadline.left().is_some_and(|left| {
                    wait::wait_for(&volumes.table, left, || {
                        // That one, and not the key: somebody else may be quicker to take that.
                        !volumes.table.any(new.key_hash(), |other| {
                            other.debug_id() == old && same(new, other)
                        })
                    })
                });
                if !gone {
                    if may_speak() {
                        pr_notice!(
                            "Potential volume collision new={:08x} old={:08x}; going on without cache\n",
                            new.debug_id(),
                            old
                        );
                    }
                    stats::VOLUMES_COLLISION.inc();
                    return Err(EBUSY);
                }
            }
        }
    }
}

/// Has a volume made in its backend, unless it is there or being made. Does not wait for that.
fn create(volume: &Volume) {
    if volume.flags().test_and_set(flags::CREATING) {
        return;
    }
    let access = if volume.has_backing() {
        None
    } else {
        CacheAccess::begin(volume.cache(), AccessWhy::AcquireVolume)
    };
    let Some(access) = access else {
        volume.flags().clear_and_wake(flags::CREATING_BIT);
        return;
    };
    // Reference and access are the worker's, which gives both back.
    let owned = VolumeRef::get(volume, VolumeWhy::GetCreateWork);
    if volume.queue() {
        access.suspend();
        let _ = owned.into_raw();
    } else {
        // Impossible while `CREATING` is only cleared by the worker.
        access.end(AccessWhy::AcquireVolumeEnd);
        owned.put(VolumeWhy::PutCreateWork);
        volume.flags().clear_and_wake(flags::CREATING_BIT);
    }
}

/// Makes a volume in its backend. The reference, and an access to the cache, are the worker's.
/// Sleeps.
pub(crate) fn make(volume: VolumeRef) {
    trace::see_volume(&volume, VolumeWhy::SeeCreateWork);
    // What the backend is about to make has a pin of its own.
    volume.flags().update(0, flags::WITHDRAWN);
    if let Some(backend) = volume.cache().backend() {
        backend.acquire_volume(&volume);
    }
    CacheAccess::resume(volume.cache()).end(AccessWhy::AcquireVolumeEnd);
    volume.flags().clear_and_wake(flags::CREATING_BIT);
    volume.put(VolumeWhy::PutCreateWork);
}

/// Makes sure that a volume is in its backend; false if it could not be made. Sleeps.
pub(crate) fn create_and_wait(volume: &Volume) -> bool {
    if !volume.has_backing() {
        create(volume);
        trace::see_volume(volume, VolumeWhy::WaitCreateWork);
        if !volume
            .flags()
            .wait_until_clear(flags::CREATING_BIT, PATIENCE)
        {
            if may_speak() {
                pr_warn!(
                    "volume {:08x} takes long to be made; going on without cache\n",
                    volume.debug_id()
                );
            }
            return false;
        }
    }
    volume.has_backing()
}

/// Gives a volume up, with new coherency data unless its content is to be forgotten. The caller's
/// reference goes with it. Sleeps.
pub(crate) fn relinquish(volume: VolumeRef, coherency: Blob<'_>, invalidate: bool) {
    if volume.flags().test_and_set(flags::RELINQUISHED) {
        pr_warn!("Volume V={:x} already relinquished\n", volume.debug_id());
        kernel::warn_on!(true);
        // The reference went with the first time.
        let _ = volume.into_raw();
        return;
    }
    if invalidate {
        volume.flags().update(flags::INVALIDATE, 0);
    } else {
        volume.update_coherency(coherency);
    }
    volume.put(VolumeWhy::PutRelinquish);
}

/// Parts a volume, whose last reference has gone, from backend and table. Sleeps.
pub(crate) fn release(volume: &Volume) {
    if volume.has_backing() {
        let access = VolumeAccess::pin(volume, 0, AccessWhy::RelinquishVolume);
        // Asked again: the backend may have withdrawn it meanwhile, and now knows of the access.
        if volume.has_backing() {
            if let Some(backend) = volume.cache().backend() {
                backend.free_volume(volume);
            }
        }
        access.end(AccessWhy::RelinquishVolumeEnd);
    }
    let volumes = &fscache().volumes;
    volume.cache().n_volumes().fetch_sub(1, Relaxed);
    volumes.table.remove(volume, || {});
    if volume.flags().any(flags::COLLIDED_WITH) {
        trace::see_volume(volume, VolumeWhy::SeeHashWake);
        wait::wake(&volumes.table);
    }
    trace::volume(volume.debug_id(), 0, VolumeWhy::Free);
    stats::VOLUMES.dec();
}

/// The backend withdraws a volume: takes its pin away, and waits until nobody uses it. Sleeps.
///
/// Has no bound, since the backend frees what it waits for; but it says what it waits for.
pub(crate) fn withdraw(volume: &Volume) {
    if !volume.flags().test_and_set(flags::WITHDRAWN) {
        let count = volume.n_accesses().fetch_sub(1, Full).wrapping_sub(1);
        trace::access_volume(volume, 0, count, AccessWhy::CacheUnpin);
    }
    while !volume.wait_until_unused(PATIENCE) {
        pr_warn!(
            "waiting for {} users of volume {:08x} to withdraw it\n",
            volume.n_accesses().load(Relaxed),
            volume.debug_id()
        );
    }
}
