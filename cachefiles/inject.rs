// SPDX-License-Identifier: GPL-2.0-only

//! Making the backing filesystem fail, for tests.
//!
//! Only in a module that was built with `CACHEFILES_ERROR_INJECTION=y`; otherwise all of this comes
//! to nothing. There is `/proc/sys/cachefiles/error_injection` then, a mask: 1 makes what writes
//! fail with `ENOSPC`, 2 makes everything fail with `EIO`.

use kernel::prelude::*;

#[cfg(cachefiles_error_injection)]
mod imp {
    use crate::{
        atomic::Atomic,
        sysctl::Sysctl, //
    };
    use kernel::{prelude::*, sync::atomic::ordering};

    /// The mask.
    static STATE: Atomic<u32> = Atomic::new(0);

    /// The entry in `/proc/sys`.
    pub(crate) struct Control {
        _entry: Sysctl,
    }

    impl Control {
        pub(crate) fn new() -> Result<Self> {
            Ok(Self {
                _entry: Sysctl::new(c"cachefiles", c"error_injection", &STATE)?,
            })
        }
    }

    pub(super) fn is_set(bit: u32) -> bool {
        STATE.load(ordering::Relaxed) & bit != 0
    }
}

#[cfg(not(cachefiles_error_injection))]
mod imp {
    use kernel::prelude::*;

    /// Nothing.
    pub(crate) struct Control;

    impl Control {
        pub(crate) fn new() -> Result<Self> {
            Ok(Self)
        }
    }

    #[inline(always)]
    pub(super) fn is_set(_bit: u32) -> bool {
        false
    }
}

/// What the administrator controls it by.
pub(crate) use imp::Control;

/// Writing fails for want of space.
const NO_SPACE: u32 = 1;
/// Everything fails.
const IO_ERROR: u32 = 2;

/// Should something that reads fail?
#[inline]
pub(crate) fn read() -> Result {
    if imp::is_set(IO_ERROR) {
        Err(EIO)
    } else {
        Ok(())
    }
}

/// Should something that takes space fail?
#[inline]
pub(crate) fn write() -> Result {
    read()?;
    if imp::is_set(NO_SPACE) {
        Err(ENOSPC)
    } else {
        Ok(())
    }
}

/// Should something that gives space back fail?
#[inline]
pub(crate) fn remove() -> Result {
    read()
}
