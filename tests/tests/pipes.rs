//! A deploy as one pipe, with a failure in each place: what follows does nothing, the exit code is the verdict, and the
//! one line of output tells the whole story.
//!
//! Each pipe is tried as it is, where every tool holds the lease for its own moment, and as one deploy that is recorded.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{deploy, events, last, named, prepared, serves, state, verdict};
use serde_json::{Value, json};
use slipway_tests::{Ended, Fixture, Tool, on_each_quick_supervisor};
use std::fs;

/// The steps, in their order.
const STEPS: [&str; 6] = [
    "release-stage",
    "service-stop",
    "release-swap",
    "service-start",
    "healthwait",
    "rollback",
];

/// A pipe, with more words for some of its steps and variables for others.
#[derive(Default)]
struct Pipe<'a> {
    /// Added to the step's words.
    words: &'a [(&'a str, &'a str)],
    /// Set for the step.
    variables: &'a [(&'a str, &'a str)],
}

impl Pipe<'_> {
    fn text(&self) -> String {
        let find = |all: &[(&str, &str)], step: &str| {
            let found = all.iter().find(|(of, _)| *of == step);
            found.map_or(String::new(), |(_, what)| format!("{what} "))
        };
        STEPS
            .iter()
            .enumerate()
            .map(|(place, step)| {
                let variables = find(self.variables, step);
                let words = find(self.words, step);
                let own = match *step {
                    "release-stage" => "--source next ",
                    "rollback" => "--on-failure ",
                    _ => "",
                };
                let input = if place == 0 { "" } else { "-" };
                format!("{variables}{step} {own}{words}{input}")
            })
            .collect::<Vec<_>>()
            .join(" | ")
    }

    /// Nobody holds the lease but each tool for itself.
    fn alone(&self, fixture: &Fixture) -> Tool {
        fixture.shell(&self.text()).stderr_any()
    }

    /// The same under a lease, its one line recorded; that line is in `story`.
    fn as_deploy(&self, fixture: &Fixture) -> Tool {
        let script = format!("{} | deploy-state record >story", self.text());
        fixture
            .tool("deploy-state")
            .args(["run", "--", "sh", "-c", &script])
            .stderr_any()
    }
}

/// Versions 1 and 2 deployed, 2 live; the directory `next` holds what version 3 is made of.
fn two_deployed(fixture: &Fixture, behaviour: &str) {
    prepared(fixture);
    deploy(fixture, 1);
    deploy(fixture, 2);
    next(fixture, behaviour);
}

fn next(fixture: &Fixture, behaviour: &str) {
    let source = fixture.source("3", "3", behaviour);
    let next = fixture.directory.join("next");
    let _ = fs::remove_file(&next);
    std::os::unix::fs::symlink(source, next).unwrap();
}

/// The reports of a line of output, the last step's first.
fn chain(line: &Value) -> Vec<&Value> {
    let mut chain = Vec::new();
    let mut report = line;
    while report.is_object() {
        chain.push(report);
        report = &report["upstream"];
    }
    chain
}

fn tools(line: &Value) -> Vec<&str> {
    chain(line)
        .into_iter()
        .map(|report| report["tool"].as_str().unwrap())
        .collect()
}

/// The steps up to this one, backwards, as a line of output nests them.
fn back_from(step: &str) -> Vec<&'static str> {
    let place = STEPS.iter().position(|known| *known == step).unwrap();
    STEPS[..=place].iter().rev().copied().collect()
}

/// The line that a pipe under a lease has left, which is in the history too.
fn story(fixture: &Fixture) -> Value {
    let text = fs::read_to_string(fixture.directory.join("story")).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    let kept = events(fixture, "step").pop().unwrap();
    assert_eq!(kept["report"], line);
    line
}

fn pid(fixture: &Fixture) -> Value {
    fixture.get("/health").unwrap().at("/pid")
}

/// Runs the pipe both ways; `look` sees the line of output and whether it was a deploy.
fn both_ways(
    fixture: &Fixture,
    behaviour: &str,
    pipe: &Pipe<'_>,
    exit: i32,
    look: impl Fn(&Value, Option<&Ended>),
) {
    two_deployed(fixture, behaviour);
    let ended = pipe.alone(fixture).run(exit);
    look(&ended.report, None);
    assert_eq!(state(fixture)["status"], "idle");
    let deployed = pipe.as_deploy(fixture).run(exit);
    look(&story(fixture), Some(&deployed));
    assert_eq!(state(fixture)["status"], "idle");
}

/// The pipe fails before anything that serves is touched: the failed report comes through as it was.
fn nothing_is_touched(fixture: &Fixture, pipe: &Pipe<'_>, exit: i32, step: &str, code: &str) {
    two_deployed(fixture, "healthy");
    let old = pid(fixture);
    let check = |line: &Value| {
        assert_eq!(tools(line), back_from(step));
        assert_eq!(line["error"]["code"], code);
        assert_eq!(line["exit"], exit);
        assert_eq!(pid(fixture), old, "the service was not touched");
        assert_eq!(verdict(fixture, 2), "good");
        serves(fixture, 2);
    };
    check(&pipe.alone(fixture).run(exit).report);
    let deployed = pipe.as_deploy(fixture).run(exit);
    check(&story(fixture));
    assert_eq!(deployed.text("/outcome"), "aborted");
}

/// The pipe fails after something was touched: version 2 serves, and is good as before.
fn the_old_one_serves(fixture: &Fixture, line: &Value, failed: &str, code: &str) {
    let mut expected = back_from(failed);
    expected.insert(0, "rollback");
    assert_eq!(tools(line), expected);
    assert_eq!(line["error"]["code"], "rolled-back");
    assert_eq!(line["exit"], 1);
    assert_eq!(line["to"], named(2));
    assert_eq!(
        line["upstream"]["error"]["code"], code,
        "{}",
        line["upstream"]
    );
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.starts_with(failed), "{reason}");
    serves(fixture, 2);
    assert_eq!(verdict(fixture, 2), "good");
}

on_each_quick_supervisor!(a_pipe_that_goes_well, |fixture| {
    two_deployed(&fixture, "healthy");
    let pipe = Pipe::default();
    let ended = pipe.alone(&fixture).run(0);
    assert_eq!(tools(&ended.report), back_from("rollback"));
    assert_eq!(*ended.at("/rolledBack"), json!(false));
    for report in chain(&ended.report) {
        assert_eq!(report["ok"], true, "{report}");
    }
    assert_eq!(chain(&ended.report)[1]["proof"], "proven");
    let staged = chain(&ended.report)[5]["release"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(fixture.selected().as_deref(), Some(staged.as_str()));
    fixture.until_version("3");

    let deployed = pipe.as_deploy(&fixture).run(0);
    assert_eq!(deployed.text("/outcome"), "succeeded");
    let line = story(&fixture);
    assert_eq!(tools(&line), back_from("rollback"));
    assert_ne!(fixture.selected().as_deref(), Some(staged.as_str()));
    assert_eq!(line["upstream"]["upstream"]["upstream"]["from"], staged);
    let live = fixture.selected().unwrap();
    let releases = state(&fixture)["releases"].clone();
    let new = releases
        .as_array()
        .unwrap()
        .iter()
        .find(|release| release["name"] == live);
    assert_eq!(new.unwrap()["verdict"], "good");
});

on_each_quick_supervisor!(a_release_that_cannot_be_staged, |fixture| {
    let pipe = Pipe {
        words: &[("release-stage", "--build 'echo no such luck >&2; exit 7'")],
        ..Pipe::default()
    };
    nothing_is_touched(&fixture, &pipe, 1, "release-stage", "build-failed");
});

on_each_quick_supervisor!(a_stop_that_was_typed_wrongly, |fixture| {
    let pipe = Pipe {
        words: &[("service-stop", "--no-such-option")],
        ..Pipe::default()
    };
    nothing_is_touched(&fixture, &pipe, 2, "service-stop", "usage");
});

// Another service than the one that has the port: the stop finds the port held by a stranger, and nothing is switched.
on_each_quick_supervisor!(a_stop_that_fails, |fixture| {
    let pipe = Pipe {
        variables: &[("service-stop", "DEPLOY_SERVICE=process:nobody")],
        ..Pipe::default()
    };
    both_ways(&fixture, "healthy", &pipe, 1, |line, deployed| {
        the_old_one_serves(&fixture, line, "service-stop", "port-held");
        assert_eq!(line["rolledBack"], false);
        if let Some(deployed) = deployed {
            assert_eq!(deployed.text("/outcome"), "aborted");
        }
    });
});

on_each_quick_supervisor!(a_switch_that_fails, |fixture| {
    let pipe = Pipe {
        words: &[("release-swap", "20250101-000000")],
        ..Pipe::default()
    };
    both_ways(&fixture, "healthy", &pipe, 1, |line, deployed| {
        the_old_one_serves(&fixture, line, "release-swap", "no-such-release");
        assert_eq!(line["rolledBack"], false);
        if let Some(deployed) = deployed {
            assert_eq!(deployed.text("/outcome"), "aborted");
        }
    });
});

on_each_quick_supervisor!(a_start_that_fails, |fixture| {
    both_ways(&fixture, "crash", &Pipe::default(), 1, |line, deployed| {
        the_old_one_serves(&fixture, line, "service-start", "start-failed");
        is_rolled_back(&fixture, line, deployed);
    });
});

on_each_quick_supervisor!(a_health_check_that_fails, |fixture| {
    both_ways(
        &fixture,
        "health-status=500",
        &Pipe::default(),
        1,
        |line, deployed| {
            the_old_one_serves(&fixture, line, "healthwait", "timed-out");
            is_rolled_back(&fixture, line, deployed);
        },
    );
});

/// The new release is bad, and the history says why.
fn is_rolled_back(fixture: &Fixture, line: &Value, deployed: Option<&Ended>) {
    assert_eq!(line["rolledBack"], true);
    let tried = line["from"].as_str().unwrap();
    let releases = state(fixture)["releases"].clone();
    let release = releases
        .as_array()
        .unwrap()
        .iter()
        .find(|release| release["name"] == tried);
    assert_eq!(release.unwrap()["verdict"], "bad");
    let last = last(fixture);
    assert_eq!(last["outcome"], "rolled-back");
    assert_eq!(last["why"], line["reason"]);
    if let Some(deployed) = deployed {
        assert_eq!(deployed.text("/outcome"), "rolled-back");
        assert_eq!(deployed.text("/why"), line["reason"].as_str().unwrap());
    }
}

on_each_quick_supervisor!(a_rollback_that_fails, |fixture| {
    prepared(&fixture);
    deploy(&fixture, 1);
    next(&fixture, "crash");
    fs::write(
        fixture
            .root
            .join("releases")
            .join(named(1))
            .join("behaviour"),
        "crash\n",
    )
    .unwrap();
    let ended = Pipe::default().alone(&fixture).run(69);
    assert_eq!(ended.error_code(), "down");
    let mut expected = back_from("service-start");
    expected.insert(0, "rollback");
    assert_eq!(tools(&ended.report), expected);
    assert_eq!(fixture.version(), None);

    // Nothing serves, so that a step less is enough to say so: there is nothing to be stopped.
    let deployed = Pipe::default().as_deploy(&fixture).run(69);
    assert_eq!(story(&fixture)["exit"], 69);
    assert_eq!(deployed.text("/outcome"), "failed");
});

on_each_quick_supervisor!(a_deploy_that_somebody_else_has_begun, |fixture| {
    two_deployed(&fixture, "healthy");
    let begun = fixture
        .tool("deploy-state")
        .arg("begin")
        .stderr_any()
        .run(0);
    let old = pid(&fixture);
    let pipe = Pipe::default();
    let ended = pipe.alone(&fixture).run(75);
    assert_eq!(ended.error_code(), "busy");
    assert!(
        ended
            .text("/error/message")
            .contains(begun.text("/deployId"))
    );
    assert_eq!(pid(&fixture), old);
    assert_eq!(fixture.selected(), Some(named(2)));
    let refused = pipe.as_deploy(&fixture).run(75);
    assert_eq!(refused.error_code(), "busy");
    assert!(
        !fixture.directory.join("story").exists(),
        "the pipe was not begun"
    );
    assert_eq!(pid(&fixture), old);
});

// The step before died without a word: what follows does nothing but for the rollback, which says so.
on_each_quick_supervisor!(a_step_that_dies_without_a_word, |fixture| {
    two_deployed(&fixture, "healthy");
    let old = pid(&fixture);
    let ended = fixture
        .shell("false | service-stop - | release-swap - | service-start - | healthwait - | rollback --on-failure -")
        .stderr_any()
        .run(3);
    assert_eq!(ended.error_code(), "upstream-missing");
    assert_eq!(pid(&fixture), old);
    serves(&fixture, 2);
});
