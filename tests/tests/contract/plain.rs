//! `--help` and `--version`: plain text, and nothing else.

use crate::common::{each, each_tool, plain};
use slipway_tests::tool;

#[test]
fn help_is_plain_text_that_names_options_fields_and_exit_codes() {
    each_tool(|name| {
        for option in ["--help", "-h"] {
            let help = tool(name).arg(option).no_report().run(0).stdout;
            plain(&help);
            for part in [
                "Usage: ",
                "--app <",
                "--field <",
                "--id <",
                "--quiet",
                "--help",
                "--version",
                "Report fields:",
                "Exit codes:",
                "Error codes:",
                "128+N",
            ] {
                assert!(
                    help.contains(part),
                    "{option} does not say {part:?}: {help}"
                );
            }
            assert!(help.contains(name), "{option} does not say {name}");
        }
    });
}

#[test]
fn version_is_the_name_and_a_number() {
    each_tool(|name| {
        for option in ["--version", "-V"] {
            let text = tool(name).arg(option).no_report().run(0).stdout;
            let number = text
                .strip_prefix(&format!("{name} "))
                .and_then(|rest| rest.strip_suffix('\n'))
                .unwrap_or_else(|| panic!("{text:?}"));
            let parts: Vec<&str> = number.split('.').collect();
            assert!(
                parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok()),
                "{text:?}"
            );
        }
    });
}

/// Who looks for help has often just written something wrong.
#[test]
fn what_is_wrong_elsewhere_keeps_nobody_from_help() {
    each_tool(|name| {
        each(["--help", "--version"], |option| {
            let tool = || tool(name).arg(option).no_report();
            tool().env("DEPLOY_APP", "/nowhere/app.env").run(0);
            tool().env("DEPLOY_PORT", "many").run(0);
            tool().args(["--app", "/nowhere/app.env"]).run(0);
            let own = format!("{}_QUIET", name.to_uppercase().replace('-', "_"));
            tool().env(own, "perhaps").run(0);
        });
    });
}
