// SPDX-License-Identifier: GPL-2.0-only

//! The name of an object's file, kept for as long as the object.
//!
//! Most are some 50 bytes long: those lie in the object itself, as memory of their own would cost
//! more than all the writing.

use crate::key::ObjectName;
use kernel::prelude::*;

/// The longest name that lies in the object, in bytes. With what else there is it makes 64, which
/// are moved word by word.
const SHORT_MAX: usize = 62;

/// A name.
pub(super) enum FileName {
    /// The first `len` of these bytes.
    Short { len: u8, bytes: [u8; SHORT_MAX] },
    /// One that does not fit there.
    Long(KVec<u8>),
}

impl FileName {
    /// The name for the object with this key. May sleep.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG` if there is none; `ENOMEM`.
    pub(super) fn of(key: &[u8]) -> Result<Self> {
        let name = ObjectName::of(key).map_err(|_| ENAMETOOLONG)?;
        let mut bytes = [0; SHORT_MAX];
        if let Some(room) = bytes.get_mut(..name.len()) {
            name.write(room).map_err(|_| ENAMETOOLONG)?;
            return Ok(Self::Short {
                len: name.len() as u8,
                bytes,
            });
        }
        let mut bytes = KVec::from_elem(0, name.len(), GFP_KERNEL)?;
        name.write(&mut bytes).map_err(|_| ENAMETOOLONG)?;
        Ok(Self::Long(bytes))
    }
}

impl core::ops::Deref for FileName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or(&[]),
            Self::Long(bytes) => bytes,
        }
    }
}

const _: () = assert!(core::mem::size_of::<FileName>() == 64);
