//! `port`: free, or held by this very service.

use super::Check;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::{Given, Problem};
use application::fail;
use deadline::Deadline;
use service_stop::port::{Holder, Look};

pub(super) const CHECK: Check = Check {
    name: "port",
    about: "the port is free, or held by this very service",
    needs: "--port",
    given: |given| given.args.service.port.is_some(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(port) = given.args.service.port else {
        return Finding::skip("there is no port");
    };
    match look(given, port, deadline) {
        Ok(look) => judge(port, &look, given.args.health.accept_unprovable),
        Err(problem) => not_known(&problem),
    }
}

/// The look that the stop takes, but from a distance: nobody may bind the port of a service that may be starting.
fn look(given: &Given, port: u16, deadline: &Deadline) -> Result<Look, Problem> {
    let look = match &given.service {
        Some(service) => {
            let status = given.status(service, deadline).map_err(Problem::clone)?;
            Look::at_a_distance(port, service, status, deadline)
        }
        None => Look::of_nobody(port),
    };
    look.map_err(|error| fail::service(&error).into())
}

fn judge(port: u16, look: &Look, accept_unprovable: bool) -> Finding {
    if !look.foreign.is_empty() {
        let names: Vec<String> = look.foreign.iter().map(Holder::to_string).collect();
        let words: Vec<String> = pids(&look.foreign).iter().map(u32::to_string).collect();
        let finding = Finding::fail(
            format!(
                "port {port} is held by {}, which is not the service's",
                names.join(" and ")
            ),
            format!("kill {}", words.join(" ")),
        );
        return finding.measured(pids(&look.foreign), ());
    }
    if !look.unseen.is_empty() {
        let message = look.unseen.join(", ");
        let hint = format!(
            "sudo ss -ltnp 'sport = :{port}'; where it is the service's own: --accept-unprovable"
        );
        return if accept_unprovable {
            Finding::warn(message, hint)
        } else {
            Finding::fail(message, hint)
        };
    }
    // What an earlier run has left behind is the next stop's to end.
    let held: Vec<u32> = [pids(&look.own), pids(&look.left)].concat();
    if held.is_empty() && !look.kept {
        return Finding::pass(format!("port {port} is free"));
    }
    Finding::pass(format!("port {port} is held by the service")).measured(held, ())
}

fn pids(holders: &[Holder]) -> Vec<u32> {
    holders.iter().map(|holder| holder.pid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    fn held(pid: u32, command: &str) -> Vec<Holder> {
        vec![Holder {
            pid,
            start_time: None,
            command: command.to_owned(),
        }]
    }

    #[test]
    fn a_foreign_holder_is_named() {
        let look = Look {
            own: held(4, "shop"),
            foreign: held(5, "nginx -g x"),
            ..Look::default()
        };
        let finding = judge(80, &look, true);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.message.contains("5 (nginx -g x)"));
        assert_eq!(finding.hint.as_deref(), Some("kill 5"));
    }

    #[test]
    fn what_cannot_be_seen_is_no_pass() {
        let look = Look {
            unseen: vec!["somebody".to_owned()],
            ..Look::default()
        };
        assert_eq!(judge(80, &look, false).status, Status::Fail);
        assert_eq!(judge(80, &look, true).status, Status::Warn);
    }

    #[test]
    fn held_by_the_service_or_for_it_is_well() {
        let own = Look {
            own: held(4, "shop"),
            left: held(6, "shop"),
            ..Look::default()
        };
        let finding = judge(80, &own, false);
        assert_eq!(finding.status, Status::Pass);
        assert_eq!(finding.value, serde_json::json!([4, 6]));
        let kept = Look {
            kept: true,
            ..Look::default()
        };
        let finding = judge(80, &kept, false);
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.message.contains("by the service"));
        let free = judge(80, &Look::default(), false);
        assert!(free.message.contains("free"));
    }
}
