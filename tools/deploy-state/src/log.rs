//! One log file a deploy: all that its steps said.

use application::Application;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::SystemTime;

/// Opens the log of the deploy `id` to add to it.
pub(crate) fn open(application: &Application, id: &str) -> io::Result<File> {
    let path = application.log_of(id);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    // Root may write here what a deploy user owns: a link must not lead elsewhere.
    OpenOptions::new()
        .create(true)
        .append(true)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)
}

/// Adds one line with its time. A log that cannot be written is no reason to stop a deploy.
pub(crate) fn line(log: Option<&mut File>, text: &str) {
    if let Some(log) = log {
        writeln!(log, "{} {text}", clock::rfc3339(SystemTime::now())).ok();
    }
}
