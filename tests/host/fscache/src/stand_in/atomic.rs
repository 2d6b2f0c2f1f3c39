// SPDX-License-Identifier: GPL-2.0-only

//! Atomic variables with the kernel's orderings, made of `loom`'s.

use loom::sync::atomic::{self, Ordering as Loom};

/// The kernel's orderings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordering {
    Relaxed,
    Acquire,
    Release,
    Full,
}

pub(crate) mod ordering {
    pub(crate) use super::Ordering::*;
}

/// Does a read-modify-write operation.
///
/// After a fully ordered one comes a step of one common variable, which orders all such
/// operations and what is around them. A fence would do so too, but `loom` does not try
/// fences in another order. (The kernel orders what comes before as well; nothing here
/// depends upon that, or it would fail.)
fn rmw<R>(ordering: Ordering, f: impl FnOnce(Loom) -> R) -> R {
    match ordering {
        _ if ACCESSES.get() == Accesses::InOrder => f(Loom::AcqRel),
        Ordering::Relaxed => f(Loom::Relaxed),
        Ordering::Acquire => f(Loom::Acquire),
        Ordering::Release => f(Loom::Release),
        Ordering::Full => {
            let result = f(Loom::AcqRel);
            BARRIER.fetch_add(1, Loom::AcqRel);
            result
        }
    }
}

/// Orders everything before with everything after it.
pub(crate) fn barrier() {
    if ACCESSES.get() != Accesses::InOrder {
        BARRIER.fetch_add(1, Loom::AcqRel);
    }
}

loom::lazy_static! {
    static ref BARRIER: atomic::AtomicUsize = atomic::AtomicUsize::new(0);
}

/// What an access to an atomic variable is to `loom`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Accesses {
    /// What it is in the kernel: one that is not ordered may see an old value. But `loom`
    /// knows of the last access only to a variable, and so overlooks that a store might
    /// come before somebody's load, if whoever stores has loaded as well.
    Weak,
    /// Each is in order with all others to the variable, and tried before and after them.
    InOrder,
}

thread_local! {
    pub(crate) static ACCESSES: std::cell::Cell<Accesses> =
        const { std::cell::Cell::new(Accesses::Weak) };
}

/// What can be atomic.
pub(crate) trait Word: Copy {
    type In;
    fn make(self) -> Self::In;
}

/// An atomic variable.
pub(crate) struct Atomic<T: Word>(T::In);

impl<T: Word> Atomic<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value.make())
    }
}

macro_rules! words {
    ($($word:ty = $atomic:ident),*) => {$(
        impl Word for $word {
            type In = atomic::$atomic;
            fn make(self) -> Self::In {
                atomic::$atomic::new(self)
            }
        }

        impl Atomic<$word> {
            pub(crate) fn load(&self, ordering: Ordering) -> $word {
                if ACCESSES.get() == Accesses::InOrder {
                    return self.0.fetch_add(0, Loom::AcqRel);
                }
                self.0.load(match ordering {
                    Ordering::Acquire => Loom::Acquire,
                    _ => Loom::Relaxed,
                })
            }

            pub(crate) fn store(&self, value: $word, ordering: Ordering) {
                if ACCESSES.get() == Accesses::InOrder {
                    self.0.swap(value, Loom::AcqRel);
                    return;
                }
                self.0.store(value, match ordering {
                    Ordering::Release => Loom::Release,
                    _ => Loom::Relaxed,
                })
            }

            pub(crate) fn fetch_add(&self, by: $word, ordering: Ordering) -> $word {
                rmw(ordering, |o| self.0.fetch_add(by, o))
            }

            pub(crate) fn fetch_sub(&self, by: $word, ordering: Ordering) -> $word {
                rmw(ordering, |o| self.0.fetch_sub(by, o))
            }

            pub(crate) fn fetch_or(&self, bits: $word, ordering: Ordering) -> $word {
                rmw(ordering, |o| self.0.fetch_or(bits, o))
            }

            pub(crate) fn fetch_and(&self, bits: $word, ordering: Ordering) -> $word {
                rmw(ordering, |o| self.0.fetch_and(bits, o))
            }

            pub(crate) fn xchg(&self, value: $word, ordering: Ordering) -> $word {
                rmw(ordering, |o| self.0.swap(value, o))
            }

            pub(crate) fn add(&self, by: $word, ordering: Ordering) {
                self.fetch_add(by, ordering);
            }

            pub(crate) fn cmpxchg(
                &self,
                old: $word,
                new: $word,
                ordering: Ordering,
            ) -> Result<$word, $word> {
                rmw(ordering, |o| {
                    self.0.compare_exchange(old, new, o, Loom::Relaxed)
                })
            }
        }
    )*};
}
words!(i8 = AtomicI8, i32 = AtomicI32, i64 = AtomicI64);
words!(u32 = AtomicU32, usize = AtomicUsize);
