#![allow(clippy::unwrap_used)]

use super::*;
use service::Setting;
use std::net::TcpListener;
use std::time::Duration;

fn service() -> Service {
    let root = std::env::temp_dir();
    let setting = Setting {
        current: root.join("current"),
        root,
        start: None,
    };
    let name = format!("process:port-{}", std::process::id());
    Service::parse(&name, &setting).unwrap()
}

fn look(port: u16) -> Look {
    let deadline = Deadline::after(Duration::from_secs(30));
    let service = service();
    let status = service.status(&deadline).unwrap();
    Look::at(port, &service, &status, &deadline).unwrap()
}

#[test]
fn a_stranger_is_named_on_either_family() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else {
            continue; // A machine without IPv6.
        };
        let port = listener.local_addr().unwrap().port();
        let look = look(port);
        assert!(!look.is_free());
        assert_eq!(look.foreign.len(), 1, "{look:?}");
        let own = std::process::id();
        assert_eq!(look.foreign[0].pid, own);
        assert!(look.phrase().contains(&format!("process {own} (")));
        assert!(look.hint(port).contains(&own.to_string()));
    }
}

#[test]
fn without_a_service_whoever_listens_is_a_stranger() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let look = Look::of_nobody(port).unwrap();
    assert_eq!(look.foreign[0].pid, std::process::id());
}

#[test]
fn a_port_that_nobody_listens_on_is_free() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(look(port).is_free());
}

/// Sorting one socket, held by nobody who can be seen.
fn unseen(user: u32, by_socket_unit: bool) -> Look {
    let listener = Listener {
        address: "127.0.0.1:80".parse().unwrap(),
        inode: 7,
        family: host::Family::Ipv4,
        user,
    };
    let holders = Holders {
        unclaimed: vec![7],
        ..Holders::default()
    };
    let name: Name = "systemd:shop".parse().unwrap();
    let whose = Whose {
        name: &name,
        by_socket_unit,
        daemons: Vec::new(),
        members: &[],
        hidden: false,
    };
    Look::sort(&Proc::system(), Some(&whose), &[listener], &holders)
}

#[test]
fn what_cannot_be_seen_is_not_free() {
    let look = unseen(1000, false);
    assert!(!look.is_free());
    assert!(look.phrase().contains("user 1000"), "{}", look.phrase());
    assert!(look.hint(80).contains("ss "), "{}", look.hint(80));
}

#[test]
fn a_socket_that_the_manager_keeps_for_the_service_is_as_good_as_free() {
    let look = unseen(0, true);
    assert!(look.kept && look.is_free(), "{look:?}");
    assert!(!unseen(0, false).is_free(), "no socket unit keeps it");
    assert!(!unseen(1000, true).is_free());
}

#[test]
fn a_supervisors_own_process_is_in_the_way_and_never_to_be_killed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let proc = Proc::system();
    let listeners = proc.listeners(port).unwrap();
    let holders = holders(&proc, &listeners, port).unwrap();
    let keeps = || vec![(std::process::id(), "(docker-proxy)".to_owned())];
    for name in ["compose:/srv/shop", "pm2:shop"] {
        let name: Name = name.parse().unwrap();
        let whose = Whose {
            name: &name,
            by_socket_unit: false,
            daemons: daemons(&name, keeps),
            members: &[],
            hidden: false,
        };
        let look = Look::sort(&proc, Some(&whose), &listeners, &holders);
        assert_eq!(look.daemon.len(), 1, "{look:?}");
        assert!(look.own.is_empty() && look.left.is_empty() && look.foreign.is_empty());
        assert!(!look.is_free());
    }
}
