//! Moments as RFC 3339 in UTC, to the millisecond: `2026-11-20T09:30:00.123Z`.
//!
//! Only UTC and the proleptic Gregorian calendar; time zones and leap seconds are nobody's business in a record of
//! deploys.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: i64 = 24 * 60 * 60;

/// One second of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The year, 1970 for the first second.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
}

/// A text that is no moment of the form described above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATime;

impl fmt::Display for NotATime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a time like 2026-11-20T09:30:00.123Z")
    }
}

impl std::error::Error for NotATime {}

/// The days of each month in a year.
fn months(year: i64) -> [i64; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Days from 1 January 1970 to 1 January of a year.
fn days_before(year: i64) -> i64 {
    // The leap days up to the end of the year before, less the 477 up to the end of 1969.
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 477;
    (year - 1970) * 365 + leap_days
}

/// The second of the calendar so many seconds after the start of 1970.
pub fn civil(unix_seconds: i64) -> Civil {
    let days = unix_seconds.div_euclid(DAY);
    let rest = unix_seconds.rem_euclid(DAY);
    // 400 years have 146097 days, so this is the year or one beside it.
    let mut year = 1970 + (days * 400).div_euclid(146_097);
    while days_before(year) > days {
        year -= 1;
    }
    while days_before(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_before(year);
    let mut month = 1;
    for length in months(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    Civil {
        year,
        month,
        day: day + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
    }
}

/// The moment as text. One before 1970 is written as the start of 1970.
pub fn rfc3339(moment: SystemTime) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let civil = civil(i64::try_from(since.as_secs()).unwrap_or(0));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        civil.year,
        civil.month,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
        since.subsec_millis()
    )
}

/// The moment that a text names. The fraction of the second may be missing, or have up to nine digits.
pub fn parse(text: &str) -> Result<SystemTime, NotATime> {
    let text = text.strip_suffix(['Z', 'z']).ok_or(NotATime)?;
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if text.len() != "2026-11-20T09:30:00".len() || !text.is_ascii() {
        return Err(NotATime);
    }
    let separators = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if separators
        .iter()
        .any(|(at, what)| !text[*at..=*at].eq_ignore_ascii_case(what))
    {
        return Err(NotATime);
    }
    let number = |from: usize, to: usize| digits(&text[from..to]);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let lengths = months(year);
    let index = usize::try_from(month - 1).map_err(|_| NotATime)?;
    let length = *lengths.get(index).ok_or(NotATime)?;
    if year < 1970 || day < 1 || day > length || hour > 23 || minute > 59 || second > 59 {
        return Err(NotATime);
    }
    let days = days_before(year) + lengths[..index].iter().sum::<i64>() + day - 1;
    let seconds = days * DAY + hour * 3600 + minute * 60 + second;
    if fraction.is_empty() || fraction.len() > 9 {
        return Err(NotATime);
    }
    let nanoseconds = digits(&format!("{fraction:0<9}"))?;
    Ok(UNIX_EPOCH
        + Duration::from_secs(u64::try_from(seconds).map_err(|_| NotATime)?)
        + Duration::from_nanos(u64::try_from(nanoseconds).map_err(|_| NotATime)?))
}

/// A number of plain digits; a sign is none.
fn digits(text: &str) -> Result<i64, NotATime> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| NotATime)
    } else {
        Err(NotATime)
    }
}

/// For `#[serde(with = "releases::time::text")]` on a [`SystemTime`].
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use std::time::SystemTime;

    /// Writes the moment as [`super::rfc3339`] does.
    pub fn serialize<S: Serializer>(moment: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::rfc3339(*moment))
    }

    /// Reads the moment as [`super::parse`] does.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn known_moments_both_ways() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (1_795_167_000_123, "2026-11-20T09:30:00.123Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            let moment = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(rfc3339(moment), text);
            assert_eq!(parse(text), Ok(moment));
        }
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let mut expected = (1970, 1, 1);
        for day in 0..292_194 {
            let found = civil(day * DAY + DAY - 1);
            assert_eq!((found.year, found.month, found.day), expected);
            assert_eq!((found.hour, found.minute, found.second), (23, 59, 59));
            let text = rfc3339(UNIX_EPOCH + Duration::from_secs((day * DAY).unsigned_abs()));
            assert_eq!(parse(&text).map(rfc3339), Ok(text));
            let (mut year, mut month, mut date) = expected;
            date += 1;
            if date > months(year)[usize::try_from(month - 1).unwrap()] {
                (month, date) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
            expected = (year, month, date);
        }
        assert_eq!(expected, (2770, 1, 1));
    }

    #[test]
    fn fractions_may_be_shorter_longer_or_missing() {
        let at = |text| parse(text).map(|moment| moment.duration_since(UNIX_EPOCH).unwrap());
        assert_eq!(at("1970-01-01T00:00:01Z"), Ok(Duration::from_secs(1)));
        assert_eq!(
            at("1970-01-01t00:00:01.5z"),
            Ok(Duration::from_millis(1500))
        );
        assert_eq!(
            at("1970-01-01T00:00:00.000000001Z"),
            Ok(Duration::from_nanos(1))
        );
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "Z",
            "now",
            "2026-11-20",
            "2026-11-20T09:30:00",
            "2026-11-20T09:30:00+01:00",
            "2026-11-20 09:30:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-04-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.-1Z",
            "2026-01-01T00:00:0\u{e9}Z",
        ] {
            assert_eq!(parse(text), Err(NotATime), "{text}");
        }
    }
}
