//! Hints that can be pasted: the tools named in them are told which application is meant.

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
    use super::{addressed, counted};

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
