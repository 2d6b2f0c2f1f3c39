// SPDX-License-Identifier: GPL-2.0-only

//! The tables of cookies and volumes (I3, D23).

use crate::{
    stand_in::memory,
    table::{Link, Node, Place, Table},
};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

struct Member {
    hash: u32,
    id: u32,
    link: Cell<*const Member>,
}

// SAFETY: The link is the table's.
unsafe impl Sync for Member {}

// SAFETY: The hash does not change, the link is the member's, and tests let it live long enough.
unsafe impl Node for Member {
    fn hash(&self) -> u32 {
        self.hash
    }

    fn link(&self) -> &Link<Self> {
        // SAFETY: Used by nothing else.
        unsafe { Link::from_ptr(self.link.as_ptr()) }
    }
}

fn member(hash: u32, id: u32) -> Box<Member> {
    Box::new(Member {
        hash,
        id,
        link: Cell::new(std::ptr::null()),
    })
}

/// Members whose hashes are as a hash function would have them.
fn members(n: u32) -> Vec<Box<Member>> {
    (0..n).map(|id| member(spread(id), id)).collect()
}

fn spread(id: u32) -> u32 {
    crate::hash::hash(0, &id.to_le_bytes())
}

fn put(table: &Table<Member>, member: &Member) {
    let clash = |other: &Member| (other.id == member.id).then_some(());
    assert!(
        table.insert(member, clash, || ()).is_ok(),
        "it is in already"
    );
}

fn has(table: &Table<Member>, member: &Member) -> bool {
    table.any(member.hash, |other| std::ptr::eq(other, member))
}

/// All members in the order of their places.
fn all(table: &Table<Member>) -> Vec<u32> {
    let mut found = Vec::new();
    let mut place = Place::from_raw(0);
    while let Some((at, id)) = table.find_from(place, |member| Some(member.id)) {
        assert!(at.raw() >= place.raw(), "went back");
        found.push(id);
        place = Place::from_raw(at.raw() + 1);
    }
    found
}

/// How many members stand one behind the other.
fn longest_chain(table: &Table<Member>) -> u64 {
    let mut longest = 0;
    let mut place = Place::from_raw(0);
    while let Some((at, ())) = table.find_from(place, |_| Some(())) {
        // The lowest bits of a place are those of the member.
        longest = longest.max((at.raw() & 0xfff) + 1);
        place = Place::from_raw(at.raw() + 1);
    }
    longest
}

fn ids(of: impl IntoIterator<Item = u32>) -> BTreeSet<u32> {
    of.into_iter().collect()
}

/// A hundred thousand: all are found, each once, and finding one does not take longer for it.
#[test]
fn grows() {
    let members = members(100_000);
    let table = Table::new(2048).unwrap();
    let looked_at = |member: &Member| {
        let mut n = 0;
        table.any(member.hash, |_| {
            n += 1;
            false
        });
        n
    };
    for member in &members {
        put(&table, member);
    }
    assert!(members.iter().all(|member| has(&table, member)));
    // Only those of the very same hash are looked at.
    assert!(members.iter().map(|member| looked_at(member)).max() < Some(5));
    let began = Instant::now();
    let found = all(&table);
    assert_eq!(found.len(), members.len());
    assert!(longest_chain(&table) < 40, "it did not grow");
    assert_eq!(ids(found).len(), members.len());
    // What takes the square of their number would take minutes (D23).
    assert!(began.elapsed().as_secs() < 20);
    for member in &members {
        assert!(table.remove(member, || ()));
    }
    assert!(table.is_empty());
    drop(table);
    memory::check();
}

/// All in one chain, taken out from its beginning, its end and its middle.
#[test]
fn one_chain() {
    let members: Vec<_> = (0..7).map(|id| member(0x1234_5678, id)).collect();
    for first in 0..7 {
        for step in 1..7 {
            let table = Table::new(2048).unwrap();
            members.iter().for_each(|member| put(&table, member));
            let mut left = ids(0..7);
            for n in 0..7 {
                let at = (first + n * step) % 7;
                assert!(table.remove(&members[at], || ()));
                assert!(!table.remove(&members[at], || panic!("it was not in")));
                left.remove(&(at as u32));
                assert_eq!(ids(all(&table)), left);
                for (id, member) in members.iter().enumerate() {
                    assert_eq!(has(&table, member), left.contains(&(id as u32)));
                }
            }
            assert!(table.is_empty());
        }
    }
}

/// Whoever stands against a new member is one of its hash, and then it is not in.
#[test]
fn clash() {
    let table = Table::new(2048).unwrap();
    // All in one shard, and in one chain as long as there are few; and two of the same hash.
    let others: Vec<_> = (0..8)
        .map(|id| member((id + 1) << 20 | 5 << 8, id))
        .collect();
    let (old, new) = (member(5 << 8, 100), member(5 << 8, 101));
    put(&table, &old);
    // They stand before it.
    others.iter().for_each(|other| put(&table, other));
    let refused = table.insert(
        &new,
        |other| {
            assert_eq!(other.id, 100, "asked about another hash");
            Some(other.id)
        },
        || panic!("it is not in"),
    );
    assert_eq!(refused, Err(100));
    assert!(!has(&table, &new) && has(&table, &old));
    assert!(table.remove(&old, || ()));
    put(&table, &new);
    assert!(has(&table, &new));
}

/// Without memory the chains only become longer.
#[test]
fn cannot_grow() {
    let members = members(60_000);
    let table = Table::new(2048).unwrap();
    memory::none_left();
    members.iter().for_each(|member| put(&table, member));
    assert!(members.iter().all(|member| has(&table, member)));
    assert!(memory::enough(), "it did not try");
    // And it grows when there is.
    let more = member(spread(60_000), 60_000);
    put(&table, &more);
    assert!(members.iter().all(|member| has(&table, member)));
}

/// Those that stay all the time are met, those that went are not; nobody is met again but one that
/// moved because its shard grew or something before it in its chain came or went.
#[test]
fn looked_through_while_members_go() {
    let members = members(5_000);
    let table = Table::new(2048).unwrap();
    members.iter().for_each(|member| put(&table, member));
    let mut met: BTreeMap<u32, usize> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    let mut place = Place::from_raw(0);
    let mut n = 0;
    while let Some((at, id)) = table.find_from(place, |member| Some(member.id)) {
        assert!(!gone.contains(&id), "met after it went");
        *met.entry(id).or_default() += 1;
        place = Place::from_raw(at.raw() + 1);
        // Of every ten one goes, anywhere.
        n += 1;
        let victim = spread(n) % 5_000;
        if n % 10 == 0 && gone.insert(victim) {
            assert!(table.remove(&members[victim as usize], || ()));
        }
    }
    assert!(met.values().all(|times| *times == 1), "one was met twice");
    let missed = (0..5_000)
        .filter(|id| !met.contains_key(id) && !gone.contains(id))
        .count();
    // One that stands behind one that goes moves up, and may be stepped over.
    assert!(missed < 50, "{missed} were not met");
}

/// Threads that put in, take out, look up and look through, each with members of its own.
#[test]
fn threads() {
    let members = members(8_000);
    let table = Table::new(2048).unwrap();
    std::thread::scope(|scope| {
        for part in members.chunks(2_000) {
            let table = &table;
            scope.spawn(move || {
                for _ in 0..3 {
                    part.iter().for_each(|member| put(table, member));
                    assert!(part.iter().all(|member| has(table, member)));
                    part.iter()
                        .step_by(2)
                        .for_each(|member| assert!(table.remove(member, || ())));
                    let kept = part.iter().skip(1).step_by(2);
                    assert!(kept.clone().all(|member| has(table, member)));
                    kept.for_each(|member| assert!(table.remove(member, || ())));
                }
                part.iter().for_each(|member| put(table, member));
            });
        }
        scope.spawn(|| (0..20).for_each(|_| drop(all(&table))));
    });
    assert_eq!(ids(all(&table)), ids(0..8_000));
}

/// Random acts, against a set.
#[test]
fn as_a_set() {
    // Few hashes, so that there are long chains.
    let members: Vec<_> = (0..300)
        .map(|id| member(spread(id % 40) & !0xff, id))
        .collect();
    let table = Table::new(2048).unwrap();
    let mut set = BTreeSet::new();
    for n in 0..30_000u32 {
        let id = spread(n) % 300;
        let member: &Member = &members[id as usize];
        if set.contains(&id) {
            if spread(n) >> 16 & 1 == 0 {
                assert!(table.remove(member, || ()));
                set.remove(&id);
            } else {
                assert!(has(&table, member));
            }
        } else {
            assert!(!has(&table, member));
            put(&table, member);
            set.insert(id);
        }
        if n % 1_000 == 0 {
            assert_eq!(ids(all(&table)), set);
        }
    }
}
