//! How often an application may be deployed: one rule over the history, for whoever begins a deploy and for whoever checks
//! before one.

use crate::model::{Outcome, Phase};
use crate::record::Told;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// At most so many deploys within any stretch of that length; `10/1h` in words, `none` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many; none where there is no limit.
    pub most: Option<u64>,
    /// The length of the stretch that ends now.
    pub within: Duration,
}

/// What of a [`Rate`] is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The deploys that count.
    pub deploys: u64,
    /// From when on the next one is allowed; nothing where it is now.
    pub again_at: Option<SystemTime>,
}

impl Rate {
    /// What the limit is where nobody has said: ten an hour.
    pub const DEFAULT: Self = Self {
        most: Some(10),
        within: Duration::from_secs(3600),
    };

    /// No limit.
    pub const NONE: Self = Self {
        most: None,
        within: Duration::ZERO,
    };

    /// Whether whatever keeps to this rate keeps to `limit` too.
    pub fn is_within(self, limit: Self) -> bool {
        match (self.most, limit.most) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(most)) => own <= most && self.within >= limit.within,
        }
    }

    /// What is used up of it now. `except` is a deploy that does not count, the one that asks.
    ///
    /// A deploy counts from its beginning, whatever became of it; but not one that was given up before anything was built,
    /// drained or stopped for it (a check or the build step refused it, or there was nothing new), and not what a tool did for itself outside a deploy. One that began in the future, by
    /// a clock that has been set back since, does not count.
    pub fn used(self, told: &[Told], except: Option<&str>, now: SystemTime) -> Used {
        let mut began: Vec<SystemTime> = told
            .iter()
            .filter(|one| one.moment_of.is_none() && except != Some(one.deploy_id.as_str()))
            .filter(|one| !was_only_checked(one))
            .filter_map(|one| clock::parse_rfc3339(&one.started_at))
            .filter(|began| {
                now.duration_since(*began)
                    .is_ok_and(|since| since < self.within)
            })
            .collect();
        began.sort_unstable();
        let deploys = began.len() as u64;
        // Once this one has left the stretch, one less than the limit is left in it.
        let leaves = self.most.filter(|most| deploys >= *most).map(|most| {
            let first = usize::try_from(deploys - most).unwrap_or_default();
            // A limit of none at all is never free again; the end of the stretch is as near as any time.
            began.get(first).copied().unwrap_or(now) + self.within
        });
        Used {
            deploys,
            again_at: leaves,
        }
    }
}

/// It ended before anything but checks had been done for it, of which the build step may have been the last.
fn was_only_checked(told: &Told) -> bool {
    let checked = told.phase <= Some(Phase::PreFlight)
        || told.phase == Some(Phase::Build) && told.built_nothing == Some(true);
    told.outcome.as_deref() == Some(Outcome::Aborted.name()) && checked
}

impl fmt::Display for Used {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.deploys {
            1 => write!(formatter, "1 deploy counts"),
            other => write!(formatter, "{other} deploys count"),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(most) = self.most else {
            return formatter.write_str("none");
        };
        let milliseconds = self.within.as_millis();
        let (number, unit) = match milliseconds {
            whole if whole % 3_600_000 == 0 => (whole / 3_600_000, "h"),
            whole if whole % 60_000 == 0 => (whole / 60_000, "m"),
            whole if whole % 1000 == 0 => (whole / 1000, "s"),
            whole => (whole, "ms"),
        };
        write!(formatter, "{most}/{number}{unit}")
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "a rate is a number of deploys and a time, as in 10/1h, or none for no limit".to_owned()
        };
        if text == "none" {
            return Ok(Self::NONE);
        }
        let (most, within) = text.split_once('/').ok_or_else(wrong)?;
        let digits = within.trim_end_matches(|character: char| character.is_ascii_lowercase());
        let milliseconds: u64 = match &within[digits.len()..] {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        let within = number
            .checked_mul(milliseconds)
            .filter(|within| *within > 0)
            .map(Duration::from_millis)
            .ok_or_else(wrong)?;
        match most.parse() {
            Ok(most @ 1..) => Ok(Self {
                most: Some(most),
                within,
            }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::record::deploys;
    use serde_json::{Value, json};

    /// The lines of a deploy that began so many seconds after 1970, came to that phase and ended so.
    fn deploy(id: &str, second: u64, phase: &str, outcome: Option<&str>) -> Vec<Value> {
        let at = clock::rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
        let mut lines = vec![
            json!({"event": "begun", "deployId": id, "at": at}),
            json!({"event": "phase", "deployId": id, "at": at, "phase": phase}),
        ];
        if let Some(outcome) = outcome {
            lines.push(json!({"event": "ended", "deployId": id, "at": at, "outcome": outcome}));
        }
        lines
    }

    fn used(rate: &str, lines: &[Vec<Value>], except: Option<&str>, second: u64) -> (u64, u64) {
        let told = deploys(&lines.concat());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let rate: Rate = rate.parse().unwrap();
        let used = rate.used(&told, except, now);
        let again = used
            .again_at
            .map_or(0, |at| at.duration_since(now).unwrap().as_secs());
        (used.deploys, again)
    }

    #[test]
    fn the_next_is_allowed_once_the_oldest_that_counts_is_over() {
        let history = [
            deploy("d1", 1000, "validating", Some("succeeded")),
            deploy("d2", 1600, "validating", Some("rolled-back")),
            deploy("d3", 2000, "build", Some("failed")),
        ];
        assert_eq!(used("3/1h", &history, None, 2100), (3, 2500));
        assert_eq!(used("4/1h", &history, None, 2100), (3, 0));
        assert_eq!(used("2/1h", &history, None, 2100), (3, 3100));
        assert_eq!(
            used("3/1h", &history, None, 4600),
            (2, 0),
            "d1 is an hour ago"
        );
        assert_eq!(used("none", &history, None, 2100).1, 0);
    }

    #[test]
    fn what_was_refused_by_a_check_and_who_asks_do_not_count() {
        let mut history = vec![
            deploy("d1", 1000, "pre-flight", Some("aborted")),
            deploy("d2", 1000, "build", Some("aborted")),
            deploy("d3", 1000, "pre-flight", None),
        ];
        assert_eq!(used("9/1h", &history, None, 1100).0, 2);
        assert_eq!(used("9/1h", &history, Some("d3"), 1100).0, 1);
        history.push(vec![
            json!({"event": "begun", "deployId": "p", "momentOf": "release-prune",
                                 "at": "1970-01-01T00:17:00.000Z"}),
        ]);
        assert_eq!(used("9/1h", &history, Some("d3"), 1100).0, 1);
        // By a clock that was wrong then.
        history.push(deploy("d4", 99_000, "build", None));
        assert_eq!(used("9/1h", &history, Some("d3"), 1100).0, 1);
    }

    #[test]
    fn what_made_nothing_does_not_count_and_a_build_does() {
        let built = |report: Value| {
            let mut lines = deploy("d1", 1000, "build", Some("aborted"));
            lines.insert(
                2,
                json!({"event": "step", "deployId": "d1", "phase": "build", "report": report}),
            );
            used("9/1h", &[lines], None, 1100).0
        };
        assert_eq!(built(json!({"ok": true, "changed": false})), 0);
        let refused = json!({"ok": false, "exit": 1, "error": {"code": "known-bad"}});
        assert_eq!(built(refused), 0);
        assert_eq!(built(json!({"ok": true, "changed": true})), 1);
        let failed = json!({"ok": false, "exit": 1, "error": {"code": "build-failed"}});
        assert_eq!(built(failed), 1);
    }

    #[test]
    fn a_rate_is_written_as_it_is_read() {
        for text in ["10/1h", "3/90s", "1/5m", "2/500ms", "none"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for wrong in [
            "", "10", "10/", "/1h", "0/1h", "10/0h", "10/1d", "x/1h", "10/-1h", "10/h",
        ] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
