//! Is that answer what was expected?

use std::time::Duration;

use crate::answer::{Failure, Got, one_line};
use crate::http::{Kept, holds};
use crate::target::without_secrets;
use crate::{Answer, Question};

/// How much of a body is quoted, in characters.
const LONGEST_SAID: usize = 200;

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
        first_byte: None,
        message: String::new(),
        body: Vec::new(),
    };
    let (came, wrong) = match outcome {
        Ok(Got::Open) => ("it takes connections".to_owned(), None),
        Ok(Got::Http {
            status,
            location,
            coding,
            kept,
            redirects,
        }) => {
            let said = said(status, &kept.bytes, coding.as_deref());
            let wrong = wrong_status(question, status, location.as_deref())
                .map(|wrong| wrong + &said)
                .or_else(|| wrong_stream(question, &kept))
                .or_else(|| wrong_body(question, &kept, coding.as_deref()))
                .or_else(|| late_first(question, kept.first_byte));
            answer.status = Some(status);
            answer.first_byte = kept.first_byte;
            answer.body = kept.bytes;
            let after = match redirects {
                0 => String::new(),
                1 => " after a redirect".to_owned(),
                more => format!(" after {more} redirects"),
            };
            (format!("it answered {status}{after}"), wrong)
        }
        Ok(Got::Command { said }) => {
            let texts = question.texts.iter();
            let (whole, said) = (said.is_some(), said.unwrap_or_default());
            let kept = Kept {
                whole,
                found: texts.map(|text| holds(&said, text.as_bytes())).collect(),
                first_byte: None,
                bytes: said,
            };
            let wrong = if whole || question.json.is_empty() && question.texts.is_empty() {
                wrong_body(question, &kept, None)
            } else {
                Some(format!(
                    "what it said is longer than {}",
                    size(question.body_limit)
                ))
            };
            answer.body = kept.bytes;
            ("it ended with 0".to_owned(), wrong)
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

fn wrong_status(question: &Question, status: u16, location: Option<&str>) -> Option<String> {
    let wanted = question.wanted();
    let well = if wanted.is_empty() {
        (200..300).contains(&status)
    } else {
        wanted.contain(status)
    };
    if well {
        return None;
    }
    let wanted = if wanted.is_empty() {
        "a 2xx".to_owned()
    } else {
        wanted.to_string()
    };
    let redirect = location.filter(|_| (300..400).contains(&status));
    Some(match redirect {
        Some(to) => format!(
            "not {wanted} but a redirect to {}",
            one_line(&without_secrets(to), 120)
        ),
        None => format!("not {wanted}"),
    })
}

/// What an answer that is not well says of itself, in one line. A redirect has said where to, a page for a browser says nothing in
/// its first line, and what is compressed or no text is not for people.
fn said(status: u16, body: &[u8], coding: Option<&str>) -> String {
    let whole = std::str::from_utf8(body);
    // Cut within a character at the limit.
    let text = whole.or_else(|error| match error.error_len() {
        None => std::str::from_utf8(&body[..error.valid_up_to()]),
        Some(_) => Err(error),
    });
    let words = text.unwrap_or_default().split_whitespace();
    // No more of them than can be shown.
    let line = words.take(LONGEST_SAID).collect::<Vec<_>>().join(" ");
    let silent = line.is_empty() || line.starts_with('<');
    if silent || coding.is_some() || (300..400).contains(&status) {
        return String::new();
    }
    format!("; it says: {}", one_line(&line, LONGEST_SAID))
}

fn wrong_stream(question: &Question, kept: &Kept) -> Option<String> {
    (question.stream && kept.bytes.is_empty())
        .then(|| "nothing was streamed: it has no body".to_owned())
}

fn wrong_body(question: &Question, kept: &Kept, coding: Option<&str>) -> Option<String> {
    if question.json.is_empty() && question.texts.is_empty() {
        return None;
    }
    if let Some(coding) = coding {
        return Some(format!(
            "its body is compressed ({coding}), which nobody asked for"
        ));
    }
    wrong_json(question, kept).or_else(|| {
        let mut texts = question.texts.iter().zip(&kept.found);
        let (missing, _) = texts.find(|(_, found)| !**found)?;
        let missing = one_line(missing, 80);
        Some(if kept.whole || question.stream {
            format!("\"{missing}\" is not in its body")
        } else {
            format!(
                "\"{missing}\" is not in the first {} of its body",
                size(question.body_limit)
            )
        })
    })
}

fn wrong_json(question: &Question, kept: &Kept) -> Option<String> {
    if question.json.is_empty() {
        return None;
    }
    if !kept.whole {
        return Some(format!(
            "its body is longer than {}",
            size(question.body_limit)
        ));
    }
    let Ok(text) = std::str::from_utf8(&kept.bytes) else {
        return Some("its body is not JSON, nor any text".to_owned());
    };
    question
        .json
        .iter()
        .find_map(|expectation| expectation.missed(text))
}

fn late_first(question: &Question, first_byte: Option<Duration>) -> Option<String> {
    let (longest, took) = (question.max_first_byte?, first_byte?);
    (took > longest).then(|| {
        format!(
            "its first byte came after {}, more than {}",
            milliseconds(took),
            milliseconds(longest)
        )
    })
}

fn size(bytes: usize) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{bytes} bytes")
    }
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
    use crate::{JsonExpectation, Statuses, Target};

    fn judged(question: &Question, status: u16, body: &str, whole: bool) -> Answer {
        let got = Got::Http {
            status,
            location: None,
            coding: None,
            kept: Kept {
                bytes: body.as_bytes().to_vec(),
                whole,
                found: question
                    .texts
                    .iter()
                    .map(|text| body.contains(text))
                    .collect(),
                first_byte: Some(Duration::from_millis(5)),
            },
            redirects: 0,
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
        told.statuses = Statuses::parse("200").unwrap();
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

    #[test]
    fn a_text_and_the_first_byte() {
        let mut question = question("http://h/");
        question.texts = vec!["up".to_owned()];
        assert!(judged(&question, 200, "all up", true).ok);
        let missing = judged(&question, 200, "all down", true);
        assert_eq!(
            missing.message,
            "it answered 200: \"up\" is not in its body"
        );
        let cut = judged(&question, 200, "all", false);
        assert_eq!(
            cut.message,
            "it answered 200: \"up\" is not in the first 1 MiB of its body"
        );
        question.texts.clear();
        question.max_first_byte = Some(Duration::from_millis(4));
        let late = judged(&question, 200, "", true);
        assert_eq!(
            late.message,
            "it answered 200: its first byte came after 5 ms, more than 4 ms"
        );
        question.max_first_byte = None;
        question.stream = true;
        assert!(judged(&question, 200, "data", true).ok);
        assert!(!judged(&question, 200, "", true).ok);
    }
}
