// SPDX-License-Identifier: GPL-2.0-only

//! Memory that can be short, and that remembers what became of it.

use super::context;
use std::{
    alloc::Layout,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ptr::NonNull,
};

/// What fills memory that was freed.
const POISON: u8 = 0xa5;

struct Piece {
    layout: Layout,
    freed: bool,
}

thread_local! {
    static ALL: RefCell<BTreeMap<usize, Piece>> = const { RefCell::new(BTreeMap::new()) };
    /// How many allocations succeed before the one that does not.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// Does any succeed after that?
    static GONE: Cell<bool> = const { Cell::new(false) };
}

/// Lets an allocation fail, after so many that do not; and only that one.
pub(crate) fn fail_after(successes: usize) {
    LEFT.set(Some(successes));
    GONE.set(false);
}

/// From now on there is no memory.
pub(crate) fn none_left() {
    LEFT.set(Some(0));
    GONE.set(true);
}

/// There is memory again. Was there none when somebody asked?
pub(crate) fn enough() -> bool {
    LEFT.replace(None).is_none() || GONE.replace(false)
}

/// May an allocation succeed? One that sleeps.
#[track_caller]
pub(crate) fn grant() -> bool {
    context::might_sleep();
    match LEFT.get() {
        None => true,
        Some(0) if GONE.get() => false,
        Some(0) => {
            LEFT.set(None);
            false
        }
        Some(left) => {
            LEFT.set(Some(left - 1));
            true
        }
    }
}

/// Allocates zeroed memory.
#[track_caller]
pub(crate) fn alloc(layout: Layout) -> Option<NonNull<u8>> {
    if !grant() {
        return None;
    }
    assert_ne!(layout.size(), 0);
    // SAFETY: The size is not zero.
    let memory = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }).unwrap();
    let piece = Piece {
        layout,
        freed: false,
    };
    ALL.with_borrow_mut(|all| all.insert(memory.as_ptr() as usize, piece));
    Some(memory)
}

/// Frees memory, which is said to be of this layout, if anything is said.
#[track_caller]
pub(crate) fn free(memory: NonNull<u8>, layout: Option<Layout>) {
    ALL.with_borrow_mut(|all| {
        let piece = all
            .get_mut(&(memory.as_ptr() as usize))
            .expect("freed, and never allocated");
        assert!(!piece.freed, "freed twice");
        assert!(
            layout.is_none_or(|layout| layout == piece.layout),
            "freed as something else"
        );
        piece.freed = true;
        // SAFETY: It is allocated with this layout, until `check()`.
        unsafe { memory.as_ptr().write_bytes(POISON, piece.layout.size()) };
    });
}

/// How much is allocated, in pieces.
pub(crate) fn used() -> usize {
    ALL.with_borrow(|all| all.values().filter(|piece| !piece.freed).count())
}

/// Fails if anything is allocated, or was written to after it was freed.
#[track_caller]
pub(crate) fn check() {
    assert_eq!(used(), 0, "memory was never freed");
    for (at, piece) in ALL.take() {
        let memory = at as *mut u8;
        // SAFETY: Allocated in `alloc()`; nobody uses it any more.
        unsafe {
            let bytes = std::slice::from_raw_parts(memory, piece.layout.size());
            assert!(
                bytes.iter().all(|byte| *byte == POISON),
                "written to after it was freed"
            );
            std::alloc::dealloc(memory, piece.layout);
        }
    }
}
