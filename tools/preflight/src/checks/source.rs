//! `source`: what is to be staged is there, is something, and stands apart from the application.

use super::Check;
use super::supervised::not_known;
use crate::finding::{Finding, Status};
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;
use release_stage::exclude::Exclude;
use release_stage::{request, source};
use std::{fs, io};
use step::Failure;

pub(super) const CHECK: Check = Check {
    name: "source",
    about: "the directory that is to be staged can be read, is not empty and stands apart from the application",
    needs: "--source",
    given: |given| given.args.source.is_some(),
    run,
};

/// The variables that may have told it.
const VARIABLES: [&str; 2] = ["RELEASE_STAGE_SOURCE", "PREFLIGHT_SOURCE"];

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(told) = &given.args.source else {
        return Finding::skip("there is no source");
    };
    if let Some(failure) = misplaced(told, given) {
        return not_known(&failure.into());
    }
    let is_directory = fs::metadata(told).map(|data| data.is_dir());
    let left_out = left_out(|option| given.of_stage(option));
    let is_empty = match is_directory {
        Ok(true) => source::is_empty(told.as_std_path(), &left_out, deadline),
        Ok(false) => Ok(Err(io::ErrorKind::NotADirectory.into())),
        Err(error) => Ok(Err(error)),
    };
    match is_empty {
        Ok(is_empty) => {
            let finding = judge(told, is_empty);
            let passed = finding.status == Status::Pass;
            let lacks = passed.then(|| lacking(told, given)).flatten();
            lacks.map_or(finding, |failure| not_known(&failure.into()))
        }
        Err(ended) => Finding::fail(
            format!("{told} could not be looked through: {ended}"),
            "preflight --check-timeout 1m",
        ),
    }
}

/// What release-stage would refuse, in its words.
fn misplaced(told: &Utf8Path, given: &Given) -> Option<Failure> {
    let told = told.as_std_path();
    let absolute = source::is_absolute(told, &VARIABLES, given.env_file.as_ref());
    let apart = || match &given.application {
        Some(application) if told.exists() => source::is_apart(told, &application.layout),
        _ => Ok(()),
    };
    absolute.and_then(|()| apart()).err()
}

/// That release-stage would not find out by itself how what lies there is installed or built.
pub(super) fn lacking(directory: &Utf8Path, given: &Given) -> Option<Failure> {
    let (install, build) = (given.of_stage("install"), given.of_stage("build"));
    release_stage::lacking(directory.as_std_path(), install, build)
}

/// Whether release-stage would install or build something in it.
pub(super) fn is_built(told: impl Fn(&str) -> Option<String>) -> bool {
    let asks = |option| request::job(told(option)).is_some();
    asks("install") || asks("build")
}

/// What release-stage would leave out, with what it is told by that option's variable.
pub(super) fn left_out(told: impl Fn(&str) -> Option<String>) -> Exclude {
    let all = |option| told(option).unwrap_or_default();
    let (patterns, shares) = (all("exclude"), all("share"));
    Exclude::of_directory(is_built(&told), patterns.lines(), shares.lines())
}

fn judge(source: &Utf8Path, is_empty: io::Result<bool>) -> Finding {
    match is_empty {
        Ok(false) => Finding::pass(format!("{source} can be read")),
        Ok(true) => not_known(&source::empty(source.as_str()).into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::fail(
            format!("there is no {source}"),
            format!("ls -ld {}", super::places::nearest(source)),
        ),
        Err(error) => Finding::fail(
            format!("{source} cannot be read: {error}"),
            format!("ls -ld {source}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn empty_is_no_source() {
        let source = Utf8Path::new("/nowhere");
        assert_eq!(judge(source, Ok(false)).status, Status::Pass);
        assert_eq!(judge(source, Ok(true)).status, Status::Fail);
        let gone = Err(io::ErrorKind::NotFound.into());
        assert_eq!(judge(source, gone).status, Status::Fail);
    }

    #[test]
    fn what_release_stage_leaves_out_is_left_out_here() {
        let out = |variables: &[(&str, &str)], path: &str| {
            let told = |option: &str| {
                let found = variables.iter().find(|(name, _)| *name == option);
                found.map(|(_, value)| (*value).to_owned())
            };
            left_out(told).leaves_out(Path::new(path))
        };
        assert!(out(&[], ".git") && !out(&[], "venv") && !out(&[], "main"));
        assert!(out(&[("build", "make")], "venv"));
        assert!(!out(&[("build", "none")], "venv"));
        let several = [("exclude", "*.log\n/docs"), ("share", "uploads")];
        for path in ["a.log", "docs", "uploads"] {
            assert!(out(&several, path), "{path}");
        }
    }
}
