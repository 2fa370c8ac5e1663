//! Who does this, and what the deploy is to be called.

use nix::unistd::{Uid, User};
use std::fs::File;
use std::io::Read;
use std::time::SystemTime;
use std::{env, io};

/// The person behind this process: the one who called `sudo`, else the owner of the process.
pub fn initiator() -> String {
    let person = env::var("SUDO_USER")
        .ok()
        .filter(|name| !name.is_empty())
        .or_else(|| {
            let user = User::from_uid(Uid::effective()).ok()??;
            Some(user.name)
        })
        .unwrap_or_else(|| Uid::effective().to_string());
    match host::name() {
        Ok(host) => format!("{person}@{host}"),
        Err(_) => person,
    }
}

/// A new deploy's name: its moment, so that people can tell them apart, and chance, so that no two are alike.
pub fn new_id() -> io::Result<String> {
    let mut chance = [0; 3];
    File::open("/dev/urandom")?.read_exact(&mut chance)?;
    let [one, two, three] = chance;
    Ok(format!(
        "{}-{one:02x}{two:02x}{three:02x}",
        clock::compact(SystemTime::now())
    ))
}
