// SPDX-License-Identifier: GPL-2.0-only

//! Draws the state machine from the code, so that the picture in Documentation cannot go stale.

use super::exhaustive::{asked, worlds};
use crate::state::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;

/// What a decision can depend upon, in the order in which it is preferred as a guard.
const CONDITIONS: [(&str, usize); 12] = [
    ("DO_INVALIDATE", flags::DO_INVALIDATE),
    ("DO_PREP_TO_WRITE", flags::DO_PREP_TO_WRITE),
    ("accessed", 0),
    ("DO_RELINQUISH", flags::DO_RELINQUISH),
    ("DO_WITHDRAW", flags::DO_WITHDRAW),
    ("DO_LRU_DISCARD", flags::DO_LRU_DISCARD),
    ("RELINQUISHED", flags::RELINQUISHED),
    ("HAS_BEEN_CACHED", flags::HAS_BEEN_CACHED),
    ("LOCAL_WRITE", flags::LOCAL_WRITE),
    ("WRITER_WAITS", flags::WRITER_WAITS),
    ("WENT_ON", flags::WENT_ON),
    ("active", 0),
];

const FLAGS: [(&str, usize); 13] = [
    ("IS_CACHING", flags::IS_CACHING),
    ("NO_DATA_TO_READ", flags::NO_DATA_TO_READ),
    ("NEEDS_UPDATE", flags::NEEDS_UPDATE),
    ("HAS_BEEN_CACHED", flags::HAS_BEEN_CACHED),
    ("LOCAL_WRITE", flags::LOCAL_WRITE),
    ("DO_RELINQUISH", flags::DO_RELINQUISH),
    ("DO_WITHDRAW", flags::DO_WITHDRAW),
    ("DO_LRU_DISCARD", flags::DO_LRU_DISCARD),
    ("DO_PREP_TO_WRITE", flags::DO_PREP_TO_WRITE),
    ("DO_INVALIDATE", flags::DO_INVALIDATE),
    ("WRITER_WAITS", flags::WRITER_WAITS),
    ("WENT_ON", flags::WENT_ON),
    ("OF_OBJECT", flags::OF_OBJECT),
];

/// All events, as they are shown.
fn events() -> Vec<(&'static str, Event)> {
    let using = |modify, live| Event::Use {
        modify,
        live,
        patient: true,
    };
    let goes_on = |modify| Event::Use {
        modify,
        live: false,
        patient: false,
    };
    vec![
        ("Use (to read)", using(false, true)),
        ("Use (to write)", using(true, true)),
        ("Use (to read, no cache)", using(false, false)),
        ("Use (to write, no cache)", using(true, false)),
        ("Use (to read, goes on)", goes_on(false)),
        ("Use (to write, goes on)", goes_on(true)),
        ("Invalidate", Event::Invalidate),
        ("WantWithdraw", Event::WantWithdraw),
        ("Unused", Event::Unused),
        ("Relinquish", Event::Relinquish),
        ("Work", Event::Work),
        ("LookedUpNegative", Event::LookedUpNegative),
        ("LookedUp", Event::LookedUp),
        ("LookupFailed", Event::LookupFailed),
        ("Invalidated", Event::Invalidated),
        ("InvalidateFailed", Event::InvalidateFailed),
        ("CachingFailed", Event::CachingFailed),
        ("Withdrawn", Event::Withdrawn),
    ]
}

/// The snapshot in which just the conditions in `bits` hold.
fn snapshot(state: State, bits: usize) -> Snapshot {
    let mut now = Snapshot {
        state,
        flags: 0,
        accessed: false,
        active: false,
    };
    for (at, (name, flag)) in CONDITIONS.into_iter().enumerate() {
        if bits >> at & 1 != 0 {
            match name {
                "accessed" => now.accessed = true,
                "active" => now.active = true,
                _ => now.flags |= flag,
            }
        }
    }
    now
}

/// The inverse of [`snapshot`].
fn bits(now: &Snapshot) -> usize {
    let mut bits = 0;
    for (at, (name, flag)) in CONDITIONS.into_iter().enumerate() {
        let holds = match name {
            "accessed" => now.accessed,
            "active" => now.active,
            _ => now.flags & flag != 0,
        };
        bits |= usize::from(holds) << at;
    }
    bits
}

/// A guard, as the conditions that must hold or not, and the decision under it.
type Row = (Vec<(usize, bool)>, Decision);

/// The fewest guards that tell the decisions in `of` apart.
fn rows(of: &[(usize, Decision)], guard: &[(usize, bool)]) -> Vec<Row> {
    let Some(first) = of.first() else {
        return Vec::new();
    };
    if of.iter().all(|(_, decision)| *decision == first.1) {
        return vec![(guard.to_vec(), first.1)];
    }
    (0..CONDITIONS.len())
        .filter(|at| guard.iter().all(|(used, _)| used != at))
        .filter_map(|at| {
            let (with, without): (Vec<_>, Vec<_>) =
                of.iter().partition(|(bits, _)| bits >> at & 1 != 0);
            let kinds = |of: &[(usize, Decision)]| {
                let all: HashSet<String> = of.iter().map(|(_, d)| format!("{d:?}")).collect();
                all.len()
            };
            let split = kinds(&with) + kinds(&without);
            (split < 2 * kinds(of)).then_some((split, at, with, without))
        })
        .min_by_key(|(split, at, ..)| (*split, *at))
        .map(|(_, at, with, without)| {
            let mut all = Vec::new();
            for (half, holds) in [(with, true), (without, false)] {
                let mut guard = guard.to_vec();
                guard.push((at, holds));
                all.extend(rows(&half, &guard));
            }
            all
        })
        .expect("something tells them apart")
}

fn guard_name(guard: &[(usize, bool)]) -> String {
    let names: Vec<_> = guard
        .iter()
        .map(|(at, holds)| format!("{}{}", if *holds { "" } else { "not " }, CONDITIONS[*at].0))
        .collect();
    if names.is_empty() {
        "always".to_owned()
    } else {
        names.join(", ")
    }
}

fn flag_names(mut set: usize) -> String {
    let mut names = Vec::new();
    for (name, flag) in FLAGS.into_iter().rev() {
        if set & flag == flag {
            names.push(name);
            set &= !flag;
        }
    }
    assert_eq!(set, 0, "a flag without a name");
    names.reverse();
    names.join(" ")
}

fn action_name(action: Action) -> String {
    match action {
        Action::Withdraw { keep: true } => "Withdraw, and keep".to_owned(),
        Action::Withdraw { keep: false } => "Withdraw, and destroy".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The whole file.
fn picture() -> String {
    // What is really asked, in all that can happen.
    let mut come = HashSet::new();
    let mut moves: BTreeMap<(u8, u8), BTreeSet<String>> = BTreeMap::new();
    for world in worlds().all() {
        for (step, _) in world.work().into_iter().chain(world.others()) {
            let Some(event) = asked(&world, step) else {
                continue;
            };
            let now = world.snapshot();
            come.insert((now.state as u8, format!("{event:?}"), bits(&now)));
            let decision = decide(&now, event);
            if decision.state != now.state {
                let name = match event {
                    Event::Use { .. } => "Use".to_owned(),
                    Event::Work => match decision.state {
                        State::LruDiscarding => "Work (DO_LRU_DISCARD)".to_owned(),
                        State::Withdrawing => "Work (DO_WITHDRAW)".to_owned(),
                        State::Relinquishing => "Work (DO_RELINQUISH)".to_owned(),
                        _ => "Work".to_owned(),
                    },
                    other => format!("{other:?}"),
                };
                moves
                    .entry((now.state as u8, decision.state as u8))
                    .or_default()
                    .insert(name);
            }
        }
    }

    let mut out = String::from(
        "<!-- SPDX-License-Identifier: GPL-2.0-only -->\n\
         <!-- Made by the host tests from fscache/state.rs; do not edit. -->\n\
         # The life of a cookie\n\n\
         This is `decide()` of `fscache/state.rs`, asked about everything. A test fails when the \
         two differ; this writes the file anew:\n\n\
         \x20   cd tests/host/fscache && UPDATE=1 cargo test picture\n\n\
         ## The picture\n\n\
         The changes of state that can happen, and the events that make them.\n\n\
         ```mermaid\nstateDiagram-v2\n    [*] --> Quiescent: acquired\n",
    );
    let state = |raw: u8| State::ALL[usize::from(raw)];
    for ((from, to), names) in &moves {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let _ = writeln!(
            out,
            "    {:?} --> {:?}: {}",
            state(*from),
            state(*to),
            names.join(" / ")
        );
    }
    out.push_str(
        "    Dropped --> [*]: freed\n```\n\n\
         ## States and events\n\n\
         For each state, what every event leads to. The letter is the one in \
         `/proc/fs/fscache/cookies`. *Guard* is what must hold for the line to apply: flags of the \
         cookie, *accessed* (an operation uses the object), *active* (somebody has the file open). \
         *Set* and *cleared* are flags; `OF_OBJECT` stands for `NEEDS_UPDATE`, \
         `WRITER_WAITS`, `WENT_ON` and all requests but `DO_RELINQUISH` and `DO_INVALIDATE`, and what is in both columns is set. Events that cannot \
         come in a state are refused, and left out if nobody ever tries; a line in which *action* \
         is in brackets never applies to a cookie, whatever happens.\n",
    );
    let all = || 0..1usize << CONDITIONS.len();
    for now in State::ALL {
        let _ = write!(
            out,
            "\n### {now:?} (`{}`)\n\n| event | guard | next state | set | cleared | action |\n\
             |---|---|---|---|---|---|\n",
            now.letter()
        );
        let mut refused = Vec::new();
        for (name, event) in events() {
            // Whether there is a cache is asked only where it matters.
            let name = match event {
                Event::Use { patient: false, .. } if now != State::LruDiscarding => continue,
                Event::Use { patient: false, .. } => name.to_owned(),
                Event::Use { live: true, .. } if now != State::Quiescent => continue,
                Event::Use { .. } if now != State::Quiescent => name.replace(", no cache", ""),
                _ => name.to_owned(),
            };
            let name = name.as_str();
            let of: Vec<_> = all()
                .map(|bits| (bits, decide(&snapshot(now, bits), event)))
                .collect();
            let mut shown = name;
            let comes = |guard: &[(usize, bool)]| {
                all().any(|bits| {
                    guard
                        .iter()
                        .all(|(at, holds)| (bits >> at & 1 != 0) == *holds)
                        && come.contains(&(now as u8, format!("{event:?}"), bits))
                })
            };
            let rows = rows(&of, &[]);
            if rows.len() == 1 && rows[0].1.action == Action::Refuse && !comes(&[]) {
                refused.push(name.to_owned());
                continue;
            }
            for (guard, decision) in rows {
                let action = action_name(decision.action);
                let _ = writeln!(
                    out,
                    "| {shown} | {} | {} | {} | {} | {} |",
                    guard_name(&guard),
                    if decision.state == now {
                        "-".to_owned()
                    } else {
                        format!("**{:?}**", decision.state)
                    },
                    flag_names(decision.set),
                    flag_names(decision.clear),
                    if comes(&guard) {
                        action
                    } else {
                        format!("({action})")
                    }
                );
                shown = "";
            }
        }
        if !refused.is_empty() {
            let _ = writeln!(out, "\nRefused: {}.", refused.join(", "));
        }
    }
    out
}

/// The file in Documentation is what the code is.
#[test]
fn picture_is_up_to_date() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../Documentation/state-machine.md"
    );
    let picture = picture();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &picture).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).is_ok_and(|there| there == picture),
        "Documentation/state-machine.md is out of date: UPDATE=1 cargo test picture"
    );
}
