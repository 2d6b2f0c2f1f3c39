// SPDX-License-Identifier: GPL-2.0-only

//! Files in /proc that list things, one record after the other.
//!
//! A listing is read in pieces: between two of them no lock is held. A [`Listing`] therefore finds
//! the next record from a place, and returns something that it owns.

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    fmt,
    prelude::*,
    str::CStrExt,
    types::Opaque, //
};

/// A file in /proc that is being read.
#[repr(transparent)]
pub(crate) struct SeqFile(Opaque<bindings::seq_file>);

impl SeqFile {
    /// Adopts the file that the kernel gave.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid, and nobody else use it, for all of `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::seq_file) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Writes formatted text.
    pub(crate) fn print(&self, arguments: fmt::Arguments<'_>) {
        // SAFETY: `%pA` is the kernel's format for these arguments.
        unsafe {
            bindings::seq_printf(
                self.0.get(),
                c"%pA".as_char_ptr(),
                core::ptr::from_ref(&arguments).cast::<c_void>(),
            )
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        // SAFETY: The slice is valid during the call.
        unsafe { bindings::seq_write(self.0.get(), bytes.as_ptr().cast(), bytes.len()) };
    }
}

/// Things to be listed.
pub(crate) trait Listing {
    /// A record, kept from going away while it is shown.
    type Record;

    /// What stands above the first record.
    const HEADER: &'static [u8];

    /// The first record at `place` or after it, and its place.
    fn find(place: u64) -> Option<(u64, Self::Record)>;

    /// Writes a record.
    fn show(out: &SeqFile, record: &Self::Record);

    /// Gives a record back. Sleeps.
    fn done(record: Self::Record) {
        drop(record);
    }

    /// Makes the record a pointer, which is not null.
    fn into_raw(record: Self::Record) -> *mut c_void;

    /// Makes a pointer the record again.
    ///
    /// # Safety
    ///
    /// The pointer must come from `into_raw`, and its record not be used twice.
    unsafe fn from_raw(raw: *mut c_void) -> Self::Record;
}

/// Stands for the header; no record is at this address.
const HEADER: *mut c_void = core::ptr::without_provenance_mut(1);

/// The kernel's interface to a [`Listing`].
struct Callbacks<T>(PhantomData<T>);

impl<T: Listing> Callbacks<T> {
    const OPS: bindings::seq_operations = bindings::seq_operations {
        start: Some(Self::start),
        stop: Some(Self::stop),
        next: Some(Self::next),
        show: Some(Self::show),
    };

    /// Finds a record at `*pos`, which is a place plus one, or after it.
    fn at(pos: &mut i64) -> *mut c_void {
        let place = pos.saturating_sub(1).unsigned_abs();
        match T::find(place) {
            Some((place, record)) => {
                *pos = i64::try_from(place)
                    .unwrap_or(i64::MAX - 1)
                    .saturating_add(1);
                T::into_raw(record)
            }
            None => {
                *pos = pos.saturating_add(1);
                core::ptr::null_mut()
            }
        }
    }

    /// Gives back what [`Self::at`] returned.
    ///
    /// # Safety
    ///
    /// `record` must come from `at()`, or be null or the header, and be given back once.
    unsafe fn give_back(record: *mut c_void) {
        if !record.is_null() && record != HEADER {
            // SAFETY: By the function's contract.
            T::done(unsafe { T::from_raw(record) });
        }
    }

    /// # Safety
    ///
    /// Called by the kernel, as are the three below.
    unsafe extern "C" fn start(_file: *mut bindings::seq_file, pos: *mut i64) -> *mut c_void {
        // SAFETY: The kernel gives a valid position.
        let pos = unsafe { &mut *pos };
        if *pos == 0 {
            return HEADER;
        }
        Self::at(pos)
    }

    /// # Safety
    ///
    /// As for `start()`.
    unsafe extern "C" fn next(
        _file: *mut bindings::seq_file,
        record: *mut c_void,
        pos: *mut i64,
    ) -> *mut c_void {
        // SAFETY: The kernel gives what `start()` or `next()` returned, once.
        unsafe { Self::give_back(record) };
        // SAFETY: The kernel gives a valid position.
        let pos = unsafe { &mut *pos };
        *pos = pos.saturating_add(1);
        Self::at(pos)
    }

    /// # Safety
    ///
    /// As for `start()`.
    unsafe extern "C" fn stop(_file: *mut bindings::seq_file, record: *mut c_void) {
        // SAFETY: As in `next()`.
        unsafe { Self::give_back(record) };
    }

    /// # Safety
    ///
    /// As for `start()`.
    unsafe extern "C" fn show(file: *mut bindings::seq_file, record: *mut c_void) -> c_int {
        // SAFETY: The kernel gives a valid file.
        let out = unsafe { SeqFile::from_raw(file) };
        if record == HEADER {
            out.bytes(T::HEADER);
            return 0;
        }
        // SAFETY: The kernel gives what `start()` or `next()` returned, before it is given back;
        // it is not dropped here.
        let record = core::mem::ManuallyDrop::new(unsafe { T::from_raw(record) });
        T::show(out, &record);
        0
    }
}

/// A file in /proc that is removed when this is dropped.
pub(crate) struct ProcEntry(&'static CStr);

impl ProcEntry {
    /// Makes a file, readable for everybody, that lists `T`. The path is below /proc. Sleeps.
    pub(crate) fn listing<T: Listing>(path: &'static CStr) -> Result<Self> {
        // SAFETY: The path and the operations live for ever.
        let entry = unsafe {
            bindings::proc_create_seq_private(
                path.as_char_ptr(),
                0o444,
                core::ptr::null_mut(),
                &Callbacks::<T>::OPS,
                0,
                core::ptr::null_mut(),
            )
        };
        if entry.is_null() {
            return Err(ENOMEM);
        }
        Ok(Self(path))
    }

    /// Makes a symbolic link. The path is below /proc. Sleeps.
    pub(crate) fn symlink(path: &'static CStr, to: &'static CStr) -> Result<Self> {
        // SAFETY: Both live for ever.
        let entry = unsafe {
            bindings::proc_symlink(path.as_char_ptr(), core::ptr::null_mut(), to.as_char_ptr())
        };
        if entry.is_null() {
            return Err(ENOMEM);
        }
        Ok(Self(path))
    }
}

impl Drop for ProcEntry {
    fn drop(&mut self) {
        // SAFETY: The entry exists. Waits until nobody reads it.
        unsafe { bindings::remove_proc_entry(self.0.as_char_ptr(), core::ptr::null_mut()) };
    }
}
