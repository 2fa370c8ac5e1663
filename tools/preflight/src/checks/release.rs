//! `release`: what is to go live exists, is not live already and is not marked bad.

use super::Check;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::Given;
use application::fail;
use deadline::Deadline;
use state::Verdict;

pub(super) const CHECK: Check = Check {
    name: "release",
    about: "the release exists, is not live already and is not marked bad",
    needs: "--release and --root",
    given: |given| given.release.is_some() && given.application.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let (Some(application), Some(name)) = (&given.application, &given.release) else {
        return Finding::skip("there is no release");
    };
    if let Err(error) = releases::resolve(&application.layout, name) {
        let problem = fail::resolve(&error).into();
        return with_list(not_known(&problem), &application.layout.releases);
    }
    let live = match application.current() {
        Ok(current) => current.release() == Some(name),
        Err(failure) => return not_known(&failure.into()),
    };
    match given.state(application) {
        Ok(state) => judge(name, live, state.verdict(name)),
        Err(problem) => not_known(problem),
    }
}

fn with_list(finding: Finding, releases: &camino::Utf8Path) -> Finding {
    Finding {
        hint: finding.hint.or_else(|| Some(format!("ls -l {releases}"))),
        ..finding
    }
}

fn judge(name: &str, live: bool, verdict: Verdict) -> Finding {
    let finding = if live {
        Finding::fail(format!("{name} is live already"), "release-stage")
    } else if verdict == Verdict::Bad {
        Finding::fail(
            format!(
                "{name} is marked bad: it failed before, or was rolled back from, for which it may not be to blame"
            ),
            format!("deploy-state mark {name} good"),
        )
    } else {
        Finding::pass(format!("{name} is there and not live"))
    };
    finding.measured(name, ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn neither_live_nor_bad() {
        assert_eq!(judge("r", false, Verdict::Unknown).status, Status::Pass);
        assert_eq!(judge("r", false, Verdict::Good).status, Status::Pass);
        assert_eq!(judge("r", false, Verdict::Bad).status, Status::Fail);
        assert_eq!(judge("r", true, Verdict::Good).status, Status::Fail);
    }
}
