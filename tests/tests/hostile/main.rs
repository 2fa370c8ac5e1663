//! Endpoints that mean harm, and ones that must be asked well: the real `healthwait` against real servers.
//!
//! A hostile one must cost no more than the time limit, which the bench measures, and 64 MB of memory, which decides here;
//! and what is said of it must be what is so.
#![allow(clippy::unwrap_used)]

mod asked;
mod file;
mod resolver;
mod trusted;

use nix::sys::resource::{UsageWho, getrusage};
use slipway_tests::hostile::{HOSTILE, hostile};
use slipway_tests::{Ended, tool};
use std::time::{Duration, Instant};

/// The most that the largest of this process's children has taken, in kibibytes.
const MEMORY: i64 = 64 * 1000 * 1000 / 1024;
/// Far longer than the time limit and whatever else runs on the machine: only what hangs takes so long.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

fn memory_is_small() {
    let most = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    assert!(most < MEMORY, "{most} KiB");
}

fn check(name: &str) {
    let endpoint = hostile(name);
    let run = |timeout: &str| {
        let began = Instant::now();
        let ended = tool("healthwait")
            .args(&endpoint.arguments)
            .args(["--timeout", timeout, "--interval", "200ms"])
            .stderr_any()
            .run(124);
        assert!(began.elapsed() < FAR_TOO_LONG, "{:?}", began.elapsed());
        assert_eq!(ended.error_code(), "timed-out");
        ended
    };
    let is_said = |ended: &Ended| ended.text("/error/message").contains(endpoint.says);
    let mut ended = run("1s");
    if !is_said(&ended) {
        // A machine that is busy may not get as far as the endpoint in a second.
        ended = run("10s");
    }
    let message = ended.text("/error/message");
    assert!(is_said(&ended), "{message}");
    assert_eq!(ended.at("/targets/0/ok"), false);
    assert!(message.len() < 600, "{} bytes: {message}", message.len());
    memory_is_small();
}

macro_rules! each {
    ($($test:ident $name:literal)*) => {
        $(#[test] fn $test() { check($name); })*

        #[test]
        fn none_is_left_out() {
            assert_eq!(HOSTILE, [$($name),*]);
        }
    };
}

each! {
    a_black_hole "black-hole"
    a_port_that_never_answers "syn-never-answered"
    a_reset "reset"
    one_byte_a_second "one-byte-a-second"
    endless_headers "endless-headers"
    an_endless_body "endless-body"
    an_endless_stream "endless-stream"
    a_length_that_is_too_long "length-too-long"
    a_length_that_is_too_short "length-too-short"
    chunks_that_are_none "chunks-that-are-none"
    a_compressed_bomb "compressed-bomb"
    a_redirect_loop "redirect-loop"
    a_redirect_to_another_host "redirect-elsewhere"
    an_expired_certificate "certificate-expired"
    a_certificate_of_another_host "certificate-of-another-host"
    a_self_signed_certificate "certificate-self-signed"
    a_certificate_of_an_unknown_issuer "certificate-of-an-unknown-issuer"
    no_tls_at_all "no-tls-at-all"
    tls_that_stalls "tls-that-stalls"
    deep_json "json-ten-thousand-levels-deep"
    crumbs_of_json "json-of-crumbs"
    a_huge_header "header-of-100-mb"
    a_status_line_that_is_none "status-line-that-is-none"
    not_utf_8 "not-utf-8"
}

/// One look at what is expected to be well.
fn well(arguments: &[&str]) -> Ended {
    look(arguments, 0)
}

/// One look at what is expected not to be well; what is said of it.
fn unwell(arguments: &[&str]) -> String {
    look(arguments, 1).text("/error/message").to_owned()
}

fn look(arguments: &[&str], exit: i32) -> Ended {
    tool("healthwait")
        .args(arguments)
        .args(["--attempts", "1", "--timeout", "60s"])
        .stderr_any()
        .run(exit)
}
