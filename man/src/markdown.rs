//! The little Markdown that the pages are written in, as roff: paragraphs, `code`, *emphasis*, **strong**, indented examples,
//! `## ` titles, `- ` lists, and definitions (a line with the term, then lines that begin with `: `).

use std::fmt::Write as _;

/// A section's text.
pub(crate) fn roff(text: &str) -> String {
    let mut roff = String::new();
    let mut after_definition = false;
    for block in blocks(text) {
        let first = block[0];
        let definition = block.get(1).is_some_and(|line| line.starts_with(": "));
        if first.starts_with("    ") {
            roff.push_str(".PP\n.RS 4\n.EX\n");
            for line in &block {
                let _ = writeln!(
                    roff,
                    "{}",
                    guarded(&escape(line.strip_prefix("    ").unwrap_or(line)))
                );
            }
            roff.push_str(".EE\n.RE\n");
        } else if let Some(title) = first.strip_prefix("## ") {
            let _ = writeln!(roff, ".SS {}", line(title));
            if block.len() > 1 {
                let _ = writeln!(roff, "{}", line(&block[1..].join(" ")));
            }
        } else if definition {
            let meaning = block[1..].join(" ");
            let meaning = meaning.strip_prefix(": ").unwrap_or(&meaning);
            let _ = write!(roff, ".TP\n{}\n{}\n", line(first), line(meaning));
        } else if first.starts_with("- ") {
            for item in items(&block) {
                let _ = write!(roff, ".IP \\(bu 2\n{}\n", line(&item));
            }
        } else {
            let _ = write!(roff, ".PP\n{}\n", line(&block.join(" ")));
        }
        after_definition = definition;
    }
    if after_definition {
        roff.push_str(".PP\n");
    }
    roff
}

/// The items of a list, each on one line.
fn items(block: &[&str]) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in block {
        match (line.strip_prefix("- "), items.last_mut()) {
            (None, Some(item)) => {
                item.push(' ');
                item.push_str(line.trim());
            }
            (item, _) => items.push(item.unwrap_or(line).to_owned()),
        }
    }
    items
}

/// Lines that belong together; an example keeps the empty lines between its own.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            open = false;
        } else if open {
            if let Some(block) = blocks.last_mut() {
                block.push(line);
            }
        } else {
            let example = line.starts_with("    ");
            match blocks.last_mut() {
                Some(block) if example && block[0].starts_with("    ") => block.extend(["", line]),
                _ => blocks.push(vec![line]),
            }
            open = true;
        }
    }
    blocks
}

/// One line of text with its code and its emphasis.
pub(crate) fn line(text: &str) -> String {
    let mut roff = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*']) {
        let strong = rest[at..].starts_with("**");
        let mark = &rest[at..=at + usize::from(strong)];
        let inside = &rest[at + mark.len()..];
        let end = inside.find(mark).filter(|&end| {
            // A star between spaces, as in a product, is a star.
            end > 0 && !inside.starts_with(' ') && !inside[..end].ends_with(' ')
        });
        roff.push_str(&escape(&rest[..at]));
        if let Some(end) = end {
            let font = if mark == "*" { 'I' } else { 'B' };
            let _ = write!(roff, "\\f{font}{}\\fP", escape(&inside[..end]));
            rest = &inside[end + mark.len()..];
        } else {
            roff.push_str(&escape(mark));
            rest = inside;
        }
    }
    roff.push_str(&escape(rest));
    guarded(&roff)
}

/// A line that roff would take for a request.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) {
        format!("\\&{line}")
    } else {
        line.to_owned()
    }
}

/// Characters as themselves: what is typed on a command line can be copied from the page.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            ascii if ascii.is_ascii() => escaped.push(ascii),
            other => {
                let _ = write!(escaped, "\\[u{:04X}]", u32::from(other));
            }
        }
    }
    escaped
}
