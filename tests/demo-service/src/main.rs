//! A small web service that misbehaves on request, and the clients that watch it.
//!
//! Deploys are shown and tested with it: a file in its release says how it behaves, so that two releases of one
//! program can be a good one and any kind of bad one. `demo-service --help` lists the behaviours.

mod behaviour;
mod client;
mod endpoints;
mod http;
mod load;
mod orphan;
mod server;
mod units;

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

/// Bad usage, as every program of this workspace says it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((first, rest)) if !first.starts_with("--port") && !first.starts_with("--bind") => {
            (first.as_str(), rest)
        }
        _ => ("serve", arguments.as_slice()),
    };
    let outcome = match command {
        "serve" => Options::parse(rest, 0, &["port", "bind"]).and_then(|o| server::serve(&o)),
        "get" => Options::parse(rest, 1, &[]).and_then(|o| client::get(&o)),
        "load" => Options::parse(rest, 1, &["until-file", "workers", "pause", "at-most"])
            .and_then(|o| load::load(&o)),
        "hold-port" => Options::parse(rest, 1, &["bind"]).and_then(|o| server::hold_port(&o)),
        orphan::COMMAND => Options::parse(rest, 1, &["parent"]).and_then(|o| orphan::run(&o)),
        "--help" | "-h" | "help" => Ok(say(include_str!("help.txt").trim_end())),
        "--version" => Ok(say(concat!("demo-service ", env!("CARGO_PKG_VERSION")))),
        other => Err(format!(
            "unknown command {other:?}; see demo-service --help"
        )),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            log(Level::Error, &message);
            ExitCode::from(USAGE)
        }
    }
}

/// What a command was given: its words, and its options by name.
pub(crate) struct Options {
    words: Vec<String>,
    named: Vec<(String, String)>,
}

impl Options {
    /// Takes exactly `words` plain words and any of the options `known`, as `--name VALUE` or `--name=VALUE`.
    fn parse(arguments: &[String], words: usize, known: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            words: Vec::new(),
            named: Vec::new(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(option) = argument.strip_prefix("--") else {
                options.words.push(argument.clone());
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => (
                    option,
                    rest.next()
                        .ok_or_else(|| format!("--{option} needs a value"))?
                        .clone(),
                ),
            };
            if !known.contains(&name) {
                return Err(format!("unknown option --{name}; see demo-service --help"));
            }
            options.named.push((name.to_owned(), value));
        }
        if options.words.len() != words {
            let given = options.words.len();
            return Err(format!(
                "{words} words expected, {given} given; see demo-service --help"
            ));
        }
        Ok(options)
    }

    /// The only plain word.
    fn word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The option's last value.
    fn get(&self, name: &str) -> Option<&str> {
        self.named
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Prints to stdout; a closed stdout is no reason to fail.
fn say(text: &str) -> u8 {
    let _ = writeln!(std::io::stdout(), "{text}");
    0
}

/// How bad a line of the log is.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    /// Something that whoever watches the log must see.
    Error,
    /// A fact.
    Info,
}

/// Writes a line to stderr, in a form that the journal gives its level (`<3>`), and a plain log shows as a word.
pub(crate) fn log(level: Level, message: &str) {
    let prefix = match (level, goes_to_journal()) {
        (Level::Error, true) => "<3>ERROR ",
        (Level::Error, false) => "ERROR ",
        (Level::Info, true) => "<6>",
        (Level::Info, false) => "",
    };
    let _ = writeln!(std::io::stderr(), "{prefix}{message}");
}

/// Whether our stderr is the very stream that the journal reads; the variable alone may be a parent's.
fn goes_to_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let ours = std::io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .map(File::from);
    ours.and_then(|file| file.metadata())
        .is_ok_and(|it| stream == format!("{}:{}", it.dev(), it.ino()))
}
