//! What takes something away from the release that is live.

use std::fmt;

/// The dialect that migrations are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL, as `psql` reads a file.
    Postgres,
    /// `SQLite`, as its shell and Cloudflare's D1 read one.
    Sqlite,
}

macro_rules! rules {
    ($($rule:ident $name:literal $about:literal,)*) => {
        /// One way not to be backward compatible. Its name is what a comment allows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $(#[doc = $about] $rule,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)*
                }
            }

            /// What it finds.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$rule => $about,)*
                }
            }
        }
    };
}

rules! {
    DropTable "drop-table" "a table is dropped",
    RenameTable "rename-table" "a table is renamed, or moved to another schema",
    DetachPartition "detach-partition" "rows leave a table with their partition",
    DropColumn "drop-column" "a column is dropped",
    RenameColumn "rename-column" "a column is renamed",
    ChangeType "change-type" "a column gets another type",
    AddRequiredColumn "add-required-column" "a new column is NOT NULL and has no default",
    SetNotNull "set-not-null" "a column that could be null no longer can",
    DropDefault "drop-default" "a column loses its default",
    DeleteAll "delete-all" "DELETE without WHERE",
    UpdateAll "update-all" "UPDATE without WHERE",
    Truncate "truncate" "a table is emptied",
    DropView "drop-view" "a view is dropped and not made again in the same file",
    RenameView "rename-view" "a view is renamed",
    DropType "drop-type" "a type or domain, or an attribute of one, is dropped and not made again in the same file",
    RenameType "rename-type" "a type or domain, or an attribute or a value of one, is renamed",
    DropSchema "drop-schema" "a schema or a database, or all that a role owns, is dropped",
    RenameSchema "rename-schema" "a schema or a database is renamed",
    DropSequence "drop-sequence" "a sequence is dropped and not made again in the same file",
    RenameSequence "rename-sequence" "a sequence is renamed",
    DropFunction "drop-function" "a function or procedure is dropped and not made again in the same file",
    RenameFunction "rename-function" "a function or procedure is renamed",
    DropExtension "drop-extension" "an extension is dropped",
    WritableSchema "writable-schema" "SQLite's schema table is opened for writing",
}

impl Rule {
    /// The rule of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
