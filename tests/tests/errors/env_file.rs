//! An env file that a shell and systemd would read differently, or in which something is wrong for a tool that comes later.

use crate::acts::acts;
use crate::common::tree::Tree;
use crate::common::{each, each_tool, run};
use crate::{refused, settled};
use slipway_tests::Tool;
use std::fs;

#[test]
fn what_two_would_read_differently_is_acted_on_by_nobody() {
    each_tool(|name| {
        let fixture = settled();
        let good = fs::read_to_string(fixture.app()).unwrap();
        let lines = good.lines().count();
        let all = acts(name, &fixture);
        each(
            [
                "SHOP=two words",
                "SHOP=\"$HOME\"",
                "export SHOP=1",
                "SHOP='x",
            ],
            |bad| {
                fs::write(fixture.app(), format!("{good}{bad}\n")).unwrap();
                let before = Tree::of(&fixture.directory);
                each(&all, |act| {
                    let ended = refused(act.tool(name, &fixture), 2, "usage");
                    let place = format!("{}, line {}", fixture.app().display(), lines + 1);
                    let message = ended.text("/error/message");
                    assert!(message.contains(&place), "{message:?}");
                    Tree::of(&fixture.directory).must_be(&before, &act.words.join(" "));
                });
            },
        );
    });
}

#[test]
fn what_a_later_tool_would_refuse_stops_a_deploy_before_anything_is_done() {
    let fixture = settled();
    let good = fs::read_to_string(fixture.app()).unwrap();
    let place = format!("line {}", good.lines().count() + 1);
    let begins = |exit: i32, around: Option<(&str, &str)>| {
        let around = |tool: Tool| match around {
            Some((variable, value)) => tool.env(variable, value),
            None => tool,
        };
        [
            run(around(fixture.tool("preflight").arg("--only=lock")), exit),
            run(
                around(fixture.tool("deploy-state").args(["run", "--", "true"])),
                exit,
            ),
        ]
    };
    each(
        [
            ("ROLLBACK_TIMOUT=60", "ROLLBACK_TIMEOUT"),
            ("ROLBACK_TIMEOUT=60", "ROLLBACK_TIMEOUT"),
            ("DEPLOY_HELTH_URL=http://localhost/", "DEPLOY_HEALTH_URL"),
            ("SERVICE_START_TIMEOUT=30sec", "SERVICE_START_TIMEOUT"),
            ("DEPLOY_STATE_PROBATION=soon", "DEPLOY_STATE_PROBATION"),
            ("RELEASE_PRUNE_DRY_RUN=maybe", "RELEASE_PRUNE_DRY_RUN"),
            ("DEPLOY_KEEP_FAILED=on", "DEPLOY_KEEP_FAILED"),
        ],
        |(bad, names)| {
            fs::write(fixture.app(), format!("{good}{bad}\n")).unwrap();
            let before = Tree::of(&fixture.directory);
            for ended in begins(2, None) {
                let message = ended.text("/error/message");
                assert!(
                    message.contains(names) && message.contains(&place),
                    "{message:?}"
                );
                assert!(
                    ended.text("/error/hint").contains("EDITOR"),
                    "{}",
                    ended.report
                );
            }
            Tree::of(&fixture.directory).must_be(&before, bad);
        },
    );
    fs::write(fixture.app(), &good).unwrap();
    let around = Some(("SERVICE_START_TIMEOUT", "30sec"));
    for ended in begins(2, around) {
        let message = ended.text("/error/message");
        assert!(
            message.contains("SERVICE_START_TIMEOUT in the environment"),
            "{message:?}"
        );
    }
    // What only looks like a tool's is the application's own, and a caller's variables may be anybody's.
    let own = "SERVICE_SHOP_URL=x\nFEATURE_FLAG_X=1\n";
    fs::write(fixture.app(), format!("{good}{own}ROLLBACK_TIMEOUT=60\n")).unwrap();
    begins(0, Some(("ROLLBACK_KEY", "x")));
}
