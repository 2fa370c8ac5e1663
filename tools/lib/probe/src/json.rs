//! A value expected somewhere in a JSON body.
//!
//! The body comes from outside and may be anything up to its limit: ten thousand levels deep, or made of a hundred thousand empty objects. It is
//! therefore never turned into a tree; what is looked for is found by passing over the rest, which costs no memory.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::one_line;

/// What is found is compared as a tree only where it is no longer than this and what it is compared with together, in bytes.
const COMPARED: usize = 64 * 1024;

/// One value expected at one place of a JSON body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonExpectation {
    pointer: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// As a person writes it: `ok` is the string, `3` the number or the string.
    Written(String),
    /// Just this.
    Exactly(Value),
}

impl JsonExpectation {
    /// Reads `/pointer=value`. The pointer is that of RFC 6901 (empty for the whole body; `~1` is a slash, `~0` a tilde) and
    /// ends at the first `=`. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((pointer, value)) = text.split_once('=') else {
            return Err(format!("\"{text}\" is not /pointer=value"));
        };
        Ok(Self {
            pointer: self::pointer(pointer)?,
            wanted: Wanted::Written(value.to_owned()),
        })
    }

    /// The very value, of that very type, at that pointer. Numbers that are equal are one, however they are written.
    pub fn exactly(pointer: &str, value: Value) -> Result<Self, String> {
        Ok(Self {
            pointer: self::pointer(pointer)?,
            wanted: Wanted::Exactly(value),
        })
    }

    /// Why that body is not what is expected; `None` where it is.
    pub(crate) fn missed(&self, body: &str) -> Option<String> {
        let found = match find(body, &self.pointer) {
            Ok(Some(found)) => found.get(),
            Ok(None) => return Some(format!("there is no {} in its body", self.pointer)),
            Err(error) => return Some(format!("its body is not JSON: {error}")),
        };
        let wanted = self.wanted.to_string();
        if found.len() <= COMPARED + wanted.len()
            && serde_json::from_str(found).is_ok_and(|found| self.wanted.is(&found))
        {
            return None;
        }
        let place = if self.pointer.is_empty() {
            "its body"
        } else {
            &self.pointer
        };
        Some(format!(
            "{place} is {}, not {}",
            one_line(found, 80),
            one_line(&wanted, 80)
        ))
    }
}

/// A JSON pointer as RFC 6901 has it: empty for the whole body; `~1` is a slash, `~0` a tilde. Anything else leads nowhere in whatever
/// body. The error is a sentence.
pub fn pointer(pointer: &str) -> Result<String, String> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!(
            "the pointer \"{pointer}\" does not begin with a slash"
        ));
    }
    Ok(pointer.to_owned())
}

impl Wanted {
    fn is(&self, found: &Value) -> bool {
        match self {
            Self::Exactly(wanted) => is_same(found, wanted),
            Self::Written(wanted) if found.as_str() == Some(wanted) => true,
            Self::Written(wanted) => {
                serde_json::from_str(wanted).is_ok_and(|wanted| is_same(found, &wanted))
            }
        }
    }
}

/// 3 and 3.0 are one number to everybody but a parser.
fn is_same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(found), Value::Number(wanted)) => {
            found == wanted || found.as_f64() == wanted.as_f64()
        }
        _ => found == wanted,
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(text) => formatter.write_str(text),
            Self::Exactly(value) => value.fmt(formatter),
        }
    }
}

/// What stands at that pointer ([`pointer`]), as it is written there. The body is read to its end, so that what is no JSON is told
/// from what lacks something; however deep or long it is, that costs no memory.
pub fn find<'a>(body: &'a str, pointer: &str) -> serde_json::Result<Option<&'a RawValue>> {
    let mut found: &RawValue = serde_json::from_str(body)?;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let mut inside = serde_json::Deserializer::from_str(found.get());
        let next = match found.get().as_bytes().first() {
            Some(b'{') => inside.deserialize_map(Inside(&token))?,
            Some(b'[') => inside.deserialize_seq(Inside(&token))?,
            _ => None,
        };
        match next {
            Some(next) => found = next,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Finds one entry of an object or a list, and passes over the others.
struct Inside<'t>(&'t str);

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let digits = self.0.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (self.0 == "0" || !self.0.starts_with('0'));
        let mut left = self.0.parse::<usize>().ok().filter(|_| plain);
        loop {
            if left == Some(0) {
                let found = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(found);
            }
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
            left = left.map(|left| left - 1);
        }
    }
}

impl fmt::Display for JsonExpectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.pointer, self.wanted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn well(expectation: &str, body: &str) -> bool {
        JsonExpectation::parse(expectation)
            .unwrap()
            .missed(body)
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
        let expectation = JsonExpectation::parse("/status=ok").unwrap();
        let missed = |body| expectation.missed(body).unwrap();
        assert_eq!(
            missed(r#"{"status": "down"}"#),
            r#"/status is "down", not ok"#
        );
        assert_eq!(missed("{}"), "there is no /status in its body");
        assert_eq!(missed("3"), "there is no /status in its body");
        assert!(missed("<html>").starts_with("its body is not JSON: "));
        assert!(missed(r#"{"status":"ok"} x"#).starts_with("its body is not JSON: "));
    }

    #[test]
    fn the_very_value_and_no_other() {
        let exactly = |value: Value, body| {
            let expectation = JsonExpectation::exactly("/n", value).unwrap();
            expectation.missed(body).is_none()
        };
        assert!(exactly(3.into(), r#"{"n":3.0}"#));
        assert!(!exactly(3.into(), r#"{"n":"3"}"#));
        assert!(!exactly("3".into(), r#"{"n":3}"#));
        assert!(exactly(
            serde_json::json!({"a": [1]}),
            r#"{"n":{ "a" : [1]}, "x":1}"#
        ));
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let body = format!(r#"{{"deep":{deep},"status":"ok"}}"#);
        assert!(well("/status=ok", &body));
        assert!(!well("/deep=1", &body));
        assert!(!well(&format!("/deep{}=2", "/0".repeat(10)), &body));
    }
}
