//! How many answers fail, and whether that is borne. Time is told to it; nothing is asked here.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// A share of answers, in hundredths of a percent so that borders are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

/// A whole, in hundredths of a percent.
const WHOLE: u32 = 10_000;

impl Share {
    /// `1%`, `0.25%`: from 0 to 100 with at most two decimals.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a rate is a number from 0% to 100%, as in 1% or 0.25%".to_owned();
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 2 {
            return Err(wrong());
        }
        let value = |text: &str| text.parse::<u32>().map_err(|_| wrong());
        let hundredths = if decimals.len() == 1 {
            value(decimals)? * 10
        } else {
            value(decimals)?
        };
        Some(value(whole)? * 100 + hundredths)
            .filter(|share| *share <= WHOLE)
            .map(Self)
            .ok_or_else(wrong)
    }

    /// So many percent.
    pub const fn percent(percent: u32) -> Self {
        Self(percent * 100)
    }

    /// How many answers it takes for one that failed not to be beyond it.
    fn room_for_one(self) -> u64 {
        if self.0 == 0 {
            1
        } else {
            u64::from(WHOLE.div_ceil(self.0))
        }
    }

    fn is_below(self, count: Count) -> bool {
        u128::from(count.failures) * u128::from(WHOLE)
            > u128::from(self.0) * u128::from(count.answers)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(formatter, "{whole} %"),
            (whole, rest) => write!(formatter, "{whole}.{rest:02} %"),
        }
    }
}

/// Which rates are borne for how long.
#[derive(Debug, Clone)]
pub struct Rates {
    /// More is a breach.
    pub max: Share,
    /// More of the last answers fails at once.
    pub critical: Share,
    /// How far back the last answers reach, at least.
    pub window: Duration,
    /// So many answers make a rate.
    pub min_answers: u64,
    /// For how long it is watched, if nothing happens.
    pub watch: Duration,
    /// For how long it is watched on after a breach; without it a breach fails.
    pub watch_on: Option<Duration>,
}

impl Rates {
    /// The longest that a watch by these can take.
    pub fn longest(&self) -> Duration {
        self.watch.saturating_add(self.watch_on.unwrap_or_default())
    }
}

/// Answers, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) answers: u64,
    pub(crate) failures: u64,
}

impl Count {
    fn add(&mut self, ok: bool) {
        self.answers += 1;
        self.failures += u64::from(!ok);
    }

    /// The failed ones in percent, with two decimals.
    pub(crate) fn percent(self) -> f64 {
        if self.answers == 0 {
            return 0.0;
        }
        #[allow(clippy::cast_precision_loss)] // Nobody gets that many answers.
        let share = self.failures as f64 / self.answers as f64;
        (share * f64::from(WHOLE)).round() / 100.0
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answers, failures } = self;
        write!(
            formatter,
            "{failures} of {answers} answers failed ({} %)",
            self.percent()
        )
    }
}

/// What an answer, or the end, comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Nothing is decided.
    GoOn,
    /// A rate that is too high but bearable: it is watched on.
    Extended(String),
    /// It is over, and why.
    Failed(String),
    /// The end has come and the rate is borne; why.
    Borne(String),
}

/// A watch that goes on after a breach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension {
    pub(crate) began: Instant,
    pub(crate) count: Count,
}

/// The answers of one watch.
#[derive(Debug)]
pub(crate) struct Answers {
    rates: Rates,
    began: Instant,
    all: Count,
    worst: f64,
    /// The newest last.
    recent: VecDeque<(Instant, bool)>,
    extension: Option<Extension>,
}

impl Answers {
    pub(crate) fn new(rates: Rates, began: Instant) -> Self {
        Self {
            rates,
            began,
            all: Count::default(),
            worst: 0.0,
            recent: VecDeque::new(),
            extension: None,
        }
    }

    pub(crate) fn all(&self) -> Count {
        self.all
    }

    /// The highest rate of the last answers at any time, in percent.
    pub(crate) fn worst(&self) -> f64 {
        self.worst
    }

    pub(crate) fn extension(&self) -> Option<Extension> {
        self.extension
    }

    /// When it is over, as things stand.
    pub(crate) fn ends_at(&self) -> Instant {
        let planned = self.began + self.rates.watch;
        match (&self.extension, self.rates.watch_on) {
            (Some(extension), Some(on)) => planned.max(extension.began + on),
            _ => planned,
        }
    }

    /// Takes in an answer that came at `at`.
    pub(crate) fn take(&mut self, at: Instant, ok: bool) -> Ruling {
        self.all.add(ok);
        self.recent.push_back((at, ok));
        self.forget(at);
        if let Some(extension) = &mut self.extension {
            extension.count.add(ok);
        }
        let lately = self.last(at, self.rates.min_answers);
        self.worst = self
            .worst
            .max(filled(lately, self.rates.min_answers).percent());
        let least = self.makes_a_rate(self.rates.critical);
        let critical = filled(self.last(at, least), least);
        if self.rates.critical.is_below(critical) {
            return Ruling::Failed(format!(
                "lately {critical}, more than {}",
                self.rates.critical
            ));
        }
        // Nothing is to be lost by waiting until there are enough, and a handful of bad answers is behind it by then.
        let least = self.makes_a_rate(self.rates.max);
        let minor = self.last(at, least);
        if self.extension.is_none() && minor.answers >= least && self.rates.max.is_below(minor) {
            return self.breach(at, format!("lately {minor}, more than {}", self.rates.max));
        }
        Ruling::GoOn
    }

    /// The end has come: what all the answers say, or those since it is watched on.
    pub(crate) fn end(&mut self, at: Instant) -> Ruling {
        let max = self.rates.max;
        let (count, since) = match &self.extension {
            Some(extension) => (extension.count, " since it is watched on"),
            None => (self.all, ""),
        };
        if !max.is_below(count) {
            return Ruling::Borne(format!("{count}{since}; up to {max} is borne"));
        }
        let why = format!("{count}{since}, more than {max}");
        match self.extension {
            Some(_) => Ruling::Failed(why),
            None => self.breach(at, why),
        }
    }

    fn breach(&mut self, at: Instant, why: String) -> Ruling {
        if self.rates.watch_on.is_none() {
            return Ruling::Failed(why);
        }
        self.extension = Some(Extension {
            began: at,
            count: Count::default(),
        });
        Ruling::Extended(why)
    }

    /// So many answers that one failed one alone is not too many.
    fn makes_a_rate(&self, limit: Share) -> u64 {
        self.rates.min_answers.max(limit.room_for_one())
    }

    /// The last answers: those of the window, or `least` where it holds fewer and there are so many.
    fn last(&self, at: Instant, least: u64) -> Count {
        let mut count = Count::default();
        for (came, ok) in self.recent.iter().rev() {
            let in_window = at.saturating_duration_since(*came) <= self.rates.window;
            if !in_window && count.answers >= least {
                break;
            }
            count.add(*ok);
        }
        count
    }

    /// Drops what no judgement reaches back to any more.
    fn forget(&mut self, at: Instant) {
        let least = self
            .makes_a_rate(self.rates.max)
            .max(self.makes_a_rate(self.rates.critical));
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        while self.recent.len() > least
            && self
                .recent
                .front()
                .is_some_and(|(came, _)| at.saturating_duration_since(*came) > self.rates.window)
        {
            self.recent.pop_front();
        }
    }
}

/// What is still missing of so many answers counts as good: what is too much even then is so whatever will come.
fn filled(count: Count, least: u64) -> Count {
    Count {
        answers: count.answers.max(least),
        ..count
    }
}

#[cfg(test)]
mod tests;
