//! How often there may be a deploy, and when failing ones pause the application: where the environment is protected, by the
//! application's file alone.

use crate::args::{LimitArgs, PAUSE_AFTER};
use application::protected::{Demands, Found, is_protected, laxer};
use state::Rate;
use std::num::NonZeroU64;
use step::{Context, Failure};

/// What a deploy that begins has to keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How often there may be one.
    pub(crate) rate: Rate,
    /// After how many failed ones in a row there are to be no more; none: never.
    pub(crate) pause_after: Option<NonZeroU64>,
    is_protected: bool,
}

impl Limits {
    /// What the options say. Refused where the environment is protected and they allow more than the file does, wherever they come from.
    pub(crate) fn of(args: &LimitArgs, context: &Context) -> Result<Self, Failure> {
        let limits = Self {
            rate: args.max_deploys,
            pause_after: NonZeroU64::new(args.pause_after),
            is_protected: is_protected(context)?,
        };
        if limits.is_protected {
            let demands = Demands::of("deploy-state", context.app());
            if let Some(excess) = limits.excess(demands).map_err(Failure::usage)? {
                return Err(demands.refused(&excess));
            }
        }
        Ok(limits)
    }

    fn excess(&self, demands: Demands) -> Found {
        match demands.rate(self.rate)? {
            None => self.pause_excess(demands),
            excess => Ok(excess),
        }
    }

    /// A pause comes no later than the file, or than is usual, has it.
    fn pause_excess(&self, demands: Demands) -> Found {
        let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
        let limit = demands.parsed("pause-after", number)?;
        let limit = NonZeroU64::new(limit.unwrap_or(PAUSE_AFTER));
        let is_within = match (self.pause_after, limit) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(asked), Some(limit)) => asked <= limit,
        };
        let shown = |after: Option<NonZeroU64>| after.map_or(0, NonZeroU64::get);
        let excess = laxer("pause-after", shown(self.pause_after), shown(limit));
        Ok((!is_within).then_some(excess))
    }

    /// A refusal that says what goes past it: where the environment is protected nobody does.
    pub(crate) fn told(&self, failure: Failure) -> Failure {
        if self.is_protected || failure.code() != "rate-limited" {
            return failure;
        }
        let message = format!(
            "{}; DEPLOY_MAX_DEPLOYS=none goes past it this once",
            failure.message()
        );
        let hint = failure.hint_text().unwrap_or_default();
        Failure::no("rate-limited", message).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use step::config::{self, EnvFile};

    /// What is wrong with these limits beside that file; nothing where nothing is.
    fn refused(rate: &str, pause_after: u64, file: &str) -> String {
        let limits = Limits {
            rate: rate.parse().unwrap(),
            pause_after: NonZeroU64::new(pause_after),
            is_protected: true,
        };
        let file = EnvFile {
            path: "app.env".into(),
            entries: config::parse(file.as_bytes()).unwrap(),
        };
        let excess = limits.excess(Demands::of("deploy-state", Some(&file)));
        excess
            .unwrap()
            .map_or(String::new(), |excess| excess.beside("F"))
    }

    #[test]
    fn limits_may_be_stricter_than_the_files_and_never_laxer() {
        for (rate, pause_after, file) in [
            ("10/1h", 3, ""),
            ("9/2h", 1, ""),
            ("none", 3, "DEPLOY_MAX_DEPLOYS=none\n"),
            ("10/1h", 0, "DEPLOY_STATE_PAUSE_AFTER=0\n"),
            ("10/1h", 7, "DEPLOY_STATE_PAUSE_AFTER=0\n"),
            ("10/1h", 5, "DEPLOY_STATE_PAUSE_AFTER=5\n"),
        ] {
            assert_eq!(refused(rate, pause_after, file), "", "{file}");
        }
        for (rate, pause_after, file, said) in [
            (
                "none",
                3,
                "",
                "--max-deploys none is less strict than 10/1h, by F",
            ),
            (
                "3/1h",
                3,
                "DEPLOY_MAX_DEPLOYS=2/1h\n",
                "--max-deploys 3/1h is less strict than 2/1h, by F",
            ),
            (
                "10/1h",
                0,
                "",
                "--pause-after 0 is less strict than 3, by F",
            ),
            (
                "10/1h",
                4,
                "",
                "--pause-after 4 is less strict than 3, by F",
            ),
            (
                "10/1h",
                3,
                "DEPLOY_STATE_PAUSE_AFTER=2\n",
                "--pause-after 3 is less strict than 2, by F",
            ),
        ] {
            assert_eq!(refused(rate, pause_after, file), said);
        }
    }
}
