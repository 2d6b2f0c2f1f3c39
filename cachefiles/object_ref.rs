// SPDX-License-Identifier: GPL-2.0-only

//! References to objects, each with the reason that a trace of it shows.

use crate::{
    bindings::list_head,
    jar::Ref,
    list::{
        init_links,
        Member, //
    },
    object::Object,
    trace::{
        self,
        RefWhy, //
    },
};
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// What links an object into its cache's list of them.
#[pin_data]
pub(crate) struct Links {
    #[pin]
    links: Opaque<list_head>,
}

// SAFETY: Only what holds the list's lock follows the pointers.
unsafe impl Send for Links {}
// SAFETY: As above.
unsafe impl Sync for Links {}

impl Links {
    /// Links that are on no list.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: The slot is valid for writes.
            links <- Opaque::ffi_init(|slot| unsafe { init_links(slot) }),
        })
    }
}

// SAFETY: An object's links are a part of it, used for its cache's list.
unsafe impl Member for Object {
    fn links(&self) -> *mut list_head {
        self.links.links.get()
    }

    unsafe fn from_links(links: *mut list_head) -> *const Self {
        let links: *mut Opaque<list_head> = links.cast();
        // SAFETY: By the function's contract.
        let links = unsafe { kernel::container_of!(links, Links, links) };
        // SAFETY: As above.
        unsafe { kernel::container_of!(links, Object, links) }
    }
}

/// A reference to an object. Dropping the last one sleeps.
pub(crate) type ObjectRef = Ref<Object>;

/// Traces that an object was seen.
pub(crate) fn see(object: &ObjectRef, why: RefWhy) {
    trace::object_ref(
        object.debug_id(),
        object.cookie().debug_id(),
        object.count(),
        why,
    );
}

/// Gives a reference back. Sleeps if it is the last one.
pub(crate) fn put(object: ObjectRef, why: RefWhy) {
    let (id, cookie) = (object.debug_id(), object.cookie().debug_id());
    object.put(|count| trace::object_ref(id, cookie, count, why));
}

/// The reference of an I/O to its object. May be dropped in any context.
pub(crate) struct IoRef(Option<ObjectRef>);

impl IoRef {
    /// Gets a reference for an I/O.
    pub(crate) fn new(object: &ObjectRef) -> Self {
        let reference = object.get();
        let before = reference.count().wrapping_sub(1);
        trace::object_ref(
            object.debug_id(),
            object.cookie().debug_id(),
            before,
            RefWhy::GetIoreq,
        );
        Self(Some(reference))
    }

    /// The object.
    pub(crate) fn object(&self) -> Option<&Object> {
        self.0.as_deref()
    }
}

impl Drop for IoRef {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            let (id, cookie) = (object.debug_id(), object.cookie().debug_id());
            // Its end sleeps; this may be an interrupt.
            object.put_later(|count| trace::object_ref(id, cookie, count, RefWhy::PutIoreq));
        }
    }
}
