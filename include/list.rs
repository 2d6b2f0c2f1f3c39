// SPDX-License-Identifier: GPL-2.0-only

//! A doubly linked list through a `list_head` of a C structure, which owns a reference to each of
//! its members.
//!
//! The kernel crate's `List` wants its links inside a Rust type; ours lie where the C layout has
//! them. Putting a member in moves the reference in, taking it out moves it out, so no count is
//! touched by hand. The list lies inside the lock that guards it, hence all methods that change it
//! take `&mut self`.

use crate::bindings::list_head;
use core::{
    marker::PhantomData,
    ptr, //
};

/// A pointer type that owns a reference to a [`Member`].
///
/// # Safety
///
/// `into_raw` gives up the reference and returns the member; `from_raw` takes it back; the member
/// lives while the reference is held.
pub(crate) unsafe trait Owner {
    /// What the list's members are.
    type Member: Member;

    /// Turns the reference into a pointer that must be turned back.
    fn into_raw(self) -> *const Self::Member;

    /// Turns a pointer back into the reference.
    ///
    /// # Safety
    ///
    /// `ptr` must come from [`Owner::into_raw`], and be turned back once.
    unsafe fn from_raw(ptr: *const Self::Member) -> Self;
}

/// Something that has links for one list.
///
/// # Safety
///
/// `links` returns links inside of the member that nothing but the list uses, and `from_links`
/// is its inverse.
pub(crate) unsafe trait Member {
    /// The member's links.
    fn links(&self) -> *mut list_head;

    /// The member whose links `links` are.
    ///
    /// # Safety
    ///
    /// `links` must be the links of a live member.
    unsafe fn from_links(links: *mut list_head) -> *const Self;
}

/// A list of references.
///
/// # Invariants
///
/// `first` and `last` are both null, or the ends of a chain of links of members that the list owns
/// a reference to each. The chain ends in null pointers. The links of whatever is not on a list
/// point to themselves.
pub(crate) struct RefList<R: Owner> {
    first: *mut list_head,
    last: *mut list_head,
    owns: PhantomData<R>,
}

// SAFETY: The list is a container of references that may themselves be sent.
unsafe impl<R: Owner + Send> Send for RefList<R> {}

/// Makes links be on no list.
///
/// # Safety
///
/// `links` must be valid for writes and on no list.
pub(crate) unsafe fn init_links(links: *mut list_head) {
    // SAFETY: By the function's contract.
    unsafe {
        (*links).next = links;
        (*links).prev = links;
    }
}

/// Is `member` on a list?
///
/// A hint for whoever does not hold the list's lock: it may be put on or taken off right now.
#[allow(dead_code)] // Each of the two modules uses its part.
#[inline]
pub(crate) fn is_on_a_list(member: &impl Member) -> bool {
    let links = member.links();
    // SAFETY: The links are valid as long as the member is; they change under us, hence volatile.
    unsafe { (&raw const (*links).next).read_volatile() != links }
}

#[allow(dead_code)] // Each of the two modules uses its part.
impl<R: Owner> RefList<R> {
    /// An empty list.
    pub(crate) const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            owns: PhantomData,
        }
    }

    /// Is the list empty?
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Is `member` on a list?
    ///
    /// All lists that it could be on are guarded by the lock that guards this one.
    pub(crate) fn contains(&self, member: &R::Member) -> bool {
        let links = member.links();
        // SAFETY: The links are valid as long as the member is, and guarded by this list's lock.
        unsafe { (*links).next != links }
    }

    /// Puts a member at the end. Gives the reference back if the member is on the list already.
    pub(crate) fn push_back(&mut self, owner: R) -> Result<(), R> {
        let member = owner.into_raw();
        // SAFETY: The reference that was just given up keeps the member alive.
        let links = unsafe { (*member).links() };
        // SAFETY: As above; links are guarded by this list's lock.
        if unsafe { (*links).next } != links {
            // SAFETY: Comes from `into_raw` above.
            return Err(unsafe { R::from_raw(member) });
        }
        // INVARIANT: The reference is the list's now, and the chain is extended by one.
        // SAFETY: `links` is valid as above; `last` is, if not null, by the invariant.
        unsafe {
            (*links).next = ptr::null_mut();
            (*links).prev = self.last;
            if self.last.is_null() {
                self.first = links;
            } else {
                (*self.last).next = links;
            }
        }
        self.last = links;
        Ok(())
    }

    /// Takes a member out, if it is in.
    pub(crate) fn remove(&mut self, member: &R::Member) -> Option<R> {
        if !self.contains(member) {
            return None;
        }
        let links = member.links();
        // INVARIANT: The neighbours, or the ends, are joined; the links point to themselves.
        // SAFETY: By the invariant the neighbours are valid or null.
        unsafe {
            let (next, prev) = ((*links).next, (*links).prev);
            if next.is_null() {
                self.last = prev;
            } else {
                (*next).prev = prev;
            }
            if prev.is_null() {
                self.first = next;
            } else {
                (*prev).next = next;
            }
            init_links(links);
        }
        // SAFETY: The list owned a reference to the member, which it gives up here.
        Some(unsafe { R::from_raw(R::Member::from_links(links)) })
    }

    /// The first member.
    pub(crate) fn first(&self) -> Option<&R::Member> {
        if self.first.is_null() {
            return None;
        }
        // SAFETY: By the invariant, and the reference that the list owns keeps the member alive.
        Some(unsafe { &*R::Member::from_links(self.first) })
    }

    /// Takes the first member out.
    pub(crate) fn pop_front(&mut self) -> Option<R> {
        let first: *const R::Member = self.first()?;
        // SAFETY: Just returned by `first()`, and `remove()` only gives its reference to us.
        self.remove(unsafe { &*first })
    }
}
