// SPDX-License-Identifier: GPL-2.0-only

//! Caches: their registry, and how a backend brings one and takes it away.
//!
//! A cache is a name at first, made by the first volume or backend that asks for it. A volume that
//! asks for no name gets any cache, or a nameless one, which the next backend then names. The
//! registry holds no references; its mutex is taken with nothing else held.

use crate::{
    access::CacheAccess,
    atomic::Atomic,
    fscache,
    layout::{
        BackendTable,
        Cache,
        CacheRef,
        CacheState,
        Registered, //
    },
    trace::{
        self,
        AccessWhy,
        CacheWhy, //
    },
    wait::PATIENCE,
};
use kernel::{
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            ordering::{
                Full,
                Relaxed, //
            }, //
        },
        new_mutex,
        Mutex, //
    },
};

/// All caches.
#[pin_data]
pub(crate) struct Caches {
    #[pin]
    list: Mutex<KVec<Registered>>,
    last_debug_id: Atomic<u32>,
}

impl Caches {
    /// No caches yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(KVec::new(), "fscache_caches"),
            last_debug_id: Atomic::new(0),
        })
    }

    /// Calls `f` with the cache at position `at`, if there is one. Sleeps.
    pub(crate) fn with<R>(&self, at: usize, f: impl FnOnce(&Cache) -> R) -> Option<R> {
        self.list.lock().get(at).map(|cache| f(cache))
    }
}

/// Who looks a cache up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// A volume, which is content with any cache if it names none.
    Volume,
    /// A backend, which names a nameless cache.
    Backend,
}

/// Finds the cache of a name, or makes it. Sleeps.
pub(crate) fn look_up(name: Option<&CStr>, who: For) -> Result<CacheRef> {
    let caches = &fscache().caches;
    let owned = name.map(CString::try_from).transpose()?;
    let mut list = caches.list.lock();
    let get = |cache: &Registered| CacheRef::try_get(cache, CacheWhy::GetAcquire);

    if let Some(found) = list
        .iter()
        .filter(|cache| cache.name() == name)
        .find_map(get)
    {
        return Ok(found);
    }
    if name.is_none() {
        // Any will do.
        if let Some(found) = list.iter().find_map(get) {
            return Ok(found);
        }
    } else if who == For::Backend {
        let nameless = list
            .iter()
            .filter(|cache| cache.name().is_none())
            .find_map(get);
        if let (Some(found), Some(owned)) = (nameless, owned) {
            found.set_name(owned);
            return Ok(found);
        }
        return make(caches, &mut list, name.map(CString::try_from).transpose()?);
    }
    make(caches, &mut list, owned)
}

/// Makes and registers a cache.
fn make(caches: &Caches, list: &mut KVec<Registered>, name: Option<CString>) -> Result<CacheRef> {
    let debug_id = caches.last_debug_id.fetch_add(1, Relaxed).wrapping_add(1);
    let cache = CacheRef::alloc(name, debug_id)?;
    match list.push(Registered::new(&cache), GFP_KERNEL) {
        Ok(()) => {
            trace::cache(debug_id, cache.refs().read(), CacheWhy::NewAcquire);
            Ok(cache)
        }
        Err(_) => {
            cache.discard();
            Err(ENOMEM)
        }
    }
}

/// Takes a cache, whose last reference has gone, out of the registry. Sleeps.
pub(crate) fn unregister(cache: &Cache) {
    fscache()
        .caches
        .list
        .lock()
        .retain(|other| !core::ptr::eq::<Cache>(&**other, cache));
}

/// Acquires the cache of a name for a backend, which is alone in that. Sleeps.
pub(crate) fn acquire(name: &CStr) -> Result<CacheRef> {
    let cache = look_up(Some(name), For::Backend)?;
    if !cache.change_state(CacheState::NotPresent, CacheState::Preparing) {
        pr_warn!("Cache tag {} in use\n", name);
        cache.put(CacheWhy::PutCache);
        return Err(EBUSY);
    }
    Ok(cache)
}

/// Opens a cache for use. `EINVAL` if the backend has not acquired it.
pub(crate) fn add(cache: &Cache, backend: BackendTable) -> Result {
    if cache.state().load(Relaxed) != CacheState::Preparing as u32 {
        pr_err!("a backend adds a cache that it has not acquired\n");
        return Err(EINVAL);
    }
    // Withdrawing takes the pin away.
    CacheAccess::pin(cache, AccessWhy::CachePin).suspend();
    cache.set_backend(Some(backend));
    cache.set_state(CacheState::Active);
    if let (Some(name), Some(backend)) = (cache.name(), cache.backend()) {
        pr_notice!("Cache \"{}\" added (type {})\n", name, backend.name());
    }
    Ok(())
}

/// The backend gives a cache back, whether it was added or not. Sleeps.
pub(crate) fn relinquish(cache: CacheRef) {
    let why = if cache.state().load(Relaxed) == CacheState::Preparing as u32 {
        CacheWhy::PutPrepFailed
    } else {
        CacheWhy::PutRelinquish
    };
    cache.set_backend(None);
    cache.set_state(CacheState::NotPresent);
    cache.put(why);
}

/// The backend stopped after an I/O error. From any context.
pub(crate) fn io_error(cache: &Cache) {
    if cache.change_state(CacheState::Active, CacheState::GotIoError) {
        pr_err!(
            "Cache '{}' stopped due to I/O error\n",
            cache.name().unwrap_or(c"-")
        );
    }
}

/// The backend withdraws a cache: nobody may begin to use it, and those who do are waited for.
/// Sleeps.
///
/// Has no bound, since the backend frees what it waits for; but it says what it waits for.
pub(crate) fn withdraw(cache: &Cache) {
    pr_notice!(
        "Withdrawing cache \"{}\" ({} objs)\n",
        cache.name().unwrap_or(c"-"),
        cache.object_count().load(Relaxed)
    );
    cache.set_state(CacheState::Withdrawn);
    let count = cache.n_accesses().fetch_sub(1, Full).wrapping_sub(1);
    trace::access_cache(cache, count, AccessWhy::CacheUnpin);
    while !cache.wait_until_unused(PATIENCE) {
        pr_warn!(
            "waiting for {} users of cache {:08x} to withdraw it\n",
            cache.n_accesses().load(Relaxed),
            cache.debug_id()
        );
    }
}
