//! The names under which something lies until it is done.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// How the name of a directory begins that is being filled.
pub(crate) const STAGING: &str = ".staging-";
/// How the name of a directory begins that is being removed.
pub(crate) const REMOVING: &str = ".removing-";
/// What stands between a file's own name and what makes its temporary name unique.
const TEMPORARY: &str = ".tmp-";
/// Bytes of the file's own name that are kept in its temporary one: a file name ends at 255.
const KEPT: usize = 200;

/// `PID-RANDOM`: the process for people, the 64 random bits so that no two are ever alike.
///
/// The randomness only has to make a collision rare: every name is made with a call that refuses one that exists.
pub(crate) fn unique() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{random:016x}", std::process::id())
}

/// `.NAME.tmp-PID-RANDOM`, to be renamed to `NAME`.
pub(crate) fn temporary(name: &OsStr) -> OsString {
    let kept = &name.as_bytes()[..name.len().min(KEPT)];
    OsString::from_vec([b".", kept, TEMPORARY.as_bytes(), unique().as_bytes()].concat())
}

/// `.staging-PID-RANDOM`
pub(crate) fn staging() -> String {
    format!("{STAGING}{}", unique())
}

/// `.removing-PID-RANDOM`
pub(crate) fn removing() -> String {
    format!("{REMOVING}{}", unique())
}

/// The process that made a unique name, read from the end of it.
pub(crate) fn maker(name: &OsStr) -> Option<i32> {
    let text = name.to_str()?;
    let (front, random) = text.rsplit_once('-')?;
    let hexadecimal = random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (_, pid) = front.rsplit_once('-')?;
    hexadecimal
        .then(|| pid.parse().ok().filter(|pid| *pid > 0))
        .flatten()
}

/// Whether the name is one that [`temporary`] makes.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    // What follows the mark is short and plain, so it is looked for from the end of names that may not be UTF-8.
    let Some(at) = bytes
        .windows(TEMPORARY.len())
        .rposition(|window| window == TEMPORARY.as_bytes())
    else {
        return false;
    };
    bytes[0] == b'.' && maker(OsStr::from_bytes(&bytes[at..])).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_temporary_name_is_known_again_and_tells_its_maker() {
        for name in [
            OsStr::new("current"),
            OsStr::new("a.tmp-b"),
            OsStr::from_bytes(b"\xff\xfe"),
            OsStr::new(&"x".repeat(255)),
        ] {
            let made = temporary(name);
            assert!(is_temporary(&made), "{made:?}");
            assert!(made.len() <= 255);
            assert_ne!(made, temporary(name));
        }
        assert_eq!(
            maker(OsStr::new(&staging())),
            i32::try_from(std::process::id()).ok()
        );
    }

    #[test]
    fn names_of_other_programs_are_not_ours() {
        for name in [
            ".current.tmp-",
            ".current.tmp-12",
            ".current.tmp-x-0123456789abcdef",
            ".current.tmp-12-0123456789abcdeg",
            ".current.tmp-0-0123456789abcdef",
            "current.tmp-12-0123456789abcdef",
            ".x-12-0123456789abcdef",
            ".gitignore",
            "20261120-093000",
        ] {
            assert!(!is_temporary(OsStr::new(name)), "{name}");
        }
        assert!(is_temporary(OsStr::new(".current.tmp-12-0123456789abcdef")));
    }
}
