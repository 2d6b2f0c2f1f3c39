// SPDX-License-Identifier: GPL-2.0-only

//! Calling trace points that a module's own C file defines.
//!
//! The same as the kernel crate's `declare_trace!`, which only finds the trace points of the kernel
//! itself: the call costs nothing but a patched-out jump while nobody listens.

/// Does anybody listen to this trace point?
macro_rules! is_heard {
    ($name:ident) => {{
        // SAFETY: The static key of a trace point may always be queried.
        unsafe {
            ::kernel::macros::paste! {
                ::kernel::jump_label::static_branch_unlikely!(
                    $crate::bindings::[<__tracepoint_ $name>],
                    $crate::bindings::tracepoint,
                    key
                )
            }
        }
    }};
}
#[allow(unused_imports)] // Each of the two modules uses its part.
pub(crate) use is_heard;

/// Declares functions that fire trace points.
#[allow(unused_macros)] // As above.
macro_rules! declare_trace {
    ($($(#[$attr:meta])* unsafe fn $name:ident($($arg:ident : $type:ty),* $(,)?);)*) => {$(
        $(#[$attr])*
        #[inline(always)]
        pub(crate) unsafe fn $name($($arg: $type),*) {
            if $crate::trace::declare::is_heard!($name) {
                ::kernel::macros::paste! {
                    // SAFETY: The caller vouches for the arguments.
                    unsafe { $crate::bindings::[<rust_do_trace_ $name>]($($arg),*) };
                }
            }
        }

        ::kernel::macros::paste! {
            /// Does anybody listen? What is read for the trace point alone need not be if not.
            #[allow(dead_code)] // Where the arguments are at hand.
            #[inline(always)]
            pub(crate) fn [<$name _enabled>]() -> bool {
                $crate::trace::declare::is_heard!($name)
            }
        }
    )*};
}
#[allow(unused_imports)] // As above.
pub(crate) use declare_trace;
