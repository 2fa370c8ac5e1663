//! Is that answer what was expected?

use std::time::Duration;

use serde_json::Value;

use crate::answer::{Failure, Got, one_line};
use crate::{Answer, Question};

/// Holds what came against what the question expects.
pub(crate) fn judge(
    question: &Question,
    local: bool,
    latency: Duration,
    outcome: Result<Got, Failure>,
) -> Answer {
    let mut answer = Answer {
        ok: false,
        refused: false,
        local,
        status: None,
        latency,
        message: String::new(),
        body: Vec::new(),
    };
    let (came, wrong) = match outcome {
        Ok(Got::Open) => ("it takes connections".to_owned(), None),
        Ok(Got::Http {
            status,
            body,
            whole,
        }) => {
            answer.status = Some(status);
            answer.body = body;
            let wrong = wrong_status(question, status)
                .or_else(|| wrong_body(question, &answer.body, whole));
            (format!("it answered {status}"), wrong)
        }
        Ok(Got::Command { said }) => {
            answer.body = said;
            (
                "it ended with 0".to_owned(),
                wrong_body(question, &answer.body, true),
            )
        }
        Err(failure) => {
            answer.refused = failure.refused;
            answer.status = failure.status;
            answer.body = failure.said;
            answer.message = one_line(&failure.message, 300);
            return answer;
        }
    };
    let wrong = wrong.or_else(|| too_late(question, latency));
    answer.ok = wrong.is_none();
    answer.message = match wrong {
        None => format!("{came} in {}", milliseconds(latency)),
        Some(wrong) => format!("{came}: {wrong}"),
    };
    answer
}

fn wrong_status(question: &Question, status: u16) -> Option<String> {
    let wanted = match &question.statuses {
        given if !given.is_empty() => given,
        _ => question.target.statuses(),
    };
    if wanted.is_empty() {
        return (!(200..300).contains(&status)).then(|| "not a 2xx".to_owned());
    }
    if wanted.contains(&status) {
        return None;
    }
    let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    Some(format!("not {}", names.join(" or ")))
}

fn wrong_body(question: &Question, body: &[u8], whole: bool) -> Option<String> {
    if question.json.is_empty() {
        return None;
    }
    if !whole {
        return Some("its body is longer than 1 MiB".to_owned());
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Some("its body is not JSON".to_owned());
    };
    question
        .json
        .iter()
        .find_map(|expectation| expectation.missed(&value))
}

fn too_late(question: &Question, latency: Duration) -> Option<String> {
    let longest = question.max_latency?;
    (latency > longest).then(|| {
        format!(
            "it took {}, more than {}",
            milliseconds(latency),
            milliseconds(longest)
        )
    })
}

fn milliseconds(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{JsonExpectation, Target};

    fn judged(question: &Question, status: u16, body: &str, whole: bool) -> Answer {
        let got = Got::Http {
            status,
            body: body.as_bytes().to_vec(),
            whole,
        };
        judge(question, true, Duration::from_millis(12), Ok(got))
    }

    fn question(target: &str) -> Question {
        Question::new(Target::parse(target).unwrap())
    }

    #[test]
    fn any_2xx_unless_told_otherwise() {
        let plain = question("http://h/");
        assert!(judged(&plain, 204, "", true).ok);
        let moved = judged(&plain, 301, "", true);
        assert!(!moved.ok);
        assert_eq!(moved.message, "it answered 301: not a 2xx");
        let fragment = question("http://h/#301,308");
        assert!(judged(&fragment, 308, "", true).ok);
        assert_eq!(
            judged(&fragment, 200, "", true).message,
            "it answered 200: not 301 or 308"
        );
        let mut told = fragment;
        told.statuses = vec![200];
        assert!(judged(&told, 200, "", true).ok);
    }

    #[test]
    fn a_body_is_judged_only_when_something_is_expected_of_it() {
        let mut question = question("http://h/");
        assert!(judged(&question, 200, "not json", false).ok);
        question.json = vec![JsonExpectation::parse("/status=ok").unwrap()];
        assert!(judged(&question, 200, r#"{"status":"ok"}"#, true).ok);
        assert!(!judged(&question, 200, r#"{"status":"ok"}"#, false).ok);
        assert!(!judged(&question, 200, "not json", true).ok);
    }

    #[test]
    fn good_but_late_is_not_well() {
        let mut question = question("http://h/");
        question.max_latency = Some(Duration::from_millis(12));
        assert!(judged(&question, 200, "", true).ok);
        question.max_latency = Some(Duration::from_millis(11));
        let late = judged(&question, 200, "", true);
        assert_eq!(
            late.message,
            "it answered 200: it took 12 ms, more than 11 ms"
        );
        assert!(!late.ok && !late.refused);
    }
}
