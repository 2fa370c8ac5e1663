//! A plain process as the service behind the targets.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
#[path = "../support/mod.rs"]
mod support;
mod wait;
mod watch;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use support::Application;

/// No test: run again by the tests below, it is the service.
#[test]
#[allow(clippy::print_stdout)] // The service's log.
fn acts_as_server() {
    let Ok(port) = std::env::var("SERVE") else {
        return;
    };
    let behaviour = std::env::var("BEHAVIOUR").unwrap_or_default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    if behaviour == "burn" {
        std::thread::spawn(|| {
            let mut number = 1_u64;
            loop {
                number = std::hint::black_box(number.wrapping_mul(3));
            }
        });
    }
    for (count, stream) in listener.incoming().enumerate() {
        if count == 15 && behaviour == "loses-port" {
            break;
        }
        assert!(count < 15 || behaviour != "dies", "as it was told");
        let mut stream = stream.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).is_ok());
        if behaviour == "log-errors" {
            println!("ERROR a request came");
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).ok();
    }
    drop(listener);
    std::thread::sleep(Duration::MAX);
}

fn pid(application: &Application) -> String {
    let deadline = deadline::Deadline::after(support::PATIENCE);
    let status = application.service.status(&deadline).unwrap();
    status.main_pid.unwrap().to_string()
}
