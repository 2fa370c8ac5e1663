//! What an `ALTER` does.

use super::name;
use super::statement::{Effects, other, place};
use crate::effect::{Column, Effect, Kind, Name};
use crate::rule::Rule;
use squawk_syntax::SyntaxKind as S;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

/// The types that bring their own default along.
const SERIAL: [&str; 6] = [
    "serial",
    "bigserial",
    "smallserial",
    "serial4",
    "serial8",
    "serial2",
];

/// What is renamed or moved, whose columns are renamed, of a view, a sequence, a function, a schema.
pub(super) fn renaming(node: &SyntaxNode, kind: Kind, effects: &mut Effects) {
    let Some(named) = subject(node) else {
        return;
    };
    for action in node.children() {
        rename_or_move(&action, &named, kind, effects);
        match action.kind() {
            S::RENAME_COLUMN => rename_column(&action, &named, effects),
            // PostgreSQL lets a view's column have a default of its own.
            S::ALTER_VIEW_COLUMN => alter_column(&action, &named, effects),
            _ => {}
        }
    }
}

/// The name of what an `ALTER` is about.
fn subject(node: &SyntaxNode) -> Option<Name> {
    let named = node.children().find(|child| child.kind() != S::IF_EXISTS);
    name::of(&named?)
}

fn rename_or_move(action: &SyntaxNode, from: &Name, kind: Kind, effects: &mut Effects) {
    let to = match action.kind() {
        S::SET_SCHEMA => {
            let schema = action.first_child().and_then(|schema| name::of(&schema));
            schema.map(|schema| within(&schema.key, from))
        }
        kind if RENAMES.contains(&kind) => {
            let to = action.first_child().and_then(|to| name::of(&to));
            to.map(|to| beside(from, &to))
        }
        _ => None,
    };
    if let Some(to) = to {
        let from = from.clone();
        effects.push((place(action), Effect::Rename { kind, from, to }));
    }
}

/// The kinds of a new name: one for each thing that can be renamed.
const RENAMES: &[S] = &[
    S::TABLE_RENAME_TO,
    S::VIEW_RENAME_TO,
    S::TYPE_RENAME_TO,
    S::DOMAIN_RENAME_TO,
    S::SCHEMA_RENAME_TO,
    S::DATABASE_RENAME_TO,
    S::SEQUENCE_RENAME_TO,
    S::FUNCTION_RENAME_TO,
    S::PROCEDURE_RENAME_TO,
    S::ROUTINE_RENAME_TO,
    S::AGGREGATE_RENAME_TO,
];

/// A new name is always one in the old schema.
fn beside(from: &Name, to: &Name) -> Name {
    match from.key.rsplit_once('.') {
        Some((schema, _)) if !to.key.contains('.') => within(schema, to),
        _ => to.clone(),
    }
}

fn within(schema: &str, name: &Name) -> Name {
    let last = name
        .key
        .rsplit_once('.')
        .map_or(name.key.as_str(), |(_, last)| last);
    let full = if schema == "public" {
        last.to_owned()
    } else {
        format!("{schema}.{last}")
    };
    Name {
        key: full.clone(),
        shown: full,
    }
}

fn rename_column(action: &SyntaxNode, table: &Name, effects: &mut Effects) {
    let mut names = action.children().filter_map(|child| name::of(&child));
    if let (Some(from), Some(to)) = (names.next(), names.next()) {
        let table = table.clone();
        effects.push((place(action), Effect::RenameColumn { table, from, to }));
    }
}

pub(super) fn table(node: &SyntaxNode, effects: &mut Effects) {
    let Some(table) = subject(node) else {
        return;
    };
    for action in node.children() {
        let at = place(&action);
        rename_or_move(&action, &table, Kind::Table, effects);
        match action.kind() {
            S::ADD_COLUMN => {
                if let Some(column) = column(&action) {
                    let table = table.clone();
                    let unless_there = name::has(&action, S::IF_NOT_EXISTS);
                    effects.push((
                        at,
                        Effect::AddColumn {
                            table,
                            column,
                            unless_there,
                        },
                    ));
                }
            }
            S::DROP_COLUMN => {
                if let Some(column) = first_name(&action, S::COLUMN_NAME_REF) {
                    let table = table.clone();
                    effects.push((at, Effect::DropColumn { table, column }));
                }
            }
            S::RENAME_COLUMN => rename_column(&action, &table, effects),
            S::ALTER_COLUMN => alter_column(&action, &table, effects),
            S::ADD_CONSTRAINT => add_constraint(&action, &table, effects),
            S::DETACH_PARTITION => {
                let part = action.first_child().and_then(|part| name::of(&part));
                let part = part.map_or(String::new(), |part| part.shown);
                let what = format!("{part} of {}", table.shown);
                effects.push((at, other(Rule::DetachPartition, what)));
            }
            _ => {}
        }
    }
}

fn first_name(node: &SyntaxNode, kind: S) -> Option<Name> {
    name::of(&name::child(node, &[kind])?)
}

/// `ADD CONSTRAINT … NOT NULL column` is a SET NOT NULL by another name. Others narrow what may be written, and whether
/// the live release keeps to that is not to be seen here.
fn add_constraint(action: &SyntaxNode, table: &Name, effects: &mut Effects) {
    let constraint = name::child(action, &[S::NOT_NULL_CONSTRAINT]);
    if let Some(column) = constraint.and_then(|it| first_name(&it, S::COLUMN_NAME_REF)) {
        let table = table.clone();
        effects.push((place(action), Effect::SetNotNull { table, column }));
    }
}

fn alter_column(action: &SyntaxNode, table: &Name, effects: &mut Effects) {
    let Some(column) = first_name(action, S::COLUMN_NAME_REF) else {
        return;
    };
    let table = table.clone();
    for option in action.children() {
        let (table, column) = (table.clone(), column.clone());
        let default = |has| Effect::Default {
            table: table.clone(),
            column: column.clone(),
            has,
        };
        let effect = match option.kind() {
            S::SET_TYPE => Effect::ChangeType { table, column },
            S::SET_NOT_NULL => Effect::SetNotNull { table, column },
            S::DROP_NOT_NULL => Effect::DropNotNull { table, column },
            S::SET_DEFAULT => default(!is_null(&option)),
            S::ADD_GENERATED | S::SET_EXPRESSION => default(true),
            S::DROP_DEFAULT | S::DROP_IDENTITY | S::DROP_EXPRESSION => default(false),
            _ => continue,
        };
        effects.push((place(action), effect));
    }
}

/// `DEFAULT NULL` is no default.
fn is_null(default: &SyntaxNode) -> bool {
    let value = default.last_child().map(|value| name::text(&value));
    value.is_some_and(|value| value.eq_ignore_ascii_case("null"))
}

/// The column of an `ADD COLUMN`, or of a table's definition.
fn column(node: &SyntaxNode) -> Option<Column> {
    let name = first_name(node, S::COLUMN_NAME)?;
    let mut column = Column {
        name,
        type_name: type_of(node),
        not_null: false,
        has_default: false,
    };
    column.has_default = SERIAL.contains(&column.type_name.as_str());
    for constraint in node.children() {
        match constraint.kind() {
            S::NOT_NULL_CONSTRAINT | S::PRIMARY_KEY_CONSTRAINT => column.not_null = true,
            S::DEFAULT_CONSTRAINT => column.has_default = !is_null(&constraint),
            S::GENERATED_CONSTRAINT => column.has_default = true,
            _ => {}
        }
    }
    Some(column)
}

fn type_of(node: &SyntaxNode) -> String {
    let type_ = node
        .children()
        .find(|child| ast::Type::can_cast(child.kind()));
    type_.map_or(String::new(), |type_| name::text(&type_).to_lowercase())
}

/// The columns of a table's definition; None where some of them come from elsewhere.
pub(super) fn columns_of(create: &SyntaxNode) -> Option<Vec<Column>> {
    let list = name::child(create, &[S::TABLE_ARG_LIST])?;
    Some(
        list.children()
            .filter(|arg| arg.kind() == S::COLUMN)
            .filter_map(|arg| column(&arg))
            .collect(),
    )
}

/// Types and domains: what stands in the columns that have them changes too.
pub(super) fn type_(node: &SyntaxNode, effects: &mut Effects) {
    let Some(named) = subject(node) else {
        return;
    };
    for action in node.descendants() {
        let at = place(&action);
        if action.parent().as_ref() == Some(node) {
            rename_or_move(&action, &named, Kind::Type, effects);
        }
        let field = |kind| first_name(&action, kind).map_or(String::new(), |field| field.shown);
        let of = |field: String| format!("{}.{field}", named.shown);
        let effect = match action.kind() {
            S::DROP_ATTRIBUTE => other(Rule::DropType, of(field(S::COMPOSITE_FIELD_REF))),
            S::RENAME_ATTRIBUTE => other(Rule::RenameType, of(field(S::COMPOSITE_FIELD_REF))),
            S::ALTER_ATTRIBUTE => other(Rule::ChangeType, of(field(S::COMPOSITE_FIELD_REF))),
            S::RENAME_VALUE => {
                let value = action.first_child().map(|value| name::text(&value));
                other(
                    Rule::RenameType,
                    format!("{} {}", named.shown, value.unwrap_or_default()),
                )
            }
            S::SET_NOT_NULL => other(Rule::SetNotNull, named.shown.clone()),
            S::DROP_DEFAULT => other(Rule::DropDefault, named.shown.clone()),
            _ => continue,
        };
        effects.push((at, effect));
    }
}
