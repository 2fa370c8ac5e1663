//! How an HTTP endpoint is asked.

use crate::headers::is_token;
use crate::{Headers, Trust};

/// How far redirects are followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Follow {
    /// A redirect is an answer.
    #[default]
    Never,
    /// As long as they stay on the host that was asked, and do not leave https.
    Host,
    /// Wherever they lead.
    Anywhere,
}

impl Follow {
    /// Reads `host` or `anywhere`. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "host" => Ok(Self::Host),
            "anywhere" => Ok(Self::Anywhere),
            _ => Err(format!("\"{text}\" is neither host nor anywhere")),
        }
    }
}

/// The request of an HTTP question; for other targets it means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Nothing: GET, or POST where there is a body.
    pub method: Option<Method>,
    /// What is added to the client's own.
    pub headers: Headers,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// The host to ask for, in the certificate and in the request, where it is not the one that is connected to.
    pub server_name: Option<ServerName>,
    /// What is done about redirects.
    pub follow: Follow,
    /// Who asks: `slipway-healthwait`; nothing is `slipway`.
    pub agent: Option<&'static str>,
}

/// The word that a request begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method(String);

impl Method {
    /// Reads a method, like `POST`. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || !text.chars().all(is_token) {
            return Err(format!("\"{text}\" is no method, like GET or POST"));
        }
        if text == "CONNECT" {
            return Err("CONNECT asks for a tunnel, which is no answer".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A host's name or address, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerName(String);

impl ServerName {
    /// Reads a host's name or an IP address. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        match rustls::pki_types::ServerName::try_from(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(format!(
                "\"{text}\" is no name of a host, like shop.example"
            )),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
