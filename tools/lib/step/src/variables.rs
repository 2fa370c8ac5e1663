//! Which variables there are: one for each option, and those of the runbooks.

use crate::config::EnvFile;
use crate::{TOOLS, nearest, parse};
use clap::{Arg, Command};

/// The options that several tools share: `--health-url` is `DEPLOY_HEALTH_URL` everywhere.
const SHARED: &[&str] = &[
    "root",
    "releases",
    "current",
    "state",
    "service",
    "start",
    "port",
    "health-url",
    "health-ca",
    "health-header-file",
    "health-server-name",
    "accept-unprovable",
    "max-deploys",
    "id",
    "app",
];

/// Whether a value can be understood, and why not.
pub(crate) type Judge = fn(&str) -> Result<(), String>;

/// Variables of the runbooks that no tool takes as an option, each with what may stand there.
pub(crate) const RUNBOOK: &[(&str, Judge)] = &[
    ("DEPLOY_PROTECTED", |value| {
        truth(value).map(drop).ok_or_else(|| NO_TRUTH.into())
    }),
    // The runbooks compare it themselves.
    ("DEPLOY_KEEP_FAILED", |value| {
        let known = ["yes", "no"].contains(&value);
        known.then_some(()).ok_or_else(|| NO_TRUTH.into())
    }),
    ("DEPLOY_AWAIT_HEALTHY", |value| {
        parse::duration(value).map(drop)
    }),
    ("DEPLOY_NOTIFY", |_| Ok(())),
];

const NO_TRUTH: &str = "it is neither yes nor no";

/// What never comes from a file: which application it is, and which deploy is going on.
const NEVER_FROM_FILE: &[&str] = &["DEPLOY_APP", "DEPLOY_ID"];

/// Options that have no variable: what a tool prints is for whoever calls it to say.
const NO_VARIABLE: &[&str] = &["field"];

/// The variable that stands for an option of a tool.
pub fn variable(tool: &str, option: &str) -> String {
    if SHARED.contains(&option) {
        shared(option)
    } else {
        format!("{}{}", prefix(tool), upper(option))
    }
}

fn shared(option: &str) -> String {
    format!("DEPLOY_{}", upper(option))
}

/// What the variables of a tool's own options begin with.
pub(crate) fn prefix(tool: &str) -> String {
    format!("{}_", upper(tool))
}

fn upper(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

/// The option's long name, where a variable stands for it.
pub(crate) fn option(arg: &Arg) -> Option<&str> {
    arg.get_long().filter(|long| !NO_VARIABLE.contains(long))
}

/// Yes, no, or neither.
pub(crate) fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The variables that a tool takes, with all of its subcommands, and the ones that all take.
pub(crate) fn known(tool: &str, command: &Command) -> Vec<String> {
    let mut known: Vec<String> = all_shared().collect();
    known.extend(RUNBOOK.iter().map(|(variable, _)| (*variable).to_owned()));
    collect(tool, command, &mut known);
    known.sort_unstable();
    known.dedup();
    known
}

/// Those of options that several tools share.
pub(crate) fn all_shared() -> impl Iterator<Item = String> {
    SHARED.iter().map(|option| shared(option))
}

/// Those that stand for an option of this tool.
pub(crate) fn of(tool: &str, command: &Command) -> Vec<String> {
    let mut own = Vec::new();
    collect(tool, command, &mut own);
    own
}

fn collect(tool: &str, command: &Command, into: &mut Vec<String>) {
    let options = command.get_arguments().filter_map(option);
    into.extend(options.map(|long| variable(tool, long)));
    for subcommand in command.get_subcommands() {
        collect(tool, subcommand, into);
    }
}

/// What is wrong with a file, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// The variables of a file that are addressed to one of `tools`, or to all of them, and that none `known` is.
pub(crate) fn unknown(file: &EnvFile, tools: &[&str], known: &[String]) -> Vec<Wrong> {
    let wrong = |entry: &crate::config::Entry, why: &str| Wrong {
        line: entry.line,
        message: format!("{}, line {}: {why}", file.path.display(), entry.line),
    };
    let mut found = Vec::new();
    for entry in &file.entries {
        let key = entry.key.as_str();
        if NEVER_FROM_FILE.contains(&key) {
            found.push(wrong(entry, &format!("{key} is not set in a file")));
        } else if is_addressed(key, tools) && !known.iter().any(|known| known == key) {
            let meant = nearest::of(key, known);
            let meant = meant.map_or(String::new(), |near| format!("; {near} is one"));
            let why = format!("there is no option that {key} stands for{meant}");
            found.push(wrong(entry, &why));
        }
    }
    found
}

/// Whether the variable can only be meant for one of these tools, or for all. One of deploy-state's own is not everybody's.
fn is_addressed(key: &str, tools: &[&str]) -> bool {
    match owner(key) {
        Some(owner) => tools.contains(&owner),
        None => key.starts_with("DEPLOY_"),
    }
}

fn owner(key: &str) -> Option<&'static str> {
    TOOLS
        .into_iter()
        .find(|tool| key.starts_with(&prefix(tool)))
}

/// Whether the variable's name begins like those of one tool, or of all.
pub(crate) fn has_owner(key: &str) -> bool {
    owner(key).is_some() || key.starts_with("DEPLOY_")
}
