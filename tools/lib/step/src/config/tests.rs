use super::*;

fn values(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    parse(text.as_bytes()).map(|entries| {
        entries
            .into_iter()
            .map(|entry| (entry.key, entry.value))
            .collect()
    })
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.into(), value.into())
}

#[test]
fn bare_and_quoted_values_and_comments_are_read() {
    let text = "# the application\n\nA=/srv/app\nB='two words'\nC='line one\nline two'\nD=\n_E2=http://h:80/x\n";
    assert_eq!(
        values(text),
        Ok(vec![
            pair("A", "/srv/app"),
            pair("B", "two words"),
            pair("C", "line one\nline two"),
            pair("D", ""),
            pair("_E2", "http://h:80/x"),
        ])
    );
}

#[test]
fn the_line_is_counted_through_quoted_values() {
    let (line, _) = values("A='1\n2\n3'\nB=$HOME\n").unwrap_err();
    assert_eq!(line, 4);
}

#[test]
fn what_a_shell_and_systemd_read_differently_is_refused() {
    for text in [
        "A=two words",
        "A=\"quoted\"",
        "A=$HOME",
        "A=`id`",
        "A=a\\b",
        "A=a;b",
        "A=~/x",
        "A=a#b",
        "A=a ",
        "A='it''s'",
        "A='x' # comment",
        "A='never closed",
        "export A=b",
        " A=b",
        "; comment",
        "A =b",
        "1A=b",
        "A",
        "A=b\r",
        "A='b\r'",
        "A=1\nA=2",
        "\u{feff}A=b",
        "A=ü",
    ] {
        assert!(values(text).is_err(), "{text:?} was taken");
    }
    assert!(parse(b"A=1\nB=\xff\n").is_err_and(|(line, _)| line == 2));
}
