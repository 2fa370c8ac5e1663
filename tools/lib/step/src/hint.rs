//! Hints that can be pasted: the tools named in them are told which application is meant.

use deadline::child::quoted;
use std::path::Path;

/// Every tool, in the order in which a deploy runs them.
pub const TOOLS: [&str; 10] = [
    "deploy-state",
    "preflight",
    "release-stage",
    "drain-wait",
    "service-stop",
    "release-swap",
    "service-start",
    "healthwait",
    "rollback",
    "release-prune",
];

/// A hint that opens the application's file: what is to stand in it is the message's to say. Where none was named it becomes
/// the tool's help.
pub const EDIT: &str = "\"${EDITOR:-vi}\" APPLICATION.env";

/// [`EDIT`] for that file.
pub(crate) fn edited(hint: String, tool: &str, file: Option<&Path>) -> String {
    match file {
        _ if hint != EDIT => hint,
        Some(file) => format!("\"${{EDITOR:-vi}}\" {}", quoted(&file.to_string_lossy())),
        None => format!("{tool} --help"),
    }
}

/// `1 restart`, `2 restarts`: a number of things, for a sentence.
pub fn counted(number: impl TryInto<u64>, thing: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        other => format!("{other} {thing}s"),
    }
}

/// The same hint, with `--app APP` behind each tool that is named as a command.
pub(crate) fn addressed(hint: &str, app: &str) -> String {
    let mut words = hint.split(' ').peekable();
    let mut addressed = Vec::new();
    while let Some(word) = words.next() {
        let name = word.trim_end_matches([',', ';', ':']);
        addressed.push(if TOOLS.contains(&name) && words.peek() != Some(&"--app") {
            let rest = &word[name.len()..];
            format!("{name} --app {app}{rest}")
        } else {
            word.to_owned()
        });
    }
    addressed.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{EDIT, addressed, counted, edited};
    use std::path::Path;

    #[test]
    fn the_application_s_file_is_opened_where_there_is_one() {
        let of = |hint: &str, file| edited(hint.to_owned(), "preflight", file);
        let file = Path::new("/etc/slipway/a shop.env");
        assert_eq!(
            of(EDIT, Some(file)),
            "\"${EDITOR:-vi}\" '/etc/slipway/a shop.env'"
        );
        assert_eq!(of(EDIT, None), "preflight --help");
        assert_eq!(of("rollback", Some(file)), "rollback");
    }

    #[test]
    fn one_is_no_plural() {
        let told = [0_u64, 1, 2].map(|number| counted(number, "restart"));
        assert_eq!(told, ["0 restarts", "1 restart", "2 restarts"]);
    }

    #[test]
    fn a_tool_is_told_the_application_and_prose_is_left_alone() {
        for (hint, expected) in [
            ("deploy-state wait d1", "deploy-state --app shop wait d1"),
            (
                "service-stop, then service-start",
                "service-stop --app shop, then service-start --app shop",
            ),
            ("rollback --app x", "rollback --app x"),
            (
                "install the newer version of Slipway",
                "install the newer version of Slipway",
            ),
            (
                "systemctl status my-rollback",
                "systemctl status my-rollback",
            ),
        ] {
            assert_eq!(addressed(hint, "shop"), expected);
        }
    }
}
