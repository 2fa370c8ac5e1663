//! What the containers have written, in the order of time, by `docker logs`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadline::Deadline;

use super::client::Client;
use super::inspect::Container;
use crate::logs::{EXAMPLES, is_error};
use crate::{Error, LogErrors, Mark};

/// How many lines of each container are looked at where no number is told.
const ALL: &str = "all";
/// Reading a long log takes its time, but not this much.
const LONGEST: Duration = Duration::from_secs(60);

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
    let several = containers.len() > 1;
    let mut lines = Vec::new();
    let tail = most.to_string();
    for container in containers {
        let keep = |lines: &mut Vec<Line>, line: &str| lines.push(Line::of(line));
        for mut line in read(client, container, mark, &tail, keep, deadline)? {
            if several {
                line.text = format!("{}: {}", container.called(), line.text);
            }
            lines.push(line);
        }
    }
    lines.sort_by(|one, other| one.at.cmp(&other.at));
    let skipped = lines.len().saturating_sub(most);
    Ok(lines.drain(skipped..).map(|line| line.text).collect())
}

/// The lines after the mark that tell of errors.
pub(super) fn errors(
    client: &Client,
    containers: &[Container],
    mark: &Mark,
    deadline: &Deadline,
) -> Result<LogErrors, Error> {
    let mut all = Earliest::default();
    for container in containers {
        let count = |errors: &mut Earliest, line: &str| {
            let line = Line::of(line);
            if is_error(&line.text) {
                errors.add(line);
            }
        };
        let found = read(client, container, Some(mark), ALL, count, deadline)?;
        all.join(found);
    }
    Ok(all.told())
}

/// One line of a log.
#[derive(Debug)]
struct Line {
    /// RFC 3339 with nanoseconds: text that sorts as time does.
    at: String,
    text: String,
}

impl Line {
    fn of(line: &str) -> Self {
        let (at, text) = line.split_once(' ').unwrap_or((line, ""));
        Self {
            at: at.to_owned(),
            text: text.trim_end().to_owned(),
        }
    }
}

/// All errors, counted, and the first of them in the order of time: two streams of a container, and several containers, are
/// read one after another.
#[derive(Debug, Default)]
struct Earliest {
    count: u64,
    first: Vec<Line>,
}

impl Earliest {
    fn add(&mut self, line: Line) {
        self.count += 1;
        let place = self.first.partition_point(|known| known.at <= line.at);
        self.first.insert(place, line);
        self.first.truncate(EXAMPLES);
    }

    fn join(&mut self, other: Self) {
        let count = self.count + other.count;
        other.first.into_iter().for_each(|line| self.add(line));
        self.count = count;
    }

    fn told(self) -> LogErrors {
        let mut errors = LogErrors::default();
        self.first.iter().for_each(|line| errors.add(&line.text));
        errors.count = self.count;
        errors
    }
}

/// One container's log, each line of it seen.
fn read<T: Default + Send + 'static>(
    client: &Client,
    container: &Container,
    mark: Option<&Mark>,
    tail: &str,
    see: impl FnMut(&mut T, &str) + Clone + Send + 'static,
    deadline: &Deadline,
) -> Result<T, Error> {
    let mut arguments = vec!["logs", "--timestamps", "--tail", tail];
    let since = mark.and_then(|mark| match mark {
        Mark::Moment { microseconds } => Some(format!(
            "{}.{:06}",
            microseconds / 1_000_000,
            microseconds % 1_000_000
        )),
        _ => None,
    });
    if let Some(since) = &since {
        arguments.extend(["--since", since]);
    }
    arguments.push(&container.id);
    let action = format!("read the log of {}", container.called());
    match client.fold(&arguments, see, &action, &deadline.or_after(LONGEST)) {
        // Replaced meanwhile.
        Err(Error::Refused { said, .. }) if said.contains("No such container") => Ok(T::default()),
        Err(Error::Refused { said, .. }) => Err(Error::Unreadable {
            what: format!("the log of {}", container.called()),
            said: format!(
                "{said}; Docker reads what the drivers json-file, local and journald have logged"
            ),
            hint: "docker info --format '{{.LoggingDriver}}'".to_owned(),
        }),
        other => other,
    }
}
