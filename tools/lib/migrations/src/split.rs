//! Where the statements of a file begin and end.
//!
//! Each is parsed by itself, so that one which a parser does not understand costs that one only. What ends a statement
//! is decided as the engines' own shells decide it: strings, comments, dollar quotes, bodies that hold semicolons, data
//! that follows a `COPY`, commands of the shell itself.

use crate::effect::Doubt;
use crate::rule::Dialect;
use crate::scan::{self, Scan, Token};
use crate::section;

/// One statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its first byte in the file.
    pub(crate) start: usize,
    /// The byte after its semicolon, or after its last token where it has none.
    pub(crate) end: usize,
}

/// What a file consists of.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) statements: Vec<Statement>,
    /// The comments outside of statements and in them: (start, end).
    pub(crate) comments: Vec<(usize, usize)>,
    pub(crate) doubts: Vec<Doubt>,
}

/// Unclosed quotes and comments after which the rest of a file is given up: each costs a look through that rest.
const UNCLOSED: usize = 20;

/// The statements of a file, those that only lead back left out.
pub(crate) fn split(text: &str, dialect: Dialect) -> Parts {
    let mut splitter = Splitter {
        scan: Scan::new(text, dialect),
        text,
        dialect,
        parts: Parts::default(),
        open: None,
        backwards: false,
        unclosed: 0,
    };
    splitter.run();
    splitter.parts
}

struct Splitter<'text> {
    scan: Scan<'text>,
    text: &'text str,
    dialect: Dialect,
    parts: Parts,
    open: Option<Open>,
    /// Within the part of a file that leads back.
    backwards: bool,
    unclosed: usize,
}

/// The statement that is being read.
struct Open {
    start: usize,
    /// After its last token.
    end: usize,
    body: Body,
    /// A semicolon that ended nothing because a body was open: where to go on if that body never ends.
    passed: Option<usize>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        loop {
            let Some((start, token)) = self.scan.next() else {
                // A body that never ended swallowed what follows: its first semicolon is taken for its end after all.
                let swallowed = self.open.as_mut().and_then(|open| open.passed);
                let Some(after) = swallowed else { break };
                self.end_at(after);
                self.scan.go_to(after);
                continue;
            };
            let end = self.scan.place();
            match token {
                Token::Comment => self.comment(start, end),
                Token::Unclosed(what) => {
                    self.doubt(start, format!("{what} that is never closed"));
                    self.unclosed += 1;
                    if self.unclosed == UNCLOSED {
                        self.doubt(
                            start,
                            "the rest of the file: too much of it is never closed".to_owned(),
                        );
                        break;
                    }
                }
                Token::ShellCommand => self.shell_command(start, end),
                Token::Semicolon => self.semicolon(start, end),
                Token::Word | Token::Quoted | Token::Other => self.token(start, end, token),
            }
        }
        if let Some(open) = self.open.take() {
            self.push(open.start, open.end);
        }
    }

    fn doubt(&mut self, at: usize, why: String) {
        if !self.backwards {
            self.parts.doubts.push(Doubt { at, why });
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        if !self.backwards {
            self.parts.statements.push(Statement { start, end });
        }
    }

    fn end_at(&mut self, end: usize) {
        if let Some(open) = self.open.take() {
            self.push(open.start, end);
            if self.dialect == Dialect::Postgres && reads_data(&self.text[open.start..end]) {
                self.scan.skip_copied_data();
            }
        }
    }

    fn comment(&mut self, start: usize, end: usize) {
        let text = &self.text[start..end];
        if let Some(backwards) = section::backwards(text) {
            self.finish_open();
            self.backwards = backwards;
        } else if text.starts_with("--> statement-breakpoint") {
            self.finish_open();
        }
        if !self.backwards {
            self.parts.comments.push((start, end));
        }
    }

    fn finish_open(&mut self) {
        if let Some(open) = self.open.take() {
            self.push(open.start, open.end);
        }
    }

    /// A command of `psql` or of SQLite's shell: it runs to the end of its line, and one that sends a query ends it.
    fn shell_command(&mut self, start: usize, end: usize) {
        self.finish_open();
        let command = self.text[start..end].trim_start_matches(['\\', '.']);
        let name = command.split_whitespace().next().unwrap_or_default();
        if matches!(name, "i" | "include" | "ir" | "include_relative" | "read") {
            self.doubt(
                start,
                format!("another file is read in: {}", scan::shortened(command)),
            );
        } else if name == "gexec" {
            self.doubt(
                start,
                "text that a query puts together is run (\\gexec)".to_owned(),
            );
        }
    }

    fn token(&mut self, start: usize, end: usize, token: Token) {
        let word = if token == Token::Word {
            &self.text[start..end]
        } else {
            ""
        };
        let dialect = self.dialect;
        let open = self.open.get_or_insert_with(|| Open {
            start,
            end,
            body: Body::new(dialect),
            passed: None,
        });
        open.end = end;
        open.body.token(word, &self.text[start..end]);
    }

    fn semicolon(&mut self, start: usize, end: usize) {
        let Some(open) = &mut self.open else { return };
        open.end = end;
        if open.body.holds_semicolon() {
            open.passed.get_or_insert(end);
            return;
        }
        let _ = start;
        self.end_at(end);
    }
}

/// Whether the rows follow in the file, up to a line of `\.`.
fn reads_data(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    if !words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("copy"))
    {
        return false;
    }
    let mut before = "";
    words.any(|word| {
        let found = before.eq_ignore_ascii_case("from")
            && word
                .trim_end_matches(';')
                .get(..5)
                .is_some_and(|word| word.eq_ignore_ascii_case("stdin"));
        before = word;
        found
    })
}

/// Whether a statement has a body in which semicolons end nothing.
struct Body {
    dialect: Dialect,
    /// The statement's first words, in capitals.
    words: Vec<String>,
    kind: Holds,
    /// How deep the brackets, or what `END` closes, are.
    depth: usize,
    /// The last two things read.
    last: [Last; 2],
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Holds {
    Unknown,
    Nothing,
    /// PostgreSQL's `CREATE RULE`: statements in parentheses.
    Rule,
    /// PostgreSQL's functions, once `BEGIN ATOMIC` was read.
    Function,
    Atomic,
    /// SQLite's triggers: up to `; END;`.
    Trigger,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Last {
    Begin,
    End,
    Semicolon,
    Other,
}

/// How many words tell what a statement is.
const TELLING: usize = 5;

impl Body {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            words: Vec::new(),
            kind: Holds::Unknown,
            depth: 0,
            last: [Last::Other; 2],
        }
    }

    fn token(&mut self, word: &str, text: &str) {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if self.kind == Holds::Unknown {
            self.words.push(word.to_ascii_uppercase());
            self.kind = kind_of(&self.words, self.dialect);
        }
        match self.kind {
            Holds::Rule => match text {
                "(" => self.depth += 1,
                ")" => self.depth = self.depth.saturating_sub(1),
                _ => {}
            },
            Holds::Function if is("ATOMIC") && self.last[1] == Last::Begin => {
                self.kind = Holds::Atomic;
                self.depth = 1;
            }
            Holds::Atomic if is("CASE") => self.depth += 1,
            Holds::Atomic if is("END") => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.read(if is("BEGIN") {
            Last::Begin
        } else if is("END") {
            Last::End
        } else {
            Last::Other
        });
    }

    fn read(&mut self, last: Last) {
        self.last = [self.last[1], last];
    }

    fn holds_semicolon(&mut self) -> bool {
        let holds = match self.kind {
            Holds::Unknown | Holds::Nothing | Holds::Function => false,
            Holds::Rule | Holds::Atomic => self.depth > 0,
            Holds::Trigger => self.last != [Last::Semicolon, Last::End],
        };
        self.read(Last::Semicolon);
        holds
    }
}

fn kind_of(words: &[String], dialect: Dialect) -> Holds {
    let mut words_read = words.iter().map(String::as_str);
    if words_read.next() != Some("CREATE") {
        return Holds::Nothing;
    }
    let rest: Vec<&str> = words_read
        .filter(|word| !matches!(*word, "OR" | "REPLACE" | "TEMP" | "TEMPORARY"))
        .collect();
    match (dialect, rest.first()) {
        (_, None) if words.len() < TELLING => Holds::Unknown,
        (Dialect::Postgres, Some(&"RULE")) => Holds::Rule,
        (Dialect::Postgres, Some(&("FUNCTION" | "PROCEDURE"))) => Holds::Function,
        (Dialect::Sqlite, Some(&"TRIGGER")) => Holds::Trigger,
        _ => Holds::Nothing,
    }
}
