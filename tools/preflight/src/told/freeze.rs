//! `--freeze`: when nothing is deployed. Pure: what the clock says comes from outside.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use std::fmt;

/// How often one freeze may follow upon another before nobody looks for the end any more.
const FARTHEST: usize = 1000;

/// Days, hours, or hours of days: `fri`, `sat,sun`, `2026-12-24`, `2026-12-20..2027-01-03`, `22:00-06:00`, `fri 14:00-24:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    text: String,
    days: Days,
    hours: Option<Hours>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    All,
    Of(Vec<Weekday>),
    /// Both included.
    From(Date, Date),
}

/// From a time to another: on the next day where that is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hours {
    from: Time,
    /// Midnight at the end of the day where there is none.
    to: Option<Time>,
}

/// A freeze that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Which, as it was written.
    pub freeze: String,
    /// When it ends.
    pub until: Timestamp,
    /// When no other follows upon it; nothing where there is no end to them.
    pub free_at: Option<Timestamp>,
}

impl Freeze {
    /// Reads one from the command line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let form = "expected days (fri or sat,sun; 2026-12-24 or 2026-12-20..2027-01-03), hours (22:00-06:00), or both: fri 14:00-24:00";
        let mut freeze = Self {
            text: text.trim().to_owned(),
            days: Days::All,
            hours: None,
        };
        let mut words = 0;
        for word in text.split_whitespace() {
            words += 1;
            if let Some(hours) = Hours::parse(word) {
                if freeze.hours.replace(hours).is_some() {
                    return Err(form.into());
                }
            } else if let Some(days) = Days::parse(word) {
                if freeze.days != Days::All {
                    return Err(form.into());
                }
                freeze.days = days;
            } else {
                return Err(form.into());
            }
        }
        if words == 0 {
            return Err(form.into());
        }
        Ok(freeze)
    }

    /// The instants from which and to which it holds on a day; nothing where it does not.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let meant = match &self.days {
            Days::All => true,
            Days::Of(weekdays) => weekdays.contains(&day.weekday()),
            Days::From(first, last) => (*first..=*last).contains(&day),
        };
        if !meant {
            return None;
        }
        let midnight = |day: Date| day.to_datetime(Time::midnight());
        let next = day.tomorrow().ok()?;
        let (from, to) = match self.hours {
            None => (midnight(day), midnight(next)),
            Some(Hours { from, to: None }) => (day.to_datetime(from), midnight(next)),
            Some(Hours { from, to: Some(to) }) => {
                let last = if to > from { day } else { next };
                (day.to_datetime(from), last.to_datetime(to))
            }
        };
        Some((instant(from, zone, End::From)?, instant(to, zone, End::To)?))
    }

    /// Until when it holds, where it does at that instant.
    fn until(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        // Hours over midnight are those of the day on which they begin.
        let days = [today.yesterday().ok()?, today];
        let held = days.into_iter().filter_map(|day| self.on(day, zone));
        let held = held.filter(|(from, to)| (*from..*to).contains(&now));
        held.map(|(_, to)| to).max()
    }
}

/// As it was written.
impl fmt::Display for Freeze {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Days {
    fn parse(word: &str) -> Option<Self> {
        if let Some((first, last)) = word.split_once("..") {
            let (first, last) = (date(first)?, date(last)?);
            return (first <= last).then_some(Self::From(first, last));
        }
        if let Some(day) = date(word) {
            return Some(Self::From(day, day));
        }
        let weekdays: Option<Vec<Weekday>> = word.split(',').map(weekday).collect();
        weekdays.map(Self::Of)
    }
}

/// `2026-12-24`, and nothing behind it.
fn date(word: &str) -> Option<Date> {
    (word.len() == 10).then(|| word.parse().ok()).flatten()
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word.to_ascii_lowercase().as_str() {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

impl Hours {
    fn parse(word: &str) -> Option<Self> {
        let (from, to) = word.split_once('-')?;
        let (from, to) = (
            time(from)?,
            if to == "24:00" { None } else { Some(time(to)?) },
        );
        // From a time to the same: nobody can say whether that is nothing or a whole day.
        (to != Some(from)).then_some(Self { from, to })
    }
}

/// `06:30`.
fn time(word: &str) -> Option<Time> {
    let (hour, minute) = word.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// Which end of a freeze it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    From,
    To,
}

/// The instant at which the clocks of a zone show that time. Where they show it twice, a freeze begins with the first and ends
/// with the second; where they never do, it is the instant at which they skip it.
fn instant(shown: DateTime, zone: &TimeZone, end: End) -> Option<Timestamp> {
    let at = |offset: Offset| offset.to_timestamp(shown).ok();
    match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        AmbiguousOffset::Fold { before, after } => {
            at(if end == End::From { before } else { after })
        }
        AmbiguousOffset::Gap { before, .. } => {
            // By the offset before it, the time lies behind the leap.
            let behind = at(before)?.checked_add(1.nanosecond()).ok()?;
            zone.preceding(behind).next().map(|leap| leap.timestamp())
        }
    }
}

/// What is frozen at that instant: the freeze that holds the longest, and when the last that follows upon it without a gap
/// ends.
pub(crate) fn frozen(freezes: &[Freeze], now: Timestamp, zone: &TimeZone) -> Option<Frozen> {
    let holds = |at: Timestamp| {
        let held = freezes
            .iter()
            .filter_map(|one| Some((one.until(at, zone)?, one)));
        held.max_by_key(|(until, _)| *until)
    };
    let (until, freeze) = holds(now)?;
    let mut free_at = until;
    let follow = std::iter::from_fn(|| {
        free_at = holds(free_at)?.0;
        Some(())
    });
    let ends = follow.take(FARTHEST).count() < FARTHEST;
    Some(Frozen {
        freeze: freeze.to_string(),
        until,
        free_at: ends.then_some(free_at),
    })
}

#[cfg(test)]
mod tests;
