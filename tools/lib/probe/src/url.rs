//! The address of an HTTP endpoint.

use crate::Statuses;
use crate::target::{Endpoint, without_secrets};

/// What is asked for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) secure: bool,
    pub(crate) endpoint: Endpoint,
    /// The path and the query, beginning with a slash.
    pub(crate) path: String,
    /// `NAME:PASSWORD`, decoded.
    pub(crate) user: Option<Vec<u8>>,
    pub(crate) statuses: Statuses,
}

impl Url {
    /// Reads `http[s]://[USER:PASSWORD@]HOST[:PORT][/PATH][?QUERY][#STATUSES]`. The error is what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (address, statuses) = match text.split_once('#') {
            Some((address, fragment)) => {
                let statuses = Statuses::parse(fragment).ok_or(
                    "what follows # must be the expected status, like #301, #200,404 or #200-299",
                )?;
                (address, statuses)
            }
            None => (text, Statuses::default()),
        };
        Ok(Self {
            statuses,
            ..Self::absolute(address)?
        })
    }

    fn absolute(address: &str) -> Result<Self, String> {
        let (secure, rest) = match (
            address.strip_prefix("https://"),
            address.strip_prefix("http://"),
        ) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err("expected http://… or https://…".to_owned()),
        };
        if let Some(strange) = rest.chars().find(|sign| !sign.is_ascii_graphic()) {
            return Err(format!(
                "{strange:?} may not stand in it: write it as %XX, in a host's name in its xn-- form"
            ));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(decoded(user)), host),
            None => (None, authority),
        };
        Ok(Self {
            secure,
            endpoint: endpoint(host, if secure { 443 } else { 80 })
                .ok_or("expected a host and, after a colon, a port from 1 to 65535")?,
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
            user,
            statuses: Statuses::default(),
        })
    }

    /// Where a redirect from here leads.
    pub(crate) fn join(&self, location: &str) -> Result<Self, String> {
        let location = location.split('#').next().unwrap_or_default();
        if let Some(rest) = location.strip_prefix("//") {
            let scheme = if self.secure { "https" } else { "http" };
            return Self::absolute(&format!("{scheme}://{rest}"));
        }
        let (before_query, _) = location.split_once('?').unwrap_or((location, ""));
        if before_query.contains(':') && !location.starts_with('/') {
            return Self::absolute(location);
        }
        if let Some(strange) = location.chars().find(|sign| !sign.is_ascii_graphic()) {
            return Err(format!("{strange:?} may not stand in it"));
        }
        let own = self.path.split('?').next().unwrap_or("/");
        let path = match location.chars().next() {
            None => self.path.clone(),
            Some('/') => location.to_owned(),
            Some('?') => format!("{own}{location}"),
            Some(_) => {
                let directory = own.rsplit_once('/').map_or("", |(directory, _)| directory);
                format!("{directory}/{location}")
            }
        };
        Ok(Self {
            path,
            statuses: Statuses::default(),
            ..self.clone()
        })
    }

    /// The same scheme, host and port: what was given for the one may be told to the other.
    pub(crate) fn is_same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.endpoint.is_same(&other.endpoint)
    }

    /// The same, where this machine's names for itself count as one.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        let here = self.endpoint.is_here() && other.endpoint.is_here();
        let same_port = self.secure == other.secure && self.endpoint.port == other.endpoint.port;
        self.is_same_origin(other) || here && same_port
    }

    /// For people: without a password, and without a query's values.
    pub(crate) fn shown(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        without_secrets(&format!("{scheme}://{}{}", self.authority(None), self.path))
    }

    /// The host as `name` where one is given, and the port where it is not the usual one.
    pub(crate) fn authority(&self, name: Option<&str>) -> String {
        let endpoint = Endpoint {
            host: name.unwrap_or(&self.endpoint.host).to_owned(),
            port: self.endpoint.port,
        };
        let text = endpoint.to_string();
        let usual = if self.secure { ":443" } else { ":80" };
        text.strip_suffix(usual).map(str::to_owned).unwrap_or(text)
    }
}

fn endpoint(text: &str, usual: u16) -> Option<Endpoint> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return None,
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
        Some(_) => return None,
        None => usual,
    };
    let fits = |sign: char| sign.is_ascii_alphanumeric() || "-._~%:".contains(sign);
    (port > 0 && !host.is_empty() && host.chars().all(fits)).then(|| Endpoint {
        host: host.to_owned(),
        port,
    })
}

/// What `%XX` stands for; anything else stays as it is.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut result = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let hex = text
            .get(index + 1..index + 3)
            .filter(|hex| byte == b'%' && hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        result.push(code.unwrap_or(byte));
        index += if code.is_some() { 3 } else { 1 };
    }
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_parts_of_an_address() {
        let plain = url("http://h");
        assert_eq!((plain.path.as_str(), plain.endpoint.port), ("/", 80));
        let query = url("https://h?x=1");
        assert_eq!((query.path.as_str(), query.endpoint.port), ("/?x=1", 443));
        let full = url("http://me:p%40ss@[::1]:8080/x/y?z=/#200-299");
        assert_eq!(full.user.as_deref(), Some(&b"me:p@ss"[..]));
        assert_eq!(full.endpoint.host, "::1");
        assert_eq!(full.path, "/x/y?z=/");
        assert!(full.statuses.contain(204));
        assert_eq!(full.shown(), "http://[::1]:8080/x/y?z=***");
        assert_eq!(url("https://h:443/").authority(None), "h");
        assert_eq!(url("http://h:443/").authority(Some("n")), "n:443");
    }

    #[test]
    fn where_a_redirect_leads() {
        let from = url("http://h:81/a/b?c#200");
        for (location, to) in [
            ("/x?y=:z", "http://h:81/x?y=***"),
            ("x", "http://h:81/a/x"),
            ("?d", "http://h:81/a/b?d"),
            ("//other/x", "http://other/x"),
            ("https://other:444/#top", "https://other:444/"),
            ("", "http://h:81/a/b?c"),
        ] {
            assert_eq!(from.join(location).unwrap().shown(), to, "{location}");
        }
        for location in ["ftp://h/", "javascript:alert(1)", "http://", "/a b", "/ä"] {
            assert!(from.join(location).is_err(), "{location}");
        }
        assert!(from.is_same_origin(&url("http://H:81/")));
        assert!(!from.is_same_origin(&url("https://h:81/")));
        assert!(!from.is_same_origin(&url("http://h/")));
        let here = url("http://localhost:81/");
        for same in [
            "http://127.0.0.1:81/x",
            "http://[::1]:81/",
            "http://LOCALHOST:81/",
        ] {
            assert!(here.is_same_place(&url(same)), "{same}");
        }
        for other in [
            "http://localhost/",
            "https://localhost:81/",
            "http://h:81/",
            "http://127.0.0.2:81/",
        ] {
            assert!(!here.is_same_place(&url(other)), "{other}");
        }
        assert!(from.is_same_place(&from));
    }
}
