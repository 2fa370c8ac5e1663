//! Docker's proxies for published ports: they hold the port for a container, and belong to the engine.

use std::collections::HashSet;
use std::ffi::OsStr;

use host::Proc;

use super::inspect::Container;

/// The proxy's program.
const PROGRAM: &str = "docker-proxy";
/// Its argument before the address that it leads to.
const LEADS_TO: &str = "-container-ip";

/// The proxies that lead to one of these containers, each with the reason. Another project's, and one that was left over
/// for an address that no container of these has, are none.
pub(super) fn of(proc: &Proc, containers: &[Container]) -> Vec<(u32, String)> {
    let addresses: HashSet<&str> = containers
        .iter()
        .filter(|container| container.lives())
        .flat_map(Container::addresses)
        .collect();
    if addresses.is_empty() {
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
        let mut pairs = arguments.windows(2);
        let address = pairs.find_map(|pair| match pair {
            [name, value] if name == OsStr::new(LEADS_TO) => value.to_str(),
            _ => None,
        });
        if let Some(address) = address.filter(|address| addresses.contains(address)) {
            found.push((stat.pid, format!("(docker-proxy) for {address}")));
        }
    }
    found
}
