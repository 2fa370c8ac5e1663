//! What a statement does, by the kind of its node.

use super::{alter, name};
use crate::effect::{Effect, Kind, Name};
use crate::rule::Rule;
use squawk_syntax::SyntaxKind as S;
use squawk_syntax::SyntaxNode;

/// Effects, each with its place in the parsed text.
pub(super) type Effects = Vec<(usize, Effect)>;

pub(super) fn place(node: &SyntaxNode) -> usize {
    node.text_range().start().into()
}

/// Adds what a statement does, the changes in its `WITH` parts included.
pub(super) fn effects(statement: &SyntaxNode, effects: &mut Effects) {
    match statement.kind() {
        // These only keep statements for later, or show what they would do.
        S::CREATE_FUNCTION | S::CREATE_PROCEDURE | S::CREATE_AGGREGATE => {
            create(statement, Kind::Function, effects);
        }
        S::CREATE_RULE | S::PREPARE | S::CREATE_TRIGGER | S::CREATE_EVENT_TRIGGER => {}
        S::EXPLAIN if !runs(statement) => {}
        _ => {
            for node in statement.descendants() {
                one(&node, effects);
            }
        }
    }
}

/// Whether an `EXPLAIN` executes what it explains.
fn runs(explain: &SyntaxNode) -> bool {
    name::text(explain).to_ascii_lowercase().contains("analyze")
}

fn one(node: &SyntaxNode, effects: &mut Effects) {
    let at = place(node);
    match node.kind() {
        S::CREATE_TABLE => {
            create_with(node, Kind::Table, alter::columns_of(node), effects);
        }
        S::CREATE_TABLE_AS | S::CREATE_FOREIGN_TABLE | S::INTO_CLAUSE => {
            create(node, Kind::Table, effects);
        }
        S::CREATE_VIEW | S::CREATE_MATERIALIZED_VIEW => create(node, Kind::View, effects),
        S::CREATE_TYPE | S::CREATE_DOMAIN => create(node, Kind::Type, effects),
        S::CREATE_SEQUENCE => create(node, Kind::Sequence, effects),
        S::CREATE_SCHEMA => create(node, Kind::Schema, effects),
        S::CREATE_EXTENSION => create(node, Kind::Extension, effects),
        S::DROP_TABLE | S::DROP_FOREIGN_TABLE => drop(node, Kind::Table, effects),
        S::DROP_VIEW | S::DROP_MATERIALIZED_VIEW => drop(node, Kind::View, effects),
        S::DROP_TYPE | S::DROP_DOMAIN => drop(node, Kind::Type, effects),
        S::DROP_SCHEMA | S::DROP_DATABASE => drop(node, Kind::Schema, effects),
        S::DROP_SEQUENCE => drop(node, Kind::Sequence, effects),
        S::DROP_EXTENSION => drop(node, Kind::Extension, effects),
        S::DROP_FUNCTION | S::DROP_PROCEDURE | S::DROP_ROUTINE | S::DROP_AGGREGATE => {
            drop(node, Kind::Function, effects);
        }
        S::DROP_OWNED => effects.push((
            at,
            other(
                Rule::DropSchema,
                format!("what is owned by {}", last_words(node)),
            ),
        )),
        S::ALTER_TABLE | S::ALTER_FOREIGN_TABLE => alter::table(node, effects),
        S::ALTER_VIEW | S::ALTER_MATERIALIZED_VIEW => alter::renaming(node, Kind::View, effects),
        S::ALTER_TYPE | S::ALTER_DOMAIN => alter::type_(node, effects),
        S::ALTER_SCHEMA | S::ALTER_DATABASE => alter::renaming(node, Kind::Schema, effects),
        S::ALTER_SEQUENCE => alter::renaming(node, Kind::Sequence, effects),
        S::ALTER_FUNCTION | S::ALTER_PROCEDURE | S::ALTER_ROUTINE | S::ALTER_AGGREGATE => {
            alter::renaming(node, Kind::Function, effects);
        }
        S::TRUNCATE => truncate(node, effects),
        S::DELETE => delete(node, effects),
        S::UPDATE => update(node, effects),
        _ => {}
    }
}

pub(super) fn other(rule: Rule, what: String) -> Effect {
    Effect::Other { rule, what }
}

/// The kinds of the nodes that name what a statement is about.
const NAMED: &[S] = &[
    S::TABLE_NAME,
    S::VIEW,
    S::TYPE_NAME,
    S::DOMAIN,
    S::SEQUENCE,
    S::NAMED_SCHEMA,
    S::SCHEMA,
    S::EXTENSION,
    S::FUNCTION_NAME,
    S::PROCEDURE_NAME,
    S::AGGREGATE_NAME,
];

fn create(node: &SyntaxNode, kind: Kind, effects: &mut Effects) {
    create_with(node, kind, None, effects);
}

fn create_with(
    node: &SyntaxNode,
    kind: Kind,
    columns: Option<Vec<crate::effect::Column>>,
    effects: &mut Effects,
) {
    if let Some(name) = name::child(node, NAMED).and_then(|child| name::of(&child)) {
        effects.push((
            place(node),
            Effect::Create {
                kind,
                name,
                columns,
                unless_there: may_be_there(node),
            },
        ));
    }
}

/// Whether something of that name may be there already. A temporary one is never another's.
fn may_be_there(node: &SyntaxNode) -> bool {
    let said = name::text(node).to_ascii_lowercase();
    let is_temporary = said
        .split_whitespace()
        .take(4)
        .any(|word| matches!(word, "temp" | "temporary"));
    !is_temporary && (name::has(node, S::IF_NOT_EXISTS) || name::has(node, S::OR_REPLACE))
}

/// One effect a name: the direct children that are names, in a list or not.
fn drop(node: &SyntaxNode, kind: Kind, effects: &mut Effects) {
    let is_named =
        |child: &SyntaxNode| !matches!(child.kind(), S::IF_EXISTS | S::CASCADE | S::RESTRICT);
    let lists = |child: SyntaxNode| -> Vec<SyntaxNode> {
        match child.kind() {
            S::FUNCTION_SIG_LIST | S::PROCEDURE_SIG_LIST | S::ROUTINE_SIG_LIST => {
                child.children().collect()
            }
            _ => vec![child],
        }
    };
    for named in node.children().filter(is_named).flat_map(lists) {
        if let Some(name) = name::of(&named) {
            effects.push((place(node), Effect::Drop { kind, name }));
        }
    }
}

fn last_words(node: &SyntaxNode) -> String {
    let said = name::text(node);
    let said = said.trim_end_matches(';');
    said.split_whitespace()
        .skip(3)
        .collect::<Vec<_>>()
        .join(" ")
}

fn truncate(node: &SyntaxNode, effects: &mut Effects) {
    let tables = name::child(node, &[S::TABLE_LIST]);
    for table in tables
        .iter()
        .flat_map(SyntaxNode::children)
        .filter_map(|table| name::of(&table))
    {
        effects.push((place(node), Effect::Truncate { table }));
    }
}

fn has_condition(node: &SyntaxNode) -> bool {
    [S::WHERE_CLAUSE, S::WHERE_CURRENT_OF]
        .iter()
        .any(|kind| name::has(node, *kind))
}

/// The table of a DELETE or UPDATE.
fn target(node: &SyntaxNode) -> Option<Name> {
    name::of(&name::child(
        node,
        &[
            S::RELATION_NAME,
            S::RELATION_NAME_REF,
            S::TABLE_RELATION_NAME,
        ],
    )?)
}

fn delete(node: &SyntaxNode, effects: &mut Effects) {
    if let (false, Some(table)) = (has_condition(node), target(node)) {
        effects.push((place(node), Effect::DeleteAll { table }));
    }
}

fn update(node: &SyntaxNode, effects: &mut Effects) {
    if let (false, Some(table)) = (has_condition(node), target(node)) {
        let targets = name::child(node, &[S::SET_CLAUSE])
            .into_iter()
            .flat_map(|set| set.descendants())
            .filter(|node| node.kind() == S::COLUMN_TARGET);
        let columns = targets.filter_map(|target| name::of(&target)).collect();
        effects.push((place(node), Effect::UpdateAll { table, columns }));
    }
}
