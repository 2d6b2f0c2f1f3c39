// SPDX-License-Identifier: GPL-2.0-only

//! Objects: the backing of a cookie.
//!
//! # Who owns what
//!
//! An object is an `Arc`. fscache's record owns a reference from the lookup to the withdrawal, the
//! cache's tree another one for the same time, every I/O one until it has ended. An object owns its
//! file, a reference to its cookie and one to its volume; when it goes, these go in that order, and
//! last of all it stops counting, upon which the cache may be taken down.
//!
//! What an I/O gives back from an interrupt must not be the end of an object there, as that sleeps:
//! [`IoRef`] leaves it to the cache's reaper.
//!
//! # The backing
//!
//! [`Backing`] is the one place that says which file there is and whether it has a name. It is
//! changed by fscache's worker for the cookie only (lookup, invalidation, withdrawal never run at
//! the same time) and read by operations that begin, hence the spinlock around it. Files are
//! dropped outside the lock, as that sleeps.
//!
//! # What must never be published
//!
//! A file is committed, or left in place, under the coherency data that the cookie has *then*. So
//! it must hold data of that generation and nothing else, or be removed:
//!
//! - the object remembers the generation (count of invalidations) that its file belongs to, and
//!   [`Object::finish`] compares it with the cookie's, read together with the coherency data;
//! - an invalidation that fails leaves [`Backing::Invalid`], from which there is no way to commit;
//! - a write that failed, or was cut short, makes the object *suspect*: from then on nothing is
//!   read from it or stored in it, and it is removed in the end.

use crate::{
    cache::Cache,
    coherency::{
        self,
        Content,
        Verdict, //
    },
    dentry::Dentry,
    extent,
    file::FileExt,
    fscache::{
        Cookie,
        CookieFlag,
        CookieRef,
        CountedObject,
        Snapshot, //
    },
    inuse::InUse,
    key,
    store::{
        self,
        Found, //
    },
    trace::{
        self,
        CoherencyWhy,
        ErrorAt,
        KillWhy,
        RefWhy,
        TruncWhy, //
    },
    volume::Volume,
    xattr,
};
use core::mem::replace;
use kernel::{
    fs::File,
    impl_has_work, new_spinlock, new_work,
    prelude::*,
    rbtree::RBTreeNodeReservation,
    str::CString,
    sync::{
        aref::ARef,
        atomic::{
            ordering,
            Atomic,
            AtomicFlag, //
        },
        Arc, ArcBorrow, SpinLock,
    },
    workqueue::{
        Work,
        WorkItem, //
    },
};

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
    work: Work<Object>,
    #[pin]
    backing: SpinLock<Backing>,
    /// Sorts objects in the cache's tree; never used twice.
    serial: u64,
    debug_id: u32,
    /// References as traces count them.
    usage: Atomic<i32>,
    /// The count of invalidations that the file belongs to.
    generation: Atomic<u32>,
    /// Which file it is: counts up when another one takes its place.
    epoch: Atomic<u32>,
    /// The file may hold something else than what was to be stored.
    suspect: AtomicFlag,
    name: CString,
    volume: Arc<Volume>,
    cookie: CookieRef,
    /// The last to go.
    _counted: CountedObject,
}

impl_has_work! {
    impl HasWork<Self> for Object { self.work }
}

impl WorkItem for Object {
    type Pointer = Arc<Object>;

    /// Frees an object whose last user could not.
    fn run(this: Arc<Object>) {
        drop(this);
    }
}

/// Numbers objects, for the tree and for traces.
static SERIAL: Atomic<i64> = Atomic::new(0);

/// Why a file cannot be an object's any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfit {
    /// The cookie was retired.
    Retired,
    /// It holds data of another generation, or of none.
    Stale,
}

impl Object {
    /// Makes an object for a cookie.
    fn new(volume: Arc<Volume>, cookie: &Cookie) -> Result<Arc<Self>> {
        let mut key = [0; coherency::DATA_MAX];
        let len = cookie.copy_key(&mut key);
        let name =
            key::object_name(key.get(..len).ok_or(ENAMETOOLONG)?).map_err(|_| ENAMETOOLONG)?;
        let name = CStr::from_bytes_with_nul(name.as_bytes_with_nul()).map_err(|_| EINVAL)?;
        let name = CString::try_from(name)?;

        let serial = SERIAL.fetch_add(1, ordering::Relaxed).wrapping_add(1) as u64;
        let debug_id = serial as u32;
        let counted = CountedObject::new(volume.cache().cookie());
        let object = Arc::pin_init(
            pin_init!(Self {
                work <- new_work!("cachefiles object"),
                backing <- new_spinlock!(Backing::None, "cachefiles object"),
                serial,
                debug_id,
                usage: Atomic::new(1),
                generation: Atomic::new(cookie.generation()),
                epoch: Atomic::new(0),
                suspect: AtomicFlag::new(false),
                name,
                volume,
                cookie: CookieRef::new(cookie),
                _counted: counted,
            }),
            GFP_KERNEL,
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

    /// Has the object freed by somebody who may sleep.
    fn reap_later(self: Arc<Self>) {
        let reaper = self.cache().reaper();
        // An object is queued once, by whoever had the last reference.
        let _ = reaper.queue().enqueue(self);
    }

    /// Traces that the object was seen.
    pub(crate) fn see(&self, why: RefWhy) {
        trace::object_ref(
            self.debug_id,
            self.cookie.debug_id(),
            self.usage.load(ordering::Relaxed),
            why,
        );
    }

    /// Which file the object has now; see [`Object::note_bad_write`].
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(ordering::Acquire)
    }

    /// A write to the file that the object had in `epoch` failed, or was cut short: the file may
    /// hold something else than the filesystem thinks. May be called in any context.
    pub(crate) fn note_bad_write(&self, epoch: u32) {
        // A file that was replaced meanwhile does not matter any more.
        if self.epoch() == epoch {
            self.suspect.store(true, ordering::Release);
        }
    }

    /// Must nothing be read or stored?
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.load(ordering::Acquire)
    }

    /// The file, for an operation that begins.
    pub(crate) fn file(&self) -> Option<ARef<File>> {
        self.backing.lock().file().map(|file| (**file).clone())
    }

    /// Puts another backing in place of the one there is, which is returned.
    fn replace(&self, backing: Backing) -> Backing {
        let mut guard = self.backing.lock();
        self.epoch.fetch_add(1, ordering::Full);
        self.suspect.store(false, ordering::Release);
        replace(&mut *guard, backing)
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
                self.adjust_size(&file);
                drop(self.replace(Backing::Linked(file)));
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

    /// Makes the file as long as the object, in whole blocks.
    ///
    /// If it grows, what it has of its last page is dropped before: behind the former end there may
    /// be something that never was data.
    fn adjust_size(&self, file: &BackingFile) {
        let inode = file.inode();
        let (old, new) = (inode.size(), extent::file_size(self.cookie.object_size()));
        if old == new {
            return;
        }
        let page = kernel::page::PAGE_SIZE as u64;
        let result = self.cache().mount().want_write().and_then(|_access| {
            let mut guard = inode.lock();
            let whole = extent::round_down(old, page);
            if new > old && whole != old {
                guard.set_size(file.dentry(), whole)?;
            }
            guard.set_size(file.dentry(), new)
        });
        if let Err(error) = result {
            trace::io_error(self.debug_id, inode, error, ErrorAt::NotifyChange);
            self.cache()
                .note_error(error, fmt!("Size set failed [o={:08x}]", self.debug_id));
            self.suspect.store(true, ordering::Release);
        }
    }

    /// Compares what the file says of itself with what the cookie says.
    ///
    /// # Errors
    ///
    /// Only if the disk failed, or there is no memory; whatever else is odd is not coherent.
    fn is_coherent(&self, file: &BackingFile, snapshot: &Snapshot) -> Result<bool> {
        let inode = file.inode();
        let mut buffer = [0; coherency::XATTR_MAX];
        let (stored, verdict) = match xattr::get(file.dentry(), coherency::XATTR_NAME, &mut buffer)
        {
            Ok(len) => {
                let stored = buffer.get(..len).unwrap_or(&[]);
                let verdict = coherency::check_object(stored, snapshot.object_size, snapshot.aux());
                (stored, verdict)
            }
            Err(error) => {
                trace::vfs_error(self.debug_id, Some(inode), error, ErrorAt::Getxattr);
                self.cache()
                    .note_error(error, fmt!("Failed to read aux [o={:08x}]", self.debug_id));
                if error == EIO || error == ENOMEM {
                    return Err(error);
                }
                (&buffer[..0], Verdict::BadXattr)
            }
        };
        let why = match verdict {
            Verdict::Coherent => CoherencyWhy::CheckOk,
            Verdict::BadXattr | Verdict::BadReserved => CoherencyWhy::CheckXattr,
            Verdict::BadType => CoherencyWhy::CheckType,
            Verdict::BadData => CoherencyWhy::CheckAux,
            Verdict::BadSize => CoherencyWhy::CheckObjsize,
            Verdict::BadContent => CoherencyWhy::CheckContent,
            Verdict::Dirty => {
                if crate::ratelimit::may_speak() {
                    pr_warn!("Dirty object in cache\n");
                }
                CoherencyWhy::CheckDirty
            }
        };
        trace::coherency(
            self.debug_id,
            &self.cookie,
            inode.number(),
            &coherency::object_data_head(stored),
            coherency::object_content_byte(stored),
            why,
        );
        Ok(verdict == Verdict::Coherent)
    }

    /// Makes the file say what the cookie says. Sleeps.
    fn store_coherency(&self, file: &BackingFile, snapshot: &Snapshot, content: Content) -> Result {
        let inode = file.inode();
        let value = coherency::encode_object(snapshot.object_size, content, snapshot.aux());
        let result = self.cache().mount().want_write().and_then(|access| {
            xattr::set(
                &access,
                file.dentry(),
                coherency::XATTR_NAME,
                value.as_bytes(),
            )
        });
        let why = match result {
            Ok(()) => CoherencyWhy::SetOk,
            Err(error) => {
                trace::vfs_error(self.debug_id, Some(inode), error, ErrorAt::Setxattr);
                self.cache()
                    .note_error(error, fmt!("Failed to set xattr [o={:08x}]", self.debug_id));
                CoherencyWhy::SetFail
            }
        };
        trace::coherency(
            self.debug_id,
            &self.cookie,
            inode.number(),
            &coherency::object_data_head(value.as_bytes()),
            content as u8,
            why,
        );
        result
    }

    /// Why the file may not be published under what the cookie says, if so.
    fn unfit(&self, snapshot: &Snapshot) -> Option<Unfit> {
        if self.cookie.has(CookieFlag::Retired) {
            Some(Unfit::Retired)
        } else if self.is_suspect()
            || self.generation.load(ordering::Relaxed) != snapshot.generation
        {
            Some(Unfit::Stale)
        } else {
            None
        }
    }

    /// Brings the object's file into its final state, and lets go of it. Sleeps.
    fn finish(&self) {
        let Ok(dir) = self.directory() else {
            return;
        };
        let snapshot = self.cookie.snapshot();
        let unfit = self.unfit(&snapshot);
        match (self.replace(Backing::None), unfit) {
            (Backing::None | Backing::Invalid, _) => {}

            (Backing::Tmpfile(file), Some(_)) => {
                self.see(RefWhy::SeeCleanDropTmp);
                drop(file);
            }
            (Backing::Tmpfile(file), None) => {
                self.see(RefWhy::SeeCleanCommit);
                self.cookie.clear(CookieFlag::LocalWrite);
                self.cookie.clear(CookieFlag::NeedsUpdate);
                // Only a file that says what it is gets a name.
                let committed = self
                    .store_coherency(&file, &snapshot, Content::NoData)
                    .and_then(|()| {
                        store::commit_tmpfile(self.cache(), self.debug_id, dir, &self.name, &file)
                    });
                match committed {
                    Ok(()) => self.let_go(file),
                    Err(_) => drop(file),
                }
            }

            (Backing::Linked(file), Some(unfit)) => {
                self.see(RefWhy::SeeCleanDelete);
                let why = match unfit {
                    Unfit::Retired => KillWhy::WasRetired,
                    Unfit::Stale => KillWhy::IsStale,
                };
                self.unpublish(dir, &file, why);
                self.let_go(file);
            }
            (Backing::Linked(file), None) => {
                self.see(RefWhy::SeeCleanCommit);
                let written = self.cookie.clear(CookieFlag::LocalWrite);
                let updated = self.cookie.clear(CookieFlag::NeedsUpdate);
                if (written || updated)
                    && self
                        .store_coherency(&file, &snapshot, Content::NoData)
                        .is_err()
                {
                    self.unpublish(dir, &file, KillWhy::IsStale);
                }
                self.let_go(file);
            }
        }
    }

    /// Removes a named file; if that fails, at least what makes it look coherent.
    fn unpublish(&self, dir: &Dentry, file: &BackingFile, why: KillWhy) {
        match self.delete(dir, file, why) {
            Ok(()) => {}
            // Somebody else removed it, or put another in its place.
            Err(error) if error == ENOENT || error == ESTALE => {}
            Err(_) => {
                if let Err(error) = self.remove_coherency(file) {
                    if crate::ratelimit::may_speak() {
                        pr_err!(
                            "A stale object can neither be removed nor marked: error {} [o={:08x}]\n",
                            error.to_errno(),
                            self.debug_id
                        );
                    }
                }
            }
        }
    }

    /// Makes the file say nothing about itself, so that it is not coherent with anything. Sleeps.
    fn remove_coherency(&self, file: &BackingFile) -> Result {
        let inode = file.inode();
        let result = self
            .cache()
            .mount()
            .want_write()
            .and_then(|access| xattr::remove(&access, file.dentry(), coherency::XATTR_NAME));
        match result {
            Err(error) if error == ENODATA || error == ENOENT => Ok(()),
            Err(error) => {
                trace::vfs_error(self.debug_id, Some(inode), error, ErrorAt::Remxattr);
                self.cache()
                    .note_error(error, fmt!("Can't remove xattr [o={:08x}]", self.debug_id));
                Err(error)
            }
            Ok(()) => Ok(()),
        }
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

    /// Marks a named file as being changed locally, before it is. Sleeps.
    ///
    /// If that fails, nothing is stored in it: the mark is what keeps changes that the server may
    /// never have seen from being served after a crash.
    fn prepare_to_write(&self) {
        let (file, linked) = {
            let guard = self.backing.lock();
            let linked = matches!(&*guard, Backing::Linked(_));
            (guard.file().map(|file| (**file).clone()), linked)
        };
        let Some(file) = file.filter(|_| linked) else {
            return;
        };
        let epoch = self.epoch();
        let snapshot = self.cookie.snapshot();
        let value = coherency::encode_object(snapshot.object_size, Content::Dirty, snapshot.aux());
        let result = self.cache().mount().want_write().and_then(|access| {
            xattr::set(
                &access,
                file.dentry(),
                coherency::XATTR_NAME,
                value.as_bytes(),
            )
        });
        let inode = file.inode();
        let why = match result {
            Ok(()) => CoherencyWhy::SetOk,
            Err(error) => {
                trace::vfs_error(self.debug_id, Some(inode), error, ErrorAt::Setxattr);
                self.cache()
                    .note_error(error, fmt!("Failed to set xattr [o={:08x}]", self.debug_id));
                self.note_bad_write(epoch);
                CoherencyWhy::SetFail
            }
        };
        trace::coherency(
            self.debug_id,
            &self.cookie,
            inode.number(),
            &coherency::object_data_head(value.as_bytes()),
            Content::Dirty as u8,
            why,
        );
    }

    /// Cuts the file to `size` bytes as an object. Sleeps.
    fn shorten(&self, file: &File, size: u64) -> Result {
        let inode = file.inode();
        let whole = extent::file_size(size);
        trace::truncate(self.debug_id, inode, inode.size(), whole, TruncWhy::Shrink);
        file.truncate(whole)
            .inspect_err(|error| trace::io_error(self.debug_id, inode, *error, ErrorAt::Trunc))?;
        if size < whole {
            // What follows must read as zeros should the object grow again.
            trace::truncate(self.debug_id, inode, whole, size, TruncWhy::DioAdjust);
            file.zero_range(size, whole.saturating_sub(size))
                .or_else(|error| {
                    trace::io_error(self.debug_id, inode, error, ErrorAt::Fallocate);
                    // Not every filesystem can; forgetting the last block does as well.
                    let block = extent::round_down(size, extent::DIO_BLOCK);
                    file.punch_hole(block, whole.saturating_sub(block))
                })?;
        }
        Ok(())
    }
}

/// Looks up the object of a cookie; false if there is none. Sleeps.
///
/// fscache holds accesses to the volume and to the cookie meanwhile.
pub(crate) fn look_up(volume: ArcBorrow<'_, Volume>, cookie: &Cookie) -> bool {
    let Ok(node) = RBTreeNodeReservation::new(GFP_KERNEL) else {
        return false;
    };
    let Ok(object) = Object::new(volume.into(), cookie) else {
        return false;
    };
    // Attached now, as operations may begin before the lookup is over if they need no file.
    cookie.attach(object.clone());

    let cache = object.cache();
    if cache.with_creds(|| object.look_up()).is_err() {
        object.see(RefWhy::SeeLookupFailed);
        // The object is detached when fscache withdraws the cookie, which it does next.
        cookie.caching_failed();
        return false;
    }
    object.see(RefWhy::SeeLookupCookie);
    let serial = object.serial;
    cache.add_object(node.into_node(serial, object.clone()));
    true
}

/// Takes the object off a cookie, and puts it in order on disk. Sleeps.
///
/// fscache sees to it that no operation uses the object any more.
pub(crate) fn withdraw(cookie: &Cookie) {
    let Some(object) = cookie.detach() else {
        return;
    };
    object.see(RefWhy::SeeWithdrawCookie);
    let cache = object.cache();
    if cache.remove_object(object.serial) {
        object.see(RefWhy::SeeWithdrawal);
    }
    cache.with_creds(|| object.finish());
    let usage = object.usage.fetch_sub(1, ordering::Relaxed);
    trace::object_ref(object.debug_id, cookie.debug_id(), usage, RefWhy::PutDetach);
    drop(object);
}

/// Makes the object of a cookie empty; false if that failed. Sleeps.
pub(crate) fn invalidate(object: &Object) -> bool {
    object.cache().with_creds(|| object.invalidate())
}

/// Prepares the object of a cookie for being changed locally. Sleeps.
pub(crate) fn prepare_to_write(object: &Object) {
    object.cache().with_creds(|| object.prepare_to_write());
}

/// Changes the size of an object, whose file an operation has as `file`. Sleeps.
pub(crate) fn resize(object: &Object, file: Option<&File>, size: i64) {
    let new = u64::try_from(size).unwrap_or(0);
    if let Some(file) = file {
        if new < object.cookie.object_size() {
            let epoch = object.epoch();
            let cut = object.cache().with_creds(|| object.shorten(file, new));
            if let Err(error) = cut {
                object.cache().note_error(
                    error,
                    fmt!("Trunc-to-size failed [o={:08x}]", object.debug_id),
                );
                object.note_bad_write(epoch);
            }
        }
    }
    object.cookie.set_object_size(size);
}

/// The reference of an I/O to its object. May be dropped in any context.
pub(crate) struct IoRef(Option<Arc<Object>>);

impl IoRef {
    /// Gets a reference for an I/O.
    pub(crate) fn new(object: ArcBorrow<'_, Object>) -> Self {
        let usage = object.usage.fetch_add(1, ordering::Relaxed);
        trace::object_ref(
            object.debug_id,
            object.cookie.debug_id(),
            usage,
            RefWhy::GetIoreq,
        );
        Self(Some(object.into()))
    }

    /// The object.
    pub(crate) fn object(&self) -> Option<&Object> {
        self.0.as_deref()
    }
}

impl Drop for IoRef {
    fn drop(&mut self) {
        let Some(object) = self.0.take() else {
            return;
        };
        let usage = object.usage.fetch_sub(1, ordering::Relaxed);
        trace::object_ref(
            object.debug_id,
            object.cookie.debug_id(),
            usage,
            RefWhy::PutIoreq,
        );
        if let Some(last) = Arc::into_unique_or_drop(object) {
            // Its end sleeps; this may be an interrupt. The queue lives as long as the module, and
            // the object keeps the cache.
            let last: Arc<Object> = last.into();
            last.reap_later();
        }
    }
}
