#![allow(clippy::unwrap_used)]

mod life;
mod proof;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadline::Deadline;
use host::Proc;

use crate::{Active, Service, Setting, Stopped};

/// Long enough for the slowest machine; no test waits for it to pass.
const LONG: Duration = Duration::from_secs(30);
/// Becomes the example `service-serve`, in the release's directory.
const SERVE: &str = "exec \"$(cat ../../examples)/service-serve\"";

/// An application's directory with two releases, and its service, which is gone when this is dropped.
struct Bench {
    root: PathBuf,
    service: Service,
}

impl Bench {
    fn new(command: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("slipway-{}-{count}", std::process::id()));
        fs::create_dir_all(root.join("releases/one")).unwrap();
        fs::create_dir_all(root.join("releases/two")).unwrap();
        fs::write(root.join("examples"), examples().to_str().unwrap()).unwrap();
        let root = fs::canonicalize(root).unwrap();
        durable::switch(root.join("current"), "releases/one").unwrap();
        let service = Self::service(&root, command);
        Self { root, service }
    }

    fn service(root: &Path, command: &str) -> Service {
        let setting = Setting {
            root: root.to_owned(),
            current: root.join("current"),
            start: Some(command.to_owned()),
        };
        Service::parse("process:shop", &setting).unwrap()
    }

    fn release(&self, name: &str) -> PathBuf {
        self.root.join("releases").join(name)
    }

    fn start(&self) -> u32 {
        self.service.start(&soon()).unwrap();
        self.service.status(&soon()).unwrap().main_pid.unwrap()
    }

    fn stop(&self) -> Stopped {
        self.service.stop(LONG, &soon()).unwrap()
    }

    /// Waits for a file that the service writes, and what is in it.
    fn wait_for(&self, file: &str) -> String {
        let path = self.release("one").join(file);
        until(|| {
            fs::read_to_string(&path)
                .ok()
                .filter(|text| text.ends_with('\n'))
        })
    }

    fn active(&self) -> Active {
        self.service.status(&soon()).unwrap().active
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.service.disarm_dead_man(&soon()).ok();
        self.service.kill(&soon()).ok();
        fs::remove_dir_all(&self.root).ok();
    }
}

fn soon() -> Deadline {
    Deadline::after(LONG)
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = soon();
    loop {
        if let Some(found) = look() {
            return found;
        }
        deadline.sleep(Duration::from_millis(5)).unwrap();
    }
}

fn is_gone(pid: u32) -> bool {
    Proc::system().stat(pid).map_or(true, |stat| stat.is_over())
}

/// Where cargo puts this crate's examples: beside the directory of the test programs.
fn examples() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let examples = own.parent().unwrap().with_file_name("examples");
    assert!(
        examples.join("service-serve").exists(),
        "cargo build -p service --examples"
    );
    examples
}
