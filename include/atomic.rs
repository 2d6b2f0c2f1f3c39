// SPDX-License-Identifier: GPL-2.0-only

//! Atomic variables whose operations are inline.
//!
//! What the operations mean is the kernel crate's [`kernel::sync::atomic`]: the memory model of
//! the kernel, with its orderings. But a kernel that was built by gcc has no inline form of them:
//! each is a call of a C function, and a path like using a cookie is little else than atomic
//! operations. So on x86-64 this has the instructions themselves, the same as the kernel's headers
//! for C have: every read-modify-write operation is locked, and thereby fully ordered whatever is
//! asked for; plain loads acquire, plain stores release, and what remains is to keep the compiler
//! from moving things.
//!
//! Elsewhere, and where the kernel's sanitizers want to see every access, it is the kernel crate's.

#[cfg(not(all(
    target_arch = "x86_64",
    not(CONFIG_RUST_INLINE_HELPERS),
    not(CONFIG_KASAN),
    not(CONFIG_KCSAN)
)))]
pub(crate) use by_calls::*;
#[cfg(all(
    target_arch = "x86_64",
    not(CONFIG_RUST_INLINE_HELPERS),
    not(CONFIG_KASAN),
    not(CONFIG_KCSAN)
))]
pub(crate) use inline::*;

/// The kernel crate's.
#[allow(dead_code, unused_imports)] // One of the two is used.
mod by_calls {
    pub(crate) use kernel::sync::atomic::Atomic;
    use kernel::sync::barrier;

    /// Orders all that is before it before all that is after it.
    #[inline]
    pub(crate) fn full_barrier() {
        barrier::smp_mb(barrier::Full);
    }
}

/// x86-64's instructions.
#[cfg(target_arch = "x86_64")]
#[allow(dead_code)] // One of the two is used, and each module uses a part of it.
mod inline {
    use core::cell::UnsafeCell;
    use kernel::sync::atomic::ordering::{
        AcquireOrRelaxed,
        Ordering,
        ReleaseOrRelaxed, //
    };

    /// Keeps the compiler from moving memory accesses over this.
    #[inline(always)]
    fn compiler_barrier() {
        // SAFETY: Does nothing. As it may access memory, for all that the compiler knows, nothing
        // is moved over it.
        unsafe { kernel::asm!("" ; options(nostack, preserves_flags)) };
    }

    /// Orders all that is before it before all that is after it.
    #[inline(always)]
    pub(crate) fn full_barrier() {
        // SAFETY: Adds nothing to what lies below the stack, where nothing is kept in the kernel.
        unsafe { kernel::asm!("lock addl $0, -4(%rsp)" ;) };
    }

    /// What fits a register, and may be sent to other tasks.
    ///
    /// # Safety
    ///
    /// The type is a number or a pointer; following a pointer needs an argument of its own.
    pub(crate) unsafe trait Word: Copy {}

    macro_rules! words {
        ($($type:ty),*) => {$(
            // SAFETY: A number.
            unsafe impl Word for $type {}
        )*};
    }

    words!(i8, i32, u32, i64, usize);

    // SAFETY: A pointer.
    unsafe impl<T> Word for *mut T {}

    /// A variable that any number of tasks and processors may change at once.
    #[repr(transparent)]
    pub(crate) struct Atomic<T: Word>(UnsafeCell<T>);

    // SAFETY: All accesses are atomic.
    unsafe impl<T: Word> Send for Atomic<T> {}
    // SAFETY: As above.
    unsafe impl<T: Word> Sync for Atomic<T> {}

    impl<T: Word> Atomic<T> {
        /// A variable with a value.
        pub(crate) const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        /// Adopts a variable in a structure of C.
        ///
        /// # Safety
        ///
        /// `ptr` must be valid and aligned for all of `'a`, and every access to it be atomic.
        #[inline(always)]
        pub(crate) const unsafe fn from_ptr<'a>(ptr: *mut T) -> &'a Self {
            // SAFETY: By the function's contract; the type is transparent.
            unsafe { &*ptr.cast() }
        }

        /// Where the variable is.
        #[inline(always)]
        pub(crate) const fn as_ptr(&self) -> *mut T {
            self.0.get()
        }
    }

    impl<T: Word> Atomic<T> {
        /// The value. `Relaxed`, or `Acquire`: what comes after is ordered behind it.
        #[inline(always)]
        pub(crate) fn load<O: AcquireOrRelaxed>(&self, _: O) -> T {
            // SAFETY: The variable is valid as long as `self` is, and as large as a register at
            // most, so that it is read in one piece.
            let value = unsafe { self.as_ptr().read_volatile() };
            compiler_barrier();
            value
        }

        /// Sets the value. `Relaxed`, or `Release`: what comes before is ordered before it.
        #[inline(always)]
        pub(crate) fn store<O: ReleaseOrRelaxed>(&self, value: T, _: O) {
            compiler_barrier();
            // SAFETY: As in `load()`.
            unsafe { self.as_ptr().write_volatile(value) };
        }
    }

    /// Defines the operations that read and write, for numbers of one size.
    macro_rules! numbers {
        ($($type:ty: $accumulator:tt, $add:literal, $exchange_add:literal, $exchange:literal, $compare:literal;)*) => {$(
            impl Atomic<$type> {
                /// Adds; it wraps.
                #[inline(always)]
                pub(crate) fn add<O: Ordering>(&self, value: $type, _: O) {
                    // SAFETY: Changes the variable alone, which is valid as long as `self` is.
                    unsafe {
                        kernel::asm!(
                            $add ;
                            at = in(reg) self.as_ptr(), value = in(reg) value, options(nostack)
                        )
                    };
                }

                /// Adds, and returns what was there before; it wraps.
                #[inline(always)]
                pub(crate) fn fetch_add<O: Ordering>(&self, value: $type, _: O) -> $type {
                    let old: $type;
                    // SAFETY: As in `add()`.
                    unsafe {
                        kernel::asm!(
                            $exchange_add ;
                            at = in(reg) self.as_ptr(), value = inout(reg) value => old,
                            options(nostack)
                        )
                    };
                    old
                }

                /// Subtracts, and returns what was there before; it wraps.
                #[inline(always)]
                pub(crate) fn fetch_sub<O: Ordering>(&self, value: $type, ordering: O) -> $type {
                    self.fetch_add((0 as $type).wrapping_sub(value), ordering)
                }

                /// Sets a value, and returns what was there before.
                #[inline(always)]
                pub(crate) fn xchg<O: Ordering>(&self, value: $type, _: O) -> $type {
                    let old: $type;
                    // SAFETY: As in `add()`.
                    unsafe {
                        kernel::asm!(
                            $exchange ;
                            at = in(reg) self.as_ptr(), value = inout(reg) value => old,
                            options(nostack, preserves_flags)
                        )
                    };
                    old
                }

                /// Sets a value if the variable has the value `old`; returns what was there
                /// before, as `Ok` if it was that.
                #[inline(always)]
                pub(crate) fn cmpxchg<O: Ordering>(
                    &self,
                    old: $type,
                    new: $type,
                    _: O,
                ) -> Result<$type, $type> {
                    let found: $type;
                    // SAFETY: As in `add()`.
                    unsafe {
                        kernel::asm!(
                            $compare ;
                            at = in(reg) self.as_ptr(), new = in(reg) new,
                            inout($accumulator) old => found, options(nostack)
                        )
                    };
                    if found == old {
                        Ok(found)
                    } else {
                        Err(found)
                    }
                }
            }
        )*};
    }

    macro_rules! numbers_of_32_bits {
        ($($type:ty),*) => { numbers! {$(
            $type: "eax",
                "lock addl {value:e}, ({at})",
                "lock xaddl {value:e}, ({at})",
                "xchgl {value:e}, ({at})",
                "lock cmpxchgl {new:e}, ({at})";
        )*} };
    }

    macro_rules! numbers_of_64_bits {
        ($($type:ty),*) => { numbers! {$(
            $type: "rax",
                "lock addq {value}, ({at})",
                "lock xaddq {value}, ({at})",
                "xchgq {value}, ({at})",
                "lock cmpxchgq {new}, ({at})";
        )*} };
    }

    numbers_of_32_bits!(i32, u32);
    numbers_of_64_bits!(i64, usize);
}
