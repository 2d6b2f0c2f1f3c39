// SPDX-License-Identifier: GPL-2.0-only

//! Host tests of fscache.

#[path = "../../../../fscache/hash.rs"]
mod hash;
#[path = "../../../../fscache/state.rs"]
mod state;

#[cfg(test)]
mod tests {
    mod exhaustive;
    mod hash;
    mod world;
}
