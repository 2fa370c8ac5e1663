//! Deployed in place: a service that runs out of a git working tree, a remote that commits come from, and the runbook
//! `deploy-in-place`, from a good commit to every way in which one is rejected, killed or taken back.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

/// One test for each supervisor that starts a service out of a directory of the host's.
macro_rules! on_each {
    ($name:ident, |$fixture:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn check(supervisor: slipway_tests::Supervisor) {
                if let Some($fixture) = slipway_tests::Fixture::on(supervisor) {
                    $body
                }
            }

            #[test]
            fn systemd() {
                check(slipway_tests::Supervisor::Systemd);
            }

            #[test]
            fn systemd_user() {
                check(slipway_tests::Supervisor::SystemdUser);
            }

            #[test]
            fn process() {
                check(slipway_tests::Supervisor::Process);
            }

            #[test]
            fn pm2_fork() {
                check(slipway_tests::Supervisor::Pm2Fork);
            }
        }
    };
}

mod checkout;
mod deploys;
mod halves;
mod kills;
mod refusals;
mod word;

#[path = "../runbook/mod.rs"]
mod runbook;
