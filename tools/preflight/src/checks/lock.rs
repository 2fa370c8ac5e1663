//! `lock`: no other deploy is going on. The deploy of which this is a step does not count.

use super::Check;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::Given;
use application::{STALE_AFTER, busy};
use deadline::Deadline;
use state::lease::{Claim, Patience, claim};
use std::time::SystemTime;

pub(super) const CHECK: Check = Check {
    name: "lock",
    about: "no other deploy of this application is going on",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let Some(application) = &given.application else {
        return Finding::skip("there is no root");
    };
    let state = match given.state(application) {
        Ok(state) => state,
        Err(problem) => return not_known(problem),
    };
    let ours = state.deploy().map(|deploy| deploy.id.as_str()) == given.deploy_id.as_deref();
    if ours && given.deploy_id.is_some() {
        return Finding::pass("this deploy holds the lease");
    }
    let patience = Patience {
        stale_after: STALE_AFTER,
        take_over: false,
    };
    judge(
        &claim(state, patience, SystemTime::now()),
        given.deploy_id.as_deref(),
    )
}

fn judge(claim: &Claim, ours: Option<&str>) -> Finding {
    match (claim, ours) {
        (Claim::Held(holder), _) => {
            let failure = busy(holder);
            Finding::fail(failure.message(), failure.hint_text().unwrap_or_default())
        }
        (_, Some(id)) => Finding::fail(
            format!("deploy {id}, of which this is a step, does not hold the lease any more"),
            "deploy-state history",
        ),
        (Claim::Free, None) => Finding::pass("no deploy is going on"),
        (Claim::Abandoned(holder), None) => Finding::warn(
            format!(
                "deploy {} was left unfinished: {}",
                holder.deploy_id, holder.why
            ),
            "deploy-state recover",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use state::lease::Holder;

    fn holder(life: &'static str) -> Holder {
        Holder {
            deploy_id: "d1".into(),
            by: "ann@host".into(),
            phase: "build".into(),
            since: "2026-11-20T09:30:00.000Z".into(),
            life,
            why: "no such process".into(),
            silent_ms: 1,
        }
    }

    #[test]
    fn only_a_holder_that_may_live_stops_a_deploy() {
        let held = judge(&Claim::Held(holder("alive")), None);
        assert_eq!(held.status, Status::Fail);
        assert!(held.message.contains("ann@host"), "{}", held.message);
        let dead = judge(&Claim::Abandoned(holder("dead")), None);
        assert_eq!(dead.status, Status::Warn);
        assert_eq!(judge(&Claim::Free, None).status, Status::Pass);
    }

    #[test]
    fn a_deploy_that_has_lost_its_lease_goes_no_further() {
        assert_eq!(judge(&Claim::Free, Some("d2")).status, Status::Fail);
    }
}
