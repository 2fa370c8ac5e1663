//! A hint is a command that can be pasted as it stands: what is there to be read stands in the message.

use serde_json::Value;
use std::process::Command;

/// Every hint of a report: the error's, and those of its checks.
pub(crate) fn all_are_commands(report: &Value, story: &str) {
    let checks = report["checks"].as_array();
    let checks = checks.into_iter().flatten();
    // What a check of the application's own runs is its own.
    let checks = checks.filter(|check| {
        let name = check["name"].as_str();
        name.is_some_and(|name| !name.starts_with("run:"))
    });
    let hints = checks.map(|check| &check["hint"]);
    for hint in hints
        .chain([&report["error"]["hint"]])
        .filter_map(Value::as_str)
    {
        if let Some(why) = is_no_command(hint) {
            panic!("the hint {hint:?} is no command: {why}: {story}");
        }
    }
}

/// Why a shell would not do with it what is meant, as far as can be seen.
fn is_no_command(hint: &str) -> Option<&'static str> {
    let bare = outside_of_quotes(hint);
    if hint.is_empty() || bare.starts_with('-') || bare.contains('…') {
        return Some("it is cut short");
    }
    if [", ", ": ", "; or ", "; then ", "(see "]
        .iter()
        .any(|prose| bare.contains(prose))
    {
        return Some("it holds prose");
    }
    let first = bare.split(' ').next().unwrap_or_default();
    if [
        "run", "the", "as", "install", "name", "another", "keep", "put", "a",
    ]
    .contains(&first)
    {
        return Some("it begins as prose");
    }
    let mut shell = Command::new("sh");
    let said = shell.args(["-n", "-c", hint]).output();
    (!said.unwrap().status.success()).then_some("sh does not understand it")
}

/// The text without what stands between quotes.
fn outside_of_quotes(text: &str) -> String {
    let mut quote = None;
    let mut bare = String::new();
    for letter in text.chars() {
        match quote {
            Some(end) if letter == end => quote = None,
            Some(_) => {}
            None if ['\'', '"'].contains(&letter) => quote = Some(letter),
            None => bare.push(letter),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_told_from_commands() {
        for command in [
            "rollback --app shop --to RELEASE",
            "\"${EDITOR:-vi}\" +3 /etc/slipway/shop.env",
            "echo 'a, b; then c' | sudo tee -a /etc/x",
            "sleep $((12 - $(date +%s))) && preflight --app shop",
            "journalctl -u shop.service -n 50",
            "unset DEPLOY_APP DEPLOY_ID",
        ] {
            assert_eq!(is_no_command(command), None, "{command}");
        }
        for prose in [
            "",
            "--app NAME",
            "mkdir -p /srv/x, or put the file there",
            "service-stop; then service-start",
            "run this as root",
            "env -u DEPLOY_APP … --app x",
            "echo 'never closed",
        ] {
            assert!(is_no_command(prose).is_some(), "{prose}");
        }
    }
}
