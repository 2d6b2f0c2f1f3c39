// SPDX-License-Identifier: GPL-2.0-only

//! Whether a filesystem can hold a cache, and if not, why.

use crate::{
    attr, file,
    inode::{
        DirectoryAbility,
        Inode, //
    },
    limits::BlockSize,
    path::{
        Path,
        Statistics, //
    },
    store::FILE_MODE,
};
use kernel::{
    cred::Credential,
    prelude::*, //
};

/// Bytes in a page: the largest block that direct I/O from pages can do.
const PAGE_SIZE: u64 = kernel::page::PAGE_SIZE as u64;

/// Why a cache cannot be brought online.
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// In words, where the error alone does not tell; begins with `: `.
    pub(crate) why: &'static str,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, why: "" }
    }
}

/// Whether a directory on a mount can hold a cache.
pub(crate) fn check_backing(root: &Path) -> Result<(), Refusal> {
    let mount = root.mount();
    if mount.is_idmapped() {
        pr_warn!("File cache on idmapped mounts not supported\n");
        return Err(EINVAL.into());
    }
    let inode = root.dentry().inode();
    let able = inode.is_some_and(|inode| inode.can(DirectoryAbility::Root));
    let (error, why) = if !able {
        (
            EOPNOTSUPP,
            ": the filesystem lacks unnamed files, extended attributes or directories",
        )
    } else if inode.is_some_and(Inode::takes_names_for_the_same) {
        (
            EOPNOTSUPP,
            ": the filesystem does not tell upper case from lower case there (chattr +F)",
        )
    } else if !mount.can_report_and_sync() {
        (
            EOPNOTSUPP,
            ": the filesystem cannot tell its size, or is not kept on a disk",
        )
    } else if mount.superblock_block_size() > PAGE_SIZE {
        (
            EOPNOTSUPP,
            ": the filesystem's blocks are larger than a page",
        )
    } else if mount.is_readonly() {
        (EROFS, ": the filesystem is read-only")
    } else {
        return Ok(());
    };
    Err(Refusal { error, why })
}

/// Whether files can say of what they are. That a folder has attributes says nothing: those of
/// users may be switched off (F2FS with `nouser_xattr`). Sleeps.
pub(crate) fn check_attributes(root: &Path) -> Result<(), Refusal> {
    if attr::are_possible(root.dentry()) {
        return Ok(());
    }
    Err(Refusal {
        error: EOPNOTSUPP,
        why: ": the filesystem has no user attributes (user_xattr), or not as it is mounted",
    })
}

/// Whether files can be made and opened there as objects need it: without a name, and for direct
/// I/O. Asked by making one, unless `cache` is there already: what is to be written waits while the
/// filesystem is frozen. Sleeps.
///
/// A filesystem without would take the cache, and never hold anything. That a folder of it has the
/// operation says nothing: FUSE always has, and its servers seldom.
pub(crate) fn check_unnamed_file(
    root: &Path,
    cache: &[u8],
    cred: &Credential,
) -> Result<(), Refusal> {
    if root.dentry().lookup(cache).is_ok() {
        return Ok(());
    }
    let access = root.mount().want_write()?;
    let why = match file::open_tmpfile(&access, root.dentry(), FILE_MODE, cred) {
        Err(error) if error == EINVAL => ": the filesystem has no direct I/O",
        Err(error) if error == EOPNOTSUPP => ": the filesystem has no unnamed files",
        // What else is wrong may pass, as want of space does; who meets it tells.
        Ok(_) | Err(_) => return Ok(()),
    };
    Err(Refusal {
        error: EOPNOTSUPP,
        why,
    })
}

/// The block size that a filesystem reports.
pub(crate) fn check_block_size(stats: &Statistics) -> Result<BlockSize, Refusal> {
    match u64::try_from(stats.block_size) {
        Err(_) | Ok(0) => Err(Refusal {
            error: ERANGE,
            why: ": the filesystem has no block size",
        }),
        Ok(bytes) => BlockSize::new(bytes, PAGE_SIZE).ok_or(Refusal {
            error: EOPNOTSUPP,
            why: ": the filesystem's blocks are larger than a page, or of an odd size",
        }),
    }
}
