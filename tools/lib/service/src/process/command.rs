//! The command that starts a service, made to leave no shell behind where it needs none.

/// What makes more of a line than one program with its arguments.
const COMPOUND: [char; 10] = [';', '&', '|', '(', ')', '{', '}', '`', '\n', '#'];
/// First words that only the shell itself understands.
const SHELL_WORDS: [&str; 22] = [
    "!", ".", ":", "[", "[[", "case", "cd", "command", "eval", "exec", "exit", "export", "for",
    "if", "set", "source", "time", "trap", "ulimit", "umask", "until", "while",
];

/// The line for `sh -c`. Where it is one program, the shell is told to become it: the main process is then the program
/// itself and not a shell that waits for it, whose death would not be the program's. Where there is doubt the line stays as
/// it is: a shell that stays is no harm.
pub(super) fn line(command: &str) -> String {
    let command = command.trim();
    let first = command.split_ascii_whitespace().next().unwrap_or_default();
    if first.is_empty() || command.contains(COMPOUND) || SHELL_WORDS.contains(&first) {
        return command.to_owned();
    }
    if is_assignment(first) {
        let program = command
            .split_ascii_whitespace()
            .find(|word| !is_assignment(word));
        // The shell takes no assignment behind `exec`, and `env` knows none of the shell's own words.
        return match program {
            Some(program) if !SHELL_WORDS.contains(&program) => format!("exec env {command}"),
            _ => command.to_owned(),
        };
    }
    format!("exec {command}")
}

/// `NAME=value`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|character: char| character.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_program_leaves_no_shell() {
        assert_eq!(line("node server.js"), "exec node server.js");
        assert_eq!(
            line(" ./run --port \"$PORT\" "),
            "exec ./run --port \"$PORT\""
        );
        assert_eq!(line("PORT=1 A= node x"), "exec env PORT=1 A= node x");
        assert_eq!(line("./a=b"), "exec ./a=b");
    }

    #[test]
    fn what_needs_a_shell_keeps_it() {
        for command in [
            "",
            "a; b",
            "a && b",
            "a | b",
            "node -e 'a;b'",
            ". ./env",
            "exec node x",
            "if true",
            "A=1 B=`x` c",
            "A=1 exec node x",
            "A=1",
        ] {
            assert_eq!(line(command), command);
        }
    }
}
