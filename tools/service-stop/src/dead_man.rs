//! What the dead-man's switch runs where no supervisor starts the service by itself, or more is to be done: `service-start`, told
//! everything.

use application::Application;
use service::{Service, StartAgain};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The tool that brings the service up again.
const STARTER: &str = "service-start";

/// The command that starts this very service if it does not run, needs no lease and records nothing.
///
/// It is told all by options: whatever becomes of the application's env file and of the deploy's variables until then, it
/// still starts what was stopped. In place it sees first that the working tree holds the live release, whole.
pub fn start_again_command(
    application: &Application,
    service: &Service,
    start: Option<&str>,
) -> StartAgain {
    let own = env::current_exe().ok();
    let names = env::vars_os().map(|(name, _)| name);
    let starter = starter(own.as_deref());
    let current = application.current().ok();
    let live = current.as_ref().and_then(|current| current.release());
    StartAgain {
        command: build(names, &starter, application, service, start),
        does_more: live.is_some_and(|live| matches!(application.in_place(live), Ok(Some(_)))),
    }
}

fn build(
    names: impl Iterator<Item = OsString>,
    starter: &Path,
    application: &Application,
    service: &Service,
    start: Option<&str>,
) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec!["env".into()];
    for name in names.filter(is_ours) {
        command.push("-u".into());
        command.push(name);
    }
    command.push(starter.into());
    command.push("--dead-man-acts".into());
    let layout = &application.layout;
    for (option, value) in [
        ("--root", &layout.root),
        ("--releases", &layout.releases),
        ("--current", &layout.current),
        ("--state", &layout.state),
    ] {
        command.push(format!("{option}={value}").into());
    }
    command.push(format!("--service={}", service.name()).into());
    command.extend(start.map(|start| OsString::from(format!("--start={start}"))));
    command
}

/// A variable that would stand for an option of the tool.
fn is_ours(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("DEPLOY_") || name.starts_with("SERVICE_START_")
}

/// Beside this program; where it is not, wherever the path leads.
fn starter(own: Option<&Path>) -> PathBuf {
    own.map(|own| own.with_file_name(STARTER))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| STARTER.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use releases::Layout;
    use service::Setting;
    use state::Store;

    #[test]
    fn it_is_told_everything_and_inherits_nothing_of_the_deploy() {
        let layout = Layout::new("/srv/shop");
        let application = Application {
            store: Store::at(&layout),
            layout,
        };
        let setting = Setting {
            root: "/srv/shop".into(),
            current: "/srv/shop/current".into(),
            start: None,
        };
        let service = Service::parse("process:shop", &setting).unwrap();
        let names = ["PATH", "DEPLOY_ID", "SERVICE_START_TIMEOUT"].map(OsString::from);
        let command = build(
            names.into_iter(),
            Path::new("/bin/service-start"),
            &application,
            &service,
            Some("-x 'y z'"),
        );
        assert_eq!(
            command,
            [
                "env",
                "-u",
                "DEPLOY_ID",
                "-u",
                "SERVICE_START_TIMEOUT",
                "/bin/service-start",
                "--dead-man-acts",
                "--root=/srv/shop",
                "--releases=/srv/shop/releases",
                "--current=/srv/shop/current",
                "--state=/srv/shop/deploy-state.json",
                "--service=process:shop",
                "--start=-x 'y z'",
            ]
        );
    }
}
