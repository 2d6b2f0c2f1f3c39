// SPDX-License-Identifier: GPL-2.0-only

//! What the module's files need around them, made of `loom`'s types: the parts of the kernel
//! crate that they use, the layouts, and a backend that complains of whatever must not happen.
//!
//! Counting, flags, locks, the queue with its coalescing and references, and waiting behave as in
//! the kernel. Left out is what no interleaving depends upon: statistics, traces, messages, time.
//! A message that the module prints once, and a warning, are failures here.

pub(crate) mod atomic;
pub(crate) mod fault;
pub(crate) mod layout;
pub(crate) mod state;
pub(crate) mod stats;
pub(crate) mod table;
pub(crate) mod timer;
pub(crate) mod trace;
pub(crate) mod volumes;
pub(crate) mod wait;
pub(crate) mod words;
pub(crate) mod workqueue;

use crate::{cache, cookie, lru, volume};
use layout::{Cookie, Volume};
use loom::sync::{Mutex, MutexGuard};
use std::cell::Cell;

/// All that the module owns.
pub(crate) struct Fscache {
    pub(crate) queue: workqueue::OwnedQueue<Cookie>,
    pub(crate) volume_queue: workqueue::OwnedQueue<Volume>,
    pub(crate) cookies: cookie::Cookies,
    pub(crate) volumes: volume::Volumes,
    pub(crate) caches: cache::Caches,
    pub(crate) lru: lru::Lru,
    /// Those who wait for a variable; the second is for a wrong one.
    pub(crate) waiting: [wait::WaitQueue; 2],
}

impl Fscache {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        use prelude::PinInit;
        Self {
            queue: workqueue::OwnedQueue::new(),
            volume_queue: workqueue::OwnedQueue::new(),
            cookies: cookie::Cookies::new().unwrap(),
            volumes: volume::Volumes::new().unwrap(),
            caches: cache::Caches::new().make(),
            lru: lru::Lru::new().make(),
            waiting: [wait::WaitQueue::new(), wait::WaitQueue::new()],
        }
    }
}

thread_local! {
    // The threads of a model are no threads of the machine, so they share this.
    static FSCACHE: Cell<*const Fscache> = const { Cell::new(std::ptr::null()) };
}

/// All that the module owns.
pub(crate) fn fscache() -> &'static Fscache {
    // SAFETY: Set, and not freed, while a model runs.
    unsafe { &*FSCACHE.get() }
}

/// Sets what [`fscache`] returns, at the beginning of a model.
pub(crate) fn set_fscache(fscache: &Fscache) {
    FSCACHE.set(fscache);
    MISTAKEN.set(false);
    wait::begin();
    timer::WATCHED.set(false);
}

thread_local! {
    /// Does the model make a mistake that the module complains of?
    pub(crate) static MISTAKEN: Cell<bool> = const { Cell::new(false) };
}

/// What the module says once, nobody may hear here, unless the model makes mistakes.
pub(crate) fn complain(message: std::fmt::Arguments<'_>) {
    assert!(MISTAKEN.get(), "{message}");
}

macro_rules! pr_warn {
    ($format:literal $(, $value:expr)* $(,)?) => {{ $( let _ = &$value; )* }};
}
macro_rules! pr_err_once {
    ($($message:tt)*) => { $crate::stand_in::complain(format_args!($($message)*)) };
}
macro_rules! warn_on {
    ($what:expr) => {
        assert!(!$what || $crate::stand_in::MISTAKEN.get(), "a warning")
    };
}
macro_rules! new_spinlock {
    ($what:expr, $name:expr) => {
        $crate::stand_in::SpinLock::new($what)
    };
}
macro_rules! pin_init {
    // `field <- initialiser` and `field: value`.
    (Self { $($field:ident $is:tt $value:expr),* $(,)? }) => { Self { $($field: $value),* } };
}
macro_rules! new_mutex {
    ($what:expr, $name:expr) => {
        $crate::stand_in::SpinLock::new($what)
    };
}
/// Makes an array.
pub(crate) fn pin_init_array_from_fn<T, const N: usize>(make: impl FnMut(usize) -> T) -> [T; N] {
    std::array::from_fn(make)
}

pub(crate) use {
    new_mutex, new_spinlock, pin_init, pr_err_once, pr_err_once as pr_warn_once, pr_warn, warn_on,
};

/// A spinlock around what it guards.
pub(crate) struct SpinLock<T>(Mutex<T>);

impl<T> SpinLock<T> {
    pub(crate) fn new(what: T) -> Self {
        Self(Mutex::new(what))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}

pub(crate) mod prelude {
    pub(crate) use super::{pin_init, pr_warn, pr_warn as pr_err, pr_warn as pr_notice};
    pub(crate) use stand_in_macros::pin_data;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) enum Error {
        ENOBUFS,
        ENOMEM,
        EBUSY,
        EINVAL,
    }
    pub(crate) use Error::*;

    pub(crate) use std::ffi::CStr;

    #[derive(Clone, Copy)]
    pub(crate) struct Flags;
    pub(crate) const GFP_KERNEL: Flags = Flags;

    /// A vector, with memory for all.
    pub(crate) struct KVec<T>(Vec<T>);

    impl<T> KVec<T> {
        pub(crate) fn new() -> Self {
            Self(Vec::new())
        }

        pub(crate) fn push(&mut self, what: T, _: Flags) -> Result {
            self.0.push(what);
            Ok(())
        }

        pub(crate) fn retain(&mut self, f: impl FnMut(&mut T) -> bool) {
            self.0.retain_mut(f);
        }
    }

    impl<T> std::ops::Deref for KVec<T> {
        type Target = [T];

        fn deref(&self) -> &[T] {
            &self.0
        }
    }

    /// A string. Tests name nothing but constants.
    pub(crate) struct CString(pub(crate) &'static CStr);

    impl TryFrom<&CStr> for CString {
        type Error = Error;

        fn try_from(name: &CStr) -> Result<Self> {
            Ok(Self(Box::leak(name.into())))
        }
    }
    pub(crate) type Result<T = (), E = Error> = std::result::Result<T, E>;

    /// An initialiser; what it makes need not be pinned here.
    pub(crate) trait PinInit<T> {
        fn make(self) -> T;
    }

    impl<T> PinInit<T> for T {
        fn make(self) -> T {
            self
        }
    }
}

pub(crate) mod str {
    pub(crate) use super::prelude::CString;
}

pub(crate) mod sync {
    pub(crate) use super::{atomic, new_mutex, SpinLock as Mutex};
}

pub(crate) mod spinlock {
    pub(crate) use super::{new_spinlock, SpinLock};
}

pub(crate) mod callbacks {
    #[allow(non_upper_case_globals)]
    pub(crate) const lru_timer: () = ();
    #[allow(non_upper_case_globals)]
    pub(crate) const lru_work: () = ();
}

pub(crate) mod bindings {
    use super::layout::Cookie;

    #[allow(non_camel_case_types)]
    pub(crate) type fscache_cookie = Cookie;

    /// A C list's links.
    #[allow(non_camel_case_types)]
    pub(crate) struct list_head {
        pub(crate) next: *mut list_head,
        pub(crate) prev: *mut list_head,
    }
}

pub(crate) mod slab {
    use super::prelude::*;

    pub(crate) struct SlabCache<T>(std::marker::PhantomData<T>);

    impl<T> SlabCache<T> {
        pub(crate) fn new(_: &'static std::ffi::CStr) -> Result<Self> {
            Ok(Self(std::marker::PhantomData))
        }
    }
}

pub(crate) mod resources {
    use super::{layout::Cookie, sync::atomic::ordering::Relaxed, trace::AccessWhy};
    use crate::access::CookieAccess;
    use std::cell::Cell;

    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Want {
        Params,
        Write,
        Read,
    }

    /// What an operation holds.
    pub(crate) struct Resources {
        cookie: Cell<*const Cookie>,
        pub(super) ready: Cell<bool>,
        pub(super) inval_counter: Cell<u32>,
    }

    impl Resources {
        pub(crate) fn empty() -> Self {
            Self {
                cookie: Cell::new(std::ptr::null()),
                ready: Cell::new(false),
                inval_counter: Cell::new(0),
            }
        }

        pub(crate) fn attach(&self, cookie: &Cookie, inval_counter: u32) {
            self.inval_counter.set(inval_counter);
            self.cookie.set(cookie);
        }

        pub(crate) fn detach(&self) {
            self.cookie.set(std::ptr::null());
        }

        pub(crate) fn cookie(&self) -> Option<&Cookie> {
            // SAFETY: Cookies live until the model has ended.
            unsafe { self.cookie.get().as_ref() }
        }

        pub(crate) fn is_ready(&self) -> bool {
            self.ready.get()
        }

        /// Reads or writes: the object must be there.
        pub(crate) fn use_object(&self) {
            let object = &self.cookie().unwrap().object;
            assert_eq!(object.there.load(Relaxed), 1, "used after it was put away");
        }

        /// Ends the operation, as a backend does.
        pub(crate) fn end(&self) {
            let cookie = self.cookie().unwrap();
            let object = &cookie.object;
            object.operations.set(object.operations.get() - 1);
            CookieAccess::resume(cookie).end(AccessWhy::IoNotLive);
        }
    }
}

pub(crate) mod hash_key {
    pub(crate) struct HashKey;

    impl HashKey {
        pub(crate) fn random() -> Self {
            Self
        }

        pub(crate) fn hash(&self, _: &[u8]) -> u32 {
            0
        }
    }
}

pub(crate) mod ratelimit {
    pub(crate) fn may_speak() -> bool {
        true
    }
}

pub(crate) mod counters {
    use super::layout::Volume;

    pub(crate) struct Uncounted;

    macro_rules! counters {
        ($($name:ident)*) => {
            pub(crate) struct Counters { $(pub(crate) $name: Uncounted),* }
        };
    }
    counters! {
        objects lookups_found lookups_created lookups_failed invalidations invalidations_failed
        discards withdrawals objects_failed operations_refused timeouts acquires_no_memory
        acquires_key_in_use
    }

    pub(crate) fn inc(_: &Volume, _: impl Fn(&Counters) -> &Uncounted) {}
    pub(crate) fn add(_: &Volume, _: impl Fn(&Counters) -> &Uncounted, _: i64) {}
}
