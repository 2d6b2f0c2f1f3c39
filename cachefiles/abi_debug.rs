// SPDX-License-Identifier: GPL-2.0-only

//! The module's `debug` parameter, which C defines, as it can be written while the module runs.

use crate::atomic::Atomic;
use crate::bindings;
use kernel::sync::atomic::ordering;

/// Sets the mask.
pub(crate) fn set(mask: u32) {
    // SAFETY: A plain `unsigned int` that the parameter's functions load and store whole.
    unsafe { Atomic::from_ptr(&raw mut bindings::cachefiles_debug) }.store(mask, ordering::Relaxed);
}
