//! `INSERT INTO new (…) SELECT … FROM old`, with which a table is rebuilt.

use super::{name, table};
use crate::effect::{Copied, Effect, Name};
use sqlite3_parser::ast::{DistinctNames, Expr, InsertBody, OneSelect, ResultColumn, SelectTable};

/// What an INSERT takes over from one other table; None where it takes nothing, or from several.
pub(super) fn of(
    into: Name,
    columns: Option<&DistinctNames<'_>>,
    body: &InsertBody<'_>,
) -> Option<Effect> {
    let InsertBody::Select(select, _) = body else {
        return None;
    };
    let OneSelect::Select {
        columns: selected,
        from,
        ..
    } = &select.body.select
    else {
        return None;
    };
    let from = from.as_ref()?;
    let Some(SelectTable::Table(from, ..)) = from.select else {
        return None;
    };
    let columns = pairs(columns, selected);
    Some(Effect::Copy {
        into,
        from: table(from),
        columns,
    })
}

fn pairs(columns: Option<&DistinctNames<'_>>, selected: &[ResultColumn<'_>]) -> Copied {
    let columns: Vec<String> = columns?.iter().map(|column| name(column.0).key).collect();
    let source = |column: &ResultColumn<'_>| match column {
        ResultColumn::Expr(expression, _) => Some(source(expression)),
        ResultColumn::Star | ResultColumn::TableStar(_) => None,
    };
    let sources: Vec<Option<String>> = selected.iter().map(source).collect::<Option<_>>()?;
    if sources.len() != columns.len() {
        return None;
    }
    // What is computed comes from nowhere that can be named.
    let named = columns
        .into_iter()
        .zip(sources)
        .filter_map(|(into, from)| Some((into, from?)));
    Some(named.collect())
}

/// The one column that an expression is, or gives in the usual ways: COALESCE, CAST.
fn source(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Id(id) => Some(name(id.0).key),
        Expr::Name(column) | Expr::Qualified(_, column) => Some(name(column.0).key),
        Expr::Cast { expr, .. } => source(expr),
        Expr::FunctionCall {
            name: function,
            args: Some(args),
            ..
        } if ["coalesce", "ifnull"]
            .iter()
            .any(|known| function.0.eq_ignore_ascii_case(known)) =>
        {
            source(args.first()?)
        }
        _ => None,
    }
}
