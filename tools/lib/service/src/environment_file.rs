//! A file for systemd's `EnvironmentFile=`, read as systemd reads it.
//!
//! It looks like a shell's and is not: quotes count only where a value begins, a backslash joins a
//! line to the next, `;` begins a comment as `#` does, nothing is expanded, and what is no assignment is passed over without a
//! word. Whoever checks such a file has to read it the same way, or vouches for what the service never gets.

/// Whether a comment that ends in a backslash takes the next line along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comments {
    /// It does: systemd up to 253.
    GoOn,
    /// It does not: systemd from 254 on.
    End,
}

/// One variable.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, which is nobody's to print.
    pub value: String,
    /// The line on which its last assignment begins, counted from 1.
    pub line: usize,
}

/// What a file comes to.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// The variables, each once: the last assignment counts.
    pub variables: Vec<Variable>,
    /// The lines that systemd passes over: without a `=`, or with something before it that is no variable's name.
    pub ignored: Vec<usize>,
    /// The line on which a quote begins that is never closed; it reaches to the end of the file.
    pub unclosed: Option<usize>,
}

/// Why systemd would not start a service with that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is a zero byte in it.
    Zero,
    /// An assignment that is not UTF-8 begins on that line.
    NotUtf8(usize),
}

impl EnvironmentFile {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|one| one.name == name)
    }

    fn assign(&mut self, name: &[u8], value: Vec<u8>, line: usize) -> Result<(), Refused> {
        let not_utf8 = || Refused::NotUtf8(line);
        let name = std::str::from_utf8(name).map_err(|_| not_utf8())?;
        let value = String::from_utf8(value).map_err(|_| not_utf8())?;
        if !is_name(name) {
            self.ignored.push(line);
            return Ok(());
        }
        self.variables.retain(|one| one.name != name);
        self.variables.push(Variable {
            name: name.to_owned(),
            value,
            line,
        });
        Ok(())
    }
}

/// Where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before an assignment.
    Before,
    Comment,
    CommentEscape,
    Name,
    /// Behind the `=`, or behind a closing quote.
    BeforeValue,
    Bare,
    BareEscape,
    Single,
    Double,
    DoubleEscape,
}

/// Reads a whole file.
pub fn read(text: &[u8], comments: Comments) -> Result<EnvironmentFile, Refused> {
    if text.contains(&0) {
        return Err(Refused::Zero);
    }
    let mut reader = Reader::new(comments);
    for &byte in text {
        reader.take(byte)?;
        reader.line += usize::from(byte == b'\n');
    }
    reader.finish()
}

struct Reader {
    comments: Comments,
    place: Place,
    line: usize,
    /// Where the assignment in hand began, and its last opening quote.
    begun: usize,
    quote: usize,
    name: Vec<u8>,
    value: Vec<u8>,
    /// How much of a bare value is left where what follows is nothing but blanks.
    solid: usize,
    file: EnvironmentFile,
}

impl Reader {
    fn new(comments: Comments) -> Self {
        Self {
            comments,
            place: Place::Before,
            line: 1,
            begun: 1,
            quote: 1,
            name: Vec::new(),
            value: Vec::new(),
            solid: 0,
            file: EnvironmentFile::default(),
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Refused> {
        self.place = match (self.place, byte) {
            (Place::Before, b'#' | b';') => Place::Comment,
            (Place::Before, byte) if is_blank(byte) => Place::Before,
            (Place::Before, byte) => {
                self.begun = self.line;
                self.name = vec![byte];
                Place::Name
            }
            (Place::Comment, b'\\') => Place::CommentEscape,
            (Place::Comment, byte) if is_end(byte) => Place::Before,
            (Place::CommentEscape, byte) if is_end(byte) && self.comments == Comments::End => {
                Place::Before
            }
            (Place::Comment | Place::CommentEscape, _) => Place::Comment,
            (Place::Name, byte) if is_end(byte) => {
                self.file.ignored.push(self.begun);
                Place::Before
            }
            (Place::Name, b'=') => Place::BeforeValue,
            (Place::Name, byte) => {
                self.name.push(byte);
                Place::Name
            }
            (Place::BeforeValue | Place::Bare, byte) if is_end(byte) => {
                self.assign()?;
                Place::Before
            }
            (Place::BeforeValue, b'\'') => self.open(Place::Single),
            (Place::BeforeValue, b'"') => self.open(Place::Double),
            (Place::BeforeValue | Place::Bare, b'\\') => {
                self.solid = self.value.len();
                Place::BareEscape
            }
            (Place::BeforeValue, byte) if is_blank(byte) => Place::BeforeValue,
            (Place::Bare, byte) if is_blank(byte) => {
                self.value.push(byte);
                Place::Bare
            }
            (Place::BareEscape, byte) if is_end(byte) => self.solid(None),
            (Place::BeforeValue | Place::Bare | Place::BareEscape, byte) => self.solid(Some(byte)),
            (Place::Single, b'\'') | (Place::Double, b'"') => {
                self.solid = self.value.len();
                Place::BeforeValue
            }
            (Place::Double, b'\\') => Place::DoubleEscape,
            (Place::DoubleEscape, byte) => {
                // As in a shell: the backslash stays before whatever needs none.
                if !b"\"\\`$\n".contains(&byte) {
                    self.value.push(b'\\');
                }
                if byte != b'\n' {
                    self.value.push(byte);
                }
                Place::Double
            }
            (Place::Single | Place::Double, byte) => {
                self.value.push(byte);
                self.place
            }
        };
        Ok(())
    }

    fn open(&mut self, quote: Place) -> Place {
        self.quote = self.line;
        quote
    }

    /// Takes a byte that is not cut off at the value's end, nor is any blank before it.
    fn solid(&mut self, byte: Option<u8>) -> Place {
        self.value.extend(byte);
        self.solid = self.value.len();
        Place::Bare
    }

    fn assign(&mut self) -> Result<(), Refused> {
        let mut value = std::mem::take(&mut self.value);
        value.truncate(self.solid);
        self.solid = 0;
        let name = std::mem::take(&mut self.name);
        let end = name.iter().rposition(|&byte| !is_blank(byte));
        let name = &name[..end.map_or(0, |last| last + 1)];
        self.file.assign(name, value, self.begun)
    }

    /// What the end of the file leaves open is taken as it stands.
    fn finish(mut self) -> Result<EnvironmentFile, Refused> {
        match self.place {
            Place::Before | Place::Comment | Place::CommentEscape => {}
            Place::Name => self.file.ignored.push(self.begun),
            Place::BeforeValue | Place::Bare | Place::BareEscape => self.assign()?,
            Place::Single | Place::Double | Place::DoubleEscape => {
                self.file.unclosed = Some(self.quote);
                self.solid = self.value.len();
                self.assign()?;
            }
        }
        Ok(self.file)
    }
}

fn is_blank(byte: u8) -> bool {
    b" \t\n\r".contains(&byte)
}

fn is_end(byte: u8) -> bool {
    b"\n\r".contains(&byte)
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.next().is_some_and(begins) && bytes.all(|byte| begins(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let file = read(text.as_bytes(), Comments::End).unwrap();
        let variables = file.variables.into_iter();
        variables.map(|one| (one.name, one.value)).collect()
    }

    fn value(text: &str) -> String {
        let pairs = pairs(text);
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        pairs[0].1.clone()
    }

    #[test]
    fn bare_values() {
        assert_eq!(value("A=b"), "b");
        assert_eq!(value("  A = b  c \t\n"), "b  c");
        assert_eq!(value("A=b # no comment"), "b # no comment");
        assert_eq!(value("A=$B ${B} `c`"), "$B ${B} `c`");
        assert_eq!(value("A=b'c'\"d\""), "b'c'\"d\"");
        assert_eq!(value(r"A=a\ \\b\'c\n"), r"a \b'cn");
        assert_eq!(value("A=one \\\n  two"), "one   two");
        assert_eq!(value("A=b\\ "), "b ");
        assert_eq!(value("A=b \\"), "b ", "the end of the file is escaped");
        assert_eq!(value("A="), "");
        assert_eq!(value("A=b\r\n"), "b");
    }

    #[test]
    fn quoted_values() {
        assert_eq!(value("A='b c ' "), "b c ");
        assert_eq!(value(r"A='b\nc'"), r"b\nc");
        assert_eq!(value("A='one\ntwo'"), "one\ntwo");
        assert_eq!(value(r#"A="a\"b\\c\$d\`e\nf""#), r#"a"b\c$d`e\nf"#);
        assert_eq!(value("A=\"one \\\ntwo\nthree\""), "one two\nthree");
        assert_eq!(value("A='b' 'c'  d "), "bcd");
        assert_eq!(value("A=''"), "");
    }

    #[test]
    fn comments_and_what_is_passed_over() {
        let text = "# A=1\n ; B=2\nexport C=3\nnothing\n1D=4\nE=5\nE=6\n";
        let file = read(text.as_bytes(), Comments::End).unwrap();
        assert_eq!(file.ignored, [3, 4, 5]);
        assert_eq!(file.variables.len(), 1);
        let last = file.get("E").unwrap();
        assert_eq!((last.value.as_str(), last.line), ("6", 7));
    }

    #[test]
    fn a_comment_that_ends_in_a_backslash_is_read_in_two_ways() {
        let text = b"# see C:\\\nA=1\nB=2\n";
        let names = |comments| {
            let variables = read(text, comments).unwrap().variables;
            variables.len()
        };
        assert_eq!((names(Comments::End), names(Comments::GoOn)), (2, 1));
    }

    #[test]
    fn a_quote_that_is_never_closed_reaches_to_the_end() {
        let file = read(b"A=1\nB='x\nC=3\n", Comments::End).unwrap();
        assert_eq!(file.unclosed, Some(2));
        assert_eq!(file.get("B").unwrap().value, "x\nC=3\n");
        assert!(file.get("C").is_none());
    }

    #[test]
    fn what_no_service_starts_with() {
        let refused = |text: &[u8]| read(text, Comments::End).err();
        assert_eq!(refused(b"A=\0"), Some(Refused::Zero));
        assert_eq!(refused(b"A=1\nB=\xff\n"), Some(Refused::NotUtf8(2)));
        assert_eq!(refused(b"# \xff\n\xff\nA=1\n"), None, "no assignment");
    }
}
