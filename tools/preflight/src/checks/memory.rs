//! `memory`: enough is left for the new process.

use super::Check;
use crate::args::MEMORY_MIN;
use crate::finding::Finding;
use crate::given::Given;
use deadline::Deadline;
use host::Proc;

const MEBIBYTE: u64 = 1024 * 1024;

pub(super) const CHECK: Check = Check {
    name: "memory",
    about: "at least --memory-min of memory is available",
    needs: "--root, --service or --memory-min",
    given: |given| {
        given.application.is_some() || given.service.is_some() || given.args.memory_min.is_some()
    },
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let limit = given.args.memory_min.unwrap_or(MEMORY_MIN);
    match Proc::system().available_memory() {
        Ok(available) => judge(available, limit),
        Err(error) => Finding::fail(error.to_string(), "cat /proc/meminfo"),
    }
}

fn judge(available: u64, limit: u64) -> Finding {
    let message = format!("{} MiB of memory are available", available / MEBIBYTE);
    let finding = if available > limit {
        Finding::pass(message)
    } else {
        let limit = limit / MEBIBYTE;
        Finding::fail(
            format!("{message}, and more than {limit} MiB are wanted"),
            "ps -eo pid,rss,args --sort=-rss | head",
        )
    };
    finding.measured(available, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn more_than_the_limit() {
        assert_eq!(judge(MEMORY_MIN + 1, MEMORY_MIN).status, Status::Pass);
        assert_eq!(judge(MEMORY_MIN, MEMORY_MIN).status, Status::Fail);
    }
}
