//! The flag that asks the service to take no new work: raised and lowered under the lease.

use application::{Application, Lease, fail, lower};
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;
use serde::Serialize;
use std::time::{Duration, SystemTime};
use step::Failure;

/// The service reads it, whoever it runs as.
const MODE: u32 = 0o644;

/// What stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flag {
    /// The deploy that raised it.
    pub deploy_id: String,
    /// When (RFC 3339, UTC).
    pub raised_at: String,
    /// From when on it does not count any more, whoever forgot to lower it.
    pub expires_at: String,
}

impl Flag {
    fn new(deploy_id: &str, now: SystemTime, lasts: Duration) -> Self {
        Self {
            deploy_id: deploy_id.to_owned(),
            raised_at: clock::rfc3339(now),
            expires_at: clock::rfc3339(now.checked_add(lasts).unwrap_or(now)),
        }
    }
}

/// Raises the flag: first the state says so, so that whoever ends or settles the deploy lowers it, then the file appears.
pub fn raise(
    lease: &Lease<'_>,
    path: &Utf8Path,
    lasts: Duration,
    deadline: &Deadline,
) -> Result<Flag, Failure> {
    let flag = Flag::new(lease.id(), SystemTime::now(), lasts);
    let text = serde_json::to_vec(&flag)
        .map_err(|error| Failure::impossible("io", format!("{path}: {error}")))?;
    let mut held = lease.lock(deadline)?;
    let deploy = held
        .state
        .held_by(lease.id())
        .map_err(|refused| fail::refused(&refused))?;
    // Two flags of one deploy: the state can hold one, so the earlier is lowered.
    let earlier = deploy.pending_file.clone();
    let note = held
        .state
        .raise(lease.id(), Some(path.as_str()))
        .map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)?;
    durable::replace(path, &[&text, b"\n".as_slice()].concat(), MODE)
        .map_err(|error| fail::durable(&error))?;
    lower(earlier.as_deref().filter(|earlier| *earlier != path))?;
    Ok(flag)
}

/// Lowers the flag; whether there was one.
pub fn clear(lease: &Lease<'_>, path: &Utf8Path, deadline: &Deadline) -> Result<bool, Failure> {
    let mut held = lease.lock(deadline)?;
    let there = durable::remove(path).map_err(|error| fail::durable(&error))?;
    let note = held
        .state
        .raise(lease.id(), None)
        .map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)?;
    Ok(there)
}

/// The flag's path from the root of the file system, as whoever lowers it needs it.
pub(crate) fn absolute(application: &Application, path: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    let path = camino::absolute_utf8(path)
        .map_err(|error| Failure::impossible("io", format!("{path}: {error}")))?;
    // Raised over one of these it would destroy the application.
    let layout = &application.layout;
    let ours = [
        &layout.current,
        &layout.state,
        &layout.releases,
        &layout.root,
    ];
    if ours.contains(&&path) {
        return Err(Failure::usage(format!(
            "--pending-file {path}: that is the application's own"
        )));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_says_whose_it_is_and_until_when_it_counts() {
        let flag = Flag::new("d1", SystemTime::UNIX_EPOCH, Duration::from_secs(90));
        assert_eq!(
            serde_json::to_string(&flag).unwrap_or_default(),
            r#"{"deployId":"d1","raisedAt":"1970-01-01T00:00:00.000Z","expiresAt":"1970-01-01T00:01:30.000Z"}"#
        );
    }
}
