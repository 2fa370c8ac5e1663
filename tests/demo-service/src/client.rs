//! Asks once and prints what came back.

use crate::http::Url;
use crate::{Level, Options, log, say};
use std::time::Duration;

/// How long one request may take; the slowest answer a test waits for is well below.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// `demo-service get URL`.
pub(crate) fn get(options: &Options) -> Result<u8, String> {
    match Url::parse(options.word())?.get(TIMEOUT) {
        Ok(answer) => {
            say(&format!("{}\n{}", answer.status, answer.body.trim_end()));
            Ok(u8::from(!(200..300).contains(&answer.status)))
        }
        Err(error) => {
            log(Level::Error, &format!("{}: {error}", options.word()));
            Ok(3)
        }
    }
}
