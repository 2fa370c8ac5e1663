//! Requests one after another while something else happens, and what became of them.

use crate::client::TIMEOUT;
use crate::http::{Answer, Url, json_string};
use crate::{Options, say, units};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What one worker, or all of them, saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    sent: u64,
    failed: u64,
    slowest: Duration,
    versions: BTreeMap<String, u64>,
    first_failure: Option<(Instant, String)>,
}

/// `demo-service load URL --until-file FILE`.
pub(crate) fn load(options: &Options) -> Result<u8, String> {
    let url = Url::parse(options.word())?;
    let until = Path::new(
        options
            .get("until-file")
            .ok_or("load needs --until-file FILE")?,
    );
    let pause = units::duration(options.get("pause").unwrap_or("20ms"))?;
    let end = Instant::now() + units::duration(options.get("at-most").unwrap_or("5m"))?;
    let workers = options.get("workers").unwrap_or("1");
    let workers: usize = workers
        .parse()
        .map_err(|_| format!("not a number of workers: {workers:?}"))?;

    let tally = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work(&url, until, pause, end)))
            .collect();
        running
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .fold(Tally::default(), Tally::and)
    });
    Ok(say(&tally.json()))
}

fn work(url: &Url, until: &Path, pause: Duration, end: Instant) -> Tally {
    let mut tally = Tally::default();
    // At least one request: a file that is there from the start still gives a figure.
    loop {
        let begun = Instant::now();
        let answer = url.get(TIMEOUT);
        tally.count(answer.map_err(|error| error.to_string()), begun.elapsed());
        if until.exists() || Instant::now() >= end {
            return tally;
        }
        std::thread::sleep(pause);
    }
}

impl Tally {
    fn count(&mut self, answer: Result<Answer, String>, took: Duration) {
        self.sent += 1;
        self.slowest = self.slowest.max(took);
        let failure = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                if let Some(version) = version_in(&answer.body) {
                    *self.versions.entry(version.to_owned()).or_default() += 1;
                }
                return;
            }
            Ok(answer) => format!("status {}", answer.status),
            Err(error) => error,
        };
        self.failed += 1;
        self.first_failure
            .get_or_insert_with(|| (Instant::now(), failure));
    }

    fn and(mut self, other: Self) -> Self {
        self.sent += other.sent;
        self.failed += other.failed;
        self.slowest = self.slowest.max(other.slowest);
        for (version, count) in other.versions {
            *self.versions.entry(version).or_default() += count;
        }
        self.first_failure = [self.first_failure, other.first_failure]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at);
        self
    }

    fn json(&self) -> String {
        let mut versions = String::new();
        for (version, count) in &self.versions {
            let comma = if versions.is_empty() { "" } else { "," };
            let _ = write!(versions, "{comma}{}:{count}", json_string(version));
        }
        let failure = self
            .first_failure
            .as_ref()
            .map_or("null".to_owned(), |(_, why)| json_string(why));
        format!(
            r#"{{"sent":{},"failed":{},"slowestMs":{},"versions":{{{versions}}},"firstFailure":{failure}}}"#,
            self.sent,
            self.failed,
            self.slowest.as_millis()
        )
    }
}

/// The version in a /health answer, or a body of one word as /version gives it.
fn version_in(body: &str) -> Option<&str> {
    match body.split_once(r#""version":""#) {
        Some((_, rest)) => rest.split('"').next(),
        None => {
            Some(body.trim()).filter(|word| !word.is_empty() && !word.contains([' ', '{', '\n']))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(body: &str) -> Answer {
        Answer {
            status: 200,
            body: body.to_owned(),
        }
    }

    #[test]
    fn failures_and_versions_are_counted_over_all_workers() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.count(
            Ok(ok(r#"{"version":"1","pid":7}"#)),
            Duration::from_millis(3),
        );
        one.count(
            Ok(Answer {
                status: 500,
                body: String::new(),
            }),
            Duration::from_millis(1),
        );
        other.count(Ok(ok("2\n")), Duration::from_millis(9));
        other.count(Err("refused".to_owned()), Duration::ZERO);
        assert_eq!(
            other.and(one).json(),
            r#"{"sent":4,"failed":2,"slowestMs":9,"versions":{"1":1,"2":1},"firstFailure":"status 500"}"#
        );
    }
}
