//! `disk`: no file system that a deploy writes to is too full.

use super::{Check, places};
use crate::args::DISK_MAX;
use crate::finding::Finding;
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;

pub(super) const CHECK: Check = Check {
    name: "disk",
    about: "no file system that a deploy writes to is fuller than --disk-max",
    needs: "--root or --disk-max",
    given: |given| given.application.is_some() || given.args.disk_max.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let limit = u64::from(given.args.disk_max.unwrap_or(DISK_MAX));
    let mut fullest = None;
    for place in places::file_systems(given) {
        match host::disk::usage(place.as_std_path()) {
            Ok(usage) => {
                let percent = usage.used_percent().unwrap_or(0);
                if fullest.as_ref().is_none_or(|(most, _)| percent > *most) {
                    fullest = Some((percent, place));
                }
            }
            Err(error) => return Finding::fail(error.to_string(), format!("df {place}")),
        }
    }
    match fullest {
        Some((percent, place)) => judge(percent, limit, &place),
        None => Finding::skip("there is no file system to look at"),
    }
}

fn judge(percent: u64, limit: u64, place: &Utf8Path) -> Finding {
    let message = format!("the file system of {place} is {percent} % full");
    // A limit of 80 % is kept below 80 %.
    let finding = if percent < limit {
        Finding::pass(message)
    } else {
        Finding::fail(
            format!("{message}, and less than {limit} % is wanted"),
            format!(
                "du -xh --max-depth=2 {} | sort -h",
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
        let verdict = |percent| judge(percent, 80, Utf8Path::new("/srv")).status;
        assert_eq!(verdict(79), Status::Pass);
        assert_eq!(verdict(80), Status::Fail);
    }
}
