//! `forbidden`: what must not be left in the source is not.

use super::Check;
use super::search::{Hit, Searched, search};
use crate::finding::{Finding, Found};
use crate::given::Given;
use deadline::Deadline;
use regex::bytes::Regex;
use step::{counted, quoted};

pub(super) const CHECK: Check = Check {
    name: "forbidden",
    about: "no line of the source matches a pattern that is forbidden",
    needs: "--forbid and --forbid-in",
    given: |given| !given.args.forbid.is_empty(),
    run,
};

/// How many are named in the message.
const NAMED: usize = 5;

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let patterns = &given.args.forbid;
    let mut all = Searched::default();
    for tree in &given.args.forbid_in {
        if let Err(error) = tree.metadata() {
            let nearest = super::places::nearest(tree);
            return Finding::fail(
                format!("{tree}: {error}"),
                format!("ls -ld {}", quoted(nearest.as_str())),
            );
        }
        let searched = search(tree.as_std_path(), patterns, deadline);
        all.files += searched.files;
        all.hits.extend(searched.hits);
        all.unread.extend(searched.unread);
    }
    if let Err(ended) = deadline.check() {
        return Finding::fail(
            format!("{} searched, then: {ended}", counted(all.files, "file")),
            "preflight --check-timeout 1m",
        );
    }
    let patterns: Vec<&str> = patterns.iter().map(Regex::as_str).collect();
    judge(&patterns, &all)
}

/// The lines themselves are never said: a pattern may be there to find secrets.
fn judge(patterns: &[&str], searched: &Searched) -> Finding {
    let count = searched.hits.len();
    let Some(first) = searched.hits.first() else {
        let message = format!(
            "nothing that is forbidden is in the {} searched",
            counted(searched.files, "file")
        );
        let Some(unread) = searched.unread.first() else {
            return Finding::pass(message).measured(0, 0);
        };
        let message = format!(
            "{message}; {} could not be read: {unread}",
            searched.unread.len()
        );
        return Finding::warn(message, "sudo preflight").measured(0, 0);
    };
    let named: Vec<String> = searched
        .hits
        .iter()
        .take(NAMED)
        .map(|hit| format!("{}:{} ({})", hit.file, hit.line, patterns[hit.pattern]))
        .collect();
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let lines = if count == 1 {
        "1 line holds"
    } else {
        &format!("{count} lines hold")
    };
    let show = format!("sed -n {}p {}", first.line, quoted(&first.file));
    Finding::fail(
        format!("{lines} what is forbidden: {}{more}", named.join(", ")),
        show,
    )
    .measured(count, 0)
    .at(searched.hits.iter().map(|hit| found(patterns, hit)))
}

fn found(patterns: &[&str], hit: &Hit) -> Found {
    Found {
        status: "fail",
        file: hit.file.clone(),
        line: hit.line,
        rule: patterns[hit.pattern].to_owned(),
        what: String::new(),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn place_and_pattern_are_named() {
        let hit = |line| Hit {
            file: "a.js".to_owned(),
            line,
            pattern: 0,
        };
        let mut searched = Searched {
            hits: vec![hit(3)],
            files: 2,
            unread: Vec::new(),
        };
        let finding = judge(&["debugger"], &searched);
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(
            finding.message,
            "1 line holds what is forbidden: a.js:3 (debugger)"
        );
        searched.hits = (1..=7).map(hit).collect();
        let finding = judge(&["debugger"], &searched);
        assert!(
            finding.message.ends_with("a.js:5 (debugger) and 2 more"),
            "{}",
            finding.message
        );
        assert_eq!((finding.value, finding.found.len()), (7.into(), 7));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let mut searched = Searched {
            files: 2,
            ..Searched::default()
        };
        assert_eq!(judge(&[], &searched).status, Status::Pass);
        searched.unread.push("x: Permission denied".to_owned());
        assert_eq!(judge(&[], &searched).status, Status::Warn);
    }
}
