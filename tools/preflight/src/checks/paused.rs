//! `paused`: nobody has said that there are to be no deploys.

use super::Check;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::Given;
use deadline::Deadline;
use state::Pause;
use std::time::SystemTime;

pub(super) const CHECK: Check = Check {
    name: "paused",
    about: "deploys of this application are not paused",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let Some(application) = &given.application else {
        return Finding::skip("there is no root");
    };
    match given.state(application) {
        Ok(state) => judge(state.pause_at(SystemTime::now())),
        Err(problem) => not_known(problem),
    }
}

/// Of the pause that is in force.
fn judge(pause: Option<&Pause>) -> Finding {
    let Some(pause) = pause else {
        return Finding::pass("not paused");
    };
    let until = pause.until.as_deref().unwrap_or("somebody resumes");
    Finding::fail(
        format!("paused since {} until {until}: {}", pause.since, pause.why),
        "deploy-state resume",
    )
    .measured(pause.since.as_str(), until)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;

    #[test]
    fn a_pause_says_why_and_until_when() {
        assert_eq!(judge(None).status, Status::Pass);
        let pause = Pause {
            why: "a fair".into(),
            since: "2026-11-20T09:30:00.000Z".into(),
            until: None,
        };
        let finding = judge(Some(&pause));
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.message.ends_with("until somebody resumes: a fair"));
        assert_eq!(finding.hint.unwrap(), "deploy-state resume");
    }
}
