// SPDX-License-Identifier: GPL-2.0-only

//! A number under `/proc/sys`.

use crate::atomic::Atomic;
use crate::bindings;
use core::ptr::NonNull;
use kernel::prelude::*;

/// A registered entry. Dropping it takes the entry away.
///
/// # Invariants
///
/// `header` is that of `_table`, which is registered.
pub(crate) struct Sysctl {
    header: NonNull<bindings::ctl_table_header>,
    _table: KBox<bindings::ctl_table>,
}

// SAFETY: The kernel may use an entry from any thread; its owner only drops it.
unsafe impl Send for Sysctl {}
// SAFETY: As above.
unsafe impl Sync for Sysctl {}

impl Sysctl {
    /// Lets the administrator write, and everybody read, `value` as `/proc/sys/<folder>/<name>`.
    pub(crate) fn new(
        folder: &'static CStr,
        name: &'static CStr,
        value: &'static Atomic<u32>,
    ) -> Result<Self> {
        let table = KBox::new(
            bindings::ctl_table {
                procname: name.as_char_ptr(),
                data: value.as_ptr().cast(),
                maxlen: core::mem::size_of::<u32>() as c_int,
                mode: 0o644,
                proc_handler: Some(bindings::proc_douintvec),
                ..Default::default()
            },
            GFP_KERNEL,
        )?;
        // SAFETY: The strings and the value live for ever, the table as long as `self`, which
        // unregisters it. The handler loads and stores the value whole.
        let header =
            unsafe { bindings::register_sysctl_sz(folder.as_char_ptr(), &raw const *table, 1) };
        // INVARIANT: Just registered.
        Ok(Self {
            header: NonNull::new(header).ok_or(ENOMEM)?,
            _table: table,
        })
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        // SAFETY: Registered, by the invariant.
        unsafe { bindings::unregister_sysctl_table(self.header.as_ptr()) };
    }
}
