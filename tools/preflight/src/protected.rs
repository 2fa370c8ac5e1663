//! An environment in which nothing is forced, and in which the application's file alone says what may be passed over.

use crate::args::Args;
use crate::checks::Entry;
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
    match beyond(args, context.app()) {
        Some(excess) => Err(excess.refused(context.app())),
        None => Ok(true),
    }
}

/// An option that lets more pass than the file does.
#[derive(Debug, PartialEq, Eq)]
struct Excess {
    option: &'static str,
    /// What was asked for.
    asked: String,
    /// A check that the file does not let pass.
    check: String,
}

impl Excess {
    fn refused(&self, file: Option<&EnvFile>) -> Failure {
        let Self {
            option,
            asked,
            check,
        } = self;
        let variable = step::variable("preflight", option);
        let place = file.map_or_else(
            || "the application's file (--app)".to_owned(),
            |file| file.path.display().to_string(),
        );
        let hint = match file {
            Some(_) => format!("\"${{EDITOR:-vi}}\" {place}, and write {variable}={asked} there"),
            None => format!("preflight --app NAME, whose file says {variable}={asked}"),
        };
        let message = format!(
            "this environment is protected: --{option} {asked} would let {check} pass, which {place} does not"
        );
        Failure::no("protected", message).hint(hint)
    }
}

/// The first thing that the effective options let pass and the file does not.
fn beyond(args: &Args, file: Option<&EnvFile>) -> Option<Excess> {
    let in_file = |option| names_in(file, option);
    let excess = |option, asked: &[String], check: &String| Excess {
        option,
        asked: asked.join(","),
        check: check.clone(),
    };
    for (option, asked) in [("skip", &args.skip), ("warn", &args.warn)] {
        let allowed = in_file(option);
        if let Some(check) = asked.iter().find(|name| !allowed.contains(name)) {
            return Some(excess(option, asked, check));
        }
    }
    if args.only.is_empty() {
        return None;
    }
    let mut wanted = in_file("only");
    if wanted.is_empty() {
        wanted = Entry::all(args).iter().map(Entry::name).collect();
    }
    let made = |name: &String| args.only.contains(name) || args.require.contains(name);
    let check = wanted.iter().find(|name| !made(name))?;
    Some(excess("only", &args.only, check))
}

/// The names of checks that the file gives to an option.
fn names_in(file: Option<&EnvFile>, option: &str) -> Vec<String> {
    let variable = step::variable("preflight", option);
    let entry = file.and_then(|file| file.get(&variable));
    let value = entry.map_or("", |entry| entry.value.as_str());
    let names = value.lines().flat_map(|line| line.split(','));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
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
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;
    use step::config;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    /// The option that lets too much pass, and which check; nothing where none does.
    fn refused(words: &[&str], file: &str) -> String {
        let words = [&["preflight"], words].concat();
        let args = Line::try_parse_from(words).ok().unwrap().args;
        let file = EnvFile {
            path: "app.env".into(),
            entries: config::parse(file.as_bytes()).unwrap(),
        };
        beyond(&args, Some(&file))
            .map(|excess| format!("{} {}", excess.option, excess.check))
            .unwrap_or_default()
    }

    #[test]
    fn no_more_is_let_pass_than_the_file_says() {
        assert_eq!(refused(&["--skip", "disk"], ""), "skip disk");
        let file = "PREFLIGHT_SKIP=disk,inodes\nPREFLIGHT_WARN=health\n";
        assert_eq!(refused(&["--skip", "inodes"], file), "");
        let more = ["--skip", "disk,port"];
        assert_eq!(refused(&more, file), "skip port");
        assert_eq!(refused(&["--warn", "disk"], file), "warn disk");
        assert_eq!(refused(&["--warn", "health"], file), "");
        let several = "PREFLIGHT_SKIP='disk\ninodes'\n";
        assert_eq!(refused(&["--skip", "inodes"], several), "");
    }

    #[test]
    fn a_choice_may_be_wider_than_the_files_and_never_narrower() {
        assert_eq!(refused(&["--only", "disk"], ""), "only service");
        let file = "PREFLIGHT_ONLY=disk,port\n";
        assert_eq!(refused(&[], file), "");
        assert_eq!(refused(&["--only", "disk"], file), "only port");
        assert_eq!(refused(&["--only", "disk,port,lock"], file), "");
        let insisted = ["--only", "disk", "--require", "port"];
        assert_eq!(refused(&insisted, file), "");
    }

    #[test]
    fn a_word_that_is_neither_is_no_answer() {
        assert_eq!(means_yes("Yes"), Some(true));
        assert_eq!(means_yes("1"), Some(true));
        assert_eq!(means_yes("off"), Some(false));
        assert_eq!(means_yes(""), Some(false));
        assert_eq!(means_yes("production"), None);
    }
}
