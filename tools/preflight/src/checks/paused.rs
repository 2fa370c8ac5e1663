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
        Ok(state) => judge(state.paused.as_ref(), SystemTime::now()),
        Err(problem) => not_known(problem),
    }
}

/// A time that cannot be read is taken for one that has not come: a pause is ended by `resume`, never by a typing error.
fn judge(pause: Option<&Pause>, now: SystemTime) -> Finding {
    let Some(pause) = pause else {
        return Finding::pass("not paused");
    };
    let until = pause.until.as_deref();
    let over = until
        .and_then(clock::parse_rfc3339)
        .is_some_and(|until| until <= now);
    if over {
        return Finding::pass(format!("the pause is over: {}", pause.why));
    }
    let until = until.unwrap_or("somebody resumes");
    Finding::fail(
        format!("paused since {} until {until}: {}", pause.since, pause.why),
        "deploy-state resume",
    )
    .measured(pause.since.as_str(), until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use std::time::Duration;

    #[test]
    fn a_pause_lasts_until_its_time() {
        let now = SystemTime::now();
        let until = |time: Option<SystemTime>| Pause {
            why: "a fair".into(),
            since: clock::rfc3339(now),
            until: time.map(clock::rfc3339),
        };
        let verdict = |pause: &Pause| judge(Some(pause), now).status;
        assert_eq!(judge(None, now).status, Status::Pass);
        assert_eq!(verdict(&until(None)), Status::Fail);
        let minute = Duration::from_secs(60);
        assert_eq!(verdict(&until(Some(now + minute))), Status::Fail);
        assert_eq!(verdict(&until(Some(now - minute))), Status::Pass);
        let unreadable = Pause {
            until: Some("friday".into()),
            ..until(None)
        };
        assert_eq!(verdict(&unreadable), Status::Fail);
    }
}
