//! Which effects take something away from the release that is live.
//!
//! What was not there before cannot be missed: a table made in the same file may be dropped, emptied and changed at will,
//! a column added there too. What is made only where it is not there yet (`IF NOT EXISTS`, `OR REPLACE`) may have been there. Where it is known which migrations a deploy brings, "the same file" is all of those.

mod column;
mod rebuild;
mod schema;

pub(crate) use schema::Schema;

use crate::effect::{Effect, Kind, Name, Step};
use crate::rule::Rule;
use std::collections::{HashMap, HashSet};

/// Something that is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The step that does it, as its place among those of the file.
    pub(crate) step: usize,
    pub(crate) at: usize,
    pub(crate) rule: Rule,
    pub(crate) what: String,
}

/// What is new since the live release.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Nothing is live: what may have been there before is nobody's.
    pub(crate) is_first: bool,
    made: HashSet<(Kind, String)>,
    /// Columns added to tables that were there before: by table and column.
    columns: HashMap<(String, String), column::Added>,
}

/// What the steps of one file take away, in the order of the file, and where that cannot be known.
pub(crate) fn judge(
    steps: &[Step],
    scope: &mut Scope,
    schema: &mut Schema,
) -> (Vec<Taken>, Vec<(usize, String)>) {
    let effects: Vec<(usize, usize, &Effect)> = steps
        .iter()
        .enumerate()
        .flat_map(|(step, of)| {
            of.effects
                .iter()
                .map(move |(at, effect)| (step, *at, effect))
        })
        .collect();
    let mut file = File {
        scope,
        later: Later::of(&effects),
        rebuilds: rebuild::find(&effects),
        replaced: HashSet::new(),
        taken: Vec::new(),
        doubts: Vec::new(),
    };
    for (place, (step, at, effect)) in effects.iter().enumerate() {
        file.effect(place, (*step, *at), effect, schema);
        schema.apply(effect);
    }
    file.finish()
}

struct File<'file> {
    scope: &'file mut Scope,
    later: Later,
    rebuilds: rebuild::Rebuilds,
    /// Dropped or renamed, and made again later.
    replaced: HashSet<(Kind, String)>,
    taken: Vec<Taken>,
    doubts: Vec<(usize, String)>,
}

/// Where the last thing of that name comes into being.
struct Later(HashMap<(Kind, String), usize>);

impl Later {
    fn of(effects: &[(usize, usize, &Effect)]) -> Self {
        let mut made = HashMap::new();
        for (place, (_, _, effect)) in effects.iter().enumerate() {
            let (kind, name) = match effect {
                Effect::Create { kind, name, .. } => (kind, name),
                Effect::Rename { kind, to, .. } => (kind, to),
                _ => continue,
            };
            made.insert((*kind, name.key.clone()), place);
        }
        Self(made)
    }

    /// Tables lose their rows when they are made again; everything else is as good as before.
    fn replaces(&self, kind: Kind, name: &Name, place: usize) -> bool {
        let made = self.0.get(&(kind, name.key.clone()));
        kind != Kind::Table && made.is_some_and(|made| *made > place)
    }
}

impl File<'_> {
    fn take(&mut self, (step, at): (usize, usize), rule: Rule, what: String) {
        self.taken.push(Taken {
            step,
            at,
            rule,
            what,
        });
    }

    /// What was rebuilt or replaced was there before: it is not new.
    fn make(&mut self, kind: Kind, name: &Name) {
        let key = (kind, name.key.clone());
        let is_rebuilt = kind == Kind::Table && self.rebuilds.is_target(name);
        if !is_rebuilt && !self.replaced.contains(&key) {
            self.scope.made.insert(key);
        }
    }

    fn is_made(&self, kind: Kind, name: &Name) -> bool {
        self.scope.made.contains(&(kind, name.key.clone()))
    }

    fn effect(&mut self, place: usize, step: (usize, usize), effect: &Effect, schema: &Schema) {
        match effect {
            Effect::Create {
                unless_there: true, ..
            } if !self.scope.is_first => {}
            Effect::Create { kind, name, .. } => self.make(*kind, name),
            Effect::Drop { kind, name } => self.drop(place, step, *kind, name, schema),
            Effect::Rename { kind, from, to } => self.rename(place, step, *kind, from, to, schema),
            Effect::DeleteAll { table } => self.rows(step, table, Rule::DeleteAll),
            Effect::Truncate { table } => self.rows(step, table, Rule::Truncate),
            Effect::UpdateAll { table, columns } => {
                if columns.is_empty() || !columns.iter().all(|column| self.is_added(table, column))
                {
                    self.rows(step, table, Rule::UpdateAll);
                }
            }
            Effect::Other { rule, what } => self.take(step, *rule, what.clone()),
            Effect::Copy { .. } => {}
            _ => self.column(step, effect),
        }
    }

    fn rows(&mut self, step: (usize, usize), table: &Name, rule: Rule) {
        if !self.is_made(Kind::Table, table) {
            self.take(step, rule, table.shown.clone());
        }
    }

    fn drop(
        &mut self,
        place: usize,
        step: (usize, usize),
        kind: Kind,
        name: &Name,
        schema: &Schema,
    ) {
        let was_made = self.scope.made.remove(&(kind, name.key.clone()));
        if was_made {
            return;
        }
        if self.later.replaces(kind, name, place) {
            self.replaced.insert((kind, name.key.clone()));
            return;
        }
        match self.rebuilds.at(place) {
            Some(rebuild) => self.rebuilt(step, &rebuild, schema),
            None => self.take(step, kind.dropped(), name.shown.clone()),
        }
    }

    fn rename(
        &mut self,
        place: usize,
        step: (usize, usize),
        kind: Kind,
        from: &Name,
        to: &Name,
        schema: &Schema,
    ) {
        if self.scope.made.remove(&(kind, from.key.clone())) {
            self.make(kind, to);
            return;
        }
        if self.later.replaces(kind, from, place) {
            self.replaced.insert((kind, from.key.clone()));
            self.scope.made.insert((kind, to.key.clone()));
            return;
        }
        if let Some(rebuild) = self.rebuilds.at(place) {
            self.rebuilt(step, &rebuild, schema);
            self.scope.made.insert((kind, to.key.clone()));
            return;
        }
        self.take(
            step,
            kind.renamed(),
            format!("{} to {}", from.shown, to.shown),
        );
    }

    fn rebuilt(&mut self, step: (usize, usize), rebuild: &rebuild::Rebuild, schema: &Schema) {
        match rebuild.compare(schema.columns(&rebuild.table)) {
            Ok(taken) => {
                for (rule, what) in taken {
                    self.take(step, rule, what);
                }
            }
            Err(why) => self.doubts.push((step.1, why)),
        }
    }

    fn finish(mut self) -> (Vec<Taken>, Vec<(usize, String)>) {
        for added in self.scope.columns.values_mut() {
            self.taken.extend(added.judge());
        }
        self.taken.sort_by(|one, other| {
            (one.at, one.rule.name(), &one.what).cmp(&(other.at, other.rule.name(), &other.what))
        });
        (self.taken, self.doubts)
    }
}
