//! The file of targets.

use super::{look, unwell, well};
use slipway_tests::hostile::{certificate, request, serve, serve_secure};
use std::io::Write;
use std::path::PathBuf;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("targets-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Answers by the path: `/301` with that status, `/echo` with the request, all else with some JSON.
fn server() -> u16 {
    serve(|mut stream| {
        let text = String::from_utf8(request(&mut stream)).unwrap();
        let path = text.split(' ').nth(1).unwrap();
        let (status, body) = match path {
            "/301" => ("301", String::new()),
            "/echo" => ("200", text.clone()),
            _ => (
                "200",
                r#"{"status":"ok","n":3,"up":true,"word":"3"}"#.to_owned(),
            ),
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).ok();
    })
}

#[test]
fn each_with_its_own_expectations() {
    let directory = Directory::new("own");
    let secure = serve_secure("good", |_| b"HTTP/1.1 204 X\r\n\r\n".to_vec());
    std::fs::copy(certificate("authority.pem"), directory.0.join("ca.pem")).unwrap();
    directory.write("headers", "X-From: a file\n");
    directory.write("body", "from a file");
    let port = server();
    let http = format!("http://127.0.0.1:{port}");
    let file = directory.write(
        "targets",
        &[
            "# each with its own".to_owned(),
            String::new(),
            format!(r#"{{"url":"{http}/301","expect":["300-302",404],"name":"moved"}}"#),
            format!(r#"{{"url":"{http}/","expect":200,"json":{{"/status":"ok","/n":3.0,"/up":true,"/word":"3"}},"maxLatency":"30s"}}"#),
            format!(r#"{{"url":"{http}/echo","method":"PUT","body":{{"a": 1.0}},"headers":{{"X-A":"b"}},"headersFrom":"headers","contains":["PUT /echo","X-A: b","X-From: a file","content-length: 10"]}}"#),
            format!(r#"{{"url":"{http}/echo","bodyFrom":"body","contains":"POST","bodyLimit":"1K","stream":true,"maxFirstByte":30}}"#),
            format!(r#"{{"url":"https://127.0.0.1:{secure}/","ca":"ca.pem","serverName":"shop.example","expect":"204"}}"#),
            format!(r#"{{"url":"tcp://127.0.0.1:{port}"}}"#),
        ]
        .join("\n"),
    );
    let ended = well(&["--targets", &file, &format!("{http}/")]);
    assert_eq!(ended.at("/targets").as_array().unwrap().len(), 7);
    assert_eq!(ended.at("/targets/0/name"), &serde_json::Value::Null);
    assert_eq!(ended.at("/targets/1/name"), "moved");
    assert_eq!(ended.at("/targets/1/status"), 301);
    // The options are not the lines' own, but for the limits.
    well(&["--targets", &file, "--header", "X: y", "--method", "HEAD"]);
    assert!(
        unwell(&["--targets", &file, "--max-latency", "0ms"]).contains("moved (http://127.0.0.1:")
    );
}

#[test]
fn a_value_of_another_type_is_another_value() {
    let directory = Directory::new("types");
    let port = server();
    for (json, said) in [
        (r#"{"/word":3}"#, "/word is \"3\", not 3"),
        (r#"{"/n":"3"}"#, "/n is 3, not \"3\""),
        (r#"{"/up":"true"}"#, "/up is true, not \"true\""),
        (r#"{"/gone":null}"#, "there is no /gone in its body"),
    ] {
        let line = format!(r#"{{"url":"http://127.0.0.1:{port}/","json":{json}}}"#);
        let message = unwell(&["--targets", &directory.write("targets", &line)]);
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    let directory = Directory::new("refused");
    for (line, said) in [
        (
            r#"{"url":"http://h/","timeout":1}"#,
            "unknown field `timeout`",
        ),
        (r#"{"name":"x"}"#, "missing field `url`"),
        (r#"{"url":"http://h/""#, "EOF"),
        ("http://h/", "expected value"),
        (r#"{"url":"ftp://h/"}"#, "is no endpoint"),
        (
            r#"{"url":"http://h/","expect":"ok"}"#,
            "expect: \"ok\" is not understood",
        ),
        (
            r#"{"url":"http://h/","json":{"status":"ok"}}"#,
            "does not begin with a slash",
        ),
        (r#"{"url":"http://h/","maxLatency":"soon"}"#, "maxLatency: "),
        (r#"{"url":"http://h/","body":1}"#, "body: expected"),
        (
            r#"{"url":"http://h/","body":"a","bodyFrom":"b"}"#,
            "only one of them",
        ),
        (
            r#"{"url":"http://h/","bodyFrom":"gone"}"#,
            "bodyFrom: cannot read",
        ),
        (
            r#"{"url":"http://h/","headers":"X-Key: s3cret"}"#,
            "headers: expected an object",
        ),
        (
            r#"{"url":"http://h/","headers":{"X-Key":["s3cret"]}}"#,
            "X-Key: expected a text",
        ),
        (
            r#"{"url":"http://h/","headersFrom":"gone"}"#,
            "headersFrom: cannot read",
        ),
        (r#"{"url":"http://h/","ca":"gone"}"#, "ca: "),
        (r#"{"url":"http://h/","follow":"all"}"#, "follow: "),
        (r#"{"url":"http://h/","method":""}"#, "method: "),
        (
            r#"{"url":"tcp://h:1","expect":200}"#,
            "expect means nothing to tcp://h:1",
        ),
        (
            r#"{"url":"unix:/s","json":{"/a":1}}"#,
            "json means nothing to unix:/s",
        ),
        (
            r#"{"url":"command:true","headers":{}}"#,
            "headers means nothing to",
        ),
    ] {
        let file = directory.write("targets", &format!("# the second line\n{line}\n"));
        let ended = look(&["--targets", &file], 2);
        let message = ended.text("/error/message");
        assert!(
            message.contains("targets, line 2: ") && message.contains(said),
            "{message}"
        );
        assert!(!ended.stdout.contains("s3cret") && !ended.stderr.contains("s3cret"));
    }
    let empty = directory.write("targets", "# nothing\n");
    assert!(
        look(&["--targets", &empty], 2)
            .text("/error/message")
            .contains("no target")
    );
    look(&["--targets", "/no/such/file"], 2);
    look(&["--targets=-"], 2);
}

#[test]
fn a_command_says_json_too() {
    let directory = Directory::new("command");
    let line = r#"{"url":"command:echo '{\"queue\":0}'","json":{"/queue":0},"contains":"queue"}"#;
    let file = directory.write("targets", line);
    well(&["--targets", &file]);
    let file = directory.write("targets", &line.replace("/queue\":0", "/queue\":1"));
    assert!(unwell(&["--targets", &file]).contains("/queue is 0, not 1"));
}
