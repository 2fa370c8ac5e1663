#![allow(clippy::unwrap_used)]
use super::*;
use crate::supervisor::Supervisor;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn compose(root: &Path) -> Compose {
    project_at(&root.join("current"), root)
}

fn project_at(path: &Path, root: &Path) -> Compose {
    let current = root.join("current");
    let setting = Setting {
        root: root.to_owned(),
        current,
        start: None,
    };
    Compose::new(&path.to_string_lossy(), &[], &setting)
}

fn root(name: &str) -> PathBuf {
    let base = std::env::temp_dir().join(format!("slipway-compose-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&base);
    let root = base.join("shop");
    fs::create_dir_all(root.join("run")).unwrap();
    root
}

#[test]
fn a_switch_that_was_armed_before_the_first_release_is_found_after_it() {
    let root = root("switch");
    let before = compose(&root);
    let called = before.project().name;
    let release = root.join("releases/r1");
    fs::create_dir_all(&release).unwrap();
    fs::write(release.join(".env"), "COMPOSE_PROJECT_NAME=till\n").unwrap();
    symlink("releases/r1", root.join("current")).unwrap();
    let after = compose(&root);
    assert_ne!(called, after.project().name);
    assert_eq!(
        format!("{:?}", before.switch),
        format!("{:?}", after.switch)
    );
    fs::remove_dir_all(root.parent().unwrap()).unwrap();
}

#[test]
fn nobody_starts_or_replaces_it_while_it_is_stopped() {
    let root = root("lock");
    let held = compose(&root).hold(&Deadline::after(Duration::from_secs(10)));
    let held = held.unwrap();
    assert!(held.is_some());
    let passed = Deadline::after(Duration::ZERO);
    for refused in [
        compose(&root).start(&passed),
        project_at(&root, &root).refresh(&passed).map(drop),
        compose(&root).hold(&passed).map(drop),
    ] {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("somebody else"), "{said}");
    }
    drop(held);
    compose(&root).hold(&passed).unwrap();
    fs::remove_dir_all(root.parent().unwrap()).unwrap();
}
