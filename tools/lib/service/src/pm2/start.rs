//! A start at PM2: what it knew under that name is deleted, and started anew out of the live release.
//!
//! PM2 keeps the paths of a process as they were resolved at its start. `pm2 restart`, `reload` and `resurrect` go on with
//! the old release for ever, wherever `current` leads by then.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use deadline::Deadline;
use deadline::child::{Finished, Options, quoted, run};
use serde_json::{Value, json};

use super::list::Entry;
use super::said::said;
use super::{Pm2, Seen};
use crate::{Error, environment};

/// What `pm2 start` finds by itself in a release's directory, the first that is there.
const ECOSYSTEM: [&str; 6] = [
    "ecosystem.config.js",
    "ecosystem.config.cjs",
    "ecosystem.config.mjs",
    "ecosystem.json",
    "ecosystem.yml",
    "ecosystem.yaml",
];
/// Forgets by what our own children are found: PM2's daemon, and what it starts, are to outlive us.
const FORGET: &str = "unset SLIPWAY_CHILD_OF OLDPWD; pm2=$1 name=$2; shift 2\n";
/// Names what is started, by the word that PM2 has for a script, and for a file that describes several.
const START: &str = r#"start() {
    case $1 in
    *.json | *.yml | *.yaml | *.config.js | *.config.cjs | *.config.mjs)
        file=$1
        shift
        exec "$pm2" start "$file" --only "$name" "$@" ;;
    *) exec "$pm2" start --name "$name" "$@" ;;
    esac
}
"#;
/// More than any dump holds.
const LARGEST: u64 = 64 << 20;

impl Pm2 {
    /// Deletes what PM2 knows under the name, which does not run, and starts it out of the live release.
    pub(super) fn launch(&self, seen: Seen, deadline: &Deadline) -> Result<(), Error> {
        if let Some(whose) = self.home.of_another() {
            return Err(self.denied(
                "start",
                &format!("it would run with this user's rights, not {whose}'s"),
            ));
        }
        let directory = self.setting.directory()?;
        // All that can fail by itself does so before anything is deleted.
        let program = program()?;
        let known = if seen.own.is_empty() {
            &seen.others
        } else {
            &seen.own
        };
        let line = self.line(&directory, known)?;
        if let Some(mut wire) = seen.wire {
            for entry in &seen.own {
                let id = json!(entry.id);
                let watch = [json!("deleteProcessId"), id.clone()];
                wire.say("stopWatch", &watch, deadline)
                    .map_err(|none| self.unanswered(none, "delete"))?;
                self.ask(&mut wire, "deleteProcessId", &[id], "delete", deadline)?;
            }
        } else {
            // By itself, so that the daemon carries nothing of this service in its environment.
            // And nowhere in particular: a release that the daemon has for its directory could never be removed.
            let script = format!("{FORGET}exec \"$pm2\" ping");
            self.pm2(&script, &program, Path::new("/"), false, deadline)?;
        }
        let script = format!("{FORGET}{START}{line}");
        let finished = self.pm2(&script, &program, &directory, true, deadline)?;
        let seen = self.look(deadline)?;
        if seen.own.is_empty() {
            return Err(Error::Refused {
                action: format!("start {}", self.service()),
                said: match said(&finished).as_str() {
                    "" => "PM2 has nothing of that name afterwards".to_owned(),
                    said => format!("PM2 has nothing of that name afterwards: {said}"),
                },
                hint: Some(self.by_hand(&directory)),
            });
        }
        // It runs. That the next boot would start the release before is no reason to stop it again, least of all in a rollback on
        // a full disk.
        self.keep_for_the_next_boot(&seen.own).ok();
        Ok(())
    }

    /// What `start` gets, as a line for the shell. `known` is what PM2 has, for the error.
    pub(super) fn line(&self, directory: &Path, known: &[Entry]) -> Result<String, Error> {
        let told = self
            .setting
            .start
            .as_deref()
            .map(str::trim)
            .filter(|start| !start.is_empty());
        if let Some(told) = told {
            return Ok(called(told));
        }
        let file = ECOSYSTEM.iter().find(|file| directory.join(file).is_file());
        file.map(|file| format!("start {file}"))
            .ok_or_else(|| Error::NoStartCommand {
                service: self.service(),
                also: Some(absent(directory, known)),
            })
    }

    /// Runs a script that ends in a call of `pm2`. Only what is started is to carry the service's mark.
    fn pm2(
        &self,
        script: &str,
        program: &Path,
        directory: &Path,
        marked: bool,
        deadline: &Deadline,
    ) -> Result<Finished, Error> {
        let action = format!("start {}", self.service());
        let mut environment = environment::reduced();
        environment.insert("PM2_HOME".into(), self.home.path().into());
        if marked {
            environment.insert(environment::MARK.into(), self.mark.clone().into());
        }
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script, "slipway"])
            .arg(program)
            .arg(&self.name)
            .current_dir(directory)
            .env_clear()
            .envs(environment);
        let finished = run(command, Options::default(), deadline)
            .map_err(|error| Error::of_child(error, &action))?;
        if finished.status.success() {
            return Ok(finished);
        }
        let mut why = said(&finished);
        if why.is_empty() {
            why = finished.status.to_string();
        }
        let hint = if finished.words().contains("out-of-date") {
            why.push_str("; the daemon is of another version than the command, and an update starts it anew with everything that it runs");
            format!("{} update", self.home.typed())
        } else {
            self.by_hand(directory)
        };
        Err(Error::Refused {
            action,
            said: why,
            hint: Some(hint),
        })
    }

    fn by_hand(&self, directory: &Path) -> String {
        let there = quoted(&directory.to_string_lossy());
        match self.setting.start.as_deref() {
            Some(start) => {
                let pm2 = self.home.typed();
                format!("cd {there} && {pm2} start --name {} {start}", self.name)
            }
            None => format!("cd {there} && cat {}", ECOSYSTEM[0]),
        }
    }

    /// Where PM2 has a dump, from which it starts everything at the next boot, this service in it is what has just been
    /// started, not the release before. What else is in the dump stays as it is, which `pm2 save` would not leave.
    fn keep_for_the_next_boot(&self, own: &[Entry]) -> Result<(), Error> {
        let path = self.home.dump();
        let bytes = match durable::read(&path, LARGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mode = std::fs::metadata(&path).map_or(0o644, |metadata| metadata.mode() & 0o777);
        // A dump that cannot be read resurrects nothing, and is PM2's to make anew.
        let Some(dumped) = with(&bytes, &self.name, own) else {
            return Ok(());
        };
        Ok(durable::replace(&path, &dumped, mode)?)
    }
}

/// The dump with these instances in the place of all that had that name.
fn with(dump: &[u8], name: &str, own: &[Entry]) -> Option<Vec<u8>> {
    let mut processes: Vec<Value> = serde_json::from_slice(dump).ok()?;
    processes.retain(|process| process.get("name").and_then(Value::as_str) != Some(name));
    for entry in own {
        let mut whole = entry.whole.clone();
        if let Some(whole) = whole.as_object_mut() {
            // As PM2 does: each instance stands for itself, under a number that is given anew.
            whole.remove("instances");
            whole.remove("pm_id");
        }
        processes.push(whole);
    }
    serde_json::to_vec(&processes).ok()
}

/// `start` with what people write: with or without `pm2 start` before it, and after variables for the process.
fn called(told: &str) -> String {
    let told = told.strip_prefix("pm2 start ").unwrap_or(told).trim_start();
    let mut rest = told;
    while let Some(after) = after_assignment(rest) {
        rest = after;
    }
    let variables = &told[..told.len() - rest.len()];
    format!("{variables}start {rest}")
}

/// What follows `NAME=value` at the beginning; the value may be quoted as a whole.
fn after_assignment(text: &str) -> Option<&str> {
    let (name, value) = text.split_once('=')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|character: char| character.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return None;
    }
    let length = match value.as_bytes().first() {
        Some(quote @ (b'\'' | b'"')) => {
            let end = value.bytes().skip(1).position(|byte| byte == *quote)?;
            end + 2
        }
        _ => value.find(|character: char| character.is_ascii_whitespace())?,
    };
    value.get(length..).map(str::trim_start)
}

/// What was looked for, and what there is.
fn absent(directory: &Path, known: &[Entry]) -> String {
    let absent = format!("there is no {} in {}", ECOSYSTEM[0], directory.display());
    if known.is_empty() {
        absent
    } else {
        format!("{absent} (PM2's list has {})", super::names(known))
    }
}

/// Where the path has `pm2`.
pub(super) fn program() -> Result<PathBuf, Error> {
    let path = environment::reduced().remove(std::ffi::OsStr::new("PATH"));
    let path = path.unwrap_or_default();
    let is_program = |file: &PathBuf| {
        std::fs::metadata(file)
            .is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
    };
    std::env::split_paths(&path)
        .map(|directory| directory.join("pm2"))
        .find(is_program)
        .ok_or_else(|| Error::MissingProgram {
            program: "pm2".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_people_write_is_called_as_it_is_meant() {
        for (told, expected) in [
            ("server.js -i 2", "start server.js -i 2"),
            (
                "pm2 start server.js -- --port 1",
                "start server.js -- --port 1",
            ),
            (
                "NODE_ENV=production server.js",
                "NODE_ENV=production start server.js",
            ),
            (
                "A='x y' B=\"$HOME\" ./a=b.js",
                "A='x y' B=\"$HOME\" start ./a=b.js",
            ),
            (
                "ecosystem.config.js --env A=1",
                "start ecosystem.config.js --env A=1",
            ),
        ] {
            assert_eq!(called(told), expected);
        }
    }

    #[test]
    fn the_dump_changes_for_this_name_alone() {
        let own = Entry::all(&json!([{
            "pid": 7, "name": "shop", "pm_id": 3,
            "pm2_env": {"name": "shop", "status": "online", "pm_id": 3, "instances": 1, "pm_cwd": "/new"}
        }]));
        let old = json!([{"name": "shop", "pm_cwd": "/old"}, {"name": "shop-api", "pm_cwd": "/a"}, {"name": "shop"}]);
        let new = with(old.to_string().as_bytes(), "shop", &own).unwrap();
        let new: Value = serde_json::from_slice(&new).unwrap();
        assert_eq!(
            new,
            json!([{"name": "shop-api", "pm_cwd": "/a"}, {"name": "shop", "status": "online", "pm_cwd": "/new"}])
        );
        assert_eq!(with(b"", "shop", &own), None);
        assert_eq!(with(b"{}", "shop", &own), None);
    }
}
