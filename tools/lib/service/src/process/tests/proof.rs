//! Is it the new process that answers?

use super::*;
use crate::{Before, Expectation, Verdict};
use std::net::TcpListener;

#[test]
fn the_new_process_is_told_from_the_old_one() {
    let bench = Bench::new(SERVE);
    bench.start();
    let port = bench.wait_for("port").trim().parse().unwrap();
    let before = bench.service.before(&soon()).unwrap();
    let prove = |before: Option<&Before>, release: &str, port| {
        let expectation = Expectation {
            before: before.cloned(),
            release_dir: Some(bench.release(release)),
            port,
            endpoints: None,
        };
        bench.service.proof(&expectation, &soon()).unwrap()
    };
    let proof = prove(None, "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Proven, "{proof:?}");
    let proof = prove(None, "two", Some(port));
    assert_eq!(
        proof.verdict,
        Verdict::Disproven,
        "another release: {proof:?}"
    );
    let proof = prove(None, "two", None);
    assert_eq!(
        proof.verdict,
        Verdict::Disproven,
        "another release: {proof:?}"
    );
    let proof = prove(Some(&before), "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Disproven, "the same run: {proof:?}");

    bench.stop();
    let proof = prove(None, "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Disproven, "not running: {proof:?}");
    fs::remove_file(bench.release("one").join("port")).unwrap();
    bench.start();
    let port = bench.wait_for("port").trim().parse().unwrap();
    let proof = prove(Some(&before), "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Proven, "{proof:?}");

    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let proof = prove(None, "one", Some(foreign.local_addr().unwrap().port()));
    assert_eq!(proof.verdict, Verdict::Disproven, "{proof:?}");
    let named = format!("process {}", std::process::id());
    assert!(proof.reasons[0].contains(&named), "{proof:?}");
    drop(foreign);
}

#[test]
fn an_answer_is_tied_to_the_service_by_the_port_it_comes_from() {
    let bench = Bench::new(SERVE);
    bench.start();
    let own = bench.wait_for("port").trim().parse().unwrap();
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let prove = |endpoints: Vec<u16>| {
        let expectation = Expectation {
            release_dir: Some(bench.release("one")),
            endpoints: Some(endpoints),
            ..Expectation::default()
        };
        bench.service.proof(&expectation, &soon()).unwrap().verdict
    };
    assert_eq!(prove(vec![own]), Verdict::Proven);
    let stray = foreign.local_addr().unwrap().port();
    assert_eq!(
        prove(vec![own, stray]),
        Verdict::Unprovable,
        "somebody else answers"
    );
    assert_eq!(
        prove(Vec::new()),
        Verdict::Unprovable,
        "somewhere else it is answered"
    );
}

#[test]
fn a_wrapper_runs_out_of_its_childs_release() {
    let bench =
        Bench::new("cd /; sh -c 'cd \"$0\" && echo up > up && exec sleep 1000' \"$OLDPWD\"; :");
    bench.start();
    bench.wait_for("up");
    let expectation = Expectation {
        release_dir: Some(bench.release("one")),
        ..Expectation::default()
    };
    let proof = until(|| {
        let proof = bench.service.proof(&expectation, &soon()).unwrap();
        (proof.verdict == Verdict::Proven).then_some(proof)
    });
    assert!(!proof.reasons.is_empty());
}

#[test]
fn what_an_earlier_run_left_on_the_port_proves_nothing() {
    let bench = Bench::new(&format!("setsid sh -c '{SERVE}' & exit 1"));
    bench.service.start(&soon()).unwrap();
    let port = bench.wait_for("port").trim().parse().unwrap();
    until(|| (bench.active() == Active::Failed).then_some(()));
    // Times are told in hundredths of a second.
    std::thread::sleep(Duration::from_millis(30));
    let again = Bench::service(&bench.root, "exec sleep 1000");
    again.start(&soon()).unwrap();
    let expectation = Expectation {
        before: None,
        release_dir: Some(bench.release("one")),
        port: Some(port),
        endpoints: None,
    };
    let proof = again.proof(&expectation, &soon()).unwrap();
    assert_eq!(proof.verdict, Verdict::Disproven, "{proof:?}");
    assert!(proof.reasons[0].contains("earlier run"), "{proof:?}");
}
