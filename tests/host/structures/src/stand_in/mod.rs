// SPDX-License-Identifier: GPL-2.0-only

//! What the module's files need of the kernel crate, made of the standard library.

pub(crate) mod alloc;
pub(crate) mod atomic;
pub(crate) mod bindings;
pub(crate) mod context;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod prelude;
#[path = "../../../fscache/src/stand_in/stats.rs"]
pub(crate) mod stats;
#[path = "../../../fscache/src/stand_in/trace.rs"]
pub(crate) mod trace;
pub(crate) mod wait;
pub(crate) mod workqueue;

use crate::{cache, cookie, lru, volume};
use std::cell::Cell;

/// All that the module owns.
pub(crate) struct Fscache {
    pub(crate) queue: workqueue::OwnedQueue,
    pub(crate) volume_queue: workqueue::OwnedQueue,
    pub(crate) cookies: cookie::Cookies,
    pub(crate) volumes: volume::Volumes,
    pub(crate) caches: cache::Caches,
    pub(crate) lru: lru::Lru,
}

impl Fscache {
    /// Nothing yet.
    pub(crate) fn new() -> prelude::Result<Self> {
        use prelude::PinInit;
        Ok(Self {
            queue: workqueue::OwnedQueue::new(c"fscache")?,
            volume_queue: workqueue::OwnedQueue::new(c"fscache_volume")?,
            cookies: cookie::Cookies::new()?,
            volumes: volume::Volumes::new()?,
            caches: cache::Caches::new().make(),
            lru: lru::Lru::new().make(),
        })
    }
}

thread_local! {
    // Each test has its own.
    static FSCACHE: Cell<*const Fscache> = const { Cell::new(std::ptr::null()) };
}

/// All that the module owns.
pub(crate) fn fscache() -> &'static Fscache {
    // SAFETY: Set, and not freed, while a test runs.
    unsafe { &*FSCACHE.get() }
}

/// Sets what [`fscache`] returns.
pub(crate) fn set_fscache(fscache: *const Fscache) {
    FSCACHE.set(fscache);
}

thread_local! {
    /// What the module complained of.
    static COMPLAINTS: Cell<usize> = const { Cell::new(0) };
}

/// The module complains of what must not happen.
pub(crate) fn complain(message: std::fmt::Arguments<'_>) {
    println!("complaint: {message}");
    COMPLAINTS.set(COMPLAINTS.get() + 1);
}

/// How often the module complained since it was last asked.
pub(crate) fn complaints() -> usize {
    COMPLAINTS.replace(0)
}

macro_rules! pr_warn {
    ($format:literal $(, $value:expr)* $(,)?) => {{ $( let _ = &$value; )* }};
}
macro_rules! pr_err_once {
    ($($message:tt)*) => { $crate::stand_in::complain(format_args!($($message)*)) };
}
macro_rules! warn_on {
    ($what:expr) => {
        if $what {
            $crate::stand_in::complain(format_args!("a warning"))
        }
    };
}
macro_rules! new_spinlock {
    ($what:expr, $name:expr) => {
        $crate::stand_in::lock::SpinLock::new($what)
    };
}
macro_rules! new_mutex {
    ($what:expr, $name:expr) => {
        $crate::stand_in::lock::Mutex::new($what)
    };
}
macro_rules! pin_init {
    // `field <- initialiser` and `field: value`.
    (Self { $($field:ident $is:tt $value:expr),* $(,)? }) => { Self { $($field: $value),* } };
}
macro_rules! container_of {
    ($field_ptr:expr, $type:ty, $field:ident) => {
        $field_ptr
            .byte_sub(core::mem::offset_of!($type, $field))
            .cast::<$type>()
    };
}
macro_rules! static_lock_class {
    () => {
        $crate::stand_in::lock::LockClass
    };
}
pub(crate) use {
    container_of, new_mutex, new_spinlock, pin_init, pr_err_once, pr_err_once as pr_warn_once,
    pr_warn, static_lock_class, warn_on,
};

/// Makes an array.
pub(crate) fn pin_init_array_from_fn<T, const N: usize>(make: impl FnMut(usize) -> T) -> [T; N] {
    std::array::from_fn(make)
}

pub(crate) mod error {
    use super::prelude::*;

    pub(crate) fn to_result(error: c_int) -> Result {
        match error {
            0 => Ok(()),
            -28 => Err(ENOSPC),
            other => panic!("an unknown error {other}"),
        }
    }
}

pub(crate) mod str {
    pub(crate) use super::alloc::CString;
}

pub(crate) mod types {
    pub(crate) use super::bindings::Opaque;

    /// A guard that is not sent.
    pub(crate) struct NotThreadSafe;
}

pub(crate) mod task {
    pub(crate) use super::context::might_sleep;
}

pub(crate) mod sync {
    pub(crate) use super::{lock::Mutex, new_mutex};

    pub(crate) mod atomic {
        pub(crate) use super::super::atomic::ordering;
    }

    pub(crate) mod lock {
        pub(crate) use super::super::lock::Backend;

        pub(crate) mod spinlock {
            pub(crate) use super::super::super::lock::SpinLockBackend;
        }
    }
}

pub(crate) mod slab {
    use super::{memory, prelude::*};
    use std::{alloc::Layout, marker::PhantomData, ptr::NonNull};

    pub(crate) struct SlabCache<T>(PhantomData<T>);

    impl<T> SlabCache<T> {
        pub(crate) fn new(_: &'static CStr) -> Result<Self> {
            Ok(Self(PhantomData))
        }

        pub(crate) fn alloc_zeroed(&self) -> Option<NonNull<T>> {
            memory::alloc(Layout::new::<T>()).map(NonNull::cast)
        }

        /// # Safety
        ///
        /// `object` must come from `alloc_zeroed()`.
        pub(crate) unsafe fn free(&self, object: NonNull<T>) {
            memory::free(object.cast(), Some(Layout::new::<T>()));
        }
    }
}

pub(crate) mod timer {
    use super::{bindings, wait::Jiffies};

    /// Never expires.
    pub(crate) struct Timer;

    impl Timer {
        pub(crate) fn new(_: unsafe extern "C" fn(*mut bindings::timer_list)) -> Self {
            Self
        }
        pub(crate) fn reduce(&self, _: Jiffies) {}
        pub(crate) fn expires(&self) -> Option<Jiffies> {
            None
        }
        pub(crate) fn shutdown(&self) {}
    }
}

pub(crate) mod counted_ops {
    use crate::resources::Resources;

    /// Counts nothing.
    #[repr(C)]
    pub(crate) struct CountedOps;

    impl CountedOps {
        pub(crate) fn put_before(&self, _: &Resources) {}
        pub(crate) fn forget(&self) {}
    }
}

pub(crate) mod spinlock {
    pub(crate) use super::lock::{SpinLock, SpinLockBackend};
    pub(crate) use super::new_spinlock;
}
