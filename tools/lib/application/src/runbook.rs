//! Which runbook an application has.

use crate::in_place::{IN_PLACE, RELEASE};
use step::config::EnvFile;

/// The runbook of an application: by its file, else by how it was deployed before, in the words of the state's `kind`. The runbooks
/// judge alike (`meant_for` in `runbook.sh`), and refuse to be another kind's.
pub fn runbook(file: Option<&EnvFile>, before: impl FnOnce() -> Option<String>) -> String {
    let is_told = |option| step::told("release-stage", option, file).is_some();
    let kind = if is_told("in-place") {
        Some(IN_PLACE.to_owned())
    } else if is_told("compose") {
        Some(service::COMPOSE.to_owned())
    } else if is_told("source") || is_told("git") {
        None
    } else {
        before()
    };
    match kind.filter(|kind| kind != RELEASE) {
        Some(kind) => format!("deploy-{kind}"),
        None => "deploy".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_file_says_it_before_the_past_does() {
        for (text, before, expected) in [
            ("", None, "deploy"),
            ("", Some("release"), "deploy"),
            ("", Some("in-place"), "deploy-in-place"),
            ("", Some("compose"), "deploy-compose"),
            ("RELEASE_STAGE_SOURCE=/x", Some("compose"), "deploy"),
            ("RELEASE_STAGE_GIT=", Some("compose"), "deploy-compose"),
            ("RELEASE_STAGE_COMPOSE=/x", None, "deploy-compose"),
            (
                "RELEASE_STAGE_COMPOSE=/x\nRELEASE_STAGE_IN_PLACE=/x",
                Some("release"),
                "deploy-in-place",
            ),
        ] {
            let file = EnvFile {
                entries: step::config::parse(text.as_bytes()).unwrap(),
                ..EnvFile::default()
            };
            let runbook = runbook(Some(&file), || before.map(str::to_owned));
            assert_eq!(runbook, expected, "{text:?} after {before:?}");
        }
    }
}
