//! One page: written and generated sections in the order in which pages have them.

use crate::markdown::{self, escape};
use std::fmt::Write as _;

/// What is generated for a page.
#[derive(Default)]
pub(crate) struct Generated {
    /// The section OPTIONS, as roff; empty where there are none.
    pub(crate) options: String,
    /// The section ENVIRONMENT, as roff; empty where there is none.
    pub(crate) environment: String,
    /// Each `error.code` and its meaning.
    pub(crate) errors: Vec<(&'static str, &'static str)>,
}

/// A page before it is written.
pub(crate) struct Page {
    pub(crate) name: &'static str,
    /// The chapter of the manual: 1 for commands, 7 for what they share.
    pub(crate) chapter: u8,
    pub(crate) about: &'static str,
    /// The hand-written sections, as Markdown.
    pub(crate) written: &'static str,
    pub(crate) generated: Generated,
}

impl Page {
    pub(crate) fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.chapter)
    }

    /// The whole page.
    pub(crate) fn roff(&self) -> String {
        // Without hyphens of the formatter's own: what is typed on a command line has enough of them.
        let mut roff = format!(
            ".TH {} {} \"\" \"slipway {}\" \"Slipway\"\n.nh\n.nr HY 0\n.ad l\n.SH NAME\n{} \\- {}\n",
            escape(&self.name.to_uppercase()),
            self.chapter,
            env!("CARGO_PKG_VERSION"),
            escape(self.name),
            escape(&lower_first(self.about)),
        );
        let mut ended = false;
        for (title, body) in sections(self.written) {
            // Examples and references close a page; what is generated stands before them.
            if !ended && matches!(title, "EXAMPLES" | "SEE ALSO") {
                roff.push_str(&self.closing());
                ended = true;
            }
            let _ = write!(roff, ".SH {}\n{}", escape(title), markdown::roff(body));
            if title == "DESCRIPTION" {
                roff.push_str(&self.generated.options);
                roff.push_str(&self.generated.environment);
            }
        }
        if !ended {
            roff.push_str(&self.closing());
        }
        roff
    }

    /// The sections on how the tool ends.
    fn closing(&self) -> String {
        let mut roff = ".SH EXIT STATUS\n".to_owned();
        definitions(&mut roff, step::exit::TABLE);
        if !self.generated.errors.is_empty() {
            roff.push_str(".SH ERROR CODES\nThe report's \\fBerror.code\\fP is one of these.\n");
            definitions(&mut roff, &self.generated.errors);
        }
        roff
    }
}

fn definitions(roff: &mut String, terms: &[(&str, &str)]) {
    for (term, meaning) in terms {
        let _ = write!(
            roff,
            ".TP\n\\fB{}\\fP\n{}\n",
            escape(term),
            markdown::line(meaning)
        );
    }
}

/// The sections of a text: each title with what stands under it.
pub(crate) fn sections(text: &str) -> Vec<(&str, &str)> {
    let mut sections = Vec::new();
    let mut rest = text;
    while let Some(begin) = title_at(rest) {
        let (title, body) = rest[begin + 2..]
            .split_once('\n')
            .unwrap_or((&rest[begin + 2..], ""));
        let end = title_at(body).unwrap_or(body.len());
        sections.push((title.trim(), body[..end].trim_matches('\n')));
        rest = &body[end..];
    }
    sections
}

/// Where the next title begins.
fn title_at(text: &str) -> Option<usize> {
    if text.starts_with("# ") {
        return Some(0);
    }
    text.find("\n# ").map(|before| before + 1)
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
