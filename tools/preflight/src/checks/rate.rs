//! `rate`: there were not too many deploys of late. The deploy of which this is a step does not count.

use super::Check;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::Given;
use application::fail;
use clock::rfc3339;
use deadline::Deadline;
use state::{Rate, Used};
use std::time::{Duration, SystemTime};

pub(super) const CHECK: Check = Check {
    name: "rate",
    about: "there were fewer deploys of late than --max-deploys allows",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let Some(application) = &given.application else {
        return Finding::skip("there is no root");
    };
    let rate = given.args.max_deploys;
    if rate == Rate::NONE {
        return Finding::skip("there is no limit: --max-deploys none");
    }
    let now = SystemTime::now();
    match application.store.told() {
        Ok(told) => judge(rate, rate.used(&told, given.deploy_id.as_deref(), now), now),
        Err(error) => not_known(&fail::store(error).into()),
    }
}

fn judge(rate: Rate, used: Used, now: SystemTime) -> Finding {
    let count = used.deploys;
    let finding = match used.again_at {
        None => Finding::pass(format!("{used}, and {rate} are allowed")),
        Some(at) => {
            let wait = at.duration_since(now).unwrap_or(Duration::ZERO);
            let message = format!(
                "{used} already, and {rate} are allowed: the next one from {} on, in {}",
                rfc3339(at),
                in_words(wait)
            );
            Finding::fail(message, "deploy-state history --last 20")
        }
    };
    finding.measured(count, rate.most)
}

/// Rounded up: whoever comes then does not come too soon.
fn in_words(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000);
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;

    #[test]
    fn the_next_one_is_told() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let used = |deploys, seconds: Option<u64>| Used {
            deploys,
            again_at: seconds.map(|seconds| now + Duration::from_secs(seconds)),
        };
        let free = judge(Rate::DEFAULT, used(9, None), now);
        assert_eq!(free.status, Status::Pass);
        assert_eq!((free.value, free.limit), (9.into(), 10.into()));
        let full = judge(Rate::DEFAULT, used(10, Some(700)), now);
        assert_eq!(full.status, Status::Fail);
        let expected = "10 deploys count already, and 10/1h are allowed: the next one from 1970-01-01T00:28:20.000Z on, in 12 min";
        assert_eq!(full.message, expected);
    }

    #[test]
    fn a_wait_is_rounded_up() {
        assert_eq!(in_words(Duration::from_millis(1)), "1 s");
        assert_eq!(in_words(Duration::from_secs(119)), "119 s");
        assert_eq!(in_words(Duration::from_secs(121)), "3 min");
    }
}
