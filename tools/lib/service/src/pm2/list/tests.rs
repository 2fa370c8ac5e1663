#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

/// An instance as PM2 7 lists it, what the tests do not look at left out.
fn instance(id: u64, pid: u64, state: &str) -> Value {
    json!({
        "pid": pid, "name": "shop", "pm_id": id,
        "pm2_env": {
            "name": "shop", "status": state, "restart_time": 2, "unstable_restarts": 0,
            "created_at": 1_795_178_000_000_u64, "pm_uptime": 1_795_178_382_619_u64 + id,
            "unique_id": "875cd0bf-d6bf-4044-8145-fcf3cca5a850", "exec_mode": "cluster_mode",
            "pm_cwd": "/srv/shop/releases/1", "pm_out_log_path": "/home/a/.pm2/logs/shop-out-0.log",
            "exit_code": 1, "username": "a",
        }
    })
}

fn of(instances: &[Value]) -> Status {
    status(&Entry::all(&json!(instances)), |pid| pid != 99)
}

#[test]
fn all_instances_together_are_the_service() {
    let up = of(&[instance(1, 8, "online"), instance(0, 7, "online")]);
    assert_eq!(up.active, Active::Running);
    assert_eq!(up.phrase(), "running (online)");
    assert_eq!(up.main_pid, Some(7), "the first one's");
    assert_eq!(up.restarts, Some(4));
    assert_eq!(up.exit_status, None, "that of an earlier run says nothing");
    assert_eq!(up.stop_timeout, Some(Duration::from_millis(1600)));
    assert_eq!(up.start_limit.unwrap().burst, 16);
    assert_eq!(up.invocation.as_deref(), Some("875cd0bf-1a1f8f8451c"));
}

#[test]
fn the_worst_of_them_says_how_it_stands() {
    for (states, active) in [
        (["online", "launching"], Active::Starting),
        (["online", "stopping"], Active::Stopping),
        (["online", "waiting restart"], Active::Restarting),
        (["online", "errored"], Active::Running),
        (["stopped", "errored"], Active::Failed),
        (["stopped", "stopped"], Active::Stopped),
    ] {
        let pid =
            |state| u64::from(!matches!(state, "stopped" | "errored" | "waiting restart")) * 7;
        let [first, second] = states;
        let both = of(&[
            instance(0, pid(first), first),
            instance(1, pid(second), second),
        ]);
        assert_eq!(both.active, active, "{states:?}");
    }
    let mixed = of(&[instance(0, 7, "online"), instance(1, 0, "errored")]);
    assert_eq!(mixed.phrase(), "running (1 of 2 online, 1 of 2 errored)");
}

#[test]
fn one_that_died_and_is_started_anew_in_a_moment_is_not_stopped() {
    assert_eq!(of(&[instance(0, 7, "stopped")]).active, Active::Restarting);
    assert_eq!(of(&[instance(0, 99, "online")]).active, Active::Restarting);
    assert_eq!(of(&[instance(0, 0, "stopped")]).active, Active::Stopped);
}

#[test]
fn given_up_is_told_from_a_stop_that_failed() {
    let mut given_up = instance(0, 0, "errored");
    given_up["pm2_env"]["created_at"] = Value::Null;
    let status = of(&[given_up]);
    assert!(status.start_limit_hit);
    assert_eq!(
        status.phrase(),
        "failed (errored, too many unstable restarts, start limit hit, status 1)"
    );
    assert!(!of(&[instance(0, 0, "errored")]).start_limit_hit);
}

#[test]
fn another_start_of_any_instance_is_another_run() {
    let run = |first: u64, second: u64| {
        let mut instances = [instance(0, 7, "online"), instance(1, 8, "online")];
        instances[0]["pm2_env"]["pm_uptime"] = first.into();
        instances[1]["pm2_env"]["pm_uptime"] = second.into();
        of(&instances).invocation.unwrap()
    };
    assert_eq!(run(100, 200), run(100, 200));
    assert_ne!(run(100, 200), run(300, 200));
    assert_ne!(run(100, 200), run(100, 300));
}

#[test]
fn what_pm2_does_not_list_is_nothing() {
    let nothing = of(&[]);
    assert_eq!(
        (nothing.active, nothing.restarts, nothing.invocation),
        (Active::Stopped, None, None)
    );
    assert!(Entry::all(&json!([{"pid": 1}, 7, null])).is_empty());
    assert!(Entry::all(&json!({"processes": []})).is_empty());
}

#[test]
fn what_people_wrote_as_text_is_a_number_too() {
    let mut one = instance(0, 7, "online");
    one["pm2_env"]["kill_timeout"] = "30000".into();
    one["pm2_env"]["max_restarts"] = json!(5);
    let status = of(&[one]);
    assert_eq!(status.stop_timeout, Some(Duration::from_secs(30)));
    assert_eq!(status.start_limit.unwrap().interval, Duration::from_secs(5));
}
