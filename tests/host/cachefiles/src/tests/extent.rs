// SPDX-License-Identifier: GPL-2.0-only

use crate::extent::*;
use proptest::prelude::*;

/// A file as a row of small cells, each data or hole.
struct Cells {
    cells: Vec<bool>,
    cell: u64,
    fail: Option<u32>,
    calls: u32,
}

impl Cells {
    fn new(cells: Vec<bool>, cell: u64) -> Self {
        Self {
            cells,
            cell,
            fail: None,
            calls: 0,
        }
    }
    fn at(&self, pos: u64) -> bool {
        self.cells
            .get((pos / self.cell) as usize)
            .copied()
            .unwrap_or(false)
    }
    fn end(&self) -> u64 {
        self.cells.len() as u64 * self.cell
    }
    fn call(&mut self) -> Result<(), SeekError> {
        self.calls += 1;
        match self.fail {
            Some(n) if n == self.calls => Err(SeekError::Failed(-5)),
            _ => Ok(()),
        }
    }
}

impl Map for Cells {
    fn next_data(&mut self, pos: u64) -> Result<u64, SeekError> {
        self.call()?;
        (pos..self.end())
            .find(|p| self.at(*p))
            .ok_or(SeekError::BeyondEnd)
    }
    fn next_hole(&mut self, pos: u64) -> Result<u64, SeekError> {
        self.call()?;
        if pos >= self.end() {
            return Err(SeekError::BeyondEnd);
        }
        Ok((pos..self.end())
            .find(|p| !self.at(*p))
            .unwrap_or(self.end()))
    }
}

/// Files of up to 32 blocks of 8 bytes, in cells of 2, so that blocks may be partly present.
const BLOCK: u64 = 8;

fn file() -> impl Strategy<Value = Vec<bool>> {
    prop_oneof![
        proptest::collection::vec(any::<bool>(), 0..64),
        // Runs, as real files have.
        proptest::collection::vec((any::<bool>(), 1usize..12), 0..8).prop_map(|runs| runs
            .into_iter()
            .flat_map(|(d, n)| std::iter::repeat_n(d, n))
            .collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn a_read_is_never_longer_nor_empty_nor_invented(
        cells in file(), start_block in 0u64..20, len in 1u64..100, size in 0u64..200, fail in prop::option::of(1u32..3),
    ) {
        let start = start_block * BLOCK;
        let mut map = Cells::new(cells, 2);
        map.fail = fail;
        let plan = plan_read(&mut map, start, len, size, BLOCK);
        map.fail = None;
        match plan {
            ReadPlan::FromCache { len: got } => {
                prop_assert!(got >= 1 && got <= len);
                for pos in start..start + got {
                    // Only the block at the very end of the object may be partly a hole.
                    let tail = start + len >= size && pos / BLOCK == (start + got - 1) / BLOCK;
                    prop_assert!(map.at(pos) || tail, "hole at {} served", pos);
                }
                prop_assert!(map.at(start));
            }
            ReadPlan::Fetch { len: got, why } => {
                prop_assert!(got >= 1 && got <= len);
                match why {
                    FetchReason::Hole => prop_assert!((start..start + len).all(|p| !map.at(p)) && got == len),
                    FetchReason::BeyondEnd => prop_assert!(map.next_data(start).is_err() && got == len),
                    // Nothing whole is fetched again.
                    FetchReason::PartHole => {
                        let mut block = start;
                        while block + BLOCK <= start + got {
                            prop_assert!((block..block + BLOCK).any(|p| !map.at(p)));
                            block += BLOCK;
                        }
                    }
                }
            }
            ReadPlan::Unknown(errno) => prop_assert!(fail.is_some() && errno == -5),
        }
        prop_assert!(map.calls <= 3);
    }

    /// Serving a whole file piece by piece ends, and never serves a hole in the middle.
    #[test]
    fn reading_a_file_through_ends(cells in file(), size_blocks in 1u64..32) {
        let size = size_blocks * BLOCK;
        let mut map = Cells::new(cells, 2);
        let (mut pos, mut steps) = (0, 0);
        while pos < size {
            let got = match plan_read(&mut map, pos, size - pos, size, BLOCK) {
                ReadPlan::FromCache { len } | ReadPlan::Fetch { len, .. } => len,
                ReadPlan::Unknown(_) => unreachable!(),
            };
            pos += got;
            steps += 1;
            prop_assert!(steps <= 2 * size_blocks);
        }
        prop_assert_eq!(pos, size);
    }

    /// Each hole as a whole, once, and nothing that is data.
    #[test]
    fn every_hole(cells in file(), size in 0u64..160, fail in prop::option::of(1u32..6)) {
        let mut map = Cells::new(cells, 2);
        map.fail = fail;
        let (end, mut holes) = (size.min(map.end()), Vec::new());
        let result = for_each_hole(&mut map, end, |start, len| {
            holes.push(start..start + len);
            Ok(())
        });
        let failed = fail.is_some_and(|n| n <= map.calls);
        map.fail = None;
        prop_assert_eq!(result, if failed { Err(-5) } else { Ok(()) });
        for pos in 0..end {
            let times = holes.iter().filter(|hole| hole.contains(&pos)).count();
            prop_assert!(times == usize::from(!map.at(pos)) || failed && times == 0);
        }
        prop_assert!(holes.iter().all(|hole| hole.start < hole.end && hole.end <= end));
        let mut calls = 0;
        let stopped = for_each_hole(&mut map, end, |_, _| {
            calls += 1;
            Err(-28)
        });
        prop_assert_eq!(stopped.is_err(), calls == 1);
    }

    #[test]
    fn found_data_is_data_within_the_range(cells in file(), start in 0u64..160, len in 0u64..100, granule_shift in 3u32..6) {
        let granule = 1u64 << granule_shift;
        let mut map = Cells::new(cells, 2);
        match find_data(&mut map, start, len, granule).unwrap() {
            Some((at, n)) => {
                prop_assert!(at >= start && n > 0 && at + n <= start + len && at % granule == 0);
                prop_assert!((at..at + n).all(|p| map.at(p)));
            }
            None => {}
        }
    }

    #[test]
    fn occupancy_is_what_it_says(cells in file(), start in 0u64..160, len in 1u64..100) {
        let mut map = Cells::new(cells, 2);
        let present = (start..start + len).filter(|p| map.at(*p)).count() as u64;
        let want = if present == 0 { Occupancy::Empty } else if present == len { Occupancy::Full } else { Occupancy::Partial };
        prop_assert_eq!(occupancy(&mut map, start, len), Ok(want));
    }

    #[test]
    fn aligned_stores(start in 0u64..1 << 40, len in 0u64..1 << 20, at_end in any::<bool>(), extendable in 0u64..8192) {
        let size = if at_end { start + len } else { start + len + 5 };
        match align_store(start, len, size, extendable) {
            Some(s) => {
                prop_assert_eq!((start + s.skip) % DIO_BLOCK, 0);
                prop_assert!(s.skip < DIO_BLOCK && s.len > 0 && s.len % DIO_BLOCK == 0);
                prop_assert!(s.extend <= extendable && s.extend < DIO_BLOCK);
                prop_assert!(s.skip + s.len <= len + s.extend);
                prop_assert!(s.extend == 0 || (at_end && s.skip + s.len == len + s.extend));
                // As much as can be.
                prop_assert!(len + s.extend - s.skip - s.len < DIO_BLOCK);
            }
            None => prop_assert!(len < 2 * DIO_BLOCK),
        }
    }

    /// What is made absent is all that was asked for, no more than the blocks of it, and so that
    /// nothing of a block stays.
    #[test]
    fn whole_blocks_are_forgotten(start in 0u64..1 << 40, len in 0u64..1 << 20, block_shift in 0u32..17) {
        let block = 1u64 << block_shift;
        let (at, n) = whole_blocks(start, len, block);
        if len == 0 {
            prop_assert_eq!(n, 0);
        } else {
            prop_assert!(at <= start && start + len <= at + n);
            for unit in [block, DIO_BLOCK] {
                prop_assert!(at % unit == 0 && n % unit == 0);
            }
            let unit = block.max(DIO_BLOCK);
            prop_assert!(start - at < unit && at + n - (start + len) < unit);
        }
    }

    #[test]
    fn extremes_do_not_overflow(start in any::<u64>(), len in 1u64.., size in any::<u64>(), extra in any::<u64>(), p1 in any::<u64>(), p2 in any::<u64>()) {
        struct Wild(u64, u64);
        impl Map for Wild {
            fn next_data(&mut self, _: u64) -> Result<u64, SeekError> { Ok(self.0) }
            fn next_hole(&mut self, _: u64) -> Result<u64, SeekError> { Ok(self.1) }
        }
        let _ = plan_read(&mut Wild(p1, p2), start, len, size, 4096);
        let _ = plan_read(&mut Wild(start, p2), start, len, size, 4096);
        let _ = find_data(&mut Wild(p1, p2), start, len, extra);
        let _ = occupancy(&mut Wild(p1, p2), start, len);
        let _ = align_store(start, len, size, extra);
        let _ = whole_pages(start, len, extra, 4096);
        let _ = within_file(start, len, size, extra & 1 == 0, 4096);
        let _ = whole_blocks(start, len, 1 << (extra % 17));
        let _ = (round_up(start, 4096), round_down(start, 4096), file_size(start));
    }
}

/// Of pages of four bytes, those are stored that lie in the file, and the one it ends in unless it
/// was cut there.
#[test]
fn only_what_is_in_the_file() {
    for (start, pages, size, was_cut) in (0..8_u64)
        .flat_map(|start| (1..6_u64).map(move |pages| (start * 4, pages)))
        .flat_map(|(start, pages)| (0..40_u64).map(move |size| (start, pages, size)))
        .flat_map(|(start, pages, size)| [false, true].map(|cut| (start, pages, size, cut)))
    {
        let stored = within_file(start, pages * 4, size, was_cut, 4);
        for page in (start..start + pages * 4).step_by(4) {
            let whole = page + 4 <= size;
            let ends_in_it = page < size && !whole;
            let expected = whole || (ends_in_it && !was_cut);
            assert_eq!(
                page < start + stored,
                expected,
                "page {page} of {start}+{stored}, size {size}, {was_cut}"
            );
        }
    }
}

#[test]
fn whole_pages_only() {
    assert_eq!(whole_pages(0, 1, 4096, 4096), Some(4096));
    assert_eq!(whole_pages(4096, 4096, 4096, 4096), Some(4096));
    assert_eq!(whole_pages(1, 4096, 4096, 4096), None);
    assert_eq!(whole_pages(0, 4097, 4096, 4096), None);
    assert_eq!(whole_pages(i64::MAX as u64 - 4095, 4096, 4096, 4096), None);
}

#[test]
fn file_sizes() {
    assert_eq!(file_size(0), 0);
    assert_eq!(file_size(1), 4096);
    assert_eq!(file_size(4096), 4096);
    assert_eq!(file_size(u64::MAX), i64::MAX as u64 - 4095);
}

/// A file of so many bytes of data, then a hole up to its end.
struct Present(u64, u64);

impl Map for Present {
    fn next_data(&mut self, pos: u64) -> Result<u64, SeekError> {
        if pos < self.0 {
            Ok(pos)
        } else {
            Err(SeekError::BeyondEnd)
        }
    }
    fn next_hole(&mut self, pos: u64) -> Result<u64, SeekError> {
        if pos >= self.1 {
            Err(SeekError::BeyondEnd)
        } else {
            Ok(pos.max(self.0))
        }
    }
}

#[test]
fn readahead_goes_to_the_end_of_a_granule() {
    let big = 1 << 30;
    let mut all = Present(big, big);
    let mut longer = |start, len, size| lengthen_readahead(&mut all, start, len, size);
    assert_eq!(longer(0, 128 << 10, big), GRANULE);
    assert_eq!(longer(0, GRANULE, big), GRANULE);
    assert_eq!(longer(4096, GRANULE, big), 2 * GRANULE - 4096);
    // Too short.
    assert_eq!(longer(4096, 64 << 10, big), 64 << 10);
    // The file ends before the granule does, or before the read does.
    assert_eq!(longer(0, 128 << 10, 200_001), 200_001);
    assert_eq!(longer(0, 128 << 10, 100), 128 << 10);
    // What is present ends before the granule does, or the read does.
    let part = &mut Present(300_001, big);
    assert_eq!(lengthen_readahead(part, 0, 128 << 10, big), 299_008);
    assert_eq!(lengthen_readahead(part, 0, 512 << 10, big), 512 << 10);
    assert_eq!(lengthen_readahead(part, 400_000, 128 << 10, big), 128 << 10);
}

proptest! {
    #[test]
    fn a_longer_readahead_contains_the_former(
        start in any::<u64>(), len in any::<u64>(), size in any::<u64>(), near in any::<bool>(),
        data in any::<u64>()
    ) {
        let near = |value: u64, most: u64| if near { value % most } else { value };
        let (start, len) = (near(start, 8 * GRANULE), near(len, 4 * GRANULE));
        let (size, data) = (near(size, 8 * GRANULE), near(data, 8 * GRANULE));
        let longer = lengthen_readahead(&mut Present(data, size.max(data)), start, len, size);
        prop_assert!(longer >= len);
        prop_assert!(longer - len < GRANULE);
        let end = start.saturating_add(len);
        prop_assert!(longer == len || start + longer <= size.max(end));
        prop_assert!(longer == len || start + longer <= data);
    }

    #[test]
    fn damage_covers_what_it_was_made_of(
        ranges in proptest::collection::vec((0u64..1 << 45, 0u64..1 << 30), 1..6)
    ) {
        let mut damage = Damage::NONE;
        for (start, len) in &ranges {
            damage = Damage::from_word(damage.and(Damage::of(*start, *len)).word());
        }
        match damage.range() {
            // It is too far, or there is something between two of them.
            None => prop_assert!(
                ranges.iter().any(|(s, l)| (s + l) / DIO_BLOCK >= (1 << 32) - 2)
                    || ranges.iter().filter(|(_, len)| *len > 0).count() > 1
            ),
            Some((at, long)) => {
                prop_assert_eq!(at % DIO_BLOCK, 0);
                for (start, len) in ranges.iter().filter(|(_, len)| *len > 0) {
                    prop_assert!(at <= *start && start + len <= at + long);
                }
                // And no more than that.
                let first = ranges.iter().filter(|r| r.1 > 0).map(|r| r.0).min();
                let end = ranges.iter().filter(|r| r.1 > 0).map(|r| r.0 + r.1).max();
                if let (Some(first), Some(end)) = (first, end) {
                    prop_assert!(at + DIO_BLOCK > first && at + long < end + DIO_BLOCK);
                } else {
                    prop_assert_eq!(damage, Damage::NONE);
                }
            }
        }
    }
}

/// Ranges that are near to each other, most of them not at the edges of blocks.
fn near_ranges() -> impl Strategy<Value = Vec<(u64, u64)>> {
    proptest::collection::vec(
        (0u64..40 * DIO_BLOCK, 0u64..6 * DIO_BLOCK).prop_flat_map(|(start, len)| {
            prop_oneof![
                Just((start, len)),
                Just((round_down(start, DIO_BLOCK), round_down(len, DIO_BLOCK))),
            ]
        }),
        1..6,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Each block is damaged if a write touched it, and no other one is; so what is said is all of
    /// it, or that it cannot be said.
    #[test]
    fn damage_covers_nothing_else(ranges in near_ranges()) {
        let mut damage = Damage::NONE;
        let mut blocks = [false; 64];
        let mut one_piece = true;
        for (start, len) in ranges {
            damage = Damage::from_word(damage.and(Damage::of(start, len)).word());
            if len > 0 {
                (start / DIO_BLOCK..=(start + len - 1) / DIO_BLOCK).for_each(|b| blocks[b as usize] = true);
            }
            let pieces = (0..64).filter(|b| blocks[*b] && (*b == 0 || !blocks[*b - 1])).count();
            one_piece &= pieces <= 1;
        }
        match damage.range() {
            None => prop_assert!(!one_piece),
            Some((at, long)) => {
                prop_assert!(one_piece);
                for block in 0..64 {
                    let pos = block * DIO_BLOCK;
                    prop_assert_eq!(blocks[block as usize], pos >= at && pos < at + long);
                }
            }
        }
    }
}

#[test]
fn damage_in_two_places_is_everywhere() {
    let blocks = |first, n| Damage::of(first * DIO_BLOCK, n * DIO_BLOCK);
    for (a, b) in [
        (blocks(0, 1), blocks(2, 1)),
        (blocks(1, 3), blocks(1000, 1)),
    ] {
        assert_eq!(a.and(b), Damage::ALL);
        assert_eq!(b.and(a), Damage::ALL);
    }
    // Those that touch are one, however they came.
    assert_eq!(blocks(0, 1).and(blocks(1, 1)), blocks(0, 2));
    assert_eq!(blocks(1, 1).and(blocks(0, 1)), blocks(0, 2));
    assert_eq!(blocks(0, 4).and(blocks(2, 1)), blocks(0, 4));
    assert_eq!(blocks(3, 4).and(blocks(0, 5)), blocks(0, 7));
    assert_eq!(blocks(3, 4).and(Damage::NONE), blocks(3, 4));
}

#[test]
fn damage_that_cannot_be_said_is_everywhere() {
    assert_eq!(Damage::NONE.range(), Some((0, 0)));
    assert_eq!(Damage::ALL.range(), None);
    assert_eq!(Damage::of(u64::MAX - 3, 100), Damage::ALL);
    assert_eq!(Damage::of(1 << 44, 1), Damage::ALL);
    assert_eq!(Damage::ALL.and(Damage::of(0, 1)), Damage::ALL);
}
