// SPDX-License-Identifier: GPL-2.0-only

//! Of the stores of one file that are under way no two touch, whatever comes in what order; and what
//! touches none may begin.

use crate::stores::{Store, Stores};
use proptest::prelude::*;

fn touch(a: &Store, b: &Store) -> bool {
    a.file == b.file && !(a.end < b.start || b.end < a.start)
}

#[derive(Clone, Debug)]
enum Step {
    Begin(Store),
    /// The one that began so long ago.
    End(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1usize..3, 0u64..40, 1u64..5).prop_map(|(file, start, len)| Step::Begin(Store {
            file,
            start,
            end: start + len
        })),
        (0usize..20).prop_map(Step::End),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn none_touch(steps in proptest::collection::vec(step(), 0..60)) {
        let mut stores = Stores::new();
        let mut under_way: Vec<Store> = Vec::new();
        for step in steps {
            match step {
                Step::Begin(store) => {
                    let free = !under_way.iter().any(|other| touch(other, &store));
                    prop_assert_eq!(stores.begin(store), free, "{:?} beside {:?}", store, under_way);
                    if free {
                        under_way.push(store);
                    }
                }
                Step::End(ago) => {
                    if let Some(at) = under_way.len().checked_sub(ago + 1) {
                        stores.end(under_way.remove(at));
                    }
                }
            }
        }
    }
}

#[test]
fn there_is_an_end_to_them() {
    let mut stores = Stores::new();
    let store = |n: u64| Store {
        file: 1,
        start: n * 2,
        end: n * 2 + 1,
    };
    let most = (0..).take_while(|&n| stores.begin(store(n))).count() as u64;
    assert!(most >= 64);
    stores.end(store(most / 2));
    assert!(stores.begin(store(most)));
    assert!(!stores.begin(store(most + 1)));
    // One that never began.
    stores.end(store(most + 1));
    assert!(!stores.begin(store(most + 1)));
}
