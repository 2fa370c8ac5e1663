#![allow(clippy::unwrap_used)]
use super::*;
use service::Setting;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A supervisor that answers nobody, and its file.
fn silent() -> (Service, PathBuf) {
    let file = std::env::temp_dir().join(format!("healthwait-silent-{}", std::process::id()));
    fs::write(&file, "#!/bin/sh\nexec sleep 60\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    let setting = Setting {
        root: ".".into(),
        current: "current".into(),
        start: None,
    };
    let service = Service::parse(&format!("command:{}", file.display()), &setting).unwrap();
    (service, file)
}

#[test]
fn a_supervisor_that_is_silent_is_no_look_in_a_watch() {
    let (service, file) = silent();
    let watch = Watch::over(service);
    let mut looks = Looks::new(&watch, None, Duration::from_millis(10), true);
    let soon = || Deadline::after(Duration::from_millis(300));
    // A wait has time left, and looks again.
    let judgement = looks.look(&soon()).unwrap();
    assert!(
        matches!(&judgement, Judgement::Unwell(why) if why[0].contains("did not answer in time")),
        "{judgement:?}"
    );
    // In a watch it is what three in a row may not be.
    looks.begin_watch(Duration::from_millis(10));
    let failure = looks.look_in_watch(&soon()).unwrap_err();
    assert!(
        failure.message().contains("status"),
        "{}",
        failure.message()
    );
    assert!(looks.seen.is_none());
    fs::remove_file(file).unwrap();
}
