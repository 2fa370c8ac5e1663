//! `SELECT … INTO variable` and the like in PL/pgSQL: the parser knows the statement only without its variables.

use crate::rule::Dialect;
use crate::scan::{Scan, Token};

/// The statement with blanks in the place of `INTO variable, …`; None where there is no such part.
pub(super) fn without(statement: &str) -> Option<String> {
    let mut scan = Scan::new(statement, Dialect::Postgres);
    let (mut depth, mut before) = (0_usize, String::new());
    while let Some((start, token)) = scan.next() {
        let text = &statement[start..scan.place()];
        match text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_into = token == Token::Word && depth == 0 && text.eq_ignore_ascii_case("into");
        if is_into && !matches!(before.as_str(), "insert" | "merge") {
            let end = targets(statement, &mut scan);
            let blanks = " ".repeat(end - start);
            return Some(format!(
                "{}{blanks}{}",
                &statement[..start],
                &statement[end..]
            ));
        }
        before = text.to_ascii_lowercase();
    }
    None
}

/// The byte after the last of the variables that follow: names with fields and places, parted by commas.
fn targets(statement: &str, scan: &mut Scan<'_>) -> usize {
    let mut end = scan.place();
    let mut brackets = 0_usize;
    let mut expects_name = true;
    while let Some((start, token)) = scan.next() {
        let text = &statement[start..scan.place()];
        let is_name = matches!(token, Token::Word | Token::Quoted);
        match text {
            _ if text.eq_ignore_ascii_case("strict") => {}
            "[" => brackets += 1,
            "]" => brackets = brackets.saturating_sub(1),
            _ if brackets > 0 => {}
            "," | "." => expects_name = true,
            _ if is_name && expects_name => expects_name = false,
            _ => break,
        }
        end = scan.place();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(statement: &str) -> Option<String> {
        let rest = without(statement)?;
        assert_eq!(rest.len(), statement.len(), "places stay what they are");
        Some(rest.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn only_the_variables_go() {
        for (statement, rest) in [
            ("SELECT a INTO STRICT x, r.y FROM t;", "SELECT a FROM t;"),
            ("SELECT INTO x a FROM t;", "SELECT a FROM t;"),
            ("SELECT a FROM t INTO x;", "SELECT a FROM t ;"),
            ("SELECT a INTO x[1], \"Y\" FROM t", "SELECT a FROM t"),
            (
                "INSERT INTO t VALUES (1) RETURNING id INTO x;",
                "INSERT INTO t VALUES (1) RETURNING id ;",
            ),
            (
                "DELETE FROM t RETURNING a INTO x;",
                "DELETE FROM t RETURNING a ;",
            ),
        ] {
            assert_eq!(words(statement).as_deref(), Some(rest));
        }
        assert_eq!(words("INSERT INTO t SELECT 'into x';"), None);
        assert_eq!(words("SELECT (SELECT 1 INTO x)"), None);
    }
}
