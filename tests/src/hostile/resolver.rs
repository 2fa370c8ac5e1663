//! A resolver that hears every question and answers none.

use crate::binary;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// In a network and a file system of its own: a socket where the resolver should be, which nobody reads.
const ALONE: &str = r#"
ip link set lo up
mount --bind "$1" /etc/resolv.conf
mount --bind "$2" /etc/nsswitch.conf
shift 2
exec python3 -c '
import os, socket, sys
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.bind(("127.0.0.1", 53))
resolver.set_inheritable(True)
os.execv(sys.argv[1], sys.argv[1:])
' "$@"
"#;

/// What makes names hang, for as long as it is kept.
#[derive(Debug)]
pub struct SilentResolver(PathBuf);

impl SilentResolver {
    /// Nothing where there can be no network of its own.
    pub fn new() -> Option<Self> {
        let needs = "ip link set lo up && python3 -c pass";
        let can = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", needs])
            .output();
        if !can.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let directory = std::env::temp_dir().join(format!("resolver-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let patient = "nameserver 127.0.0.1\noptions timeout:30 attempts:3\n";
        fs::write(directory.join("resolv.conf"), patient).unwrap();
        fs::write(directory.join("nsswitch.conf"), "hosts: dns\n").unwrap();
        Some(Self(directory))
    }

    /// The script for `sh` that runs `healthwait` with these arguments there.
    pub fn script(&self, arguments: &str) -> String {
        format!(
            "exec unshare --net --mount sh -ec '{}' sh {} {} {} {arguments}",
            ALONE.replace('\'', r"'\''"),
            self.0.join("resolv.conf").display(),
            self.0.join("nsswitch.conf").display(),
            binary("healthwait").display()
        )
    }
}

impl Drop for SilentResolver {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
