//! `source`: what is to be staged is there.

use super::Check;
use crate::finding::Finding;
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;
use std::{fs, io};

pub(super) const CHECK: Check = Check {
    name: "source",
    about: "the directory that is to be staged can be read and is not empty",
    needs: "--source",
    given: |given| given.args.source.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let Some(source) = &given.args.source else {
        return Finding::skip("there is no source");
    };
    judge(
        source,
        fs::read_dir(source).map(|mut entries| entries.next().is_some()),
    )
}

fn judge(source: &Utf8Path, has_entries: io::Result<bool>) -> Finding {
    match has_entries {
        Ok(true) => Finding::pass(format!("{source} can be read")),
        Ok(false) => Finding::fail(format!("{source} is empty"), format!("ls -la {source}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::fail(
            format!("there is no {source}"),
            format!("ls -ld {}", super::places::nearest(source)),
        ),
        Err(error) => Finding::fail(
            format!("{source} cannot be read: {error}"),
            format!("ls -ld {source}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn empty_is_no_source() {
        let source = Utf8Path::new("/nowhere");
        assert_eq!(judge(source, Ok(true)).status, Status::Pass);
        assert_eq!(judge(source, Ok(false)).status, Status::Fail);
        let gone = Err(io::ErrorKind::NotFound.into());
        assert_eq!(judge(source, gone).status, Status::Fail);
    }
}
