//! What a change of the state says in the history.

use serde_json::{Map, Value};

/// The name of an event and what it says beside its time and its deploy.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub(crate) event: String,
    pub(crate) deploy_id: Option<String>,
    pub(crate) details: Map<String, Value>,
}

impl Note {
    /// An event with details, which are an object.
    pub fn new(event: &str, deploy_id: Option<&str>, details: Value) -> Self {
        let details = match details {
            Value::Object(details) => details,
            _ => Map::new(),
        };
        Self {
            event: event.into(),
            deploy_id: deploy_id.map(str::to_owned),
            details,
        }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }
}
