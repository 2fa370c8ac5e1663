//! From the command line, the environment and the application's env file to a tool's options.

use crate::Tool;
use crate::config::{self, EnvFile};
use crate::context::Context;
use crate::exit;
use crate::failure::Failure;
use crate::inject::{self, Bad, Found, Origins};
use crate::outcome::Outcome;
use crate::settings;
use crate::variables;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, Command};
use std::env;
use std::ffi::OsString;
use std::path::Path;

/// The options that every tool has.
#[derive(Debug, clap::Args)]
struct Common {
    /// The application: a name (/etc/slipway/NAME.env) or the path of its env file
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        help_heading = "Common options"
    )]
    app: Option<String>,
    /// The deploy of which this step is a part
    #[arg(
        long,
        value_name = "ID",
        global = true,
        help_heading = "Common options"
    )]
    id: Option<String>,
    /// Print this one field of the report, raw; dotted names reach inside
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        help_heading = "Common options"
    )]
    field: Option<String>,
    /// Say nothing on standard error
    #[arg(long, global = true, help_heading = "Common options")]
    quiet: bool,
}

/// What a command line came to.
pub(crate) struct Parsed {
    pub(crate) matches: ArgMatches,
    pub(crate) context: Context,
    pub(crate) reads_upstream: bool,
}

/// A tool's whole command line, as clap knows it; for `--help` and the man pages.
pub fn command<T: Tool>() -> Command {
    let command = Command::new(T::NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .args_override_self(false)
        .after_help(after_help::<T>());
    // The groups of options bring their own descriptions along; the tool's is the one to show.
    T::Args::augment_args(Common::augment_args(command))
        .about(T::ABOUT)
        .long_about(None)
}

fn after_help<T: Tool>() -> String {
    let own_fields = T::FIELDS.join(" ");
    let codes: String = exit::TABLE
        .iter()
        .map(|(code, meaning)| format!("\n  {code:<6} {meaning}"))
        .collect();
    let errors: Vec<&str> = crate::codes::<T>().map(|(code, _)| code).collect();
    format!(
        "The last argument may be -: the report of the step before is read from standard input.\n\n\
         Report fields:\n  {own_fields}\n\nExit codes:{codes}\n\nError codes:\n  {}",
        errors.join(" ")
    )
}

/// Reads the command line of this process. Nothing where `--help` or `--version` was all that was asked; the text
/// is in the outcome then.
pub(crate) fn parse<T: Tool>(outcome: &mut Outcome) -> Result<Option<Parsed>, Failure> {
    let mut words: Vec<OsString> = env::args_os().collect();
    outcome.field = option_value(&words, "--field");
    outcome.quiet = own_words(&words).iter().any(|word| word == "--quiet");
    // Also a wrong command line is a part of its deploy's story.
    outcome.deploy_id = option_value(&words, "--id")
        .or_else(|| env::var("DEPLOY_ID").ok())
        .filter(|id| !id.is_empty());
    outcome.check_field()?;
    if let Some(text) = help::<T>(&words) {
        outcome.text = Some(text);
        return Ok(None);
    }
    if words.len() == 2 && words[1] == settings::WORD {
        let answer = settings::answer::<T>(application_file(&[])?.as_ref());
        outcome.text = serde_json::to_string(&answer).ok();
        return Ok(None);
    }
    let reads_upstream = reads_upstream(&words);
    if reads_upstream {
        words.pop();
    }
    let file = application_file(&words)?;
    outcome.app = file.as_ref().map(|file| file.path.clone());
    let mut origins = Origins::new();
    let command = command::<T>();
    if let Some(file) = &file {
        let known = variables::known(T::NAME, &command);
        if let Some(wrong) = variables::unknown(file, &[T::NAME], &known).first() {
            let hint = inject::edit(&file.path, wrong.line);
            return Err(Failure::usage(&wrong.message).hint(hint));
        }
    }
    let command = inject::inject(
        T::NAME,
        command,
        file.as_ref(),
        own_words(&words),
        &mut origins,
    )
    .map_err(|Bad { message, found }| Failure::usage(message).hint(found.hint()))?;
    let matches = command
        .try_get_matches_from(words)
        .map_err(|error| bad_usage(T::NAME, &error, &origins))?;
    // It may also have come by its variable.
    outcome.quiet |= matches.get_flag("quiet");
    let deploy_id = common_value(&matches, "id");
    outcome.deploy_id.clone_from(&deploy_id);
    let context = Context {
        tool: T::NAME,
        deploy_id,
        quiet: outcome.quiet,
        app: file,
        upstream: None,
    };
    Ok(Some(Parsed {
        matches,
        context,
        reads_upstream,
    }))
}

/// The text where `--help` or `--version` is asked for, which nothing that is wrong elsewhere keeps from anybody.
fn help<T: Tool>(words: &[OsString]) -> Option<String> {
    let asks = |word: &OsString| {
        let asking = ["--help", "-h", "--version", "-V"];
        asking.iter().any(|option| word == option)
    };
    if !own_words(words).iter().any(asks) {
        return None;
    }
    // The word may yet be another option's value: that is clap's to say.
    let error = command::<T>().try_get_matches_from(words).err()?;
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    )
    .then(|| error.to_string())
}

/// Whether the last word is `-`, and not a word of a command behind `--`.
pub(crate) fn reads_upstream(words: &[OsString]) -> bool {
    words.len() > 1
        && words.last().is_some_and(|word| word == "-")
        && !words.iter().any(|word| word == "--")
}

/// A common option's value, wherever it stands: before or behind a subcommand.
fn common_value(matches: &ArgMatches, id: &str) -> Option<String> {
    matches.get_one::<String>(id).cloned()
}

/// The words that are this tool's own, not those of a command behind `--`.
fn own_words(words: &[OsString]) -> &[OsString] {
    let end = words.iter().position(|word| word == "--");
    &words[..end.unwrap_or(words.len())]
}

/// An option's value before clap has looked at the words: needed for the env file, and for errors of clap's own.
fn option_value(words: &[OsString], option: &str) -> Option<String> {
    let words = own_words(words);
    let assigned = format!("{option}=");
    words.iter().enumerate().find_map(|(place, word)| {
        let word = word.to_str()?;
        if word == option {
            words.get(place + 1)?.to_str().map(str::to_owned)
        } else {
            word.strip_prefix(&assigned).map(str::to_owned)
        }
    })
}

/// The env file that `--app` or `DEPLOY_APP` names.
pub(crate) fn application_file(words: &[OsString]) -> Result<Option<EnvFile>, Failure> {
    let told = option_value(words, "--app");
    let around = env::var("DEPLOY_APP").ok().filter(|app| !app.is_empty());
    let in_a_deploy = env::var("DEPLOY_ID").is_ok_and(|id| !id.is_empty());
    if let (Some(told), Some(around), true) = (&told, &around, in_a_deploy)
        && config::path_of(told) != config::path_of(around)
    {
        return Err(Failure::usage(format!(
            "--app {told} inside a deploy of {around}: its step would act on another application"
        ))
        .hint("unset DEPLOY_APP DEPLOY_ID"));
    }
    let Some(app) = told.or(around) else {
        return Ok(None);
    };
    let path = config::path_of(&app);
    EnvFile::read(&path).map(Some).map_err(|error| {
        Failure::usage(&error).hint(match error {
            config::EnvFileError::Unreadable { .. } => read_hint(&path),
            config::EnvFileError::Line { line, .. } => inject::edit(&path, line),
        })
    })
}

fn read_hint(path: &Path) -> String {
    format!("ls -l {}", path.display())
}

/// Clap's complaint as a failure.
fn bad_usage(tool: &str, error: &clap::Error, origins: &Origins) -> Failure {
    let (message, found) = complaint(error, origins);
    let hint = found.map_or_else(|| format!("{tool} --help"), Found::hint);
    Failure::usage(message).hint(hint)
}

/// Clap's complaint in one line, which also says where a value came from that nobody typed.
pub(crate) fn complaint<'a>(
    error: &clap::Error,
    origins: &'a Origins,
) -> (String, Option<&'a Found>) {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let summary: Vec<&str> = text
        .lines()
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .collect();
    let message = summary.join(" ");
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return (message, None);
    };
    let option = argument.split([' ', '=']).next().unwrap_or_default();
    let bad_value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => value.as_str(),
        _ => "",
    };
    let found = origins.get(option.trim_start_matches('-'));
    match found.filter(|found| found.value.lines().any(|line| line == bad_value)) {
        Some(found) => (format!("{message} ({found})"), Some(found)),
        None => (message, None),
    }
}
