//! Values for options that the command line does not give: from the environment, else from the application's file.
//!
//! They become the options' defaults, so that whatever stands on the command line wins, and clap checks them all the
//! same way.

use crate::config::EnvFile;
use crate::variables::{option, truth, variable};
use clap::{Arg, ArgAction, Command};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::{env, fmt};

/// Where the values came from, by the option's long name; for error messages.
pub(crate) type Origins = BTreeMap<String, Found>;

/// A value that nobody typed.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) variable: String,
    pub(crate) value: String,
    /// The file and the line; nothing where it is the environment's.
    pub(crate) place: Option<(PathBuf, usize)>,
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, .. } = self;
        match &self.place {
            Some((path, line)) => {
                write!(formatter, "{variable} in {}, line {line}", path.display())
            }
            None => write!(formatter, "{variable} in the environment"),
        }
    }
}

impl Found {
    /// The command that mends it.
    pub(crate) fn hint(&self) -> String {
        match &self.place {
            Some((path, line)) => edit(path, *line),
            None => format!("unset {}", self.variable),
        }
    }
}

/// Opens a file where something in it is wrong.
pub(crate) fn edit(path: &std::path::Path, line: usize) -> String {
    let path = path.display().to_string();
    format!("\"${{EDITOR:-vi}}\" +{line} {}", crate::quoted(&path))
}

/// What is wrong with a value that nobody typed.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) message: String,
    pub(crate) found: Found,
}

/// Gives the options of `command`, and of its subcommands, the values that the environment and the file hold. An option
/// among `told` stands on the command line and needs none.
pub(crate) fn inject(
    tool: &str,
    command: Command,
    file: Option<&EnvFile>,
    told: &[OsString],
    origins: &mut Origins,
) -> Result<Command, Bad> {
    let mut problem = None;
    let command = command.mut_args(|arg| {
        if is_told(&arg, told) {
            return arg;
        }
        match injected(tool, arg.clone(), file, origins) {
            Ok(changed) => changed,
            Err(bad) => {
                problem = Some(bad);
                arg
            }
        }
    });
    let command = command.mut_subcommands(|subcommand| {
        inject(tool, subcommand.clone(), file, told, origins).unwrap_or_else(|bad| {
            problem = Some(bad);
            subcommand
        })
    });
    problem.map_or(Ok(command), Err)
}

/// The option with its value as its default, where there is one.
pub(crate) fn injected(
    tool: &str,
    arg: Arg,
    file: Option<&EnvFile>,
    origins: &mut Origins,
) -> Result<Arg, Bad> {
    let Some(long) = option(&arg) else {
        return Ok(arg);
    };
    match found(&variable(tool, long), file)? {
        Some(found) if long == "root" => apply(arg, rooted(found)?, origins),
        Some(found) => apply(arg, found, origins),
        None => Ok(arg),
    }
}

/// A root that a file tells has to begin at `/`: it would be another application wherever somebody deploys from.
fn rooted(found: Found) -> Result<Found, Bad> {
    if found.place.is_none() || found.value.starts_with('/') {
        return Ok(found);
    }
    Err(Bad {
        message: format!(
            "{found}: {:?} is another directory wherever one stands: it has to begin at /",
            found.value
        ),
        found,
    })
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

/// Whether the environment says something of it: empty is as good as unset.
pub fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// A variable's value, from the environment before the file. Empty is as good as unset. What a deploy has put into its
/// runbook's environment out of the file is the file's.
pub(crate) fn found(variable: &str, file: Option<&EnvFile>) -> Result<Option<Found>, Bad> {
    let entry = file.and_then(|file| Some((file, file.get(variable)?)));
    let in_file = entry
        .filter(|(_, entry)| !entry.value.is_empty())
        .map(|(file, entry)| Found {
            variable: variable.to_owned(),
            value: entry.value.clone(),
            place: Some((file.path.clone(), entry.line)),
        });
    let around = |value| Found {
        variable: variable.to_owned(),
        value,
        place: None,
    };
    match env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(in_file
            .filter(|found| found.value == value)
            .or_else(|| Some(around(value)))),
        Err(env::VarError::NotUnicode(_)) => Err(Bad {
            message: format!("{variable} in the environment is not UTF-8"),
            found: around(String::new()),
        }),
        Ok(_) | Err(env::VarError::NotPresent) => Ok(in_file),
    }
}

/// What a tool would be told by that option's variable, for whoever has no such option.
pub fn told(tool: &str, option: &str, file: Option<&EnvFile>) -> Option<String> {
    let found = found(&variable(tool, option), file).ok()??;
    Some(found.value)
}

fn apply(arg: Arg, found: Found, origins: &mut Origins) -> Result<Arg, Bad> {
    let long = arg.get_long().unwrap_or_default().to_owned();
    let arg = match arg.get_action() {
        ArgAction::SetTrue => match truth(&found.value) {
            Some(yes) => arg.default_value(if yes { "true" } else { "false" }),
            None => {
                return Err(Bad {
                    message: format!(
                        "{found}: {:?} is neither yes nor no; write {}=yes",
                        found.value, found.variable
                    ),
                    found,
                });
            }
        },
        ArgAction::Append => {
            let lines: Vec<String> = found.value.lines().map(str::to_owned).collect();
            arg.required(false).default_values(lines)
        }
        ArgAction::Set => arg.required(false).default_value(found.value.clone()),
        _ => return Ok(arg),
    };
    origins.insert(long, found);
    Ok(arg)
}
