use super::*;
use crate::transition::Begin;
use std::fs;
use std::time::Duration;

struct Scratch(Utf8PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("state-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(Utf8PathBuf::from_path_buf(path).unwrap())
    }

    fn store(&self) -> Store {
        Store::at(&Layout::new(self.0.clone()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn begin(store: &Store, id: &str) {
    let mut held = store.lock(&soon()).unwrap();
    let note = held.state.begin(Begin {
        id: id.into(),
        at: SystemTime::now(),
        by: "me".into(),
        owner: None,
        moment_of: None,
        live: None,
        release: None,
        commit: None,
    });
    held.write(note).unwrap();
}

#[test]
fn a_change_is_in_the_state_and_then_in_the_history() {
    let scratch = Scratch::new("change");
    let store = scratch.store();
    assert_eq!(store.load().unwrap(), State::first());
    begin(&store, "d1");
    let state = store.load().unwrap();
    assert_eq!(state.generation, 1);
    assert_eq!(state.deploy().unwrap().id, "d1");
    let history = store.history().unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["event"], "begun");
    assert_eq!(history[0]["generation"], 1);
}

#[test]
fn a_history_that_lags_behind_is_made_up_for_once() {
    let scratch = Scratch::new("lag");
    let store = scratch.store();
    begin(&store, "d1");
    begin(&store, "d2");
    // The second event was lost between the two writes, its line torn.
    let text = fs::read_to_string(&store.history).unwrap();
    let first = text.find('\n').unwrap() + 1;
    fs::write(&store.history, &text[..first + 10]).unwrap();
    begin(&store, "d3");
    begin(&store, "d4");
    let generations: Vec<u64> = store
        .history()
        .unwrap()
        .iter()
        .filter_map(|line| line["generation"].as_u64())
        .collect();
    assert_eq!(generations, [1, 2, 3, 4]);
}

#[test]
fn a_missing_state_beside_a_history_is_no_first_run() {
    let scratch = Scratch::new("missing");
    let store = scratch.store();
    begin(&store, "d1");
    fs::remove_file(store.path()).unwrap();
    assert!(matches!(store.load(), Err(StoreError::Missing { .. })));
    assert!(matches!(
        store.lock(&soon()),
        Err(StoreError::Missing { .. })
    ));
}

#[test]
fn one_at_a_time() {
    let scratch = Scratch::new("lock");
    let store = scratch.store();
    let held = store.lock(&soon()).unwrap();
    let other = store.lock(&Deadline::after(Duration::ZERO));
    assert!(matches!(other, Err(StoreError::Ended(Ended::Passed))));
    drop(held);
    store.lock(&soon()).unwrap();
}

#[test]
fn the_history_tells_of_deploys() {
    let scratch = Scratch::new("deploys");
    let store = scratch.store();
    begin(&store, "d1");
    let mut held = store.lock(&soon()).unwrap();
    let report = json!({"tool": "preflight", "deployId": "d1", "forced": true});
    held.append_report("pre-flight", &report).unwrap();
    let note = held
        .state
        .end(
            "d1",
            crate::Outcome::Aborted,
            Some("no"),
            SystemTime::now(),
            Duration::ZERO,
        )
        .unwrap();
    held.write(note).unwrap();
    drop(held);
    let told = store.told().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].outcome.as_deref(), Some("aborted"));
    assert_eq!((told[0].steps, told[0].forced), (1, true));
}

#[test]
fn a_deploy_whose_end_is_not_in_the_history_yet_has_ended_all_the_same() {
    let scratch = Scratch::new("told");
    let store = scratch.store();
    begin(&store, "d1");
    let mut held = store.lock(&soon()).unwrap();
    let outcome = crate::Outcome::Failed;
    let note = held
        .state
        .end("d1", outcome, None, SystemTime::now(), Duration::ZERO)
        .unwrap();
    held.write(note).unwrap();
    drop(held);
    let whole = store.told().unwrap();
    // As it is between the two writes.
    let text = fs::read_to_string(&store.history).unwrap();
    let first = text.find('\n').unwrap() + 1;
    fs::write(&store.history, &text[..first]).unwrap();
    assert_eq!(store.told().unwrap(), whole);
    assert_eq!(whole[0].outcome.as_deref(), Some("failed"));
}
