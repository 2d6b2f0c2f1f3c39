// SPDX-License-Identifier: GPL-2.0-only

//! A cache that is online: where it is, how much room there is, what is in it.
//!
//! # Who owns what
//!
//! The daemon's file owns the cache; each volume owns a reference, each object one to its volume.
//! fscache has a pointer that counts for nothing, from [`Cache::bind`] to the end of
//! [`Cache::withdraw`], when volumes and objects are gone; so the daemon's reference is the last,
//! and with it the directories and the credentials go before `close()` returns, and the mount, but
//! for what a file keeps that a kernel worker closed, or an I/O whose submitter is not back yet.
//!
//! # Locks
//!
//! `objects` is a spinlock over the list of objects that were looked up. Nothing is called under
//! it, and it is not taken together with that of [`Volumes`]. An object is removed together with
//! the list's reference to it.

use crate::{
    atomic::Atomic,
    backing::{
        check_attributes,
        check_backing,
        check_block_size,
        check_unnamed_file,
        Refusal, //
    },
    cred::with_creds,
    dentry::Dentry,
    fscache::{
        self,
        CacheCookie,
        Count, //
    },
    inuse::InUse,
    jar::Jar,
    limits::{
        Amount,
        BlockSize,
        Limits,
        Percent,
        Recent,
        Room, //
    },
    list::RefList,
    object::Object,
    object_ref::{
        see,
        ObjectRef, //
    },
    path::{
        Mount,
        Path,
        Statistics, //
    },
    periodic::{
        Periodic,
        Tick, //
    },
    security,
    spinlock::{
        new_spinlock,
        SpinLock, //
    },
    status::Status,
    store,
    trace::{
        self,
        ErrorAt,
        RefWhy, //
    },
    unwritten::Unwritten,
    volumes::Volumes,
    wait::{
        self,
        Jiffies,
        HZ, //
    },
};
use kernel::{
    cred::Credential,
    fmt,
    prelude::*,
    str::CString,
    sync::{aref::ARef, atomic::ordering, Arc},
};

/// The directory of the volumes, in that of the cache.
const STORE: &[u8] = b"cache";

/// What the daemon asked for.
pub(crate) struct Settings<'a> {
    /// The directory that holds the cache.
    pub(crate) root: &'a CStr,
    /// The cache's name.
    pub(crate) tag: &'a CStr,
    /// The security context to act under.
    pub(crate) secid: Option<u32>,
    /// Limits in percent of all files.
    pub(crate) files: Percent,
    /// Limits in percent of all blocks.
    pub(crate) blocks: Percent,
}

/// What space is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpaceFor {
    /// Nothing; only to see how things are.
    Check,
    /// To store data.
    Write,
    /// To make a file or a directory.
    Create,
}

/// The objects of a cache that were looked up.
struct Objects {
    list: RefList<ObjectRef>,
    len: usize,
}

impl Objects {
    fn new() -> Self {
        Self {
            list: RefList::new(),
            len: 0,
        }
    }

    /// Puts an object at the end. Gives the reference back if the object is there already.
    fn push(&mut self, object: ObjectRef) -> Option<ObjectRef> {
        let twice = self.list.push_back(object).err();
        if twice.is_none() {
            self.len = self.len.wrapping_add(1);
        }
        twice
    }

    /// Takes the first object out.
    fn pop(&mut self) -> Option<ObjectRef> {
        let first = self.list.pop_front()?;
        self.len = self.len.wrapping_sub(1);
        Some(first)
    }

    /// Takes an object out, if it is in.
    fn remove(&mut self, object: &Object) -> Option<ObjectRef> {
        let removed = self.list.remove(object)?;
        self.len = self.len.wrapping_sub(1);
        Some(removed)
    }

    /// The first object, which goes to the end.
    fn next_in_turn(&mut self) -> Option<ObjectRef> {
        let first = self.pop()?;
        let object = first.get();
        // It just was taken out, so it is not there already.
        let _ = self.push(first);
        Some(object)
    }
}

/// A cache that is online.
#[pin_data]
pub(crate) struct Cache {
    /// fscache's record of this.
    cookie: CacheCookie,
    /// The tag, for messages.
    name: CString,
    /// What the daemon is told.
    status: Arc<Status>,
    limits: Limits,
    block: BlockSize,
    /// What the filesystem said last of its free space.
    #[pin]
    recent: SpinLock<Recent>,
    /// Blocks that are being written, and so are neither free nor taken yet.
    writing: Atomic<i64>,
    /// What the filesystem may make of blocks that were allocated.
    #[pin]
    unwritten: Unwritten,
    /// Makes the names of graves unique.
    graves: Atomic<i32>,
    #[pin]
    objects: SpinLock<Objects>,
    /// Gives files a name that are used for long. Runs while the cache is online.
    #[pin]
    publisher: Periodic<Cache>,
    /// How many files have none.
    unnamed: Atomic<i32>,
    volumes: Arc<Volumes>,
    /// Where objects are kept.
    jar: Arc<Jar<Object>>,
    graveyard: InUse<ARef<Dentry>>,
    store: InUse<ARef<Dentry>>,
    root: ARef<Dentry>,
    mount: ARef<Mount>,
    cred: ARef<Credential>,
}

/// Whether an error says that the backing filesystem itself is broken, or gone.
///
/// Want of space, quota, permission, memory or of a feature concerns what was tried, not the cache.
pub(crate) fn is_fatal(error: Error) -> bool {
    error == EIO || error == EROFS || error == EUCLEAN || error == ESHUTDOWN
}

impl Cache {
    /// Brings a cache online. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of fscache if the tag is taken, of the lookup of the directory, `EINVAL`,
    /// `EOPNOTSUPP`, `EROFS` or `ERANGE` if the filesystem cannot hold a cache, those of the
    /// security module, and those of making the directories.
    pub(crate) fn bind(
        settings: &Settings<'_>,
        status: Arc<Status>,
        jar: Arc<Jar<Object>>,
    ) -> Result<Arc<Cache>> {
        let cookie = CacheCookie::acquire(settings.tag)?;
        let cache = Self::prepare(cookie, settings, status, jar).map_err(|refusal| {
            let Refusal { error, why } = refusal;
            pr_err!("Failed to register: {}{}\n", error.to_errno(), why);
            error
        })?;
        pr_info!("File cache on {} registered\n", &*cache.name);
        // See how much room there is; the daemon may have to begin at once.
        let _ = cache.has_space(Amount::default(), SpaceFor::Check);
        Ok(cache)
    }

    fn prepare(
        cookie: CacheCookie,
        settings: &Settings<'_>,
        status: Arc<Status>,
        jar: Arc<Jar<Object>>,
    ) -> Result<Arc<Cache>, Refusal> {
        let service = security::service_credentials(settings.secid)?;
        let root = with_creds(&service, || {
            let root = Path::lookup_directory(settings.root)?;
            check_backing(&root)?;
            Ok::<_, Refusal>(root)
        })?;
        let cred = security::cache_credentials(&service, &root)?;

        let stats = with_creds(&cred, || root.mount().statistics(root.dentry()))?;
        let block = check_block_size(&stats)?;
        with_creds(&cred, || {
            check_attributes(&root)?;
            check_unnamed_file(&root, STORE, &cred)
        })?;
        let limits = Limits {
            files: settings.files.of(stats.files),
            blocks: settings.blocks.of(stats.blocks),
        };
        let room = store::Room {
            mount: root.mount(),
            check: &|| {
                let free = with_creds(&cred, || root.mount().statistics(root.dentry()))?;
                match limits.judge(free_of(&free)) {
                    Room::None => Err(ENOBUFS),
                    Room::Low | Room::Enough | Room::Plenty => Ok(()),
                }
            },
        };
        let (store, graveyard) = with_creds(&cred, || {
            let (store, _) = store::get_directory(&room, root.dentry(), STORE)?;
            let (graveyard, _) = store::get_directory(&room, root.dentry(), b"graveyard")?;
            Ok::<_, Error>((store, graveyard))
        })?;

        let name = CString::try_from(settings.tag).map_err(Error::from)?;
        let volumes = Arc::pin_init(Volumes::new(), GFP_KERNEL)?;
        let (mount, root) = (root.mount().clone(), root.dentry().clone());
        let cache = Arc::pin_init(
            pin_init!(Self {
                cookie,
                name,
                status,
                limits,
                block,
                recent <- new_spinlock!(Recent::new(), "cachefiles free space"),
                writing: Atomic::new(0),
                unwritten <- Unwritten::new(&mount),
                graves: Atomic::new(0),
                objects <- new_spinlock!(Objects::new(), "cachefiles objects"),
                publisher <- Periodic::new(),
                unnamed: Atomic::new(0),
                volumes,
                jar,
                graveyard,
                store,
                root,
                mount,
                cred,
            }),
            GFP_KERNEL,
        )?;
        cache.cookie.add(&cache)?;
        cache.publisher.start(cache.clone());
        cache.status.set_ready();
        Ok(cache)
    }

    /// Calls `f` under the cache's credentials.
    pub(crate) fn with_creds<R>(&self, f: impl FnOnce() -> R) -> R {
        with_creds(&self.cred, f)
    }

    /// The cache's credentials.
    pub(crate) fn credentials(&self) -> &Credential {
        &self.cred
    }

    /// The mount that the cache is on.
    pub(crate) fn mount(&self) -> &Mount {
        &self.mount
    }

    /// The directory of the volumes.
    pub(crate) fn store(&self) -> &Dentry {
        &self.store
    }

    /// The directory of what is to be removed by the daemon.
    pub(crate) fn graveyard(&self) -> &Dentry {
        &self.graveyard
    }

    /// The block size of the backing filesystem.
    pub(crate) fn block(&self) -> BlockSize {
        self.block
    }

    /// What the filesystem may make of blocks that were allocated.
    pub(crate) fn unwritten(&self) -> &Unwritten {
        &self.unwritten
    }

    /// The limits.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// fscache's record.
    pub(crate) fn cookie(&self) -> &CacheCookie {
        &self.cookie
    }

    /// Where objects are kept.
    pub(crate) fn jar(&self) -> &Arc<Jar<Object>> {
        &self.jar
    }

    /// The volumes.
    pub(crate) fn volumes(&self) -> &Arc<Volumes> {
        &self.volumes
    }

    /// What the daemon is told.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// A number for the next grave.
    pub(crate) fn next_grave(&self) -> u32 {
        self.graves.fetch_add(1, ordering::Relaxed).wrapping_add(1) as u32
    }

    /// The room check of this cache, for making things in it.
    pub(crate) fn room_for_create<R>(&self, f: impl FnOnce(&store::Room<'_>) -> R) -> R {
        f(&store::Room {
            mount: &self.mount,
            check: &|| {
                self.has_space(
                    Amount {
                        files: 1,
                        blocks: 0,
                    },
                    SpaceFor::Create,
                )
            },
        })
    }

    /// Is there room for `want`? Also sees to it that the daemon culls, or stops. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if there is none, and those of asking the filesystem.
    pub(crate) fn has_space(&self, want: Amount, reason: SpaceFor) -> Result {
        let writing = Amount {
            files: 0,
            blocks: u64::try_from(self.writing.load(ordering::Relaxed)).unwrap_or(0),
        };
        let recent = match reason {
            // Who only wants to know is told what is.
            SpaceFor::Check => None,
            SpaceFor::Write | SpaceFor::Create => self.recent.lock().spend(want, wait::now()),
        };
        let room = match recent.map(|free| self.limits.judge(free.less(writing))) {
            Some(Room::Plenty) => Room::Plenty,
            _ => self.limits.judge(self.ask_free(want)?.less(writing)),
        };
        match room {
            Room::Plenty => {
                self.status.set_culling(false);
                Ok(())
            }
            Room::Enough => Ok(()),
            Room::Low => {
                self.status.set_culling(true);
                Ok(())
            }
            Room::None => {
                match reason {
                    SpaceFor::Check => {}
                    SpaceFor::Write => fscache::count(Count::NoWriteSpace),
                    SpaceFor::Create => fscache::count(Count::NoCreateSpace),
                }
                self.status.set_culling(true);
                Err(ENOBUFS)
            }
        }
    }

    /// Asks the filesystem what is free; what is left of it after `want` is remembered. Sleeps.
    fn ask_free(&self, want: Amount) -> Result<Amount> {
        let asked = wait::now();
        let stats = self
            .with_creds(|| self.mount.statistics(&self.root))
            .inspect_err(|error| {
                trace::vfs_error(trace::NOBODY, self.root.inode(), *error, ErrorAt::Statfs);
                self.note_error(*error, fmt!("statfs failed"));
            })?;
        let left = free_of(&stats).less(want);
        self.recent.lock().note(left, asked);
        Ok(left)
    }

    /// Reports an error of the backing filesystem, and stops the cache if it is that bad.
    ///
    /// May be called in any context.
    pub(crate) fn note_error(&self, error: Error, what: fmt::Arguments<'_>) {
        if is_fatal(error) && self.status.set_failed() {
            pr_err!("I/O Error: {} ({})\n", what, error.to_errno());
            self.cookie.io_error();
        }
    }

    /// An object whose file takes `sectors` sectors of 512 bytes is not in use any more.
    pub(crate) fn note_release(&self, sectors: u64) {
        self.status
            .note_release(self.block.blocks_of_sectors(sectors));
    }

    /// Adds an object that was looked up, to be found when the cache is withdrawn.
    pub(crate) fn add_object(&self, object: ObjectRef) {
        let twice = self.objects.lock().push(object);
        // An object is looked up once.
        drop(twice);
    }

    /// Removes an object; true if it was there.
    pub(crate) fn remove_object(&self, object: &Object) -> bool {
        let removed = self.objects.lock().remove(object);
        // The list's reference goes outside the lock, and never is the last: the caller has one.
        removed.is_some()
    }

    /// There is a file more that has no name, or one less.
    pub(crate) fn count_unnamed(&self, change: i32) {
        self.unnamed.add(change, ordering::Relaxed);
    }

    /// Has every object withdrawn. Sleeps.
    fn withdraw_objects(&self) {
        loop {
            // Taken out, and so kept alive, before fscache is told: fscache may give the object
            // back at once.
            let object = self.objects.lock().pop();
            let Some(object) = object else {
                break;
            };
            see(&object, RefWhy::SeeWithdrawal);
            object.cookie().withdraw();
            drop(object);
            crate::sched::cond_resched();
        }
    }

    /// Takes the cache out of service. Sleeps until all who use it are done.
    pub(crate) fn withdraw(&self) {
        pr_info!("File cache on {} unregistering\n", &*self.name);
        // First, so that nobody begins anything on a disk that may be stuck.
        self.cookie.withdraw();
        self.publisher
            .stop(|| pr_warn!("Still waiting for a file to be given its name\n"));
        self.volumes.withdraw_cookies();
        self.withdraw_objects();
        self.cookie.wait_for_objects();
        self.volumes.withdraw();
        if let Err(error) = self.with_creds(|| self.mount.sync()) {
            self.note_error(
                error,
                fmt!("Attempt to sync backing fs superblock returned an error"),
            );
        }
    }
}

/// What is filled for long is not to be lost with the power because nobody closes it.
impl Tick for Cache {
    const PERIOD: Jiffies = 15 * HZ;

    fn tick(&self) {
        // Each that is there now has its turn; one that comes meanwhile has it next time.
        let turns = self.objects.lock().len;
        for _ in 0..turns {
            if self.unnamed.load(ordering::Relaxed) <= 0 || self.status.is_dead() {
                break;
            }
            let object = self.objects.lock().next_in_turn();
            let Some(object) = object else {
                break;
            };
            object.publish_in_use();
            drop(object);
            crate::sched::cond_resched();
        }
    }
}

/// What is free, as a filesystem reports it.
fn free_of(stats: &Statistics) -> Amount {
    Amount {
        files: stats.files_free,
        blocks: stats.blocks_free,
    }
}

/// Blocks that are being written.
#[must_use = "they stay counted until `end()`"]
pub(crate) struct Writing(i64);

impl Writing {
    /// Counts `bytes` bytes that begin to be written to `cache`.
    pub(crate) fn begin(cache: &Cache, bytes: u64) -> Self {
        let blocks = i64::try_from(cache.block.blocks_for(bytes)).unwrap_or(i64::MAX);
        cache.writing.fetch_add(blocks, ordering::Relaxed);
        Self(blocks)
    }

    /// They are written, or not. May be called in any context.
    pub(crate) fn end(self, cache: &Cache) {
        cache.writing.fetch_sub(self.0, ordering::Relaxed);
    }
}
