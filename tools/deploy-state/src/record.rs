//! A report from standard input, into the history.

use application::{Application, fail};
use deadline::Deadline;
use std::time::Duration;
use step::{Failure, Report, Upstream};

/// Records the report and exits with its code. It goes on through a Ctrl-C that ended the steps before it: their
/// story is just what has to be kept then.
pub(crate) fn record(application: &Application) -> Result<Report, Failure> {
    let upstream = Upstream::read(&Deadline::never().uninterruptible())?;
    let deadline = Deadline::after(Duration::from_secs(60)).uninterruptible();
    let mut held = application.lock(&deadline)?;
    let phase = held.state.deploy().map_or("", |deploy| deploy.phase.name());
    held.append_report(phase, &upstream.value)
        .map_err(fail::store)?;
    let exit = upstream.exit();
    Ok(Report::passed_on(upstream.text, exit))
}
