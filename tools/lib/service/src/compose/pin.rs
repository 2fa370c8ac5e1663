//! A resolved configuration with every image told by its id. Pure.
//!
//! What `config` of either Compose prints is YAML of one plain form: two spaces a level, a key a line, whatever belongs to a
//! key further in than the key or, a list, beginning with a dash. So lines can be taken out and put in without reading the
//! rest of the language; whoever writes the result has Compose read it again.

use std::collections::BTreeMap;

/// What a service is made of, as the configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// The image's name, where one is told.
    pub(super) image: Option<String>,
    /// Whether it is built here.
    pub(super) built: bool,
}

/// The lines of a configuration, each with the service that it belongs to and the key of that service.
struct Place<'a> {
    line: &'a str,
    service: Option<&'a str>,
    key: Option<&'a str>,
}

/// The services and what they are made of.
pub(super) fn services(text: &str) -> BTreeMap<String, Made> {
    let mut services: BTreeMap<String, Made> = BTreeMap::new();
    for place in places(text) {
        let Some(service) = place.service else {
            continue;
        };
        let made = services.entry(service.to_owned()).or_default();
        match place.key {
            Some("image") => made.image = made.image.take().or_else(|| value(place.line)),
            Some("build") => made.built = true,
            _ => {}
        }
    }
    services
}

/// The configuration with these images in the place of what was to be built or looked up; services that are not named
/// stay as they are.
pub(super) fn pinned(text: &str, images: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut last = None;
    for place in places(text) {
        let image = place.service.and_then(|service| images.get(service));
        let dropped = image.is_some() && matches!(place.key, Some("image" | "build"));
        // A service without anything else in it is printed as `web: {}`, and one without an image cannot be.
        if !dropped {
            out.push_str(place.line);
            out.push('\n');
        }
        if let Some(image) = image.filter(|_| place.service != last) {
            out.push_str("    image: ");
            out.push_str(image);
            out.push('\n');
        }
        last = place.service;
    }
    out
}

fn places(text: &str) -> Vec<Place<'_>> {
    let (mut in_services, mut service, mut key) = (false, None, None);
    let mut places = Vec::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let begins = !line.trim().is_empty() && !line[depth..].starts_with(['-', '#']);
        let word = begins.then(|| word(&line[depth..])).flatten();
        match (depth, word) {
            (0, Some(word)) => {
                in_services = word == "services";
                (service, key) = (None, None);
            }
            (2, Some(word)) if in_services => (service, key) = (Some(word), None),
            (4, Some(word)) if service.is_some() => key = Some(word),
            _ => {}
        }
        places.push(Place { line, service, key });
    }
    places
}

/// The key that a line begins with.
fn word(line: &str) -> Option<&str> {
    let (word, rest) = line.split_once(':')?;
    let whole = rest.is_empty() || rest.starts_with(' ');
    whole.then(|| word.trim_matches(['"', '\'']))
}

fn value(line: &str) -> Option<String> {
    let (_, value) = line.split_once(':')?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FIRST: &str = "networks:
  web:
    driver: bridge
services:
  db:
    image: postgres:15
    restart: always
  web:
    build:
      args:
        image: not this one
      context: /srv/shop
    command:
    - image: 'x'
    environment:
      build: '1'
    labels:
      text: 'one

        two'
version: '3.4'
";

    const SECOND: &str = "name: shop
services:
  web:
    build:
      context: /srv/shop
      dockerfile: Dockerfile
    command:
      - serve
    image: \"shop/web:1\"
    networks:
      default: null
networks:
  default:
    name: shop_default
";

    #[test]
    fn what_each_service_is_made_of() {
        let first = services(FIRST);
        assert_eq!(first.len(), 2);
        assert_eq!(first["db"].image.as_deref(), Some("postgres:15"));
        assert_eq!(
            first["web"],
            Made {
                image: None,
                built: true
            }
        );
        let second = services(SECOND);
        assert_eq!(second["web"].image.as_deref(), Some("shop/web:1"));
        assert!(second["web"].built);
    }

    #[test]
    fn nothing_is_left_to_be_built_or_looked_up() {
        let images = ["db", "web"].map(|name| (name.to_owned(), format!("sha256:{name}")));
        let images = BTreeMap::from(images);
        let first = pinned(FIRST, &images);
        assert_eq!(
            first,
            "networks:
  web:
    driver: bridge
services:
  db:
    image: sha256:db
    restart: always
  web:
    image: sha256:web
    command:
    - image: 'x'
    environment:
      build: '1'
    labels:
      text: 'one

        two'
version: '3.4'
"
        );
        let second = pinned(SECOND, &images);
        assert!(!second.contains("build") && !second.contains("shop/web:1"));
        assert_eq!(
            services(&second)["web"].image.as_deref(),
            Some("sha256:web")
        );
        assert_eq!(pinned(SECOND, &BTreeMap::new()), SECOND);
    }
}
