//! An environment in which nothing is forced, and in which the application's file alone says what may be passed over.

mod demands;
mod excess;

pub use demands::{Demands, Found};
pub use excess::{Excess, How, laxer};

use step::{Context, Failure};

/// The `error.code` that a refusal has; a tool that refuses so names it beside its own.
pub const CODES: step::Codes = &[(
    "protected",
    "--force, or less asked for than by the application's file, where DEPLOY_PROTECTED says yes",
)];

/// The variable that says so.
const VARIABLE: &str = "DEPLOY_PROTECTED";

/// What the environment says, or the application's file where the environment says nothing. Either alone can protect: whoever forgets
/// one of them has not lifted the protection of the other.
pub fn is_protected(context: &Context) -> Result<bool, Failure> {
    let around = std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned());
    let in_file = context
        .app()
        .and_then(|file| file.get(VARIABLE))
        .map(|entry| entry.value.clone());
    let mut protected = false;
    for value in [around, in_file].into_iter().flatten() {
        protected |= means_yes(&value).ok_or_else(|| {
            Failure::usage(format!(
                "{VARIABLE} is {value:?}, which is neither yes nor no"
            ))
            .hint(step::EDIT)
        })?;
    }
    Ok(protected)
}

/// What of a bad release is not gone past, for [`not_forced`].
pub const BAD: &str =
    "a bad verdict, which whoever knows that the release is good takes back by that mark, is";

/// The refusal of `--force`: `what` is not gone past here, and `hint` is what can be done instead.
pub fn not_forced(what: &str, hint: &str) -> Failure {
    let message = format!("this environment is protected: {what} not gone past");
    Failure::no("protected", message).hint(hint)
}

/// Yes, no, or neither. Empty is as good as unset.
fn means_yes(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "" | "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_neither_is_no_answer() {
        assert_eq!(means_yes("Yes"), Some(true));
        assert_eq!(means_yes("1"), Some(true));
        assert_eq!(means_yes("off"), Some(false));
        assert_eq!(means_yes(""), Some(false));
        assert_eq!(means_yes("production"), None);
    }
}
