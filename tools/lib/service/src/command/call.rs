//! One call of the command: what it gets to see, how long it may take, and what its end means.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use deadline::Deadline;
use deadline::child::{self, Answer, ChildError, Finished, Options, Streams};
use nix::errno::Errno;

use super::answer::Wrong;
use crate::{Error, Setting, environment};

/// The longest that a question may take.
const QUESTION: Duration = Duration::from_secs(10);
/// Bytes of an order's output that a refusal is looked for in.
const LAST_WORDS: u64 = 4096;

/// The command, and what it is told of the application.
#[derive(Debug)]
pub(super) struct Call {
    file: String,
    /// The application's root and its link, where they are known.
    root: Option<PathBuf>,
    current: PathBuf,
    start: Option<String>,
}

impl Call {
    pub(super) fn new(file: &str, setting: &Setting) -> Self {
        Self {
            file: file.to_owned(),
            root: Some(setting.root.clone()).filter(|root| root.is_absolute()),
            current: setting.current.clone(),
            start: setting.start.clone(),
        }
    }

    /// The service as `--service` names it.
    pub(super) fn service(&self) -> String {
        format!("command:{}", self.file)
    }

    /// The name of its files beneath `run/`.
    pub(super) fn name(&self) -> String {
        let name = Path::new(&self.file).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The directory of those files; none where no application is known.
    pub(super) fn run_directory(&self) -> Option<PathBuf> {
        self.root.as_ref().map(|root| root.join("run"))
    }

    /// What `start` and `stop` said, and what a daemon goes on to write that keeps their outputs.
    pub(super) fn log(&self) -> Option<PathBuf> {
        let run = self.run_directory()?;
        Some(run.join(format!("{}.log", self.name())))
    }

    /// Something that is wrong with the command itself.
    pub(super) fn wrong(&self, what: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Command {
            file: PathBuf::from(&self.file),
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// An answer that is none.
    pub(super) fn misunderstood(&self, wrong: Wrong, said: &str) -> Error {
        match wrong {
            Wrong::Unknown => Error::Unavailable {
                service: self.service(),
                said: if said.is_empty() {
                    "its status ended with 4: unknown".to_owned()
                } else {
                    said.to_owned()
                },
            },
            Wrong::Protocol(what) => self.wrong(what, format!("{} status; echo $?", self.file)),
        }
    }

    /// Asks it something; its output is the answer.
    pub(super) fn ask(&self, words: &[&str], deadline: &Deadline) -> Result<Answer, Error> {
        let command = self.prepared(words, Path::new("/"))?;
        let limit = deadline.or_after(QUESTION);
        child::ask(command, Options::default(), &limit)
            .map_err(|error| self.unfinished(error, words[0]))
    }

    /// Asks it something that it answers with any number of lines, each of which is seen.
    pub(super) fn fold<T: Default + Send + 'static>(
        &self,
        words: &[&str],
        see: impl FnMut(&mut T, &str) + Clone + Send + 'static,
        deadline: &Deadline,
    ) -> Result<(Finished, T), Error> {
        let command = self.prepared(words, Path::new("/"))?;
        let limit = deadline.or_after(QUESTION);
        child::fold_lines(command, Streams::Output, see, &limit)
            .map_err(|error| self.unfinished(error, words[0]))
    }

    /// Has it do something. What it writes goes into the log, which a daemon that it starts may keep open for ever; a pipe of
    /// ours would break under that one.
    pub(super) fn order(
        &self,
        verb: &str,
        directory: &Path,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let command = self.prepared(&[verb], directory)?;
        let (log, from) = self.open_log(verb)?;
        let options = Options {
            output: log.try_clone().ok(),
            ..Options::default()
        };
        let finished =
            child::run(command, options, deadline).map_err(|error| self.unfinished(error, verb))?;
        match finished.status.code() {
            Some(0) => Ok(()),
            code => Err(self.refusal(verb, code, &said(log, from))),
        }
    }

    /// The directory that the live release runs in, in which it is started.
    pub(super) fn live(&self) -> Result<PathBuf, Error> {
        let setting = Setting {
            root: self.root.clone().unwrap_or_default(),
            current: self.current.clone(),
            start: None,
        };
        setting.directory()
    }

    /// A call that did not come to its end.
    fn unfinished(&self, error: ChildError, verb: &str) -> Error {
        match error {
            ChildError::Start { error, .. }
                if error.raw_os_error() == Some(Errno::ENOEXEC as i32) =>
            {
                self.wrong(
                    "it is no program that the kernel knows: its first line is to be #!/bin/sh or the like",
                    format!("head -1 {}", self.file),
                )
            }
            // It was there a moment ago: what is missing is what its first line names.
            ChildError::NotFound { .. } => self.wrong(
                "what its first line names is not there",
                format!("head -1 {}", self.file),
            ),
            error => Error::of_child(error, &format!("{verb} {}", self.service())),
        }
    }

    fn prepared(&self, words: &[&str], directory: &Path) -> Result<Command, Error> {
        self.check()?;
        let mut command = Command::new(&self.file);
        command
            .args(words)
            .env_clear()
            .envs(self.environment())
            .current_dir(directory);
        Ok(command)
    }

    /// It is a file that may be run, and that not everybody may change.
    fn check(&self) -> Result<(), Error> {
        let list = || format!("ls -l {}", self.file);
        let metadata = std::fs::metadata(&self.file)
            .map_err(|error| self.wrong(format!("it cannot be looked at: {error}"), list()))?;
        let mode = metadata.permissions().mode();
        if !metadata.is_file() {
            return Err(self.wrong("it is no file", list()));
        }
        if nix::unistd::access(self.file.as_str(), nix::unistd::AccessFlags::X_OK).is_err() {
            return Err(self.wrong("it may not be executed", format!("chmod +x {}", self.file)));
        }
        if mode & 0o002 != 0 {
            let what = "everybody may write it, and so choose what runs as this user";
            return Err(self.wrong(what, format!("chmod o-w {}", self.file)));
        }
        Ok(())
    }

    /// What every service gets to see, and where the application lies.
    fn environment(&self) -> BTreeMap<OsString, OsString> {
        let mut environment = environment::reduced();
        if let Some(root) = &self.root {
            environment.insert("DEPLOY_ROOT".into(), root.into());
            environment.insert("DEPLOY_CURRENT".into(), self.current.clone().into());
        }
        if let Some(start) = &self.start {
            environment.insert("DEPLOY_START".into(), start.into());
        }
        environment
    }

    /// The log with the order's name in it, and where that ends.
    fn open_log(&self, verb: &str) -> Result<(File, u64), Error> {
        let path = self.log().ok_or_else(|| {
            self.wrong(
                "no application is known, by --app NAME or --root DIR",
                "ls /etc/slipway",
            )
        })?;
        if let Some(directory) = path.parent() {
            durable::create_directory(directory, 0o755)?;
        }
        let failed = || Error::io(format!("write {}", path.display()));
        let mut log = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o640)
            // The directory may be another user's, who must not choose what root writes to.
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(&path)
            .map_err(failed())?;
        let line = format!(
            "--- {} slipway: {} {verb}\n",
            clock::rfc3339(SystemTime::now()),
            self.file
        );
        log.write_all(line.as_bytes()).map_err(failed())?;
        let end = log.seek(SeekFrom::End(0)).map_err(failed())?;
        Ok((log, end))
    }

    fn refusal(&self, verb: &str, code: Option<i32>, said: &str) -> Error {
        let action = format!("{verb} {}", self.service());
        let how = code.map_or_else(
            || "it was ended by a signal".to_owned(),
            |code| format!("it ended with {code}"),
        );
        let said = if said.is_empty() {
            how
        } else {
            format!("{how}: {said}")
        };
        // As init scripts have it: insufficient privilege.
        if code == Some(4) {
            return Error::Denied {
                action,
                said,
                hint: format!("ls -l {}", self.file),
            };
        }
        Error::Refused {
            action,
            said,
            hint: Some(format!("{} {verb}; echo $?", self.file)),
        }
    }
}

/// The last line that was written after that place.
fn said(mut log: File, from: u64) -> String {
    let mut text = Vec::new();
    let end = log.seek(SeekFrom::End(0)).unwrap_or(from);
    let from = from.max(end.saturating_sub(LAST_WORDS));
    if log.seek(SeekFrom::Start(from)).is_ok() {
        log.take(LAST_WORDS).read_to_end(&mut text).ok();
    }
    let text = String::from_utf8_lossy(&text);
    text.trim_end()
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}
