//! Runs a tool as a user would, and checks each time what every tool promises.

use crate::paths::{binaries, binary, pm2_programs};
use crate::running::{Ended, Running};
use crate::user::User;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One run of a program, to be described and then [`run`](Tool::run).
#[derive(Debug, Clone)]
#[must_use = "a tool does nothing until it is run"]
pub struct Tool {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    stdin: Option<Vec<u8>>,
    user: Option<User>,
    pub(crate) stderr: Stderr,
    /// Whether stdout is a report; else it is whatever the test looks for.
    pub(crate) report: bool,
    /// Whether a status above 128 may be an exit status, as a shell's is.
    pub(crate) shell: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stderr {
    Empty,
    Any,
    With(Vec<String>),
}

/// One of the workspace's binaries. None of the caller's `DEPLOY_…` variables reaches it, and nothing is on its stdin.
pub fn tool(name: &str) -> Tool {
    Tool::new(binary(name))
}

/// A script for `sh`, which finds the tools in its `PATH`; its stdout must be one report too.
pub fn shell(script: &str) -> Tool {
    let tool = Tool::new(PathBuf::from("/bin/sh"));
    Tool {
        shell: true,
        ..tool.args(["-c", script])
    }
}

/// One of the runbooks in `scripts/`, which finds the tools in its `PATH`.
pub fn runbook(name: &str) -> Tool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../scripts")
        .join(name);
    Tool {
        stderr: Stderr::Any,
        // A runbook that becomes its parent's child still dies as its own report says.
        ..Tool::new(path.canonicalize().unwrap())
    }
}

impl Tool {
    fn new(program: PathBuf) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            stdin: None,
            user: None,
            stderr: Stderr::Empty,
            report: true,
            shell: false,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(
            arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned()),
        );
        self
    }

    /// Sets a variable.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs it in this directory.
    pub fn in_directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// Runs it as this user, as after a login.
    pub fn as_user(mut self, user: Option<&User>) -> Self {
        self.user = user.cloned();
        self
    }

    /// Gives it this on stdin, and then the end.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Expects this text on stderr, which otherwise must stay empty.
    pub fn stderr_with(mut self, text: &str) -> Self {
        match &mut self.stderr {
            Stderr::With(texts) => texts.push(text.to_owned()),
            Stderr::Empty | Stderr::Any => self.stderr = Stderr::With(vec![text.to_owned()]),
        }
        self
    }

    /// Lets it write to stderr what it likes.
    pub fn stderr_any(mut self) -> Self {
        self.stderr = Stderr::Any;
        self
    }

    /// Expects no report on stdout: for `--help`, `--field`, and scripts that print something else.
    pub fn no_report(mut self) -> Self {
        self.report = false;
        self
    }

    /// Runs it to its end, which must be `exit` (128+N: ended by signal N).
    pub fn run(self, exit: i32) -> Ended {
        self.spawn().finish(exit)
    }

    /// Starts it.
    pub fn spawn(self) -> Running {
        let mut command = self.command();
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        if let (Some(bytes), Some(mut stdin)) = (self.stdin.clone(), child.stdin.take()) {
            // A tool that never reads its stdin closes it, which is its right.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        Running::new(self, child)
    }

    fn command(&self) -> Command {
        let mut command = match &self.user {
            Some(user) => user.command(&self.program),
            None => Command::new(&self.program),
        };
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("DEPLOY_") {
                command.env_remove(key);
            }
        }
        let mut path = binaries().into_os_string();
        path.push(":");
        if let Some(programs) = pm2_programs() {
            path.push(programs);
            path.push(":");
        }
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command.args(&self.arguments).env("PATH", path);
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The command line, for messages.
    pub(crate) fn line(&self) -> String {
        let words = std::iter::once(self.program.as_os_str())
            .chain(self.arguments.iter().map(AsRef::as_ref));
        words
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    }
}
