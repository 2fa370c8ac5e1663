//! `outside:NAME`: what this deploy leans on elsewhere is not in an outage.

use super::entry::{Family, GRACE};
use crate::finding::Finding;
use crate::given::Given;
use crate::told::Outside;
use deadline::Deadline;
use probe::Answer;

pub(super) const FAMILY: Family = Family {
    prefix: "outside",
    about: "the page answers, and says what is expected of it",
    needs: "--outside",
    told: |args| args.outside.iter().map(|told| told.name.as_str()).collect(),
    limit: |args, _| args.check_timeout,
    grace: GRACE,
    run,
};

fn run(given: &Given, name: &str, deadline: &Deadline) -> Finding {
    let Some(told) = given.args.outside.iter().find(|told| told.name == name) else {
        return Finding::skip("nobody is to be asked");
    };
    let mut question = told.question.clone();
    // The check's own limit alone counts.
    question.timeout = deadline.remaining();
    judge(told, &probe::ask(&question, deadline))
}

fn judge(told: &Outside, answer: &Answer) -> Finding {
    let target = &told.question.target;
    let message = format!("{target}: {}", answer.message);
    let finding = if answer.ok {
        Finding::pass(message)
    } else {
        Finding::fail(message, wait(told))
    };
    finding.measured(answer.status, ())
}

/// Waits until it is as expected: there is nothing here that mends it.
fn wait(told: &Outside) -> String {
    let target = &told.question.target;
    let expected = told.expected.as_ref();
    let expected = expected.map(|text| format!(" --expect-json {}", step::quoted(text)));
    format!(
        "healthwait {} --timeout 1h{}",
        step::quoted(&target.to_string()),
        expected.unwrap_or_default()
    )
}
