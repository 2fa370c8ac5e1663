//! The decisions that need no disk.
#![allow(clippy::unwrap_used)]

use releases::plan::{Decision, PruneEntry, SwapPlan, Why, prune, swap};
use releases::{Current, Verdict};

#[test]
fn a_switch_is_planned_from_whatever_the_link_is() {
    let switch = |from: Option<&str>| {
        Ok(SwapPlan::Switch {
            from: from.map(str::to_string),
            to: "2".into(),
            link_target: "releases/2".into(),
        })
    };
    let plan = |current| swap(&current, "2", "releases/2".into());
    assert_eq!(plan(Current::Release("1".into())), switch(Some("1")));
    assert_eq!(plan(Current::Release("2".into())), Ok(SwapPlan::Already));
    assert_eq!(plan(Current::Absent), switch(None));
    assert_eq!(plan(Current::Dangling("releases/2".into())), switch(None));
    assert_eq!(plan(Current::Outside("/srv/2".into())), switch(None));
    assert!(plan(Current::NotALink).is_err());
}

/// A release of a sequence: `g`ood, `b`ad or `u`nknown.
fn entry(sequence: u64, verdict: char) -> PruneEntry {
    PruneEntry {
        name: format!("r{sequence}"),
        sequence,
        verdict: match verdict {
            'g' => Verdict::Good,
            'b' => Verdict::Bad,
            _ => Verdict::Unknown,
        },
        ..PruneEntry::default()
    }
}

/// The releases of sequences 1, 2, 3, …, whose verdicts are the letters.
fn entries(verdicts: &str) -> Vec<PruneEntry> {
    (1..)
        .zip(verdicts.chars())
        .map(|(sequence, verdict)| entry(sequence, verdict))
        .collect()
}

/// The sequences of those that stay, newest first.
fn kept(entries: &[PruneEntry], keep: usize) -> Vec<String> {
    let decisions = prune(entries, keep);
    assert_eq!(decisions.len(), entries.len());
    decisions
        .into_iter()
        .filter(|one| one.keep)
        .map(|one| one.name)
        .collect()
}

#[test]
fn the_newest_stay() {
    assert_eq!(kept(&entries("ggugg"), 3), ["r5", "r4", "r3"]);
    assert_eq!(kept(&entries("gg"), 5), ["r2", "r1"]);
    assert_eq!(kept(&entries("gg"), 0), [""; 0]);
    assert_eq!(kept(&[], 5), [""; 0]);
}

#[test]
fn no_row_of_failures_evicts_a_good_one() {
    assert_eq!(kept(&entries("gbbbbb"), 1), ["r6", "r1"]);
    assert_eq!(kept(&entries("ggbbbgbb"), 2), ["r8", "r7", "r6", "r2"]);
    assert_eq!(kept(&entries("bbggg"), 2), ["r5", "r4", "r2", "r1"]);
}

#[test]
fn what_is_needed_stays_however_old_and_whatever_is_said_of_it() {
    let needed: [fn(&mut PruneEntry); 4] = [
        |entry| entry.is_current = true,
        |entry| entry.is_last_good = true,
        |entry| entry.pinned = true,
        |entry| entry.in_use = true,
    ];
    let whys = [Why::Current, Why::LastGood, Why::Pinned, Why::InUse];
    for (need, why) in needed.into_iter().zip(whys) {
        for verdicts in ["gggg", "bggg", "uggg", "bbbb"] {
            for keep in 0..4 {
                let mut entries = entries(verdicts);
                need(&mut entries[0]);
                let decision = prune(&entries, keep).pop().unwrap();
                let expected = Decision {
                    name: "r1".into(),
                    keep: true,
                    why,
                };
                assert_eq!(decision, expected);
            }
        }
    }
}

#[test]
fn order_is_the_sequence_and_nothing_else() {
    let mut skewed = entries("ggg");
    skewed[0].name = "20991231-235959".into();
    skewed[2].name = "19700101-000000".into();
    assert_eq!(kept(&skewed, 1), ["19700101-000000"]);
    skewed.reverse();
    assert_eq!(kept(&skewed, 1), ["19700101-000000"]);
}

#[test]
fn every_plan_of_six_keeps_what_it_must() {
    // Every verdict for each, every one the current, every one the last good, every number to keep.
    for code in 0..3_usize.pow(6) {
        let verdicts: String = (0..6)
            .map(|at| ['g', 'b', 'u'][code / 3_usize.pow(at) % 3])
            .collect();
        for marked in 0..36 {
            let mut entries = entries(&verdicts);
            entries[marked / 6].is_current = true;
            entries[marked % 6].is_last_good = true;
            for keep in 0..=6 {
                check(&entries, keep);
            }
        }
    }
}

fn check(entries: &[PruneEntry], keep: usize) {
    let decisions = prune(entries, keep);
    let find = |entry: &PruneEntry| decisions.iter().find(|one| one.name == entry.name).unwrap();
    for entry in entries {
        let decision = find(entry);
        let newer = |other: &&PruneEntry| {
            let same_count = (other.verdict == Verdict::Bad) == (entry.verdict == Verdict::Bad);
            same_count && other.sequence > entry.sequence
        };
        let among_newest = entries.iter().filter(newer).count() < keep;
        let needed = entry.is_current || entry.is_last_good;
        assert_eq!(decision.keep, among_newest || needed, "{entries:?} {keep}");
        assert_eq!(decision.keep, decision.why.keeps());
    }
}

#[test]
fn the_words_in_reports_are_the_words_in_files() {
    for why in [
        Why::Current,
        Why::LastGood,
        Why::Pinned,
        Why::InUse,
        Why::Newest,
        Why::NewestFailed,
        Why::Surplus,
        Why::SurplusFailed,
    ] {
        assert_eq!(serde_json::to_value(why).unwrap(), why.to_string());
    }
}
