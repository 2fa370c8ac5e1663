//! The exit codes, the same in every tool and on every man page.

/// How a tool ended. The codes from 64 up follow `sysexits.h`, 124 follows `timeout(1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or yes; already so counts as done.
    Done,
    /// 1: the answer is no: a check failed, unhealthy, refused.
    No,
    /// 2: bad usage; nothing was begun.
    Usage,
    /// 3: it could not be done: I/O, permission, a missing program.
    Impossible,
    /// 69: the service is down; neither the new release nor the old one serves.
    Down,
    /// 75: busy; another deploy holds the lease, or this one has lost it.
    Busy,
    /// 124: timed out.
    TimedOut,
    /// 128 and the number of the signal that ended the tool.
    Signal(i32),
    /// The code of another program, whose report or status is passed on.
    PassedOn(u8),
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Impossible => 3,
            Self::Down => 69,
            Self::Busy => 75,
            Self::TimedOut => 124,
            // Signals are numbered from 1 to 64, so the sum stays below 256.
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
            Self::PassedOn(code) => code,
        }
    }
}

/// The table as `--help` and the man pages show it: code and meaning.
pub const TABLE: &[(&str, &str)] = &[
    ("0", "done, or yes; already so counts as done"),
    ("1", "the answer is no: a check failed, unhealthy, refused"),
    ("2", "bad usage"),
    (
        "3",
        "it could not be done: I/O, permission, a missing program",
    ),
    (
        "69",
        "the service is down: neither the new release nor the old one serves",
    ),
    (
        "75",
        "busy: another deploy holds the lease, or this one has lost it",
    ),
    ("124", "timed out"),
    ("128+N", "ended by signal N"),
];
