//! Options: a flag beats the environment, which beats the file, and whoever gave a wrong value is named.

use crate::common::acts::complete;
use crate::common::{each, each_tool, place, run};
use crate::env_file::EnvFile;
use serde_json::Value;
use slipway_tests::{Ended, binary, tool};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

/// What several tools share; everything else is one tool's own.
const SHARED: &[&str] = &[
    "root",
    "releases",
    "current",
    "state",
    "service",
    "start",
    "port",
    "health-url",
    "health-ca",
    "health-header-file",
    "health-server-name",
    "accept-unprovable",
    "max-deploys",
    "id",
];
/// What is read before all others, and not by a variable of this kind.
const APART: &[&str] = &["app", "id", "field", "help", "version"];
/// No option takes this for a value unless it takes any text.
const WRONG: &str = "!no value of any kind!";
/// Values of which every option that does not take any text takes at least one.
const RIGHT: &[&str] = &[
    "1",
    "1%",
    "30s",
    "1/1h",
    "/run/haproxy.sock,shop/green",
    "/a=b",
    "A=2|",
    "fri",
    "a=http://127.0.0.1:1/",
    "2026-12-24T00:00:00Z",
    "http://127.0.0.1:1/",
    "host",
    "postgres",
    "release",
    "process:shop",
    "UTC",
    "disk",
];

/// An option as `--help` names it.
#[derive(Debug, Clone)]
struct Opt {
    /// The subcommand it belongs to, and what makes that complete.
    under: Vec<String>,
    name: String,
    takes_value: bool,
}

/// Every option of a tool, its subcommands' as well, each once.
fn options(name: &str) -> Vec<Opt> {
    let help = tool(name).arg("--help").no_report().run(0).stdout;
    let mut found = BTreeMap::new();
    let mut pages = vec![(complete_words(name), help.clone())];
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in commands.take_while(|line| !line.is_empty()) {
        // A description that goes on in the next line stands further in.
        if let Some(word) = line
            .strip_prefix("  ")
            .filter(|line| !line.starts_with(' '))
        {
            let command = word.split(' ').next().unwrap().to_owned();
            let help = tool(name)
                .args([&command, "--help"])
                .no_report()
                .run(0)
                .stdout;
            pages.push((vec![command], help));
        }
    }
    for (under, help) in pages {
        for line in help.lines() {
            let Some(from) = line.find("--").filter(|at| line[..*at].trim().len() <= 3) else {
                continue;
            };
            if !line.starts_with("  ") {
                continue;
            }
            let rest = &line[from + 2..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let (option, rest) = rest.split_at(end.unwrap_or(rest.len()));
            // The description is apart, and may name values as well.
            let takes_value = rest
                .split("  ")
                .next()
                .is_some_and(|value| value.contains('<'));
            let option = option.to_owned();
            if !APART.contains(&option.as_str()) && !option.is_empty() {
                found.entry(option.clone()).or_insert(Opt {
                    under: under.clone(),
                    name: option,
                    takes_value,
                });
            }
        }
    }
    assert!(found.contains_key("quiet"), "{help}");
    found.into_values().collect()
}

fn complete_words(name: &str) -> Vec<String> {
    complete(name)
        .iter()
        .map(|word| (*word).to_owned())
        .collect()
}

fn variable(name: &str, option: &str) -> String {
    let owner = if SHARED.contains(&option) {
        "deploy"
    } else {
        name
    };
    format!("{owner}-{option}").replace('-', "_").to_uppercase()
}

/// What a tool says of its options, which it reads before a report that does not come: nothing is ever done.
/// Nothing where it minds nothing, else the message.
fn minded(name: &str, words: &[String], variables: &[(&str, &str)]) -> Option<String> {
    let mut command = Command::new(binary(name));
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("DEPLOY_") {
            command.env_remove(key);
        }
    }
    let variables = variables.iter().copied();
    let output = command
        .args(words)
        .arg("-")
        .envs(variables)
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = report["error"]["message"].as_str().unwrap();
    match output.status.code() {
        // The report did not come; or something else than this option is missing, which clap says last.
        Some(3) => None,
        Some(2)
            if !message.contains("invalid value") && !message.contains("neither yes nor no") =>
        {
            None
        }
        Some(2) => Some(message.to_owned()),
        other => panic!("{other:?}: {report}"),
    }
}

impl Opt {
    fn with(&self, more: &[&str]) -> Vec<String> {
        let more = more.iter().map(|word| (*word).to_owned());
        self.under.iter().cloned().chain(more).collect()
    }

    fn flag(&self, value: &str) -> String {
        format!("--{}={value}", self.name)
    }

    /// Whether the option minds this value on the command line.
    fn minds(&self, name: &str, value: &str) -> bool {
        minded(name, &self.with(&[&self.flag(value)]), &[]).is_some()
    }
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_and_a_wrong_value_is_traced() {
    each_tool(|name| {
        let all = options(name).into_iter();
        let mut tried = 0;
        for option in all.filter(|option| option.takes_value && option.minds(name, WRONG)) {
            let right = RIGHT.iter().find(|right| !option.minds(name, right));
            let Some(right) = right else {
                panic!("name a right value for --{} in RIGHT", option.name);
            };
            traced(
                name,
                &option,
                right,
                WRONG,
                option.with(&[&option.flag(right)]),
            );
            tried += 1;
        }
        assert!(tried > 0, "no option of {name} minds its value");
    });
}

#[test]
fn a_flag_without_a_value_is_yes_or_no_in_its_variable() {
    each_tool(|name| {
        let all = options(name).into_iter();
        for option in all.filter(|option| !option.takes_value) {
            let flag = format!("--{}", option.name);
            let variable = variable(name, &option.name);
            for (value, understood) in [
                ("yes", true),
                ("1", true),
                ("no", true),
                ("0", true),
                ("", true),
                ("perhaps", false),
            ] {
                let minded = minded(name, &option.with(&[]), &[(&variable, value)]);
                assert_eq!(
                    minded.is_none(),
                    understood,
                    "{flag}: {variable}={value}: {minded:?}"
                );
            }
            let file = EnvFile::with(format!("SHOP=1\n{variable}=perhaps\n"));
            let app = format!("--app={}", file.path());
            let message = minded(name, &option.with(&[&app]), &[]).unwrap();
            let place = format!("{variable} in {}, line 2", file.path());
            assert!(message.contains(&place), "{message:?}");
            assert_eq!(
                minded(name, &option.with(&[&app]), &[(&variable, "no")]),
                None
            );
        }
    });
}

/// One option, right and wrong in all three places.
fn traced(name: &str, option: &Opt, right: &str, wrong: &str, flagged: Vec<String>) {
    let variable = variable(name, &option.name);
    let bare = option.with(&[]);
    let message = minded(name, &bare, &[(&variable, wrong)]);
    let message = message.unwrap_or_else(|| panic!("{variable} is not read"));
    let origin = format!("{variable} in the environment");
    assert!(
        message.contains(&origin) && message.contains(wrong),
        "{message:?}"
    );
    assert_eq!(
        minded(name, &flagged, &[(&variable, wrong)]),
        None,
        "a flag beats {variable}"
    );

    let file = EnvFile::with(format!("SHOP=1\n{variable}='{wrong}'\n"));
    let app = format!("--app={}", file.path());
    let in_file = [bare, vec![app.clone()]].concat();
    let message = minded(name, &in_file, &[]);
    let message = message.unwrap_or_else(|| panic!("{variable} is not read from the file"));
    let origin = format!("{variable} in {}, line 2", file.path());
    assert!(
        message.contains(&origin) && message.contains(wrong),
        "{message:?}"
    );
    let beaten = minded(name, &in_file, &[(&variable, right)]);
    assert_eq!(beaten, None, "the environment beats the file");
    // Empty is as good as unset.
    assert!(minded(name, &in_file, &[(&variable, "")]).is_some());
    assert_eq!(
        minded(name, &[flagged, vec![app]].concat(), &[]),
        None,
        "a flag beats the file"
    );
    // On the command line it is nobody else's.
    let message = minded(name, &option.with(&[&option.flag(wrong)]), &[]).unwrap();
    assert!(
        !message.contains("environment") && !message.contains("line"),
        "{message:?}"
    );
}

/// The same with a value that cannot be wrong, and with what is done because of it.
#[test]
fn the_root_that_is_told_last_is_the_one() {
    let fixture = place();
    let root = |name: &str| {
        let root = fixture.directory.join(name);
        fs::create_dir_all(root.join("releases")).unwrap();
        root
    };
    let (flag, variable, file) = (root("flag"), root("variable"), root("file"));
    let app = EnvFile::with(format!("DEPLOY_ROOT='{}'\n", file.display()));
    let state = || tool("deploy-state").args(["--app", app.path()]);
    let used = || {
        let used = |root: &std::path::Path| root.join("deploy-state.json").exists();
        [used(&file), used(&variable), used(&flag)]
    };
    let flags = state().arg("--root").arg(&flag).arg("begin");
    run(flags.env("DEPLOY_ROOT", &variable), 0);
    assert_eq!(used(), [false, false, true]);
    run(state().arg("begin").env("DEPLOY_ROOT", &variable), 0);
    assert_eq!(used(), [false, true, true]);
    run(state().arg("begin"), 0);
    assert_eq!(used(), [true, true, true]);
}

/// Nothing on a command line is silently the last one of two, or half a name.
#[test]
fn an_option_is_written_out_and_once() {
    each_tool(|name| {
        for words in [
            ["--id=a", "--id=b"],
            ["--app=/dev/null", "--app=/dev/null"],
            ["--field=ok", "--field=exit"],
            ["--quie", "--quiet"],
        ] {
            let told = tool(name).args(complete(name)).args(words).arg("-");
            run(told.no_report(), 2);
        }
    });
}

#[test]
fn without_an_application_nothing_is_guessed() {
    each(crate::common::tools(), |name| {
        let directory =
            std::env::temp_dir().join(format!("slipway-nowhere-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let told = tool(name).args(complete(name)).in_directory(&directory);
        let ended: Ended = run(told, 2);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(ended.error_code(), "usage");
        assert!(!ended.text("/error/hint").is_empty());
    });
}
