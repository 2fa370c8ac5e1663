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
    // From a cursor on, `--lines` would mean the first ones.
    let newest = format!("--lines={most}");
    let arguments = if mark.is_none() { &[newest][..] } else { &[] };
    let keep = move |(any, last): &mut (bool, VecDeque<String>), entry: &Value| {
        *any = true;
        last.extend(message(entry).lines().map(str::to_owned));
        last.drain(..last.len().saturating_sub(most));
    };
    let (finished, (any, lines)) = read(control, arguments, mark, keep, deadline)?;
    is_all(control, &finished, any)?;
    Ok(lines.into())
}

/// The entries after the mark that are of priority `err` or worse, or read like an error.
pub(super) fn errors(
    control: &Control,
    mark: &Mark,
    deadline: &Deadline,
) -> Result<LogErrors, Error> {
    let count = |(any, errors): &mut (bool, LogErrors), entry: &Value| {
        *any = true;
        if let Some(message) = error_in(entry) {
            errors.add(&message);
        }
    };
    let (finished, (any, errors)) = read(control, &[], Some(mark), count, deadline)?;
    is_all(control, &finished, any)?;
    Ok(errors)
}

/// What an entry says.
fn message(entry: &Value) -> String {
    match entry.get("MESSAGE") {
        Some(Value::String(text)) => text.clone(),
        // Not UTF-8: an array of bytes.
        Some(Value::Array(bytes)) => {
            let byte = |value: &Value| u8::try_from(value.as_u64()?).ok();
            let bytes: Vec<u8> = bytes.iter().filter_map(byte).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => String::new(),
    }
}

/// The message of an entry that tells of an error.
fn error_in(entry: &Value) -> Option<String> {
    let message = message(entry);
    let priority = entry
        .get("PRIORITY")
        .and_then(|priority| priority.as_str()?.parse::<u64>().ok());
    let bad = priority.is_some_and(|priority| priority <= ERR);
    (bad || is_error(&message)).then_some(message)
}

/// However long the journal is, each entry of it after the mark is seen.
fn read<T: Default + Send + 'static>(
    control: &Control,
    arguments: &[String],
    mark: Option<&Mark>,
    see: impl Fn(&mut T, &Value) + Clone + Send + 'static,
    deadline: &Deadline,
) -> Result<(Finished, T), Error> {
    let unit = match control.manager {
        Manager::System => "--unit",
        Manager::User => "--user-unit",
    };
    let mut all = vec![unit, &control.unit, "-o", "json", "--all"];
    all.push("--output-fields=PRIORITY,MESSAGE");
    all.extend(arguments.iter().map(String::as_str));
    let from = from(mark);
    all.extend(from.as_deref());
    let last_before = match mark {
        Some(Mark::Journal { cursor, .. }) => cursor.clone(),
        _ => None,
    };
    let see = move |seen: &mut T, line: &str| {
        if let Some(entry) = entry_after(last_before.as_deref(), line) {
            see(seen, &entry);
        }
    };
    let command = control.command("journalctl", &["--no-pager"], &all);
    fold_lines(command, Streams::Output, see, &deadline.or_after(LONGEST))
        .map_err(|error| Error::of_child(error, "read the journal"))
}

/// The entry on a line of JSON, unless it is the one that the mark names.
fn entry_after(last_before: Option<&str>, line: &str) -> Option<Value> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let cursor = entry.get("__CURSOR").and_then(Value::as_str);
    (last_before.is_none() || cursor != last_before).then_some(entry)
}

/// The argument that leaves out what was there before the mark. The entry that the mark names may be another unit's, and then
/// `--after-cursor` leaves out this unit's first one (systemd issue 30288, before 255): so it is asked for from there on.
fn from(mark: Option<&Mark>) -> Option<String> {
    let Some(Mark::Journal {
        cursor,
        microseconds,
    }) = mark
    else {
        return None;
    };
    Some(match cursor {
        Some(cursor) => format!("--cursor={cursor}"),
        None => format!(
            "--since=@{}.{:06}",
            microseconds / 1_000_000,
            microseconds % 1_000_000
        ),
    })
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
        let is = |line: &str| error_in(&serde_json::from_str(line).unwrap()).is_some();
        assert!(is(r#"{"PRIORITY":"3","MESSAGE":"it broke"}"#));
        assert!(is(r#"{"PRIORITY":"0","MESSAGE":null}"#));
        assert!(is(r#"{"PRIORITY":"6","MESSAGE":"ERROR it broke"}"#));
        assert!(is(r#"{"PRIORITY":"3","MESSAGE":[255,120]}"#));
        assert!(!is(r#"{"PRIORITY":"4","MESSAGE":"it may break"}"#));
        assert!(!is(r#"{"PRIORITY":"6","MESSAGE":"0 errors"}"#));
    }

    #[test]
    fn a_mark_is_a_cursor_or_a_moment() {
        let cursor = Mark::Journal {
            cursor: Some("s=1;i=2".to_owned()),
            microseconds: 5,
        };
        assert_eq!(from(Some(&cursor)).unwrap(), "--cursor=s=1;i=2");
        let moment = Mark::Journal {
            cursor: None,
            microseconds: 1_700_000_000_000_042,
        };
        assert_eq!(from(Some(&moment)).unwrap(), "--since=@1700000000.000042");
        assert_eq!(from(None), None);
    }

    #[test]
    fn the_entry_that_a_mark_names_is_left_out_and_no_other() {
        let line = |cursor: &str| format!(r#"{{"__CURSOR":"{cursor}","MESSAGE":"x"}}"#);
        let mark = Some("s=1;i=2");
        assert!(entry_after(mark, &line("s=1;i=2")).is_none());
        assert!(entry_after(mark, &line("s=1;i=3")).is_some());
        assert!(entry_after(None, &line("s=1;i=2")).is_some());
        assert!(entry_after(mark, "-- No entries --").is_none());
    }
}
