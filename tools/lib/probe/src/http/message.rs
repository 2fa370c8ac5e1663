//! The request as it goes over the wire.

use crate::Request;
use crate::url::Url;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What is asked of one address; a redirect may change it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    /// It is the address that was asked first, or one of the same scheme, host and port.
    pub(super) at_home: bool,
    /// After a redirect that says so, or that has led to another origin: GET, without the body.
    pub(super) only_look: bool,
}

impl Ask<'_> {
    pub(super) fn method(&self) -> &str {
        match &self.request.method {
            Some(method) if !self.only_look || method.as_str() == "HEAD" => method.as_str(),
            None if self.body().is_some() => "POST",
            _ => "GET",
        }
    }

    fn body(&self) -> Option<&[u8]> {
        self.request.body.as_deref().filter(|_| !self.only_look)
    }

    /// The name to ask for instead of the URL's host.
    pub(super) fn server_name(&self) -> Option<&str> {
        let name = self.request.server_name.as_ref().filter(|_| self.at_home);
        name.map(crate::ServerName::as_str)
    }

    /// The whole request.
    pub(super) fn bytes(&self, url: &Url) -> Vec<u8> {
        let mut lines = vec![format!("{} {} HTTP/1.1", self.method(), url.path)];
        let headers = &self.request.headers;
        let given = |name: &str| self.at_home && headers.has(name);
        if !given("host") {
            lines.push(format!("host: {}", url.authority(self.server_name())));
        }
        if !given("user-agent") {
            let agent = self.request.agent.unwrap_or("slipway");
            lines.push(format!("user-agent: {agent}/{}", env!("CARGO_PKG_VERSION")));
        }
        if !given("accept") {
            lines.push("accept: */*".to_owned());
        }
        if let Some(user) = url.user.as_ref().filter(|_| !given("authorization")) {
            lines.push(format!("authorization: Basic {}", base64(user)));
        }
        if let Some(body) = self.body() {
            if !given("content-type") {
                let json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
                let kind = if json {
                    "application/json"
                } else {
                    "text/plain; charset=utf-8"
                };
                lines.push(format!("content-type: {kind}"));
            }
            lines.push(format!("content-length: {}", body.len()));
        }
        if self.at_home {
            let pairs = headers.pairs().iter();
            lines.extend(pairs.map(|(name, value)| format!("{name}: {value}")));
        }
        lines.push("connection: close\r\n\r\n".to_owned());
        let mut bytes = lines.join("\r\n").into_bytes();
        bytes.extend_from_slice(self.body().unwrap_or_default());
        bytes
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| {
            bits << 8 | usize::from(group.get(index).copied().unwrap_or(0))
        });
        for index in 0..4 {
            let sign = BASE64[bits >> (18 - 6 * index) & 63];
            text.push(if index <= group.len() {
                char::from(sign)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Method, ServerName};

    fn text(request: &Request, url: &str, at_home: bool, only_look: bool) -> String {
        let ask = Ask {
            request,
            at_home,
            only_look,
        };
        String::from_utf8(ask.bytes(&Url::parse(url).unwrap())).unwrap()
    }

    #[test]
    fn base64_as_everybody_writes_it() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
    }

    #[test]
    fn what_is_given_goes_before_and_stays_at_home() {
        let mut request = Request {
            body: Some(b"{}".to_vec()),
            server_name: Some(ServerName::parse("shop.example").unwrap()),
            agent: Some("slipway-x"),
            ..Request::default()
        };
        request.headers.add("Accept: text/event-stream").unwrap();
        request.headers.add("X-Key: s3cret").unwrap();
        let first = text(&request, "http://me:pw@h:81/x?y", true, false);
        assert!(
            first.starts_with(
                "POST /x?y HTTP/1.1\r\nhost: shop.example:81\r\nuser-agent: slipway-x/"
            ),
            "{first}"
        );
        assert!(
            first.contains("\r\nauthorization: Basic bWU6cHc=\r\n"),
            "{first}"
        );
        assert!(
            first.contains("\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"),
            "{first}"
        );
        assert!(
            !first.contains("*/*") && first.ends_with("connection: close\r\n\r\n{}"),
            "{first}"
        );
        let elsewhere = text(&request, "https://other/", false, true);
        assert!(
            elsewhere.starts_with("GET / HTTP/1.1\r\nhost: other\r\n"),
            "{elsewhere}"
        );
        assert!(
            !elsewhere.contains("s3cret") && elsewhere.ends_with("\r\n\r\n"),
            "{elsewhere}"
        );
        request.method = Some(Method::parse("PUT").unwrap());
        assert!(text(&request, "http://h/", true, false).starts_with("PUT "));
        assert!(text(&request, "http://h/", true, true).starts_with("GET "));
    }
}
