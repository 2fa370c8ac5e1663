//! `env`: what the service needs stands in its env file. No value is ever said, nor anything of a line that is no assignment.

use super::Check;
use crate::finding::Finding;
use crate::given::Given;
use crate::told::Format;
use camino::Utf8Path;
use deadline::Deadline;
use service::environment_file::{Comments, EnvironmentFile, Refused, read};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use step::quoted;

/// The most that is read of one file, in bytes: as much as systemd reads.
const LARGEST: u64 = 64 << 20;
/// How many lines are named.
const NAMED: usize = 5;

pub(super) const CHECK: Check = Check {
    name: "env",
    about: "the variables that the service needs stand in its env file, in the form that they need",
    needs: "--env-file",
    given: |given| !given.args.env_file.is_empty(),
    run,
};

/// What is wanted of the variables.
struct Wanted<'a> {
    required: &'a [String],
    optional: &'a [String],
    formats: &'a [Format],
}

/// What is wrong, each a phrase; `names` are the variables that it is about.
#[derive(Default)]
struct Faults {
    failed: Vec<String>,
    warned: Vec<String>,
    names: Vec<String>,
}

fn run(given: &Given, _: &Deadline) -> Finding {
    let files = &given.args.env_file;
    let wanted = Wanted {
        required: &given.args.env_required,
        optional: &given.args.env_optional,
        formats: &given.args.env_format,
    };
    let mut texts = Vec::new();
    let mut faults = Faults::default();
    for file in files {
        match content(file) {
            Ok((text, data)) => {
                faults.warned.extend(open_to_others(file, data.mode()));
                texts.push(text);
            }
            Err(error) => {
                return Finding::fail(
                    format!("{file} cannot be read: {error}"),
                    format!("ls -l {}", quoted(file.as_str())),
                );
            }
        }
    }
    let open = !faults.warned.is_empty();
    // Whatever systemd the service runs under: what either reading lacks is lacking.
    for comments in [Comments::GoOn, Comments::End] {
        let mut merged = EnvironmentFile::default();
        for (file, text) in files.iter().zip(&texts) {
            match read(text, comments) {
                Ok(read) => merge(&mut merged, read, file, &mut faults),
                Err(refused) => return unreadable(file, refused),
            }
        }
        judge(&merged, &wanted, &mut faults);
    }
    if texts.iter().any(|text| depends_on_version(text)) {
        faults.warned.push(
            "a comment ends in a backslash, which takes the next line along before systemd 254"
                .into(),
        );
    }
    conclude(faults, files, open)
}

fn content(file: &Utf8Path) -> io::Result<(Vec<u8>, Metadata)> {
    let open = File::open(file)?;
    let data = open.metadata()?;
    let mut text = Vec::new();
    open.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok((text, data))
}

fn open_to_others(file: &Utf8Path, mode: u32) -> Option<String> {
    let what = match (mode & 0o004 != 0, mode & 0o022 != 0) {
        (true, true) => "read and change",
        (true, false) => "read",
        (false, true) => "change",
        (false, false) => return None,
    };
    let mode = mode & 0o7777;
    Some(format!("others may {what} {file} (mode {mode:04o})"))
}

fn unreadable(file: &Utf8Path, refused: Refused) -> Finding {
    let (what, line) = match refused {
        Refused::Zero => ("there is a zero byte in it".to_owned(), 1),
        Refused::NotUtf8(line) => (format!("line {line} is not UTF-8"), line),
    };
    Finding::fail(
        format!("no service starts with {file}: {what}"),
        format!("\"${{EDITOR:-vi}}\" +{line} {}", quoted(file.as_str())),
    )
}

/// What a later file says counts.
fn merge(
    merged: &mut EnvironmentFile,
    file: EnvironmentFile,
    path: &Utf8Path,
    faults: &mut Faults,
) {
    if !file.ignored.is_empty() {
        let lines: Vec<String> = file
            .ignored
            .iter()
            .take(NAMED)
            .map(usize::to_string)
            .collect();
        let more = file.ignored.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let lines = lines.join(", ");
        faults.warned.push(format!(
            "systemd passes over line {lines}{more} of {path}, which is no NAME=VALUE"
        ));
    }
    if let Some(line) = file.unclosed {
        let what = format!("the quote on line {line} of {path} is never closed");
        faults.warned.push(what);
    }
    for variable in file.variables {
        merged.variables.retain(|one| one.name != variable.name);
        merged.variables.push(variable);
    }
}

fn judge(file: &EnvironmentFile, wanted: &Wanted<'_>, faults: &mut Faults) {
    let value = |name: &str| {
        let value = file.get(name).map(|variable| variable.value.as_str());
        value.filter(|value| !value.is_empty())
    };
    let lacks = |names: &[String]| {
        let lacking = names.iter().filter(|name| value(name).is_none());
        lacking.cloned().collect::<Vec<String>>()
    };
    let lacking = |names: &[String], what| format!("{what} and missing: {}", names.join(", "));
    let required = lacks(wanted.required);
    if !required.is_empty() {
        faults.failed.push(lacking(&required, "required"));
    }
    let optional = lacks(wanted.optional);
    if !optional.is_empty() {
        faults.warned.push(lacking(&optional, "optional"));
    }
    faults.names.extend(required);
    faults.names.extend(optional);
    for format in wanted.formats {
        if value(&format.name).is_some_and(|value| !format.fits(value)) {
            faults.failed.push(format.to_string());
            faults.names.push(format.name.clone());
        }
    }
}

fn depends_on_version(text: &[u8]) -> bool {
    let of = |comments| {
        read(text, comments)
            .ok()
            .map(|file| (file.variables, file.ignored))
    };
    of(Comments::GoOn) != of(Comments::End)
}

/// `open`: one of the files is others' to read or change, and comes first in what is warned of.
fn conclude(faults: Faults, files: &[camino::Utf8PathBuf], open: bool) -> Finding {
    let once = |phrases: Vec<String>| {
        let mut kept: Vec<String> = Vec::new();
        for phrase in phrases {
            if !kept.contains(&phrase) {
                kept.push(phrase);
            }
        }
        kept
    };
    let (failed, warned) = (once(faults.failed), once(faults.warned));
    let names = once(faults.names);
    let paths: Vec<String> = files.iter().map(|file| quoted(file.as_str())).collect();
    let edit = format!("\"${{EDITOR:-vi}}\" {}", paths.join(" "));
    let message = [failed.as_slice(), &warned].concat().join("; ");
    let finding = if !failed.is_empty() {
        Finding::fail(message, edit)
    } else if open {
        Finding::warn(message, format!("chmod o=,g-w {}", paths.join(" ")))
    } else if !warned.is_empty() {
        Finding::warn(message, edit)
    } else {
        return Finding::pass("everything that is wanted stands there").measured(names, ());
    };
    finding.measured(names, ())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn judged(text: &str) -> Finding {
        let formats = ["DB=/^postgres:/", "KEYS=3|"];
        let formats: Vec<Format> = formats
            .iter()
            .map(|text| Format::parse(text).unwrap())
            .collect();
        let (required, optional) = (names("DB KEYS"), names("NOTE"));
        let wanted = Wanted {
            required: &required,
            optional: &optional,
            formats: &formats,
        };
        let file = read(text.as_bytes(), Comments::End).unwrap();
        let mut faults = Faults::default();
        let mut merged = EnvironmentFile::default();
        merge(&mut merged, file, Utf8Path::new("/e"), &mut faults);
        judge(&merged, &wanted, &mut faults);
        conclude(faults, &["/e".into()], false)
    }

    #[test]
    fn empty_is_missing() {
        let good = "DB=postgres://u:p@h/d\nKEYS=a|b|c\nNOTE=x\n";
        assert_eq!(judged(good).status, Status::Pass);
        let finding = judged(&good.replace("NOTE=x", "NOTE=''"));
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(finding.message, "optional and missing: NOTE");
        let finding = judged("DB=\nNOTE=x\n");
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.message, "required and missing: DB, KEYS");
        assert_eq!(finding.value, serde_json::json!(["DB", "KEYS"]));
    }

    #[test]
    fn what_does_not_fit_is_named_without_its_value() {
        let finding = judged("DB=mysql://secret\nKEYS=secret|x\nNOTE=x\nsecret line\n");
        assert_eq!(finding.status, Status::Fail);
        let said = format!("{finding:?}");
        assert!(!said.contains("secret"), "{said}");
        let expected = "DB does not match /^postgres:/; KEYS has not 3 fields or more parted by '|'; \
                        systemd passes over line 4 of /e, which is no NAME=VALUE";
        assert_eq!(finding.message, expected);
    }

    #[test]
    fn who_else_may_read_it() {
        let what = |mode| open_to_others(Utf8Path::new("/e"), mode);
        assert_eq!(what(0o100_640), None);
        assert_eq!(what(0o100_644).unwrap(), "others may read /e (mode 0644)");
        assert_eq!(what(0o100_660).unwrap(), "others may change /e (mode 0660)");
        assert!(what(0o100_666).unwrap().contains("read and change"));
    }

    #[test]
    fn what_depends_on_systemds_version() {
        assert!(depends_on_version(b"# a \\\nA=1\n"));
        assert!(!depends_on_version(b"# a \\ b\nA=1\n"));
    }
}
