//! The migrations of a directory, in their order.

use crate::name::Version;
use std::io;
use std::path::{Path, PathBuf};

/// One migration that leads forward.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its path beneath the directory.
    pub name: String,
    pub(crate) path: PathBuf,
    pub(crate) version: Version,
}

/// All migrations of a directory.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// In the order in which they are applied.
    pub migrations: Vec<Migration>,
    /// How many files lead back; nothing of them is judged.
    pub backwards: usize,
    /// A migration that is no SQL (`.py`, `.rb`, `.ts`, …), where there is one.
    pub code: Option<String>,
}

/// How deep below the directory files are looked for: Diesel's and Prisma's have a directory each, some sort by year.
const DEPTH: usize = 4;
/// Directories whose files only lead back.
const BACKWARDS: [&str; 5] = ["down", "undo", "rollback", "rollbacks", "revert"];
/// The languages in which migrations are written that are not SQL.
const CODE: [&str; 7] = ["py", "rb", "ts", "js", "mjs", "php", "go"];

impl Directory {
    /// Reads the names of a directory; an error says which directory could not be read.
    pub fn read(directory: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let mut found = Self::default();
        found.walk(directory, "", DEPTH)?;
        found.migrations.sort_by(|one, other| {
            one.version
                .order(&other.version)
                .then_with(|| one.name.cmp(&other.name))
        });
        Ok(found)
    }

    fn walk(
        &mut self,
        directory: &Path,
        beneath: &str,
        depth: usize,
    ) -> Result<(), (PathBuf, io::Error)> {
        let failed = |error| (directory.to_owned(), error);
        for entry in directory.read_dir().map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
            else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let below = format!("{beneath}{name}");
            if path.is_dir() {
                let leads_back = BACKWARDS.iter().any(|back| name.eq_ignore_ascii_case(back));
                if depth > 0 && !leads_back && name != "node_modules" {
                    self.walk(&path, &format!("{below}/"), depth - 1)?;
                }
            } else {
                self.add(path, &name, below);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: PathBuf, name: &str, below: String) {
        let Some(stem) = strip_sql(name) else {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            if CODE.contains(&extension) && name != "__init__.py" {
                self.code.get_or_insert(below);
            }
            return;
        };
        // Where a directory is a migration, its name is the one that counts.
        let is_directory =
            ["up", "down", "migration"].contains(&stem.to_ascii_lowercase().as_str());
        let parent = below.rsplit('/').nth(1).filter(|_| is_directory);
        let mut version = Version::of(parent.unwrap_or(stem));
        version.leads_back |= stem.eq_ignore_ascii_case("down");
        if version.leads_back {
            self.backwards += 1;
        } else {
            self.migrations.push(Migration {
                name: below,
                path,
                version,
            });
        }
    }

    /// The place of the migration that somebody names: by its path, without `.sql`, or by its number alone.
    pub fn find(&self, told: &str) -> Option<usize> {
        let is_named = |migration: &&Migration| {
            let name = migration.name.as_str();
            let stem = strip_sql(name).unwrap_or(name);
            let directory = name.rsplit_once('/').map(|(directory, _)| directory);
            told == name || told == stem || directory == Some(told)
        };
        let numbered = |migration: &Migration| {
            let version = Version::of(told);
            told.bytes().all(|byte| byte.is_ascii_digit())
                && version.is_duplicate_of(&migration.version)
        };
        self.migrations
            .iter()
            .position(|migration| is_named(&migration))
            .or_else(|| self.migrations.iter().rposition(numbered))
    }

    /// Numbers that are missing, and numbers that two have: each with the file it is told of, as the later one.
    pub(crate) fn out_of_order(
        &self,
        is_new: impl Fn(&Migration) -> bool,
    ) -> Vec<(String, &'static str, String)> {
        let mut found = Vec::new();
        let step = self.step();
        for pair in self.migrations.windows(2) {
            let (one, other) = (&pair[0], &pair[1]);
            if one.version.is_duplicate_of(&other.version) {
                if is_new(one) || is_new(other) {
                    found.push((
                        other.name.clone(),
                        "duplicate",
                        format!("the number of {}", one.name),
                    ));
                }
                continue;
            }
            let (Some(low), Some(high)) = (one.version.number(), other.version.number()) else {
                continue;
            };
            if high > low + step && is_new(other) {
                let missing = if high == low + 2 * step {
                    format!("{} is missing", low + step)
                } else {
                    format!("{} to {} are missing", low + step, high - step)
                };
                found.push((
                    other.name.clone(),
                    "gap",
                    format!("{missing} after {}", one.name),
                ));
            }
        }
        found
    }

    /// How far the numbers stand apart: 1, or 10 or so where somebody leaves room on purpose.
    fn step(&self) -> u64 {
        /// Smaller steps are gaps.
        const ROOM: u64 = 5;
        let numbers: Vec<u64> = self
            .migrations
            .iter()
            .filter_map(|one| one.version.number())
            .collect();
        let apart = numbers
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]));
        match apart.fold(0, greatest_common_divisor) {
            step if step >= ROOM && numbers.len() > 2 => step,
            _ => 1,
        }
    }
}

fn greatest_common_divisor(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        greatest_common_divisor(other, one % other)
    }
}

fn strip_sql(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    extension.eq_ignore_ascii_case("sql").then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Directory {
        let mut directory = Directory::default();
        for name in names {
            let file = name.rsplit('/').next().unwrap_or(name);
            directory.add(PathBuf::from(name), file, (*name).to_owned());
        }
        directory
            .migrations
            .sort_by(|one, other| one.version.order(&other.version));
        directory
    }

    fn told(names: &[&str]) -> Vec<String> {
        let found = of(names).out_of_order(|_| true);
        found
            .into_iter()
            .map(|(file, rule, what)| format!("{file}: {rule}: {what}"))
            .collect()
    }

    #[test]
    fn gaps_and_duplicates() {
        assert_eq!(
            told(&["001_a.sql", "003_b.sql", "007_c.sql"]),
            [
                "003_b.sql: gap: 2 is missing after 001_a.sql",
                "007_c.sql: gap: 4 to 6 are missing after 003_b.sql"
            ]
        );
        assert_eq!(
            told(&["001_a.sql", "1_b.sql"]),
            ["1_b.sql: duplicate: the number of 001_a.sql"]
        );
        assert!(told(&["0010_a.sql", "0020_b.sql", "0030_c.sql"]).is_empty());
        assert!(told(&["20261120_a.sql", "20261125_b.sql"]).is_empty());
        assert!(told(&["1_a.up.sql", "1_a.down.sql", "2_b.up.sql", "2_b.down.sql"]).is_empty());
        assert!(told(&["001_a/up.sql", "001_a/down.sql", "002_b/migration.sql"]).is_empty());
    }

    #[test]
    fn old_gaps_are_history() {
        let directory = of(&["001_a.sql", "003_b.sql", "005_c.sql"]);
        let found = directory.out_of_order(|migration| migration.name == "005_c.sql");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "005_c.sql");
    }

    #[test]
    fn one_is_found_by_what_people_call_it() {
        let directory = of(&["001_a.sql", "002_b/up.sql", "003_c.up.sql"]);
        for (told, place) in [
            ("001_a.sql", 0),
            ("001_a", 0),
            ("1", 0),
            ("002_b", 1),
            ("2", 1),
            ("003_c.up", 2),
        ] {
            assert_eq!(directory.find(told), Some(place), "{told}");
        }
        assert_eq!(directory.find("4"), None);
        assert_eq!(directory.find("a"), None);
    }
}
