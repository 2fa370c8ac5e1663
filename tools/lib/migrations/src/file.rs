//! One file: read, split, parsed and judged.

use crate::allow::{self, Allowance};
use crate::effect::{Doubt, Understood};
use crate::examine::{Allowed, Doubtful, Examined, Problem};
use crate::judge::{self, Schema, Scope};
use crate::lines::Lines;
use crate::rule::{Dialect, Rule};
use crate::split::{Statement, split};
use crate::{postgres, sqlite};
use deadline::{Deadline, Ended};
use memchr::memmem;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// The largest file that is read. A migration of that size is data.
const LARGEST: u64 = 64 << 20;
/// How many doubts of one file are told: what is no SQL at all raises one a line.
const DOUBTS: usize = 20;
/// A file's text; where it is not UTF-8, with the line on which it is not.
pub(crate) fn read(path: &PathBuf) -> Result<(String, Option<(usize, String)>), String> {
    let data = fs::metadata(path).map_err(|error| error.to_string())?;
    if !data.is_file() {
        return Err("it is no file".to_owned());
    }
    if data.len() > LARGEST {
        return Err(format!("it is larger than {} MB", LARGEST >> 20));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, None)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let line = Lines::new(&text).of(valid);
            Ok((text, Some((line, "it is not UTF-8".to_owned()))))
        }
    }
}

/// What is found in one file, by line.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) problems: Vec<(usize, &'static str, String)>,
    allowed: Vec<(usize, &'static str, String, String)>,
    pub(crate) doubts: Vec<(usize, String)>,
    statements: usize,
}

impl Found {
    /// Adds what a text holds. An error: the time was over.
    pub(crate) fn judge(
        &mut self,
        text: &str,
        dialect: Dialect,
        scope: &mut Scope,
        schema: &mut Schema,
        deadline: &Deadline,
    ) -> Result<(), Ended> {
        let parts = split(text, dialect);
        let (mut steps, mut doubts, mut comments) = (Vec::new(), parts.doubts, parts.comments);
        self.statements = parts.statements.len();
        for (number, statement) in parts.statements.into_iter().enumerate() {
            deadline.check()?;
            if is_only_data(&text[statement.start..statement.end], number) {
                continue;
            }
            let understood = understand(text, statement, dialect);
            if dialect == Dialect::Postgres {
                comments.extend(comments_of_body(text, statement));
            }
            steps.extend(understood.steps);
            doubts.extend(understood.doubts);
        }
        comments.sort_unstable();
        let mut allowances = allow::all(text, &comments, &steps, &mut doubts);
        let mut lines = Lines::new(text);
        if doubts.iter().any(|doubt| is_about_schema(text, doubt.at)) {
            schema.forget();
        }
        let (taken, unknown) = judge::judge(&steps, scope, schema);
        doubts.extend(unknown.into_iter().map(|(at, why)| Doubt { at, why }));
        for taken in taken {
            let line = lines.of(taken.at);
            match allowed(&mut allowances, taken.step, taken.rule) {
                Some(reason) => self
                    .allowed
                    .push((line, taken.rule.name(), taken.what, reason)),
                None => self.problems.push((line, taken.rule.name(), taken.what)),
            }
        }
        doubts.extend(allowances.iter().filter(|one| !one.used).map(unused));
        doubts.sort_by_key(|doubt| doubt.at);
        self.doubts.extend(
            doubts
                .into_iter()
                .map(|doubt| (lines.of(doubt.at), doubt.why)),
        );
        Ok(())
    }

    /// Hands everything over under the file's name.
    pub(crate) fn tell(mut self, file: &str, examined: &mut Examined) {
        examined.statements += self.statements;
        // What a lexer and a parser do not understand is mostly the same.
        self.doubts.dedup_by_key(|(line, _)| *line);
        let problem = |line, rule, what| Problem {
            file: file.to_owned(),
            line,
            rule,
            what,
        };
        let problems = self
            .problems
            .into_iter()
            .map(|(line, rule, what)| problem(line, rule, what));
        examined.problems.extend(problems);
        let allowed = self
            .allowed
            .into_iter()
            .map(|(line, rule, what, reason)| Allowed {
                problem: problem(line, rule, what),
                reason,
            });
        examined.allowed.extend(allowed);
        let doubtful = |(line, why)| Doubtful {
            file: file.to_owned(),
            line,
            why,
        };
        let more = self.doubts.len().saturating_sub(DOUBTS);
        let last = self
            .doubts
            .get(DOUBTS)
            .map(|(line, _)| (*line, format!("and {more} more from here on")));
        examined.doubtful.extend(
            self.doubts
                .into_iter()
                .take(DOUBTS)
                .chain(last)
                .map(doubtful),
        );
    }
}

/// Rows that are added, as a file has them that brings data along: parsing them would take most of the time and find
/// nothing. The first ones are parsed all the same, for their defects.
fn is_only_data(statement: &str, number: usize) -> bool {
    /// Statements of a file, and bytes of a statement, from which on a file is taken for one that brings data.
    const MANY: (usize, usize) = (1000, 20_000);
    let is_insert = statement
        .get(..6)
        .is_some_and(|word| word.eq_ignore_ascii_case("insert"));
    if !is_insert || (number < MANY.0 && statement.len() < MANY.1) {
        return false;
    }
    let words = [
        "delete", "DELETE", "Delete", "update", "UPDATE", "Update", "select", "SELECT", "Select",
    ];
    words
        .iter()
        .all(|word| memmem::find(statement.as_bytes(), word.as_bytes()).is_none())
}

/// A defect of a parser costs one statement.
fn understand(text: &str, statement: Statement, dialect: Dialect) -> Understood {
    let parse = || match dialect {
        Dialect::Postgres => postgres::understand(text, statement),
        Dialect::Sqlite => sqlite::understand(text, statement),
    };
    catch_unwind(AssertUnwindSafe(parse)).unwrap_or_else(|_| Understood {
        steps: Vec::new(),
        doubts: vec![Doubt {
            at: statement.start,
            why: "the parser failed on it".to_owned(),
        }],
    })
}

/// The comments in a `DO` body, which stands in quotes.
fn comments_of_body(text: &str, statement: Statement) -> Vec<(usize, usize)> {
    let source = &text[statement.start..statement.end];
    if !source
        .get(..2)
        .is_some_and(|word| word.eq_ignore_ascii_case("do"))
        || !source.contains("slipway:")
    {
        return Vec::new();
    }
    let Some(open) = source.find('$').map(|at| at + 1) else {
        return Vec::new();
    };
    let Some(body) = source[open..].find('$').map(|at| open + at + 1) else {
        return Vec::new();
    };
    let base = statement.start + body;
    let comments = split(&source[body..], Dialect::Postgres).comments;
    comments
        .into_iter()
        .map(|(start, end)| (base + start, base + end))
        .collect()
}

/// A statement that was not understood may have changed a table.
fn is_about_schema(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default().trim_start();
    ["create", "alter", "drop"].iter().any(|word| {
        rest.get(..word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    })
}

fn allowed(allowances: &mut [Allowance], step: usize, rule: Rule) -> Option<String> {
    let allows = |one: &&mut Allowance| one.step == Some(step) && one.rules.contains(&rule);
    let found = allowances.iter_mut().find(allows)?;
    found.used = true;
    Some(found.reason.clone())
}

fn unused(allowance: &Allowance) -> Doubt {
    let names: Vec<&str> = allowance.rules.iter().map(|rule| rule.name()).collect();
    Doubt {
        at: allowance.at,
        why: format!(
            "a comment allows {}, and the statement behind it does nothing of the kind",
            names.join(", ")
        ),
    }
}
