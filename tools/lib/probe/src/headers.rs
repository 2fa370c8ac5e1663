//! What is added to a request. The values are secrets, often: nothing here prints one.

use std::fmt;
use std::path::Path;

/// What the client says itself, and what would break the request if somebody else said it.
const OWN: [&str; 5] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "expect",
    "upgrade",
];

/// Header fields, in the order given. Its `Debug` shows no value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Adds one from `NAME: VALUE`. The error says what is wrong without telling the value.
    pub fn add(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line
            .split_once(':')
            .ok_or("a header is NAME: VALUE, and there is no colon")?;
        self.add_pair(name.trim_end(), value)
    }

    /// Adds one, its name and its value apart.
    pub fn add_pair(&mut self, name: &str, value: &str) -> Result<(), String> {
        if name.is_empty() || !name.chars().all(is_token) {
            // It may be a value, from a line that was cut in the wrong place.
            return Err("what stands before the colon is not the name of a header".to_owned());
        }
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(format!("{name} is the client's own to say"));
        }
        let value = value.trim();
        if value.chars().any(|sign| sign.is_control() && sign != '\t') {
            return Err(format!(
                "the value of {name} holds a control character or a line's end"
            ));
        }
        self.0.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Reads a file of lines `NAME: VALUE`; empty lines and those that begin with `#` are passed over. The error names the
    /// file and the line, and tells no value.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut headers = Self::default();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let place = |why| format!("{}, line {}: {why}", path.display(), index + 1);
            headers.add(line).map_err(place)?;
        }
        Ok(headers)
    }

    /// Adds those of `other` whose names are not here yet.
    pub fn or(&mut self, other: &Self) {
        let new: Vec<_> = other
            .0
            .iter()
            .filter(|(name, _)| !self.has(name))
            .cloned()
            .collect();
        self.0.extend(new);
    }

    /// Whether one of that name is here.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// RFC 9110's token: what a name or a method is made of.
pub(crate) fn is_token(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(sign)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_value_is_ever_told() {
        let mut headers = Headers::default();
        headers.add("Authorization:  Bearer s3cret ").unwrap();
        assert_eq!(headers.pairs()[0].1, "Bearer s3cret");
        assert_eq!(format!("{headers:?}"), r#"["Authorization"]"#);
        for line in [
            "s3cret",
            "Bearer s3cret: x",
            ": s3cret",
            "X: s3cret\r\nY: z",
            "Content-Length: 1",
        ] {
            let error = headers.add(line).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn what_is_nearer_goes_first() {
        let mut near = Headers::default();
        near.add("x-a: near").unwrap();
        let mut far = Headers::default();
        far.add("X-A: far").unwrap();
        far.add("X-B: far").unwrap();
        near.or(&far);
        let values: Vec<&str> = near
            .pairs()
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(values, ["near", "far"]);
    }
}
