// SPDX-License-Identifier: GPL-2.0-only

//! Statistics, of which nothing depends.

pub(crate) trait Counter {
    fn inc(&self);
    fn dec(&self);
}

pub(crate) struct Uncounted;

impl Counter for Uncounted {
    fn inc(&self) {}
    fn dec(&self) {}
}

macro_rules! counters {
    ($($name:ident)*) => {$( pub(crate) static $name: Uncounted = Uncounted; )*};
}
counters! {
    ACQUIRES ACQUIRES_OK ACQUIRES_OOM COOKIES COOKIES_LRU COOKIES_LRU_DROPPED
    COOKIES_LRU_EXPIRED COOKIES_LRU_REMOVED INVALIDATES RELINQUISHES RELINQUISHES_DROPPED
    RELINQUISHES_RETIRE RESIZES RESIZES_NULL UPDATES VOLUMES VOLUMES_COLLISION VOLUMES_NOMEM
}
