//! What a dead deploy left, and what is to be made of it: one table.

use crate::model::{Deploy, Outcome, State, Status};

/// What `current` is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// There is none.
    Absent,
    /// It selects this release.
    At(String),
    /// It is something else; the text says what.
    Strange(String),
}

impl Link {
    /// The release that it selects.
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::At(name) => Some(name),
            Self::Absent | Self::Strange(_) => None,
        }
    }
}

/// How a dead deploy is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The link is to be switched to this release first: a rollback that was decided and not done.
    pub switch_to: Option<String>,
    /// The service may have been stopped and is to be started.
    pub start: bool,
    /// How the deploy is recorded.
    pub outcome: Outcome,
    /// Why, for the history.
    pub why: String,
}

/// The disk shows neither what was before the announced change nor what it was to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction(pub String);

/// The table: what the intent says, what the disk shows, what is done, which verdict.
///
/// | status | link | done | outcome |
/// |---|---|---|---|
/// | deploying | as before | nothing | aborted |
/// | deploying (a tool's own moment), validating | as before an announced change | service started | aborted |
/// | the same | as announced | service started | aborted; the new release is live and not validated |
/// | validating, nothing announced | a release | service started | aborted |
/// | rolling back | as before, or as announced | link switched, service started | rolled back |
/// | any | anything else | nothing: a person must look | |
///
/// `gone` says what became of the holder, as the beginning of a sentence: `the holder died`.
pub fn settle(
    state: &State,
    deploy: &Deploy,
    link: &Link,
    gone: &str,
) -> Result<Settlement, Contradiction> {
    let is_at = |name: Option<&str>| match link {
        Link::Absent => name.is_none(),
        Link::At(release) => name == Some(release.as_str()),
        Link::Strange(_) => false,
    };
    let phase = deploy.phase.name();
    let settled = |switch_to: Option<&str>, start, outcome, why: String| {
        Ok(Settlement {
            switch_to: switch_to.map(str::to_owned),
            start,
            outcome,
            why,
        })
    };
    if let Link::Strange(what) = link {
        return Err(Contradiction(what.clone()));
    }
    let died = format!("{gone} in phase {phase}");
    match (&state.status, &deploy.intent) {
        (Status::Idle | Status::Deploying(_), None) => settled(
            None,
            false,
            Outcome::Aborted,
            format!("{died}; nothing was changed"),
        ),
        (Status::RollingBack(_), None) => settled(
            None,
            true,
            Outcome::RolledBack,
            format!("{died}, rolling back; {} is live", named(link)),
        ),
        (Status::Validating(_), None) => {
            let brought = deploy.release.is_some() && !deploy.brings_nothing();
            let validated = if brought && is_at(deploy.release.as_deref()) {
                "not validated"
            } else {
                "as before"
            };
            settled(
                None,
                true,
                Outcome::Aborted,
                format!("{died}; {} is live, {validated}", named(link)),
            )
        }
        (_, Some(intent)) if is_at(Some(&intent.to)) => {
            let (outcome, rest) = if matches!(state.status, Status::RollingBack(_)) {
                (Outcome::RolledBack, "")
            } else {
                (Outcome::Aborted, ", not validated")
            };
            let why = format!("{died}, after the switch; {} is live{rest}", intent.to);
            settled(None, true, outcome, why)
        }
        (Status::RollingBack(_), Some(intent)) if is_at(intent.from.as_deref()) => settled(
            Some(&intent.to),
            true,
            Outcome::RolledBack,
            format!(
                "{died}, before it had rolled back; {} is live now",
                intent.to
            ),
        ),
        (_, Some(intent)) if is_at(intent.from.as_deref()) => settled(
            None,
            true,
            Outcome::Aborted,
            format!("{died}, before the switch; {} is live", named(link)),
        ),
        (_, Some(intent)) => Err(Contradiction(format!(
            "current selects {}, which is neither {} nor {}",
            named(link),
            intent.from.as_deref().unwrap_or("nothing"),
            intent.to
        ))),
    }
}

fn named(link: &Link) -> &str {
    link.release().unwrap_or("nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Intent, Phase};
    use std::time::SystemTime;

    fn deploy(phase: Phase, intent: Option<(&str, &str, &str)>) -> Deploy {
        Deploy {
            id: "d1".into(),
            phase,
            started_at: SystemTime::UNIX_EPOCH,
            initiated_by: "me".into(),
            owner: None,
            moment_of: None,
            release: Some("new".into()),
            previous: Some("old".into()),
            intent: intent.map(|(action, from, to)| Intent {
                action: action.into(),
                from: Some(from.into()),
                to: to.into(),
            }),
            pending_file: None,
            previous_commit: None,
            current_commit: None,
        }
    }

    type Row = (
        fn(Deploy) -> Status,
        Deploy,
        &'static str,
        Option<(bool, Outcome, Option<&'static str>)>,
    );

    #[test]
    fn the_table() {
        let swap = Some(("swap", "old", "new"));
        let back = Some(("rollback", "new", "old"));
        let rows: [Row; 10] = [
            (
                Status::Deploying,
                deploy(Phase::Build, None),
                "old",
                Some((false, Outcome::Aborted, None)),
            ),
            (
                Status::Deploying,
                deploy(Phase::Lock, swap),
                "new",
                Some((true, Outcome::Aborted, None)),
            ),
            (
                Status::Validating,
                deploy(Phase::Restart, None),
                "old",
                Some((true, Outcome::Aborted, None)),
            ),
            (
                Status::Validating,
                deploy(Phase::Restart, swap),
                "old",
                Some((true, Outcome::Aborted, None)),
            ),
            (
                Status::Validating,
                deploy(Phase::Restart, swap),
                "new",
                Some((true, Outcome::Aborted, None)),
            ),
            (
                Status::Validating,
                deploy(Phase::Validating, None),
                "new",
                Some((true, Outcome::Aborted, None)),
            ),
            (
                Status::Validating,
                deploy(Phase::Restart, swap),
                "other",
                None,
            ),
            (
                Status::RollingBack,
                deploy(Phase::Validating, back),
                "new",
                Some((true, Outcome::RolledBack, Some("old"))),
            ),
            (
                Status::RollingBack,
                deploy(Phase::Validating, back),
                "old",
                Some((true, Outcome::RolledBack, None)),
            ),
            (
                Status::RollingBack,
                deploy(Phase::Validating, None),
                "old",
                Some((true, Outcome::RolledBack, None)),
            ),
        ];
        for (status, deploy, link, expected) in rows {
            let mut state = State::first();
            state.status = status(deploy.clone());
            let settled = settle(&state, &deploy, &Link::At(link.into()), "the holder died");
            let found = settled
                .as_ref()
                .ok()
                .map(|s| (s.start, s.outcome, s.switch_to.as_deref()));
            assert_eq!(
                found,
                expected,
                "{} {:?} at {link}",
                state.status.name(),
                deploy.intent
            );
        }
    }

    #[test]
    fn what_is_not_a_link_stops_everything() {
        let mut state = State::first();
        state.status = Status::Validating(deploy(Phase::Restart, None));
        let strange = Link::Strange("current is a directory".into());
        let deploy = state.deploy().cloned().unwrap();
        assert!(settle(&state, &deploy, &strange, "the holder died").is_err());
    }
}
