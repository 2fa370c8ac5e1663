//! Columns: what was added here, and what was there before.

use super::{File, Taken};
use crate::effect::{Effect, Kind, Name};
use crate::rule::Rule;

/// A column that the live release does not know.
#[derive(Debug, Clone)]
pub(super) struct Added {
    what: String,
    not_null: bool,
    has_default: bool,
    /// It may have been there before: then the live release knows it.
    unless_there: bool,
    /// What last made it required: step and place. Once judged, none.
    since: Option<(usize, usize)>,
}

impl Added {
    /// Rows of the live release are refused where it must be given and nothing gives it.
    pub(super) fn judge(&mut self) -> Option<Taken> {
        let since = self.since.take()?;
        (self.not_null && !self.has_default).then(|| Taken {
            step: since.0,
            at: since.1,
            rule: Rule::AddRequiredColumn,
            what: self.what.clone(),
        })
    }
}

fn key(table: &Name, column: &Name) -> (String, String) {
    (table.key.clone(), column.key.clone())
}

fn said(table: &Name, column: &Name) -> String {
    format!("{}.{}", table.shown, column.shown)
}

/// The table whose column an effect is about.
fn table_of(effect: &Effect) -> Option<&Name> {
    match effect {
        Effect::AddColumn { table, .. }
        | Effect::DropColumn { table, .. }
        | Effect::RenameColumn { table, .. }
        | Effect::ChangeType { table, .. }
        | Effect::SetNotNull { table, .. }
        | Effect::DropNotNull { table, .. }
        | Effect::Default { table, .. } => Some(table),
        _ => None,
    }
}

impl File<'_> {
    pub(super) fn is_added(&self, table: &Name, column: &Name) -> bool {
        let added = self.scope.columns.get(&key(table, column));
        added.is_some_and(|added| !added.unless_there)
    }

    pub(super) fn column(&mut self, step: (usize, usize), effect: &Effect) {
        let Some(table) = table_of(effect) else {
            return;
        };
        if self.is_made(Kind::Table, table) || self.is_made(Kind::View, table) {
            return;
        }
        match effect {
            Effect::AddColumn {
                column,
                unless_there,
                ..
            } => {
                if *unless_there && self.is_added(table, &column.name) {
                    return;
                }
                let added = Added {
                    what: said(table, &column.name),
                    not_null: column.not_null,
                    has_default: column.has_default,
                    unless_there: *unless_there && !self.scope.is_first,
                    since: Some(step),
                };
                self.scope.columns.insert(key(table, &column.name), added);
            }
            Effect::DropColumn { column, .. } => {
                let is_added = self.is_added(table, column);
                self.scope.columns.remove(&key(table, column));
                if !is_added {
                    self.take(step, Rule::DropColumn, said(table, column));
                }
            }
            Effect::RenameColumn { from, to, .. } => self.rename_column(step, table, from, to),
            Effect::ChangeType { column, .. } if !self.is_added(table, column) => {
                self.take(step, Rule::ChangeType, said(table, column));
            }
            Effect::SetNotNull { column, .. } => self.not_null(step, table, column, true),
            Effect::DropNotNull { column, .. } => self.not_null(step, table, column, false),
            Effect::Default { column, has, .. } => self.default(step, table, column, *has),
            _ => {}
        }
    }

    fn rename_column(&mut self, step: (usize, usize), table: &Name, from: &Name, to: &Name) {
        let added = self.scope.columns.remove(&key(table, from));
        let Some(mut added) = added.filter(|added| !added.unless_there) else {
            let what = format!("{} to {}", said(table, from), to.shown);
            return self.take(step, Rule::RenameColumn, what);
        };
        added.what = said(table, to);
        self.scope.columns.insert(key(table, to), added);
    }

    fn not_null(&mut self, step: (usize, usize), table: &Name, column: &Name, not_null: bool) {
        match self.scope.columns.get_mut(&key(table, column)) {
            Some(added) if !added.unless_there => {
                added.not_null = not_null;
                added.since = Some(step);
            }
            _ if not_null => self.take(step, Rule::SetNotNull, said(table, column)),
            _ => {}
        }
    }

    fn default(&mut self, step: (usize, usize), table: &Name, column: &Name, has: bool) {
        if let Some(added) = self.scope.columns.get_mut(&key(table, column)) {
            added.has_default = has;
            if !added.unless_there {
                added.since = Some(step);
                return;
            }
        }
        let what = said(table, column);
        if has {
            // Taken away for a moment only, as where a type is changed in between.
            self.taken
                .retain(|taken| (taken.rule, &taken.what) != (Rule::DropDefault, &what));
        } else {
            self.take(step, Rule::DropDefault, what);
        }
    }
}
