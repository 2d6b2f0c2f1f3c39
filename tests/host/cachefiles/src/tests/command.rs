// SPDX-License-Identifier: GPL-2.0-only

use crate::command::{Refusal::*, Resource::*, Threshold::*, Verb, *};
use proptest::prelude::*;

fn ok(line: &[u8]) -> (Verb, Vec<u8>) {
    let command = parse(line).expect("a command");
    (command.verb, command.argument.to_vec())
}

#[test]
fn words_of_the_protocol() {
    assert_eq!(ok(b"bind"), (Verb::Bind, vec![]));
    assert_eq!(ok(b"bind\n"), (Verb::Bind, vec![]));
    assert_eq!(ok(b"bind ondemand"), (Verb::Bind, b"ondemand".to_vec()));
    assert_eq!(ok(b"brun 7%"), (Verb::Limit(Blocks, Run), b"7%".to_vec()));
    assert_eq!(ok(b"bcull 5%"), (Verb::Limit(Blocks, Cull), b"5%".to_vec()));
    assert_eq!(ok(b"bstop 1%"), (Verb::Limit(Blocks, Stop), b"1%".to_vec()));
    assert_eq!(ok(b"frun 7%"), (Verb::Limit(Files, Run), b"7%".to_vec()));
    assert_eq!(ok(b"fcull 5%"), (Verb::Limit(Files, Cull), b"5%".to_vec()));
    assert_eq!(ok(b"fstop 1%"), (Verb::Limit(Files, Stop), b"1%".to_vec()));
    assert_eq!(
        ok(b"dir /var/cache/fscache"),
        (Verb::Dir, b"/var/cache/fscache".to_vec())
    );
    assert_eq!(ok(b"dir\t \t/x y "), (Verb::Dir, b"/x y ".to_vec()));
    assert_eq!(ok(b"cull Dfoo"), (Verb::Cull, b"Dfoo".to_vec()));
    assert_eq!(ok(b"inuse Dfoo"), (Verb::Inuse, b"Dfoo".to_vec()));
    assert_eq!(ok(b"tag mycache"), (Verb::Tag, b"mycache".to_vec()));
    assert_eq!(
        ok(b"secctx system_u:x"),
        (Verb::Secctx, b"system_u:x".to_vec())
    );
    assert_eq!(ok(b"debug 7"), (Verb::Debug, b"7".to_vec()));
    assert_eq!(ok(b"nocull"), (Verb::DaemonOption, vec![]));
    assert_eq!(
        ok(b"resume_thresholds 10 5"),
        (Verb::DaemonOption, b"10 5".to_vec())
    );
}

#[test]
fn refusals() {
    for unknown in [
        &b""[..],
        b" ",
        b" bind",
        b"Bind",
        b"bindx",
        b"bin",
        b"unbind",
        b"copen 1,2",
        b"\t",
    ] {
        assert_eq!(parse(unknown), Err(Unknown), "{unknown:?}");
    }
    for invalid in [
        &b"\n"[..],
        b"\nbind",
        b"bind\0",
        b"\0",
        b"bind\ndir /x",
        b"bind\n\0",
        b"cull\0\nx",
        b"cull D\nx\0",
        b"culls D\nx",
        b"\ncull D\nx",
    ] {
        assert_eq!(parse(invalid), Err(Invalid), "{invalid:?}");
    }
    assert!(parse(b"bind\n \n").is_ok());
}

/// What a daemon finds in a folder may be called anything.
#[test]
fn names_with_newlines() {
    assert_eq!(ok(b"inuse D\nx"), (Verb::Inuse, b"D\nx".to_vec()));
    assert_eq!(ok(b"cull Ia\nb\n"), (Verb::Cull, b"Ia\nb".to_vec()));
    assert_eq!(ok(b"cull D\nx\n\n"), (Verb::Cull, b"D\nx\n".to_vec()));
    assert_eq!(ok(b"cull D\ncull E"), (Verb::Cull, b"D\ncull E".to_vec()));
    assert_eq!(ok(b"cull\nD"), (Verb::Cull, b"D".to_vec()));
    assert_eq!(ok(b"cull D\n \n"), (Verb::Cull, b"D".to_vec()));
}

#[test]
fn every_percent() {
    for n in 0..=200u64 {
        assert_eq!(percent(format!("{n}%").as_bytes()), Ok(n));
        assert_eq!(percent(format!("{n}").as_bytes()), Err(Invalid));
        assert_eq!(percent(format!("{n}% ").as_bytes()), Err(Invalid));
        assert_eq!(percent(format!("{n}%%").as_bytes()), Err(Invalid));
        assert_eq!(percent(format!("-{n}%").as_bytes()), Err(Invalid));
        assert_eq!(percent(format!("+{n}%").as_bytes()), Err(Invalid));
        assert_eq!(percent(format!("0x{n}%").as_bytes()), Err(Invalid));
    }
    assert_eq!(percent(b"%"), Err(Invalid));
    assert_eq!(percent(b""), Err(Invalid));
    assert_eq!(percent(b"18446744073709551615%"), Ok(u64::MAX));
    assert_eq!(percent(b"18446744073709551616%"), Err(Invalid));
    assert_eq!(
        percent(b"18446744073709551623%"),
        Err(Invalid),
        "wraps to 7 in C"
    );
    assert_eq!(percent(b"007%"), Ok(7));
}

#[test]
fn masks() {
    assert_eq!(mask(b"0"), Ok(0));
    assert_eq!(mask(b"7"), Ok(7));
    assert_eq!(mask(b"010"), Ok(8));
    assert_eq!(mask(b"0x1F"), Ok(31));
    assert_eq!(mask(b"4294967295"), Ok(u32::MAX));
    for bad in [
        &b""[..],
        b"x",
        b"0x",
        b"08",
        b"4294967296",
        b"7 ",
        b"-1",
        b"0xg",
    ] {
        assert_eq!(mask(bad), Err(Invalid), "{bad:?}");
    }
}

/// The grammar once more, written the slow way.
fn model(line: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    if line.iter().any(|b| *b == 0) {
        return Err(Invalid);
    }
    let space = |b: u8| [9, 10, 11, 12, 13, 32, 160].contains(&b);
    let mut end = line.iter().position(|b| *b == 10);
    if let Some(at) = end {
        if at == 0 {
            return Err(Invalid);
        }
        if line[at + 1..].iter().any(|b| !space(*b)) {
            let word = line.iter().position(|b| space(*b)).unwrap();
            if ![&b"cull"[..], b"inuse"].contains(&&line[..word]) {
                return Err(Invalid);
            }
            end = (line[line.len() - 1] == 10).then(|| line.len() - 1);
        }
    }
    let line = &line[..end.unwrap_or(line.len())];
    let at = line.iter().position(|b| space(*b)).unwrap_or(line.len());
    let mut rest = at;
    while rest < line.len() && space(line[rest]) {
        rest += 1;
    }
    Ok((line[..at].to_vec(), line[rest..].to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_bytes(line in proptest::collection::vec(any::<u8>(), 0..80)) {
        match (parse(&line), model(&line)) {
            (Err(Invalid), m) => prop_assert_eq!(m, Err(Invalid)),
            (Err(Unknown), m) => { m.unwrap(); }
            (Ok(c), m) => prop_assert_eq!(c.argument.to_vec(), m.unwrap().1),
        }
    }

    #[test]
    fn any_argument(
        word in prop::sample::select(vec!["bind", "dir", "cull", "tag", "frun", "inuse"]),
        gap in "[ \t\x0b\x0c\r]{1,4}",
        arg in proptest::collection::vec(any::<u8>(), 0..40),
        newline in any::<bool>(),
    ) {
        let mut line = [word.as_bytes(), gap.as_bytes(), &arg].concat();
        if newline {
            line.push(b'\n');
        }
        match (parse(&line), model(&line)) {
            (Ok(c), Ok((w, a))) => {
                prop_assert_eq!(w, word.as_bytes());
                prop_assert_eq!(c.argument, &a[..]);
                prop_assert!(!c.argument.contains(&0));
                prop_assert!(["cull", "inuse"].contains(&word) || !c.argument.contains(&b'\n'));
                prop_assert_eq!(is_plain_name(c.argument), !a.contains(&b'/'));
            }
            (Err(Invalid), Err(Invalid)) => {}
            (got, want) => prop_assert!(false, "{:?} {:?}", got, want),
        }
    }

    #[test]
    fn numbers_never_panic(arg in proptest::collection::vec(any::<u8>(), 0..40), digits in "[0-9]{0,30}%?") {
        let _ = percent(&arg);
        let _ = mask(&arg);
        let want = digits.strip_suffix('%').and_then(|d| d.parse::<u64>().ok());
        prop_assert_eq!(percent(digits.as_bytes()).ok(), want);
    }
}
