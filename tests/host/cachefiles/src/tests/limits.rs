// SPDX-License-Identifier: GPL-2.0-only

use crate::limits::*;
use proptest::prelude::*;

/// All orders of setting all triples, from the defaults.
#[test]
fn every_triple_of_percent() {
    for run in 0..=101u64 {
        for cull in 0..=101u64 {
            let mut p = Percent::DEFAULT;
            assert_eq!(p.set_run(run).is_ok(), (6..100).contains(&run));
            let now_run = if (6..100).contains(&run) { run } else { 7 };
            assert_eq!(p.set_cull(cull).is_ok(), cull > 1 && cull < now_run);
            let now_cull = if cull > 1 && cull < now_run { cull } else { 5 };
            for stop in 0..=101u64 {
                let mut p = p;
                assert_eq!(p.set_stop(stop).is_ok(), stop < now_cull);
                let t = p.of(10_000);
                assert!(t.stop < t.cull && t.cull < t.run && t.run < 10_000);
            }
        }
    }
    for huge in [u64::MAX, 256, 263, 1 << 32] {
        let mut p = Percent::DEFAULT;
        assert!(p.set_run(huge).is_err() && p.set_cull(huge).is_err() && p.set_stop(huge).is_err());
        assert_eq!(p, Percent::DEFAULT);
    }
}

#[test]
fn block_sizes() {
    for shift in 9..=16 {
        let b = BlockSize::new(1 << shift, 65536).unwrap();
        assert_eq!(b.bytes(), 1 << shift);
        assert_eq!(b.blocks_for(0), 0);
        assert_eq!(b.blocks_for(1), 1);
        assert_eq!(b.blocks_for(1 << shift), 1);
        assert_eq!(b.blocks_for((1 << shift) + 1), 2);
        assert_eq!(b.blocks_of_sectors(128), 65536 >> shift);
        assert_eq!(b.blocks_for(u64::MAX), u64::MAX.div_ceil(1 << shift));
    }
    for bad in [0, 3, 1000, 8192, u64::MAX] {
        assert_eq!(BlockSize::new(bad, 4096), None);
    }
}

#[test]
fn a_filesystem_without_a_count_of_files() {
    let limits = Limits {
        files: Percent::DEFAULT.of(0),
        blocks: Percent::DEFAULT.of(100_000),
    };
    assert_eq!(
        limits.judge(Amount {
            files: 0,
            blocks: 100_000
        }),
        Room::Plenty
    );
    assert_eq!(
        limits.judge(Amount {
            files: 0,
            blocks: 999
        }),
        Room::None
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn judging(files in any::<u64>(), blocks in any::<u64>(), free_files in any::<u64>(), free_blocks in any::<u64>()) {
        let limits = Limits { files: Percent::DEFAULT.of(files), blocks: Percent::DEFAULT.of(blocks) };
        let free = Amount { files: free_files % files.max(1), blocks: free_blocks % blocks.max(1) };
        let room = limits.judge(free);
        let below = |pick: fn(&Thresholds) -> u64| {
            free.files < pick(&limits.files) || free.blocks < pick(&limits.blocks)
        };
        prop_assert_eq!(room == Room::None, below(|t| t.stop));
        prop_assert_eq!(room == Room::Low, !below(|t| t.stop) && below(|t| t.cull));
        prop_assert_eq!(room == Room::Plenty, !below(|t| t.run));
        // More room is never judged worse.
        let order = |r| match r { Room::None => 0, Room::Low => 1, Room::Enough => 2, Room::Plenty => 3 };
        let more = Amount { files: free.files.saturating_add(1), blocks: free.blocks.saturating_add(1) };
        prop_assert!(order(limits.judge(more)) >= order(room));
    }

    #[test]
    fn taking_away(a in any::<(u64, u64)>(), b in any::<(u64, u64)>()) {
        let got = Amount { files: a.0, blocks: a.1 }.less(Amount { files: b.0, blocks: b.1 });
        prop_assert_eq!(got.files, a.0.saturating_sub(b.0));
        prop_assert_eq!(got.blocks, a.1.saturating_sub(b.1));
    }

    #[test]
    fn any_size_up_to_all(bytes in any::<u64>(), shift in 9u32..=16) {
        let b = BlockSize::new(1 << shift, 65536).unwrap();
        let n = b.blocks_for(bytes);
        prop_assert!(u128::from(n) << shift >= u128::from(bytes));
        prop_assert!(n == 0 || (u128::from(n - 1) << shift) < u128::from(bytes));
    }

    /// What is said without asking is what was free in this jiffy, less all that was wanted since.
    #[test]
    fn what_was_free_a_moment_ago(
        steps in prop::collection::vec((0u64..3, 0usize..3, 0u64..50, 0u64..50), 1..30),
    ) {
        let mut recent = Recent::new();
        let mut left: Option<(usize, i128, i128)> = None;
        for (kind, jiffy, files, blocks) in steps {
            // The clock has begun long before anything is bound.
            let (jiffy, amount) = (jiffy + 1, Amount { files, blocks });
            if kind == 0 {
                recent.note(amount, jiffy);
                left = Some((jiffy, files.into(), blocks.into()));
                continue;
            }
            let got = recent.spend(amount, jiffy);
            let want = left.as_mut().filter(|left| left.0 == jiffy).map(|left| {
                left.1 -= i128::from(files);
                left.2 -= i128::from(blocks);
                Amount { files: left.1.max(0) as u64, blocks: left.2.max(0) as u64 }
            });
            prop_assert_eq!(got, want);
        }
    }
}
