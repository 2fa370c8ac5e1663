//! One kill: the deploy is held at a moment, one of its processes is killed, and everything is looked at.

use crate::runbook::held::{parent, until_gone};
use crate::runbook::{Gate, Held, Moment, NEW, deploy_state, deployed, is_sound, runbook, state};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Supervisor, kill, until};

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// The runbook's shell.
    Script,
    /// `deploy-state run`, which holds the lease.
    Holder,
    /// `deploy-state step`.
    Step,
    /// The tool itself.
    Tool,
    /// All of them: the process group.
    All,
}

/// Which version answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    Old,
    New,
    /// Nobody; where there is a dead-man's switch, until that acts.
    Nobody,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// The tool, with its subcommand where it has one.
    pub(crate) tool: &'static str,
    /// Where in its life the kill finds it.
    pub(crate) moment: Moment,
    /// How the old and the new release behave.
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
    /// Who is killed.
    pub(crate) victim: Victim,
    /// How the runbook ends; 137 where the kill ends it.
    pub(crate) exit: i32,
    /// Who serves before the next command.
    pub(crate) served: Served,
    /// The state before the next command.
    pub(crate) status: &'static str,
    /// The release that is live then.
    pub(crate) live: &'static str,
    /// How the deploy is recorded, by itself or by the next command.
    pub(crate) outcome: &'static str,
    /// Who serves after `deploy-state recover`.
    pub(crate) recovered: Served,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Recover,
    Deploy,
}

impl Row {
    /// Kills, looks, and has the next command look after it.
    pub(crate) fn check(&self, supervisor: Supervisor, next: Next) {
        let Some(fixture) = Fixture::on(supervisor) else {
            return;
        };
        deployed(&fixture, self.old, self.new);
        let gate = Gate::at(&fixture, self.moment, self.tool);
        let patience = self.patience();
        let deploy = Held::deploy_with(
            &fixture,
            &gate,
            !matches!(self.victim, Victim::Holder | Victim::All),
            &[
                ("SERVICE_START_TIMEOUT", patience),
                ("HEALTHWAIT_TIMEOUT", patience),
            ],
        );
        let tool = gate.reached();
        self.until_at_work(&fixture);
        self.kill(&deploy, tool);
        let id = deploy.id.clone();
        // What is left of it is still held at the gate, but for those whose kill ends the runbook by itself.
        let held = if matches!(self.victim, Victim::Holder | Victim::All) {
            until_gone(deploy.run);
            Some(deploy)
        } else {
            let ended = deploy.finish(self.exit);
            assert_eq!(ended.text("/outcome"), self.outcome, "{}", ended.report);
            None
        };
        self.look(&fixture, &id);
        match next {
            Next::Recover => self.recover(&fixture, &id),
            Next::Deploy => self.deploy(&fixture, &id),
        }
        let after = (state(&fixture), fixture.selected(), fixture.version());
        assert_eq!(after.0["status"], "idle");
        assert_eq!(crate::runbook::told(&fixture, &id)["outcome"], self.outcome);

        // Whoever was left behind is let go on, and changes nothing that counts.
        gate.open();
        if self.victim != Victim::Tool {
            until_gone(tool);
        }
        if let Some(held) = held {
            held.finish(137);
        }
        let now = (state(&fixture), fixture.selected(), fixture.version());
        assert_eq!(
            (now.0["releases"].clone(), &now.1, &now.2),
            (after.0["releases"].clone(), &after.1, &after.2)
        );
        assert_eq!(now.0["status"], "idle");
        is_sound(&fixture);
    }

    /// How long a tool goes on that waits in vain. It is left behind by all kills but its own, and its end waited for;
    /// a script that is left behind as well acts on that end, which has to come after the look at what the kill led to.
    fn patience(&self) -> &'static str {
        match (self.moment, self.victim) {
            (Moment::Within, Victim::Step | Victim::Script) => "4s",
            (Moment::Within, Victim::Holder) => "8s",
            _ => "20s",
        }
    }

    /// Waits until a tool that is not held at its beginning or end has begun what it does.
    fn until_at_work(&self, fixture: &Fixture) {
        if self.moment != Moment::Within {
            return;
        }
        until("the tool is at work", || {
            let state = state(fixture);
            match self.tool {
                "service-stop" => state["switch"]["pid"].is_u64(),
                "service-start" => state["lastEvent"]["event"] == "started",
                "rollback" => state["lastEvent"]["event"] == "stopping",
                "healthwait" => state["phase"] == "validating",
                other => panic!("how is it seen that {other} is at work?"),
            }
        });
    }

    fn kill(&self, deploy: &Held, tool: u32) {
        match self.victim {
            Victim::Script => kill(deploy.script(tool), Signal::SIGKILL),
            Victim::Holder => kill(deploy.run, Signal::SIGKILL),
            Victim::Step => kill(parent(tool), Signal::SIGKILL),
            Victim::Tool => kill(tool, Signal::SIGKILL),
            Victim::All => {
                deploy.signal_all(Signal::SIGKILL);
                until_gone(tool);
            }
        }
    }

    /// Before anybody does anything.
    fn look(&self, fixture: &Fixture, id: &str) {
        serves(fixture, self.served);
        is_sound(fixture);
        let state = state(fixture);
        assert_eq!(state["status"], self.status, "{state}");
        assert_eq!(fixture.selected().as_deref(), Some(self.live));
        let going_on = (state["status"] != "idle").then(|| id.to_owned());
        assert_eq!(state["deployId"].as_str().map(str::to_owned), going_on);
        if self.status != "idle" {
            let shown = deploy_state(fixture, &["show"], 0);
            assert_eq!(shown.text("/holder/life"), "dead");
        }
    }

    fn recover(&self, fixture: &Fixture, id: &str) {
        let recovered = deploy_state(fixture, &["recover"], 0);
        if self.status == "idle" {
            assert!(recovered.at("/recovered").is_null());
        } else {
            assert_eq!(recovered.text("/recovered"), id);
            assert_eq!(recovered.text("/outcome"), self.outcome);
            // A release that does not come up may be asked to again.
            if self.recovered != Served::Nobody {
                let started = self.served == Served::Nobody;
                assert_eq!(recovered.at("/started"), started, "{}", recovered.report);
            }
        }
        serves(fixture, self.recovered);
        // Once more, and nothing is left to be done.
        assert_eq!(deploy_state(fixture, &["recover"], 0).at("/changed"), false);
    }

    /// The next deploy goes through, also over a sick release that was left and never validated; over one that hangs
    /// only past its own checks, as the port of what runs already may be told wrong.
    fn deploy(&self, fixture: &Fixture, id: &str) {
        fixture.release("20260103-000000", "3", "healthy");
        let left_hanging = self.live == NEW && self.new == "hang";
        let next = if left_hanging {
            // Half of a check's time is waited for a port that may still come.
            fixture.configure("PREFLIGHT_CHECK_TIMEOUT", "4s");
            let refused = fixture.deploy().run(1);
            assert_eq!(refused.text("/why"), "pre-flight checks failed");
            assert_eq!(fixture.selected().as_deref(), Some(NEW));
            let forced = format!("exec {} --force \"$DEPLOY_APP\"", runbook().display());
            let forced = fixture.shell(&forced).stderr_any().run(0);
            assert_eq!(forced.text("/outcome"), "succeeded");
            refused
        } else {
            fixture.deploy().run(0)
        };
        if self.status != "idle" {
            assert_eq!(next.text("/tookOver/deployId"), id);
            assert_eq!(next.text("/tookOver/life"), "dead");
        }
        assert_eq!(fixture.version().as_deref(), Some("3"));
    }
}

/// Who serves: the port tells. What is to be there may still be on its way to it.
pub(crate) fn serves(fixture: &Fixture, served: Served) {
    match served {
        Served::Old => fixture.until_version("1"),
        Served::New => fixture.until_version("2"),
        Served::Nobody => assert_eq!(fixture.version(), None),
    }
}
