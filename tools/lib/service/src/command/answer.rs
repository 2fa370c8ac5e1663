//! What `FILE status` answers: an exit code as init scripts have them, and JSON where it knows more. Pure.

use std::path::PathBuf;

use serde::Deserialize;

use crate::{Active, Status};

/// More about the service than an exit code says. What is left out is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    active: Option<Word>,
    substate: Option<String>,
    main_pid: Option<u32>,
    invocation: Option<String>,
    restarts: Option<u64>,
    pids: Vec<u32>,
    log: Option<PathBuf>,
    verbs: Vec<Verb>,
}

/// The states that all supervisors share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Starting,
    Running,
    Restarting,
    Stopping,
    Stopped,
    Failed,
}

/// What may be asked for beside `status`, `start` and `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verb {
    Restart,
    Pids,
    Logs,
}

/// One answer, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) active: Active,
    substate: Option<String>,
    pub(super) main_pid: Option<u32>,
    invocation: Option<String>,
    restarts: Option<u64>,
    pub(super) pids: Vec<u32>,
    pub(super) log: Option<PathBuf>,
    verbs: Vec<Verb>,
}

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It does not know how the service is.
    Unknown,
    /// It does not keep to the protocol.
    Protocol(String),
}

/// Understands an answer: how the command ended, and what it wrote.
pub(super) fn read(code: Option<i32>, output: &str) -> Result<Answer, Wrong> {
    let by_code = match code {
        Some(0) => Active::Running,
        Some(1 | 2) => Active::Failed,
        Some(3) => Active::Stopped,
        Some(4) => return Err(Wrong::Unknown),
        Some(other) => {
            let what = format!("its status ended with {other}, which is none of 0 to 4");
            return Err(Wrong::Protocol(what));
        }
        None => return Err(Wrong::Protocol("its status was ended by a signal".into())),
    };
    let told = told(output)?;
    let active = match told.active.map(Active::from) {
        None => by_code,
        // Whoever answers in JSON need not translate it into a code as well.
        Some(active) if by_code == Active::Running || active.is_over() => active,
        Some(active) => {
            return Err(Wrong::Protocol(format!(
                "its status says {active:?} and ended with {}",
                code.unwrap_or_default()
            )));
        }
    };
    if let Some(log) = told.log.as_ref().filter(|log| !log.is_absolute()) {
        let what = format!("its log {} is no path from the root", log.display());
        return Err(Wrong::Protocol(what));
    }
    Ok(Answer {
        active,
        substate: told.substate.filter(|text| !text.is_empty()),
        // Supervisors write 0 for none. Process 1 is nobody's service.
        main_pid: told.main_pid.filter(|pid| *pid > 1),
        invocation: told.invocation.filter(|text| !text.is_empty()),
        restarts: told.restarts,
        pids: told.pids.into_iter().filter(|pid| *pid > 1).collect(),
        log: told.log,
        verbs: told.verbs,
    })
}

/// The JSON, where the output is that; any other text is for people.
fn told(output: &str) -> Result<Told, Wrong> {
    let output = output.trim();
    if !output.starts_with('{') {
        return Ok(Told::default());
    }
    serde_json::from_str(output).map_err(|error| {
        Wrong::Protocol(format!(
            "the JSON of its status cannot be understood: {error}"
        ))
    })
}

/// The processes that `FILE pids` names: numbers, parted by white space.
pub(super) fn pids(output: &str) -> Result<Vec<u32>, Wrong> {
    let number = |word: &str| {
        word.parse::<u32>()
            .map_err(|_| Wrong::Protocol(format!("its pids are no numbers: {word:?}")))
    };
    let pids: Result<Vec<u32>, Wrong> = output.split_whitespace().map(number).collect();
    Ok(pids?.into_iter().filter(|pid| *pid > 1).collect())
}

impl Answer {
    /// Whether it said that it can do that.
    pub(super) fn offers(&self, verb: Verb) -> bool {
        self.verbs.contains(&verb)
    }

    /// Keeps those of its processes alone that belong.
    pub(super) fn keep(&mut self, belongs: impl Fn(u32) -> bool) {
        self.main_pid = self.main_pid.filter(|pid| belongs(*pid));
        self.pids.retain(|pid| belongs(*pid));
    }

    /// The same in the words that all supervisors share.
    pub(super) fn status(&self) -> Status {
        let word = match self.active {
            Active::Starting => "starting",
            Active::Running => "running",
            Active::Restarting => "restarting",
            Active::Stopping => "stopping",
            Active::Stopped => "stopped",
            Active::Failed => "failed",
        };
        let substate = self.substate.clone().unwrap_or_else(|| word.to_owned());
        Status {
            main_pid: self.main_pid,
            invocation: self.invocation.clone(),
            restarts: self.restarts,
            ..Status::bare(self.active, substate)
        }
    }
}

impl Verb {
    /// The word on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Pids => "pids",
            Self::Logs => "logs",
        }
    }
}

impl From<Word> for Active {
    fn from(word: Word) -> Self {
        match word {
            Word::Starting => Self::Starting,
            Word::Running => Self::Running,
            Word::Restarting => Self::Restarting,
            Word::Stopping => Self::Stopping,
            Word::Stopped => Self::Stopped,
            Word::Failed => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_plain_script_is_understood_by_its_code() {
        let active = |code| read(Some(code), "shop is whatever\n").unwrap().active;
        assert_eq!(active(0), Active::Running);
        assert_eq!(active(1), Active::Failed);
        assert_eq!(active(2), Active::Failed);
        assert_eq!(active(3), Active::Stopped);
        assert_eq!(read(Some(4), ""), Err(Wrong::Unknown));
        for code in [Some(5), Some(127), Some(255), None] {
            assert!(
                matches!(read(code, ""), Err(Wrong::Protocol(_))),
                "{code:?}"
            );
        }
    }

    #[test]
    fn json_says_more() {
        let text = r#"{"active":"starting","substate":"BACKOFF","mainPid":7,"invocation":"a","restarts":2,
                       "pids":[7,8,1,0],"log":"/var/log/x","verbs":["logs"],"more":true}"#;
        let answer = read(Some(0), text).unwrap();
        let status = answer.status();
        assert_eq!(status.active, Active::Starting);
        assert_eq!(status.substate, "BACKOFF");
        assert_eq!((status.main_pid, status.restarts), (Some(7), Some(2)));
        assert_eq!(answer.pids, [7, 8]);
        assert!(answer.offers(Verb::Logs) && !answer.offers(Verb::Restart));
        let none = read(Some(3), r#"{"mainPid":0,"invocation":""}"#).unwrap();
        assert_eq!((none.main_pid, none.invocation), (None, None));
    }

    #[test]
    fn garbage_is_no_answer() {
        for text in [
            "{",
            r#"{"active":"up"}"#,
            r#"{"mainPid":"7"}"#,
            r#"{"mainPid":-1}"#,
            r#"{"pids":7}"#,
            r#"{"log":"relative"}"#,
            r#"{"verbs":["reload"]}"#,
            r#"{"active":"running"} {"active":"stopped"}"#,
        ] {
            assert!(
                matches!(read(Some(0), text), Err(Wrong::Protocol(_))),
                "{text}"
            );
        }
        let contradiction = read(Some(3), r#"{"active":"running"}"#);
        assert!(matches!(contradiction, Err(Wrong::Protocol(_))));
        assert!(read(Some(3), r#"{"active":"failed"}"#).is_ok());
    }

    #[test]
    fn process_numbers_are_numbers() {
        assert_eq!(pids("7 8\n9\n").unwrap(), [7, 8, 9]);
        assert_eq!(pids("").unwrap(), [0; 0]);
        assert!(pids("7 shop").is_err());
    }
}
