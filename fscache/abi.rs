// SPDX-License-Identifier: GPL-2.0-only

//! The functions that filesystems, netfs and cache backends call, and nothing else.
//!
//! Here pointers of C become references. What each function may be given is said in the kernel's
//! `Documentation/filesystems/caching/`; that is what the SAFETY comments call the API. Every
//! definition is checked against the prototype in the kernel's headers when it is compiled.

// What they do is documented where they are declared, and at what they call.
#![allow(clippy::missing_safety_doc, missing_docs)]

use crate::{
    access::{
        CookieAccess,
        VolumeAccess, //
    },
    bindings,
    cache,
    cookie,
    fscache,
    io,
    layout::{
        BackendTable,
        Blob,
        Cache,
        CacheRef,
        Cookie,
        CookieRef,
        Volume,
        VolumeRef, //
    },
    proc,
    resources::{
        Resources,
        Want, //
    },
    seq::SeqFile,
    state::Event,
    stats,
    trace::{
        AccessWhy,
        CookieWhy,
        VolumeWhy, //
    },
    users,
    volume,
    write, //
};
use core::ptr;
use kernel::{prelude::*, str::CStrExt};

/// Defines exported functions, and checks each against the prototype that C has.
macro_rules! exports {
    ($(unsafe fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        #[no_mangle]
        pub(crate) unsafe extern "C" fn $name($($arg: $type),*) $(-> $result)? $body

        const _: unsafe extern "C" fn($($type),*) $(-> $result)? = bindings::$name;
    )*};
}

// What filesystems call, through the inline functions of <linux/fscache.h>.
exports! {
    unsafe fn __fscache_acquire_volume(
        volume_key: *const c_char,
        cache_name: *const c_char,
        coherency_data: *const c_void,
        coherency_len: usize,
    ) -> *mut bindings::fscache_volume {
        if volume_key.is_null() {
            return EINVAL.to_ptr();
        }
        // SAFETY: By the API, strings, and coherency data of that length or null.
        let volume = unsafe {
            volume::acquire(
                CStr::from_char_ptr(volume_key),
                (!cache_name.is_null()).then(|| CStr::from_char_ptr(cache_name)),
                Blob::new(coherency_data, coherency_len),
            )
        };
        match volume {
            Ok(volume) => volume.into_raw(),
            Err(error) => error.to_ptr(),
        }
    }

    unsafe fn __fscache_relinquish_volume(
        volume: *mut bindings::fscache_volume,
        coherency_data: *const c_void,
        invalidate: bool,
    ) {
        // SAFETY: By the API, the reference that acquiring returned, and as much coherency data
        // as was given then.
        unsafe {
            let volume = VolumeRef::from_raw(volume);
            let coherency = Blob::new(coherency_data, volume.coherency_len());
            volume::relinquish(volume, coherency, invalidate)
        }
    }

    unsafe fn __fscache_acquire_cookie(
        volume: *mut bindings::fscache_volume,
        advice: u8,
        index_key: *const c_void,
        index_key_len: usize,
        aux_data: *const c_void,
        aux_data_len: usize,
        object_size: bindings::loff_t,
    ) -> *mut bindings::fscache_cookie {
        // Lengths first: they are wrong also of what is not there.
        if index_key.is_null() || index_key_len > cookie::MAX_LEN || aux_data_len > cookie::MAX_LEN
        {
            return ptr::null_mut();
        }
        // SAFETY: By the API, a volume of the caller's, and a key and coherency data that are as
        // long as is said.
        let cookie = unsafe {
            cookie::acquire(
                Volume::from_raw(volume),
                advice,
                core::slice::from_raw_parts(index_key.cast(), index_key_len),
                Blob::new(aux_data, aux_data_len),
                object_size,
            )
        };
        cookie.map_or(ptr::null_mut(), CookieRef::into_raw)
    }

    unsafe fn __fscache_use_cookie(cookie: *mut bindings::fscache_cookie, will_modify: bool) {
        // SAFETY: By the API, a cookie of the caller's.
        users::use_cookie(unsafe { Cookie::from_raw(cookie) }, will_modify)
    }

    unsafe fn __fscache_unuse_cookie(
        cookie: *mut bindings::fscache_cookie,
        aux_data: *const c_void,
        object_size: *const bindings::loff_t,
    ) {
        // SAFETY: By the API, a cookie of the caller's.
        let cookie = unsafe { Cookie::from_raw(cookie) };
        if !aux_data.is_null() || !object_size.is_null() {
            // SAFETY: By the API, as much coherency data as the cookie has, and null or a size.
            let (aux, size) =
                unsafe { (Blob::new(aux_data, cookie.aux_len()), object_size.as_ref()) };
            cookie::update(cookie, aux, size.copied());
        }
        users::unuse(cookie)
    }

    unsafe fn __fscache_relinquish_cookie(cookie: *mut bindings::fscache_cookie, retire: bool) {
        // SAFETY: By the API, the reference that acquiring returned.
        cookie::relinquish(unsafe { CookieRef::from_raw(cookie.cast()) }, retire)
    }

    unsafe fn __fscache_invalidate(
        cookie: *mut bindings::fscache_cookie,
        aux_data: *const c_void,
        new_size: bindings::loff_t,
        why: c_uint,
    ) {
        // SAFETY: By the API, a cookie of the caller's, and as much coherency data as it has.
        unsafe {
            let cookie = Cookie::from_raw(cookie);
            cookie::invalidate(
                cookie,
                Blob::new(aux_data, cookie.aux_len()),
                new_size,
                why & bindings::FSCACHE_INVAL_DIO_WRITE != 0,
            )
        }
    }

    unsafe fn __fscache_resize_cookie(
        cookie: *mut bindings::fscache_cookie,
        new_size: bindings::loff_t,
    ) {
        // SAFETY: By the API, a cookie of the caller's.
        io::resize(unsafe { Cookie::from_raw(cookie) }, new_size)
    }

    unsafe fn __fscache_begin_read_operation(
        cres: *mut bindings::netfs_cache_resources,
        cookie: *mut bindings::fscache_cookie,
    ) -> c_int {
        // SAFETY: By the API, resources and a cookie of the caller's.
        let (resources, cookie) = unsafe { (Resources::from_raw(cres), Cookie::from_raw(cookie)) };
        errno(io::begin(resources, cookie, Want::Params, AccessWhy::IoRead))
    }

    unsafe fn __fscache_begin_write_operation(
        cres: *mut bindings::netfs_cache_resources,
        cookie: *mut bindings::fscache_cookie,
    ) -> c_int {
        // SAFETY: By the API, resources and a cookie of the caller's.
        let (resources, cookie) = unsafe { (Resources::from_raw(cres), Cookie::from_raw(cookie)) };
        errno(io::begin(resources, cookie, Want::Params, AccessWhy::IoWrite))
    }

    unsafe fn __fscache_write_to_cache(
        cookie: *mut bindings::fscache_cookie,
        mapping: *mut bindings::address_space,
        start: bindings::loff_t,
        len: usize,
        i_size: bindings::loff_t,
        term_func: bindings::netfs_io_terminated_t,
        term_func_priv: *mut c_void,
        using_pgpriv2: bool,
        cond: bool,
    ) {
        let range = write::Range { mapping, start, len };
        let completion = write::Completion {
            function: term_func,
            private: term_func_priv,
            marked: using_pgpriv2 && cond,
        };
        // SAFETY: By the API, a cookie of the caller's and a mapping whose pages stay until the
        // caller was told.
        unsafe { write::copy_to_cache(Cookie::from_raw(cookie), range, i_size, completion) }
    }

    unsafe fn __fscache_clear_page_bits(
        mapping: *mut bindings::address_space,
        start: bindings::loff_t,
        len: usize,
    ) {
        // SAFETY: By the API, a mapping whose pages in this range carry the mark.
        unsafe { bindings::fscache_helper_clear_page_bits(mapping, start, len) }
    }
}

// What cache backends call.
exports! {
    unsafe fn fscache_acquire_cache(name: *const c_char) -> *mut bindings::fscache_cache {
        if name.is_null() {
            return EINVAL.to_ptr();
        }
        // SAFETY: By the API, a string.
        match cache::acquire(unsafe { CStr::from_char_ptr(name) }) {
            Ok(cache) => cache.into_raw(),
            Err(error) => error.to_ptr(),
        }
    }

    unsafe fn fscache_relinquish_cache(cache: *mut bindings::fscache_cache) {
        // SAFETY: By the API, the reference that acquiring returned.
        cache::relinquish(unsafe { CacheRef::from_raw(cache) })
    }

    unsafe fn fscache_add_cache(
        cache: *mut bindings::fscache_cache,
        ops: *const bindings::fscache_cache_ops,
        cache_priv: *mut c_void,
    ) -> c_int {
        // SAFETY: By the API, a cache that the caller acquired, and operations that may be called
        // until it relinquishes that.
        errno(unsafe { cache::add(Cache::from_raw(cache), BackendTable::new(ops, cache_priv)) })
    }

    unsafe fn fscache_withdraw_cache(cache: *mut bindings::fscache_cache) {
        // SAFETY: By the API, a cache that the caller added.
        cache::withdraw(unsafe { Cache::from_raw(cache) })
    }

    unsafe fn fscache_io_error(cache: *mut bindings::fscache_cache) {
        // SAFETY: By the API, a cache that the caller added.
        cache::io_error(unsafe { Cache::from_raw(cache) })
    }

    unsafe fn fscache_withdraw_volume(volume: *mut bindings::fscache_volume) {
        // SAFETY: By the API, a volume that the caller holds a reference to.
        volume::withdraw(unsafe { Volume::from_raw(volume) })
    }

    unsafe fn fscache_try_get_volume(
        volume: *mut bindings::fscache_volume,
        why: bindings::fscache_volume_trace,
    ) -> *mut bindings::fscache_volume {
        // SAFETY: By the API, a volume that is not freed before the backend lets it.
        let volume = unsafe { Volume::from_raw(volume) };
        VolumeRef::try_get(volume, Some(VolumeWhy::from_raw(why)))
            .map_or(ptr::null_mut(), VolumeRef::into_raw)
    }

    unsafe fn fscache_put_volume(
        volume: *mut bindings::fscache_volume,
        why: bindings::fscache_volume_trace,
    ) {
        if !volume.is_null() {
            // SAFETY: By the API, a reference of the caller's.
            unsafe { VolumeRef::from_raw(volume) }.put(VolumeWhy::from_raw(why))
        }
    }

    unsafe fn fscache_end_volume_access(
        volume: *mut bindings::fscache_volume,
        cookie: *mut bindings::fscache_cookie,
        why: bindings::fscache_access_trace,
    ) {
        // SAFETY: By the API, a volume that the caller holds an access to, and a cookie or null.
        let (volume, cookie) = unsafe {
            (
                Volume::from_raw(volume),
                if cookie.is_null() {
                    0
                } else {
                    Cookie::from_raw(cookie).debug_id()
                },
            )
        };
        VolumeAccess::resume(volume, cookie).end(AccessWhy::from_raw(why))
    }

    unsafe fn fscache_get_cookie(
        cookie: *mut bindings::fscache_cookie,
        why: bindings::fscache_cookie_trace,
    ) -> *mut bindings::fscache_cookie {
        // SAFETY: By the API, a cookie that somebody holds a reference to.
        CookieRef::get(unsafe { Cookie::from_raw(cookie) }, CookieWhy::from_raw(why)).into_raw()
    }

    unsafe fn fscache_put_cookie(
        cookie: *mut bindings::fscache_cookie,
        why: bindings::fscache_cookie_trace,
    ) {
        // SAFETY: By the API, a reference of the caller's.
        unsafe { CookieRef::from_raw(cookie.cast()) }.put(CookieWhy::from_raw(why))
    }

    unsafe fn fscache_end_cookie_access(
        cookie: *mut bindings::fscache_cookie,
        why: bindings::fscache_access_trace,
    ) {
        // SAFETY: By the API, a cookie that the caller holds an access to.
        CookieAccess::resume(unsafe { Cookie::from_raw(cookie) }).end(AccessWhy::from_raw(why))
    }

    unsafe fn fscache_withdraw_cookie(cookie: *mut bindings::fscache_cookie) {
        // SAFETY: By the API, a cookie that the caller holds a reference to.
        cookie::withdraw(unsafe { Cookie::from_raw(cookie) })
    }

    unsafe fn fscache_cookie_lookup_negative(cookie: *mut bindings::fscache_cookie) {
        // SAFETY: By the API, the cookie that is being looked up.
        cookie::report(unsafe { Cookie::from_raw(cookie) }, Event::LookedUpNegative)
    }

    unsafe fn fscache_resume_after_invalidation(cookie: *mut bindings::fscache_cookie) {
        // SAFETY: By the API, the cookie that is being invalidated.
        cookie::report(unsafe { Cookie::from_raw(cookie) }, Event::Invalidated)
    }

    unsafe fn fscache_caching_failed(cookie: *mut bindings::fscache_cookie) {
        // SAFETY: By the API, a cookie that the caller has an object of.
        cookie::report(unsafe { Cookie::from_raw(cookie) }, Event::CachingFailed)
    }

    unsafe fn fscache_wait_for_operation(
        cres: *mut bindings::netfs_cache_resources,
        state: bindings::fscache_want_state,
    ) -> bool {
        // SAFETY: By the API, resources of an operation that has begun.
        io::wait_for(unsafe { Resources::from_raw(cres) }, Want::from_raw(state))
    }
}

// What netfs calls: its part of what was one module. The prototypes are in include/helpers.h.
exports! {
    unsafe fn fscache_stats_show(m: *mut bindings::seq_file) -> c_int {
        // SAFETY: netfs gives the file that it was given.
        stats::show(unsafe { SeqFile::from_raw(m) });
        0
    }

    unsafe fn fscache_proc_init() -> c_int {
        errno(fscache().add_proc_files(proc::Files::new()))
    }

    unsafe fn fscache_proc_cleanup() {
        fscache().remove_proc_files()
    }
}

/// The kernel's way to return a result.
fn errno(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}
