//! What a statement does to a schema, whatever dialect it is written in.

use crate::rule::Rule;

/// The name of a table, a column or whatever else has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    /// As the engine compares it: folded, and without the schema where that is the usual one.
    pub(crate) key: String,
    /// As people know it: without quotes.
    pub(crate) shown: String,
}

/// What kind of thing has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Table,
    View,
    Type,
    Schema,
    Sequence,
    Function,
    Extension,
}

impl Kind {
    pub(crate) fn dropped(self) -> Rule {
        match self {
            Self::Table => Rule::DropTable,
            Self::View => Rule::DropView,
            Self::Type => Rule::DropType,
            Self::Schema => Rule::DropSchema,
            Self::Sequence => Rule::DropSequence,
            Self::Function => Rule::DropFunction,
            Self::Extension => Rule::DropExtension,
        }
    }

    pub(crate) fn renamed(self) -> Rule {
        match self {
            Self::Table => Rule::RenameTable,
            Self::View => Rule::RenameView,
            Self::Type => Rule::RenameType,
            Self::Schema => Rule::RenameSchema,
            Self::Sequence => Rule::RenameSequence,
            // Nothing renames an extension.
            Self::Function | Self::Extension => Rule::RenameFunction,
        }
    }
}

/// A column as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: Name,
    /// As written, in lower case.
    pub(crate) type_name: String,
    pub(crate) not_null: bool,
    /// It gets a value where none is given: a default, an identity, a computed value.
    pub(crate) has_default: bool,
}

/// Which columns of a table are copied into which of another, in that order: (into, from), folded. None where all are
/// (`SELECT *`), or that cannot be seen.
pub(crate) type Copied = Option<Vec<(String, String)>>;

/// What one statement, or one part of it, does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Something new; of a table the columns, where they are written out.
    Create {
        kind: Kind,
        name: Name,
        columns: Option<Vec<Column>>,
        /// `IF NOT EXISTS`, `OR REPLACE`: it may have been there before.
        unless_there: bool,
    },
    Drop {
        kind: Kind,
        name: Name,
    },
    Rename {
        kind: Kind,
        from: Name,
        to: Name,
    },
    AddColumn {
        table: Name,
        column: Column,
        /// `IF NOT EXISTS`: it may have been there before.
        unless_there: bool,
    },
    DropColumn {
        table: Name,
        column: Name,
    },
    RenameColumn {
        table: Name,
        from: Name,
        to: Name,
    },
    ChangeType {
        table: Name,
        column: Name,
    },
    SetNotNull {
        table: Name,
        column: Name,
    },
    DropNotNull {
        table: Name,
        column: Name,
    },
    /// A default or an identity, or none any more.
    Default {
        table: Name,
        column: Name,
        has: bool,
    },
    /// Every row of a table.
    DeleteAll {
        table: Name,
    },
    /// These columns of every row.
    UpdateAll {
        table: Name,
        columns: Vec<Name>,
    },
    Truncate {
        table: Name,
    },
    /// Rows are taken over from another table.
    Copy {
        into: Name,
        from: Name,
        columns: Copied,
    },
    /// Nothing that anything later in the file can excuse.
    Other {
        rule: Rule,
        what: String,
    },
}

/// A statement, or one inside a `DO` body, and what it does. Places are byte offsets in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Each with the place that a person is shown.
    pub(crate) effects: Vec<(usize, Effect)>,
}

/// Something in a file that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) at: usize,
    pub(crate) why: String,
}

/// What a parser makes of one statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Understood {
    pub(crate) steps: Vec<Step>,
    pub(crate) doubts: Vec<Doubt>,
}
