//! A number of things in flight, as services write it. Pure.

use serde::de::IgnoredAny;
use serde_json::Value;

/// The number in this text: the text itself, or what stands at the JSON `pointer` in it. What is no whole number from 0 up
/// is an error, never 0.
pub(crate) fn read(text: &str, pointer: Option<&str>) -> Result<u64, String> {
    let text = text.trim();
    let Some(pointer) = pointer else {
        return text
            .parse()
            .map_err(|_| format!("{} is no number", shortened(text)));
    };
    let found = probe::json::find(text, pointer)
        .map_err(|error| format!("{} is no JSON: {error}", shortened(text)))?
        .ok_or_else(|| format!("there is nothing at {pointer} in {}", shortened(text)))?
        .get();
    whole(found).ok_or_else(|| format!("{} at {pointer} is no number", shortened(found)))
}

/// `3`, `3.0` and `"3"` are all three; so is a list of three.
fn whole(json: &str) -> Option<u64> {
    if json.starts_with('[') {
        let list: Vec<IgnoredAny> = serde_json::from_str(json).ok()?;
        return u64::try_from(list.len()).ok();
    }
    match serde_json::from_str(json).ok()? {
        Value::Number(number) => number.as_u64().or_else(|| {
            // 3.0: some languages print every number so. Its text without the zeros is what counts.
            let text = number.to_string();
            text.strip_suffix(".0")?.parse().ok()
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    let mut line: String = text.chars().take(60).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    format!("{line:?}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn plain_text_is_a_number_or_an_error() {
        assert_eq!(read(" 12\n", None), Ok(12));
        for wrong in ["", "-1", "1.5", "none", "{}"] {
            assert!(read(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pointer_leads_to_the_number() {
        let body = r#"{"jobs":{"running":3,"list":[1,2],"text":"4","float":5.0},"n":null}"#;
        for (pointer, number) in [
            ("/jobs/running", 3),
            ("/jobs/list", 2),
            ("/jobs/text", 4),
            ("/jobs/float", 5),
        ] {
            assert_eq!(read(body, Some(pointer)), Ok(number), "{pointer}");
        }
        for pointer in ["/jobs", "/n", "/gone", "/jobs/list/7"] {
            assert!(read(body, Some(pointer)).is_err(), "{pointer}");
        }
        assert!(read("down for maintenance", Some("/n")).is_err());
        assert!(read(r#"{"n":-1}"#, Some("/n")).is_err());
        assert!(read(r#"{"n":1.5}"#, Some("/n")).is_err());
    }
}
