//! Docker's proxies for published ports: they hold the port for a container, and belong to the engine.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;

use host::{Proc, Stat};

use super::inspect::Container;

/// The proxy's program.
const PROGRAM: &str = "docker-proxy";
/// The engine's, which starts the proxies and takes them with it when it ends.
const ENGINE: &str = "dockerd";
/// Its argument before the address that it leads to.
const LEADS_TO: &str = "-container-ip";
/// And before the host's port that it holds.
const HOLDS: &str = "-host-port";

/// The proxies that lead to one of these containers, each with the reason. Another project's, one that was left over
/// for an address that no container of these has, and what only calls itself one, are none.
pub(super) fn of(proc: &Proc, containers: &[Container]) -> Vec<(u32, String)> {
    let published: HashSet<(&str, &str)> = containers
        .iter()
        .filter(|container| container.lives())
        .flat_map(|container| {
            let pairs = |address| container.host_ports().map(move |port| (address, port));
            container.addresses().flat_map(pairs)
        })
        .collect();
    if published.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for stat in proc.processes().unwrap_or_default() {
        if !stat.name.starts_with(PROGRAM) {
            continue;
        }
        let Ok(arguments) = proc.arguments(stat.pid) else {
            continue;
        };
        let (Some(address), Some(port)) = (value(&arguments, LEADS_TO), value(&arguments, HOLDS))
        else {
            continue;
        };
        if published.contains(&(address, port)) && is_the_engines(proc, &stat) {
            found.push((stat.pid, format!("(docker-proxy) for {address}")));
        }
    }
    found
}

/// What follows an argument.
fn value<'a>(arguments: &'a [OsString], name: &str) -> Option<&'a str> {
    let mut pairs = arguments.windows(2);
    pairs.find_map(|pair| match pair {
        [told, value] if told == OsStr::new(name) => value.to_str(),
        _ => None,
    })
}

/// A process gives itself whatever name and arguments it likes. Root's it cannot be, nor have root's engine as its parent.
fn is_the_engines(proc: &Proc, proxy: &Stat) -> bool {
    let is_roots = |pid| user(proc, pid) == Some(0);
    proc.stat(proxy.parent)
        .is_ok_and(|parent| parent.name == ENGINE)
        && is_roots(proxy.parent)
        && is_roots(proxy.pid)
}

/// The user that a process really is; the owner of its files is no word for it, for a process can hand those to root.
fn user(proc: &Proc, pid: u32) -> Option<u32> {
    let status = fs::read_to_string(proc.root().join(pid.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::compose::inspect;
    use std::path::Path;

    const CONTAINER: &str = r#"[{"Id":"c","State":{"Status":"running","Pid":9},"NetworkSettings":{
        "Networks":{"shop":{"IPAddress":"172.18.0.2"}},
        "Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}],"81/tcp":null}}}]"#;

    fn process(root: &Path, pid: u32, name: &str, parent: u32, user: u32, arguments: &str) {
        let at = root.join(pid.to_string());
        fs::create_dir_all(&at).unwrap();
        let stat = format!(
            "{pid} ({name}) S {parent} 1 1 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 3 0 987654 12000000 900 \
             18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"
        );
        fs::write(at.join("stat"), stat).unwrap();
        let status = format!("Name:\t{name}\nUid:\t{user}\t0\t0\t0\n");
        fs::write(at.join("status"), status).unwrap();
        fs::write(at.join("cmdline"), arguments.replace(' ', "\0")).unwrap();
    }

    fn found(fill: impl Fn(&Path)) -> Vec<u32> {
        let root = std::env::temp_dir().join(format!("slipway-proxy-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fill(&root);
        let containers = inspect::containers(CONTAINER).unwrap();
        let found = of(&Proc::at(&root), &containers);
        fs::remove_dir_all(&root).unwrap();
        found.into_iter().map(|(pid, _)| pid).collect()
    }

    #[test]
    fn only_the_engines_own_proxy_for_that_port_is_one() {
        let line = |port: &str, address: &str| {
            format!(
                "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port {port} -container-ip {address} -container-port 80"
            )
        };
        let right = line("8080", "172.18.0.2");
        let seen = found(|root| {
            process(root, 10, "dockerd", 1, 0, "dockerd");
            process(root, 11, "dockerd", 1, 1000, "dockerd");
            process(root, 12, "bash", 1, 0, "bash");
            process(root, 20, "docker-proxy", 10, 0, &right);
            process(root, 21, "docker-proxy", 11, 1000, &right);
            process(root, 22, "docker-proxy", 12, 0, &right);
            process(root, 23, "docker-proxy", 10, 1000, &right);
            process(root, 24, "docker-proxy", 10, 0, &line("9090", "172.18.0.2"));
            process(root, 25, "docker-proxy", 10, 0, &line("8080", "172.18.0.3"));
            process(root, 26, "docker-proxy", 99, 0, &right);
        });
        assert_eq!(seen, [20]);
    }
}
