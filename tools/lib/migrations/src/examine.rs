//! Every migration of a directory, judged.

use crate::bounds::STACK;
use crate::directory::{Directory, Migration};
use crate::file::{Found, read};
use crate::judge::{Schema, Scope};
use crate::rule::Dialect;
use deadline::{Deadline, Ended};
use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Which migrations a deploy brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum New {
    /// It is not known: all are judged, each for itself.
    All,
    /// All are: nothing is live that could miss anything that was there before.
    First,
    /// These, by their names: only they are judged, and what one makes another may change.
    Only(BTreeSet<String>),
}

/// Something that takes away from the live release, or a fault of the series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The migration's name.
    pub file: String,
    /// Counted from 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// A rule's name, or `gap`, `duplicate`, `unreadable`.
    pub rule: &'static str,
    /// What it is about: `users.email`.
    pub what: String,
}

/// A statement that a comment allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// What is allowed.
    pub problem: Problem,
    /// Why, as the comment says.
    pub reason: String,
}

/// Something that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// The migration's name.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What was not understood.
    pub why: String,
}

/// What was found in all files, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// Reasons against a deploy.
    pub problems: Vec<Problem>,
    /// Allowed by a comment.
    pub allowed: Vec<Allowed>,
    /// Not understood, or not to be known.
    pub doubtful: Vec<Doubtful>,
    /// How many migrations were judged.
    pub judged: usize,
    /// How many statements these hold.
    pub statements: usize,
}

/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Judges what is new in a directory. It ends by the deadline also where a parser does not.
pub fn examine(
    directory: &Directory,
    dialect: Dialect,
    new: &New,
    deadline: &Deadline,
) -> Result<Examined, Ended> {
    let (sender, answer) = channel();
    let (mine, new, within) = (directory.clone(), new.clone(), deadline.clone());
    let begun = thread::Builder::new()
        .name("migrations".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody listens any more where it came too late.
            sender.send(all(&mine, dialect, &new, &within)).ok();
        });
    if let Err(error) = begun {
        return Ok(not_examined(
            directory,
            &format!("no thread to parse in: {error}"),
        ));
    }
    loop {
        match answer.recv_timeout(LOOK.min(deadline.remaining())) {
            Ok(examined) => return examined,
            Err(RecvTimeoutError::Timeout) => deadline.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(not_examined(
                    directory,
                    "a defect: the parsing thread ended",
                ));
            }
        }
    }
}

fn not_examined(directory: &Directory, why: &str) -> Examined {
    let problem = |migration: &Migration| Problem {
        file: migration.name.clone(),
        line: 0,
        rule: "unreadable",
        what: why.to_owned(),
    };
    Examined {
        problems: directory.migrations.iter().map(problem).collect(),
        ..Examined::default()
    }
}

fn all(
    directory: &Directory,
    dialect: Dialect,
    new: &New,
    deadline: &Deadline,
) -> Result<Examined, Ended> {
    let is_new = |migration: &Migration| match new {
        New::All | New::First => true,
        New::Only(names) => names.contains(&migration.name),
    };
    let mut examined = Examined::default();
    for (file, rule, what) in directory.out_of_order(is_new) {
        examined.problems.push(Problem {
            file,
            line: 0,
            rule,
            what,
        });
    }
    let mut schema = Schema::default();
    let mut scope = Scope::default();
    scope.is_first = *new == New::First;
    for migration in &directory.migrations {
        let is_new = is_new(migration);
        // What older PostgreSQL migrations made is never asked for.
        if !is_new && dialect == Dialect::Postgres {
            continue;
        }
        let mut found = Found::default();
        match read(&migration.path) {
            Ok((text, doubt)) => {
                found.doubts.extend(doubt);
                found.judge(&text, dialect, &mut scope, &mut schema, deadline)?;
            }
            Err(why) => found.problems.push((0, "unreadable", why)),
        }
        if is_new {
            examined.judged += 1;
            found.tell(&migration.name, &mut examined);
        }
        if !is_new || *new == New::All {
            scope = Scope::default();
        }
    }
    Ok(examined)
}

/// The one text, as if it were a directory's only migration.
pub fn examine_text(name: &str, text: &str, dialect: Dialect) -> Examined {
    let mut found = Found::default();
    let never = Deadline::never().uninterruptible();
    let (mut scope, mut schema) = (Scope::default(), Schema::default());
    let mut examined = Examined {
        judged: 1,
        ..Examined::default()
    };
    if found
        .judge(text, dialect, &mut scope, &mut schema, &never)
        .is_ok()
    {
        found.tell(name, &mut examined);
    }
    examined
}
