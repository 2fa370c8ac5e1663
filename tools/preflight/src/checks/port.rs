//! `port`: free, or held by this very service; and a service that runs listens there and nowhere else.

use super::Check;
use super::live::Live;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::{Given, Problem, edit};
use application::fail;
use deadline::Deadline;
use host::Proc;
use service::{Active, Service, Status};
use service_stop::port::{Holder, Look};
use std::collections::BTreeSet;
use std::time::Duration;

/// A service that is up for so long and does not listen will not do so in a moment.
const COMING: Duration = Duration::from_secs(30);
/// How often the port of a service that may be coming is looked at.
const AGAIN: Duration = Duration::from_millis(100);

pub(super) const CHECK: Check = Check {
    name: "port",
    about: "the port is free, or held by this very service; a service that runs listens on it",
    needs: "--port",
    given: |given| given.args.service.port.is_some(),
    run,
};

/// What was told.
struct Told<'a> {
    port: u16,
    /// A service was named whose port it may be.
    has_service: bool,
    accept_unprovable: bool,
    /// The application's env file.
    file: &'a str,
    /// What lets a deploy go past this check.
    past: &'a str,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    look: Look,
    /// The service runs and nobody holds its port: the ports on which it does listen, as far as they can be seen.
    elsewhere: Option<BTreeSet<u16>>,
}

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(port) = given.args.service.port else {
        return Finding::skip("there is no port");
    };
    let told = Told {
        port,
        has_service: given.service.is_some(),
        accept_unprovable: given.args.health.accept_unprovable,
        file: &given.file,
        past: &given.past(CHECK.name),
    };
    let seen = match look(given, port, deadline) {
        Ok(seen) => seen,
        Err(problem) => return not_known(&problem),
    };
    let Some(ports) = seen.elsewhere else {
        return judge(&told, &seen.look);
    };
    let finding = elsewhere(&told, &ports);
    match Live::of(given) {
        // It may have failed for this very reason.
        live @ (Live::Bad | Live::Nothing) => live.weigh(finding, told.past),
        // Before the first deploy of what runs already, the port may be told wrong.
        Live::Well | Live::Unvalidated => finding,
    }
}

/// The look that the stop takes, but from a distance: nobody may bind the port of a service that may be starting.
fn look(given: &Given, port: u16, deadline: &Deadline) -> Result<Seen, Problem> {
    let trouble = |error| Problem::from(fail::service(&error));
    let Some(service) = &given.service else {
        let look = Look::of_nobody(port).map_err(trouble)?;
        return Ok(Seen {
            look,
            ..Seen::default()
        });
    };
    let status = given.status(service, deadline).map_err(Problem::clone)?;
    let patience = deadline.or_after(deadline.remaining() / 2);
    loop {
        let look = Look::at_a_distance(port, service, status, deadline).map_err(trouble)?;
        let silent = status.active == Active::Running && !look.kept && look.is_free();
        if silent && is_young(status) && patience.sleep(AGAIN).is_ok() {
            continue;
        }
        // It may have ended meanwhile: one that crashes is for other checks to judge, and listens nowhere.
        let runs_still = silent && is_same_run(status, &service.status(deadline).map_err(trouble)?);
        let elsewhere = runs_still.then(|| listens_on(service, deadline));
        return Ok(Seen { look, elsewhere });
    }
}

fn is_young(status: &Status) -> bool {
    status.active_for.is_none_or(|time| time < COMING)
}

fn is_same_run(before: &Status, now: &Status) -> bool {
    now.active == Active::Running
        && (&now.invocation, now.main_pid) == (&before.invocation, before.main_pid)
}

fn listens_on(service: &Service, deadline: &Deadline) -> BTreeSet<u16> {
    let pids = service.pids(deadline).unwrap_or_default();
    let listeners = Proc::system().listening(&pids).unwrap_or_default();
    listeners
        .iter()
        .map(|listener| listener.address.port())
        .collect()
}

/// The service runs, and not on the port that was told: nobody could prove that the new process answers.
fn elsewhere(told: &Told<'_>, ports: &BTreeSet<u16>) -> Finding {
    let Told {
        port, file, past, ..
    } = told;
    let past = format!("{past} lets a deploy pass whose release is to listen on {port}");
    let words: Vec<String> = ports.iter().map(u16::to_string).collect();
    match words.first() {
        Some(first) => Finding::fail(
            format!(
                "the service listens on {}, and --port says {port}: DEPLOY_PORT={first} says so; {past}",
                words.join(" and ")
            ),
            edit(file),
        ),
        None => Finding::fail(
            format!(
                "the running service does not listen on {port}, which DEPLOY_PORT tells; {past}"
            ),
            "sudo ss -ltnp",
        ),
    }
}

fn judge(told: &Told<'_>, look: &Look) -> Finding {
    let Told { port, file, .. } = told;
    if !look.foreign.is_empty() {
        let names: Vec<String> = look.foreign.iter().map(Holder::to_string).collect();
        let names = names.join(" and ");
        let hint = look.hint(*port);
        let finding = if told.has_service {
            let stray = look.foreign.iter().any(|holder| holder.stray.is_some());
            let message = if stray {
                format!("port {port} is held by {names} and not as the service that was named")
            } else {
                format!("port {port} is held by {names}, which is not the service's")
            };
            Finding::fail(message, hint)
        } else {
            let words: Vec<String> = pids(&look.foreign).iter().map(u32::to_string).collect();
            Finding::fail(
                format!(
                    "port {port} is held by {names}; no service was named (DEPLOY_SERVICE), so nobody can say whether process {} is its own",
                    words.join(" or ")
                ),
                hint,
            )
        };
        return finding.measured(pids(&look.foreign), ());
    }
    if !look.unseen.is_empty() {
        let message = look.unseen.join(", ");
        let message = format!(
            "{message}; where it is the service's own, DEPLOY_ACCEPT_UNPROVABLE=yes in {file} says so"
        );
        let hint = format!("sudo ss -ltnp 'sport = :{port}'");
        return if told.accept_unprovable {
            Finding::warn(message, hint)
        } else {
            Finding::fail(message, hint)
        };
    }
    // What an earlier run has left behind is the next stop's to end.
    let held: Vec<u32> = [pids(&look.own), pids(&look.daemon), pids(&look.left)].concat();
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
            stray: None,
        }]
    }

    fn told(accept_unprovable: bool) -> Told<'static> {
        Told {
            port: 80,
            has_service: true,
            accept_unprovable,
            file: "/etc/slipway/shop.env",
            past: "deploy --force shop",
        }
    }

    #[test]
    fn a_foreign_holder_is_named() {
        let look = Look {
            own: held(4, "shop"),
            foreign: held(5, "nginx -g x"),
            ..Look::default()
        };
        let finding = judge(&told(true), &look);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.message.contains("5 (nginx -g x)"));
        let hint = "ps -fp 5";
        assert_eq!(finding.hint.as_deref(), Some(hint));
    }

    #[test]
    fn without_a_service_nobody_can_say_whose_it_is() {
        let look = Look {
            foreign: held(419, "shop"),
            ..Look::default()
        };
        let unnamed = Told {
            has_service: false,
            ..told(false)
        };
        let finding = judge(&unnamed, &look);
        assert_eq!(finding.status, Status::Fail);
        let message = "no service was named (DEPLOY_SERVICE), so nobody can say whether process 419 is its own";
        assert!(finding.message.contains(message), "{}", finding.message);
        let hint = finding.hint.unwrap_or_default();
        assert_eq!(hint, "ps -fp 419");
    }

    #[test]
    fn a_port_that_is_told_wrong() {
        let seen = elsewhere(&told(false), &BTreeSet::from([8080, 9090]));
        assert_eq!(seen.status, Status::Fail);
        let message = seen.message;
        for part in [
            "listens on 8080 and 9090, and --port says 80",
            "DEPLOY_PORT=8080",
            "deploy --force shop",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let hint = "\"${EDITOR:-vi}\" /etc/slipway/shop.env";
        assert_eq!(seen.hint.as_deref(), Some(hint));
        let unseen = elsewhere(&told(false), &BTreeSet::new());
        assert!(unseen.message.contains("does not listen on 80"));
    }

    #[test]
    fn what_cannot_be_seen_is_no_pass() {
        let look = Look {
            unseen: vec!["somebody".to_owned()],
            ..Look::default()
        };
        assert_eq!(judge(&told(false), &look).status, Status::Fail);
        assert_eq!(judge(&told(true), &look).status, Status::Warn);
        let message = judge(&told(false), &look).message;
        assert!(message.contains("DEPLOY_ACCEPT_UNPROVABLE=yes in /etc/slipway/shop.env"));
    }

    #[test]
    fn held_by_the_service_or_for_it_is_well() {
        let own = Look {
            own: held(4, "shop"),
            left: held(6, "shop"),
            ..Look::default()
        };
        let finding = judge(&told(false), &own);
        assert_eq!(finding.status, Status::Pass);
        assert_eq!(finding.value, serde_json::json!([4, 6]));
        let kept = Look {
            kept: true,
            ..Look::default()
        };
        let finding = judge(&told(false), &kept);
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.message.contains("by the service"));
        let free = judge(&told(false), &Look::default());
        assert!(free.message.contains("free"));
    }
}
