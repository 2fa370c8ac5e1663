//! `health`: what serves now is well, so that a failure afterwards is the new release's.

use super::Check;
use super::live::Live;
use crate::finding::{Finding, Status};
use crate::given::{Given, edit};
use deadline::Deadline;
use probe::{Answer, Question};
use releases::Current;
use service::Active;
use service_stop::port::Look;
use std::thread;
use std::time::Duration;

/// How often a service that is on its way is asked.
const AGAIN: Duration = Duration::from_millis(20);

pub(super) const CHECK: Check = Check {
    name: "health",
    about: "every --health-url answers well; left out before the first deploy and where the service is stopped",
    needs: "--health-url",
    given: |given| !given.args.health.health_url.is_empty(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    if let Some(why) = nothing_to_ask(given, deadline) {
        return Finding::skip(why);
    }
    let questions = &given.health;
    let coming = runs(given, deadline);
    let answers: Vec<Option<Answer>> = thread::scope(|scope| {
        let asked: Vec<_> = questions
            .iter()
            .map(|question| scope.spawn(move || ask(question, coming, deadline)))
            .collect();
        asked.into_iter().map(|one| one.join().ok()).collect()
    });
    let finding = judge(questions, &answers);
    if finding.status == Status::Pass
        && let Some(whose) = whose(given, deadline)
    {
        let message = format!("{}; {whose}", finding.message);
        return Finding::warn(message, edit(&given.file));
    }
    Live::of(given).weigh(finding, &given.past(CHECK.name))
}

/// An endpoint of this host that neither is at the service's port nor is the service's: a proxy's before it, or another
/// application's.
fn whose(given: &Given, deadline: &Deadline) -> Option<String> {
    let service = given.service.as_ref()?;
    let status = given.status(service, deadline).ok()?;
    given.health.iter().find_map(|question| {
        let network = question.target.network()?;
        let port = network.port;
        if !network.is_loopback || given.args.service.port == Some(port) {
            return None;
        }
        let look = Look::at_a_distance(port, service, status, deadline).ok()?;
        let has_own = look.kept || !(look.own.is_empty() && look.daemon.is_empty());
        let holder = look.foreign.first().filter(|_| !has_own)?;
        Some(format!(
            "port {port} is held by {holder}, which is not the service's: unless it is a proxy before the service, DEPLOY_HEALTH_URL asks another application"
        ))
    })
}

/// Asks once; a service that runs and refuses may have been started a moment ago, by the recovery of a dead deploy for
/// one, and has half of the check's time to come.
fn ask(question: &Question, coming: bool, deadline: &Deadline) -> Answer {
    let patience = deadline.or_after(deadline.remaining() / 2);
    loop {
        let answer = probe::ask(question, deadline);
        if !(coming && answer.refused) || patience.sleep(AGAIN).is_err() {
            return answer;
        }
    }
}

/// Whether the service runs, as far as its supervisor knows.
fn runs(given: &Given, deadline: &Deadline) -> bool {
    let service = given.service.as_ref();
    let status = service.and_then(|service| given.status(service, deadline).ok());
    status.is_some_and(|status| matches!(status.active, Active::Running | Active::Starting))
}

/// A service that is not meant to run has no health.
fn nothing_to_ask(given: &Given, deadline: &Deadline) -> Option<&'static str> {
    let current = given.application.as_ref()?.current().ok();
    if current == Some(Current::Absent) {
        return Some("nothing is live yet");
    }
    let status = given.status(given.service.as_ref()?, deadline).ok()?;
    (status.active == Active::Stopped).then_some("the service is stopped")
}

fn judge(questions: &[Question], answers: &[Option<Answer>]) -> Finding {
    let mut well = Vec::new();
    for (question, answer) in questions.iter().zip(answers) {
        let target = &question.target;
        match answer {
            Some(answer) if answer.ok => well.push(format!("{target}: {}", answer.message)),
            Some(answer) => {
                let finding = Finding::fail(
                    format!("{target}: {}", answer.message),
                    format!("healthwait {}", step::quoted(&target.to_string())),
                );
                return finding.measured(answer.status, ());
            }
            None => return Finding::fail(format!("{target}: it could not be asked"), "healthwait"),
        }
    }
    Finding::pass(well.join("; "))
}
