// SPDX-License-Identifier: GPL-2.0-only

//! References to objects, each with the reason that a trace of it shows.

use crate::{
    jar::Ref,
    object::Object,
    trace::{
        self,
        RefWhy, //
    },
};

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
