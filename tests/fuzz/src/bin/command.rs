// SPDX-License-Identifier: GPL-2.0-only

//! Any bytes as a command, compared with the grammar told once more in another way; and any
//! sequence of commands (a NUL between two) to the limits, which stay in order.
#![no_main]

#[path = "../../../../cachefiles/command.rs"]
mod command;
#[path = "../entry.rs"]
mod entry;
#[path = "../../../../cachefiles/limits.rs"]
mod limits;

use command::{Refusal, Resource, Threshold, Verb};
use limits::Percent;
use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

/// The words, with what they mean.
fn verb_of(word: &str) -> Option<Verb> {
    let threshold = |name: &str| match name {
        "run" => Some(Threshold::Run),
        "cull" => Some(Threshold::Cull),
        "stop" => Some(Threshold::Stop),
        _ => None,
    };
    Some(match word {
        "bind" => Verb::Bind,
        "cull" => Verb::Cull,
        "debug" => Verb::Debug,
        "dir" => Verb::Dir,
        "inuse" => Verb::Inuse,
        "secctx" => Verb::Secctx,
        "tag" => Verb::Tag,
        "nocull" | "resume_thresholds" => Verb::DaemonOption,
        _ => match (word.get(..1)?, threshold(word.get(1..)?)?) {
            ("b", threshold) => Verb::Limit(Resource::Blocks, threshold),
            ("f", threshold) => Verb::Limit(Resource::Files, threshold),
            _ => return None,
        },
    })
}

/// The grammar: the line as text of Latin-1, where each byte is one character.
fn reference(written: &[u8]) -> Result<(Verb, Vec<u8>), Refusal> {
    let text: String = written.iter().map(|&byte| char::from(byte)).collect();
    // Not `char::is_whitespace()`: that also has U+0085.
    let space = |c: char| " \t\n\u{b}\u{c}\r\u{a0}".contains(c);
    if text.contains('\0') {
        return Err(Refusal::Invalid);
    }
    let (line, rest) = match text.find('\n') {
        Some(0) => return Err(Refusal::Invalid),
        Some(end) => (&text[..end], &text[end..]),
        None => (&text[..], ""),
    };
    if rest.trim_matches(space) != "" {
        return Err(Refusal::Invalid);
    }
    let word = &line[..line.find(space).unwrap_or(line.len())];
    let argument = line[word.len()..].trim_start_matches(space);
    let verb = verb_of(word).ok_or(Refusal::Unknown)?;
    // Each of the characters was a byte.
    Ok((verb, argument.chars().map(|c| c as u8).collect()))
}

/// A number that fits 64 bits. (`parse()` alone would take a sign.)
fn digits(text: &str, radix: u32) -> Option<u64> {
    let all = text.chars().all(|c| c.is_digit(radix));
    all.then(|| u64::from_str_radix(text, radix).ok()).flatten()
}

fn percent(argument: &[u8]) -> Option<u64> {
    digits(std::str::from_utf8(argument).ok()?.strip_suffix('%')?, 10)
}

fn mask(argument: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(argument).ok()?;
    let value = if text.len() > 1 && text.starts_with('0') {
        match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(hex) => digits(hex, 16),
            None => digits(text, 8),
        }
    } else {
        digits(text, 10)
    };
    u32::try_from(value?).ok()
}

/// One line, and what its argument would be for each command that reads one.
fn check_line(written: &[u8]) -> Option<(Verb, Vec<u8>)> {
    let parsed = command::parse(written).map(|c| (c.verb, c.argument.to_vec()));
    assert_eq!(parsed, reference(written));
    let (verb, argument) = parsed.ok()?;
    assert!(!argument.contains(&0) && !argument.contains(&b'\n'));
    assert_eq!(command::percent(&argument).ok(), percent(&argument));
    assert_eq!(command::mask(&argument).ok(), mask(&argument));
    let parts = Path::new(OsStr::from_bytes(&argument)).components().count();
    assert!(parts < 2 || !command::is_plain_name(&argument));
    Some((verb, argument))
}

/// Gives a limit a value; what it refuses, it leaves as it was.
fn check_limit(limits: &mut Percent, threshold: Threshold, value: u64) {
    let seen = |limits: Percent| {
        let of = limits.of(10_000);
        (of.stop / 100, of.cull / 100, of.run / 100)
    };
    let (stop, cull, run) = seen(*limits);
    let (wanted, set) = match threshold {
        Threshold::Stop => ((value, cull, run), limits.set_stop(value)),
        Threshold::Cull => ((stop, value, run), limits.set_cull(value)),
        Threshold::Run => ((stop, cull, value), limits.set_run(value)),
    };
    let allowed = wanted.0 < wanted.1 && wanted.1 < wanted.2 && wanted.2 < 100;
    assert_eq!(set.is_ok(), allowed);
    assert_eq!(
        seen(*limits),
        if allowed { wanted } else { (stop, cull, run) }
    );
}

fn run(input: &[u8]) {
    check_line(input);
    let (mut files, mut blocks) = (Percent::DEFAULT, Percent::DEFAULT);
    for line in input.split(|&byte| byte == 0) {
        let Some((Verb::Limit(resource, threshold), argument)) = check_line(line) else {
            continue;
        };
        if let Ok(value) = command::percent(&argument) {
            let limits = match resource {
                Resource::Files => &mut files,
                Resource::Blocks => &mut blocks,
            };
            check_limit(limits, threshold, value);
        }
    }
}

entry::fuzz!(run);
