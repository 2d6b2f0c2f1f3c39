// SPDX-License-Identifier: GPL-2.0-only

//! Whether C and Rust agree on the structures that they share.
//!
//! `layout.c` has the same list, in the same order, compiled by the kernel's compiler. They are
//! compared when the module is loaded: one that does not agree would write into whatever lies
//! where it believes a field to be.

use crate::bindings;
use core::mem::{
    offset_of,
    size_of, //
};

/// Sizes and offsets as Rust has them.
const LAYOUT: &[usize] = &[
    size_of::<bindings::fscache_cookie>(),
    offset_of!(bindings::fscache_cookie, ref_),
    offset_of!(bindings::fscache_cookie, n_active),
    offset_of!(bindings::fscache_cookie, n_accesses),
    offset_of!(bindings::fscache_cookie, debug_id),
    offset_of!(bindings::fscache_cookie, inval_counter),
    offset_of!(bindings::fscache_cookie, lock),
    offset_of!(bindings::fscache_cookie, volume),
    offset_of!(bindings::fscache_cookie, cache_priv),
    offset_of!(bindings::fscache_cookie, hash_link),
    offset_of!(bindings::fscache_cookie, commit_link),
    offset_of!(bindings::fscache_cookie, work),
    offset_of!(bindings::fscache_cookie, object_size),
    offset_of!(bindings::fscache_cookie, unused_at),
    offset_of!(bindings::fscache_cookie, flags),
    offset_of!(bindings::fscache_cookie, state),
    offset_of!(bindings::fscache_cookie, advice),
    offset_of!(bindings::fscache_cookie, key_len),
    offset_of!(bindings::fscache_cookie, aux_len),
    offset_of!(bindings::fscache_cookie, key_hash),
    size_of::<bindings::fscache_volume>(),
    offset_of!(bindings::fscache_volume, ref_),
    offset_of!(bindings::fscache_volume, n_cookies),
    offset_of!(bindings::fscache_volume, n_accesses),
    offset_of!(bindings::fscache_volume, debug_id),
    offset_of!(bindings::fscache_volume, key_hash),
    offset_of!(bindings::fscache_volume, key),
    offset_of!(bindings::fscache_volume, hash_link),
    offset_of!(bindings::fscache_volume, work),
    offset_of!(bindings::fscache_volume, cache),
    offset_of!(bindings::fscache_volume, cache_priv),
    offset_of!(bindings::fscache_volume, lock),
    offset_of!(bindings::fscache_volume, flags),
    offset_of!(bindings::fscache_volume, coherency_len),
    offset_of!(bindings::fscache_volume, coherency),
    size_of::<bindings::fscache_cache>(),
    offset_of!(bindings::fscache_cache, ops),
    offset_of!(bindings::fscache_cache, cache_priv),
    offset_of!(bindings::fscache_cache, ref_),
    offset_of!(bindings::fscache_cache, n_volumes),
    offset_of!(bindings::fscache_cache, n_accesses),
    offset_of!(bindings::fscache_cache, object_count),
    offset_of!(bindings::fscache_cache, debug_id),
    offset_of!(bindings::fscache_cache, state),
    offset_of!(bindings::fscache_cache, name),
    size_of::<bindings::netfs_cache_resources>(),
    offset_of!(bindings::netfs_cache_resources, ops),
    offset_of!(bindings::netfs_cache_resources, cache_priv),
    offset_of!(bindings::netfs_cache_resources, cache_priv2),
    offset_of!(bindings::netfs_cache_resources, debug_id),
    offset_of!(bindings::netfs_cache_resources, inval_counter),
    size_of::<bindings::netfs_cache_ops>(),
    offset_of!(bindings::netfs_cache_ops, end_operation),
    offset_of!(bindings::netfs_cache_ops, write),
    offset_of!(bindings::netfs_cache_ops, prepare_write),
    size_of::<bindings::fscache_cache_ops>(),
    offset_of!(bindings::fscache_cache_ops, name),
    offset_of!(bindings::fscache_cache_ops, acquire_volume),
    offset_of!(bindings::fscache_cache_ops, free_volume),
    offset_of!(bindings::fscache_cache_ops, lookup_cookie),
    offset_of!(bindings::fscache_cache_ops, withdraw_cookie),
    offset_of!(bindings::fscache_cache_ops, resize_cookie),
    offset_of!(bindings::fscache_cache_ops, invalidate_cookie),
    offset_of!(bindings::fscache_cache_ops, begin_operation),
    offset_of!(bindings::fscache_cache_ops, prepare_to_write),
];

/// Do both agree?
pub(crate) fn agrees_with_c() -> bool {
    // SAFETY: Both are constants of C; the second is the length of the first.
    let theirs = unsafe {
        core::slice::from_raw_parts(
            (&raw const bindings::fscache_layout).cast::<usize>(),
            bindings::fscache_layout_len,
        )
    };
    theirs == LAYOUT
}
