// SPDX-License-Identifier: GPL-2.0-only

//! Cookies: making and freeing one.

use super::{
    alloc_zeroed,
    cookie::{
        INLINE_AUX,
        INLINE_KEY, //
    },
    free,
    Blob,
    Cookie,
    CookieRef,
    Volume, //
};
use crate::{
    bindings,
    callbacks,
    fscache,
    list::init_links,
    state::State,
    trace::{
        self,
        CookieWhy, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    prelude::*,
    sync::lock::{
        spinlock::SpinLockBackend,
        Backend, //
    },
};

/// A cookie that was just made: in no table, known to nobody.
pub(crate) struct NewCookie(CookieRef);

impl NewCookie {
    /// Makes a cookie with a reference count of one. `None` if there is no memory, or the key or
    /// the coherency data is too long. Sleeps.
    pub(crate) fn alloc(
        volume: &Volume,
        advice: u8,
        key: &[u8],
        aux: Blob<'_>,
        object_size: i64,
        debug_id: u32,
    ) -> Option<Self> {
        let aux_len = u8::try_from(aux.len()).ok()?;
        let key_len = u8::try_from(key.len()).ok()?;
        let cookie = fscache().cookies.slab().alloc_zeroed()?;
        let raw = cookie.cast::<bindings::fscache_cookie>().as_ptr();
        let long_key = if key.len() > INLINE_KEY {
            // Backends read the key in words.
            alloc_zeroed(key.len().next_multiple_of(4))
        } else {
            None
        };
        let long_aux = if usize::from(aux_len) > INLINE_AUX {
            alloc_zeroed(usize::from(aux_len))
        } else {
            None
        };
        if (key.len() > INLINE_KEY && long_key.is_none())
            || (usize::from(aux_len) > INLINE_AUX && long_aux.is_none())
        {
            // SAFETY: All three were allocated just now; nobody knows them.
            unsafe {
                if let Some(key_at) = long_key {
                    free(key_at);
                }
                if let Some(aux_at) = long_aux {
                    free(aux_at);
                }
                fscache().cookies.slab().free(cookie);
            }
            return None;
        }
        // SAFETY: The cookie is zeroed memory that nobody else knows. All that is not set here is
        // valid as zero. The key and coherency data go where their lengths say they are.
        unsafe {
            (*raw).debug_id = debug_id;
            (*raw).volume = volume.as_raw();
            (*raw).object_size = object_size;
            (*raw).state = State::Quiescent as i8;
            (*raw).advice = advice;
            (*raw).key_len = key_len;
            (*raw).aux_len = aux_len;
            (*raw).key_hash = crate::hash::hash(volume.key_hash(), key);
            (*Cookie::from_raw(raw).own_fields()).place = fscache().cookies.place(volume, key);
            let key_at = match long_key {
                Some(memory) => {
                    (&raw mut (*raw).__bindgen_anon_1)
                        .cast::<*mut u8>()
                        .write(memory.as_ptr());
                    memory.as_ptr()
                }
                None => (&raw mut (*raw).__bindgen_anon_1).cast::<u8>(),
            };
            ptr::copy_nonoverlapping(key.as_ptr(), key_at, key.len());
            if let Some(memory) = long_aux {
                (&raw mut (*raw).__bindgen_anon_2)
                    .cast::<*mut u8>()
                    .write(memory.as_ptr());
            }
            SpinLockBackend::init(
                &raw mut (*raw).lock,
                c"fscache_cookie".as_char_ptr(),
                kernel::static_lock_class!().as_ptr(),
            );
            init_links(&raw mut (*raw).commit_link);
            crate::workqueue::init_work(&raw mut (*raw).work, callbacks::cookie_work);
        }
        // SAFETY: Initialised above.
        let this = unsafe { Cookie::from_raw(raw) };
        this.update_aux(aux);
        this.refs().set(1);
        trace::see_cookie(this, CookieWhy::NewAcquire);
        Some(Self(CookieRef::own(cookie)))
    }

    /// The cookie.
    pub(crate) fn cookie(&self) -> &Cookie {
        &self.0
    }

    /// Makes the cookie known. The volume has a reference more by now, which the cookie owns.
    pub(crate) fn publish(self) -> CookieRef {
        self.0
    }

    /// Frees a cookie that was never made known.
    pub(crate) fn discard(self) {
        trace::see_cookie(&self.0, CookieWhy::Discard);
        let cookie: &Cookie = &ManuallyDrop::new(self.0);
        // SAFETY: This is the only reference, and nobody else knows the cookie.
        unsafe { free_cookie(NonNull::from(cookie)) };
    }
}

/// Frees a cookie's memory. Does not sleep.
///
/// # Safety
///
/// Nobody else may know the cookie.
pub(super) unsafe fn free_cookie(cookie: NonNull<Cookie>) {
    // SAFETY: By the function's contract.
    let this = unsafe { cookie.as_ref() };
    let (key, key_len) = (this.key().as_ptr().cast_mut(), this.key().len());
    let (aux, aux_len) = this.aux();
    // SAFETY: Allocated by `NewCookie::alloc()`; nobody uses them any more.
    unsafe {
        if key_len > INLINE_KEY {
            if let Some(key) = NonNull::new(key) {
                free(key);
            }
        }
        if aux_len > INLINE_AUX {
            if let Some(aux) = NonNull::new(aux) {
                free(aux);
            }
        }
        fscache().cookies.slab().free(cookie);
    }
}
