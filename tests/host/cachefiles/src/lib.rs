// SPDX-License-Identifier: GPL-2.0-only

//! Host tests of the pure files of cachefiles.
//!
//! Every module here is a file of the kernel module itself; there is no second copy of anything.
//! Overflow checks are on, as in the kernel, where an overflow is a `BUG()`. Atomic variables are
//! `loom`'s, as in the tests of fscache.

// So that `kernel::` in the module's files means what is here.
extern crate self as kernel;

#[path = "../../fscache/src/stand_in/atomic.rs"]
mod atomic;
mod sync {
    pub(crate) use crate::atomic;
}

#[path = "../../../../cachefiles/coherency.rs"]
mod coherency;
#[path = "../../../../cachefiles/command.rs"]
mod command;
#[path = "../../../../cachefiles/extent.rs"]
mod extent;
#[path = "../../../../cachefiles/filled.rs"]
mod filled;
#[path = "../../../../cachefiles/integrity.rs"]
mod integrity;
#[path = "../../../../cachefiles/key.rs"]
mod key;
#[path = "../../../../cachefiles/known.rs"]
mod known;
#[path = "../../../../cachefiles/limits.rs"]
mod limits;
#[path = "../../../../cachefiles/stores.rs"]
mod stores;

#[cfg(test)]
mod tests {
    mod coherency;
    mod command;
    mod extent;
    mod integrity;
    mod key;
    mod known;
    mod limits;
    mod stores;
}
