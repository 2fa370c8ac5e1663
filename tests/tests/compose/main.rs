//! Compose projects, on a real Docker engine: what only containers do. What every supervisor does is in `rejections` and
//! `old_process`.
#![allow(clippy::unwrap_used)]

mod by_hand;
mod crash_loop;
#[path = "../deploys/mod.rs"]
mod deploys;
mod errors;
mod images_gone;
mod releases;
mod strangers;

use slipway_tests::{Fixture, Supervisor};
use std::fs;
use std::path::{Path, PathBuf};

/// A fixture with an engine; nothing where there can be none.
fn fixture() -> Option<Fixture> {
    Fixture::on(Supervisor::Compose)
}

/// What the engine says of the one container of this service, in a template's words.
fn inspect(fixture: &Fixture, project: &str, service: &str, template: &str) -> String {
    let engine = fixture.engine.as_ref().unwrap();
    let id = container(fixture, project, service);
    engine.say(&["inspect", "--format", template, &id])
}

/// The id that the engine has for the image of this name.
fn image_id(fixture: &Fixture, name: &str) -> String {
    let ask = ["image", "inspect", "--format", "{{.Id}}", name];
    fixture.engine.as_ref().unwrap().say(&ask)
}

/// The container of this service, whatever state it is in.
fn container(fixture: &Fixture, project: &str, service: &str) -> String {
    let engine = fixture.engine.as_ref().unwrap();
    let of_project = format!("label=com.docker.compose.project={project}");
    let of_service = format!("label=com.docker.compose.service={service}");
    let filters = ["--filter", &of_project, "--filter", &of_service];
    engine.say(&[&["ps", "--all", "--quiet", "--no-trunc"], &filters[..]].concat())
}

/// A project of the service `web`, which serves, and `worker`, which sleeps; both are built here.
fn project(fixture: &Fixture, name: &str) -> PathBuf {
    let directory = fixture.directory.join(name);
    let port = fixture.port.number;
    for service in ["web", "worker"] {
        fs::create_dir_all(directory.join(service)).unwrap();
    }
    behaves(fixture, &directory, "web", "1", "healthy");
    behaves(fixture, &directory, "worker", "1", "healthy");
    let file = format!(
        "version: '3.4'\nservices:\n  web:\n    build: web\n    network_mode: host\n    pid: host\n    restart: always\n    \
         command: [./demo-service, --port, '{port}']\n  worker:\n    build: worker\n    network_mode: host\n    restart: always\n    \
         command: [./demo-service, --port, '0']\n"
    );
    fs::write(directory.join("docker-compose.yml"), file).unwrap();
    directory
}

/// What a service of the project is built from next.
fn behaves(fixture: &Fixture, project: &Path, service: &str, version: &str, behaviour: &str) {
    let source = fixture.source(&format!("{service}-{version}"), version, behaviour);
    for name in ["demo-service", "VERSION", "behaviour", "Dockerfile"] {
        fs::copy(source.join(name), project.join(service).join(name)).unwrap();
    }
}
