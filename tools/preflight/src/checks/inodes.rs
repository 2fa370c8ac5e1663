//! `inodes`: no file system that a deploy writes to runs out of inodes.

use super::{Check, places};
use crate::args::INODES_MAX;
use crate::finding::Finding;
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;

pub(super) const CHECK: Check = Check {
    name: "inodes",
    about: "no file system that a deploy writes to has used more of its inodes than --inodes-max",
    needs: "--root or --inodes-max",
    given: |given| given.application.is_some() || given.args.inodes_max.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let limit = u64::from(given.args.inodes_max.unwrap_or(INODES_MAX));
    let mut fullest = None;
    for place in places::file_systems(given) {
        match host::disk::usage(place.as_std_path()) {
            Ok(usage) => {
                if let Some(percent) = usage.inodes_used_percent()
                    && fullest.as_ref().is_none_or(|(most, _)| percent > *most)
                {
                    fullest = Some((percent, place));
                }
            }
            Err(error) => return Finding::fail(error.to_string(), format!("df -i {place}")),
        }
    }
    match fullest {
        Some((percent, place)) => judge(percent, limit, &place),
        None => Finding::pass("the file system has no limit on inodes"),
    }
}

fn judge(percent: u64, limit: u64, place: &Utf8Path) -> Finding {
    let message = format!("the file system of {place} has used {percent} % of its inodes");
    let finding = if percent < limit {
        Finding::pass(message)
    } else {
        Finding::fail(
            format!("{message}, and less than {limit} % is wanted"),
            format!(
                "du -x --inodes --max-depth=2 {} | sort -n",
                step::quoted(place.as_str())
            ),
        )
    };
    finding.measured(percent, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn less_than_the_limit() {
        let verdict = |percent| judge(percent, 90, Utf8Path::new("/srv")).status;
        assert_eq!(verdict(89), Status::Pass);
        assert_eq!(verdict(90), Status::Fail);
    }
}
