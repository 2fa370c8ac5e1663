//! Which service: the value of `--service`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::Error;

/// The longest name of a unit that systemd takes.
const LONGEST_UNIT: usize = 255;
/// The longest name of a plain process: with every ending it still is a file name.
const LONGEST_PROCESS: usize = 100;
/// Kinds of unit that are not services and whose names would otherwise get `.service` appended.
const OTHER_UNITS: [&str; 10] = [
    ".socket",
    ".target",
    ".timer",
    ".path",
    ".mount",
    ".automount",
    ".swap",
    ".slice",
    ".scope",
    ".device",
];

/// A service's name together with what supervises it, checked: it can neither be taken for an option nor lead out of a
/// directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// `systemd:UNIT`: a unit of the system's own manager. Always ends in `.service`.
    Systemd(String),
    /// `systemd-user:UNIT`: a unit of this user's manager. Always ends in `.service`.
    SystemdUser(String),
    /// `pm2:NAME`: what PM2 runs under that name, in however many instances.
    Pm2(String),
    /// `process:NAME`: a plain process that Slipway itself starts.
    Process(String),
    /// `compose:DIR[#SERVICE,…]`: services of the Compose project in a directory.
    Compose {
        /// The project's directory, or a link to it: an absolute path.
        directory: String,
        /// Those of its services that are meant; all of them where none is named.
        services: Vec<String>,
    },
    /// `command:FILE`: an executable, by its path from the root, that answers for a supervisor.
    Command(String),
}

impl Name {
    /// Every kind as it is written, for a sentence.
    pub const KINDS: &str = "systemd:UNIT, systemd-user:UNIT, pm2:NAME, compose:DIR[#SERVICE,…], process:NAME or command:FILE";

    /// The word before the colon.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Systemd(_) => "systemd",
            Self::SystemdUser(_) => "systemd-user",
            Self::Pm2(_) => "pm2",
            Self::Process(_) => "process",
            Self::Compose { .. } => "compose",
            Self::Command(_) => "command",
        }
    }

    /// What follows the colon.
    pub fn bare(&self) -> Cow<'_, str> {
        match self {
            Self::Systemd(name)
            | Self::SystemdUser(name)
            | Self::Pm2(name)
            | Self::Process(name)
            | Self::Command(name) => name.into(),
            Self::Compose {
                directory,
                services,
            } if services.is_empty() => directory.into(),
            Self::Compose {
                directory,
                services,
            } => format!("{directory}#{}", services.join(",")).into(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.kind(), self.bare())
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::BadName {
            name: text.to_owned(),
            why: why.to_owned(),
        };
        let Some((kind, name)) = text.split_once(':') else {
            return Err(wrong(&format!(
                "it needs its kind first, as in {}",
                Self::KINDS
            )));
        };
        match kind {
            "systemd" => unit(name).map(Self::Systemd).map_err(wrong),
            "systemd-user" => unit(name).map(Self::SystemdUser).map_err(wrong),
            "process" => process(name).map(Self::Process).map_err(wrong),
            "pm2" => pm2(name).map(Self::Pm2).map_err(wrong),
            "compose" => compose(name).map_err(wrong),
            "command" => command(name).map(Self::Command).map_err(wrong),
            _ => Err(wrong(&format!("its kind is none of {}", Self::KINDS))),
        }
    }
}

fn unit(name: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":_.\\@-".contains(&byte);
    if name.is_empty() || name.starts_with(['-', '.']) || !name.bytes().all(allowed) {
        return Err("a unit's name is letters, digits and :_.\\@-, not a dash or a dot first");
    }
    if OTHER_UNITS.iter().any(|suffix| name.ends_with(suffix)) {
        return Err("that unit is not a service");
    }
    let name = match name.strip_suffix(".service") {
        Some(stem) => stem,
        None => name,
    };
    if name.ends_with('@') {
        return Err("it is a template: name an instance, as in app@one");
    }
    let unit = format!("{name}.service");
    if unit.len() > LONGEST_UNIT {
        return Err("it is longer than a unit's name can be");
    }
    Ok(unit)
}

fn compose(name: &str) -> Result<Name, &'static str> {
    // A directory's name may hold the character, a service's cannot.
    let (directory, services) = match name.rsplit_once('#') {
        Some((directory, services)) => (directory, services.split(',').collect()),
        None => (name, Vec::new()),
    };
    if !directory.starts_with('/') || directory.contains(char::is_control) {
        return Err("a Compose project is told by its directory, an absolute path");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_service = |name: &&str| {
        !name.is_empty() && !name.starts_with(['-', '.']) && name.bytes().all(allowed)
    };
    if !services.iter().all(is_service) {
        return Err("a service's name in a Compose project is letters, digits and _.-");
    }
    Ok(Name::Compose {
        directory: match directory.trim_end_matches('/') {
            "" => "/".to_owned(),
            directory => directory.to_owned(),
        },
        services: services.into_iter().map(str::to_owned).collect(),
    })
}

/// Everything that PM2 calls alike is one service; what it would take for something else is none.
fn pm2(name: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || name.starts_with(['-', '.']) || !name.bytes().all(allowed) {
        return Err("a name at PM2 is letters, digits and _.-, not a dash or a dot first");
    }
    if name == "all" || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("PM2 takes `all` for every process, and a number for a process's id");
    }
    if name.len() > LONGEST_PROCESS {
        return Err("it is longer than 100 characters");
    }
    Ok(name.to_owned())
}

fn process(name: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || name.starts_with(['-', '.']) || !name.bytes().all(allowed) {
        return Err("a process's name is letters, digits and _.-, not a dash or a dot first");
    }
    if name.len() > LONGEST_PROCESS {
        return Err("it is longer than 100 characters");
    }
    Ok(name.to_owned())
}

fn command(file: &str) -> Result<String, &'static str> {
    // A deploy's steps, its dead-man's switch and a timer all run in directories of their own.
    if !file.starts_with('/') || file.ends_with('/') {
        return Err("a command is a file, by its path from the root");
    }
    if file.chars().any(char::is_control) {
        return Err("a command's path holds no control characters");
    }
    Ok(file.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_kind_is_read_and_printed_alike() {
        for text in [
            "systemd:shop.service",
            "systemd-user:shop@blue.service",
            "pm2:shop-api",
            "process:shop",
            "compose:/srv/shop",
            "compose:/srv/a#b/current#web,worker-2",
            "command:/opt/shop/service control",
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        let short: Name = "systemd:shop.v2".parse().unwrap();
        assert_eq!(short.to_string(), "systemd:shop.v2.service");
    }

    #[test]
    fn what_would_be_an_option_or_a_path_is_refused() {
        for text in [
            "",
            "shop",
            "systemd:",
            "systemd:--version",
            "systemd:a/b",
            "systemd:a b",
            "systemd:shop@",
            "systemd:shop.socket",
            "pm2:all",
            "pm2:0",
            "pm2:-f",
            "process:../shop",
            "process:.shop",
            "process:a/b",
            "command:",
            "command:shop-control",
            "command:./shop-control",
            "command:/opt/shop/",
            "upstart:shop",
            "compose:shop",
            "compose:/srv/shop#",
            "compose:/srv/shop#web,--all",
            "compose:/srv/shop#a b",
        ] {
            assert!(
                matches!(text.parse::<Name>(), Err(Error::BadName { .. })),
                "{text}"
            );
        }
    }
}
