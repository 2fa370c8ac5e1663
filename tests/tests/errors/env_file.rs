//! An env file that a shell and systemd would read differently.

use crate::acts::acts;
use crate::common::tree::Tree;
use crate::common::{each, each_tool};
use crate::{refused, settled};
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
