//! `restarts`: its supervisor would still start it, and it does not crash again and again.

use super::Check;
use super::live::Live;
use super::supervised::{Commands, not_asked};
use crate::finding::Finding;
use crate::given::Given;
use deadline::Deadline;
use service::{Active, Status};
use step::counted;

pub(super) const CHECK: Check = Check {
    name: "restarts",
    about: "the service's limit on starts is not used up",
    needs: "--service",
    given: |given| given.service.is_some(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(service) = &given.service else {
        return Finding::skip("there is no service");
    };
    match given.status(service, deadline) {
        Ok(status) => {
            let finding = judge(status, &Commands::of(service, given));
            Live::of(given).weigh(finding, &given.past(CHECK.name))
        }
        Err(problem) => not_asked(problem, &Commands::of(service, given)),
    }
}

/// The supervisor does not tell how much of the limit is used up. It tells how often it has restarted the service by
/// itself since somebody last started it, and for how long it has been up: starts that lie further back than the limit's
/// interval do not count any more.
fn judge(status: &Status, commands: &Commands) -> Finding {
    if status.start_limit_hit {
        return Finding::fail(
            "its supervisor has given up on it: the start limit is hit",
            commands.start_anew(),
        );
    }
    if status.active == Active::Restarting {
        return Finding::fail(
            format!("the service is {}", status.phrase()),
            commands.log(),
        );
    }
    let Some(restarts) = status.restarts else {
        return Finding::skip("nobody restarts it by itself");
    };
    let limit = status.start_limit.filter(|limit| limit.burst > 0);
    let Some(limit) = limit else {
        return Finding::pass("there is no limit on its starts").measured(restarts, ());
    };
    let by = if status.restarts_by_order {
        "by itself or by pm2 restart"
    } else {
        "by itself"
    };
    let told = format!("{} {by}", counted(restarts, "restart"));
    let seconds = limit.interval.as_secs();
    let long_ago = status.active_for.is_some_and(|time| time >= limit.interval);
    if restarts == 0 || long_ago {
        return Finding::pass(format!("{told}, none in the last {seconds} s"))
            .measured(if long_ago { 0 } else { restarts }, limit.burst);
    }
    let message = format!(
        "{told}, the last one within {seconds} s; {} in that time may be made",
        counted(limit.burst, "start")
    );
    // The first start counts as well.
    let finding = if restarts + 1 >= limit.burst {
        Finding::fail(message, commands.log())
    } else {
        Finding::warn(message, commands.log())
    };
    finding.measured(restarts, limit.burst)
}

#[cfg(test)]
mod tests {
    use super::super::service::tests::{status, unit};
    use super::*;
    use crate::finding::Status as Verdict;
    use service::StartLimit;
    use std::time::Duration;

    fn verdict(restarts: u64, up_for: u64, burst: u64) -> Verdict {
        let status = Status {
            restarts: Some(restarts),
            active_for: Some(Duration::from_secs(up_for)),
            start_limit: Some(StartLimit {
                burst,
                interval: Duration::from_secs(300),
            }),
            ..status(Active::Running)
        };
        judge(&status, &unit()).status
    }

    #[test]
    fn only_recent_restarts_use_the_limit_up() {
        assert_eq!(verdict(0, 1, 3), Verdict::Pass);
        assert_eq!(verdict(1, 1, 3), Verdict::Warn);
        assert_eq!(verdict(2, 1, 3), Verdict::Fail);
        assert_eq!(verdict(2, 300, 3), Verdict::Pass);
        assert_eq!(verdict(9, 1, 0), Verdict::Pass, "no limit");
    }

    #[test]
    fn given_up_and_crashing() {
        let given_up = Status {
            start_limit_hit: true,
            ..status(Active::Failed)
        };
        assert_eq!(judge(&given_up, &unit()).status, Verdict::Fail);
        let crashing = status(Active::Restarting);
        assert_eq!(judge(&crashing, &unit()).status, Verdict::Fail);
    }

    #[test]
    fn what_nobody_restarts_has_no_limit() {
        let plain = Status {
            restarts: None,
            ..status(Active::Running)
        };
        assert_eq!(judge(&plain, &unit()).status, Verdict::Skip);
    }
}
