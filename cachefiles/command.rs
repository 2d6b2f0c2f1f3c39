// SPDX-License-Identifier: GPL-2.0-only

//! The grammar of `/dev/cachefiles`: pure.
//!
//! One `write()` carries one command: a word, white space, an argument that reaches to the end of
//! the line. This file says what the bytes mean and which error answers bytes that mean nothing;
//! it knows no kernel type, so that tests can feed it everything.
//!
//! An argument is checked by the command that takes it (see [`percent`], [`mask`],
//! [`is_plain_name`]) and not while the line is parsed: what a daemon is told first when several
//! things are wrong at once, for example that the cache is dead, is part of the protocol.

/// Why a line, or an argument, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The bytes are malformed (`EINVAL`).
    Invalid,
    /// There is no such command (`EOPNOTSUPP`).
    Unknown,
}

/// One of the three thresholds of a [`Resource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// Culling ends when at least this much is free.
    Run,
    /// Culling begins when less than this much is free.
    Cull,
    /// Nothing is allocated when less than this much is free.
    Stop,
}

/// What the thresholds are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Blocks of the backing filesystem.
    Blocks,
    /// Files (inodes) of the backing filesystem.
    Files,
}

/// The first word of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Bring the cache online.
    Bind,
    /// Set a limit, in percent.
    Limit(Resource, Threshold),
    /// Remove an object, or a directory, that nobody uses.
    Cull,
    /// Set the debugging mask.
    Debug,
    /// Name the directory that holds the cache.
    Dir,
    /// Ask whether an object is in use.
    Inuse,
    /// Set the security context to act under.
    Secctx,
    /// Name the cache.
    Tag,
    /// An option of the daemon's configuration file that the daemon passes on although it is none
    /// of the kernel's business (`nocull`, `resume_thresholds`): accepted, without effect.
    DaemonOption,
}

/// Every word that the device knows.
const VERBS: [(&[u8], Verb); 15] = [
    (b"bind", Verb::Bind),
    (b"brun", Verb::Limit(Resource::Blocks, Threshold::Run)),
    (b"bcull", Verb::Limit(Resource::Blocks, Threshold::Cull)),
    (b"bstop", Verb::Limit(Resource::Blocks, Threshold::Stop)),
    (b"cull", Verb::Cull),
    (b"debug", Verb::Debug),
    (b"dir", Verb::Dir),
    (b"frun", Verb::Limit(Resource::Files, Threshold::Run)),
    (b"fcull", Verb::Limit(Resource::Files, Threshold::Cull)),
    (b"fstop", Verb::Limit(Resource::Files, Threshold::Stop)),
    (b"inuse", Verb::Inuse),
    (b"secctx", Verb::Secctx),
    (b"tag", Verb::Tag),
    (b"nocull", Verb::DaemonOption),
    (b"resume_thresholds", Verb::DaemonOption),
];

/// A command: what to do, and the bytes to do it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    /// What to do.
    pub(crate) verb: Verb,
    /// Everything behind the white space that follows the word; may be empty, holds no NUL, and a
    /// newline only if it is a name.
    pub(crate) argument: &'a [u8],
}

/// White space, as the kernel's `isspace()` has it: ASCII's, and the no-break space of Latin-1.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0)
}

/// Whether a line's word takes the name of something in the cache.
fn is_about_a_name(line: &[u8]) -> bool {
    let word = line.split(|&byte| is_space(byte)).next();
    VERBS
        .iter()
        .any(|&(name, verb)| Some(name) == word && matches!(verb, Verb::Cull | Verb::Inuse))
}

/// Takes a written line apart.
///
/// A newline ends the line; only white space may follow it, as a second command would be lost. Else
/// it belongs to the name that [`Verb::Cull`] or [`Verb::Inuse`] is about: a daemon passes on what
/// it finds in a folder, and does not survive `EINVAL`.
///
/// # Errors
///
/// - [`Refusal::Invalid`] if there is a NUL byte, if the line is empty but ended, or if something
///   follows the end of what is not about a name;
/// - [`Refusal::Unknown`] if the first word is none that is known. White space in front of it
///   makes it the empty word, which is not known.
pub(crate) fn parse(written: &[u8]) -> Result<Command<'_>, Refusal> {
    if written.contains(&0) {
        return Err(Refusal::Invalid);
    }

    let mut lines = written.splitn(2, |&byte| byte == b'\n');
    let mut line = lines.next().unwrap_or(&[]);
    if let Some(rest) = lines.next() {
        if line.is_empty() {
            return Err(Refusal::Invalid);
        }
        if !rest.iter().all(|&byte| is_space(byte)) {
            if !is_about_a_name(line) {
                return Err(Refusal::Invalid);
            }
            line = written.strip_suffix(b"\n").unwrap_or(written);
        }
    }

    let mut parts = line.splitn(2, |&byte| is_space(byte));
    let word = parts.next().unwrap_or(&[]);
    let mut argument = parts.next().unwrap_or(&[]);
    while let [first, rest @ ..] = argument {
        if !is_space(*first) {
            break;
        }
        argument = rest;
    }

    let (_, verb) = VERBS
        .iter()
        .find(|(name, _)| *name == word)
        .ok_or(Refusal::Unknown)?;
    Ok(Command {
        verb: *verb,
        argument,
    })
}

/// Digits of `base`, at least one, and nothing else.
fn number(digits: &[u8], base: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, &byte| {
        let digit = char::from(byte).to_digit(base)?;
        value
            .checked_mul(u64::from(base))?
            .checked_add(u64::from(digit))
    })
}

/// Reads a percentage: decimal digits and a percent sign, nothing else.
///
/// Any number that fits 64 bits is returned; whether it is one that makes sense is for `limits.rs`
/// to say.
///
/// # Errors
///
/// [`Refusal::Invalid`] for everything else.
pub(crate) fn percent(argument: &[u8]) -> Result<u64, Refusal> {
    match argument {
        [digits @ .., b'%'] => number(digits, 10).ok_or(Refusal::Invalid),
        _ => Err(Refusal::Invalid),
    }
}

/// Reads a mask of 32 bits: decimal, hexadecimal behind `0x`, or octal behind `0`.
///
/// # Errors
///
/// [`Refusal::Invalid`] if that is not what the argument is, or if it does not fit.
pub(crate) fn mask(argument: &[u8]) -> Result<u32, Refusal> {
    let value = match argument {
        [b'0', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'0', _, ..] => number(argument, 8),
        _ => number(argument, 10),
    };
    value
        .and_then(|value| u32::try_from(value).ok())
        .ok_or(Refusal::Invalid)
}

/// Whether the argument may name an entry of the caller's current directory.
pub(crate) fn is_plain_name(argument: &[u8]) -> bool {
    !argument.contains(&b'/')
}
