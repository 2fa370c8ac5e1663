//! Every tool's variables, checked before a deploy begins: one that is wrong would else be found when the tool is called
//! that it is for, and the service may be stopped by then.
//!
//! Which variables a tool has and which values it takes only its own program knows. `TOOL --settings` answers both, and
//! what is wrong with the values around it; nothing else is done.

use crate::config::EnvFile;
use crate::inject::{Bad, Found, Origins, edit, found, injected};
use crate::variables::{self, Judge, RUNBOOK, Wrong, known, option, prefix, unknown, variable};
use crate::{Context, Failure, TOOLS, Tool, nearest, options};
use clap::{Arg, Command};
use deadline::Deadline;
use deadline::child::{self, Options};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use std::{env, process, thread};

/// The word that asks for the answer.
pub(crate) const WORD: &str = "--settings";
/// How long a tool may take to answer; it takes about a millisecond.
const PATIENCE: Duration = Duration::from_secs(10);
/// A name that differs by no more letters from one that exists is a misspelt one, whatever it begins with.
const MISSPELT: usize = 2;
/// Between them they have every option that tools share.
const WITH_SHARED: [&str; 2] = ["deploy-state", "rollback"];

/// What a tool says of its variables.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    variables: Vec<String>,
    problems: Vec<Problem>,
}

/// A value that the tool would refuse.
#[derive(Debug, Serialize, Deserialize)]
struct Problem {
    /// 0 where the value is the environment's.
    line: usize,
    message: String,
    hint: String,
}

impl Problem {
    fn of(bad: Bad) -> Self {
        Self {
            line: bad.found.place.as_ref().map_or(0, |(_, line)| *line),
            hint: bad.found.hint(),
            message: bad.message,
        }
    }
}

/// The tool's own answer.
pub(crate) fn answer<T: Tool>(file: Option<&EnvFile>) -> Answer {
    let command = options::command::<T>();
    let mut problems = Vec::new();
    judge(T::NAME, &command, file, &mut problems);
    Answer {
        variables: known(T::NAME, &command),
        problems,
    }
}

fn judge(tool: &str, command: &Command, file: Option<&EnvFile>, into: &mut Vec<Problem>) {
    for arg in command.get_arguments() {
        if let Err(bad) = taken(tool, arg, file) {
            into.push(Problem::of(bad));
        }
    }
    for subcommand in command.get_subcommands() {
        judge(tool, subcommand, file, into);
    }
}

/// Whether the option takes the value that its variable has. It stands alone for it: what it asks of other options is the
/// whole command line's.
fn taken(tool: &str, arg: &Arg, file: Option<&EnvFile>) -> Result<(), Bad> {
    let Some(long) = option(arg) else {
        return Ok(());
    };
    let Some(found) = found(&variable(tool, long), file)? else {
        return Ok(());
    };
    let mut alone = Arg::new(arg.get_id().clone())
        .long(long.to_owned())
        .action(arg.get_action().clone())
        .value_parser(arg.get_value_parser().clone());
    if let Some(names) = arg.get_value_names() {
        alone = alone.value_names(names.iter().cloned());
    }
    if let Some(delimiter) = arg.get_value_delimiter() {
        alone = alone.value_delimiter(delimiter);
    }
    let mut origins = Origins::new();
    let alone = injected(tool, alone, file, &mut origins)?;
    match Command::new(tool.to_owned())
        .arg(alone)
        .try_get_matches_from([tool])
    {
        Ok(_) => Ok(()),
        Err(error) => Err(Bad {
            message: options::complaint(&error, &origins).0,
            found,
        }),
    }
}

/// Whether every variable in the application's file is one that exists, and every tool takes the values of its own, there and in
/// the environment. Nothing is done before; a name in the environment that no tool has may be somebody else's.
pub fn check_settings<T: Tool>(context: &Context) -> Result<(), Failure> {
    let file = context.app();
    let own = variables::of(T::NAME, &options::command::<T>());
    let shares = variables::all_shared()
        .filter(|variable| !own.contains(variable))
        .any(|variable| matches!(found(&variable, file), Ok(Some(_)) | Err(_)));
    let is_asked = |tool: &str| (shares && WITH_SHARED.contains(&tool)) || is_mentioned(tool, file);
    let others: Vec<&str> = TOOLS
        .into_iter()
        .filter(|tool| *tool != T::NAME && is_asked(tool))
        .collect();
    let mut answers = vec![(T::NAME, answer::<T>(file))];
    answers.extend(asked(&others, file, context));
    let names: Vec<String> = answers
        .iter()
        .flat_map(|(_, answer)| answer.variables.clone())
        .collect();
    let tools: Vec<&str> = answers.iter().map(|(tool, _)| *tool).collect();
    let mut problems = of_tools(answers);
    problems.extend(of_runbooks(file));
    if let Some(file) = file {
        let strange = unknown(file, &tools, &names).into_iter();
        let strange = strange.chain(misspelt(file, &names));
        problems.extend(strange.map(|Wrong { line, message }| Problem {
            line,
            message,
            hint: edit(&file.path, line),
        }));
    }
    problems.sort_by_key(|problem| problem.line);
    let Some(first) = problems.first() else {
        return Ok(());
    };
    let messages: Vec<&str> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    Err(Failure::usage(messages.join("; ")).hint(&first.hint))
}

/// What the tools would refuse, each by its name. Two may take the same variable: what both refuse is told once.
fn of_tools(answers: Vec<(&str, Answer)>) -> Vec<Problem> {
    let mut told = BTreeSet::new();
    let mut problems = Vec::new();
    for (tool, answer) in answers {
        for problem in answer.problems {
            if told.insert((problem.line, problem.message.clone())) {
                let message = format!("{tool}: {}", problem.message);
                problems.push(Problem { message, ..problem });
            }
        }
    }
    problems
}

/// Whether a variable is there that is the tool's, or may be meant to be.
fn is_mentioned(tool: &str, file: Option<&EnvFile>) -> bool {
    let prefix = prefix(tool);
    let in_file = |key: &str| {
        key.starts_with(&prefix)
            || key
                .match_indices('_')
                .any(|(end, _)| nearest::distance(&key[..=end], &prefix) <= MISSPELT)
    };
    file.is_some_and(|file| file.entries.iter().any(|entry| in_file(&entry.key)))
        || env::vars_os().any(|(key, _)| key.to_string_lossy().starts_with(&prefix))
}

/// The answers of these tools, side by side. One that is not installed is called by nobody either.
fn asked<'a>(
    tools: &[&'a str],
    file: Option<&EnvFile>,
    context: &Context,
) -> Vec<(&'a str, Answer)> {
    let answers: Vec<Result<Answer, String>> = thread::scope(|scope| {
        let asking: Vec<_> = tools
            .iter()
            .map(|tool| scope.spawn(move || ask(tool, file)))
            .collect();
        asking
            .into_iter()
            .map(|asking| {
                let defect = |_| Err("a defect in the question".to_owned());
                asking.join().unwrap_or_else(defect)
            })
            .collect()
    });
    let mut known = Vec::new();
    for (tool, answer) in tools.iter().zip(answers) {
        match answer {
            Ok(answer) => known.push((*tool, answer)),
            Err(why) => context.note(format!("the variables of {tool} are not checked: {why}")),
        }
    }
    known
}

/// The answer of the tool beside this one, else of the one on the PATH.
fn ask(tool: &str, file: Option<&EnvFile>) -> Result<Answer, String> {
    let beside = env::current_exe().ok().map(|own| own.with_file_name(tool));
    let beside = beside.filter(|path| path.is_file());
    let mut command = process::Command::new(beside.unwrap_or_else(|| tool.into()));
    command.arg(WORD);
    if let Some(file) = file {
        command.env("DEPLOY_APP", &file.path);
    }
    let answer = child::ask(command, Options::default(), &Deadline::after(PATIENCE))
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(answer.stdout())
        .map_err(|_| "it is of another version of Slipway".to_owned())
}

/// Variables that only the runbooks read.
fn of_runbooks(file: Option<&EnvFile>) -> Vec<Problem> {
    let judged = |(variable, judge): &(&str, Judge)| {
        let found: Found = found(variable, file).ok()??;
        let why = judge(&found.value).err()?;
        Some(Problem {
            line: found.place.as_ref().map_or(0, |(_, line)| *line),
            message: format!("{found}: {:?}: {why}", found.value),
            hint: found.hint(),
        })
    };
    RUNBOOK.iter().filter_map(judged).collect()
}

/// Names of the file that begin like nobody's and yet are almost one that there is.
fn misspelt(file: &EnvFile, names: &[String]) -> Vec<Wrong> {
    let nobodys = file
        .entries
        .iter()
        .filter(|entry| !variables::has_owner(&entry.key) && entry.key.len() > 2 * MISSPELT + 1);
    nobodys
        .filter_map(|entry| {
            let near = nearest::of(&entry.key, names)?;
            (nearest::distance(&entry.key, near) <= MISSPELT).then(|| Wrong {
                line: entry.line,
                message: format!(
                    "{}, line {}: {} is nobody's; {near} is one",
                    file.path.display(),
                    entry.line,
                    entry.key
                ),
            })
        })
        .collect()
}
