// SPDX-License-Identifier: GPL-2.0-only

//! Directories and files of a cache: looking up, making, committing, burying, culling.
//!
//! All functions sleep and are called under the cache's credentials. Write access to the mount is
//! taken before a directory's lock, an inode's lock inside of that; what is taken is given back
//! when the guard goes.

use crate::{
    cache::{
        self,
        Cache, //
    },
    dentry::Dentry,
    dirop::{
        Creating,
        Removing,
        Renaming, //
    },
    extent,
    file::{
        self,
        FileExt, //
    },
    fscache::{
        self,
        Count, //
    },
    inject,
    inode::DirectoryAbility,
    inuse::{
        InUse,
        MarkError, //
    },
    key, lsm,
    object::BackingFile,
    path::{
        Mount,
        WriteAccess, //
    },
    trace::{
        self,
        ErrorAt,
        KillWhy,
        TruncWhy,
        NOBODY, //
    },
};
use kernel::{
    fmt,
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// The access that the owner of a cache's directories and files has to them.
const DIR_MODE: u16 = 0o700;
/// As above, for files.
pub(crate) const FILE_MODE: u16 = 0o600;

/// How often an operation that lost a race is tried again.
const ATTEMPTS: usize = 8;

/// Where something is made, and whether there is room to make it.
pub(crate) struct Room<'a> {
    /// The mount.
    pub(crate) mount: &'a Mount,
    /// Fails if there is none.
    pub(crate) check: &'a dyn Fn() -> Result,
}

/// A name as a message shows it.
pub(crate) struct Name<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            let shown = if byte.is_ascii_graphic() {
                char::from(*byte)
            } else {
                '?'
            };
            fmt::Write::write_char(f, shown)?;
        }
        Ok(())
    }
}

/// Opens a directory and marks it as in use; makes it if it is not there.
///
/// Returns whether it was made.
///
/// # Errors
///
/// Those of [`find_directory`], of the room check and of the backing filesystem.
pub(crate) fn get_directory(
    room: &Room<'_>,
    dir: &Dentry,
    name: &[u8],
) -> Result<(InUse<ARef<Dentry>>, bool)> {
    find_or_make_directory(room, dir, name, || find_directory(dir, name))
}

/// Finds a directory by `find`, and makes it as long as that finds none.
///
/// Returns whether it was made.
///
/// # Errors
///
/// Those of `find`, of the room check and of the backing filesystem.
pub(crate) fn find_or_make_directory<T>(
    room: &Room<'_>,
    dir: &Dentry,
    name: &[u8],
    mut find: impl FnMut() -> Result<Option<T>>,
) -> Result<(T, bool)> {
    let mut is_new = false;
    for _ in 0..ATTEMPTS {
        if let Some(found) = find()? {
            return Ok((found, is_new));
        }
        is_new = make_directory(room, dir, name)?;
    }
    Err(ESTALE)
}

/// Opens a directory and marks it as in use; [`None`] if there is none of that name.
///
/// Needs no write access: what is there is found also while the filesystem is frozen.
///
/// # Errors
///
/// `EBUSY` if something uses it already, `EIO` if it is no directory, `EPERM` if it cannot hold
/// objects, and those of the backing filesystem.
pub(crate) fn find_directory(dir: &Dentry, name: &[u8]) -> Result<Option<InUse<ARef<Dentry>>>> {
    for _ in 0..ATTEMPTS {
        let Some(found) = look_up_directory(dir, name)? else {
            return Ok(None);
        };
        let directory = match InUse::mark(found, NOBODY) {
            Ok(directory) => directory,
            Err((MarkError::Gone, _)) => continue,
            Err((MarkError::Busy, found)) => {
                report_busy(name, &found);
                return Err(EBUSY);
            }
        };
        // The parent was not locked until now. Whoever culls marks first, so it stays where it is
        // from now on, if it still is there.
        if directory.is_unhashed() || !directory.is_child_of(dir) {
            continue;
        }

        if !directory.can_lookup() {
            if crate::ratelimit::may_speak() {
                pr_err!("{} is not a directory\n", Name(name));
            }
            return Err(EIO);
        }
        let able = directory.inode().is_some_and(|inode| {
            inode.can(DirectoryAbility::Store) && !inode.takes_names_for_the_same()
        });
        return if able {
            Ok(Some(directory))
        } else {
            Err(EPERM)
        };
    }
    Err(ESTALE)
}

/// Says that a directory could not be looked up.
fn report_lookup_error(dir: &Dentry, name: &[u8], error: Error) {
    trace::lookup(NOBODY, dir, Err(error));
    trace::vfs_error(NOBODY, dir.inode(), error, ErrorAt::Lookup);
    if error != ENOMEM && crate::ratelimit::may_speak() {
        pr_err!(
            "Lookup {} failed with error {}\n",
            Name(name),
            error.to_errno()
        );
    }
}

/// Looks for a directory.
fn look_up_directory(dir: &Dentry, name: &[u8]) -> Result<Option<ARef<Dentry>>> {
    match inject::read().and_then(|()| dir.lookup(name)) {
        Ok(found) => {
            trace::lookup(NOBODY, dir, Ok(&found));
            Ok(Some(found))
        }
        Err(error) if error == ENOENT => Ok(None),
        Err(error) => {
            report_lookup_error(dir, name, error);
            Err(error)
        }
    }
}

/// Makes a directory; false if there is something of that name.
fn make_directory(room: &Room<'_>, dir: &Dentry, name: &[u8]) -> Result<bool> {
    let access = room.mount.want_write()?;
    let creating = inject::read()
        .and_then(|()| Creating::start(&access, dir, name))
        .inspect_err(|error| report_lookup_error(dir, name, *error))?;
    trace::lookup(NOBODY, dir, Ok(creating.dentry()));
    if !creating.dentry().is_negative() {
        return Ok(false);
    }
    mkdir(room, dir, creating).inspect_err(|error| {
        if crate::ratelimit::may_speak() {
            pr_err!(
                "mkdir {} failed with error {}\n",
                Name(name),
                error.to_errno()
            );
        }
    })?;
    Ok(true)
}

/// Makes a directory of a name that is locked and does not exist.
fn mkdir<'a>(room: &Room<'_>, dir: &Dentry, creating: Creating<'a>) -> Result<Creating<'a>> {
    (room.check)()?;
    lsm::path_mkdir(room.mount, dir, creating.dentry(), DIR_MODE)?;
    let made = inject::write().and_then(|()| creating.mkdir(DIR_MODE));
    let creating = made.inspect_err(|error| {
        trace::vfs_error(NOBODY, dir.inode(), *error, ErrorAt::Mkdir);
    })?;
    if !creating.dentry().is_negative() {
        trace::mkdir(dir, creating.dentry());
    }
    Ok(creating)
}

/// Says that something is in use that should not be.
fn report_busy(name: &[u8], found: &Dentry) {
    if crate::ratelimit::may_speak() {
        pr_notice!(
            "cachefiles: Inode already in use: {} (B={:x})\n",
            Name(name),
            found.inode().map_or(0, |inode| inode.number())
        );
    }
}

/// Something whose removal failed.
fn note_unlink_error(cache: &Cache, object: u32, dir: &Dentry, error: Error) {
    trace::vfs_error(object, dir.inode(), error, ErrorAt::Unlink);
    cache.note_error(error, fmt!("Unlink failed"));
}

/// The number of a dentry's inode, or zero.
fn inode_number(dentry: &Dentry) -> u64 {
    dentry.inode().map_or(0, |inode| inode.number())
}

/// Removes the name of a file that is locked for it.
fn unlink(
    cache: &Cache,
    object: u32,
    dir: &Dentry,
    victim: &mut Removing<'_>,
    why: KillWhy,
) -> Result {
    trace::unlink(object, inode_number(victim.dentry()), why);
    lsm::path_unlink(cache.mount(), dir, victim.dentry())?;
    inject::remove()
        .and_then(|()| victim.unlink())
        .inspect_err(|error| note_unlink_error(cache, object, dir, *error))
}

/// Removes `victim`, which is in `dir`: a file at once, a directory by way of the graveyard.
///
/// # Errors
///
/// `ESTALE` if a file is not there any more, or there is no name for a directory's grave; `EBUSY` if
/// something is mounted on it; those of the security module and of the backing filesystem.
pub(crate) fn bury(
    cache: &Cache,
    object: u32,
    dir: &Dentry,
    victim: &Dentry,
    why: KillWhy,
) -> Result {
    let access = cache.mount().want_write()?;
    if !victim.is_dir() {
        let mut removing = Removing::start_dentry(&access, dir, victim).map_err(gone)?;
        return unlink(cache, object, dir, &mut removing, why);
    }
    bury_directory(cache, &access, object, dir, victim, why)
}

/// What failed to be locked was moved or removed by somebody else.
fn gone(error: Error) -> Error {
    if error == EINVAL || error == ENOENT {
        ESTALE
    } else {
        error
    }
}

/// Moves a directory to the graveyard, under a name of its own.
fn bury_directory(
    cache: &Cache,
    access: &WriteAccess<'_>,
    object: u32,
    dir: &Dentry,
    victim: &Dentry,
    why: KillWhy,
) -> Result {
    for _ in 0..ATTEMPTS {
        let name = key::grave_name(crate::time::real_seconds() as u32, cache.next_grave());
        let started = Renaming::start(access, dir, victim, cache.graveyard(), &name);
        let mut renaming = match started {
            Ok(renaming) => renaming,
            Err(error) => {
                if victim.is_unhashed() || !victim.is_child_of(dir) {
                    // Culled when nobody held the lock.
                    return Ok(());
                }
                trace::vfs_error(object, dir.inode(), error, ErrorAt::Rename);
                cache.note_error(error, fmt!("Lookup error"));
                return Err(error);
            }
        };
        if victim.is_mountpoint() || renaming.target().is_mountpoint() {
            if crate::ratelimit::may_speak() {
                pr_err!(
                    "Mountpoint in cache or graveyard (B={:x})\n",
                    inode_number(victim)
                );
            }
            return Err(EBUSY);
        }
        if !renaming.target().is_negative() {
            drop(renaming);
            crate::sched::cond_resched();
            continue;
        }
        lsm::path_rename(
            cache.mount(),
            dir,
            victim,
            cache.graveyard(),
            renaming.target(),
        )?;
        trace::rename(object, inode_number(victim), why);
        let renamed = inject::read().and_then(|()| renaming.rename());
        return renamed.inspect_err(|error| {
            trace::vfs_error(object, dir.inode(), *error, ErrorAt::Rename);
            cache.note_error(*error, fmt!("Rename failed"));
        });
    }
    Err(ESTALE)
}

/// Makes a file without a name, `size` bytes long as an object, in `dir`.
///
/// # Errors
///
/// Those of the backing filesystem; `EINVAL` if it cannot do I/O with vectors.
pub(crate) fn create_tmpfile(
    cache: &Cache,
    object: u32,
    dir: &Dentry,
    size: u64,
) -> Result<BackingFile> {
    let failed = |error: &Error| {
        trace::vfs_error(object, dir.inode(), *error, ErrorAt::Tmpfile);
        cache.note_error(*error, fmt!("Failed to create tmpfile [o={:08x}]", object));
    };
    let access = cache.mount().want_write().inspect_err(failed)?;
    let file = inject::write()
        .and_then(|()| file::open_tmpfile(&access, dir, FILE_MODE, cache.credentials()))
        .inspect_err(failed)?;
    drop(access);
    trace::tmpfile(object, file.inode());
    if !file.has_iter_ops() {
        pr_notice!("Cache does not support read_iter and write_iter\n");
        return Err(EINVAL);
    }
    // Nobody else can know this file.
    let file = InUse::mark(file, object).map_err(|_| EBUSY)?;

    let size = extent::file_size(size);
    if size > 0 {
        let inode = file.inode();
        trace::truncate(object, inode, 0, size, TruncWhy::ExpandTmpfile);
        let grown = inject::write().and_then(|()| file.truncate(size));
        grown.inspect_err(|error| {
            trace::vfs_error(object, Some(inode), *error, ErrorAt::Trunc);
        })?;
    }
    Ok(file)
}

/// What was found under an object's name.
pub(crate) enum Found {
    /// A file, now open and marked as in use.
    File(BackingFile),
    /// Nothing, or something that was removed because it is no file.
    Nothing,
}

/// Looks for the file of an object.
///
/// # Errors
///
/// `EBUSY` if something uses it already, and those of the backing filesystem.
pub(crate) fn find_file(cache: &Cache, object: u32, dir: &Dentry, name: &[u8]) -> Result<Found> {
    let found = inject::read().and_then(|()| dir.lookup(name));
    trace::lookup(
        object,
        dir,
        found
            .as_ref()
            .map(|dentry| &**dentry)
            .map_err(|error| *error),
    );
    let dentry = match found {
        Ok(dentry) => dentry,
        Err(error) if error == ENOENT => return Ok(Found::Nothing),
        Err(error) => {
            cache.note_error(error, fmt!("Lookup failed [o={:08x}]", object));
            return Err(error);
        }
    };
    if !dentry.is_regular() {
        if crate::ratelimit::may_speak() {
            pr_err!("{} is not a file\n", Name(name));
        }
        bury(cache, object, dir, &dentry, KillWhy::IsWeird)?;
        return Ok(Found::Nothing);
    }

    // Opened now and not on demand: write-back may come from a task that has no file system
    // context any more, in which some filesystems cannot open anything.
    let file = file::open(cache.mount(), &dentry, cache.credentials()).inspect_err(|error| {
        trace::vfs_error(object, dentry.inode(), *error, ErrorAt::Open);
        cache.note_error(*error, fmt!("Open failed [o={:08x}]", object));
        if crate::ratelimit::may_speak() {
            pr_err!(
                "Open {} failed with error {}\n",
                Name(name),
                error.to_errno()
            );
        }
    })?;
    if !file.has_iter_ops() {
        pr_notice!("Cache does not support read_iter and write_iter\n");
        return Err(EINVAL);
    }
    let file = match InUse::mark(file, object) {
        Ok(file) => file,
        Err((MarkError::Gone, _)) => return Ok(Found::Nothing),
        Err((MarkError::Busy, _)) => {
            report_busy(name, &dentry);
            return Err(EBUSY);
        }
    };
    // Whoever removes a file marks it meanwhile; so it was removed before, or will not be.
    if file.inode().is_unlinked() {
        return Ok(Found::Nothing);
    }
    Ok(Found::File(file))
}

/// Removes the file that `file` was opened from, or linked as `name`, if it still is in `dir`.
///
/// # Errors
///
/// As for [`bury`].
pub(crate) fn delete_file(
    cache: &Cache,
    object: u32,
    dir: &Dentry,
    name: &[u8],
    file: &BackingFile,
    why: KillWhy,
) -> Result {
    let access = cache.mount().want_write()?;
    // One that was found was opened by its name. One that was made without a name has another
    // dentry than its name, but the same inode.
    let started = match Removing::start_dentry(&access, dir, file.dentry()) {
        Err(error) if error == EINVAL => Removing::start(&access, dir, name),
        started => started,
    };
    let mut removing = started?;
    let same = removing
        .dentry()
        .inode()
        .is_some_and(|inode| core::ptr::eq(inode, file.inode()));
    if !same {
        return Err(ESTALE);
    }
    unlink(cache, object, dir, &mut removing, why)
}

/// Gives a file without a name the name of its object; removes what has it.
///
/// # Errors
///
/// Those of the backing filesystem.
pub(crate) fn commit_tmpfile(
    cache: &Cache,
    object: u32,
    dir: &Dentry,
    name: &[u8],
    file: &File,
) -> Result {
    let inode = file.inode();
    let access = cache.mount().want_write()?;
    for _ in 0..ATTEMPTS {
        let started = inject::read().and_then(|()| Creating::start(&access, dir, name));
        let mut creating = started.inspect_err(|error| {
            trace::vfs_error(object, dir.inode(), *error, ErrorAt::Lookup);
            cache.note_error(*error, fmt!("Lookup failed [o={:08x}]", object));
        })?;
        if !creating.dentry().is_negative() {
            if creating.dentry().is_dir() {
                let weird: ARef<Dentry> = creating.dentry().into();
                drop(creating);
                bury_directory(cache, &access, object, dir, &weird, KillWhy::IsWeird)?;
                continue;
            }
            trace::unlink(object, inode_number(creating.dentry()), KillWhy::IsStale);
            lsm::path_unlink(cache.mount(), dir, creating.dentry())?;
            inject::remove()
                .and_then(|()| creating.unlink())
                .inspect_err(|error| note_unlink_error(cache, object, dir, *error))?;
            // The name's dentry may have gone with the file: look again.
            continue;
        }
        let linked = inject::read().and_then(|()| creating.link(file.dentry()));
        return match linked {
            Ok(()) => {
                trace::link(object, inode);
                Ok(())
            }
            Err(error) => {
                trace::vfs_error(object, dir.inode(), error, ErrorAt::Link);
                cache.note_error(error, fmt!("Link failed [o={:08x}]", object));
                Err(error)
            }
        };
    }
    Err(EEXIST)
}

/// What the daemon is told when something that it asked about cannot be found, or used.
fn daemon_error(cache: &Cache, error: Error) -> Error {
    if error == ENOENT || error == ESTALE {
        // The filesystem gave it up meanwhile.
        ESTALE
    } else if error == ENOMEM {
        error
    } else if cache::is_fatal(error) {
        cache.note_error(error, fmt!("Cull failed"));
        pr_err!("Internal error: {}\n", error.to_errno());
        EIO
    } else {
        // Made undeletable by somebody, no room to move it, another subvolume: as good as in use.
        // Any other error would make the daemon exit.
        EBUSY
    }
}

/// Finds what the daemon asks about, in `dir`.
fn find_victim(cache: &Cache, dir: &Dentry, name: &[u8]) -> Result<ARef<Dentry>> {
    dir.lookup(name).map_err(|error| daemon_error(cache, error))
}

/// Is what has this name in use?
///
/// # Errors
///
/// `EBUSY` if it is, `ESTALE` if there is no such thing.
pub(crate) fn check_in_use(cache: &Cache, dir: &Dentry, name: &[u8]) -> Result {
    let victim = find_victim(cache, dir, name)?;
    let inode = victim.inode().ok_or(ESTALE)?;
    let guard = inode.lock();
    if guard.is_kernel_file() {
        Err(EBUSY)
    } else {
        Ok(())
    }
}

/// Removes what has this name, unless it is in use.
///
/// # Errors
///
/// As for [`check_in_use`].
pub(crate) fn cull(cache: &Cache, dir: &Dentry, name: &[u8]) -> Result {
    let victim = find_victim(cache, dir, name)?;
    // Marked so that no object takes it up again; unmarked whatever comes of it.
    let victim = match InUse::mark(victim, NOBODY) {
        Ok(victim) => victim,
        Err((MarkError::Busy, _)) => return Err(EBUSY),
        Err((MarkError::Gone, _)) => return Err(ESTALE),
    };
    bury(cache, NOBODY, dir, &victim, KillWhy::WasCulled)
        .map_err(|error| daemon_error(cache, error))?;
    fscache::count(Count::Culled);
    Ok(())
}
