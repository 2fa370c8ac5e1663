//! What a parser is not given: it would take more time or stack than a migration may.

/// The deepest nesting of brackets. PostgreSQL itself gives up somewhat later, SQLite's expressions at 1000.
const DEPTH: usize = 250;
/// The longest run of one token, such as `NOT NOT NOT`, each of which nests.
const RUN: usize = 250;
/// The most tokens of one statement. Measured: the costliest nest within `STACK` (2 KB a token where nothing is optimised).
const TOKENS: usize = 40_000;

/// The stack of the thread that parses: only what is used of it is ever there. Measured: see `TOKENS`.
pub(crate) const STACK: usize = 128 << 20;

/// Why a text is not given to a parser; None where it is. Quotes are not looked at: bodies are in quotes.
pub(crate) fn beyond(text: &str) -> Option<String> {
    measured(text, TOKENS)
}

/// The same where only nesting costs.
pub(crate) fn too_deep(text: &str) -> Option<String> {
    measured(text, usize::MAX)
}

fn measured(text: &str, most: usize) -> Option<String> {
    let mut depth = 0_usize;
    let mut tokens = 0_usize;
    let (mut last, mut run) = (&b""[..], 0_usize);
    let bytes = text.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        let byte = bytes[place];
        if byte.is_ascii_whitespace() {
            place += 1;
            continue;
        }
        let length = if is_word(byte) {
            let end = bytes[place..].iter().position(|byte| !is_word(*byte));
            end.unwrap_or(bytes.len() - place)
        } else {
            1
        };
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens += 1;
        let token = &bytes[place..place + length];
        run = if token.eq_ignore_ascii_case(last) {
            run + 1
        } else {
            1
        };
        last = token;
        place += length;
        if depth > DEPTH {
            return Some(format!("it is nested deeper than {DEPTH} levels"));
        }
        // Lines and boxes are drawn in comments.
        if run > RUN
            && !matches!(
                byte,
                b'-' | b'*' | b'=' | b'#' | b'/' | b'.' | b'_' | b'\'' | b'"'
            )
        {
            return Some(format!(
                "it repeats one token more than {RUN} times in a row"
            ));
        }
        if tokens > most {
            return Some(format!("it is longer than {TOKENS} tokens"));
        }
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_too_much_is_told() {
        assert_eq!(beyond("ALTER TABLE a ADD b int CHECK ((b > 0))"), None);
        let deep = format!("SELECT {}1", "(".repeat(100_000));
        assert!(beyond(&deep).is_some_and(|why| why.contains("250 levels")));
        let run = format!("SELECT {}true", "Not nOT ".repeat(10_000));
        assert!(beyond(&run).is_some_and(|why| why.contains("in a row")));
        let long = format!("INSERT INTO a VALUES {}", "(1,2),".repeat(10_000));
        assert!(beyond(&long).is_some_and(|why| why.contains("tokens")));
        assert_eq!(beyond(&format!("/*{}*/ SELECT 1", "*".repeat(1000))), None);
    }
}
