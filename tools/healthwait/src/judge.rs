//! Is the service well? A judgement of what was seen, by itself; nothing is looked at here.

use service::Active;
use step::counted;
use step::parse::mebibytes;

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
    /// Those that somebody asked for are among them.
    pub(crate) restarts_by_order: bool,
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
            let times = counted(restarts, "time");
            let by = if seen.restarts_by_order {
                ", by itself or by pm2 restart,"
            } else {
                " by itself"
            };
            let most = limits.restarts;
            format!("it was restarted {times}{by} since the switch; {most} at most is borne")
        } else {
            format!("the service is {}", seen.phrase)
        });
    }
    // What stands in a log stays there.
    if let (Some(limit), Some(errors)) = (limits.log_errors, seen.log_errors)
        && errors > limit
    {
        let errors = counted(errors, "error");
        reasons.push(format!(
            "{errors} in its log since the start, more than {limit}"
        ));
    }
    reasons
}

#[cfg(test)]
mod tests;
