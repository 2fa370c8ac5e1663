//! What is left out.

use releases::MANIFEST;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a source never brings along: it is made anew, or is nobody's business on a server.
pub const OF_A_SOURCE: &[&str] = &[
    "node_modules",
    ".git",
    ".next",
    "__pycache__",
    "venv",
    ".venv",
];
/// What not even a directory that was built elsewhere brings along.
pub const ALWAYS: &[&str] = &[".git"];

/// Patterns for what is left out. One without a slash is for a name, wherever it stands; one with a slash is for a path
/// from the root of the tree. `*` stands for any characters but a slash, `?` for one.
#[derive(Debug, Clone, Default)]
pub struct Exclude {
    patterns: Vec<Vec<u8>>,
    paths: Vec<Vec<u8>>,
}

impl Exclude {
    /// These patterns.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let patterns = patterns.into_iter().map(|pattern| {
            let stripped = pattern.strip_suffix('/').unwrap_or(pattern);
            stripped.as_bytes().to_vec()
        });
        Self {
            patterns: patterns.collect(),
            paths: Vec::new(),
        }
    }

    /// What is left out of a directory: where something is built from it, what is made anew; and in any case the manifest of
    /// the release which it may once have been, and what is shared.
    pub fn of_directory<'a>(
        is_built_from: bool,
        told: impl IntoIterator<Item = &'a str>,
        shares: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::beside(
            if is_built_from { OF_A_SOURCE } else { ALWAYS },
            told,
            shares,
        )
    }

    /// What is left out of a checkout: what a repository holds is there on purpose.
    pub fn of_repository<'a>(
        told: impl IntoIterator<Item = &'a str>,
        shares: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::beside(ALWAYS, told, shares)
    }

    fn beside<'a>(
        own: &[&'a str],
        told: impl IntoIterator<Item = &'a str>,
        shares: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut exclude = Self::of(own.iter().copied().chain(told));
        exclude.add_path(MANIFEST);
        for share in shares {
            exclude.add_path(share);
        }
        exclude
    }

    /// And exactly this path from the root.
    pub fn add_path(&mut self, path: impl AsRef<OsStr>) {
        self.paths.push(path.as_ref().as_bytes().to_vec());
    }

    /// Whether what lies at that path from the root is left out. What lies beneath it goes with it.
    pub fn leaves_out(&self, path: &Path) -> bool {
        let whole = path.as_os_str().as_bytes();
        let name = path.file_name().map_or(whole, OsStrExt::as_bytes);
        self.paths.iter().any(|path| path == whole)
            || self.patterns.iter().any(|pattern| {
                if pattern.contains(&b'/') {
                    let from_root = pattern.strip_prefix(b"/").unwrap_or(pattern);
                    matches(from_root, whole)
                } else {
                    matches(pattern, name)
                }
            })
    }
}

/// Goes back only to the last star, so that no pattern takes more than the product of the two lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(b'?') if text[read] != b'/' => (at, read) = (at + 1, read + 1),
            Some(byte) if *byte != b'?' && *byte == text[read] => (at, read) = (at + 1, read + 1),
            _ => match star {
                Some((back, from)) if text[from] != b'/' => {
                    star = Some((back, from + 1));
                    (at, read) = (back + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_left_out_wherever_it_stands_and_a_path_only_there() {
        let exclude = Exclude::of(["node_modules", "*.log", "/docs/*", "a/b/", "x?z", "/top"]);
        for (path, out) in [
            ("node_modules", true),
            ("packages/one/node_modules", true),
            ("node_modules_of_mine", false),
            ("error.log", true),
            ("deep/down/error.log", true),
            ("error.logs", false),
            ("docs/one", true),
            ("docs/one/two", false),
            ("sub/docs/one", false),
            ("docs", false),
            ("a/b", true),
            ("c/a/b", false),
            ("xyz", true),
            ("xz", false),
            ("top", true),
            ("sub/top", false),
        ] {
            assert_eq!(exclude.leaves_out(Path::new(path)), out, "{path}");
        }
    }

    #[test]
    fn stars_between_stars_find_their_place() {
        for (pattern, text, found) in [
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "", true),
            ("**", "anything", true),
            ("", "", true),
            ("", "x", false),
            ("*a", "aaa", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                found,
                "{pattern} {text}"
            );
        }
        let long = "a".repeat(2000);
        assert!(!matches("a*a*a*a*a*a*a*a*b".as_bytes(), long.as_bytes()));
    }

    #[test]
    fn names_that_are_no_text_are_compared_all_the_same() {
        let name = Path::new(OsStr::from_bytes(b"\xff.log"));
        assert!(Exclude::of(["*.log"]).leaves_out(name));
        let mut exclude = Exclude::default();
        exclude.add_path("[exact]*");
        assert!(exclude.leaves_out(Path::new("[exact]*")));
        assert!(!exclude.leaves_out(Path::new("[exact]x")));
    }
}
