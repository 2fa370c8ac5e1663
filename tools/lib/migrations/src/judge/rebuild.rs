//! Tables that are rebuilt: SQLite alters little in place, so a new table is made, the rows are copied, the old one goes and
//! the new one takes its name. That drops a table in form only; what it takes away are the columns that are not copied.

use crate::effect::{Column, Copied, Effect, Kind, Name};
use crate::rule::Rule;
use std::collections::HashMap;

/// One rebuilt table.
#[derive(Debug, Clone)]
pub(super) struct Rebuild {
    pub(super) table: Name,
    /// What it consists of afterwards; None where that is not written out.
    after: Option<Vec<Column>>,
    copied: Copied,
}

/// The rebuilds of a file, by the place of the effect that would else be a drop or a rename.
#[derive(Debug, Default)]
pub(super) struct Rebuilds(HashMap<usize, Rebuild>);

impl Rebuilds {
    pub(super) fn at(&self, place: usize) -> Option<Rebuild> {
        self.0.get(&place).cloned()
    }

    pub(super) fn is_target(&self, name: &Name) -> bool {
        self.0.values().any(|rebuild| rebuild.table.key == name.key)
    }
}

type Placed<'file> = (usize, usize, &'file Effect);

/// Three shapes: make, copy, drop, rename; rename, make, copy, drop; and over a temporary table and back.
pub(super) fn find(effects: &[Placed<'_>]) -> Rebuilds {
    let mut rebuilds = Rebuilds::default();
    for (place, (_, _, effect)) in effects.iter().enumerate() {
        let (before, after) = effects.split_at(place);
        let found = match effect {
            Effect::Drop {
                kind: Kind::Table,
                name,
            } => over_another(name, before, after),
            Effect::Rename {
                kind: Kind::Table,
                from,
                to,
            } => out_of_the_way(from, to, after),
            _ => None,
        };
        if let Some(found) = found {
            rebuilds.0.insert(place, found);
        }
    }
    rebuilds
}

/// Copied into another before; that other, or one made anew, has the name later.
fn over_another(table: &Name, before: &[Placed<'_>], after: &[Placed<'_>]) -> Option<Rebuild> {
    let (into, copied) = before
        .iter()
        .rev()
        .find_map(|(_, _, effect)| match effect {
            Effect::Copy {
                into,
                from,
                columns,
            } if from.key == table.key => Some((into, columns)),
            _ => None,
        })?;
    let of_other = made(into, before)?;
    let renamed = after.iter().any(|(_, _, effect)| {
        matches!(effect, Effect::Rename { kind: Kind::Table, from, to } if from.key == into.key && to.key == table.key)
    });
    let columns = if renamed {
        of_other
    } else {
        made(table, after)?
    };
    Some(Rebuild {
        table: table.clone(),
        after: columns.clone(),
        copied: copied.clone(),
    })
}

/// Renamed, made anew under the old name, and copied back.
fn out_of_the_way(table: &Name, aside: &Name, after: &[Placed<'_>]) -> Option<Rebuild> {
    let columns = made(table, after)?;
    let copied = after.iter().find_map(|(_, _, effect)| match effect {
        Effect::Copy {
            into,
            from,
            columns,
        } if from.key == aside.key && into.key == table.key => Some(columns),
        _ => None,
    })?;
    Some(Rebuild {
        table: table.clone(),
        after: columns.clone(),
        copied: copied.clone(),
    })
}

/// Where a table of that name is made: its columns, if they are written out.
fn made<'file>(table: &Name, effects: &[Placed<'file>]) -> Option<&'file Option<Vec<Column>>> {
    effects
        .iter()
        .rev()
        .find_map(|(_, _, effect)| match effect {
            Effect::Create {
                kind: Kind::Table,
                name,
                columns,
                ..
            } if name.key == table.key => Some(columns),
            _ => None,
        })
}

impl Rebuild {
    /// What the rebuilt table lacks; an error says why that cannot be known.
    pub(super) fn compare(&self, before: Option<&[Column]>) -> Result<Vec<(Rule, String)>, String> {
        let shown = &self.table.shown;
        let (Some(before), Some(after)) = (before, &self.after) else {
            return Err(format!(
                "{shown} is rebuilt, and how it looked before is not in these files: compare its columns yourself"
            ));
        };
        let mut taken = Vec::new();
        let mut kept = Vec::new();
        for old in before {
            let same = after.iter().find(|new| new.name.key == old.name.key);
            let Some(new) = same.or_else(|| self.renamed(old, before, after)) else {
                taken.push((Rule::DropColumn, self.of(old)));
                continue;
            };
            kept.push(&new.name.key);
            self.compare_column(old, new, &mut taken);
        }
        let required =
            |new: &&Column| new.not_null && !new.has_default && !kept.contains(&&new.name.key);
        let required = after
            .iter()
            .filter(required)
            .map(|new| (Rule::AddRequiredColumn, self.of(new)));
        taken.extend(required.collect::<Vec<_>>());
        Ok(taken)
    }

    fn of(&self, column: &Column) -> String {
        format!("{}.{}", self.table.shown, column.name.shown)
    }

    /// The new column into which only that old one is copied, and which was not there before.
    fn renamed<'new>(
        &self,
        old: &Column,
        before: &[Column],
        after: &'new [Column],
    ) -> Option<&'new Column> {
        let pairs = self.copied.as_ref()?;
        let (into, _) = pairs.iter().find(|(_, from)| *from == old.name.key)?;
        let is_new = !before.iter().any(|old| old.name.key == *into);
        after.iter().find(|new| is_new && new.name.key == *into)
    }

    fn compare_column(&self, old: &Column, new: &Column, taken: &mut Vec<(Rule, String)>) {
        let what = || self.of(old);
        if old.name.key != new.name.key {
            taken.push((
                Rule::RenameColumn,
                format!("{} to {}", what(), new.name.shown),
            ));
        }
        if affinity(&old.type_name) != affinity(&new.type_name) {
            taken.push((Rule::ChangeType, what()));
        }
        if new.not_null && !old.not_null {
            taken.push((Rule::SetNotNull, what()));
        }
        if old.has_default && !new.has_default && new.not_null {
            taken.push((Rule::DropDefault, what()));
        }
    }
}

/// What a type means to SQLite (its documentation's "Determination Of Column Affinity", the five rules in their order).
fn affinity(type_name: &str) -> u8 {
    let has = |parts: &[&str]| parts.iter().any(|part| type_name.contains(part));
    if has(&["int"]) {
        1
    } else if has(&["char", "clob", "text"]) {
        2
    } else if has(&["blob"]) || type_name.is_empty() {
        3
    } else if has(&["real", "floa", "doub"]) {
        4
    } else {
        5
    }
}
