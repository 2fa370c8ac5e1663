//! What ran before, for a comparison: from a file, from the report of the step before, or from the state.

use serde::Serialize;
use serde_json::Value;
use state::Baseline;
use std::fs;
use step::{Failure, Upstream};

/// More than any report.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What the service took before, and who says so.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// The figures.
    #[serde(flatten)]
    pub usage: Baseline,
    /// `state`, `upstream`, or the file.
    pub from: String,
}

impl Before {
    /// What a file says: a report, a state file, or just the figures.
    pub(crate) fn of_file(path: &str) -> Result<Self, Failure> {
        let impossible = |why: &dyn std::fmt::Display| {
            Failure::usage(format!(
                "--baseline {path}: {why}; it is a report of service-stop or healthwait, or {{\"memoryBytes\": N, \"cpuPercent\": N}}"
            ))
            .hint(format!("cat {}", step::quoted(path)))
        };
        let metadata = fs::metadata(path).map_err(|error| impossible(&error))?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(impossible(&"it is no file, or too large for a report"));
        }
        let text = fs::read_to_string(path).map_err(|error| impossible(&error))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| impossible(&error))?;
        let usage = [
            "",
            "/service",
            "/baseline",
            "/switch/baseline",
            "/state/switch/baseline",
        ]
        .iter()
        .find_map(|pointer| usage(value.pointer(pointer)?))
        .ok_or_else(|| impossible(&"it says nothing of memoryBytes or cpuPercent"))?;
        let from = path.to_owned();
        Ok(Self { usage, from })
    }

    /// What a step before reports of the run that it stopped.
    pub(crate) fn of_upstream(upstream: &Upstream) -> Option<Self> {
        Some(Self {
            usage: usage(upstream.find("/baseline")?)?,
            from: "upstream".to_owned(),
        })
    }

    /// What the state has kept of the run before the switch.
    pub(crate) fn of_switch(switch: &state::Switch) -> Option<Self> {
        Some(Self {
            usage: switch.baseline?,
            from: "state".to_owned(),
        })
    }
}

/// The figures in an object, where there is any.
fn usage(value: &Value) -> Option<Baseline> {
    let usage = Baseline {
        memory_bytes: value.get("memoryBytes").and_then(Value::as_u64),
        cpu_percent: value.get("cpuPercent").and_then(Value::as_f64),
    };
    (usage != Baseline::default()).then_some(usage)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_are_found_in_any_of_the_reports() {
        let file = std::env::temp_dir().join(format!("healthwait-baseline-{}", std::process::id()));
        let path = file.to_str().unwrap();
        let figures = json!({"memoryBytes": 1000, "cpuPercent": 0.5, "more": 1});
        for (report, found) in [
            (figures.clone(), true),
            (
                json!({"memoryBytes": 1000, "cpuPercent": 0.5, "from": "x"}),
                true,
            ),
            (json!({"tool": "service-stop", "baseline": figures}), true),
            (json!({"tool": "healthwait", "service": figures}), true),
            (json!({"schema": 1, "switch": {"baseline": figures}}), true),
            (
                json!({"tool": "healthwait", "service": {"memoryBytes": null}}),
                false,
            ),
            (json!([1]), false),
        ] {
            fs::write(&file, report.to_string()).unwrap();
            let before = Before::of_file(path);
            assert_eq!(before.is_ok(), found, "{report}");
            if let Ok(before) = before {
                assert_eq!(before.usage.memory_bytes, Some(1000), "{report}");
                assert_eq!(before.usage.cpu_percent, Some(0.5), "{report}");
                assert_eq!(before.from, path);
            }
        }
        fs::write(&file, "no JSON").unwrap();
        assert!(Before::of_file(path).is_err());
        fs::remove_file(&file).unwrap();
        assert!(Before::of_file(path).is_err());
        assert!(Before::of_file("/").is_err());
    }
}
