//! What the application's file demands, and what the effective options leave of it.

use crate::args::{Args, DISK_MAX, INODES_MAX, MEMORY_MIN, STOP_TIMEOUT};
use crate::checks::Entry;
use crate::told::{self, Format, Freeze};
use application::protected::{Demands, Excess, Found, How, laxer};
use camino::Utf8PathBuf;
use step::parse;

/// The effective options beside the file. Where an option's value comes from makes no difference.
pub(crate) struct Asked<'a> {
    args: &'a Args,
    demands: Demands<'a>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(args: &'a Args, demands: Demands<'a>) -> Self {
        Self { args, demands }
    }

    /// The first thing that the options let pass and the file does not.
    pub(crate) fn excess(&self) -> Found {
        let unmeasured = self.names().or_else(|| self.places());
        if let Some(excess) = unmeasured.or_else(|| self.since()) {
            return Ok(Some(excess));
        }
        if let Some(excess) = self.dialect()? {
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
            let allowed = self.demands.words(option);
            if let Some(check) = asked.iter().find(|name| !allowed.contains(name)) {
                return Some(passes(option, asked, check));
            }
        }
        if self.args.health.accept_unprovable && !self.demands.says_yes("accept-unprovable") {
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
        let mut wanted = self.demands.words("only");
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
            let limit = self
                .demands
                .parsed(option, parse::percent)?
                .unwrap_or(usual);
            let asked = asked.filter(|asked| *asked > limit);
            Ok::<_, String>(
                asked.map(|asked| laxer(option, format!("{asked}%"), format!("{limit}%"))),
            )
        };
        let memory = || {
            let limit = self
                .demands
                .parsed("memory-min", parse::size)?
                .unwrap_or(MEMORY_MIN);
            let asked = args.memory_min.filter(|asked| *asked < limit);
            Ok::<_, String>(asked.map(|asked| laxer("memory-min", asked, limit)))
        };
        let stop = || {
            let limit = self.demands.parsed("stop-timeout", parse::duration)?;
            let limit = limit.unwrap_or(STOP_TIMEOUT);
            let shown = |time: std::time::Duration| format!("{}ms", time.as_millis());
            let laxer = laxer("stop-timeout", shown(args.stop_timeout), shown(limit));
            Ok::<_, String>((args.stop_timeout < limit).then_some(laxer))
        };
        let rate = || self.demands.rate(args.max_deploys);
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
                .demands
                .words(option)
                .into_iter()
                .find(|name| !asked.contains(name));
            if let Some(missing) = missing {
                return Ok(Some(leaves_out(option, missing)));
            }
        }
        let mut patterns = self.demands.lines("forbid").into_iter();
        let is_sought = |pattern: &String| args.forbid.iter().any(|one| one.as_str() == pattern);
        if let Some(missing) = patterns.find(|pattern| !is_sought(pattern)) {
            return Ok(Some(leaves_out("forbid", missing)));
        }
        let mut trees = self.demands.lines("forbid-in").into_iter();
        let is_searched = |tree: &String| args.forbid_in.iter().any(|one| one == tree);
        if let Some(missing) = trees.find(|tree| !is_searched(tree)) {
            return Ok(Some(leaves_out("forbid-in", missing)));
        }
        let health = &args.health.health_url;
        let missing = self
            .demands
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
            ("source", path(&self.args.source)),
            ("git", path(&self.args.git)),
            ("branch", self.args.branch.clone()),
            ("migrations", path(&self.args.migrations)),
            ("env-file", Some(files.join("\n"))),
            ("time-zone", self.args.time_zone.clone()),
        ];
        let differs = |(option, asked): (&'static str, Option<String>)| {
            let wanted = self.demands.text(option)?;
            (asked.as_deref() != Some(wanted)).then(|| Excess {
                option,
                value: asked,
                how: How::Differs(wanted.to_owned()),
            })
        };
        asked.into_iter().find_map(differs)
    }

    /// Migrations are read as what the file says they are, by whichever of its names: in another dialect a statement may be
    /// something else, and without any nothing is judged.
    fn dialect(&self) -> Found {
        let asked = self.args.dialect;
        let wanted = self.demands.parsed("dialect", told::dialect)?;
        Ok(wanted
            .filter(|wanted| asked != Some(*wanted))
            .map(|_| Excess {
                option: "dialect",
                value: asked.map(|dialect| format!("{dialect:?}").to_ascii_lowercase()),
                how: How::Differs(self.demands.text("dialect").unwrap_or_default().to_owned()),
            }))
    }

    /// Of the migrations that the file names no fewer are judged.
    fn since(&self) -> Option<Excess> {
        self.demands.text("migrations")?;
        let asked = self.args.migrations_since.as_deref()?;
        let wanted = self.demands.text("migrations-since");
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
        for line in self.demands.lines(option) {
            let wanted = parse(&line)
                .map_err(|error| format!("{}: {error}", self.demands.variable(option)))?;
            if !asked.contains(&wanted) {
                return Ok(Some(leaves_out(option, line)));
            }
        }
        Ok(None)
    }
}

fn passes(option: &'static str, asked: &[String], check: &str) -> Excess {
    Excess {
        option,
        value: Some(asked.join(",")),
        how: How::Passes(check.to_owned()),
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
