// SPDX-License-Identifier: GPL-2.0-only

//! The tables of cookies and of volumes.
//!
//! A table is cut into shards by the low bits of the hash. Each shard has a lock of its own and a
//! vector of chains that doubles when the shard fills, so neither a fixed size nor a common lock
//! limits how many there can be. Members are chained through a pointer of their own; the table
//! holds no reference to them: whoever gives up the last takes the member out first.
//!
//! The shard locks are innermost: nothing else is taken under them, and nothing sleeps.

use crate::spinlock::{
    new_spinlock,
    SpinLock, //
};
use core::{
    cell::UnsafeCell,
    ptr, //
};
use kernel::prelude::*;

/// How many shards a table has; a power of two.
const SHARDS: usize = 256;

/// A shard doubles its chains when they hold this many members on average: a pointer for each eight
/// to sixteen members is next to no memory.
const MAX_LOAD: usize = 16;

/// The pointer through which a member is chained. Guarded by the lock of the member's shard.
#[repr(transparent)]
pub(crate) struct Link<T>(UnsafeCell<*const T>);

impl<T> Link<T> {
    /// Adopts a pointer in a C structure.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid for all of `'a`, and used by nothing but the table.
    pub(crate) unsafe fn from_ptr<'a>(ptr: *mut *const T) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }
}

/// A member of a table.
///
/// # Safety
///
/// `hash` never changes, `link` is always the same, and the member lives until it was removed.
pub(crate) unsafe trait Node: Sized {
    /// The hash of the member's key.
    fn hash(&self) -> u32;

    /// The member's chaining pointer.
    fn link(&self) -> &Link<Self>;
}

/// A part of a table.
///
/// # Invariants
///
/// Each of `chains`, a power of two of them, is a chain of live members that ends in null.
struct Shard<T> {
    chains: KVVec<*const T>,
    members: usize,
}

// SAFETY: The pointers are only followed under the shard's lock.
unsafe impl<T: Sync> Send for Shard<T> {}

impl<T: Node> Shard<T> {
    /// The chain that `hash` belongs to.
    fn chain_of(&mut self, hash: u32) -> Option<&mut *const T> {
        let mask = self.chains.len().wrapping_sub(1);
        self.chains.get_mut((hash as usize / SHARDS) & mask)
    }

    /// The members of the chain that begins at `first`.
    fn walk<'a>(first: *const T) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        let mut next = first;
        core::iter::from_fn(move || {
            // SAFETY: By the shard's invariant, null or a live member; the shard's lock is held.
            let node = unsafe { next.as_ref()? };
            // SAFETY: The shard's lock is held.
            next = unsafe { *node.link().0.get() };
            Some(node)
        })
    }

    /// Puts a member at the beginning of its chain.
    fn push(&mut self, node: &T) -> bool {
        let Some(chain) = self.chain_of(node.hash()) else {
            return false;
        };
        // SAFETY: The shard's lock is held.
        unsafe { *node.link().0.get() = *chain };
        *chain = node;
        self.members = self.members.wrapping_add(1);
        true
    }

    /// Takes a member out of its chain.
    fn remove(&mut self, node: &T) -> bool {
        let Some(chain) = self.chain_of(node.hash()) else {
            return false;
        };
        // SAFETY: The shard's lock is held, here and below.
        let after = unsafe { *node.link().0.get() };
        if ptr::eq(*chain, node) {
            *chain = after;
        } else {
            let Some(before) = Self::walk(*chain).find(|before| {
                // SAFETY: As above.
                ptr::eq(unsafe { *before.link().0.get() }, node)
            }) else {
                return false;
            };
            // SAFETY: As above.
            unsafe { *before.link().0.get() = after };
        }
        self.members = self.members.wrapping_sub(1);
        true
    }

    /// Is it time to double?
    fn is_full(&self) -> bool {
        self.members / MAX_LOAD >= self.chains.len()
    }

    /// Moves all members to new chains, and returns the old ones to be freed without the lock.
    fn rehash(&mut self, chains: KVVec<*const T>) -> KVVec<*const T> {
        if chains.len() <= self.chains.len() {
            // Somebody was quicker.
            return chains;
        }
        let old = core::mem::replace(&mut self.chains, chains);
        self.members = 0;
        for first in &old {
            let mut next = *first;
            // SAFETY: By the invariant, null or a live member; the lock is held.
            while let Some(node) = unsafe { next.as_ref() } {
                // Read before `push()` changes it.
                // SAFETY: The lock is held.
                next = unsafe { *node.link().0.get() };
                self.push(node);
            }
        }
        old
    }
}

/// New, empty chains.
fn new_chains<T>(len: usize) -> Result<KVVec<*const T>> {
    let mut chains = KVVec::with_capacity(len, GFP_KERNEL)?;
    for _ in 0..len {
        chains.push(ptr::null(), GFP_KERNEL)?;
    }
    Ok(chains)
}

/// A place in a table, for going through it piece by piece. Orders shards, then chains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    const CHAIN_SHIFT: u32 = 12;
    /// A chain may be longer, when there was no memory for more chains; nobody sees the rest then.
    const MEMBERS: usize = 1 << Self::CHAIN_SHIFT;
    const SHARD_SHIFT: u32 = 48;

    /// A place from the number that [`Place::raw`] returned.
    pub(crate) fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// A number that stands for the place.
    pub(crate) fn raw(self) -> u64 {
        self.0
    }

    fn new(shard: usize, chain: usize, member: usize) -> Self {
        Self(
            (shard as u64) << Self::SHARD_SHIFT
                | (chain as u64) << Self::CHAIN_SHIFT
                | member as u64,
        )
    }

    fn split(self) -> (usize, usize, usize) {
        let chain_mask = (1u64 << (Self::SHARD_SHIFT - Self::CHAIN_SHIFT)) - 1;
        (
            (self.0 >> Self::SHARD_SHIFT) as usize,
            (self.0 >> Self::CHAIN_SHIFT & chain_mask) as usize,
            (self.0 & ((1u64 << Self::CHAIN_SHIFT) - 1)) as usize,
        )
    }
}

/// A hash table of members that live elsewhere.
pub(crate) struct Table<T: Node> {
    shards: KVec<Pin<KBox<SpinLock<Shard<T>>>>>,
}

impl<T: Node> Table<T> {
    /// An empty table that begins with `chains` chains in all, a power of two no less than
    /// [`SHARDS`]. Sleeps.
    pub(crate) fn new(chains: usize) -> Result<Self> {
        let mut shards = KVec::with_capacity(SHARDS, GFP_KERNEL)?;
        for _ in 0..SHARDS {
            let shard = Shard {
                chains: new_chains(chains / SHARDS)?,
                members: 0,
            };
            shards.push(
                KBox::pin_init(new_spinlock!(shard, "fscache_table"), GFP_KERNEL)?,
                GFP_KERNEL,
            )?;
        }
        Ok(Self { shards })
    }

    fn shard(&self, hash: u32) -> Option<&SpinLock<Shard<T>>> {
        // `SHARDS` is a power of two and the table's length.
        self.shards
            .get(hash as usize % SHARDS)
            .map(|shard| &**shard)
    }

    /// Puts a member in, unless `clash` finds a reason against it in one that is there.
    ///
    /// `clash` is called with members of the same hash, and `inserted` when the member is in, both
    /// under the shard's lock. Sleeps, before or after that, if the shard is to grow.
    pub(crate) fn insert<R>(
        &self,
        node: &T,
        mut clash: impl FnMut(&T) -> Option<R>,
        inserted: impl FnOnce(),
    ) -> Result<(), R> {
        let Some(shard_lock) = self.shard(node.hash()) else {
            return Ok(());
        };
        let grow_to = {
            let mut shard = shard_lock.lock();
            if let Some(chain) = shard.chain_of(node.hash()) {
                let reason = Shard::walk(*chain)
                    .filter(|other| other.hash() == node.hash())
                    .find_map(&mut clash);
                if let Some(reason) = reason {
                    return Err(reason);
                }
            }
            shard.push(node);
            inserted();
            if shard.is_full() {
                shard.chains.len().checked_mul(2)
            } else {
                None
            }
        };
        // Without memory the chains only become longer.
        if let Some(chains) = grow_to.and_then(|len| new_chains(len).ok()) {
            let old = shard_lock.lock().rehash(chains);
            drop(old);
        }
        Ok(())
    }

    /// Takes a member out; false if it was not in. `removed` is called under the shard's lock.
    pub(crate) fn remove(&self, node: &T, removed: impl FnOnce()) -> bool {
        let Some(shard) = self.shard(node.hash()) else {
            return false;
        };
        let mut shard = shard.lock();
        let found = shard.remove(node);
        if found {
            removed();
        }
        found
    }

    /// Is there a member of this hash that `wanted` accepts? It is called under a shard's lock.
    pub(crate) fn any(&self, hash: u32, wanted: impl FnMut(&T) -> bool) -> bool {
        let Some(shard) = self.shard(hash) else {
            return false;
        };
        let mut shard = shard.lock();
        match shard.chain_of(hash) {
            Some(chain) => Shard::walk(*chain)
                .filter(|node| node.hash() == hash)
                .any(wanted),
            None => false,
        }
    }

    /// Calls `take` with one member after the other, from `place` on, until it takes one; returns
    /// what it took and where. `take` is called under a shard's lock.
    ///
    /// While members come and go, one may be met twice or not at all.
    pub(crate) fn find_from<R>(
        &self,
        place: Place,
        mut take: impl FnMut(&T) -> Option<R>,
    ) -> Option<(Place, R)> {
        let (first_shard, first_chain, first_member) = place.split();
        for (at, shard) in self.shards.iter().enumerate().skip(first_shard) {
            let from_chain = if at == first_shard { first_chain } else { 0 };
            let shard = shard.lock();
            for (chain_at, chain) in shard.chains.iter().enumerate().skip(from_chain) {
                let from_member = if at == first_shard && chain_at == first_chain {
                    first_member
                } else {
                    0
                };
                let members = Shard::walk(*chain).enumerate().take(Place::MEMBERS);
                for (member_at, node) in members.skip(from_member) {
                    if let Some(taken) = take(node) {
                        return Some((Place::new(at, chain_at, member_at), taken));
                    }
                }
            }
        }
        None
    }

    /// Is the table empty?
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.lock().members == 0)
    }
}
