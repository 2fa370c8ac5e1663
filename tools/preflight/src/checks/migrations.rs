//! `migrations`: they only add, and none is missing.

use super::Check;
use super::since::{self, Since};
use crate::finding::{Finding, Found};
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;
use migrations::{Directory, Examined, New, examine};
use step::quoted;

pub(super) const CHECK: Check = Check {
    name: "migrations",
    about: "the SQL migrations only add, and none is missing or there twice",
    needs: "--migrations and --dialect",
    given: |given| given.args.migrations.is_some(),
    run,
};

/// How many are named in the message.
const NAMED: usize = 5;

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let (Some(tree), Some(dialect)) = (&given.args.migrations, given.args.dialect) else {
        return Finding::skip("there are no migrations");
    };
    let look = || -> Result<Finding, Finding> {
        let directory = Directory::read(tree.as_std_path()).map_err(|(directory, error)| {
            let message = format!("{} cannot be read: {error}", directory.display());
            Finding::fail(
                message,
                format!("ls -ld {}", quoted(super::places::nearest(tree).as_str())),
            )
        })?;
        if directory.migrations.is_empty() {
            return Ok(nothing(tree, &directory));
        }
        let since = since::find(given, tree, &directory, deadline)?;
        let examined = examine(&directory, dialect, &since.new, deadline).map_err(|ended| {
            Finding::fail(
                format!("the migrations in {tree} could not be looked through: {ended}"),
                "preflight --check-timeout 1m",
            )
        })?;
        Ok(judge(tree, &since, &examined))
    };
    look().unwrap_or_else(|finding| finding)
}

fn nothing(tree: &Utf8Path, directory: &Directory) -> Finding {
    let list = format!("ls {}", quoted(tree.as_str()));
    match &directory.code {
        Some(code) => Finding::fail(
            format!(
                "{tree} holds no SQL migrations, but {code}: only SQL can be judged, written out by manage.py sqlmigrate, \
                 alembic upgrade --sql or their like into a directory that --migrations names"
            ),
            list,
        ),
        None => Finding::fail(format!("there are no migrations in {tree}"), list),
    }
}

fn judge(tree: &Utf8Path, since: &Since, examined: &Examined) -> Finding {
    let found = found(tree, since, examined);
    let (failed, warned, allowed) = (
        of(&found, "fail"),
        of(&found, "warn"),
        of(&found, "allowed"),
    );
    let count = failed.len();
    let mut message = match (count, examined.judged) {
        (0, 0) => format!("no migration in {tree} is new {}", since.words),
        (0, judged) => format!(
            "{} of {judged} migrations {} only add",
            statements(examined),
            since.words
        ),
        _ => format!("{} {}", listed(&failed), since.words),
    };
    if !warned.is_empty() {
        message = format!("{message}; not understood: {}", listed(&warned));
    }
    if !allowed.is_empty() {
        message = format!("{message}; allowed: {}", listed(&allowed));
    }
    let finding = match (failed.first(), warned.first()) {
        (Some(first), _) => {
            Finding::fail(format!("{message}{}", advice(first, since)), mended(first))
        }
        (None, Some(first)) => Finding::warn(
            message,
            format!("sed -n {0}p {1}", first.line.max(1), quoted(&first.file)),
        ),
        (None, None) => Finding::pass(message),
    };
    finding.measured(count, 0).at(found)
}

fn statements(examined: &Examined) -> String {
    match examined.statements {
        1 => "the 1 statement".to_owned(),
        count => format!("all {count} statements"),
    }
}

/// Everything, what fails first.
fn found(tree: &Utf8Path, since: &Since, examined: &Examined) -> Vec<Found> {
    let one = |status, problem: &migrations::Problem, reason: Option<&String>| Found {
        status,
        file: tree.join(&problem.file).into_string(),
        line: problem.line,
        rule: problem.rule.to_owned(),
        what: problem.what.clone(),
        reason: reason.cloned(),
    };
    let doubtful = |file: &str, line: usize, why: &str| Found {
        status: "warn",
        file: tree.join(file).into_string(),
        line,
        rule: "not-understood".to_owned(),
        what: why.to_owned(),
        reason: None,
    };
    let failed = examined
        .problems
        .iter()
        .map(|problem| one("fail", problem, None));
    let warned = examined
        .doubtful
        .iter()
        .map(|doubt| doubtful(&doubt.file, doubt.line, &doubt.why));
    let changed = since.changed.iter().filter(|name| is_sql(name));
    let changed =
        changed.map(|name| doubtful(name, 0, "it was there before, and may be applied as it was"));
    let allowed = examined
        .allowed
        .iter()
        .map(|allowed| one("allowed", &allowed.problem, Some(&allowed.reason)));
    failed.chain(warned).chain(changed).chain(allowed).collect()
}

fn is_sql(name: &str) -> bool {
    Utf8Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}

fn of<'found>(found: &'found [Found], status: &str) -> Vec<&'found Found> {
    found.iter().filter(|one| one.status == status).collect()
}

/// `FILE:LINE: drop-column users.email`, the first ones.
fn listed(found: &[&Found]) -> String {
    let one = |one: &&Found| {
        let place = match one.line {
            0 => one.file.clone(),
            line => format!("{}:{line}", one.file),
        };
        let rule = if one.status == "warn" {
            String::new()
        } else {
            format!("{} ", one.rule)
        };
        let reason = one
            .reason
            .as_ref()
            .map_or(String::new(), |reason| format!(" ({reason})"));
        format!("{place}: {rule}{}{reason}", one.what)
    };
    let named: Vec<String> = found.iter().take(NAMED).map(one).collect();
    let more = match found.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

fn mended(first: &Found) -> String {
    let file = quoted(&first.file);
    match first.rule.as_str() {
        "gap" | "duplicate" => format!("git mv {file} NEXT-NUMBER"),
        "unreadable" => format!("ls -l {file}"),
        _ => format!("\"${{EDITOR:-vi}}\" +{} {file}", first.line),
    }
}

/// What is to be done there.
fn advice(first: &Found, since: &Since) -> String {
    let mend = match first.rule.as_str() {
        "gap" | "duplicate" | "unreadable" => String::new(),
        rule => format!(
            "; it is left to a later deploy, when nothing uses it any more, or, where nothing does already, allowed above that \
             line: -- slipway: allow {rule}: WHY"
        ),
    };
    match since.new {
        New::All => format!("{mend}; --migrations-since NAME names the last one that is applied"),
        New::First | New::Only(_) => mend,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use migrations::{Dialect, examine_text};
    use std::collections::BTreeSet;

    fn judged(text: &str, new: New) -> Finding {
        let since = Since {
            new,
            words: "since r1".to_owned(),
            changed: Vec::new(),
        };
        judge(
            Utf8Path::new("m"),
            &since,
            &examine_text("1.sql", text, Dialect::Postgres),
        )
    }

    #[test]
    fn what_takes_away_fails_with_its_place() {
        let finding = judged(
            "SELECT 1;\nALTER TABLE users DROP email;",
            New::Only(BTreeSet::new()),
        );
        assert_eq!(finding.status, Status::Fail);
        let message = finding.message;
        assert!(
            message.starts_with("m/1.sql:2: drop-column users.email since r1;"),
            "{message}"
        );
        assert!(
            message.contains("-- slipway: allow drop-column: WHY")
                && !message.contains("since NAME"),
            "{message}"
        );
        assert_eq!(finding.hint.unwrap(), "\"${EDITOR:-vi}\" +2 m/1.sql");
        assert_eq!(finding.value, 1);
        assert!(
            judged("DROP TABLE a", New::All)
                .message
                .contains("--migrations-since")
        );
    }

    #[test]
    fn what_is_not_understood_warns_and_what_is_allowed_is_said() {
        let finding = judged("ALTER TABEL a;", New::All);
        assert_eq!(finding.status, Status::Warn);
        assert!(
            finding.message.contains("not understood: m/1.sql:1: "),
            "{}",
            finding.message
        );
        let finding = judged(
            "-- slipway: allow drop-table: empty\nDROP TABLE a;",
            New::All,
        );
        assert_eq!(finding.status, Status::Pass);
        assert!(
            finding
                .message
                .ends_with("allowed: m/1.sql:2: drop-table a (empty)"),
            "{}",
            finding.message
        );
        assert_eq!(finding.found[0].reason.as_deref(), Some("empty"));
    }

    #[test]
    fn a_few_are_named_and_the_rest_counted() {
        let finding = judged(&"DROP TABLE a;\n".repeat(9), New::All);
        assert!(
            finding.message.contains(" and 4 more"),
            "{}",
            finding.message
        );
        assert_eq!(finding.found.len(), 9);
    }
}
