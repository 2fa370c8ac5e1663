//! Comments that allow a statement: `-- slipway: allow drop-column: nothing reads it since 3.2`.

use crate::effect::{Doubt, Step};
use crate::rule::Rule;

/// What one comment allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Where the comment stands.
    pub(crate) at: usize,
    /// The step it stands in, behind or before.
    pub(crate) step: Option<usize>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) reason: String,
    /// It allowed something.
    pub(crate) used: bool,
}

/// All that a file's comments allow. One that names no rule or no reason allows nothing, and is told.
pub(crate) fn all(
    text: &str,
    comments: &[(usize, usize)],
    steps: &[Step],
    doubts: &mut Vec<Doubt>,
) -> Vec<Allowance> {
    let mut found = Vec::new();
    for (start, end) in comments.iter().copied() {
        let Some(said) = words(&text[start..end]) else {
            continue;
        };
        match parse(said) {
            Ok((rules, reason)) => found.push(Allowance {
                at: start,
                step: step_of(text, start, steps),
                rules,
                reason,
                used: false,
            }),
            Err(why) => doubts.push(Doubt { at: start, why }),
        }
    }
    found
}

/// What stands behind `slipway: allow` in a comment.
fn words(comment: &str) -> Option<&str> {
    let said = comment.trim_start_matches(['-', '/', '*', ' ', '\t', '\n']);
    let said = said.strip_prefix("slipway:")?.trim_start();
    Some(said.trim_end_matches(['*', '/']).trim())
}

fn parse(said: &str) -> Result<(Vec<Rule>, String), String> {
    const FORM: &str = "-- slipway: allow RULE: REASON";
    let Some(said) = said.strip_prefix("allow ") else {
        return Err(format!(
            "a comment for slipway that it does not understand; it is written {FORM}"
        ));
    };
    let (rules, reason) = said.split_once(':').unwrap_or((said, ""));
    let rule = |name: &str| {
        let name = name.trim();
        Rule::named(name)
            .ok_or_else(|| format!("a comment allows {name}, which is no rule: {}", names()))
    };
    let rules: Vec<Rule> = rules.split(',').map(rule).collect::<Result<_, _>>()?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(format!(
            "a comment allows without a reason, and so allows nothing; it is written {FORM}"
        ));
    }
    Ok((rules, reason.to_owned()))
}

fn names() -> String {
    let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    names.join(", ")
}

/// The statement that a comment is in; else the one that ends before it on the same line; else the next.
fn step_of(text: &str, at: usize, steps: &[Step]) -> Option<usize> {
    let within = |step: &Step| step.start <= at && at < step.end;
    if let Some(step) = steps.iter().rposition(within) {
        return Some(step);
    }
    let beside = |step: &Step| step.end <= at && !text[step.end..at].contains('\n');
    let before = steps.partition_point(|step| step.start <= at);
    if before > 0 && beside(&steps[before - 1]) {
        return Some(before - 1);
    }
    (before < steps.len()).then_some(before)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_rule_and_a_reason_are_named() {
        let said =
            words("-- slipway: allow drop-column, drop-table: gone since 3.2: really").unwrap();
        let (rules, reason) = parse(said).unwrap();
        assert_eq!(rules, [Rule::DropColumn, Rule::DropTable]);
        assert_eq!(reason, "gone since 3.2: really");
        assert!(
            words("/* slipway: allow truncate: a cache */")
                .unwrap()
                .ends_with("a cache")
        );
        assert!(words("-- slip away").is_none());
        assert!(
            parse("allow drop-column")
                .unwrap_err()
                .contains("without a reason")
        );
        assert!(
            parse("allow everything: yes")
                .unwrap_err()
                .contains("no rule")
        );
        assert!(
            parse("permit x: y")
                .unwrap_err()
                .contains("allow RULE: REASON")
        );
    }
}
