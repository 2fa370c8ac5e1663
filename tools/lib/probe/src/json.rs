//! A value expected somewhere in a JSON body.

use std::fmt;

use serde_json::Value;

use crate::answer::one_line;

/// One value expected at one place of a JSON body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonExpectation {
    pointer: String,
    value: String,
}

impl JsonExpectation {
    /// Reads `/pointer=value`. The pointer is that of RFC 6901 (empty for the whole body; `~1` is a slash, `~0` a tilde) and
    /// ends at the first `=`. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((pointer, value)) = text.split_once('=') else {
            return Err(format!("\"{text}\" is not /pointer=value"));
        };
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(format!(
                "the pointer \"{pointer}\" does not begin with a slash"
            ));
        }
        Ok(Self {
            pointer: pointer.to_owned(),
            value: value.to_owned(),
        })
    }

    /// Why that body is not what is expected; `None` where it is.
    pub(crate) fn missed(&self, body: &Value) -> Option<String> {
        let Some(found) = body.pointer(&self.pointer) else {
            return Some(format!("there is no {} in the body", self.pointer));
        };
        if self.matches(found) {
            return None;
        }
        Some(format!(
            "{} is {}, not {}",
            self.pointer,
            one_line(&found.to_string(), 80),
            one_line(&self.value, 80)
        ))
    }

    /// `ok` means the string "ok", `3` the number 3 or the string "3", `"3"` only the string.
    fn matches(&self, found: &Value) -> bool {
        if found.as_str() == Some(&self.value) {
            return true;
        }
        match serde_json::from_str::<Value>(&self.value) {
            Ok(Value::Number(wanted)) => match found {
                // 3 and 3.0 are one number to everybody but a parser.
                Value::Number(found) => found == &wanted || found.as_f64() == wanted.as_f64(),
                _ => false,
            },
            Ok(wanted) => found == &wanted,
            Err(_) => false,
        }
    }
}

impl fmt::Display for JsonExpectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.pointer, self.value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn well(expectation: &str, body: &str) -> bool {
        let body = serde_json::from_str(body).unwrap();
        JsonExpectation::parse(expectation)
            .unwrap()
            .missed(&body)
            .is_none()
    }

    #[test]
    fn words_numbers_and_truths() {
        assert!(well("/status=ok", r#"{"status":"ok"}"#));
        assert!(!well("/status=ok", r#"{"status":"okay"}"#));
        assert!(well("/n=3", r#"{"n":3}"#));
        assert!(well("/n=3", r#"{"n":3.0}"#));
        assert!(well("/n=3", r#"{"n":"3"}"#));
        assert!(!well("/n=\"3\"", r#"{"n":3}"#));
        assert!(well("/up=true", r#"{"up":true}"#));
        assert!(!well("/up=true", r#"{"up":false}"#));
        assert!(well("/x=null", r#"{"x":null}"#));
    }

    #[test]
    fn places() {
        assert!(well("/a/0/b~1c=x=y", r#"{"a":[{"b/c":"x=y"}]}"#));
        assert!(well("=[]", "[]"));
        assert!(!well("/gone=1", "{}"));
    }

    #[test]
    fn what_is_no_expectation() {
        assert!(JsonExpectation::parse("/status").is_err());
        assert!(JsonExpectation::parse("status=ok").is_err());
    }

    #[test]
    fn the_difference_is_named() {
        let body = serde_json::json!({"status": "down"});
        let expectation = JsonExpectation::parse("/status=ok").unwrap();
        assert_eq!(
            expectation.missed(&body).unwrap(),
            r#"/status is "down", not ok"#
        );
    }
}
