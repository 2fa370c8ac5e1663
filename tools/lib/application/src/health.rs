//! What the health options ask, the same question whichever tool asks it.

use crate::options::{EndpointArgs, HealthArgs};
use camino::Utf8Path;
use probe::{Headers, Question, Request, ServerName, Target, Trust};
use step::Failure;

impl HealthArgs {
    /// A question for every `--health-url`, asked as the options say.
    pub fn questions(&self) -> Result<Vec<Question>, Failure> {
        if self.health_url.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.endpoint.request()?;
        let ask = |url: &String| {
            let mut question = Question::new(Target::parse(url).map_err(Failure::usage)?);
            question.request = request.clone();
            Ok(question)
        };
        self.health_url.iter().map(ask).collect()
    }
}

impl EndpointArgs {
    /// The request that they make; their files are read for it.
    pub fn request(&self) -> Result<Request, Failure> {
        let mut request = Request::default();
        if let Some(file) = &self.health_ca {
            request.trust = trust(file, "--health-ca")?;
        }
        if let Some(file) = &self.health_header_file {
            request.headers = headers(file, "--health-header-file")?;
        }
        if let Some(name) = &self.health_server_name {
            request.server_name = Some(server_name(name, "--health-server-name")?);
        }
        Ok(request)
    }
}

/// The authorities of a file that `option` names.
pub fn trust(file: &Utf8Path, option: &str) -> Result<Trust, Failure> {
    Trust::file(file.as_std_path()).map_err(|why| unreadable(option, &why, file))
}

/// The headers of a file that `option` names.
pub fn headers(file: &Utf8Path, option: &str) -> Result<Headers, Failure> {
    Headers::read(file.as_std_path()).map_err(|why| unreadable(option, &why, file))
}

/// The name of a host that `option` tells.
pub fn server_name(name: &str, option: &str) -> Result<ServerName, Failure> {
    ServerName::parse(name).map_err(|why| Failure::usage(format!("{option}: {why}")))
}

fn unreadable(option: &str, why: &str, file: &Utf8Path) -> Failure {
    Failure::usage(format!("{option}: {why}")).hint(format!("ls -l {file}"))
}
