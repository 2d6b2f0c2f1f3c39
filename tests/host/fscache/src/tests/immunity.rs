// SPDX-License-Identifier: GPL-2.0-only

//! Documentation/immunity.md says of each bug what keeps it out: that it says so of all of them,
//! and that the tests which it names exist, as those which immunity-cachefiles.md names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The numbers of the bugs, defects and invariants that were found before this was begun.
fn numbers() -> BTreeSet<String> {
    [
        ('O', 1..=9),
        ('R', 1..=22),
        ('R', 30..=52),
        ('R', 60..=70),
        ('D', 1..=26),
        ('I', 1..=18),
    ]
    .into_iter()
    .flat_map(|(letter, range)| range.map(move |n: u32| format!("{letter}{n}")))
    .collect()
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The numbers in a text, alone or as in `R30-R52`.
fn numbers_in(text: &str) -> Vec<String> {
    let known = numbers();
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        match word.split_once('-') {
            Some((first, last)) if known.contains(first) && known.contains(last) => {
                assert_eq!(first[..1], last[..1], "{word}");
                let n = |number: &str| number[1..].parse::<u32>().unwrap();
                found.extend((n(first)..=n(last)).map(|n| format!("{}{n}", &first[..1])));
            }
            _ => found.extend(known.get(word).cloned()),
        }
    }
    found
}

/// The tests of this crate, and of the one beside it.
fn tests() -> Vec<String> {
    let list = Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let mut tests: Vec<_> = list
        .lines()
        .filter_map(|line| Some(line.strip_suffix(": test")?.to_owned()))
        .collect();
    assert!(tests.len() > 50, "only {} tests", tests.len());
    for file in fs::read_dir(top().join("tests/host/structures/src/tests")).unwrap() {
        let path = file.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        let names = source
            .split("#[test]\nfn ")
            .skip(1)
            .filter_map(|rest| rest.split_once('('));
        tests.extend(names.map(|(name, _)| format!("tests::{module}::{name}")));
    }
    tests
}

/// Is it a case, of the virtual machines?
fn is_a_case(name: &str) -> bool {
    top().join(format!("tests/vm/cases/{name}.sh")).exists()
}

/// What is in backticks, and the word before it.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let mut parts = text.split('`');
    let mut found = Vec::new();
    while let (Some(before), Some(quoted)) = (parts.next(), parts.next()) {
        let word = before.trim_end_matches([' ', '\n']);
        let word = word.rsplit([' ', '\n', '|', '(']).next().unwrap_or("");
        found.push((word, quoted));
    }
    found
}

/// Is it the name of a test, and not of something in the module?
fn is_a_test(name: &str) -> bool {
    name.contains("::")
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == ':')
}

#[test]
fn is_complete() {
    let text = read("Documentation/immunity.md");
    let scenarios = read("tests/exerciser/drive/scenarios.c");
    let phases = read("tests/exerciser/drive/main.c");
    let tests = tests();

    // Each number is in one row, or among those that are not fscache's.
    let (ours, others) = text.split_once("## Not fscache's").unwrap();
    let mut rows = BTreeMap::new();
    for row in ours.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        for number in numbers_in(cells[0]) {
            assert_eq!(cells.len(), 3, "{row}");
            assert!(!cells[2].is_empty(), "nothing is said of {number}");
            assert!(
                rows.insert(number.clone(), row).is_none(),
                "{number} is there twice"
            );
        }
    }
    let others: BTreeSet<_> = numbers_in(others).into_iter().collect();
    for number in numbers() {
        assert!(
            rows.contains_key(&number) != others.contains(&number),
            "{number} is missing, or both fscache's and not"
        );
    }

    // Whatever is named exists.
    let mut named = 0;
    for (word, name) in quoted(&text) {
        let exists = match word.trim_start_matches(',') {
            "scenario" => scenarios.contains(&format!("{{ \"{name}\",")),
            "phase" => phases.contains(&format!("\"{name}\"")),
            "case" => is_a_case(name),
            _ if is_a_test(name) => tests
                .iter()
                .any(|test| test.ends_with(&format!("::{name}"))),
            _ => continue,
        };
        assert!(
            exists,
            "{name} is named (as \"{word} ...\"), and does not exist"
        );
        named += 1;
    }
    assert!(named > 80, "only {named} are named");

    // And each fault that is put in is said to be.
    for test in tests {
        for module in ["bugs_of_old_are_seen::", "without_bounds::"] {
            if let Some((_, name)) = test.split_once(module) {
                assert!(
                    text.contains(&format!("{module}{name}`")),
                    "{test} is not named"
                );
            }
        }
    }
}

/// What it says of fscache's bugs is checked above; this one is about all others.
#[test]
fn of_cachefiles_names_what_exists() {
    let text = read("Documentation/immunity-cachefiles.md");
    let tests = |module: &str| {
        let file = format!("tests/host/cachefiles/src/tests/{module}.rs");
        fs::read_to_string(top().join(file)).ok()
    };
    let (mut named, mut words) = (0, ("", ""));
    for (word, name) in quoted(&text) {
        // "cases `a`, `b`" and "`module::a`, `b`" name more than one.
        words = match word {
            "," | "and" => words,
            _ => (word, name),
        };
        let exists = match words {
            ("case" | "cases", _) => is_a_case(name),
            (_, first) if is_a_test(first) => {
                let (module, first) = first.split_once("::").unwrap();
                // Others are functions of the module itself.
                let Some(tests) = tests(module) else {
                    continue;
                };
                let test = if words.1 == name { first } else { name };
                tests.contains(&format!("fn {test}("))
            }
            _ => continue,
        };
        assert!(exists, "{name} is named, and does not exist");
        named += 1;
    }
    assert!(named > 50, "only {named} are named");
    for number in numbers().iter().filter(|number| number.starts_with('D')) {
        let fscache = numbers_in(&read("Documentation/immunity.md"));
        assert!(
            fscache.contains(number) || numbers_in(&text).contains(number),
            "{number} is in neither"
        );
    }
}
