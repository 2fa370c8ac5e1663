//! A name that nobody ever resolves.

use super::{FAR_TOO_LONG, memory_is_small};
use slipway_tests::hostile::SilentResolver;
use slipway_tests::{left_out, shell};
use std::time::Instant;

#[test]
fn a_resolver_that_hangs() {
    let Some(resolver) = SilentResolver::new() else {
        return left_out("a network of its own needs root, unshare, ip and python3");
    };
    let began = Instant::now();
    let ended = shell(&resolver.script("http://shop.example/ --timeout 1s"))
        .stderr_any()
        .run(124);
    assert!(began.elapsed() < FAR_TOO_LONG);
    let message = ended.text("/error/message");
    assert!(
        message.contains("http://shop.example/: no answer in time"),
        "{message}"
    );
    memory_is_small();
}
