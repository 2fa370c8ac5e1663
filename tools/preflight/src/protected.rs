//! An environment in which nothing is forced, and in which the application's file alone says what may be passed over.

mod rules;

use crate::args::Args;
use crate::checks::quoted;
use rules::{Asked, Excess};
use step::config::EnvFile;
use step::{Context, Failure};

/// The variable that says so.
const VARIABLE: &str = "DEPLOY_PROTECTED";

/// Whether the environment is protected. Refuses, where it is, whatever would let more pass than the application's file does. Where an
/// option's value comes from makes no difference: a variable of the caller's is as good as a word on the command line.
pub(crate) fn guard(args: &Args, context: &Context) -> Result<bool, Failure> {
    if !is_protected(context)? {
        return Ok(false);
    }
    if args.force {
        return Err(Failure::no(
            "protected",
            "this environment is protected: failed checks are not gone past",
        )
        .hint("preflight without --force, and what its hints say"));
    }
    let asked = Asked::of(args, context.app());
    match asked.excess().map_err(Failure::usage)? {
        Some(excess) => Err(refused(&excess, context.app())),
        None => Ok(true),
    }
}

fn refused(excess: &Excess, file: Option<&EnvFile>) -> Failure {
    let Excess { option, value, .. } = excess;
    let variable = step::variable("preflight", option);
    let place = file.map_or_else(
        || "the application's file (--app)".to_owned(),
        |file| file.path.display().to_string(),
    );
    let line = match value {
        Some(value) => format!("{variable}={}", quoted(value)),
        None => variable,
    };
    let hint = match file {
        Some(_) => format!("\"${{EDITOR:-vi}}\" {place}, and write {line} there"),
        None => format!("preflight --app NAME, whose file says {line}"),
    };
    let message = format!("this environment is protected: {}", excess.beside(&place));
    Failure::no("protected", message).hint(hint)
}

/// What the environment says, or the application's file where the environment says nothing. Either alone can protect: whoever forgets
/// one of them has not lifted the protection of the other.
fn is_protected(context: &Context) -> Result<bool, Failure> {
    let around = std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned());
    let in_file = context
        .app()
        .and_then(|file| file.get(VARIABLE))
        .map(|entry| entry.value.clone());
    let mut protected = false;
    for value in [around, in_file].into_iter().flatten() {
        protected |= means_yes(&value).ok_or_else(|| {
            Failure::usage(format!(
                "{VARIABLE} is {value:?}, which is neither yes nor no"
            ))
            .hint(format!("{VARIABLE}=yes"))
        })?;
    }
    Ok(protected)
}

/// Yes, no, or neither. Empty is as good as unset.
fn means_yes(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "" | "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_neither_is_no_answer() {
        assert_eq!(means_yes("Yes"), Some(true));
        assert_eq!(means_yes("1"), Some(true));
        assert_eq!(means_yes("off"), Some(false));
        assert_eq!(means_yes(""), Some(false));
        assert_eq!(means_yes("production"), None);
    }
}
