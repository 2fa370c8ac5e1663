//! Is the service well? A judgement of what was seen, by itself; nothing is looked at here.

use service::Active;

/// By how much memory may have grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// So many bytes.
    Bytes(u64),
    /// So many percent of what it was.
    Percent(u64),
}

impl Growth {
    /// `50M`, or `20%`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.ends_with('%') {
            share(text).map(Self::Percent)
        } else {
            step::parse::size(text).map(Self::Bytes)
        }
    }

    /// The most that memory may be, having been `before` bytes.
    pub fn limit(self, before: u64) -> u64 {
        let more = match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => before.saturating_mul(percent) / 100,
        };
        before.saturating_add(more)
    }
}

/// `150%`: a share that may be more than a whole, up to 100000%.
pub(crate) fn share(text: &str) -> Result<u64, String> {
    text.strip_suffix('%')
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|number| number.parse().ok())
        .filter(|&number: &u64| number <= 100_000)
        .ok_or_else(|| "a share is a whole number of percent, as in 150%".into())
}

/// What a service may at most be or do. What is `None` is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Automatic restarts since the switch.
    pub restarts: u64,
    /// Bytes.
    pub memory: Option<u64>,
    /// Against the first look, and against what ran before the deploy.
    pub memory_growth: Option<Growth>,
    /// Percent of one core: the mean over a watch, else between two looks.
    pub cpu: Option<u64>,
    /// Lines in the log since the start.
    pub log_errors: Option<u64>,
}

/// What was seen of a service. What could not be seen, or was not looked at, is `None`.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Its state.
    pub(crate) active: Active,
    /// Its state in one phrase for a person.
    pub(crate) phrase: String,
    /// Its supervisor has given up.
    pub(crate) start_limit_hit: bool,
    /// Automatic restarts since the switch, or since the first look.
    pub(crate) restarts: Option<u64>,
    /// Bytes.
    pub(crate) memory: Option<u64>,
    /// Bytes at the first look.
    pub(crate) memory_before: Option<u64>,
    /// Bytes of the run before the deploy.
    pub(crate) memory_baseline: Option<u64>,
    /// Percent of one core since the look before.
    pub(crate) cpu: Option<f64>,
    /// Errors in the log since the start.
    pub(crate) log_errors: Option<u64>,
}

/// How a service does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Well.
    Well,
    /// Not well, or not yet.
    Unwell(Vec<String>),
    /// Not well, and no wait will mend it.
    Hopeless(Vec<String>),
}

/// Holds what was seen against the limits.
pub(crate) fn judge(seen: &Seen, limits: &Limits) -> Judgement {
    let hopeless = hopeless(seen, limits);
    if !hopeless.is_empty() {
        return Judgement::Hopeless(hopeless);
    }
    let mut unwell = Vec::new();
    if seen.active != Active::Running {
        unwell.push(format!("the service is {}", seen.phrase));
        return Judgement::Unwell(unwell);
    }
    unwell.extend(memory(seen, limits));
    match (limits.cpu, seen.cpu) {
        (Some(limit), Some(cpu)) if is_beyond(cpu, limit) => {
            unwell.push(format!("it takes {cpu} % of a core, more than {limit} %"));
        }
        (Some(_), None) => {
            unwell.push("its share of a core is known only after a second look".to_owned());
        }
        _ => {}
    }
    if unwell.is_empty() {
        Judgement::Well
    } else {
        Judgement::Unwell(unwell)
    }
}

/// What it takes of memory beyond a limit.
pub(crate) fn memory(seen: &Seen, limits: &Limits) -> Vec<String> {
    let mut beyond = Vec::new();
    let Some(memory) = seen.memory else {
        return beyond;
    };
    if let Some(limit) = limits.memory.filter(|limit| memory > *limit) {
        beyond.push(format!(
            "it takes {} of memory, more than {}",
            mebibytes(memory),
            mebibytes(limit)
        ));
    }
    let earlier = [
        (seen.memory_before, "since the first look"),
        (seen.memory_baseline, "against what ran before the deploy"),
    ];
    for (before, since) in earlier {
        if let (Some(growth), Some(before)) = (limits.memory_growth, before)
            && memory > growth.limit(before)
        {
            beyond.push(format!(
                "its memory has grown from {} to {} {since}, beyond {}",
                mebibytes(before),
                mebibytes(memory),
                mebibytes(growth.limit(before))
            ));
        }
    }
    beyond
}

/// Whether a share in percent is beyond a limit in percent.
pub(crate) fn is_beyond(share: f64, limit: u64) -> bool {
    // A limit has at most six digits.
    share > f64::from(u32::try_from(limit).unwrap_or(u32::MAX))
}

/// What ends a watch at once: what ends a wait, memory beyond a limit, and a service that somebody has stopped.
pub(crate) fn judge_in_watch(seen: &Seen, limits: &Limits) -> Option<(&'static str, Vec<String>)> {
    let hopeless = hopeless(seen, limits);
    if !hopeless.is_empty() {
        return Some(("service-failed", hopeless));
    }
    if seen.active == Active::Stopped {
        let stopped = format!("the service is {}", seen.phrase);
        return Some(("service-failed", vec![stopped]));
    }
    let memory = memory(seen, limits);
    (!memory.is_empty()).then_some(("limit-exceeded", memory))
}

fn hopeless(seen: &Seen, limits: &Limits) -> Vec<String> {
    let mut reasons = Vec::new();
    let restarts = seen.restarts.unwrap_or(0);
    // The counter goes up when the pause before the new start is over, not when it begins.
    let about_to = u64::from(seen.active == Active::Restarting);
    if seen.start_limit_hit {
        reasons.push("its supervisor has given up on it: the start limit is hit".to_owned());
    }
    if seen.active == Active::Failed {
        reasons.push(format!("the service is {}", seen.phrase));
    } else if restarts + about_to > limits.restarts {
        reasons.push(if restarts > limits.restarts {
            format!(
                "since the switch it was restarted by itself {restarts} times; {} are borne",
                limits.restarts
            )
        } else {
            format!("the service is {}", seen.phrase)
        });
    }
    // What stands in a log stays there.
    if let (Some(limit), Some(errors)) = (limits.log_errors, seen.log_errors)
        && errors > limit
    {
        reasons.push(format!(
            "{errors} errors in its log since the start, more than {limit}"
        ));
    }
    reasons
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1024 * 1024))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn running() -> Seen {
        Seen {
            active: Active::Running,
            phrase: "running".into(),
            start_limit_hit: false,
            restarts: Some(0),
            memory: None,
            memory_before: None,
            memory_baseline: None,
            cpu: None,
            log_errors: None,
        }
    }

    fn is_hopeless(seen: &Seen, limits: &Limits) -> bool {
        matches!(judge(seen, limits), Judgement::Hopeless(_))
    }

    #[test]
    fn a_service_that_runs_is_well() {
        assert_eq!(judge(&running(), &Limits::default()), Judgement::Well);
    }

    #[test]
    fn what_may_still_come_is_waited_for() {
        for active in [Active::Starting, Active::Stopped, Active::Stopping] {
            let seen = Seen {
                active,
                ..running()
            };
            assert!(
                matches!(judge(&seen, &Limits::default()), Judgement::Unwell(_)),
                "{active:?}"
            );
        }
    }

    #[test]
    fn a_crash_ends_the_wait_unless_it_is_borne() {
        let crashed = Seen {
            active: Active::Restarting,
            ..running()
        };
        assert!(is_hopeless(&crashed, &Limits::default()));
        let once = Limits {
            restarts: 1,
            ..Limits::default()
        };
        assert!(!is_hopeless(&crashed, &once));
        let again = Seen {
            restarts: Some(1),
            ..crashed
        };
        assert!(is_hopeless(&again, &once));
        let up_again = Seen {
            active: Active::Running,
            ..again
        };
        assert!(is_hopeless(&up_again, &Limits::default()));
        assert_eq!(judge(&up_again, &once), Judgement::Well);
    }

    #[test]
    fn failed_and_given_up_are_hopeless() {
        let failed = Seen {
            active: Active::Failed,
            ..running()
        };
        assert!(is_hopeless(&failed, &Limits::default()));
        let limited = Seen {
            start_limit_hit: true,
            ..running()
        };
        assert!(is_hopeless(&limited, &Limits::default()));
    }

    #[test]
    fn limits_are_borders_that_may_be_touched() {
        let limits = Limits {
            memory: Some(100),
            cpu: Some(50),
            log_errors: Some(2),
            ..Limits::default()
        };
        let at = Seen {
            memory: Some(100),
            cpu: Some(50.0),
            log_errors: Some(2),
            ..running()
        };
        assert_eq!(judge(&at, &limits), Judgement::Well);
        let memory = Seen {
            memory: Some(101),
            ..at.clone()
        };
        let cpu = Seen {
            cpu: Some(50.01),
            ..at.clone()
        };
        for beyond in [memory, cpu] {
            assert!(matches!(judge(&beyond, &limits), Judgement::Unwell(_)));
        }
        let errors = Seen {
            log_errors: Some(3),
            ..at
        };
        assert!(is_hopeless(&errors, &limits));
    }

    #[test]
    fn a_share_of_a_core_needs_two_looks() {
        let limits = Limits {
            cpu: Some(50),
            ..Limits::default()
        };
        assert!(matches!(judge(&running(), &limits), Judgement::Unwell(_)));
    }

    #[test]
    fn growth_is_bytes_or_a_share() {
        assert_eq!(Growth::parse("2K"), Ok(Growth::Bytes(2048)));
        assert_eq!(Growth::parse("20%"), Ok(Growth::Percent(20)));
        assert!(Growth::parse("20 %").is_err());
        assert!(Growth::parse("%").is_err());
        assert_eq!(Growth::Percent(20).limit(100), 120);
        let limits = Limits {
            memory_growth: Some(Growth::Bytes(10)),
            ..Limits::default()
        };
        let grown = Seen {
            memory: Some(111),
            memory_before: Some(100),
            ..running()
        };
        assert!(matches!(judge(&grown, &limits), Judgement::Unwell(_)));
        let against_the_run_before = Seen {
            memory_before: Some(111),
            memory_baseline: Some(100),
            ..grown
        };
        assert_eq!(memory(&against_the_run_before, &limits).len(), 1);
    }

    #[test]
    fn a_watch_ends_at_once_for_memory_and_for_a_stop_and_not_for_a_restart_that_is_borne() {
        let limits = Limits {
            memory: Some(100),
            restarts: 1,
            cpu: Some(1),
            ..Limits::default()
        };
        let code = |seen: &Seen| judge_in_watch(seen, &limits).map(|(code, _)| code);
        assert_eq!(
            code(&running()),
            None,
            "processor time is judged over the whole"
        );
        let spike = Seen {
            memory: Some(101),
            ..running()
        };
        assert_eq!(code(&spike), Some("limit-exceeded"));
        for (active, expected) in [
            (Active::Stopped, Some("service-failed")),
            (Active::Failed, Some("service-failed")),
            (Active::Restarting, None),
            (Active::Starting, None),
            (Active::Stopping, None),
        ] {
            let seen = Seen {
                active,
                ..running()
            };
            assert_eq!(code(&seen), expected, "{active:?}");
        }
    }
}
