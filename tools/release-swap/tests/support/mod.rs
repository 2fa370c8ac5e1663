//! An application on disk, and the real binary run against it.

use application::{Application, LayoutArgs, Request};
use deadline::Deadline;
use serde_json::Value;
use service::{Service, Setting};
use state::Rate;
use state::lease::Patience;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A root of its own, removed at the end.
pub(crate) struct Root(PathBuf);

impl Root {
    /// A root with these releases, the first one staged first.
    pub(crate) fn with(releases: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("release-swap-{}-{number}", std::process::id());
        let root = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(root.path("releases")).unwrap();
        for release in releases {
            root.add(release);
        }
        root
    }

    /// One more release, seen by the state now.
    pub(crate) fn add(&self, release: &str) {
        fs::create_dir(self.path(&format!("releases/{release}"))).unwrap();
        // Any moment that is taken lets the state see what is new; switching to nothing takes one.
        self.run(&["--previous"], None);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// What `current` says.
    pub(crate) fn current(&self) -> Option<String> {
        let target = fs::read_link(self.path("current")).ok()?;
        Some(target.to_str().unwrap().to_owned())
    }

    /// The state file.
    pub(crate) fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("deploy-state.json")).unwrap()).unwrap()
    }

    /// Changes the state file by hand.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        edit(&mut state);
        fs::write(self.path("deploy-state.json"), state.to_string()).unwrap();
    }

    /// Gives a release a verdict.
    pub(crate) fn verdict(&self, release: &str, verdict: &str) {
        self.edit(|state| {
            let releases = state["releases"].as_array_mut().unwrap();
            let release = releases.iter_mut().find(|one| one["name"] == release);
            release.unwrap()["verdict"] = verdict.into();
        });
    }

    /// Begins a deploy by hand, and says what it is called.
    pub(crate) fn begin(&self) -> String {
        let layout = LayoutArgs {
            root: Some(self.0.clone().try_into().unwrap()),
            releases: None,
            current: None,
            state: None,
        };
        let request = Request {
            id: None,
            by: "a test".into(),
            owner: None,
            moment_of: None,
            release: None,
            commit: None,
            patience: Patience {
                stale_after: Duration::from_secs(60),
                take_over: false,
            },
            rate: Rate::NONE,
            pause_after: None,
        };
        let application = Application::of(&layout).unwrap();
        application.begin(&request, &Deadline::never()).unwrap().id
    }

    /// The exit code and the report of `release-swap` with these arguments.
    pub(crate) fn run(&self, arguments: &[&str], upstream: Option<&str>) -> (i32, Value) {
        run(&self.0, arguments, upstream)
    }

    /// A plain process of the application, started in the live release; it is to be stopped by the test.
    pub(crate) fn service(&self) -> Service {
        let setting = Setting {
            root: self.0.clone(),
            current: self.path("current"),
            start: Some("exec sleep 1000".into()),
        };
        let service = Service::parse("process:shop", &setting).unwrap();
        service.start(&Deadline::never()).unwrap();
        service
    }
}

fn run(root: &Path, arguments: &[&str], upstream: Option<&str>) -> (i32, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_release-swap"))
        .env_clear()
        .env("PATH", "/nowhere")
        .arg("--root")
        .arg(root)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, upstream.unwrap_or_default().as_bytes()).ok();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), report)
}

impl Drop for Root {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
