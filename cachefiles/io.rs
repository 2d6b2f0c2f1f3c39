// SPDX-License-Identifier: GPL-2.0-only

//! Reads and writes.
//!
//! An operation begins when fscache lets it, gets a file when the object has one, and ends when
//! netfs says so. What it may touch of the object, it may while it has not ended; an I/O under way
//! has references of its own, to the file and to the object, and gives them back in that order
//! after it has told netfs how it ended. The task that submits it holds the object as well, until the
//! filesystem has returned: unloading waits for objects.
//!
//! # Old data, new object
//!
//! An invalidation counts the cookie's generation up and puts another file in place. An operation
//! remembers the generation in which it began:
//!
//! - what was read is thrown away (`ESTALE`) if the generation changed until the read was over;
//! - nothing is written by an operation that began in another generation than the present one.

pub(crate) mod read;
pub(crate) mod write;

use crate::{
    fscache::{
        Resources,
        Want, //
    },
    object::Object,
};
use kernel::prelude::*;

/// Begins an operation: gives it our functions, and a file if the object has one.
///
/// False if the operation needs a file and there is none.
pub(crate) fn begin(object: &Object, resources: &mut Resources<'_>, want: Want) -> bool {
    resources.equip(object.file());
    if resources.file().is_none() && want != Want::Params {
        report_no_file();
        return false;
    }
    true
}

/// Says that an operation has no file to work on. A function of its own, so that the common way
/// saves no registers for it.
#[cold]
#[inline(never)]
fn report_no_file() {
    if crate::ratelimit::may_speak() {
        pr_err!("failed to get cres->file\n");
    }
}
