//! What tables look like, as far as the files before tell.

use crate::effect::{Column, Effect, Kind, Name};
use std::collections::HashMap;

/// The columns of each table, by its key. Only where every statement about a table was understood is it here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema(HashMap<String, Vec<Column>>);

impl Schema {
    pub(crate) fn columns(&self, table: &Name) -> Option<&[Column]> {
        self.0.get(&table.key).map(Vec::as_slice)
    }

    /// Something was not understood: nothing is known for certain any more.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    pub(crate) fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Create {
                kind: Kind::Table,
                name,
                unless_there: true,
                ..
            } if self.0.contains_key(&name.key) => {}
            Effect::Create {
                kind: Kind::Table,
                name,
                columns,
                ..
            } => {
                match columns {
                    Some(columns) => self.0.insert(name.key.clone(), columns.clone()),
                    None => self.0.remove(&name.key),
                };
            }
            Effect::Drop {
                kind: Kind::Table,
                name,
            } => {
                self.0.remove(&name.key);
            }
            Effect::Rename {
                kind: Kind::Table,
                from,
                to,
            } => {
                if let Some(columns) = self.0.remove(&from.key) {
                    self.0.insert(to.key.clone(), columns);
                }
            }
            Effect::AddColumn { table, column, .. } => {
                if let Some(columns) = self.0.get_mut(&table.key)
                    && !columns
                        .iter()
                        .any(|known| known.name.key == column.name.key)
                {
                    columns.push(column.clone());
                }
            }
            Effect::DropColumn { table, column } => {
                if let Some(columns) = self.0.get_mut(&table.key) {
                    columns.retain(|known| known.name.key != column.key);
                }
            }
            Effect::RenameColumn { table, from, to } => {
                if let Some(known) = self.column(table, from) {
                    known.name = to.clone();
                }
            }
            Effect::SetNotNull { table, column } => {
                if let Some(known) = self.column(table, column) {
                    known.not_null = true;
                }
            }
            Effect::DropNotNull { table, column } => {
                if let Some(known) = self.column(table, column) {
                    known.not_null = false;
                }
            }
            _ => {}
        }
    }

    fn column(&mut self, table: &Name, column: &Name) -> Option<&mut Column> {
        let columns = self.0.get_mut(&table.key)?;
        columns
            .iter_mut()
            .find(|known| known.name.key == column.key)
    }
}
