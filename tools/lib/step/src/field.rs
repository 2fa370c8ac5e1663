//! `--field NAME`: one field of the report, raw.

use serde_json::Value;

/// The fields that every report has.
const COMMON: &[&str] = &[
    "tool",
    "version",
    "ok",
    "exit",
    "error",
    "error.code",
    "error.message",
    "error.hint",
    "startedAt",
    "durationMs",
    "deployId",
    "upstream.*",
];

/// Whether a tool with these fields can report `name`. In a declared name, `N` stands for a place in a list and a
/// last `*` for whatever lies deeper.
pub(crate) fn is_known(fields: &[&str], name: &str) -> bool {
    COMMON
        .iter()
        .chain(fields)
        .any(|declared| matches(declared, name))
}

fn matches(declared: &str, name: &str) -> bool {
    let mut declared = declared.split('.');
    for part in name.split('.') {
        match declared.next() {
            Some("*") => return true,
            Some("N") if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => {}
            Some(expected) if expected == part => {}
            _ => return false,
        }
    }
    true
}

/// The value under a dotted name, as a script wants it: text without quotes, nothing for null.
pub(crate) fn raw(report: &Value, name: &str) -> String {
    let pointer: String = name.split('.').flat_map(|part| ["/", part]).collect();
    match report.pointer(&pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_can_be_reported_is_known() {
        let fields = ["release", "checks.N.name", "state.owner.pid", "detail.*"];
        for known in [
            "ok",
            "error.code",
            "release",
            "checks",
            "checks.0",
            "checks.12.name",
            "state.owner",
            "detail.a.b",
            "upstream.release",
        ] {
            assert!(is_known(&fields, known), "{known}");
        }
        for unknown in [
            "",
            "relase",
            "release.x",
            "checks.x",
            "checks.0.nam",
            "error.cod",
        ] {
            assert!(!is_known(&fields, unknown), "{unknown}");
        }
    }

    #[test]
    fn text_is_raw_and_nothing_is_nothing() {
        let report = json!({"a": {"b": ["x", 2]}, "c": null});
        assert_eq!(raw(&report, "a.b.0"), "x");
        assert_eq!(raw(&report, "a.b.1"), "2");
        assert_eq!(raw(&report, "a.b"), r#"["x",2]"#);
        assert_eq!(raw(&report, "c"), "");
        assert_eq!(raw(&report, "d"), "");
    }
}
