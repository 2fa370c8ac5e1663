//! `DO` bodies: PL/pgSQL that runs at once.

use super::{into, name, statement};
use crate::bounds;
use crate::effect::{Doubt, Effect, Step, Understood};
use crate::split::Statement;
use squawk_syntax::SyntaxKind as S;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxNode};

pub(super) fn is_do(node: &SyntaxNode) -> bool {
    node.kind() == S::DO
}

/// Each SQL statement in the body is a step of its own, so that a comment in the body allows that one.
pub(super) fn understand(node: &SyntaxNode, outer: Statement, understood: &mut Understood) {
    let Some(block) = ast::Do::cast(node.clone()) else {
        return;
    };
    let Some(body) = block.plpgsql() else {
        let why = format!("a DO body that is not PL/pgSQL: {}", name::text(node));
        understood.doubts.push(Doubt {
            at: outer.start,
            why,
        });
        return;
    };
    let base = |offset: usize| outer.start + offset;
    let mut mended = Vec::new();
    let head = block.body().map_or(outer.end, |body| {
        outer.start + statement::place(body.syntax())
    });
    understood.steps.push(Step {
        start: outer.start,
        end: head,
        effects: Vec::new(),
    });
    for inner in body.syntax().descendants() {
        let range = body.source_range(inner.text_range());
        let (at, end) = (
            outer.start + usize::from(range.start()),
            outer.start + usize::from(range.end()),
        );
        let mut effects = Vec::new();
        match inner.kind() {
            S::PLPGSQL_EXEC_SQL_STMT => {
                for child in inner.children() {
                    statement::effects(&child, &mut effects);
                }
                for (place, _) in &mut effects {
                    *place = at;
                }
            }
            S::PLPGSQL_DYN_EXECUTE_STMT => {
                executed(&inner, at, &mut effects, &mut understood.doubts);
            }
            S::ERROR => {
                let Some(found) = without_variables(&inner) else {
                    continue;
                };
                mended.push(at..end);
                effects.extend(found.into_iter().map(|effect| (at, effect)));
            }
            _ => continue,
        }
        understood.steps.push(Step {
            start: at,
            end,
            effects,
        });
    }
    for error in body.errors() {
        let at = base(usize::from(error.range().start()));
        if !mended.iter().any(|range| range.contains(&at)) {
            let why = error.message().to_owned();
            understood.doubts.push(Doubt { at, why });
        }
    }
}

/// What a statement does that is understood once the variables are left away that its row goes into.
fn without_variables(node: &SyntaxNode) -> Option<Vec<Effect>> {
    let parse = SourceFile::parse(&into::without(&node.text().to_string())?);
    if !parse.errors().is_empty() {
        return None;
    }
    let mut effects = Vec::new();
    for child in parse.syntax_node().children() {
        statement::effects(&child, &mut effects);
    }
    Some(effects.into_iter().map(|(_, effect)| effect).collect())
}

/// `EXECUTE` of a constant is parsed as what it is; anything else is known only when it runs.
fn executed(
    node: &SyntaxNode,
    at: usize,
    effects: &mut statement::Effects,
    doubts: &mut Vec<Doubt>,
) {
    let doubt = |why: String| Doubt { at, why };
    let Some(text) = constant(node) else {
        let why = format!(
            "text that is put together when it runs: {}",
            name::text(node)
        );
        doubts.push(doubt(why));
        return;
    };
    if let Some(why) = bounds::beyond(&text) {
        doubts.push(doubt(format!("not parsed: {why}")));
        return;
    }
    let parse = SourceFile::parse(&text);
    if let Some(error) = parse.errors().first() {
        doubts.push(doubt(format!("in EXECUTE: {}", error.message())));
        return;
    }
    for child in parse.syntax_node().children() {
        if is_do(&child) {
            doubts.push(doubt("a DO within an EXECUTE".to_owned()));
        }
        statement::effects(&child, effects);
    }
    for (place, _) in effects {
        *place = at;
    }
}

/// The text of an expression that is one string.
fn constant(node: &SyntaxNode) -> Option<String> {
    let expression = name::child(node, &[S::PLPGSQL_EXPR])?;
    let literals = expression
        .descendants()
        .filter_map(ast::Literal::cast)
        .collect::<Vec<_>>();
    let [literal] = literals.as_slice() else {
        return None;
    };
    let is_all = literal.syntax().text() == expression.text().to_string().trim();
    is_all
        .then(|| literal.decoded_value())?
        .map(|value| value.text().to_owned())
}
