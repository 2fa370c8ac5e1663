//! What the options say of themselves: the sections OPTIONS and ENVIRONMENT.

use crate::markdown::{escape, line};
use clap::{Arg, Command};
use std::fmt::Write as _;

/// The option that is only ever typed.
const ONLY_TYPED: &str = "field";

/// The section OPTIONS: a tool's own, those of its subcommands, then those that tools share.
pub(crate) fn options(command: &Command) -> String {
    let mut roff = ".SH OPTIONS\n".to_owned();
    let (shared, own): (Vec<&Arg>, Vec<&Arg>) =
        shown(command).partition(|arg| arg.get_help_heading().is_some());
    for arg in own {
        roff.push_str(&entry(arg));
    }
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        roff.push_str(&part(command.get_name(), subcommand));
    }
    let mut headings: Vec<&str> = shared
        .iter()
        .filter_map(|arg| arg.get_help_heading())
        .collect();
    // A stable sort puts what every tool has last and leaves the others in their order.
    headings.sort_by_key(|heading| *heading == "Common options");
    let mut told: Vec<&str> = Vec::new();
    for heading in headings {
        if told.contains(&heading) {
            continue;
        }
        told.push(heading);
        let _ = writeln!(roff, ".SS {}", escape(heading));
        for arg in shared
            .iter()
            .filter(|arg| arg.get_help_heading() == Some(heading))
        {
            roff.push_str(&entry(arg));
        }
    }
    roff.push_str(
        ".TP\n\\fB\\-\\-help\\fP, \\fB\\-\\-version\\fP\nPrint the options, or the version, and nothing else.\n\
         .TP\n\\fB\\-\\fP\nAs the last argument: read the report of the step before from standard input.\n",
    );
    roff
}

fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_hide_set())
}

/// A subcommand with its options.
fn part(tool: &str, command: &Command) -> String {
    let words: String = shown(command)
        .filter(|arg| arg.is_positional())
        .map(|arg| format!(" {}", operand(arg)))
        .collect();
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut roff = format!(
        ".SS \"{} {}{words}\"\n{}\n",
        escape(tool),
        escape(command.get_name()),
        sentence(&about),
    );
    for arg in shown(command) {
        roff.push_str(&entry(arg));
    }
    roff
}

/// An argument without a name of its own, in brackets where it may be left out.
fn operand(arg: &Arg) -> String {
    let name = escape(&value(arg));
    let dashes = if arg.is_last_set() { "\\-\\- " } else { "" };
    if arg.is_required_set() {
        format!("{dashes}{name}")
    } else {
        format!("[{dashes}{name}]")
    }
}

fn value(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
    if names.is_empty() {
        arg.get_id().as_str().to_uppercase()
    } else {
        names.join(" ")
    }
}

/// One option and what it is for.
fn entry(arg: &Arg) -> String {
    let mut names: Vec<String> = Vec::new();
    names.extend(arg.get_short().map(|short| format!("\\fB\\-{short}\\fP")));
    names.extend(
        arg.get_long()
            .map(|long| format!("\\fB\\-\\-{}\\fP", escape(long))),
    );
    let mut head = names.join(", ");
    if arg.is_positional() {
        head = format!("\\fI{}\\fP", escape(&value(arg)));
    } else if arg.get_action().takes_values() {
        let _ = write!(head, " \\fI{}\\fP", escape(&value(arg)));
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut text = sentence(&help);
    let defaults: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| escape(&value.to_string_lossy()))
        .collect();
    let values = arg.get_possible_values();
    let values: Vec<&str> = values
        .iter()
        .map(clap::builder::PossibleValue::get_name)
        .collect();
    if values.iter().any(|value| !help.contains(value)) {
        let _ = write!(text, " One of {}.", escape(&values.join(", ")));
    }
    if !defaults.is_empty() {
        let _ = write!(text, " Default: {}.", defaults.join(", "));
    }
    format!(".TP\n{head}\n{text}\n")
}

/// The help as a sentence; options are described without a full stop.
fn sentence(help: &str) -> String {
    let text = line(&help.split_whitespace().collect::<Vec<_>>().join(" "));
    if text.is_empty() || text.ends_with('.') {
        text
    } else {
        format!("{text}.")
    }
}

/// The section ENVIRONMENT: the variable that stands for each option.
pub(crate) fn environment(tool: &str, command: &Command) -> String {
    let mut variables: Vec<(String, String)> = Vec::new();
    collect(tool, command, &mut variables);
    let mut roff = ".SH ENVIRONMENT\nEach option may be given as a variable, in the environment or in the application's \
                    env file. An option on the command line beats the environment, which beats the file; an empty \
                    variable is none. An option without a value is switched on with \\fByes\\fP; one that may be \
                    given several times has a line for each value.\n"
        .to_owned();
    for (place, (variable, option)) in variables.iter().enumerate() {
        let _ = write!(
            roff,
            ".TP\n{}\\fB{}\\fP\n\\-\\-{}\n",
            if place == 1 { ".PD 0\n" } else { "" },
            escape(variable),
            escape(option)
        );
    }
    roff.push_str(".PD\n");
    roff
}

fn collect(tool: &str, command: &Command, into: &mut Vec<(String, String)>) {
    for long in shown(command).filter_map(Arg::get_long) {
        let variable = step::variable(tool, long);
        let known = into.iter().any(|(known, _)| *known == variable);
        if !known && long != ONLY_TYPED {
            into.push((variable, long.to_owned()));
        }
    }
    for subcommand in command.get_subcommands() {
        collect(tool, subcommand, into);
    }
}
