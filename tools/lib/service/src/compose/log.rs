//! What the containers have written, in the order of time, by `docker logs`.

use std::time::{SystemTime, UNIX_EPOCH};

use deadline::Deadline;

use super::client::Client;
use super::inspect::Container;
use crate::logs::is_error;
use crate::{Error, LogErrors, Mark};

/// How many lines of each container are looked at where no number is told.
const ALL: &str = "all";

/// Now.
pub(super) fn mark() -> Mark {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Mark::Moment {
        microseconds: u64::try_from(since.as_micros()).unwrap_or(u64::MAX),
    }
}

/// The last lines, those after the mark where one is given; the container's name before each where there are several.
pub(super) fn lines(
    client: &Client,
    containers: &[Container],
    mark: Option<&Mark>,
    most: usize,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let mut lines = read(client, containers, mark, &most.to_string(), deadline)?;
    let skipped = lines.len().saturating_sub(most);
    let last = lines.drain(skipped..);
    let several = containers.len() > 1;
    let told = last.map(|line| {
        if several {
            format!("{}: {}", line.of, line.text)
        } else {
            line.text
        }
    });
    Ok(told.collect())
}

/// The lines after the mark that tell of errors.
pub(super) fn errors(
    client: &Client,
    containers: &[Container],
    mark: &Mark,
    deadline: &Deadline,
) -> Result<LogErrors, Error> {
    let mut errors = LogErrors::default();
    for line in read(client, containers, Some(mark), ALL, deadline)? {
        if is_error(&line.text) {
            errors.add(&line.text);
        }
    }
    Ok(errors)
}

struct Line {
    /// RFC 3339 with nanoseconds: text that sorts as time does.
    at: String,
    of: String,
    text: String,
}

fn read(
    client: &Client,
    containers: &[Container],
    mark: Option<&Mark>,
    tail: &str,
    deadline: &Deadline,
) -> Result<Vec<Line>, Error> {
    let since = mark.and_then(|mark| match mark {
        Mark::Moment { microseconds } => Some(format!(
            "{}.{:06}",
            microseconds / 1_000_000,
            microseconds % 1_000_000
        )),
        _ => None,
    });
    let mut lines = Vec::new();
    for container in containers {
        let mut arguments = vec!["logs", "--timestamps", "--tail", tail];
        if let Some(since) = &since {
            arguments.extend(["--since", since]);
        }
        arguments.push(&container.id);
        let action = format!("read the log of {}", container.called());
        let finished = match client.docker(&arguments, &action, deadline) {
            Ok(finished) => finished,
            // Replaced meanwhile.
            Err(Error::Refused { said, .. }) if said.contains("No such container") => continue,
            Err(Error::Refused { said, .. }) => {
                return Err(Error::Unreadable {
                    what: format!("the log of {}", container.called()),
                    said,
                    hint: "a logging driver that Docker can read: json-file, local or journald"
                        .to_owned(),
                });
            }
            Err(error) => return Err(error),
        };
        // What it wrote as errors comes as errors.
        for bytes in [&finished.stdout, &finished.stderr] {
            for line in String::from_utf8_lossy(bytes).lines() {
                let (at, text) = line.split_once(' ').unwrap_or((line, ""));
                lines.push(Line {
                    at: at.to_owned(),
                    of: container.called(),
                    text: text.trim_end().to_owned(),
                });
            }
        }
    }
    lines.sort_by(|one, other| one.at.cmp(&other.at));
    Ok(lines)
}
