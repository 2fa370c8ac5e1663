//! Values for options that the command line does not give: from the environment, else from the application's file.
//!
//! They become the options' defaults, so that whatever stands on the command line wins, and clap checks them all the
//! same way.

use crate::config::EnvFile;
use clap::{Arg, ArgAction, Command};
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;

/// The options that several tools share: `--health-url` is `DEPLOY_HEALTH_URL` everywhere.
pub(crate) const SHARED: &[&str] = &[
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

/// Variables of the runbook that no tool takes as an option.
const RUNBOOK: &[&str] = &[
    "DEPLOY_PROTECTED",
    "DEPLOY_KEEP_FAILED",
    "DEPLOY_AWAIT_HEALTHY",
    "DEPLOY_NOTIFY",
];

/// What never comes from a file: which application it is, and which deploy is going on.
const NEVER_FROM_FILE: &[&str] = &["DEPLOY_APP", "DEPLOY_ID"];

/// Options that have no variable: what a tool prints is for whoever calls it to say.
const NO_VARIABLE: &[&str] = &["field"];

/// Where the values came from, by the option's long name; for error messages.
pub(crate) type Origins = BTreeMap<String, (String, String)>;

/// The variable that stands for an option of a tool.
pub fn variable(tool: &str, option: &str) -> String {
    let owner = if SHARED.contains(&option) {
        "deploy"
    } else {
        tool
    };
    format!("{owner}-{option}")
        .replace('-', "_")
        .to_ascii_uppercase()
}

/// Gives the options of `command`, and of its subcommands, the values that the environment and the file hold. An option
/// among `told` stands on the command line and needs none.
pub(crate) fn inject(
    tool: &str,
    command: Command,
    file: Option<&EnvFile>,
    told: &[OsString],
    origins: &mut Origins,
) -> Result<Command, String> {
    let mut problem = None;
    let command = command.mut_args(|arg| {
        if is_told(&arg, told) {
            return arg;
        }
        match found(tool, &arg, file).and_then(|found| {
            found
                .map(|found| apply(arg.clone(), found, origins))
                .transpose()
        }) {
            Ok(Some(changed)) => changed,
            Ok(None) => arg,
            Err(message) => {
                problem = Some(message);
                arg
            }
        }
    });
    let command = command.mut_subcommands(|subcommand| {
        inject(tool, subcommand.clone(), file, told, origins).unwrap_or_else(|message| {
            problem = Some(message);
            subcommand
        })
    });
    problem.map_or(Ok(command), Err)
}

/// Whether the option stands on the command line, as `--port 80` or `--port=80`.
fn is_told(arg: &Arg, told: &[OsString]) -> bool {
    arg.get_long().is_some_and(|long| {
        told.iter().filter_map(|word| word.to_str()).any(|word| {
            word.strip_prefix("--")
                .and_then(|word| word.strip_prefix(long))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    })
}

struct Found {
    variable: String,
    value: String,
    origin: String,
}

/// The value of an option, from the environment before the file. Empty is as good as unset.
fn found(tool: &str, arg: &Arg, file: Option<&EnvFile>) -> Result<Option<Found>, String> {
    let Some(long) = arg.get_long().filter(|long| !NO_VARIABLE.contains(long)) else {
        return Ok(None);
    };
    let variable = variable(tool, long);
    match env::var(&variable) {
        Ok(value) if !value.is_empty() => {
            let origin = format!("{variable} in the environment");
            return Ok(Some(Found {
                variable,
                value,
                origin,
            }));
        }
        Err(env::VarError::NotUnicode(_)) => {
            return Err(format!("{variable} in the environment is not UTF-8"));
        }
        Ok(_) | Err(env::VarError::NotPresent) => {}
    }
    let entry = file.and_then(|file| Some((file, file.get(&variable)?)));
    Ok(entry
        .filter(|(_, entry)| !entry.value.is_empty())
        .map(|(file, entry)| Found {
            value: entry.value.clone(),
            origin: format!("{variable} in {}, line {}", file.path.display(), entry.line),
            variable,
        }))
}

fn apply(arg: Arg, found: Found, origins: &mut Origins) -> Result<Arg, String> {
    let long = arg.get_long().unwrap_or_default().to_owned();
    let arg = match arg.get_action() {
        ArgAction::SetTrue => arg.default_value(yes_or_no(&found)?),
        ArgAction::Append => {
            let lines: Vec<String> = found.value.lines().map(str::to_owned).collect();
            arg.required(false).default_values(lines)
        }
        ArgAction::Set => arg.required(false).default_value(found.value.clone()),
        _ => return Ok(arg),
    };
    origins.insert(long, (found.value, found.origin));
    Ok(arg)
}

fn yes_or_no(found: &Found) -> Result<&'static str, String> {
    match found.value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok("true"),
        "0" | "false" | "no" | "off" => Ok("false"),
        _ => Err(format!(
            "{}: {:?} is neither yes nor no; write {}=yes",
            found.origin, found.value, found.variable
        )),
    }
}

/// Whether every variable of the file that is addressed to this tool, or to all of them, is one that exists.
pub(crate) fn check_names(tool: &str, command: &Command, file: &EnvFile) -> Result<(), String> {
    let own_prefix = format!("{}_", tool.replace('-', "_").to_ascii_uppercase());
    let mut own = Vec::new();
    collect_variables(tool, command, &mut own);
    for entry in &file.entries {
        let place = || format!("{}, line {}", file.path.display(), entry.line);
        if NEVER_FROM_FILE.contains(&entry.key.as_str()) {
            return Err(format!("{}: {} is not set in a file", place(), entry.key));
        }
        let known = if entry.key.starts_with(&own_prefix) {
            own.contains(&entry.key)
        } else if entry.key.starts_with("DEPLOY_") && !entry.key.starts_with("DEPLOY_STATE_") {
            RUNBOOK.contains(&entry.key.as_str())
                || SHARED
                    .iter()
                    .any(|option| variable("", option) == entry.key)
        } else {
            true
        };
        if !known {
            return Err(format!(
                "{}: there is no option that {} stands for",
                place(),
                entry.key
            ));
        }
    }
    Ok(())
}

fn collect_variables(tool: &str, command: &Command, into: &mut Vec<String>) {
    into.extend(
        command
            .get_arguments()
            .filter_map(Arg::get_long)
            .filter(|long| !NO_VARIABLE.contains(long))
            .map(|long| variable(tool, long)),
    );
    for subcommand in command.get_subcommands() {
        collect_variables(tool, subcommand, into);
    }
}
