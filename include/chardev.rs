// SPDX-License-Identifier: GPL-2.0-only

//! A miscellaneous character device that is read, written and polled as a stream of messages.
//!
//! The kernel crate's `MiscDevice` has neither `poll` nor plain `read` and `write`. This is the
//! same for devices that need them, and no more.

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    fs::File,
    prelude::*,
    sync::{
        poll::PollTable,
        Arc,
        ArcBorrow, //
    },
    types::ForeignOwnable,
    types::Opaque,
    uaccess::{
        UserPtr,
        UserSlice,
        UserSliceReader,
        UserSliceWriter, //
    },
    ThisModule,
};

/// What a device does. All of it is called in process context and may sleep.
pub(crate) trait Device: Send + Sync + Sized + 'static {
    /// What the device needs from its module to be opened.
    type Context: Send + Sync + 'static;

    /// Makes what stands behind a newly opened file.
    fn open(context: &Self::Context) -> Result<Arc<Self>>;

    /// Puts a message into `buffer` and returns its length.
    fn read(this: ArcBorrow<'_, Self>, buffer: UserSliceWriter) -> Result<usize>;

    /// Takes a message of `len` bytes from `buffer`.
    fn write(this: ArcBorrow<'_, Self>, buffer: UserSliceReader, len: usize) -> Result;

    /// Registers for changes, and says what is ready now (`EPOLL*` bits).
    fn poll(this: ArcBorrow<'_, Self>, file: &File, table: PollTable<'_>) -> u32;

    /// The last user of the file is gone.
    fn release(this: Arc<Self>);
}

/// A registered device. Dropping it takes the device away.
///
/// # Invariants
///
/// `misc` is registered and points to `fops`.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(crate) struct Registration<D: Device> {
    /// First, so that the pointer that the misc layer gives us is one to the whole.
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    #[pin]
    fops: Opaque<bindings::file_operations>,
    context: D::Context,
}

// SAFETY: A registered device is used through its file operations only.
unsafe impl<D: Device> Send for Registration<D> {}
// SAFETY: As above.
unsafe impl<D: Device> Sync for Registration<D> {}

impl<D: Device> Registration<D> {
    /// Registers a device under `/dev/name`, which pins `module` while it is open. Sleeps.
    pub(crate) fn new(
        name: &'static CStr,
        module: &'static ThisModule,
        context: D::Context,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            context,
            fops <- Opaque::try_ffi_init(|slot: *mut bindings::file_operations| {
                // SAFETY: The slot is valid for writes.
                unsafe { slot.write(Vtable::<D>::operations(module)) };
                Ok::<_, Error>(())
            }),
            misc <- Opaque::try_ffi_init(|slot: *mut bindings::miscdevice| {
                let fops = core::mem::offset_of!(Self, fops);
                // SAFETY: The slot is the first field of the whole, so that many bytes behind it
                // is the field that was just initialised; it is pinned, as the whole is.
                let fops = unsafe { slot.byte_add(fops) }.cast::<bindings::file_operations>();
                let misc = bindings::miscdevice {
                    minor: bindings::MISC_DYNAMIC_MINOR as c_int,
                    name: name.as_char_ptr(),
                    fops,
                    ..Default::default()
                };
                // SAFETY: The slot is valid for writes.
                unsafe { slot.write(misc) };
                // SAFETY: Initialised, and pinned until it is deregistered.
                kernel::error::to_result(unsafe { bindings::misc_register(slot) })
            }),
        }? Error)
    }
}

#[pinned_drop]
impl<D: Device> PinnedDrop for Registration<D> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered, by the invariant.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

/// The device's functions as C calls them.
struct Vtable<D>(PhantomData<D>);

impl<D: Device> Vtable<D> {
    fn operations(module: &'static ThisModule) -> bindings::file_operations {
        bindings::file_operations {
            owner: module.as_ptr(),
            open: Some(Self::open),
            release: Some(Self::release),
            read: Some(Self::read),
            write: Some(Self::write),
            poll: Some(Self::poll),
            llseek: Some(bindings::noop_llseek),
            ..Default::default()
        }
    }

    /// # Safety
    ///
    /// `file` must be open on this device.
    unsafe fn device<'a>(file: *mut bindings::file) -> ArcBorrow<'a, D> {
        // SAFETY: `open()` put an `Arc` there, which stays until `release()`.
        unsafe { <Arc<D> as ForeignOwnable>::borrow((*file).private_data) }
    }

    /// # Safety
    ///
    /// Called by `misc_open()`.
    unsafe extern "C" fn open(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `misc_open()` leaves the device there, which is the first field of a
        // registration that cannot go while it is being opened.
        let registration = unsafe { &*(*file).private_data.cast::<Registration<D>>() };
        match D::open(&registration.context) {
            Ok(device) => {
                // SAFETY: A file that is being opened is ours to set up.
                unsafe { (*file).private_data = device.into_foreign() };
                0
            }
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called once, by the VFS, for a file that `open()` succeeded for.
    unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: Comes from `into_foreign()` in `open()`, and nobody uses the file any more.
        D::release(unsafe { <Arc<D> as ForeignOwnable>::from_foreign((*file).private_data) });
        0
    }

    /// # Safety
    ///
    /// Called by the VFS for an open file.
    unsafe extern "C" fn read(
        file: *mut bindings::file,
        buffer: *mut c_char,
        len: usize,
        _pos: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The file is open.
        let device = unsafe { Self::device(file) };
        let writer = UserSlice::new(UserPtr::from_ptr(buffer.cast()), len).writer();
        match D::read(device, writer) {
            Ok(len) => isize::try_from(len).unwrap_or(isize::MAX),
            Err(error) => error.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// Called by the VFS for an open file.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        buffer: *const c_char,
        len: usize,
        _pos: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The file is open.
        let device = unsafe { Self::device(file) };
        let reader = UserSlice::new(UserPtr::from_ptr(buffer.cast_mut().cast()), len).reader();
        match D::write(device, reader, len) {
            Ok(()) => isize::try_from(len).unwrap_or(isize::MAX),
            Err(error) => error.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// Called by the VFS for an open file.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: The file is open.
        let device = unsafe { Self::device(file) };
        // SAFETY: The VFS passes null or a valid table.
        let table = unsafe { PollTable::from_raw(table) };
        // SAFETY: The file is open, and polling uses no position.
        D::poll(device, unsafe { File::from_raw_file(file) }, table)
    }
}
