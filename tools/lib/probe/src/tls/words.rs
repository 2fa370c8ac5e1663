//! What went wrong between two that were to trust each other, as a person would say it.

use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

use super::verify::SelfSigned;

/// The error in words that follow "it".
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::InvalidMessage(_) => {
            "what it answered is not TLS (plain http:// perhaps)".to_owned()
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it wants to see a certificate of the client's".to_owned()
        }
        Error::AlertReceived(alert) => format!("it refused a secure connection: {alert:?}"),
        Error::PeerIncompatible(why) => {
            format!("it speaks no TLS that is known here: {why:?}")
        }
        other => format!("no secure connection: {other}"),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate has expired, on {}", day(*not_after))
        }
        CertificateError::Expired => "its certificate has expired".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "its certificate is not valid yet, but from {}",
            day(*not_before)
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let asked = expected.to_str();
            if presented.is_empty() {
                return format!("its certificate is not for {asked}: it names no host at all");
            }
            let names: Vec<&str> = presented.iter().map(|name| plain(name)).collect();
            format!(
                "its certificate is not for {asked}, but for {}",
                names.join(", ")
            )
        }
        CertificateError::UnknownIssuer => {
            "its certificate was issued by an authority that is not trusted here".to_owned()
        }
        CertificateError::Other(other) if other.0.is::<SelfSigned>() => {
            "its certificate is self-signed, and not trusted here".to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        other => format!("its certificate cannot be trusted: {other}"),
    }
}

/// `DnsName("shop.example")` as `shop.example`.
fn plain(name: &str) -> &str {
    name.split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .map_or(name, |rest| rest.trim_matches('"'))
}

fn day(time: UnixTime) -> String {
    let text = clock::rfc3339(UNIX_EPOCH + Duration::from_secs(time.as_secs()));
    text.get(..10).unwrap_or(&text).to_owned()
}
