// SPDX-License-Identifier: GPL-2.0-only

//! Bindings: all of the kernel crate's, and those of ours that it lacks.
//!
//! What `bindgen` emits here is only what a few headers declare (see `rust.mk`); every type that
//! it names besides is the kernel crate's own. Used by the wrappers and by `abi.rs`, never by
//! files of logic.

#![allow(
    clippy::all,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::undocumented_unsafe_blocks,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::as_underscore,
    clippy::cast_lossless,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    improper_ctypes,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    unused_imports
)]

pub(crate) use kernel::bindings::*;

use kernel::ffi;
use pin_init::{
    MaybeZeroable,
    Zeroable, //
};

include!(concat!(env!("BINDINGS"), "/bindings_generated.rs"));
