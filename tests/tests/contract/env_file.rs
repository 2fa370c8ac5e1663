//! The application's env file: the subset that a shell and systemd read alike, and nothing in it that nobody reads.

use crate::common::acts::complete;
use crate::common::{each, each_tool, place, repository, run};
use serde_json::Value;
use slipway_tests::{Ended, Supervisor, left_out, tool};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// An env file that is gone with its test.
pub(crate) struct EnvFile(pub(crate) PathBuf);

impl EnvFile {
    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slipway-contract-{}-{count}.env", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for EnvFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The tool with this file, before a report that does not come: 3 where the file is understood, 2 where it is not.
fn with(name: &str, file: &EnvFile, exit: i32) -> Ended {
    let told = tool(name).args(complete(name)).arg("--app").arg(&file.0);
    run(told.arg("-"), exit)
}

#[test]
fn what_a_shell_and_systemd_read_differently_is_refused_with_its_line() {
    each_tool(|name| {
        each(
            [
                "SHOP=two words",
                "SHOP=\"quoted\"",
                "SHOP=$HOME",
                "SHOP=`id`",
                "SHOP=a\\b",
                "SHOP=a;b",
                "SHOP=~/x",
                "SHOP=a#b",
                "SHOP='it''s'",
                "SHOP='x' # comment",
                "SHOP='never closed",
                "export SHOP=b",
                " SHOP=b",
                "; comment",
                "SHOP =b",
                "SHOP",
                "SHOP=b\r",
            ],
            |line| {
                let file = EnvFile::with(format!("# the shop\nFIRST='one\ntwo'\n{line}\nLAST=1\n"));
                let ended = with(name, &file, 2);
                assert_eq!(ended.error_code(), "usage");
                let place = format!("{}, line 4", file.path());
                let message = ended.text("/error/message");
                assert!(message.contains(&place), "{message:?}");
                let hint = ended.text("/error/hint");
                assert!(
                    hint.contains("+4") && hint.contains(file.path()),
                    "{hint:?}"
                );
            },
        );
        let twice = EnvFile::with("SHOP=1\nSHOP=2\n");
        assert!(
            with(name, &twice, 2)
                .text("/error/message")
                .contains("line 2")
        );
        let bytes = EnvFile::with(b"A=1\nSHOP=\xff\n");
        assert!(
            with(name, &bytes, 2)
                .text("/error/message")
                .contains("line 2")
        );
    });
}

#[test]
fn what_both_read_alike_is_taken() {
    each_tool(|name| {
        let text = "# the shop\n\nSHOP=/srv/shop\nNAME='two words; $HOME \"x\" \\ #'\nLINES='one\ntwo'\nEMPTY=\n";
        with(name, &EnvFile::with(text), 3);
        with(name, &EnvFile::with(""), 3);
        with(name, &EnvFile::with("LAST=without-a-newline"), 3);
    });
}

#[test]
fn a_variable_that_no_option_reads_is_refused() {
    each_tool(|name| {
        let own = name.to_uppercase().replace('-', "_");
        let refused = [
            "DEPLOY_ROOOT".to_owned(),
            format!("{own}_NO_SUCH_OPTION"),
            "DEPLOY_ID".to_owned(),
            "DEPLOY_APP".to_owned(),
        ];
        each(refused, |variable| {
            let file = EnvFile::with(format!("SHOP=1\n{variable}=x\n"));
            let ended = with(name, &file, 2);
            let message = ended.text("/error/message");
            assert!(
                message.contains(variable) && message.contains(&format!("{}, line 2", file.path())),
                "{message:?}"
            );
        });
        // The file is the application's own as well, and every tool's.
        let others = "SHOP_ROOT=x\nDATABASE_URL=x\nFEATURE_FLAG_X=1\nTRAFFIC_SHIFT_WEIGHT=1\n";
        with(name, &EnvFile::with(others), 3);
    });
}

#[test]
fn an_app_is_a_path_or_a_variable_that_names_one() {
    each_tool(|name| {
        // Which file was read shows in what is refused.
        let file = EnvFile::with("BAD LINE\n");
        let names_it = |ended: &Ended| {
            let message = ended.text("/error/message");
            assert!(message.contains(file.path()), "{message:?}");
        };
        names_it(&run(tool(name).args(["--app", file.path()]), 2));
        names_it(&run(tool(name).arg(format!("--app={}", file.path())), 2));
        names_it(&run(tool(name).env("DEPLOY_APP", file.path()), 2));
        let relative = format!("./{}", file.0.file_name().unwrap().to_str().unwrap());
        let directory = file.0.parent().unwrap();
        let told = tool(name)
            .args(["--app", &relative])
            .in_directory(directory);
        let ended = run(told, 2);
        assert!(ended.text("/error/message").contains(&relative));
        // A flag beats the environment, also here.
        let good = EnvFile::with("SHOP=1\n");
        let told = tool(name)
            .args(complete(name))
            .env("DEPLOY_APP", file.path());
        run(told.args(["--app", good.path(), "-"]), 3);
    });
}

/// Only on a machine made for it is `/etc` ours to write to.
#[test]
fn an_app_is_a_name_under_etc() {
    if let Err(reason) = Supervisor::Systemd.available() {
        return left_out(&reason);
    }
    fs::create_dir_all("/etc/slipway").unwrap();
    let path = "/etc/slipway/contract-shop.env";
    fs::write(path, "BAD LINE\n").unwrap();
    each_tool(|name| {
        for told in [
            tool(name).args(["--app", "contract-shop"]),
            tool(name).env("DEPLOY_APP", "contract-shop"),
        ] {
            let ended = run(told, 2);
            assert!(ended.text("/error/message").contains(path));
        }
    });
    fs::remove_file(path).unwrap();
}

#[test]
fn a_deploy_is_of_one_application() {
    each_tool(|name| {
        let (one, other) = (EnvFile::with("SHOP=1\n"), EnvFile::with("SHOP=2\n"));
        let told = |app: &EnvFile| {
            let told = tool(name)
                .args(complete(name))
                .args(["--app", app.path(), "-"]);
            told.env("DEPLOY_APP", one.path())
        };
        let ended = run(told(&other).env("DEPLOY_ID", "d1"), 2);
        assert_eq!(ended.error_code(), "usage");
        let message = ended.text("/error/message");
        assert!(
            message.contains(one.path()) && message.contains(other.path()),
            "{message:?}"
        );
        assert!(!ended.text("/error/hint").is_empty());
        run(told(&one).env("DEPLOY_ID", "d1"), 3);
        run(told(&other), 3);
    });
}

/// A shared value that the asked tool has no option for is another one's to judge, which is called when the service is stopped.
#[test]
fn what_tools_share_is_judged_before_a_deploy_begins() {
    let fixture = place();
    fixture.configure("DEPLOY_ACCEPT_UNPROVABLE", "ja");
    // Has two tools judge it, where one is enough to say so.
    fixture.configure("SERVICE_START_TIMEOUT", "5s");
    let told = fixture.tool("deploy-state").args(["run", "--", "true"]);
    let ended = run(told, 2);
    let message = ended.text("/error/message");
    let named = message.matches("DEPLOY_ACCEPT_UNPROVABLE in ").count();
    assert_eq!(named, 1, "{message}");
}

/// The tools take it so, and the runbook is not to decide otherwise.
#[test]
fn an_empty_variable_leaves_a_runbook_what_its_file_says() {
    let fixture = place();
    let told = fixture.tool("deploy-state").env("DEPLOY_SERVICE", "");
    let runbook = ["run", "--", "sh", "-c", "test -n \"$DEPLOY_SERVICE\""];
    run(told.args(runbook), 0);
}

/// Blocks of a text in Markdown that are lines of an application's file: the first one that is no comment assigns something.
fn examples(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(line) => blocks.last_mut().unwrap().extend([line, "\n"]),
            None => blocks.push(String::new()),
        }
    }
    let assigns = |line: &str| {
        let key = line.split_once('=').map_or("", |(key, _)| key);
        key.contains('_') && key.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    blocks.retain(|block| {
        let mut lines = block.lines();
        lines
            .find(|line| !line.starts_with('#'))
            .is_some_and(assigns)
    });
    blocks
}

#[test]
fn every_example_can_be_pasted_and_has_names_that_there_are() {
    let mut known = Vec::new();
    for name in step::TOOLS {
        let answer = tool(name).arg("--settings").no_report().run(0);
        let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
        known.extend(answer["variables"].as_array().unwrap().clone());
    }
    let mut files = vec![repository().join("README.md")];
    for directory in ["man", "man/sections"] {
        let entries = fs::read_dir(repository().join(directory)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    }
    let readme = fs::read_to_string(&files[0]).unwrap();
    assert!(examples(&readme).len() >= 8, "the examples are not seen");
    each(files, |file| {
        for example in examples(&fs::read_to_string(file).unwrap()) {
            let entries = step::config::parse(example.as_bytes())
                .unwrap_or_else(|(line, why)| panic!("line {line}: {why}:\n{example}"));
            for entry in entries
                .iter()
                .filter(|entry| entry.key != "COMPOSE_PROJECT_NAME")
            {
                assert!(
                    known.contains(&Value::from(entry.key.as_str())),
                    "{entry:?}"
                );
            }
        }
    });
}
