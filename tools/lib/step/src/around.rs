//! What the application's file says to other programs: which PM2, which Docker engine, which Compose project.
//!
//! They, and the clients that are run to speak with them, read it from the environment. A process cannot safely change its own, so
//! it begins anew with another, under the same number.

use crate::Failure;
use crate::inject::is_set;
use crate::options::application_file;
use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// How the names of their variables begin.
const OF_OTHERS: [&str; 3] = ["COMPOSE_", "DOCKER_", "PM2_"];

/// Puts what the file says to them into the environment, where that says nothing of it: as a runbook gets it.
pub(crate) fn surround() -> Result<(), Failure> {
    let words: Vec<OsString> = env::args_os().collect();
    // What is wrong with the file is said where it is read for the options.
    let Ok(Some(file)) = application_file(&words) else {
        return Ok(());
    };
    let missing: Vec<(&str, &str)> = file
        .entries
        .iter()
        .filter(|entry| OF_OTHERS.iter().any(|name| entry.key.starts_with(name)))
        .filter(|entry| !entry.value.is_empty() && !is_set(&entry.key))
        .map(|entry| (entry.key.as_str(), entry.value.as_str()))
        .collect();
    let Some((name, own)) = words.split_first().filter(|_| !missing.is_empty()) else {
        return Ok(());
    };
    let error = match env::current_exe() {
        Ok(program) => Command::new(program)
            .arg0(name)
            .args(own)
            .envs(missing)
            .exec(),
        Err(error) => error,
    };
    Err(Failure::impossible(
        "cannot-start",
        format!(
            "{} is not put into the environment: {error}",
            file.path.display()
        ),
    ))
}
