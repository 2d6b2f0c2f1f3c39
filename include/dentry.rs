// SPDX-License-Identifier: GPL-2.0-only

//! Directory entries.
//!
//! An `ARef<Dentry>` owns a reference; giving it back may sleep. A positive dentry stays positive
//! for as long as somebody besides whoever unlinks it holds a reference, so an [`Inode`] may be
//! borrowed from it.

use crate::{
    bindings,
    inode::Inode, //
};
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque,
};

/// A `struct dentry`.
#[repr(transparent)]
pub(crate) struct Dentry(Opaque<bindings::dentry>);

// SAFETY: Dentries are made to be shared; what is offered here takes the locks it needs.
unsafe impl Send for Dentry {}
// SAFETY: As above.
unsafe impl Sync for Dentry {}

// SAFETY: Dentries are reference-counted by their `d_lockref`.
unsafe impl AlwaysRefCounted for Dentry {
    fn inc_ref(&self) {
        // SAFETY: The borrow shows that the count is not zero.
        unsafe { bindings::lockref_get(&raw mut (*self.as_raw()).d_lockref) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller owns a reference, which this gives back.
        unsafe { bindings::dput(obj.as_ptr().cast()) };
    }
}

/// A name for the C side: no hash, which the callee computes.
pub(crate) fn qstr(name: &[u8]) -> bindings::qstr {
    let len = u32::try_from(name.len()).unwrap_or(0);
    bindings::qstr {
        __bindgen_anon_1: bindings::qstr__bindgen_ty_1 {
            __bindgen_anon_1: bindings::qstr__bindgen_ty_1__bindgen_ty_1 { hash: 0, len },
        },
        name: name.as_ptr(),
    }
}

impl Dentry {
    /// Borrows a dentry.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid and counted for `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::dentry) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid, and the caller must own a reference, which it gives up.
    pub(crate) unsafe fn from_owned(ptr: NonNull<bindings::dentry>) -> ARef<Self> {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { ARef::from_raw(ptr.cast()) }
    }

    /// The C pointer.
    pub(crate) fn as_raw(&self) -> *mut bindings::dentry {
        self.0.get()
    }

    /// What the dentry's type bits say; they may change while nobody holds the parent's lock.
    fn entry_type(&self) -> u32 {
        // SAFETY: Valid by the borrow; a single volatile load.
        let flags = unsafe { (&raw const (*self.as_raw()).d_flags).read_volatile() };
        flags & bindings::dentry_flags_DCACHE_ENTRY_TYPE
    }

    /// Is nothing behind this name?
    pub(crate) fn is_negative(&self) -> bool {
        self.entry_type() == 0
    }

    /// Is it a directory of any kind?
    pub(crate) fn is_dir(&self) -> bool {
        self.can_lookup() || self.entry_type() == bindings::dentry_flags_DCACHE_AUTODIR_TYPE
    }

    /// Is it a directory in which names can be looked up?
    pub(crate) fn can_lookup(&self) -> bool {
        self.entry_type() == bindings::dentry_flags_DCACHE_DIRECTORY_TYPE
    }

    /// Is it a regular file?
    pub(crate) fn is_regular(&self) -> bool {
        self.entry_type() == bindings::dentry_flags_DCACHE_REGULAR_TYPE
    }

    /// Is something mounted on it, in any namespace?
    pub(crate) fn is_mountpoint(&self) -> bool {
        // SAFETY: As in `entry_type()`.
        let flags = unsafe { (&raw const (*self.as_raw()).d_flags).read_volatile() };
        flags & bindings::dentry_flags_DCACHE_MOUNTED != 0
    }

    /// Was its name removed?
    pub(crate) fn is_unhashed(&self) -> bool {
        // SAFETY: Valid by the borrow; a single volatile load.
        unsafe { (&raw const (*self.as_raw()).d_hash.pprev).read_volatile() }.is_null()
    }

    /// Is `parent` the directory that it is in?
    pub(crate) fn is_child_of(&self, parent: &Dentry) -> bool {
        // SAFETY: Valid by the borrow; a single volatile load, compared only.
        let now = unsafe { (&raw const (*self.as_raw()).d_parent).read_volatile() };
        now == parent.as_raw()
    }

    /// Is it `ancestor`, or somewhere below it? Both are on the same filesystem.
    pub(crate) fn is_below(&self, ancestor: &Dentry) -> bool {
        // SAFETY: Both are valid and pinned by the borrows.
        unsafe { bindings::is_subdir(self.as_raw(), ancestor.as_raw()) }
    }

    /// The inode, unless the dentry is negative.
    pub(crate) fn inode(&self) -> Option<&Inode> {
        // SAFETY: Valid by the borrow; a single volatile load.
        let inode = unsafe { (&raw const (*self.as_raw()).d_inode).read_volatile() };
        // SAFETY: A positive dentry pins its inode, and the borrow pins the dentry.
        (!inode.is_null()).then(|| unsafe { Inode::from_raw(inode) })
    }

    /// Looks up a name that exists. Sleeps; takes the directory's lock only if it must.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it does not exist, and the backing filesystem's.
    pub(crate) fn lookup(&self, name: &[u8]) -> Result<ARef<Dentry>> {
        let mut name = qstr(name);
        // SAFETY: The parent is valid, `name` outlives the call.
        let child = from_err_ptr(unsafe {
            bindings::lookup_one_positive_unlocked(
                &raw mut bindings::nop_mnt_idmap,
                &raw mut name,
                self.as_raw(),
            )
        })?;
        let child = NonNull::new(child).ok_or(ENOENT)?;
        // SAFETY: A successful lookup returns a reference.
        Ok(unsafe { Self::from_owned(child) })
    }
}
