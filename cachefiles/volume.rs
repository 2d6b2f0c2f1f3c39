// SPDX-License-Identifier: GPL-2.0-only

//! Volumes: one directory for each, held open, with those of [`Fanout`] in it.
//!
//! # Who owns what
//!
//! fscache's record and the cache's list own a reference each, every object of the volume another
//! one. The directories go with the last, and the cache is told after that. The record is fscache's
//! ([`VolumeBackRef`] says how long it may be looked at).

use crate::{
    attr,
    cache::Cache,
    coherency::DATA_MAX,
    dentry::Dentry,
    fanout::Fanout,
    fscache::{
        VolumeBackRef,
        VolumeCookie,
        VolumeRef, //
    },
    inuse::InUse,
    key, ratelimit, store,
    trace::{
        KillWhy,
        NOBODY, //
    },
    volumes::LiveVolume,
};
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            ordering,
            AtomicFlag, //
        },
        Arc, ArcBorrow,
    },
};

/// How often a directory that does not agree is moved away before the volume is given up.
const ATTEMPTS: usize = 3;

/// A volume.
#[pin_data]
pub(crate) struct Volume {
    record: VolumeBackRef,
    /// Fscache was told to stop using it.
    withdrawn: AtomicFlag,
    /// The coherency data that the directory has.
    stored: KVec<u8>,
    #[pin]
    fanout: Fanout,
    directory: InUse<ARef<Dentry>>,
    /// The last to go.
    live: LiveVolume,
}

impl Volume {
    /// Makes a volume for `record`, on disk too if need be, and attaches it. Sleeps.
    ///
    /// fscache holds an access to the cache meanwhile, so the cache is not withdrawn.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no name for its key, `ENOBUFS` if there is no room,
    /// and those of the backing filesystem. The volume is not cached then.
    pub(crate) fn acquire(cache: ArcBorrow<'_, Cache>, record: &VolumeCookie) -> Result {
        let live = LiveVolume::new(cache);
        let name = key::VolumeName::of(record.key()).map_err(|bad| {
            if ratelimit::may_speak() {
                pr_notice!("The key of a volume cannot be a name: {}\n", bad.reason());
            }
            EINVAL
        })?;
        let mut data = [0; DATA_MAX];
        let len = record.copy_coherency(&mut data);
        let data = data.get(..len).unwrap_or(&[]);

        let volume = cache.with_creds(|| {
            let directory = open_directory(&cache, record, name.as_bytes(), data)?;
            let mut stored = KVec::new();
            stored.extend_from_slice(data, GFP_KERNEL)?;
            Arc::pin_init(
                try_pin_init!(Self {
                    record: VolumeBackRef::new(record),
                    withdrawn: AtomicFlag::new(false),
                    stored,
                    fanout <- Fanout::new(),
                    directory,
                    live,
                }),
                GFP_KERNEL,
            )
        })?;

        cache.volumes().add(volume.clone())?;
        record.attach(volume);
        Ok(())
    }

    /// The cache.
    pub(crate) fn cache(&self) -> &Cache {
        self.live.cache()
    }

    /// The directory for objects with this low byte of the hash; see [`Fanout::get`]. May sleep.
    pub(crate) fn fanout(&self, index: u8) -> Result<&Dentry> {
        self.fanout.get(self.cache(), &self.directory, index)
    }

    /// Gets the record, in order to withdraw it, once; [`None`] if that was done or the record is
    /// being freed. The caller holds the lock of the list of volumes.
    pub(crate) fn begin_withdrawal(&self) -> Option<VolumeRef> {
        if self.withdrawn.load(ordering::Relaxed) {
            return None;
        }
        let record = self.record.try_get()?;
        (!self.withdrawn.xchg(true, ordering::Full)).then_some(record)
    }

    /// Gets the record, unless it is being freed. The caller holds the lock of the list of volumes.
    pub(crate) fn record(&self) -> Option<VolumeRef> {
        self.record.try_get()
    }

    /// Brings the directory into its final state, and lets go of it: it is moved away if the volume
    /// was given up for good; otherwise it gets the coherency data that the record has now, if that
    /// changed or `always`. Sleeps.
    pub(crate) fn finish(self: Arc<Self>, record: &VolumeCookie, always: bool) {
        // What is below needs the cache, also when the volume has gone.
        let live = self.live.again();
        let cache = live.cache();
        if !record.is_invalidated() {
            cache.with_creds(|| self.store_coherency(record, always));
            return;
        }
        let directory: ARef<Dentry> = (*self.directory).clone();
        // The marks go first: they would keep the daemon from removing the grave.
        drop(self);
        cache.with_creds(|| discard(cache, &directory));
    }

    /// Stores the coherency data that the record has now, if it changed or `always`. Sleeps.
    fn store_coherency(&self, record: &VolumeCookie, always: bool) {
        let mut data = [0; DATA_MAX];
        let len = record.copy_coherency(&mut data);
        let data = data.get(..len).unwrap_or(&[]);
        if always || *data != *self.stored {
            // If it cannot be stored, the directory does not agree next time, and is made anew.
            let _ = attr::set_volume(self.cache(), record, &self.directory, data);
        }
    }
}

/// fscache frees a record: lets go of its volume. Sleeps.
pub(crate) fn free(record: &VolumeCookie) {
    let Some(volume) = record.detach() else {
        return;
    };
    // Off the list before the record goes, which the list's users look at.
    let listed = volume
        .cache()
        .volumes()
        .remove(|other| core::ptr::eq(other, &*volume));
    drop(listed);
    // A record that is not used any more was relinquished, with new coherency data perhaps.
    volume.finish(record, false);
}

/// Sees to it that a volume's directory is not found again.
fn discard(cache: &Cache, directory: &Dentry) {
    let buried = store::bury(
        cache,
        NOBODY,
        cache.store(),
        directory,
        KillWhy::Invalidated,
    );
    if buried.is_err() && attr::remove(cache, NOBODY, directory).is_err() && ratelimit::may_speak()
    {
        pr_err!("A volume that was given up for good can neither be moved away nor marked\n");
    }
}

/// Opens the directory of a volume; one that does not agree is moved away, a bounded number of
/// times.
fn open_directory(
    cache: &Cache,
    record: &VolumeCookie,
    name: &[u8],
    data: &[u8],
) -> Result<InUse<ARef<Dentry>>> {
    for _ in 0..ATTEMPTS {
        let (directory, is_new) =
            cache.room_for_create(|room| store::get_directory(room, cache.store(), name))?;
        if is_new {
            // A directory without the attribute does not agree next time; nothing is lost.
            attr::set_volume(cache, record, &directory, data)?;
            return Ok(directory);
        }
        if attr::check_volume(cache, record, &directory, data)? {
            return Ok(directory);
        }
        let stale: ARef<Dentry> = (*directory).clone();
        // The mark goes first: it would keep the daemon from removing the grave.
        drop(directory);
        store::bury(cache, NOBODY, cache.store(), &stale, KillWhy::VolumeIsWeird)?;
        crate::sched::cond_resched();
    }
    if ratelimit::may_speak() {
        pr_err!("A volume's directory does not agree and cannot be replaced\n");
    }
    Err(ESTALE)
}
