//! What a service that we start gets to see of our own environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variable that every process of such a service inherits, and that names the service.
pub(crate) const MARK: &str = "SLIPWAY_SERVICE";
/// What a service gets to see, besides every `LC_…`. What else it needs, its command sets.
const KEPT: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ"];
/// The path where there is none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is kept of ours: nothing of the deploy, and no variable of whoever happens to deploy.
pub(crate) fn reduced() -> BTreeMap<OsString, OsString> {
    let kept = |name: &OsString| {
        let name = name.to_string_lossy();
        KEPT.contains(&name.as_ref()) || name.starts_with("LC_")
    };
    let mut environment: BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| kept(name)).collect();
    environment
        .entry("PATH".into())
        .or_insert_with(|| PATH.into());
    environment
}
