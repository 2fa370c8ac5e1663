//! What the application's file demands of whoever calls a tool.

use super::{Excess, laxer, means_yes};
use state::Rate;
use step::Failure;
use step::config::EnvFile;
use step::quoted;

/// The file, as far as it speaks of one tool's options; without a file it says nothing, and what is usual is demanded.
#[derive(Debug, Clone, Copy)]
pub struct Demands<'a> {
    tool: &'static str,
    file: Option<&'a EnvFile>,
}

/// The first excess, or what is wrong with the file.
pub type Found = Result<Option<Excess>, String>;

impl<'a> Demands<'a> {
    /// What `file` demands of the tool of that name.
    pub fn of(tool: &'static str, file: Option<&'a EnvFile>) -> Self {
        Self { tool, file }
    }

    /// What the file says of an option; nothing where it is empty.
    pub fn text(&self, option: &str) -> Option<&'a str> {
        let entry = self.file?.get(&step::variable(self.tool, option))?;
        Some(entry.value.as_str()).filter(|value| !value.is_empty())
    }

    /// The same of an option that may be given several times.
    pub fn lines(&self, option: &str) -> Vec<String> {
        let lines = self.text(option).unwrap_or_default().lines();
        lines.map(str::to_owned).collect()
    }

    /// The same of one that takes a list.
    pub fn words(&self, option: &str) -> Vec<String> {
        let lines = self.text(option).unwrap_or_default().lines();
        let words = lines.flat_map(|line| line.split(','));
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Whether it says yes to a flag.
    pub fn says_yes(&self, option: &str) -> bool {
        self.text(option).and_then(means_yes) == Some(true)
    }

    /// What it says, understood. The error names the variable and the file.
    pub fn parsed<T>(
        &self,
        option: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let parsed = self.text(option).map(parse).transpose();
        parsed.map_err(|error| format!("{}: {error}", self.variable(option)))
    }

    /// The variable that stands for an option, and the file.
    pub fn variable(&self, option: &str) -> String {
        let variable = step::variable(self.tool, option);
        let file = self.file.map(|file| file.path.display().to_string());
        format!("{variable} in {}", file.unwrap_or_default())
    }

    /// `--max-deploys` allows no more than the file, or than is usual.
    pub fn rate(&self, asked: Rate) -> Found {
        let limit = self
            .parsed("max-deploys", str::parse)?
            .unwrap_or(Rate::DEFAULT);
        Ok((!asked.is_within(limit)).then(|| laxer("max-deploys", asked, limit)))
    }

    /// The refusal, with what would have to stand in the file.
    pub fn refused(&self, excess: &Excess) -> Failure {
        let Excess { option, value, .. } = excess;
        let variable = step::variable(self.tool, option);
        let place = self.file.map_or_else(
            || "the application's file (--app)".to_owned(),
            |file| file.path.display().to_string(),
        );
        let line = match value {
            Some(value) => format!("{variable}={}", quoted(value)),
            None => variable,
        };
        let hint = match self.file {
            Some(_) => format!("\"${{EDITOR:-vi}}\" {}", quoted(&place)),
            None => format!("{} --app NAME", self.tool),
        };
        let message = format!(
            "this environment is protected: {}; {line} would have to stand there",
            excess.beside(&place)
        );
        Failure::no("protected", message).hint(hint)
    }
}
