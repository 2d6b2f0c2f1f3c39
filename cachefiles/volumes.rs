// SPDX-License-Identifier: GPL-2.0-only

//! The volumes of a cache.
//!
//! # Locks
//!
//! A mutex over the list. A record of fscache's that is found through it may be touched while it
//! is held; see [`crate::fscache::VolumeBackRef`].

use crate::{
    atomic::Atomic,
    cache::Cache,
    volume::Volume,
    wait::{
        self,
        PATIENCE, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::ordering::{
            Acquire,
            Full,
            Relaxed, //
        },
        Arc,
        ArcBorrow,
        Mutex, //
    },
};

/// The volumes of a cache.
///
/// Apart from the cache, so that the last volume to go can give its reference to the cache back
/// before it says that it is gone.
#[pin_data]
pub(crate) struct Volumes {
    #[pin]
    list: Mutex<KVec<Arc<Volume>>>,
    /// How many there are, on the list or on their way out. Woken when it comes to nothing.
    live: Atomic<i32>,
}

impl Volumes {
    /// None.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(KVec::new(), "cachefiles volumes"),
            live: Atomic::new(0),
        })
    }

    /// Adds a volume. Sleeps.
    pub(crate) fn add(&self, volume: Arc<Volume>) -> Result {
        Ok(self.list.lock().push(volume, GFP_KERNEL)?)
    }

    /// Removes a volume that `is_it` recognises.
    pub(crate) fn remove(&self, is_it: impl Fn(&Volume) -> bool) -> Option<Arc<Volume>> {
        let mut list = self.list.lock();
        let at = list.iter().position(|volume| is_it(volume))?;
        list.remove(at).ok()
    }

    /// Has fscache stop the use of every volume, and waits for that. Sleeps.
    pub(crate) fn withdraw_cookies(&self) {
        loop {
            let vcookie = {
                let list = self.list.lock();
                // One whose record is being freed has no users.
                list.iter().find_map(|volume| volume.begin_withdrawal())
            };
            match vcookie {
                Some(vcookie) => vcookie.withdraw(),
                None => break,
            }
        }
    }

    /// Takes every volume off its record, and waits until all are gone; whoever looks why that takes
    /// so long finds a line in the log every 20 seconds. Sleeps. No volume may come any more.
    pub(crate) fn withdraw(&self) {
        loop {
            let mut list = self.list.lock();
            let found = list
                .iter()
                .enumerate()
                .find_map(|(at, volume)| Some((at, volume.record()?)));
            let Some((at, vcookie)) = found else {
                break;
            };
            let volume = list.remove(at).ok();
            drop(list);
            drop(vcookie.detach());
            if let Some(volume) = volume {
                volume.finish(&vcookie, true);
            }
        }
        // Those that are left are on their way out, by somebody else's hand.
        while !wait::wait_for(&self.live, PATIENCE, || self.live.load(Acquire) == 0) {
            pr_warn!(
                "Still waiting for {} volumes to be given back by their users\n",
                self.live.load(Relaxed)
            );
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
    /// Counts a volume.
    pub(crate) fn new(cache: ArcBorrow<'_, Cache>) -> Self {
        let volumes = cache.volumes().clone();
        volumes.live.fetch_add(1, Relaxed);
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
        if self.0.live.fetch_sub(1, Full) == 1 {
            wait::wake(&self.0.live);
        }
    }
}
