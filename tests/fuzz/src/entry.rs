// SPDX-License-Identifier: GPL-2.0-only

//! How libFuzzer calls a target, and how a target takes its input apart.

/// Makes `$run`, a function of bytes, what libFuzzer calls with each input.
macro_rules! fuzz {
    ($run:path) => {
        /// What libFuzzer calls.
        #[no_mangle]
        extern "C" fn LLVMFuzzerTestOneInput(data: *const u8, len: usize) -> i32 {
            let input = if len == 0 {
                &[][..]
            } else {
                // SAFETY: libFuzzer passes `len` bytes, which stay as they are during the call.
                unsafe { core::slice::from_raw_parts(data, len) }
            };
            $run(input);
            0
        }
    };
}
pub(crate) use fuzz;

/// Takes up to `len` bytes off the front.
pub(crate) fn take<'a>(input: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(len.min(input.len()));
    *input = rest;
    taken
}

/// Takes a byte off the front; zero where there is none.
pub(crate) fn take_byte(input: &mut &[u8]) -> u8 {
    take(input, 1).first().copied().unwrap_or(0)
}
