//! What the command `pm2` says for people, as far as it says why: without its colours, and without its table of everything.

use deadline::child::Finished;

/// Its lines that tell an error, in one; where there is none, the last one that is no part of the table; often nothing.
pub(super) fn said(finished: &Finished) -> String {
    why(&finished.words())
}

fn why(text: &str) -> String {
    let plain = plain(text);
    let lines: Vec<&str> = plain
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !is_of_the_table(line))
        .collect();
    let errors: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| is_error(line))
        .collect();
    let told = match errors.as_slice() {
        [] => lines.last().copied().unwrap_or_default().to_owned(),
        errors => errors.join("; "),
    };
    told.replace("[PM2][ERROR] ", "").replace("[PM2] ", "")
}

/// Its own errors, and those of the language in which ecosystem files are written.
fn is_error(line: &str) -> bool {
    let kind = line.split_once(": ").map_or("", |(kind, _)| kind);
    line.contains("[ERROR]") || (kind.ends_with("Error") && !kind.contains(' '))
}

fn is_of_the_table(line: &str) -> bool {
    line.starts_with("host metrics |")
        || line.starts_with(|sign| matches!(sign, '\u{2500}'..='\u{257f}'))
}

/// Without escape sequences (`ESC [ … letter`) and other control characters.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign == '\u{1b}' {
            if signs.next() == Some('[') {
                let _ = signs.find(|sign| matches!(sign, '@'..='~'));
            }
        } else if sign == '\n' || !sign.is_control() {
            plain.push(sign);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_is_told_and_nothing_beside_it() {
        let table = "┌────┬──────┐\n│ \u{1b}[1m\u{1b}[36m0\u{1b}[39m\u{1b}[22m │ shop │\n└────┴──────┘\n\
                     \u{1b}[1m\u{1b}[36mhost metrics\u{1b}[39m\u{1b}[22m | \u{1b}[1mcpu\u{1b}[22m: 0%\n";
        assert_eq!(why(table), "");
        let warned = "\u{1b}[33m[PM2][WARN] \u{1b}[39mApplications shop not running, starting...\n";
        let failed = "\u{1b}[31m[PM2][ERROR] \u{1b}[39mError: Script not found: /srv/gone.js\n";
        assert_eq!(
            why(&format!("{warned}{table}{failed}")),
            "Error: Script not found: /srv/gone.js"
        );
        assert_eq!(
            why(
                "[PM2][ERROR] File a.config.js malformated\n/srv/a.config.js:2\n\nSyntaxError: Unexpected end of input\n    at wrapSafe (node:internal:1464:18)\n"
            ),
            "File a.config.js malformated; SyntaxError: Unexpected end of input"
        );
        assert_eq!(why(&format!("[PM2] Done.\n{table}")), "Done.");
    }
}
