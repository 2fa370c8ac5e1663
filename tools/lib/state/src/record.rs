//! The history: a line for each change and for each step's report, and the deploys that they tell of.

use crate::model::Phase;
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes read from the history's end at a time while looking for its last line.
const BLOCK: u64 = 64 * 1024;

/// The lines of a history's text. What is torn is cut; a line that is not JSON is nobody's event.
pub(crate) fn lines(text: &[u8]) -> Vec<Value> {
    durable::intact(text)
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

/// The generation of the history's last whole line; 0 where there is none.
pub(crate) fn last_generation(path: impl AsRef<Path>) -> Result<u64, durable::Error> {
    let path = path.as_ref();
    let failed = |source| durable::Error {
        action: "read",
        path: path.into(),
        source,
        took_effect: false,
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(failed)?.len();
    let mut wanted = BLOCK;
    loop {
        let from = length.saturating_sub(wanted);
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let mut tail = Vec::new();
        file.by_ref()
            .take(length - from)
            .read_to_end(&mut tail)
            .map_err(failed)?;
        let whole = if from == 0 {
            tail.as_slice()
        } else {
            // The first line of the block may have begun before it.
            tail.iter()
                .position(|&byte| byte == b'\n')
                .map_or(&[][..], |end| &tail[end + 1..])
        };
        if let Some(line) = lines(whole).last() {
            return Ok(line["generation"].as_u64().unwrap_or(0));
        }
        if from == 0 {
            return Ok(0);
        }
        wanted *= 4;
    }
}

/// One deploy, as the history tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Its name.
    pub deploy_id: String,
    /// When it began.
    pub started_at: String,
    /// When it ended; none while it goes on.
    pub ended_at: Option<String>,
    /// Who began it.
    pub by: Option<String>,
    /// The release that was to go live.
    pub release: Option<String>,
    /// What was live when it began.
    pub from: Option<String>,
    /// What was live when it ended.
    pub live: Option<String>,
    /// `succeeded`, `failed`, `rolled-back` or `aborted`; none while it goes on.
    pub outcome: Option<String>,
    /// Why it ended so.
    pub why: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
    /// The last phase that it came to; none before the first one.
    pub phase: Option<Phase>,
    /// The tool that acted for itself, outside a deploy.
    pub moment_of: Option<String>,
    /// How many steps reported.
    pub steps: u64,
    /// Whether failed checks were gone past.
    pub forced: bool,
    /// Whether it took longer than was advised.
    pub over_limit: bool,
    /// Whether its last step was a build that failed.
    #[serde(skip)]
    pub build_failed: bool,
    /// Whether its build step made nothing, and was not killed in the middle of it: it was refused, could not fetch what was to be built,
    /// or found that live already. None where there was none.
    #[serde(skip)]
    pub built_nothing: Option<bool>,
}

/// What is not made: it is refused, or could not be fetched. Nothing was built, and nothing is known to be wrong with what would be.
const REFUSALS: [&str; 9] = [
    "known-bad",
    "other-project",
    "no-such-revision",
    "git-failed",
    "copy-timed-out",
    "tree-dirty",
    "half-done",
    "local-commits",
    "tree-busy",
];

/// Whether a step was a build that failed, by itself: not one that was refused, nor one that somebody ended.
fn is_failed_build(step: &Value) -> bool {
    let report = &step["report"];
    let code = report["error"]["code"].as_str().unwrap_or_default();
    step["phase"] == Phase::Build.name()
        && matches!(report["exit"].as_u64(), Some(1 | 3 | 124))
        && !REFUSALS.contains(&code)
}

/// Whether a step of the build phase made nothing: it was refused, or there was nothing new.
fn made_nothing(step: &Value) -> bool {
    let report = &step["report"];
    let code = report["error"]["code"].as_str().unwrap_or_default();
    REFUSALS.contains(&code)
        || report["ok"] == Value::Bool(true) && report["changed"] == Value::Bool(false)
}

/// The deploys of a history, oldest first.
pub fn deploys(history: &[Value]) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for line in history {
        let Some(id) = line["deployId"].as_str() else {
            continue;
        };
        if line["event"] == "begun" {
            told.push(Told {
                deploy_id: id.into(),
                started_at: line["at"].as_str().unwrap_or_default().into(),
                ended_at: None,
                by: text(&line["by"]),
                release: text(&line["release"]),
                from: text(&line["liveRelease"]),
                live: None,
                outcome: None,
                why: None,
                took_ms: None,
                phase: None,
                moment_of: text(&line["momentOf"]),
                steps: 0,
                forced: false,
                over_limit: false,
                build_failed: false,
                built_nothing: None,
            });
            continue;
        }
        let Some(deploy) = told.iter_mut().rev().find(|deploy| deploy.deploy_id == id) else {
            continue;
        };
        match line["event"].as_str() {
            Some("step") => {
                deploy.steps += 1;
                deploy.build_failed = is_failed_build(line);
                if line["phase"] == Phase::Build.name() {
                    let so_far = deploy.built_nothing.unwrap_or(true);
                    deploy.built_nothing = Some(so_far && made_nothing(line));
                }
                deploy.forced |= line["report"]["forced"] == Value::Bool(true);
            }
            Some("phase") => deploy.phase = Phase::named(&line["phase"]).or(deploy.phase),
            Some("staged") => deploy.release = text(&line["release"]),
            Some("switched") => {
                deploy.live = text(&line["to"]);
                if deploy.release.is_none() {
                    deploy.release = text(&line["to"]);
                }
            }
            Some("over-limit") => deploy.over_limit = true,
            Some("ended" | "left") => {
                deploy.ended_at = text(&line["at"]);
                deploy.outcome = text(&line["outcome"]);
                deploy.why = text(&line["why"]);
                deploy.live = text(&line["liveRelease"]);
                deploy.took_ms = line["tookMs"].as_u64();
                deploy.release = text(&line["release"]).or_else(|| deploy.release.take());
            }
            _ => {}
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_build_that_failed_is_told_from_one_that_was_refused_or_ended() {
        let failed = |phase: &str, exit: u8, code: &str| {
            let report = json!({"tool": "release-stage", "exit": exit, "error": {"code": code}});
            let step = json!({"event": "step", "deployId": "d", "phase": phase, "report": report});
            let begun = json!({"event": "begun", "deployId": "d"});
            deploys(&[begun, step]).iter().all(|one| one.build_failed)
        };
        assert!(failed("build", 1, "build-failed"));
        assert!(failed("build", 124, "install-timed-out"));
        assert!(failed("build", 3, "missing-program"));
        assert!(!failed("build", 1, "known-bad"));
        assert!(!failed("build", 1, "no-such-revision"));
        assert!(!failed("build", 3, "git-failed"));
        assert!(!failed("build", 124, "copy-timed-out"));
        assert!(!failed("build", 130, "interrupted"));
        assert!(!failed("build", 75, "lease-lost"));
        assert!(!failed("pre-flight", 1, "check-failed"));
    }
}
