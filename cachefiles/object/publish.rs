// SPDX-License-Identifier: GPL-2.0-only

//! What of an object stays on the disk.
//!
//! # What must never be published
//!
//! A file is committed, or left in place, under the coherency data that the cookie has *then*. So
//! it must hold data of that generation and nothing else, or be removed:
//!
//! - the object remembers the generation (count of invalidations) that its file belongs to, and
//!   [`Object::finish`] compares it with the cookie's, read together with the coherency data, and
//!   looks whether the cookie is to be emptied;
//! - an invalidation that fails leaves [`Backing::Invalid`], from which there is no way to commit;
//! - a write that failed, or was cut short, makes the object *suspect*: nothing is read from it or
//!   stored in it until the range has been made absent ([`Object::mend`]), and if that cannot be,
//!   it is removed in the end;
//! - a file that is used for long gets its name meanwhile ([`Object::publish_in_use`]), by the same
//!   rules, and is brought into its final state in the end like any other;
//! - what is changed locally carries a mark that is on the disk before the first change is
//!   ([`Object::mark_for_changes`]).

use super::{
    Backing,
    BackingFile,
    Object, //
};
use crate::{
    attr,
    coherency::Content,
    dentry::Dentry,
    file::FileExt,
    fscache::{
        CookieFlag,
        Snapshot, //
    },
    store,
    trace::{
        KillWhy,
        RefWhy, //
    },
};
use core::mem::replace;
use kernel::{
    fs::File,
    prelude::*,
    sync::atomic::ordering, //
};

/// Why a file cannot be an object's any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfit {
    /// The cookie was retired.
    Retired,
    /// It holds data of another generation, or of none.
    Stale,
}

impl Object {
    /// Gives a file without a name its name, if it has been without for long enough. Sleeps.
    ///
    /// Called again and again. The file stays in use; what is stored later is stored in it.
    pub(crate) fn publish_in_use(&self) {
        // Before the lock: to open it, memory may have to be waited for.
        let Ok(dir) = self.directory() else {
            return;
        };
        let _change = self.lock_change();
        let file = match &*self.backing.lock() {
            Backing::Tmpfile(file) => (**file).clone(),
            Backing::Linked(_) | Backing::None | Backing::Invalid => return,
        };
        // What is closed soon is named then, at less cost.
        if !self.waits_for_name.xchg(true, ordering::Relaxed) {
            return;
        }
        let snapshot = self.cookie.snapshot();
        // What is changed locally would be marked as such, and is no use after a crash.
        if self.unfit(&snapshot).is_some() || self.cookie.has(CookieFlag::LocalWrite) {
            return;
        }
        let published = self
            .cache()
            .with_creds(|| self.publish(dir, &file, &snapshot));
        if published.is_err() {
            // Tried again the next time.
            return;
        }
        let mut backing = self.backing.lock();
        *backing = match replace(&mut *backing, Backing::None) {
            Backing::Tmpfile(file) => Backing::Linked(file),
            // Changed under `change` only.
            other => other,
        };
        drop(backing);
        self.cache().count_unnamed(-1);
    }

    /// Why the file may not be published under what the cookie says, if so.
    fn unfit(&self, snapshot: &Snapshot) -> Option<Unfit> {
        if self.cookie.has(CookieFlag::Retired) {
            Some(Unfit::Retired)
        } else if self.integrity.is_suspect()
            || self.cookie.has(CookieFlag::DoInvalidate)
            || self.generation.load(ordering::Relaxed) != snapshot.generation
        {
            Some(Unfit::Stale)
        } else {
            None
        }
    }

    /// Brings the object's file into its final state, and lets go of it. Sleeps.
    pub(super) fn finish(&self, see: impl Fn(RefWhy)) {
        // Without a file there is nothing to be done, and the directory may not be there either: to
        // be told so was the end of the lookup.
        if self.backing.lock().file().is_none() {
            return;
        }
        let Ok(dir) = self.directory() else {
            return;
        };
        self.mend();
        let snapshot = self.cookie.snapshot();
        let unfit = self.unfit(&snapshot);
        match (self.take_away(), unfit) {
            (Backing::None | Backing::Invalid, _) => {}

            (Backing::Tmpfile(file), Some(_)) => {
                see(RefWhy::SeeCleanDropTmp);
                drop(file);
            }
            (Backing::Tmpfile(file), None) => {
                see(RefWhy::SeeCleanCommit);
                self.cookie.clear(CookieFlag::LocalWrite);
                self.cookie.clear(CookieFlag::NeedsUpdate);
                match self.publish(dir, &file, &snapshot) {
                    Ok(()) => self.let_go(file),
                    Err(_) => drop(file),
                }
            }

            (Backing::Linked(file), Some(unfit)) => {
                see(RefWhy::SeeCleanDelete);
                let why = match unfit {
                    Unfit::Retired => KillWhy::WasRetired,
                    Unfit::Stale => KillWhy::IsStale,
                };
                self.unpublish(dir, &file, why);
                self.let_go(file);
            }
            (Backing::Linked(file), None) => {
                see(RefWhy::SeeCleanCommit);
                let written = self.cookie.clear(CookieFlag::LocalWrite);
                let updated = self.cookie.clear(CookieFlag::NeedsUpdate);
                // Filesystems give coherency data whenever a file is closed; mostly it says what
                // the file says already, and then nothing is written that could fail.
                let is_news = || !self.is_coherent(&file, &snapshot).unwrap_or(false);
                if (written || (updated && is_news()))
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

    /// Gives a file without a name the object's, under what the cookie says. Sleeps.
    fn publish(&self, dir: &Dentry, file: &File, snapshot: &Snapshot) -> Result {
        // Only a file that says what it is gets a name.
        self.store_coherency(file, snapshot, Content::NoData)?;
        store::commit_tmpfile(self.cache(), self.debug_id, dir, &self.name, file)
    }

    /// Removes a named file; if that fails, at least what makes it look coherent.
    pub(super) fn unpublish(&self, dir: &Dentry, file: &BackingFile, why: KillWhy) {
        match self.delete(dir, file, why) {
            Ok(()) => {}
            // Somebody else removed it, or put another in its place.
            Err(error) if error == ENOENT || error == ESTALE => {}
            Err(_) => {
                if let Err(error) = attr::remove(self.cache(), self.debug_id, file.dentry()) {
                    if crate::ratelimit::may_speak() {
                        pr_err!(
                            "A stale object can neither be removed nor marked: error {}, {} [o={:08x}]\n",
                            error.to_errno(),
                            store::Name(&self.name),
                            self.debug_id
                        );
                    }
                }
            }
        }
    }
}
