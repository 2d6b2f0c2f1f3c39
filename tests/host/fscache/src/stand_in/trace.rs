// SPDX-License-Identifier: GPL-2.0-only

//! Trace points, which nobody looks at.

use crate::layout::{Cache, Cookie, Volume};

macro_rules! reasons {
    ($($type:ident { $($name:ident)* })*) => {$(
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum $type { $($name),* }
    )*};
}
reasons! {
    CookieWhy {
        Collision Discard Failed GetEndAccess GetHashCollision GetInvalWork GetLru GetUseWork
        NewAcquire PutHashCollision PutLru PutOverQueued PutRelinquish PutWork SeeActive
        SeeLruDiscard SeeLruDiscardClear SeeLruDoOne SeeRelinquish SeeWithdraw SeeWork
    }
    VolumeWhy {
        Collision Free GetCookie GetCreateWork GetHashCollision NewAcquire PutCookie PutCreateWork
        PutHashCollision PutRelinquish SeeCreateWork SeeHashWake WaitCreateWork
    }
    CacheWhy {
        GetAcquire NewAcquire PutAllocVolume PutCache PutPrepFailed PutRelinquish PutVolume
    }
    ActiveWhy { Use UseModify Unuse }
    AccessWhy {
        AcquireVolume AcquireVolumeEnd CachePin CacheUnpin IoNotLive IoRead IoResize IoWait
        IoWrite LookupCookie LookupCookieEnd LookupCookieEndFailed RelinquishVolume
        RelinquishVolumeEnd Unlive
    }
}

pub(crate) fn cache(_: u32, _: i32, _: CacheWhy) {}
pub(crate) fn volume(_: u32, _: i32, _: VolumeWhy) {}
pub(crate) fn cookie(_: u32, _: i32, _: CookieWhy) {}
pub(crate) fn see_volume(_: &Volume, _: VolumeWhy) {}
pub(crate) fn see_cookie(_: &Cookie, _: CookieWhy) {}
pub(crate) fn is_active_heard() -> bool {
    false
}
pub(crate) fn active(_: &Cookie, _: i32, _: ActiveWhy) {}
pub(crate) fn access_cache(_: &Cache, _: i32, _: AccessWhy) {}
pub(crate) fn access_volume(_: &Volume, _: u32, _: i32, _: AccessWhy) {}
pub(crate) fn access(_: &Cookie, _: i32, _: AccessWhy) {}
pub(crate) fn acquire(_: &Cookie) {}
pub(crate) fn relinquish(_: &Cookie, _: bool) {}
pub(crate) fn invalidate(_: &Cookie, _: i64) {}
pub(crate) fn resize(_: &Cookie, _: i64) {}
