//! What the application's file demands, and what the effective options leave of it.

use crate::args::{Args, DISK_MAX, INODES_MAX, MEMORY_MIN, STOP_TIMEOUT};
use crate::checks::Entry;
use crate::told::{self, Format, Freeze};
use camino::Utf8PathBuf;
use state::Rate;
use std::fmt::Display;
use step::config::EnvFile;
use step::parse;

/// An option that lets more pass than the file does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) option: &'static str,
    /// What was asked for, where that is one thing.
    pub(crate) value: Option<String>,
    how: How,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// This check would pass.
    Passes(String),
    /// It is less strict than this.
    Laxer(String),
    /// This is missing.
    LeavesOut(String),
    /// It is not this.
    Differs(String),
    /// The file says nothing of the kind.
    Unsaid,
}

impl Excess {
    /// What is wrong with it, beside the file of that name.
    pub(crate) fn beside(&self, file: &str) -> String {
        let option = self.option;
        let asked = self.value.as_ref();
        let asked = asked.map_or(String::new(), |value| format!(" {value}"));
        let asked = format!("--{option}{asked}");
        match &self.how {
            How::Passes(check) => format!("{asked} would let {check} pass, which {file} does not"),
            How::Laxer(limit) => format!("{asked} is less strict than {limit}, by {file}"),
            How::LeavesOut(what) => format!("--{option} leaves out {what}, which {file} asks for"),
            How::Differs(what) => format!("{asked} is not {what}, by {file}"),
            How::Unsaid => format!("{asked} is not in {file}"),
        }
    }
}

/// The effective options beside the file. Where an option's value comes from makes no difference.
pub(crate) struct Asked<'a> {
    args: &'a Args,
    file: Option<&'a EnvFile>,
}

/// The first excess, or what is wrong with the file.
type Found = Result<Option<Excess>, String>;

impl<'a> Asked<'a> {
    pub(crate) fn of(args: &'a Args, file: Option<&'a EnvFile>) -> Self {
        Self { args, file }
    }

    /// The first thing that the options let pass and the file does not.
    pub(crate) fn excess(&self) -> Found {
        let unmeasured = self.names().or_else(|| self.places());
        if let Some(excess) = unmeasured.or_else(|| self.since()) {
            return Ok(Some(excess));
        }
        match self.limits()? {
            None => self.sets(),
            excess => Ok(excess),
        }
    }

    /// Which checks are made, and which of them count.
    fn names(&self) -> Option<Excess> {
        let Args { skip, warn, .. } = self.args;
        for (option, asked) in [("skip", skip), ("warn", warn)] {
            let allowed = self.words(option);
            if let Some(check) = asked.iter().find(|name| !allowed.contains(name)) {
                return Some(passes(option, asked, check));
            }
        }
        if self.args.health.accept_unprovable && !self.says_yes("accept-unprovable") {
            return Some(Excess {
                option: "accept-unprovable",
                value: Some("yes".into()),
                how: How::Unsaid,
            });
        }
        let only = &self.args.only;
        if only.is_empty() {
            return None;
        }
        let mut wanted = self.words("only");
        if wanted.is_empty() {
            wanted = Entry::all(self.args).iter().map(Entry::name).collect();
        }
        let made = |name: &&String| only.contains(name) || self.args.require.contains(name);
        let missing = wanted.iter().find(|name| !made(name));
        missing.map(|check| passes("only", only, check))
    }

    /// What is measured is held against no laxer limit.
    fn limits(&self) -> Found {
        let args = self.args;
        let most = |option, asked: Option<u8>, usual: u8| {
            let limit = self.parsed(option, parse::percent)?.unwrap_or(usual);
            let asked = asked.filter(|asked| *asked > limit);
            Ok::<_, String>(
                asked.map(|asked| laxer(option, format!("{asked}%"), format!("{limit}%"))),
            )
        };
        let memory = || {
            let limit = self
                .parsed("memory-min", parse::size)?
                .unwrap_or(MEMORY_MIN);
            let asked = args.memory_min.filter(|asked| *asked < limit);
            Ok::<_, String>(asked.map(|asked| laxer("memory-min", asked, limit)))
        };
        let stop = || {
            let limit = self.parsed("stop-timeout", parse::duration)?;
            let limit = limit.unwrap_or(STOP_TIMEOUT);
            let shown = |time: std::time::Duration| format!("{}ms", time.as_millis());
            let laxer = laxer("stop-timeout", shown(args.stop_timeout), shown(limit));
            Ok::<_, String>((args.stop_timeout < limit).then_some(laxer))
        };
        let rate = || {
            let limit = self
                .parsed("max-deploys", str::parse)?
                .unwrap_or(Rate::DEFAULT);
            let laxer = laxer("max-deploys", args.max_deploys, limit);
            Ok::<_, String>((!is_within(args.max_deploys, limit)).then_some(laxer))
        };
        let disk = most("disk-max", args.disk_max, DISK_MAX)?;
        let inodes = || most("inodes-max", args.inodes_max, INODES_MAX);
        for found in [disk, inodes()?, memory()?, stop()?, rate()?] {
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Of what several are told, all of the file's are among the effective ones.
    fn sets(&self) -> Found {
        let args = self.args;
        for (option, asked) in [
            ("require", &args.require),
            ("env-required", &args.env_required),
            ("env-optional", &args.env_optional),
        ] {
            let missing = self
                .words(option)
                .into_iter()
                .find(|name| !asked.contains(name));
            if let Some(missing) = missing {
                return Ok(Some(leaves_out(option, missing)));
            }
        }
        let mut patterns = self.lines("forbid").into_iter();
        let is_sought = |pattern: &String| args.forbid.iter().any(|one| one.as_str() == pattern);
        if let Some(missing) = patterns.find(|pattern| !is_sought(pattern)) {
            return Ok(Some(leaves_out("forbid", missing)));
        }
        let mut trees = self.lines("forbid-in").into_iter();
        let is_searched = |tree: &String| args.forbid_in.iter().any(|one| one == tree);
        if let Some(missing) = trees.find(|tree| !is_searched(tree)) {
            return Ok(Some(leaves_out("forbid-in", missing)));
        }
        let health = &args.health.health_url;
        let missing = self
            .lines("health-url")
            .into_iter()
            .find(|url| !health.contains(url));
        if let Some(missing) = missing {
            return Ok(Some(leaves_out("health-url", missing)));
        }
        let found = [
            self.all("freeze", Freeze::parse, &args.freeze)?,
            self.all("env-format", Format::parse, &args.env_format)?,
            self.all("outside", told::outside, &args.outside)?,
            self.all("run", told::run, &args.run)?,
        ];
        Ok(found.into_iter().flatten().next())
    }

    /// What is looked at is what the file names, where it names it.
    fn places(&self) -> Option<Excess> {
        let Args {
            layout,
            service,
            health,
            ..
        } = self.args;
        let path = |path: &Option<Utf8PathBuf>| path.as_ref().map(ToString::to_string);
        let files: Vec<&str> = self
            .args
            .env_file
            .iter()
            .map(|file| file.as_str())
            .collect();
        let endpoint = &health.endpoint;
        let asked = [
            ("root", path(&layout.root)),
            ("releases", path(&layout.releases)),
            ("current", path(&layout.current)),
            ("state", path(&layout.state)),
            ("service", service.service.clone()),
            ("port", service.port.map(|port| port.to_string())),
            ("health-ca", path(&endpoint.health_ca)),
            ("health-header-file", path(&endpoint.health_header_file)),
            ("health-server-name", endpoint.health_server_name.clone()),
            ("git", path(&self.args.git)),
            ("branch", self.args.branch.clone()),
            ("migrations", path(&self.args.migrations)),
            ("env-file", Some(files.join("\n"))),
            ("time-zone", self.args.time_zone.clone()),
        ];
        let differs = |(option, asked): (&'static str, Option<String>)| {
            let wanted = self.text(option)?;
            (asked.as_deref() != Some(wanted)).then(|| Excess {
                option,
                value: asked,
                how: How::Differs(wanted.to_owned()),
            })
        };
        asked.into_iter().find_map(differs)
    }

    /// Of the migrations that the file names no fewer are judged.
    fn since(&self) -> Option<Excess> {
        self.text("migrations")?;
        let asked = self.args.migrations_since.as_deref()?;
        let wanted = self.text("migrations-since");
        (asked != "all" && Some(asked) != wanted).then(|| Excess {
            option: "migrations-since",
            value: Some(asked.to_owned()),
            how: wanted.map_or(How::Unsaid, |wanted| How::Differs(wanted.to_owned())),
        })
    }

    /// What of a list in the file is not among the effective ones.
    fn all<T: PartialEq>(
        &self,
        option: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
        asked: &[T],
    ) -> Found {
        for line in self.lines(option) {
            let wanted =
                parse(&line).map_err(|error| format!("{}: {error}", self.variable(option)))?;
            if !asked.contains(&wanted) {
                return Ok(Some(leaves_out(option, line)));
            }
        }
        Ok(None)
    }

    fn variable(&self, option: &str) -> String {
        let variable = step::variable("preflight", option);
        let file = self.file.map(|file| file.path.display().to_string());
        format!("{variable} in {}", file.unwrap_or_default())
    }

    /// What the file says of an option; nothing where it is empty.
    fn text(&self, option: &str) -> Option<&'a str> {
        let entry = self.file?.get(&step::variable("preflight", option))?;
        Some(entry.value.as_str()).filter(|value| !value.is_empty())
    }

    fn lines(&self, option: &str) -> Vec<String> {
        let lines = self.text(option).unwrap_or_default().lines();
        lines.map(str::to_owned).collect()
    }

    fn words(&self, option: &str) -> Vec<String> {
        let lines = self.text(option).unwrap_or_default().lines();
        let words = lines.flat_map(|line| line.split(','));
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn says_yes(&self, option: &str) -> bool {
        self.text(option).and_then(super::means_yes) == Some(true)
    }

    fn parsed<T>(
        &self,
        option: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let parsed = self.text(option).map(parse).transpose();
        parsed.map_err(|error| format!("{}: {error}", self.variable(option)))
    }
}

/// Whether whatever keeps to the first rate keeps to the second.
fn is_within(asked: Rate, limit: Rate) -> bool {
    match (asked.most, limit.most) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(asked_most), Some(most)) => asked_most <= most && asked.within >= limit.within,
    }
}

fn passes(option: &'static str, asked: &[String], check: &str) -> Excess {
    Excess {
        option,
        value: Some(asked.join(",")),
        how: How::Passes(check.to_owned()),
    }
}

fn laxer(option: &'static str, asked: impl Display, limit: impl Display) -> Excess {
    Excess {
        option,
        value: Some(asked.to_string()),
        how: How::Laxer(limit.to_string()),
    }
}

fn leaves_out(option: &'static str, what: String) -> Excess {
    Excess {
        option,
        value: None,
        how: How::LeavesOut(what),
    }
}

#[cfg(test)]
mod tests;
