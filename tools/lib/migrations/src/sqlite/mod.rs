//! SQLite, through the parser that lemon makes of SQLite's own grammar.

mod copy;

use crate::bounds;
use crate::effect::{Column, Doubt, Effect, Kind, Name, Step, Understood};
use crate::rule::Rule;
use crate::split::Statement;

use sqlite3_parser::ast::{
    AlterTableBody, Cmd, ColumnConstraint, ColumnDefinition, CreateTableBody, Expr, Literal,
    PragmaBody, QualifiedName, Stmt,
};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

/// What one statement of a file does.
pub(crate) fn understand(text: &str, statement: Statement) -> Understood {
    let source = &text[statement.start..statement.end];
    let mut understood = Understood::default();
    let doubt = |why: String| Doubt {
        at: statement.start,
        why,
    };
    // This parser keeps its stack on the heap: however long a statement is, only its nesting is bounded.
    if let Some(why) = bounds::too_deep(source) {
        understood.doubts.push(doubt(format!("not parsed: {why}")));
        return understood;
    }
    let arena = Bump::new();
    let mut parser = Parser::new(&arena, source.as_bytes());
    let mut effects = Vec::new();
    loop {
        match parser.next() {
            Ok(Some(Cmd::Stmt(parsed))) => add(&parsed, &mut effects),
            // An EXPLAIN runs nothing.
            Ok(Some(Cmd::Explain(_) | Cmd::ExplainQueryPlan(_))) => {}
            Ok(None) => break,
            Err(error) => {
                // Its own place is that within the statement.
                let said = error.to_string();
                let said = said.split(" at Some(").next().unwrap_or_default();
                understood.doubts.push(doubt(said.to_owned()));
                return understood;
            }
        }
    }
    understood.steps.push(Step {
        start: statement.start,
        end: statement.end,
        effects: effects
            .into_iter()
            .map(|effect| (statement.start, effect))
            .collect(),
    });
    understood
}

fn add(statement: &Stmt<'_>, effects: &mut Vec<Effect>) {
    let effect = match statement {
        Stmt::CreateTable {
            tbl_name,
            body,
            if_not_exists,
            temporary,
            ..
        } => Effect::Create {
            kind: Kind::Table,
            name: table(tbl_name),
            columns: columns(body),
            // A temporary one is never another's.
            unless_there: *if_not_exists && !temporary,
        },
        Stmt::CreateVirtualTable {
            tbl_name,
            if_not_exists,
            ..
        } => Effect::Create {
            kind: Kind::Table,
            name: table(tbl_name),
            columns: None,
            unless_there: *if_not_exists,
        },
        Stmt::CreateView {
            view_name,
            if_not_exists,
            temporary,
            ..
        } => Effect::Create {
            kind: Kind::View,
            name: table(view_name),
            columns: None,
            unless_there: *if_not_exists && !temporary,
        },
        Stmt::DropTable { tbl_name, .. } => Effect::Drop {
            kind: Kind::Table,
            name: table(tbl_name),
        },
        Stmt::DropView { view_name, .. } => Effect::Drop {
            kind: Kind::View,
            name: table(view_name),
        },
        Stmt::Delete {
            tbl_name,
            where_clause: None,
            limit: None,
            ..
        } => Effect::DeleteAll {
            table: table(tbl_name),
        },
        Stmt::Update {
            tbl_name,
            sets,
            where_clause: None,
            limit: None,
            ..
        } => Effect::UpdateAll {
            table: table(tbl_name),
            columns: sets
                .iter()
                .flat_map(|set| set.col_names.iter())
                .map(|column| name(column.0))
                .collect(),
        },
        Stmt::AlterTable(of, body) => match alter(table(of), body) {
            Some(effect) => effect,
            None => return,
        },
        Stmt::Pragma(pragma, Some(PragmaBody::Equals(value) | PragmaBody::Call(value)))
            if pragma.name.0.eq_ignore_ascii_case("writable_schema") && !is_off(value) =>
        {
            Effect::Other {
                rule: Rule::WritableSchema,
                what: "PRAGMA writable_schema".to_owned(),
            }
        }
        Stmt::Insert {
            tbl_name,
            columns,
            body,
            ..
        } => match copy::of(table(tbl_name), columns.as_ref(), body) {
            Some(effect) => effect,
            None => return,
        },
        _ => return,
    };
    effects.push(effect);
}

fn alter(table: Name, body: &AlterTableBody<'_>) -> Option<Effect> {
    Some(match body {
        AlterTableBody::RenameTo(to) => Effect::Rename {
            kind: Kind::Table,
            from: table,
            to: name(to.0),
        },
        AlterTableBody::AddColumn(definition) => Effect::AddColumn {
            table,
            column: column(definition),
            unless_there: false,
        },
        AlterTableBody::DropColumn(dropped) => Effect::DropColumn {
            table,
            column: name(dropped.0),
        },
        AlterTableBody::RenameColumn { old, new } => Effect::RenameColumn {
            table,
            from: name(old.0),
            to: name(new.0),
        },
        AlterTableBody::SetColumnNotNull(of, _) => Effect::SetNotNull {
            table,
            column: name(of.0),
        },
        AlterTableBody::DropColumnNotNull(of) => Effect::DropNotNull {
            table,
            column: name(of.0),
        },
        AlterTableBody::AddConstraint(_) | AlterTableBody::DropConstraint(_) => return None,
    })
}

fn is_off(value: &Expr<'_>) -> bool {
    let word = match value {
        Expr::Name(name) => name.0,
        Expr::Id(id) => id.0,
        Expr::Literal(Literal::Numeric(number) | Literal::Keyword(number)) => number,
        _ => return false,
    };
    ["off", "0", "false", "no"]
        .iter()
        .any(|off| word.eq_ignore_ascii_case(off))
}

/// SQLite folds every name, quoted ones too.
pub(super) fn name(text: &str) -> Name {
    let shown = unquoted(text);
    Name {
        key: shown.to_lowercase(),
        shown,
    }
}

fn unquoted(text: &str) -> String {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    for quote in ['"', '`', '\''] {
        if let Some(inner) = inner(quote) {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bracketed.unwrap_or(text).to_owned()
}

fn table(of: &QualifiedName<'_>) -> Name {
    let table = name(of.name.0);
    let Some(database) = of.db_name.as_ref().map(|database| name(database.0)) else {
        return table;
    };
    // A temporary table is mostly spoken of without its schema.
    if ["main", "temp"].contains(&database.key.as_str()) {
        return table;
    }
    Name {
        key: format!("{}.{}", database.key, table.key),
        shown: format!("{}.{}", database.shown, table.shown),
    }
}

fn columns(body: &CreateTableBody<'_>) -> Option<Vec<Column>> {
    match body {
        CreateTableBody::ColumnsAndConstraints { columns, .. } => {
            Some(columns.iter().map(column).collect())
        }
        CreateTableBody::AsSelect(_) => None,
    }
}

fn column(definition: &ColumnDefinition<'_>) -> Column {
    let type_name = definition
        .col_type
        .as_ref()
        .map_or("", |type_name| type_name.name)
        .to_lowercase();
    let mut column = Column {
        name: name(definition.col_name.0),
        not_null: false,
        has_default: false,
        type_name,
    };
    for constraint in definition.constraints {
        match &constraint.constraint {
            ColumnConstraint::NotNull { nullable, .. } => column.not_null = !nullable,
            // An INTEGER PRIMARY KEY numbers its rows by itself; any other may be null in SQLite.
            ColumnConstraint::PrimaryKey { .. } if column.type_name == "integer" => {
                column.has_default = true;
            }
            ColumnConstraint::Default(value) => {
                column.has_default = !matches!(value, Expr::Literal(Literal::Null));
            }
            ColumnConstraint::Generated { .. } => column.has_default = true,
            _ => {}
        }
    }
    column
}
