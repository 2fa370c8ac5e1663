//! Whether what is live was ever seen well. Only then is a sick service a reason against replacing it.

use crate::finding::{Finding, Status};
use crate::given::Given;
use releases::Current;
use service::{Name, Service};
use state::Verdict;

/// What is known about what is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Live {
    /// It was seen well, or nobody can say that it was not: the state cannot be read, or no application was named.
    Well,
    /// Nobody has validated it yet.
    Unvalidated,
    /// It failed.
    Bad,
    /// Nothing is live.
    Nothing,
}

impl Live {
    pub(super) fn of(given: &Given) -> Self {
        let Some(application) = &given.application else {
            return Self::Well;
        };
        // A Compose project that is deployed where it lies has no releases to be judged by.
        if let Some(Name::Compose { directory, .. }) = given.service.as_ref().map(Service::name)
            && directory.as_str() != application.layout.current
        {
            return Self::Well;
        }
        match application.current() {
            Ok(Current::Absent) => Self::Nothing,
            Ok(Current::Release(name)) => match given.state(application) {
                Ok(state) => Self::by(state.verdict(&name)),
                Err(_) => Self::Well,
            },
            Ok(_) | Err(_) => Self::Well,
        }
    }

    fn by(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::Well,
            Verdict::Unknown => Self::Unvalidated,
            Verdict::Bad => Self::Bad,
        }
    }

    /// Why a deploy may go on although the service is sick.
    fn may_go(self) -> Option<&'static str> {
        match self {
            Self::Well => None,
            Self::Unvalidated => {
                Some("the live release was never validated: a deploy may replace it")
            }
            Self::Bad => Some("the live release is marked bad: a deploy may replace it"),
            Self::Nothing => Some("nothing is live yet: a deploy may bring what is to run"),
        }
    }

    /// A failure that says that the service is sick: where what is live was never well it only warns, else the message
    /// says how the cure is deployed.
    pub(super) fn weigh(self, finding: Finding, cure: &str) -> Finding {
        if finding.status != Status::Fail {
            return finding;
        }
        if let Some(why) = self.may_go() {
            return Finding {
                status: Status::Warn,
                message: format!("{}; {why}", finding.message),
                ..finding
            };
        }
        Finding {
            message: format!("{}; {cure} lets a deploy of the cure pass", finding.message),
            ..finding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_well_may_be_replaced() {
        let sick = || Finding::fail("it is sick", "mend it");
        let cure = "deploy --force shop";
        for verdict in [Verdict::Unknown, Verdict::Bad] {
            let finding = Live::by(verdict).weigh(sick(), cure);
            assert_eq!(finding.status, Status::Warn);
            assert!(finding.message.contains("may replace it"));
        }
        assert_eq!(Live::Nothing.weigh(sick(), cure).status, Status::Warn);
        let finding = Live::by(Verdict::Good).weigh(sick(), cure);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.message.contains("deploy --force shop lets"));
        assert_eq!(finding.hint.as_deref(), Some("mend it"));
    }

    #[test]
    fn only_failures_are_weighed() {
        for finding in [
            Finding::pass("p"),
            Finding::warn("w", "h"),
            Finding::skip("s"),
        ] {
            assert_eq!(Live::Bad.weigh(finding.clone(), "c"), finding);
            assert_eq!(Live::Well.weigh(finding.clone(), "c"), finding);
        }
    }
}
