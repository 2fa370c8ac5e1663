//! A unit's log, from systemd's journal.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadline::Deadline;
use deadline::child::{Finished, Streams, fold_lines};
use serde_json::Value;

use super::control::{Control, LAST_WORDS, Manager};
use crate::logs::is_error;
use crate::{Error, LogErrors, Mark};

/// Reading a long log takes its time, but not this much.
const LONGEST: Duration = Duration::from_secs(60);
/// Priority `err`; smaller ones are worse.
const ERR: u64 = 3;
/// What journalctl says where it shows less than there is.
const NOT_ALL: [&str; 3] = [
    "not seeing messages from other users",
    "insufficient permissions",
    "No journal files were",
];

/// Where the whole journal ends now, as far as this user sees it.
pub(super) fn mark(control: &Control, deadline: &Deadline) -> Result<Mark, Error> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let finished = control.call(
        "journalctl",
        &["--no-pager", "--quiet"],
        &["-n", "1", "-o", "json", "--output-fields=PRIORITY"],
        "read the journal",
        deadline,
    )?;
    let newest: Option<Value> = serde_json::from_slice(finished.stdout()).ok();
    let cursor = newest
        .as_ref()
        .and_then(|entry| entry.get("__CURSOR")?.as_str());
    Ok(Mark::Journal {
        cursor: cursor.map(str::to_owned),
        microseconds: u64::try_from(now.as_micros()).unwrap_or(u64::MAX),
    })
}

/// The last lines, those after the mark where one is given.
pub(super) fn lines(
    control: &Control,
    mark: Option<&Mark>,
    most: usize,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let mut arguments = vec!["-o".to_owned(), "cat".to_owned()];
    arguments.extend(after(mark));
    // After a cursor, `-n` would mean the first ones.
    if mark.is_none() {
        arguments.push(format!("--lines={most}"));
    }
    let keep = move |(any, last): &mut (bool, VecDeque<String>), line: &str| {
        *any = true;
        last.push_back(line.to_owned());
        if last.len() > most {
            last.pop_front();
        }
    };
    let (finished, (any, lines)) = read(control, &arguments, keep, deadline)?;
    is_all(control, &finished, any)?;
    Ok(lines.into())
}

/// The entries after the mark that are of priority `err` or worse, or read like an error.
pub(super) fn errors(
    control: &Control,
    mark: &Mark,
    deadline: &Deadline,
) -> Result<LogErrors, Error> {
    let mut arguments: Vec<String> = ["-o", "json", "--output-fields=PRIORITY,MESSAGE"]
        .map(str::to_owned)
        .into();
    arguments.extend(after(Some(mark)));
    let count = |(entries, errors): &mut (u64, LogErrors), line: &str| {
        *entries += 1;
        if let Some(message) = error_in(line) {
            errors.add(&message);
        }
    };
    let (finished, (entries, errors)) = read(control, &arguments, count, deadline)?;
    is_all(control, &finished, entries > 0)?;
    Ok(errors)
}

/// The message of a JSON entry that tells of an error.
fn error_in(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let message = match entry.get("MESSAGE") {
        Some(Value::String(text)) => text.clone(),
        // Not UTF-8: an array of bytes.
        Some(Value::Array(bytes)) => {
            let byte = |value: &Value| u8::try_from(value.as_u64()?).ok();
            let bytes: Vec<u8> = bytes.iter().filter_map(byte).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => String::new(),
    };
    let priority = entry
        .get("PRIORITY")
        .and_then(|priority| priority.as_str()?.parse::<u64>().ok());
    let bad = priority.is_some_and(|priority| priority <= ERR);
    (bad || is_error(&message)).then_some(message)
}

/// However long the journal is, each line of it is seen.
fn read<T: Default + Send + 'static>(
    control: &Control,
    arguments: &[String],
    see: impl FnMut(&mut T, &str) + Clone + Send + 'static,
    deadline: &Deadline,
) -> Result<(Finished, T), Error> {
    let unit = match control.manager {
        Manager::System => "--unit",
        Manager::User => "--user-unit",
    };
    let mut all: Vec<&str> = vec![unit, &control.unit];
    all.extend(arguments.iter().map(String::as_str));
    let command = control.command("journalctl", &["--no-pager"], &all);
    fold_lines(command, Streams::Output, see, &deadline.or_after(LONGEST))
        .map_err(|error| Error::of_child(error, "read the journal"))
}

/// The arguments that leave out what was there before the mark.
fn after(mark: Option<&Mark>) -> Vec<String> {
    match mark {
        Some(Mark::Journal {
            cursor: Some(cursor),
            ..
        }) => vec![format!("--after-cursor={cursor}")],
        Some(Mark::Journal { microseconds, .. }) => vec![format!(
            "--since=@{}.{:06}",
            microseconds / 1_000_000,
            microseconds % 1_000_000
        )],
        _ => Vec::new(),
    }
}

/// Whether what was read is all there is. What this user's manager says and what its units write, the user may always read;
/// of the system's units only what happens to be written under the user's own number.
fn is_all(control: &Control, finished: &Finished, any: bool) -> Result<(), Error> {
    let said = finished.stderr_text();
    let partial = NOT_ALL.iter().any(|words| said.contains(words));
    let trusted = control.manager == Manager::User && any;
    if finished.status.success() && (!partial || trusted) {
        return Ok(());
    }
    let user = "\"$(id -un)\"";
    Err(Error::Unreadable {
        what: format!("the journal of {}", control.service()),
        said: format!(
            "{}; the group systemd-journal may, from the next login on",
            finished.last_words(LAST_WORDS)
        ),
        hint: format!("sudo usermod -a -G systemd-journal {user}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_and_words_both_count() {
        let is = |line: &str| error_in(line).is_some();
        assert!(is(r#"{"PRIORITY":"3","MESSAGE":"it broke"}"#));
        assert!(is(r#"{"PRIORITY":"0","MESSAGE":null}"#));
        assert!(is(r#"{"PRIORITY":"6","MESSAGE":"ERROR it broke"}"#));
        assert!(is(r#"{"PRIORITY":"3","MESSAGE":[255,120]}"#));
        assert!(!is(r#"{"PRIORITY":"4","MESSAGE":"it may break"}"#));
        assert!(!is(r#"{"PRIORITY":"6","MESSAGE":"0 errors"}"#));
        assert!(!is("-- No entries --"));
    }

    #[test]
    fn a_mark_is_a_cursor_or_a_moment() {
        let cursor = Mark::Journal {
            cursor: Some("s=1;i=2".to_owned()),
            microseconds: 5,
        };
        assert_eq!(after(Some(&cursor)), ["--after-cursor=s=1;i=2"]);
        let moment = Mark::Journal {
            cursor: None,
            microseconds: 1_700_000_000_000_042,
        };
        assert_eq!(after(Some(&moment)), ["--since=@1700000000.000042"]);
    }
}
