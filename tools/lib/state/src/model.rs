//! What is known about one application's deploys.

use host::Identity;
use releases::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::num::NonZeroU64;
use std::time::SystemTime;

/// Everything the state file says.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Counts every change; never goes back.
    pub generation: u64,
    /// When it last changed, by the wall clock; for people.
    pub updated_at: Option<SystemTime>,
    /// When it last changed, by the clock that no one sets.
    pub beat: Option<Beat>,
    /// How this application is deployed: `release`, `in-place` or `compose`.
    pub kind: String,
    /// What is going on.
    pub status: Status,
    /// The release that `current` selected when the state was last written.
    pub live: Option<String>,
    /// The service as it was when the live release was switched to; what a crash loop is counted from.
    pub switch: Option<Switch>,
    /// Until when a crash loop still leads back, after a deploy that went well.
    pub probation_until: Option<SystemTime>,
    /// Automatic rollbacks since the last deploy began. One is all there is.
    pub rollbacks_tried: u64,
    /// Set where deploys are not wanted.
    pub paused: Option<Pause>,
    /// The servers behind HAProxy that a deploy has drained and that are to be made ready again, as `SOCKET,BACKEND/SERVER`.
    pub drained: Vec<String>,
    /// Whether those are kept drained: the deploy that ended last left nobody that serves, and nobody has been seen well since.
    pub kept_drained: bool,
    /// The deploys that failed since the last one that went well.
    pub failing: Failing,
    /// Every release that is known, in no order; [`Release::sequence`] is the order.
    pub releases: Vec<Release>,
    /// The sequence that the next new release gets.
    pub next_sequence: u64,
    /// What happened last; made sure to be in the history before anything else happens.
    pub last_event: Option<Event>,
}

/// What is going on, with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Nothing.
    Idle,
    /// A deploy has begun; what serves has not been touched.
    Deploying(Deploy),
    /// The service is being replaced, or has been and is not yet known to be well.
    Validating(Deploy),
    /// The release before is being brought back.
    RollingBack(Deploy),
}

/// A deploy that is going on, and the lease by which it alone may change anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Deploy {
    /// Its name; a step that does not know it may change nothing.
    pub id: String,
    /// How far it has come.
    pub phase: Phase,
    /// When it began.
    pub started_at: SystemTime,
    /// Who began it.
    pub initiated_by: String,
    /// The process that holds the lease. None where it is held by hand: then nothing proves it dead.
    pub owner: Option<Identity>,
    /// The tool that took the lease for one moment, outside any deploy.
    pub moment_of: Option<String>,
    /// The release that is to go live, once it is known.
    pub release: Option<String>,
    /// The release to come back to: the last validated one when the deploy began.
    pub previous: Option<String>,
    /// The change of the link that has been announced and not yet been reported done.
    pub intent: Option<Intent>,
    /// The file that asks the service to take no new work; it is removed with the deploy's end.
    pub pending_file: Option<String>,
    /// The commit before, where one was told; else the previous release's.
    pub previous_commit: Option<String>,
    /// The commit after, where one was told; else the new release's.
    pub current_commit: Option<String>,
}

/// The phases of a deploy, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The lease has been taken.
    Lock,
    /// Checks.
    PreFlight,
    /// The release is made.
    Build,
    /// No new work; that in flight ends.
    Drain,
    /// Stop, switch, start. From here on the status is `validating`.
    Restart,
    /// The new release proves itself.
    Validating,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::Lock,
        Self::PreFlight,
        Self::Build,
        Self::Drain,
        Self::Restart,
        Self::Validating,
    ];

    /// The phase of that name in a line of the history; nothing where it is none.
    pub(crate) fn named(name: &Value) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| name == phase.name())
    }

    /// The name in the state file and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::PreFlight => "pre-flight",
            Self::Build => "build",
            Self::Drain => "drain",
            Self::Restart => "restart",
            Self::Validating => "validating",
        }
    }
}

/// A change of the link, written down before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// `swap` or `rollback`.
    pub action: String,
    /// The release that was live.
    pub from: Option<String>,
    /// The release that is to be.
    pub to: String,
}

/// What a service took, for a comparison later on. What was not seen is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Baseline {
    /// Bytes that its processes had for themselves, files in memory not counted.
    pub memory_bytes: Option<u64>,
    /// The mean share of one core over their whole life, in percent.
    pub cpu_percent: Option<f64>,
}

/// The service at the moment of the switch, and its restarts since.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Switch {
    /// The supervisor's restart counter at the switch; what came before does not count.
    pub restarts: Option<u64>,
    /// The counter when it was last looked at.
    pub last_seen: Option<u64>,
    /// Restarts since the switch, also over a counter that was reset in between.
    pub counted: u64,
    /// The old main process.
    pub pid: Option<u32>,
    /// When the old main process started, in clock ticks after boot.
    pub start_time: Option<u64>,
    /// The supervisor's name for the old run.
    pub invocation: Option<String>,
    /// The images that ran before, where the service is made of containers.
    pub images: Vec<String>,
    /// What the old run took.
    pub baseline: Option<Baseline>,
    /// Where the service's log ended before the new run was started: a place that only the supervisor's part understands.
    pub log: Option<Value>,
}

/// Why there are no deploys, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The reason given.
    pub why: String,
    /// Since when.
    pub since: String,
    /// Until when; for good where there is none.
    pub until: Option<String>,
}

/// Deploys that failed in a row, and after how many of them there are to be no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Failing {
    /// After so many the application is paused; never by itself where there is none. Told by each deploy that begins.
    pub pause_after: Option<NonZeroU64>,
    /// Their names, oldest first; no more than the last [`Failing::MOST`].
    pub deploys: Vec<String>,
}

impl Failing {
    /// So many names are kept.
    pub const MOST: usize = 20;
}

/// One release that is or was on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The name of its directory.
    pub name: String,
    /// Its place in the order of releases; the clock has no say in it.
    pub sequence: u64,
    /// The commit it was made from.
    #[serde(default)]
    pub commit: Option<String>,
    /// What is known of its quality.
    pub verdict: Verdict,
    /// Whether it has ever been live.
    pub live: bool,
    /// Never to be pruned.
    pub pinned: bool,
}

/// How a deploy ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The new release serves and is good.
    Succeeded,
    /// It failed, and nothing was brought back.
    Failed,
    /// It failed, and the release before serves again.
    RolledBack,
    /// It ended before it came to a verdict.
    Aborted,
}

impl Outcome {
    /// The name in the history and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::Aborted => "aborted",
        }
    }
}

/// A moment by a clock that goes on through suspend and that nobody sets; it counts within one boot only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Beat {
    /// Which boot.
    pub boot_id: String,
    /// Milliseconds of `CLOCK_BOOTTIME`.
    pub boottime_ms: u64,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The state's generation that it led to.
    pub generation: u64,
    /// When, by the wall clock.
    pub at: String,
    /// What: `begun`, `phase`, `staged`, `switching`, `switched`, `ended`, …
    pub event: String,
    /// The deploy that it belongs to.
    pub deploy_id: Option<String>,
    /// All else there is to say.
    #[serde(flatten)]
    pub details: serde_json::Map<String, Value>,
}

impl State {
    /// The state of an application that was never deployed by Slipway.
    pub fn first() -> Self {
        Self {
            generation: 0,
            updated_at: None,
            beat: None,
            kind: "release".into(),
            status: Status::Idle,
            live: None,
            switch: None,
            probation_until: None,
            rollbacks_tried: 0,
            paused: None,
            drained: Vec::new(),
            kept_drained: false,
            failing: Failing::default(),
            releases: Vec::new(),
            next_sequence: 1,
            last_event: None,
        }
    }

    /// The deploy that is going on.
    pub fn deploy(&self) -> Option<&Deploy> {
        self.status.deploy()
    }

    /// The same, to be changed by a transition.
    pub(crate) fn deploy_mut(&mut self) -> Option<&mut Deploy> {
        match &mut self.status {
            Status::Idle => None,
            Status::Deploying(deploy)
            | Status::Validating(deploy)
            | Status::RollingBack(deploy) => Some(deploy),
        }
    }

    /// A release by its name.
    pub fn release(&self, name: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.name == name)
    }

    /// The same, to be changed by a transition.
    pub(crate) fn release_mut(&mut self, name: &str) -> Option<&mut Release> {
        self.releases
            .iter_mut()
            .find(|release| release.name == name)
    }

    /// A release's verdict; unknown where the release is.
    pub fn verdict(&self, name: &str) -> Verdict {
        self.release(name)
            .map_or(Verdict::Unknown, |release| release.verdict)
    }
}

impl Deploy {
    /// Whether it is for the very release that it would come back to: nothing new goes live with it, and that one was validated
    /// before.
    pub fn brings_nothing(&self) -> bool {
        self.release.is_some() && self.release == self.previous
    }
}

impl Status {
    /// The deploy that holds the lease.
    pub fn deploy(&self) -> Option<&Deploy> {
        match self {
            Self::Idle => None,
            Self::Deploying(deploy) | Self::Validating(deploy) | Self::RollingBack(deploy) => {
                Some(deploy)
            }
        }
    }

    /// The name in the state file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Deploying(_) => "deploying",
            Self::Validating(_) => "validating",
            Self::RollingBack(_) => "rolling-back",
        }
    }
}
