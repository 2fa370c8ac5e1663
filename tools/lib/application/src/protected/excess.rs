//! What a caller asks for that is less than the file demands.

use std::fmt::Display;

/// An option that lets more pass than the file does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The option's long name.
    pub option: &'static str,
    /// What was asked for, where that is one thing.
    pub value: Option<String>,
    /// In what it exceeds.
    pub how: How,
}

/// In what an option exceeds the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// This check would pass.
    Passes(String),
    /// It is less strict than this.
    Laxer(String),
    /// This is missing.
    LeavesOut(String),
    /// It is not this.
    Differs(String),
    /// The file says nothing of the kind.
    Unsaid,
}

impl Excess {
    /// What is wrong with it, beside the file of that name.
    pub fn beside(&self, file: &str) -> String {
        let option = self.option;
        let asked = self.value.as_ref();
        let asked = asked.map_or(String::new(), |value| format!(" {value}"));
        let asked = format!("--{option}{asked}");
        match &self.how {
            How::Passes(check) => format!("{asked} would let {check} pass, which {file} does not"),
            How::Laxer(limit) => format!("{asked} is less strict than {limit}, by {file}"),
            How::LeavesOut(what) => format!("--{option} leaves out {what}, which {file} asks for"),
            How::Differs(what) => format!("{asked} is not {what}, by {file}"),
            How::Unsaid => format!("{asked} is not in {file}"),
        }
    }
}

/// `asked` where `limit` is the laxest that is allowed.
pub fn laxer(option: &'static str, asked: impl Display, limit: impl Display) -> Excess {
    Excess {
        option,
        value: Some(asked.to_string()),
        how: How::Laxer(limit.to_string()),
    }
}
