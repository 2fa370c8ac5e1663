//! The file of targets: one JSON object a line. The manual is its reference.

use crate::questions::body;
use camino::Utf8Path;
use probe::{
    Follow, Headers, JsonExpectation, Method, Question, Request, ServerName, Statuses, Target,
    Trust,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::time::Duration;
use step::{Failure, parse};

/// One line. What may hold a secret is taken as it comes, since a complaint about its type would tell it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line<'a> {
    url: String,
    name: Option<String>,
    expect: Option<Value>,
    json: Option<Map<String, Value>>,
    contains: Option<Value>,
    max_latency: Option<Value>,
    max_first_byte: Option<Value>,
    #[serde(default)]
    stream: bool,
    body_limit: Option<Value>,
    method: Option<String>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    body_from: Option<String>,
    headers: Option<Value>,
    headers_from: Option<String>,
    ca: Option<String>,
    server_name: Option<String>,
    follow: Option<String>,
}

/// The questions of a file, in its order.
pub(crate) fn read(path: &Utf8Path) -> Result<Vec<Question>, Failure> {
    if path == "-" {
        return Err(Failure::usage(
            "--targets -: standard input is for the report of the step before",
        )
        .hint("healthwait --targets /dev/stdin"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("--targets: cannot read {path}: {error}"))
            .hint(format!("ls -l {path}"))
    })?;
    let directory = path.parent().unwrap_or(Utf8Path::new(""));
    let mut questions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        questions.push(question(line, directory).map_err(|why| {
            Failure::usage(format!("{path}, line {number}: {why}"))
                .hint(format!("\"${{EDITOR:-vi}}\" +{number} {path}"))
        })?);
    }
    if questions.is_empty() {
        return Err(Failure::usage(format!("there is no target in {path}")).hint("man healthwait"));
    }
    Ok(questions)
}

fn question(line: &str, directory: &Utf8Path) -> Result<Question, String> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| plain(&error))?;
    let target = Target::parse(&line.url).map_err(|error| error.to_string())?;
    line.fits(&target)?;
    let mut question = Question::new(target);
    question.request = line.request(directory)?;
    if let Some(value) = &line.expect {
        question.statuses = each(value, "expect", statuses)?.into_iter().fold(
            Statuses::default(),
            |mut all, some| {
                all.extend(some);
                all
            },
        );
    }
    for (pointer, value) in line.json.unwrap_or_default() {
        let expectation = JsonExpectation::exactly(&pointer, value);
        question
            .json
            .push(expectation.map_err(|why| format!("json: {why}"))?);
    }
    if let Some(value) = &line.contains {
        question.texts = each(value, "contains", |text| text.as_str().map(str::to_owned))?;
    }
    question.max_latency = time(line.max_latency.as_ref(), "maxLatency")?;
    question.max_first_byte = time(line.max_first_byte.as_ref(), "maxFirstByte")?;
    if let Some(value) = &line.body_limit {
        let size = parse::size(&text_of(value)).map_err(|why| format!("bodyLimit: {why}"))?;
        question.body_limit = usize::try_from(size).unwrap_or(usize::MAX);
    }
    question.stream = line.stream;
    question.name = line.name;
    Ok(question)
}

/// The complaint without its place, which is always the first line.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let column = error.column();
    match text.split_once(" at line 1 column ") {
        Some((text, _)) => format!("{text} (column {column})"),
        None => text,
    }
}

impl Line<'_> {
    /// What is no question to that kind of target would be passed over in silence.
    fn fits(&self, target: &Target) -> Result<(), String> {
        if target.is_http() {
            return Ok(());
        }
        let has_body = self.url.starts_with("command:");
        let given = [
            ("json", self.json.is_some() && !has_body),
            ("contains", self.contains.is_some() && !has_body),
            ("expect", self.expect.is_some()),
            ("maxFirstByte", self.max_first_byte.is_some()),
            ("stream", self.stream),
            ("method", self.method.is_some()),
            ("body", self.body.is_some()),
            ("bodyFrom", self.body_from.is_some()),
            ("headers", self.headers.is_some()),
            ("headersFrom", self.headers_from.is_some()),
            ("ca", self.ca.is_some()),
            ("serverName", self.server_name.is_some()),
            ("follow", self.follow.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(format!("{key} means nothing to {target}")),
            None => Ok(()),
        }
    }

    fn request(&self, directory: &Utf8Path) -> Result<Request, String> {
        let key = |name: &'static str| move |why: String| format!("{name}: {why}");
        let mut headers = Headers::default();
        if let Some(value) = &self.headers {
            let given = value.as_object().ok_or("headers: expected an object")?;
            for (name, value) in given {
                let value = value
                    .as_str()
                    .ok_or_else(|| format!("headers: {name}: expected a text"))?;
                headers.add_pair(name, value).map_err(key("headers"))?;
            }
        }
        if let Some(file) = &self.headers_from {
            let more = Headers::read(directory.join(file).as_std_path());
            headers.or(&more.map_err(key("headersFrom"))?);
        }
        let body = match (self.body, &self.body_from) {
            (Some(_), Some(_)) => return Err("body and bodyFrom: only one of them".to_owned()),
            (Some(raw), None) => Some(sent(raw)?),
            (None, Some(file)) => Some(body(&directory.join(file)).map_err(key("bodyFrom"))?),
            (None, None) => None,
        };
        let method = self.method.as_deref().map(Method::parse).transpose();
        let trust = self.ca.as_ref().map(|file| {
            let file = directory.join(file);
            Trust::file(file.as_std_path())
        });
        let name = self.server_name.as_deref().map(ServerName::parse);
        let follow = self.follow.as_deref().map(Follow::parse).transpose();
        Ok(Request {
            method: method.map_err(key("method"))?,
            headers,
            body,
            trust: trust.transpose().map_err(key("ca"))?.unwrap_or_default(),
            server_name: name.transpose().map_err(key("serverName"))?,
            follow: follow.map_err(key("follow"))?.unwrap_or_default(),
            agent: None,
        })
    }
}

/// A text is sent without its quotes, an object or a list as it stands.
fn sent(raw: &RawValue) -> Result<Vec<u8>, String> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text)
            .map(String::into_bytes)
            .map_err(|error| format!("body: {error}")),
        Some(b'{' | b'[') => Ok(text.as_bytes().to_vec()),
        _ => Err("body: expected a text, an object or a list".to_owned()),
    }
}

/// What one value says, or each of a list.
fn each<T>(value: &Value, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    let one = std::slice::from_ref(value);
    let all = value.as_array().map_or(one, Vec::as_slice);
    all.iter()
        .map(|one| read(one).ok_or_else(|| format!("{key}: {one} is not understood")))
        .collect()
}

fn statuses(value: &Value) -> Option<Statuses> {
    Statuses::parse(&text_of(value))
}

fn time(value: Option<&Value>, key: &str) -> Result<Option<Duration>, String> {
    let read = |value: &Value| parse::duration(&text_of(value));
    let time = value.map(read).transpose();
    time.map_err(|why| format!("{key}: {why}"))
}

/// A text without its quotes, a number as it is written.
fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
