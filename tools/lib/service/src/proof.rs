//! Is it the **new** process that answers? Proven, disproven and unprovable are three answers.

use std::path::{Path, PathBuf};

use deadline::Deadline;
use host::{Listener, Proc, Tri};
use serde::{Deserialize, Serialize};

use crate::supervisor::Supervisor;
use crate::{Active, Error, Status};

/// The run of the service that was there before the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// Its main process.
    pub pid: Option<u32>,
    /// When that started, in clock ticks after boot.
    pub start_time: Option<u64>,
    /// The run's name ([`Status::invocation`]).
    pub invocation: Option<String>,
}

impl Before {
    pub(crate) fn of(status: &Status, proc: &Proc) -> Self {
        let start_time = |pid| Some(proc.stat(pid).ok()?.start_time);
        Self {
            pid: status.main_pid,
            start_time: status.main_pid.and_then(start_time),
            invocation: status.invocation.clone(),
        }
    }
}

/// What is to be proven; what is `None` is not asked for.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// It is another run than this one.
    pub before: Option<Before>,
    /// It runs out of this release's directory.
    pub release_dir: Option<PathBuf>,
    /// It is the one that listens on this TCP port.
    pub port: Option<u16>,
    /// Where endpoints are asked over the network: those of their ports that are this host's. One that the service does not
    /// hold may be a proxy's: that is noted, and where no port is told nothing ties the answer to the service, and nothing is
    /// proven.
    pub endpoints: Option<Vec<u16>>,
}

/// The three answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything asked for was seen to be so.
    Proven,
    /// Something was seen to be otherwise.
    Disproven,
    /// Nothing was seen to be otherwise, but something could not be seen.
    Unprovable,
}

/// The answer and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The answer.
    pub verdict: Verdict,
    /// For [`Verdict::Proven`] what was seen; else what was seen to be otherwise, or could not be seen.
    pub reasons: Vec<String>,
}

impl Proof {
    /// What helps whoever cannot prove it.
    pub const MORE: &str = "root and the service's user see more, and DEPLOY_ACCEPT_UNPROVABLE=yes in the application's file goes on all the same";
}

/// What was found on the way to a proof.
#[derive(Default)]
struct Findings {
    seen: Vec<String>,
    against: Vec<String>,
    unseen: Vec<String>,
}

impl Findings {
    /// By what the supervisor knows of each part of the service: every one of them is to be out of the release.
    fn weigh_parts(&mut self, directory: &Path, parts: Vec<Tri>) {
        if parts.is_empty() {
            self.unseen
                .push("the service has no part to look at".to_owned());
        }
        for part in parts {
            match part {
                Tri::Yes(why) => self.seen.push(why),
                Tri::No(why) => self.against.push(format!(
                    "it does not run out of {}: {why}",
                    directory.display()
                )),
                Tri::Unknown(why) => self.unseen.push(why),
            }
        }
    }

    fn conclude(self) -> Proof {
        let (verdict, reasons) = if !self.against.is_empty() {
            (Verdict::Disproven, self.against)
        } else if !self.unseen.is_empty() {
            (Verdict::Unprovable, self.unseen)
        } else if self.seen.is_empty() {
            let nothing = "nothing was seen that proves anything".to_owned();
            (Verdict::Unprovable, vec![nothing])
        } else {
            (Verdict::Proven, self.seen)
        };
        Proof { verdict, reasons }
    }
}

pub(crate) fn prove(
    supervisor: &dyn Supervisor,
    proc: &Proc,
    expectation: &Expectation,
    deadline: &Deadline,
) -> Result<Proof, Error> {
    let status = supervisor.status(deadline)?;
    let mut findings = Findings::default();
    if status.active != Active::Running {
        findings.against.push(format!(
            "the service is not running: it is {}",
            status.phrase()
        ));
        return Ok(findings.conclude());
    }
    if let Some(before) = &expectation.before {
        is_another_run(before, &status, proc, &mut findings);
    }
    let members = match supervisor.members(&status, deadline) {
        Ok(members) => members,
        Err(error @ (Error::Io { .. } | Error::Unreadable { .. })) => {
            let reason = format!("which processes the service has cannot be seen: {error}");
            findings.unseen.push(reason);
            status.main_pid.into_iter().collect()
        }
        Err(error) => return Err(error),
    };
    let hidden = supervisor.hides_members(&status, &members);
    if hidden {
        let reason = "the supervisor does not tell the service's processes: whether it is a new run cannot be seen";
        findings.unseen.push(reason.to_owned());
    }
    let subject = Subject {
        proc,
        hidden,
        status: &status,
        members: &members,
        keepers: supervisor.socket_keepers(&status),
    };
    let servers = match (expectation.port, &expectation.endpoints) {
        (Some(port), endpoints) => {
            for other in endpoints.iter().flatten().filter(|other| **other != port) {
                subject.asked_elsewhere(*other, &mut findings)?;
            }
            subject.holds_the_port(port, &mut findings)?
        }
        (None, Some(ports)) => subject.answers_at(ports, &mut findings)?,
        (None, None) => Vec::new(),
    };
    if let Some(directory) = &expectation.release_dir {
        match supervisor.runs_out_of(directory, deadline)? {
            Some(parts) => findings.weigh_parts(directory, parts),
            None => subject.runs_out_of(directory, &servers, &mut findings),
        }
    }
    Ok(findings.conclude())
}

fn is_another_run(before: &Before, status: &Status, proc: &Proc, findings: &mut Findings) {
    match (&before.invocation, &status.invocation) {
        (Some(then), Some(now)) if then == now => findings.against.push(format!(
            "it is the same run as before the switch (invocation {now})"
        )),
        (Some(_), Some(now)) => findings.seen.push(format!("a new run (invocation {now})")),
        _ => {}
    }
    let (Some(old_pid), Some(pid)) = (before.pid, status.main_pid) else {
        if before.pid.is_some() && status.invocation.is_none() {
            let reason = "the supervisor names no main process to compare with the one before";
            findings.unseen.push(reason.to_owned());
        }
        return;
    };
    let start_time = proc.stat(pid).map(|stat| stat.start_time);
    match (before.start_time, start_time) {
        _ if old_pid != pid => findings.seen.push(format!(
            "a new main process: {pid}, before it was {old_pid}"
        )),
        (Some(then), Ok(now)) if then == now => findings.against.push(format!(
            "process {pid} is the very one that ran before the switch"
        )),
        (Some(_), Ok(_)) => findings.seen.push(format!(
            "a new main process: {pid}, the same number but started later"
        )),
        (_, Err(error)) => findings
            .unseen
            .push(format!("process {pid} cannot be looked at: {error}")),
        (None, Ok(_)) => findings.unseen.push(format!(
            "when process {pid} started before the switch was not seen then"
        )),
    }
}

/// The running service.
struct Subject<'a> {
    proc: &'a Proc,
    status: &'a Status,
    members: &'a [u32],
    keepers: Vec<(u32, String)>,
    /// Its processes are not known.
    hidden: bool,
}

impl Subject<'_> {
    /// Checks that it is the service which answers at one of these ports, and answers with its processes that do.
    fn answers_at(&self, ports: &[u16], findings: &mut Findings) -> Result<Vec<u32>, Error> {
        let mut servers = Vec::new();
        for port in ports {
            let mut here = Findings::default();
            servers.extend(self.holds_the_port(*port, &mut here)?);
            if here.against.is_empty() {
                findings.seen.extend(here.seen);
                findings.unseen.extend(here.unseen);
            } else {
                findings.unseen.push(format!(
                    "no port of the service was told, and {}; --port would tell it",
                    here.against.join("; ")
                ));
            }
        }
        if ports.is_empty() {
            let reason =
                "no port of the service was told, so nothing ties the answer to it; --port would";
            findings.unseen.push(reason.to_owned());
        }
        Ok(servers)
    }

    /// Notes that the endpoint is asked at a port that is not the service's own: a proxy may stand before it.
    fn asked_elsewhere(&self, port: u16, findings: &mut Findings) -> Result<(), Error> {
        let mut here = Findings::default();
        self.holds_the_port(port, &mut here)?;
        let note = |why| format!("the endpoint may be answered by somebody else: {why}");
        findings.seen.extend(here.against.into_iter().map(note));
        Ok(())
    }

    /// Checks who listens on the port and answers with those of the service's processes that do.
    fn holds_the_port(&self, port: u16, findings: &mut Findings) -> Result<Vec<u32>, Error> {
        let listeners = self.listeners(port)?;
        if listeners.is_empty() {
            findings
                .against
                .push(format!("nobody listens on port {port}"));
            return Ok(Vec::new());
        }
        let inodes: Vec<u64> = listeners.iter().map(|listener| listener.inode).collect();
        let holders = self
            .proc
            .holders(&inodes)
            .map_err(Error::io("look for who holds the port"))?;
        let mut servers = Vec::new();
        for holder in &holders.holders {
            if self.members.contains(&holder.pid) && self.is_of_an_earlier_run(holder.pid) {
                findings.against.push(format!(
                    "port {port} is held by process {} ({}), which is left from an earlier run of the service",
                    holder.pid, holder.cmdline
                ));
            } else if self.members.contains(&holder.pid) {
                servers.push(holder.pid);
            } else if let Some((_, why)) = self.keepers.iter().find(|(pid, _)| *pid == holder.pid) {
                findings.seen.push(format!(
                    "port {port} is held by process {} {why}",
                    holder.pid
                ));
            } else if self.hidden {
                // What it runs out of may still speak against it.
                servers.push(holder.pid);
            } else {
                findings.against.push(format!(
                    "port {port} is held by process {} ({}), which is not the service's",
                    holder.pid, holder.cmdline
                ));
            }
        }
        for listener in listeners
            .iter()
            .filter(|one| holders.unclaimed.contains(&one.inode))
        {
            let blind = if holders.complete() {
                "no process that can be seen from here holds it".to_owned()
            } else {
                format!(
                    "it belongs to user {}, whose processes only that user and root may look into: run this as \
                     one of them",
                    listener.user
                )
            };
            findings
                .unseen
                .push(format!("who listens on {}: {blind}", listener.address));
        }
        for pid in &servers {
            findings
                .seen
                .push(format!("port {port} is held by process {pid}"));
        }
        Ok(servers)
    }

    /// It is older than the main process: a child that an earlier one left behind, in the same control group.
    fn is_of_an_earlier_run(&self, pid: u32) -> bool {
        let start_time = |pid| self.proc.stat(pid).map(|stat| stat.start_time);
        match (start_time(pid), self.status.main_pid.map(start_time)) {
            (Ok(its), Some(Ok(main))) => its < main,
            _ => false,
        }
    }

    /// Who listens, where the service's main process looks from (it may be in a network namespace of its own).
    fn listeners(&self, port: u16) -> Result<Vec<Listener>, Error> {
        let read = Error::io("look for who listens on the port");
        let here = self.proc.listeners(port).map_err(read)?;
        if !here.is_empty() {
            return Ok(here);
        }
        let seen_by = |pid| self.proc.listeners_seen_by(pid, port).ok();
        Ok(self.status.main_pid.and_then(seen_by).unwrap_or_default())
    }

    /// Those that serve decide where there are any; else any process of the service may show the release, for the main one
    /// may be a wrapper (`sh -c`, `npm`).
    fn runs_out_of(&self, directory: &Path, servers: &[u32], findings: &mut Findings) {
        let serving = !servers.is_empty();
        let mut candidates: Vec<u32> = servers.to_vec();
        if !serving {
            candidates.extend(self.status.main_pid);
            let others = self.members.iter().copied();
            candidates.extend(others.filter(|pid| {
                Some(*pid) != self.status.main_pid && !self.is_of_an_earlier_run(*pid)
            }));
        }
        let (mut yes, mut no, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for pid in candidates {
            match self.proc.runs_from(pid, directory) {
                Tri::Yes(why) => yes.push(why),
                Tri::No(why) => no.push(why),
                Tri::Unknown(why) => unknown.push(why),
            }
        }
        // Whoever serves out of another release serves wrong, whatever serves beside it.
        if !no.is_empty() && (serving || yes.is_empty()) {
            let reason = |why| format!("it does not run out of {}: {why}", directory.display());
            findings.against.extend(no.into_iter().map(reason));
        } else if !yes.is_empty() {
            findings.seen.append(&mut yes);
        } else if unknown.is_empty() {
            findings
                .unseen
                .push("the service has no process to look at".to_owned());
        } else {
            let user = self.status.user.as_deref().unwrap_or("the service's user");
            findings.unseen.append(&mut unknown);
            if !nix::unistd::geteuid().is_root() {
                findings
                    .unseen
                    .push(format!("run this as root or as {user} to see more"));
            }
        }
    }
}
