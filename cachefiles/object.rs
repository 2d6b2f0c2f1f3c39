// SPDX-License-Identifier: GPL-2.0-only

//! Objects: the backing of a cookie.
//!
//! # Who owns what
//!
//! An object is counted, see [`ObjectRef`]. fscache's record owns a reference from the lookup to the withdrawal, the
//! cache's list another one for the same time, every I/O one until it has ended. An object owns its
//! file, a reference to its cookie and one to its volume; when it goes, these go in that order, and
//! last of all it stops counting, upon which the cache may be taken down.
//!
//! What an I/O gives back from an interrupt must not be the end of an object there, as that sleeps:
//! [`IoRef`](crate::object_ref::IoRef) leaves it to a worker.
//!
//! # The backing
//!
//! [`Backing`] is the one place that says which file there is and whether it has a name. It is
//! changed by fscache's worker for the cookie only (lookup, invalidation, withdrawal never run at
//! the same time) and read by operations that begin, hence the spinlock around it. Files are
//! dropped outside the lock, as that sleeps.
//!
//! What of it stays on the disk, and what must not, is in `publish.rs`.

mod name;
mod publish;

use crate::{
    atomic::Atomic,
    attr,
    cache::Cache,
    coherency::Content,
    content,
    dentry::Dentry,
    extent::Damage,
    file::FileExt,
    fscache::{
        Cookie,
        CookieFlag,
        CookieRef,
        CountedObject,
        Snapshot, //
    },
    integrity::Integrity,
    inuse::InUse,
    jar::{
        Jarred,
        Ref, //
    },
    known::Known,
    nofs::NoFsReclaim,
    object_ref::{
        put,
        see,
        Links,
        ObjectRef, //
    },
    size,
    spinlock::{
        new_spinlock,
        SpinLock, //
    },
    store::{
        self,
        Found, //
    },
    trace::{
        self,
        KillWhy,
        RefWhy, //
    },
    volume::Volume,
};
use core::mem::replace;
use kernel::{
    fs::File,
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            ordering,
            AtomicFlag, //
        },
        Arc, ArcBorrow, Mutex, MutexGuard,
    },
};
use name::FileName;

/// A file of the cache, open for direct I/O, and marked as in use.
pub(crate) type BackingFile = InUse<ARef<File>>;

/// The file of an object.
enum Backing {
    /// There is none: not yet, or not any more.
    None,
    /// One without a name.
    Tmpfile(BackingFile),
    /// One that has its name.
    Linked(BackingFile),
    /// What there was is not to be used any more, and nothing could take its place.
    Invalid,
}

impl Backing {
    fn file(&self) -> Option<&BackingFile> {
        match self {
            Self::Tmpfile(file) | Self::Linked(file) => Some(file),
            Self::None | Self::Invalid => None,
        }
    }
}

/// An object.
#[pin_data]
pub(crate) struct Object {
    #[pin]
    backing: SpinLock<Backing>,
    /// Held while the file is replaced, mended, marked or named: it stays the object's meanwhile.
    /// Taken by [`Object::lock_change`] only.
    #[pin]
    change: Mutex<()>,
    /// For the cache's list of objects.
    #[pin]
    pub(crate) links: Links,
    debug_id: u32,
    /// The count of invalidations that the file belongs to.
    generation: Atomic<u32>,
    integrity: Integrity,
    /// For `content.rs`.
    #[pin]
    known: SpinLock<Known>,
    /// The file has had no name for a while.
    waits_for_name: AtomicFlag,
    /// Where the last read-ahead ended.
    read_to: Atomic<usize>,
    /// What size the object was last cut to; all ones if it never was.
    cut_to: Atomic<usize>,
    /// The file says, on the disk, that it is changed locally.
    marked: AtomicFlag,
    /// Something may be allocated in the holes of the file, see `unwritten.rs`.
    holes_may_be_full: AtomicFlag,
    name: FileName,
    volume: Arc<Volume>,
    cookie: CookieRef,
    /// Taken by [`Jarred::take_last`].
    counted: Option<CountedObject>,
}

/// The lock `change` of an object, held.
///
/// Who stores what is written back waits for it. If whoever holds it waited for memory that is free
/// when a folio has been written back, that might be the very folio; hence the scope, which ends
/// after the lock was given back.
#[must_use = "the lock is given back when this goes"]
struct Change<'a> {
    _held: MutexGuard<'a, ()>,
    _scope: NoFsReclaim,
}

impl Jarred for Object {
    /// When an object is not counted any more, the cache may be taken down.
    type Last = Option<CountedObject>;

    fn take_last(self: Pin<&mut Self>) -> Self::Last {
        self.project().counted.take()
    }
}

/// Numbers objects, for traces.
static DEBUG_ID: Atomic<i32> = Atomic::new(0);

impl Object {
    /// Makes an object for a cookie.
    fn new(volume: Arc<Volume>, cookie: &Cookie) -> Result<ObjectRef> {
        let name = FileName::of(cookie.key())?;
        let debug_id = DEBUG_ID.fetch_add(1, ordering::Relaxed).wrapping_add(1) as u32;
        let counted = CountedObject::new(volume.cache().cookie());
        let jar = volume.cache().jar().clone();
        let object = Ref::pin_init(
            jar,
            pin_init!(Self {
                backing <- new_spinlock!(Backing::None, "cachefiles object"),
                change <- new_mutex!((), "cachefiles object"),
                links <- Links::new(),
                debug_id,
                generation: Atomic::new(cookie.generation()),
                integrity: Integrity::new(),
                known <- new_spinlock!(Known::new(), "cachefiles known data"),
                waits_for_name: AtomicFlag::new(false),
                cut_to: Atomic::new(usize::MAX),
                read_to: Atomic::new(0),
                marked: AtomicFlag::new(false),
                holes_may_be_full: AtomicFlag::new(false),
                name,
                volume,
                cookie: CookieRef::new(cookie),
                counted: Some(counted),
            }),
        )?;
        trace::object_ref(object.debug_id, cookie.debug_id(), 1, RefWhy::New);
        Ok(object)
    }

    /// The number that traces show.
    pub(crate) fn debug_id(&self) -> u32 {
        self.debug_id
    }

    /// The cookie.
    pub(crate) fn cookie(&self) -> &Cookie {
        &self.cookie
    }

    /// The cache.
    pub(crate) fn cache(&self) -> &Cache {
        self.volume.cache()
    }

    /// The directory that the object is in, or will be.
    fn directory(&self) -> Result<&Dentry> {
        self.volume.fanout(self.cookie.fanout())
    }

    /// Does a read at `start` go on where the last read-ahead ended?
    pub(crate) fn goes_on(&self, start: u64) -> bool {
        start == 0 || self.read_to.load(ordering::Relaxed) as u64 == start
    }

    /// Something was read ahead up to `end`.
    pub(crate) fn note_readahead(&self, end: u64) {
        self.read_to.store(end as usize, ordering::Relaxed);
    }

    /// Was `size` the last that the object was cut to?
    pub(crate) fn was_cut_to(&self, size: u64) -> bool {
        self.cut_to.load(ordering::Acquire) as u64 == size
    }

    /// What is known of the file; see [`Integrity`].
    pub(crate) fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// Where data is known to be; for `content.rs`.
    pub(crate) fn known(&self) -> &SpinLock<Known> {
        &self.known
    }

    /// Locks `change`. Sleeps.
    fn lock_change(&self) -> Change<'_> {
        let scope = NoFsReclaim::begin();
        Change {
            _held: self.change.lock(),
            _scope: scope,
        }
    }

    /// Makes what is damaged absent; true if the object is not suspect any more. Sleeps.
    #[inline]
    pub(crate) fn mend(&self) -> bool {
        !self.integrity.is_suspect() || self.mend_suspect()
    }

    /// The rest of [`Object::mend`].
    #[cold]
    fn mend_suspect(&self) -> bool {
        let _change = self.lock_change();
        // Somebody else may have seen to it.
        if !self.integrity.is_suspect() {
            return true;
        }
        let (Some(damage), Some(file)) = (self.integrity.mendable(), self.file()) else {
            return false;
        };
        let (start, len) = damage.range;
        content::give_back(self, &file, start, len).is_ok() && self.integrity.mended(&damage)
    }

    /// Sees to it that nothing is allocated in the holes of a file that was found, before the first
    /// store. Sleeps.
    ///
    /// # Errors
    ///
    /// The backing filesystem's; nothing is to be stored then.
    #[inline]
    pub(crate) fn empty_holes(&self) -> Result {
        if self.holes_may_be_full.load(ordering::Acquire) {
            self.empty_holes_of_found()
        } else {
            Ok(())
        }
    }

    /// The rest of [`Object::empty_holes`].
    #[cold]
    fn empty_holes_of_found(&self) -> Result {
        let _change = self.lock_change();
        if !self.holes_may_be_full.load(ordering::Acquire) {
            return Ok(());
        }
        let file = self.file().ok_or(ENOBUFS)?;
        content::empty_holes(self, &file)?;
        self.holes_may_be_full.store(false, ordering::Release);
        Ok(())
    }

    /// The file, for an operation that begins.
    pub(crate) fn file(&self) -> Option<ARef<File>> {
        self.backing.lock().file().map(|file| (**file).clone())
    }

    /// Puts a file in place that was found. There was none before, so there was nothing to mend,
    /// mark or name.
    ///
    /// What could not be stored meanwhile concerns this one, as it may hold what should have been
    /// replaced: the epoch stays.
    fn take_up(&self, file: BackingFile) {
        self.holes_may_be_full.store(
            self.cache().unwritten().may_become_data(),
            ordering::Release,
        );
        *self.backing.lock() = Backing::Linked(file);
    }

    /// Puts another backing in place of the one there is, which is returned. Sleeps.
    fn replace(&self, backing: Backing) -> Backing {
        let _change = self.lock_change();
        // Before the file can be seen: it may lie where one lay that something is known of.
        self.known.lock().forget();
        let mut guard = self.backing.lock();
        self.integrity.start_over();
        self.marked.store(false, ordering::Release);
        self.holes_may_be_full.store(false, ordering::Release);
        self.waits_for_name.store(false, ordering::Relaxed);
        let old = replace(&mut *guard, backing);
        let is_unnamed = matches!(&*guard, Backing::Tmpfile(_));
        drop(guard);
        let was_unnamed = matches!(&old, Backing::Tmpfile(_));
        self.cache()
            .count_unnamed(i32::from(is_unnamed) - i32::from(was_unnamed));
        old
    }

    /// Takes the backing away, as nothing is done with the object any more. Sleeps.
    fn take_away(&self) -> Backing {
        // Whoever names it may still be at it.
        let _change = self.lock_change();
        let old = replace(&mut *self.backing.lock(), Backing::None);
        if matches!(&old, Backing::Tmpfile(_)) {
            self.cache().count_unnamed(-1);
        }
        old
    }

    /// Looks for the object on disk, and makes it if it is not there or not coherent. Sleeps.
    fn look_up(&self) -> Result {
        let dir = self.directory()?;
        if let Found::File(file) = store::find_file(self.cache(), self.debug_id, dir, &self.name)? {
            let snapshot = self.cookie.snapshot();
            if self.is_coherent(&file, &snapshot)? {
                self.generation
                    .store(snapshot.generation, ordering::Relaxed);
                self.cookie.clear(CookieFlag::NoDataToRead);
                file.touch_atime();
                let size = snapshot.object_size;
                let adjusted = size::adjust(self.cache(), self.debug_id, &file, size);
                self.take_up(file);
                if adjusted.is_err() {
                    self.integrity.note(self.integrity.epoch(), Damage::ALL);
                }
                return Ok(());
            }
            self.cookie.lookup_negative();
            // It could not be committed under the present coherency data; make room now.
            let _ = self.delete(dir, &file, KillWhy::IsStale);
            self.let_go(file);
        } else {
            self.cookie.lookup_negative();
        }
        self.create()
    }

    /// Makes a new file. Sleeps.
    fn create(&self) -> Result {
        self.cache().room_for_create(|room| (room.check)())?;
        let file = self.new_tmpfile()?;
        self.cookie.set(CookieFlag::NeedsUpdate);
        // Nothing was stored so far, whatever was invalidated meanwhile.
        self.generation
            .store(self.cookie.generation(), ordering::Relaxed);
        drop(self.replace(Backing::Tmpfile(file)));
        Ok(())
    }

    fn new_tmpfile(&self) -> Result<BackingFile> {
        store::create_tmpfile(
            self.cache(),
            self.debug_id,
            self.directory()?,
            self.cookie.object_size(),
        )
    }

    fn delete(&self, dir: &Dentry, file: &BackingFile, why: KillWhy) -> Result {
        store::delete_file(self.cache(), self.debug_id, dir, &self.name, file, why)
    }

    /// Lets go of a file that has, or had, a name, and tells the daemon.
    fn let_go(&self, file: BackingFile) {
        let sectors = file.inode().sectors();
        drop(file);
        self.cache().note_release(sectors);
    }

    /// Does the file say what the cookie says? See [`attr::check_object`].
    fn is_coherent(&self, file: &File, snapshot: &Snapshot) -> Result<bool> {
        attr::check_object(self.cache(), self.debug_id, &self.cookie, file, snapshot)
    }

    /// Makes the file say what the cookie says. Sleeps.
    fn store_coherency(&self, file: &File, snapshot: &Snapshot, content: Content) -> Result {
        attr::set_object(
            self.cache(),
            self.debug_id,
            &self.cookie,
            file,
            snapshot,
            content,
        )
    }

    /// Puts a new, empty file in place of the one there is. Sleeps.
    ///
    /// I/O on the old one may go on; it goes nowhere. False if there is no new file: then the old
    /// one is removed, and nothing is committed any more.
    fn invalidate(&self) -> bool {
        let is_empty = match &*self.backing.lock() {
            Backing::None => true,
            Backing::Tmpfile(_) | Backing::Linked(_) => false,
            Backing::Invalid => return false,
        };
        if is_empty {
            self.cookie.resume_after_invalidation();
            return true;
        }
        let (backing, valid) = match self.new_tmpfile() {
            Ok(file) => (Backing::Tmpfile(file), true),
            Err(_) => (Backing::Invalid, false),
        };
        let old = self.replace(backing);
        if valid {
            self.cookie.set(CookieFlag::NeedsUpdate);
            // Nothing can be stored before operations resume, so the new file belongs to whatever
            // generation it is by now.
            self.generation
                .store(self.cookie.generation(), ordering::Relaxed);
            self.cookie.resume_after_invalidation();
        }
        if let Backing::Linked(file) = old {
            if let Ok(dir) = self.directory() {
                self.unpublish(dir, &file, KillWhy::Invalidated);
            }
            self.let_go(file);
        }
        valid
    }

    /// Marks a named file as being changed locally, if it is to be and was not yet. Sleeps.
    ///
    /// The mark is on the disk on return: it is what keeps changes that the server may never have
    /// seen from being served after a crash. If that fails, nothing is stored any more.
    pub(crate) fn mark_for_changes(&self) {
        if !self.marked.load(ordering::Acquire) && self.cookie.has(CookieFlag::LocalWrite) {
            self.cache().with_creds(|| self.mark());
        }
    }

    /// The rest of [`Object::mark_for_changes`].
    fn mark(&self) {
        let _change = self.lock_change();
        if self.marked.load(ordering::Acquire) {
            return;
        }
        let file = match &*self.backing.lock() {
            Backing::Linked(file) => Some((**file).clone()),
            // Nobody finds it after a crash.
            Backing::Tmpfile(_) | Backing::Invalid => None,
            // One may be found yet.
            Backing::None => return,
        };
        if let Some(file) = file {
            let snapshot = self.cookie.snapshot();
            let marked = self
                .store_coherency(&file, &snapshot, Content::Dirty)
                .and_then(|()| attr::write_out(self.cache(), self.debug_id, &file));
            if marked.is_err() {
                self.integrity.note(self.integrity.epoch(), Damage::ALL);
                return;
            }
        }
        self.marked.store(true, ordering::Release);
    }
}

/// Looks up the object of a cookie; false if there is none. Sleeps.
///
/// fscache holds accesses to the volume and to the cookie meanwhile.
pub(crate) fn look_up(volume: ArcBorrow<'_, Volume>, cookie: &Cookie) -> bool {
    let Ok(object) = Object::new(volume.into(), cookie) else {
        return false;
    };
    // Attached now, as operations may begin before the lookup is over if they need no file.
    cookie.attach(object.get());

    let cache = object.cache();
    if cache.with_creds(|| object.look_up()).is_err() {
        see(&object, RefWhy::SeeLookupFailed);
        // The object is detached when fscache withdraws the cookie, which it does next.
        cookie.caching_failed();
        return false;
    }
    see(&object, RefWhy::SeeLookupCookie);
    cache.add_object(object.get());
    true
}

/// Takes the object off a cookie, and puts it in order on disk. Sleeps.
///
/// fscache sees to it that no operation uses the object any more.
pub(crate) fn withdraw(cookie: &Cookie) {
    let Some(object) = cookie.detach() else {
        return;
    };
    see(&object, RefWhy::SeeWithdrawCookie);
    let cache = object.cache();
    if cache.remove_object(&object) {
        see(&object, RefWhy::SeeWithdrawal);
    }
    cache.with_creds(|| object.finish(|why| see(&object, why)));
    put(object, RefWhy::PutDetach);
}

/// Makes the object of a cookie empty; false if that failed. Sleeps.
pub(crate) fn invalidate(object: &Object) -> bool {
    object.cache().with_creds(|| object.invalidate())
}

/// Changes the size of an object, whose file an operation has as `file`. Sleeps.
pub(crate) fn resize(object: &Object, file: Option<&File>, size: i64) {
    let new = u64::try_from(size).unwrap_or(0);
    // The size may have been told before, as part of the coherency data.
    if new <= object.cookie.object_size() {
        // Before it is cut: who stores something later knows of it.
        object.cut_to.store(new as usize, ordering::Release);
    }
    if let Some(file) = file {
        if new < object.cookie.object_size() || new < file.inode().size() {
            let cache = object.cache();
            object.mark_for_changes();
            let epoch = object.integrity.epoch();
            let cut = cache.with_creds(|| size::shorten(cache, object.debug_id, file, new));
            object.known.lock().forget();
            if cut.is_err() {
                object.integrity.note(epoch, Damage::ALL);
            }
        }
    }
    object.cookie.set_object_size(size);
}
