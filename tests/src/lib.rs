//! What the tests stand on: fixtures with a real service under a real supervisor, and a runner for the tools that
//! always checks what every tool promises.
//!
//! `make test` builds all binaries and runs the tests on a machine of their own (`tests/machine`). A test that cannot
//! run where it is says so through [`left_out`]; nothing is skipped in silence.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)] // It all serves tests: a panic is the report.

mod command;
mod engine;
mod fixture;
mod hint;
pub mod hostile;
mod left_out;
mod paths;
mod pm2;
mod port;
mod processes;
mod registry;
mod running;
mod service;
mod sshd;
mod supervisor;
mod teardown;
mod tool;
mod traffic;
mod unit;
mod user;
mod wait;

pub use engine::Engine;
pub use fixture::Fixture;
pub use left_out::left_out;
pub use paths::{binaries, binary, pm2_programs, real_application, target};
pub use port::Port;
pub use processes::{beneath, kill};
pub use registry::Registry;
pub use running::{Ended, Running};
pub use sshd::Sshd;
pub use supervisor::Supervisor;
pub use tool::{Tool, runbook, shell, tool};
pub use traffic::{Answer, Held, Load};
pub use unit::Unit;
pub use user::User;
pub use wait::{PATIENCE, until, until_some};

/// Makes one test for each supervisor out of one body: `on_each_supervisor!(name, |fixture| { … })`.
///
/// The tests are `name::systemd`, `name::systemd_user`, `name::process`, `name::pm2_fork`, `name::pm2_cluster`,
/// `name::command` and `name::compose`; each leaves itself out where its supervisor is not there. This is for what a
/// supervisor decides: which release goes live, which is rejected, whose answer is believed. A deploy of a Compose project
/// takes seconds, for which [`on_each_quick_supervisor!`] is there.
#[macro_export]
macro_rules! on_each_supervisor {
    ($name:ident, |$fixture:ident| $body:block) => {
        $crate::on_supervisors!($name, |$fixture| $body,
            systemd: Systemd, systemd_user: SystemdUser, process: Process, pm2_fork: Pm2Fork,
            pm2_cluster: Pm2Cluster, command: Command, compose: Compose);
    };
}

/// The same without a command and Compose: for what the tools decide among themselves (leases, signals, kills, pipes), and for what a test
/// does to a service through its files, which a container does not see. Each deploy there builds an image and has Compose make
/// containers; with these hundred tests it would take a quarter of an hour.
/// PM2 is among them in fork mode alone: cluster mode differs in who has the port and in who is one run, which the tests
/// of [`on_each_supervisor!`] are about, and each of these tests has a PM2 of its own to start.
#[macro_export]
macro_rules! on_each_quick_supervisor {
    ($name:ident, |$fixture:ident| $body:block) => {
        $crate::on_supervisors!($name, |$fixture| $body,
            systemd: Systemd, systemd_user: SystemdUser, process: Process, pm2_fork: Pm2Fork);
    };
}

/// One test for each supervisor that is named.
#[macro_export]
macro_rules! on_supervisors {
    ($name:ident, |$fixture:ident| $body:block, $($test:ident: $supervisor:ident),+) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn check(supervisor: $crate::Supervisor) {
                if let Some($fixture) = $crate::Fixture::on(supervisor) {
                    $body
                }
            }

            $(
                #[test]
                fn $test() {
                    check($crate::Supervisor::$supervisor);
                }
            )+
        }
    };
}
