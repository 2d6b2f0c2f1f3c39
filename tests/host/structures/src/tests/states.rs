// SPDX-License-Identifier: GPL-2.0-only

//! The states that lie in cookies as bytes.

use super::stage::{blob, Stage};
use crate::{cookie, state::State};

#[test]
fn of_bytes() {
    let stage = Stage::new();
    let volume = stage.volume(c"v");
    let cookie = cookie::acquire(&volume, 0, b"key", blob(b""), 1).unwrap();
    let set = |raw: i8| {
        // SAFETY: The cookie is alive, and nobody else uses it.
        unsafe { (*cookie.as_raw()).state = raw };
        cookie.state()
    };
    for (at, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(set(at as i8), state);
    }
    for raw in (i8::MIN..0).chain(10..=i8::MAX) {
        assert_eq!(set(raw), State::Dropped);
    }
    assert_eq!(set(0), State::Quiescent);
    cookie::relinquish(cookie, false);
    stage.give_up(volume);
    stage.end();
}
