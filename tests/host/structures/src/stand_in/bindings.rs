// SPDX-License-Identifier: GPL-2.0-only

//! What bindgen makes of the kernel's headers, as far as it is used here: the fields, not their
//! places. That those agree with C's is checked when the module is loaded.

#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case)]

use super::{context::might_sleep, memory, prelude::c_ulong};
use std::{
    alloc::Layout,
    cell::UnsafeCell,
    ffi::{c_char, c_int, c_uint, c_void},
    ptr::NonNull,
};

/// A type whose content is C's.
#[repr(transparent)]
pub(crate) struct Opaque<T>(UnsafeCell<T>);

impl<T> Opaque<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub(crate) const fn get(&self) -> *mut T {
        self.0.get()
    }
}

pub(crate) type loff_t = i64;

#[repr(C)]
pub(crate) struct list_head {
    pub(crate) next: *mut list_head,
    pub(crate) prev: *mut list_head,
}

#[repr(C)]
pub(crate) struct hlist_bl_node {
    pub(crate) next: *mut hlist_bl_node,
    pub(crate) pprev: *mut *mut hlist_bl_node,
}

#[repr(C)]
pub(crate) struct refcount_t {
    pub(crate) refs: c_int,
}

#[repr(C)]
pub(crate) struct spinlock_t {
    pub(crate) held: u32,
}

#[repr(C)]
pub(crate) struct work_struct {
    pub(crate) function: Option<unsafe extern "C" fn(*mut work_struct)>,
}

pub(crate) struct timer_list;

#[repr(C)]
pub(crate) union cookie_key {
    pub(crate) key: *mut c_void,
    pub(crate) inline_key: [u8; 16],
}

#[repr(C)]
pub(crate) union cookie_aux {
    pub(crate) aux: *mut c_void,
    pub(crate) inline_aux: [u8; 8],
}

#[repr(C)]
pub(crate) struct fscache_cookie {
    pub(crate) ref_: refcount_t,
    pub(crate) n_active: c_int,
    pub(crate) n_accesses: c_int,
    pub(crate) debug_id: c_uint,
    pub(crate) inval_counter: c_uint,
    pub(crate) lock: spinlock_t,
    pub(crate) volume: *mut fscache_volume,
    pub(crate) cache_priv: *mut c_void,
    pub(crate) hash_link: hlist_bl_node,
    pub(crate) proc_link: list_head,
    pub(crate) commit_link: list_head,
    pub(crate) work: work_struct,
    pub(crate) object_size: loff_t,
    pub(crate) unused_at: usize,
    pub(crate) flags: usize,
    pub(crate) state: i8,
    pub(crate) advice: u8,
    pub(crate) key_len: u8,
    pub(crate) aux_len: u8,
    pub(crate) key_hash: u32,
    pub(crate) __bindgen_anon_1: cookie_key,
    pub(crate) __bindgen_anon_2: cookie_aux,
}

#[repr(C)]
pub(crate) struct fscache_volume {
    pub(crate) ref_: refcount_t,
    pub(crate) n_cookies: c_int,
    pub(crate) n_accesses: c_int,
    pub(crate) debug_id: c_uint,
    pub(crate) key_hash: c_uint,
    pub(crate) key: *mut u8,
    pub(crate) proc_link: list_head,
    pub(crate) hash_link: hlist_bl_node,
    pub(crate) work: work_struct,
    pub(crate) cache: *mut fscache_cache,
    pub(crate) cache_priv: *mut c_void,
    pub(crate) lock: spinlock_t,
    pub(crate) flags: usize,
    pub(crate) coherency_len: u8,
    pub(crate) coherency: [u8; 0],
}

#[repr(C)]
pub(crate) struct fscache_cache {
    pub(crate) ops: *const fscache_cache_ops,
    pub(crate) cache_link: list_head,
    pub(crate) cache_priv: *mut c_void,
    pub(crate) ref_: refcount_t,
    pub(crate) n_volumes: c_int,
    pub(crate) n_accesses: c_int,
    pub(crate) object_count: c_int,
    pub(crate) debug_id: c_uint,
    pub(crate) state: c_uint,
    pub(crate) name: *mut c_char,
}

pub(crate) type fscache_want_state = c_uint;
pub(crate) const fscache_want_state_FSCACHE_WANT_PARAMS: fscache_want_state = 0;
pub(crate) const fscache_want_state_FSCACHE_WANT_WRITE: fscache_want_state = 1;

#[repr(C)]
pub(crate) struct fscache_cache_ops {
    pub(crate) name: *const c_char,
    pub(crate) acquire_volume: Option<unsafe extern "C" fn(*mut fscache_volume)>,
    pub(crate) free_volume: Option<unsafe extern "C" fn(*mut fscache_volume)>,
    pub(crate) lookup_cookie: Option<unsafe extern "C" fn(*mut fscache_cookie) -> bool>,
    pub(crate) withdraw_cookie: Option<unsafe extern "C" fn(*mut fscache_cookie)>,
    pub(crate) resize_cookie: Option<unsafe extern "C" fn(*mut netfs_cache_resources, loff_t)>,
    pub(crate) invalidate_cookie: Option<unsafe extern "C" fn(*mut fscache_cookie) -> bool>,
    pub(crate) begin_operation:
        Option<unsafe extern "C" fn(*mut netfs_cache_resources, fscache_want_state) -> bool>,
    pub(crate) prepare_to_write: Option<unsafe extern "C" fn(*mut fscache_cookie)>,
}

#[repr(C)]
pub(crate) struct netfs_cache_resources {
    pub(crate) ops: *const netfs_cache_ops,
    pub(crate) cache_priv: *mut c_void,
    pub(crate) cache_priv2: *mut c_void,
    pub(crate) debug_id: c_uint,
    pub(crate) inval_counter: c_uint,
}

pub(crate) type netfs_io_terminated_t = Option<unsafe extern "C" fn(*mut c_void, isize)>;

#[repr(C)]
pub(crate) struct netfs_cache_ops {
    pub(crate) end_operation: Option<unsafe extern "C" fn(*mut netfs_cache_resources)>,
    pub(crate) write: Option<
        unsafe extern "C" fn(
            *mut netfs_cache_resources,
            loff_t,
            *mut iov_iter,
            netfs_io_terminated_t,
            *mut c_void,
        ) -> c_int,
    >,
    pub(crate) prepare_write: Option<
        unsafe extern "C" fn(
            *mut netfs_cache_resources,
            *mut loff_t,
            *mut usize,
            usize,
            loff_t,
            bool,
        ) -> c_int,
    >,
}

pub(crate) struct xarray;

pub(crate) struct address_space {
    pub(crate) host: *mut inode,
    pub(crate) i_pages: xarray,
}

pub(crate) struct inode {
    pub(crate) i_size: loff_t,
}

pub(crate) struct iov_iter {
    pub(crate) len: usize,
}

pub(crate) const ITER_SOURCE: c_uint = 1;

pub(crate) unsafe fn iov_iter_xarray(
    iter: *mut iov_iter,
    _: c_uint,
    _: *mut xarray,
    _: loff_t,
    len: usize,
) {
    unsafe { iter.write(iov_iter { len }) };
}

thread_local! {
    /// How often the marks of a range were taken off.
    pub(crate) static MARKS_TAKEN_OFF: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

pub(crate) unsafe fn fscache_helper_clear_page_bits(_: *mut address_space, _: loff_t, _: usize) {
    MARKS_TAKEN_OFF.set(MARKS_TAKEN_OFF.get() + 1);
}

pub(crate) unsafe fn fscache_helper_nofs_save() -> c_uint {
    0
}

pub(crate) unsafe fn fscache_helper_nofs_restore(_: c_uint) {}

#[repr(C)]
pub(crate) struct hsiphash_key_t {
    pub(crate) key: [usize; 2],
}

/// As random as a test should be.
pub(crate) unsafe fn get_random_bytes(to: *mut c_void, len: usize) {
    unsafe { to.cast::<u8>().write_bytes(0x5a, len) };
}

pub(crate) unsafe fn fscache_helper_hash(
    data: *const c_void,
    len: usize,
    key: *const hsiphash_key_t,
) -> u32 {
    unsafe {
        crate::hash::hash(
            (*key).key[0] as u32,
            std::slice::from_raw_parts(data.cast(), len),
        )
    }
}

pub(crate) unsafe fn fscache_helper_kzalloc(len: usize) -> *mut c_void {
    let layout = Layout::from_size_align(len, 8).unwrap();
    memory::alloc(layout).map_or(std::ptr::null_mut(), |memory| memory.as_ptr().cast())
}

pub(crate) unsafe fn kfree(memory: *const c_void) {
    if let Some(memory) = NonNull::new(memory.cast_mut().cast()) {
        memory::free(memory, None);
    }
}

pub(crate) const TASK_UNINTERRUPTIBLE: c_uint = 2;
pub(crate) const bit_wait_timeout: () = ();

pub(crate) unsafe fn wake_up_bit(_: *mut usize, _: c_int) {}

/// Nobody comes but whoever makes volumes.
pub(crate) unsafe fn out_of_line_wait_on_bit_timeout(
    word: *mut usize,
    bit: c_int,
    _: Option<()>,
    _: c_uint,
    timeout: c_ulong,
) {
    might_sleep();
    super::wait::wait_for(
        &(),
        timeout,
        || unsafe { word.read_volatile() } & (1 << bit) == 0,
    );
}

pub(crate) static fscache_layout: [usize; 1] = [0];
pub(crate) static fscache_layout_len: usize = 1;
