//! A command line made fit for a person's eyes and for a log.

use std::ffi::OsString;

/// Long enough to tell two programs apart, short enough for one line of a report.
const LONGEST: usize = 120;

/// Words in an option's or a variable's name that make its value nobody's business.
const SECRET: [&str; 6] = [
    "password",
    "passwd",
    "secret",
    "token",
    "credential",
    "apikey",
];

/// The arguments in one line: control characters replaced, what looks like a secret masked, cut at 120 characters.
pub(crate) fn line(arguments: &[OsString]) -> String {
    let mut shown = String::new();
    let mut mask_next = false;
    for argument in arguments {
        let text: String = argument
            .to_string_lossy()
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        if !shown.is_empty() {
            shown.push(' ');
        }
        if mask_next && !text.starts_with('-') {
            shown.push_str("***");
            mask_next = false;
            continue;
        }
        let (masked, next) = mask(&text);
        shown.push_str(&masked);
        mask_next = next;
        if shown.len() > LONGEST * 4 {
            break;
        }
    }
    shorten(&shown)
}

/// One argument without its secret, and whether the next argument is the secret itself.
fn mask(text: &str) -> (String, bool) {
    let (name, value) = text
        .split_once('=')
        .map_or((text, None), |(name, value)| (name, Some(value)));
    let plain: String = name
        .to_ascii_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if SECRET.iter().any(|word| plain.contains(word)) {
        return match value {
            Some(_) => (format!("{name}=***"), false),
            None => (text.to_owned(), text.starts_with('-')),
        };
    }
    // scheme://user:password@host
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        if let Some(at) = authority.rfind('@') {
            return (format!("{scheme}://***@{}", &rest[at + 1..]), false);
        }
    }
    (text.to_owned(), false)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(arguments: &[&str]) -> String {
        line(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        assert_eq!(
            shown(&["app", "--db-password=hunter2", "-v"]),
            "app --db-password=*** -v"
        );
        assert_eq!(
            shown(&["app", "--api-key", "abc", "x"]),
            "app --api-key *** x"
        );
        assert_eq!(
            shown(&["env", "ACCESS_TOKEN=abc", "app"]),
            "env ACCESS_TOKEN=*** app"
        );
        assert_eq!(
            shown(&["psql", "postgres://me:pw@db/x?y=1"]),
            "psql postgres://***@db/x?y=1"
        );
    }

    #[test]
    fn what_only_looks_alike_stays() {
        assert_eq!(shown(&["cat", "tokens.txt", "a=b"]), "cat tokens.txt a=b");
        assert_eq!(shown(&["curl", "http://host/a@b"]), "curl http://host/a@b");
    }

    #[test]
    fn one_line_and_not_a_long_one() {
        assert_eq!(shown(&["a\nb", "c\td"]), "a b c d");
        let long = shown(&["x", &"é".repeat(500)]);
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with('…'));
    }
}
