// SPDX-License-Identifier: GPL-2.0-only

//! The volumes of a cache.
//!
//! # Locks
//!
//! A mutex over the list. A record of fscache's that is found through it may be touched while it
//! is held; see [`crate::fscache::VolumeBackRef`].

use crate::{
    cache::Cache,
    volume::Volume, //
};
use kernel::{
    new_condvar, new_mutex,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow,
        CondVar,
        Mutex, //
    },
};

/// What [`Volumes`] guards.
struct List {
    list: KVec<Arc<Volume>>,
    /// How many there are, on the list or on their way out.
    live: usize,
}

/// The volumes of a cache.
///
/// Apart from the cache, so that the last volume to go can give its reference to the cache back
/// before it says that it is gone.
#[pin_data]
pub(crate) struct Volumes {
    #[pin]
    volumes: Mutex<List>,
    /// Signalled when `volumes` lost one.
    #[pin]
    changed: CondVar,
}

impl Volumes {
    /// None.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            volumes <- new_mutex!(
                List {
                    list: KVec::new(),
                    live: 0,
                },
                "cachefiles volumes"
            ),
            changed <- new_condvar!("cachefiles volumes"),
        })
    }

    /// Adds a volume. Sleeps.
    pub(crate) fn add(&self, volume: Arc<Volume>) -> Result {
        Ok(self.volumes.lock().list.push(volume, GFP_KERNEL)?)
    }

    /// Removes a volume that `is_it` recognises.
    pub(crate) fn remove(&self, is_it: impl Fn(&Volume) -> bool) -> Option<Arc<Volume>> {
        let mut volumes = self.volumes.lock();
        let at = volumes.list.iter().position(|volume| is_it(volume))?;
        volumes.list.remove(at).ok()
    }

    /// Has fscache stop the use of every volume, and waits for that. Sleeps.
    pub(crate) fn withdraw_cookies(&self) {
        loop {
            let vcookie = {
                let volumes = self.volumes.lock();
                // One whose record is being freed has no users.
                volumes
                    .list
                    .iter()
                    .find_map(|volume| volume.begin_withdrawal())
            };
            match vcookie {
                Some(vcookie) => vcookie.withdraw(),
                None => break,
            }
        }
    }

    /// Takes every volume off its record, and waits until all are gone. Sleeps.
    pub(crate) fn withdraw(&self) {
        loop {
            let mut volumes = self.volumes.lock();
            if volumes.live == 0 {
                break;
            }
            let found = volumes
                .list
                .iter()
                .enumerate()
                .find_map(|(at, volume)| Some((at, volume.record()?)));
            match found {
                Some((at, vcookie)) => {
                    let volume = volumes.list.remove(at).ok();
                    drop(volumes);
                    drop(vcookie.detach());
                    if let Some(volume) = volume {
                        volume.finish(&vcookie, true);
                    }
                }
                // Those that are left are on their way out, by somebody else's hand.
                None => self.changed.wait(&mut volumes),
            }
        }
    }
}

/// A volume that exists; when it goes, its cache is told.
pub(crate) struct LiveVolume {
    cache: Arc<Cache>,
    /// After the cache, which is free to go then.
    _counted: CountedVolume,
}

impl LiveVolume {
    /// Counts a volume. Sleeps.
    pub(crate) fn new(cache: ArcBorrow<'_, Cache>) -> Self {
        let volumes = cache.volumes().clone();
        {
            let mut volumes = volumes.volumes.lock();
            volumes.live = volumes.live.saturating_add(1);
        }
        Self {
            cache: cache.into(),
            _counted: CountedVolume(volumes),
        }
    }

    /// The cache.
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Counts once more.
    pub(crate) fn again(&self) -> Self {
        Self::new(self.cache.as_arc_borrow())
    }
}

/// A volume that counts.
struct CountedVolume(Arc<Volumes>);

impl Drop for CountedVolume {
    fn drop(&mut self) {
        let mut volumes = self.0.volumes.lock();
        volumes.live = volumes.live.saturating_sub(1);
        self.0.changed.notify_all();
    }
}
