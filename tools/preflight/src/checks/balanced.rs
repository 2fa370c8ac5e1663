//! The server behind HAProxy that drain-wait will drain: HAProxy knows it, takes orders for it, and has another one meanwhile.

use crate::finding::{Finding, Status as Verdict};
use crate::given::{Given, edit};
use deadline::Deadline;
use haproxy::{Admin, Error, Server};

/// What was found of the service, weighed against that, where such a server is told. What is wrong with the service comes first.
pub(super) fn weigh(finding: Finding, given: &Given, deadline: &Deadline) -> Finding {
    if finding.status == Verdict::Fail {
        return finding;
    }
    let Some(told) = given.of_tool("drain-wait", "haproxy") else {
        return finding;
    };
    let server: Server = match told.parse() {
        Ok(server) => server,
        Err(why) => {
            return Finding::fail(format!("DRAIN_WAIT_HAPROXY: {why}"), edit(&given.file));
        }
    };
    match is_drainable(&server, deadline) {
        Ok(true) => finding,
        Ok(false) => Finding::fail(
            format!(
                "{} is the only server of its backend that takes new work: drained, it would leave nobody to be served by",
                server.name()
            ),
            server.look(),
        ),
        Err(error) => {
            let hint = error.hint().unwrap_or_else(|| server.look());
            Finding::fail(error.to_string(), hint)
        }
    }
}

fn is_drainable(server: &Server, deadline: &Deadline) -> Result<bool, Error> {
    server.may_order(deadline)?;
    // What somebody has taken out of service is left as it is.
    Ok(server.admin(deadline)? != Admin::Ready || !server.work(deadline)?.is_last())
}
