// SPDX-License-Identifier: GPL-2.0-only

//! Under which credentials the cache is accessed.
//!
//! The kernel accesses the cache as a service of its own, under the security context that the
//! daemon named, if it did; what it makes there gets a context that follows from that of the
//! cache's root directory.

use crate::{
    cred::{
        with_creds,
        NewCredential, //
    },
    dentry::Dentry,
    lsm,
    path::Path, //
};
use kernel::{
    cred::Credential,
    prelude::*,
    sync::aref::ARef, //
};

/// Credentials to look the cache's root directory up with. Sleeps.
pub(crate) fn service_credentials(secid: Option<u32>) -> Result<ARef<Credential>> {
    let mut cred = NewCredential::for_kernel_service()?;
    if let Some(secid) = secid {
        cred.set_security_override(secid).inspect_err(|error| {
            pr_err!(
                "Security denies permission to nominate security context: error {}\n",
                error.to_errno()
            );
        })?;
    }
    Ok(cred.commit())
}

/// Credentials to use the cache under `root` with: those of `service`, but files are made with a
/// context that follows from that of `root`. Sleeps.
pub(crate) fn cache_credentials(service: &Credential, root: &Path) -> Result<ARef<Credential>> {
    let mut cred = with_creds(service, NewCredential::copy_of_current)?;
    // Not under the override: whether the daemon may ask for this is what is checked.
    cred.create_files_as(root.dentry().inode().ok_or(ENOENT)?)?;
    let cred = cred.commit();

    match with_creds(&cred, || check_root(root.dentry())) {
        // No security module cares.
        Err(error) if error == EOPNOTSUPP => Ok(cred),
        Err(error) => Err(error),
        Ok(()) => Ok(cred),
    }
}

/// May directories and files be made in the cache's root directory?
fn check_root(root: &Dentry) -> Result {
    let inode = root.inode().ok_or(ENOENT)?;
    lsm::inode_mkdir(inode, root).inspect_err(|error| {
        pr_err!(
            "Security denies permission to make dirs: error {}\n",
            error.to_errno()
        );
    })?;
    lsm::inode_create(inode, root).inspect_err(|error| {
        pr_err!(
            "Security denies permission to create files: error {}\n",
            error.to_errno()
        );
    })
}
