//! PostgreSQL, through the parser of squawk, which knows PL/pgSQL too.

mod alter;
mod body;
mod into;
mod name;
mod statement;

use crate::bounds;
use crate::effect::{Doubt, Step, Understood};
use crate::split::Statement;
use squawk_syntax::SourceFile;

/// What one statement of a file does.
pub(crate) fn understand(text: &str, statement: Statement) -> Understood {
    let source = &text[statement.start..statement.end];
    let mut understood = Understood::default();
    if let Some(why) = bounds::beyond(source) {
        understood.doubt(statement.start, format!("not parsed: {why}"));
        return understood;
    }
    let parse = SourceFile::parse(source);
    if let Some(error) = parse.errors().first() {
        let at = statement.start + usize::from(error.range().start());
        understood.doubt(at.min(statement.end), error.message().to_owned());
        return understood;
    }
    for node in parse.syntax_node().children() {
        let mut effects = Vec::new();
        let base = |offset: usize| statement.start + offset;
        if body::is_do(&node) {
            body::understand(&node, statement, &mut understood);
            continue;
        }
        statement::effects(&node, &mut effects);
        understood.steps.push(Step {
            start: statement.start,
            end: statement.end,
            effects: effects
                .into_iter()
                .map(|(at, effect)| (base(at), effect))
                .collect(),
        });
    }
    understood
}

impl Understood {
    fn doubt(&mut self, at: usize, why: String) {
        self.doubts.push(Doubt { at, why });
    }
}
