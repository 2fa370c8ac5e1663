//! From the options and the file of targets to the questions that are asked.

use crate::args::Args;
use crate::file;
use application::{HealthArgs, health};
use camino::Utf8Path;
use probe::{Headers, Question, Request, Target, Trust};
use std::time::Duration;
use step::Failure;

/// Who asks.
const AGENT: &str = "slipway-healthwait";

/// Every question, in the order of the report: the TARGETs, or without them the `--health-url`; then those of the file.
pub(crate) fn of(args: &Args) -> Result<Vec<Question>, Failure> {
    let named = if args.targets.is_empty() && args.targets_file.is_none() {
        &args.health.health_url
    } else {
        &args.targets
    };
    let mut questions = Vec::new();
    if !named.is_empty() {
        let request = request(args)?;
        for target in named {
            let target = Target::parse(target).map_err(Failure::usage)?;
            questions.push(Question {
                request: request.clone(),
                json: args.expect_json.clone(),
                texts: args.expect_body.clone(),
                stream: args.stream,
                body_limit: usize::try_from(args.body_limit).unwrap_or(usize::MAX),
                ..Question::new(target)
            });
        }
    }
    if let Some(path) = &args.targets_file {
        questions.extend(file::read(path)?);
    }
    for question in &mut questions {
        question.max_latency = question.max_latency.or(args.max_latency);
        question.max_first_byte = question.max_first_byte.or(args.max_first_byte);
        question.timeout = patience(question, args.timeout);
        question.request.agent = Some(AGENT);
    }
    at_home(&mut questions, &args.health)?;
    Ok(questions)
}

/// How long one question may wait: an answer that may take longer than usual is given that time.
fn patience(question: &Question, whole: Duration) -> Duration {
    match question.max_latency {
        Some(longest) => question.timeout.max(longest),
        None if question.stream => whole,
        None => question.timeout,
    }
}

/// What this tool's own options make of a request.
fn request(args: &Args) -> Result<Request, Failure> {
    let mut headers = Headers::default();
    for (index, line) in args.header.iter().enumerate() {
        headers
            .add(line)
            .map_err(|why| Failure::usage(format!("--header, the {}. one: {why}", index + 1)))?;
    }
    if let Some(file) = &args.header_file {
        headers.or(&health::headers(file, "--header-file")?);
    }
    let body = match (&args.body, &args.body_file) {
        (Some(text), _) => Some(text.clone().into_bytes()),
        (None, Some(file)) => Some(body(file).map_err(|why| {
            Failure::usage(format!("--body-file: {why}")).hint(format!("ls -l {file}"))
        })?),
        (None, None) => None,
    };
    let trust = args.ca_file.as_ref();
    let name = args.server_name.as_ref();
    Ok(Request {
        method: args.method.clone(),
        headers,
        body,
        trust: trust.map_or(Ok(Trust::System), |file| health::trust(file, "--ca-file"))?,
        server_name: name
            .map(|name| health::server_name(name, "--server-name"))
            .transpose()?,
        follow: args.follow.unwrap_or_default(),
        agent: None,
    })
}

/// What a file holds that is sent as a body. The error is a sentence.
pub(crate) fn body(file: &Utf8Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {file}: {error}"))
}

/// The application's own endpoint is asked as the application says, also where it is one of several targets; nobody else is told
/// the headers that are meant for it. What a target has of its own goes before.
fn at_home(questions: &mut [Question], args: &HealthArgs) -> Result<(), Failure> {
    let home: Vec<Target> = args
        .health_url
        .iter()
        .filter_map(|url| Target::parse(url).ok())
        .collect();
    let is_home = |question: &&mut Question| {
        home.iter()
            .any(|target| target.is_same_origin(&question.target))
    };
    let mut ours = questions.iter_mut().filter(is_home).peekable();
    if ours.peek().is_none() {
        return Ok(());
    }
    let common = args.endpoint.request()?;
    for question in ours {
        let request = &mut question.request;
        request.headers.or(&common.headers);
        if request.trust == Trust::System {
            request.trust = common.trust.clone();
        }
        request.server_name = request.server_name.take().or(common.server_name.clone());
    }
    Ok(())
}
