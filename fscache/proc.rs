// SPDX-License-Identifier: GPL-2.0-only

//! The files under /proc/fs/fscache, which is a link to /proc/fs/netfs.
//!
//! The columns are those that the kernel's own fscache shows. The order is that of the tables: not
//! that in which things were made, so that no list of everything has to be kept.

use crate::{
    counters, fscache,
    layout::{
        Cache,
        CacheState,
        CookieRef,
        Volume,
        VolumeRef, //
    },
    seq::{
        Listing,
        ProcEntry,
        SeqFile, //
    },
    table::Place,
    trace::{
        CookieWhy,
        VolumeWhy, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};

/// The files; they go when this is dropped.
pub(crate) struct Files {
    _entries: [ProcEntry; 5],
}

impl Files {
    /// Makes the files in the folder that netfs has made. Sleeps.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            _entries: [
                ProcEntry::symlink(c"fs/fscache", c"netfs")?,
                ProcEntry::listing::<CacheList>(c"fs/netfs/caches")?,
                ProcEntry::listing::<VolumeList>(c"fs/netfs/volumes")?,
                ProcEntry::listing::<CookieList>(c"fs/netfs/cookies")?,
                ProcEntry::listing::<CounterList>(c"fs/netfs/counters")?,
            ],
        })
    }
}

/// What a line of `caches` shows.
struct CacheLine {
    debug_id: u32,
    counts: [i32; 4],
    state: char,
    name: KVec<u8>,
}

/// `caches`: there are so few that a line is copied under the registry's lock.
struct CacheList;

impl Listing for CacheList {
    type Record = KBox<CacheLine>;

    const HEADER: &'static [u8] = b"\
        CACHE    REF   VOLS  OBJS  ACCES S NAME\n\
        ======== ===== ===== ===== ===== = ===============\n";

    fn find(place: u64) -> Option<(u64, Self::Record)> {
        let at = usize::try_from(place).ok()?;
        let line = fscache().caches.with(at, |cache| {
            let mut name = KVec::new();
            name.extend_from_slice(cache.name().map_or(b"-", CStr::to_bytes), GFP_KERNEL)?;
            Ok::<_, Error>(CacheLine {
                debug_id: cache.debug_id(),
                counts: [
                    cache.refs().read(),
                    cache.n_volumes().load(Relaxed),
                    cache.object_count().load(Relaxed),
                    cache.n_accesses().load(Relaxed),
                ],
                state: CacheState::letter(cache.state().load(Relaxed)),
                name,
            })
        })?;
        let line = KBox::new(line.ok()?, GFP_KERNEL).ok()?;
        Some((place, line))
    }

    fn into_raw(line: Self::Record) -> *mut c_void {
        KBox::into_raw(line).cast()
    }

    unsafe fn from_raw(raw: *mut c_void) -> Self::Record {
        // SAFETY: By the function's contract.
        unsafe { KBox::from_raw(raw.cast()) }
    }

    fn show(out: &SeqFile, line: &Self::Record) {
        let [refs, volumes, objects, accesses] = line.counts;
        out.print(fmt!(
            "{:08x} {:5} {:5} {:5} {:5} {} ",
            line.debug_id,
            refs,
            volumes,
            objects,
            accesses,
            line.state,
        ));
        out.bytes(&line.name);
        out.bytes(b"\n");
    }
}

/// `volumes`.
struct VolumeList;

impl Listing for VolumeList {
    type Record = VolumeRef;

    const HEADER: &'static [u8] = b"\
        VOLUME   REF   nCOOK ACC FL CACHE           KEY\n\
        ======== ===== ===== === == =============== ================\n";

    fn find(place: u64) -> Option<(u64, VolumeRef)> {
        let (place, volume) = fscache()
            .volumes
            .table()
            .find_from(Place::from_raw(place), |volume| {
                VolumeRef::try_get(volume, None)
            })?;
        Some((place.raw(), volume))
    }

    fn into_raw(volume: VolumeRef) -> *mut c_void {
        volume.into_raw().cast()
    }

    unsafe fn from_raw(raw: *mut c_void) -> VolumeRef {
        // SAFETY: By the function's contract.
        unsafe { VolumeRef::from_raw(raw.cast()) }
    }

    fn show(out: &SeqFile, volume: &VolumeRef) {
        out.print(fmt!(
            "{:08x} {:5} {:5} {:3} {:02x} ",
            volume.debug_id(),
            // Without the one that keeps it here.
            volume.refs().read().wrapping_sub(1),
            volume.n_cookies().load(Relaxed),
            volume.n_accesses().load(Relaxed),
            volume.flags().load(),
        ));
        let name = volume.cache().name().map_or(&b"-"[..], CStr::to_bytes);
        let name = name.get(..15).unwrap_or(name);
        out.bytes(name);
        for _ in name.len()..15 {
            out.bytes(b" ");
        }
        out.bytes(b" ");
        out.bytes(volume.key());
        out.bytes(b"\n");
    }

    fn done(volume: VolumeRef) {
        volume.put(VolumeWhy::PutHashCollision);
    }
}

/// `cookies`.
struct CookieList;

impl Listing for CookieList {
    type Record = CookieRef;

    const HEADER: &'static [u8] = b"\
        COOKIE   VOLUME   REF ACT ACC S FL DEF             \n\
        ======== ======== === === === = == ================\n";

    fn find(place: u64) -> Option<(u64, CookieRef)> {
        let (place, cookie) = fscache()
            .cookies
            .table()
            .find_from(Place::from_raw(place), CookieRef::try_get)?;
        Some((place.raw(), cookie))
    }

    fn into_raw(cookie: CookieRef) -> *mut c_void {
        cookie.into_raw().cast()
    }

    unsafe fn from_raw(raw: *mut c_void) -> CookieRef {
        // SAFETY: By the function's contract.
        unsafe { CookieRef::from_raw(raw.cast()) }
    }

    fn show(out: &SeqFile, cookie: &CookieRef) {
        out.print(fmt!(
            "{:08x} {:08x} {:3} {:3} {:3} {} {:02x} ",
            cookie.debug_id(),
            cookie.volume().debug_id(),
            // Without the one that keeps it here.
            cookie.refs().read().wrapping_sub(1),
            cookie.n_active().load(Relaxed),
            cookie.n_accesses().load(Relaxed),
            cookie.state().letter(),
            cookie.flags().load(),
        ));
        hex(out, cookie.key());
        let mut aux = [0; 255];
        let len = cookie.copy_aux(&mut aux);
        if let Some(aux @ [_, ..]) = aux.get(..len) {
            out.bytes(b", ");
            hex(out, aux);
        }
        out.bytes(b"\n");
    }

    fn done(cookie: CookieRef) {
        cookie.put_sleeping(CookieWhy::PutHashCollision);
    }
}

/// `counters`: a `key value` a line, first of each cache, then of each volume. What is shown is
/// copied, so that nothing is held while it is.
struct CounterList;

/// Whose counters they are.
enum Owner {
    Cache,
    /// In the cache of this number.
    Volume(u32),
}

/// The counters of a cache or a volume.
struct CounterRecord {
    owner: Owner,
    debug_id: u32,
    name: KVec<u8>,
    values: [i64; counters::NAMES.len()],
}

impl CounterRecord {
    fn of_cache(cache: &Cache) -> Result<KBox<Self>> {
        let mut name = KVec::new();
        name.extend_from_slice(cache.name().map_or(b"-", CStr::to_bytes), GFP_KERNEL)?;
        let record = Self {
            owner: Owner::Cache,
            debug_id: cache.debug_id(),
            name,
            values: cache.counters().values(),
        };
        Ok(KBox::new(record, GFP_KERNEL)?)
    }

    fn of_volume(volume: &Volume) -> Result<KBox<Self>> {
        let mut name = KVec::new();
        name.extend_from_slice(volume.key(), GFP_KERNEL)?;
        let record = Self {
            owner: Owner::Volume(volume.cache().debug_id()),
            debug_id: volume.debug_id(),
            name,
            values: volume.counters().values(),
        };
        Ok(KBox::new(record, GFP_KERNEL)?)
    }
}

/// Set in the place of a volume; caches are at small numbers.
const OF_VOLUME: u64 = 1 << 61;

impl Listing for CounterList {
    type Record = KBox<CounterRecord>;

    const HEADER: &'static [u8] = b"version 1\n";

    fn find(place: u64) -> Option<(u64, Self::Record)> {
        if place & OF_VOLUME == 0 {
            let at = usize::try_from(place).ok()?;
            if let Some(record) = fscache().caches.with(at, CounterRecord::of_cache) {
                return Some((place, record.ok()?));
            }
        }
        // After the last cache comes the first volume.
        let from = if place & OF_VOLUME == 0 {
            0
        } else {
            place & !OF_VOLUME
        };
        let (place, volume) = fscache()
            .volumes
            .table()
            .find_from(Place::from_raw(from), |volume| {
                VolumeRef::try_get(volume, None)
            })?;
        let record = CounterRecord::of_volume(&volume);
        volume.put(VolumeWhy::PutHashCollision);
        Some((place.raw() | OF_VOLUME, record.ok()?))
    }

    fn into_raw(record: Self::Record) -> *mut c_void {
        KBox::into_raw(record).cast()
    }

    unsafe fn from_raw(raw: *mut c_void) -> Self::Record {
        // SAFETY: By the function's contract.
        unsafe { KBox::from_raw(raw.cast()) }
    }

    fn show(out: &SeqFile, record: &Self::Record) {
        let id = record.debug_id;
        let (kind, name) = match record.owner {
            Owner::Cache => ("cache", "name"),
            Owner::Volume(cache) => {
                out.print(fmt!("volume.{:08x}.cache {:08x}\n", id, cache));
                ("volume", "key")
            }
        };
        out.print(fmt!("{}.{:08x}.{} ", kind, id, name));
        printable(out, &record.name);
        out.bytes(b"\n");
        for (name, value) in counters::NAMES.iter().zip(record.values) {
            out.print(fmt!("{}.{:08x}.{} {}\n", kind, id, name, value));
        }
    }
}

/// Writes bytes; what is not printable, and the backslash, as `\xNN`.
fn printable(out: &SeqFile, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\\' | 0..=0x1f | 0x7f..=0xff => {
                out.bytes(b"\\x");
                hex(out, &[*byte]);
            }
            _ => out.bytes(&[*byte]),
        }
    }
}

/// Writes bytes in hexadecimal.
fn hex(out: &SeqFile, bytes: &[u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    for byte in bytes {
        let digit = |nibble: u8| *DIGITS.get(usize::from(nibble & 15)).unwrap_or(&b'?');
        out.bytes(&[digit(*byte >> 4), digit(*byte)]);
    }
}
