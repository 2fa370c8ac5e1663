//! Moments of the wall clock, as the reports and the state write them: RFC 3339, UTC.
//!
//! They are for people to read. Nothing is ordered by them: clocks are set back, sequences are not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// `2026-11-20T09:30:00.123Z`. A moment before 1970 is written as 1970.
pub fn rfc3339(time: SystemTime) -> String {
    let moment = Moment::of(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.millisecond
    )
}

/// `20261120-093000`: the name of a release that is made at this moment.
pub fn compact(time: SystemTime) -> String {
    let moment = Moment::of(time);
    format!(
        "{:04}{:02}{:02}-{:02}{:02}{:02}",
        moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second
    )
}

/// Reads back what [`rfc3339`] wrote; nothing for any other form.
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let separators = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')];
    if !separators.iter().all(|&(at, mark)| {
        text.get(at..=at)
            .is_some_and(|found| found == mark.to_string())
    }) {
        return None;
    }
    let milliseconds = match text.get(19..)? {
        "Z" => 0,
        rest if rest.len() == 5 && rest.starts_with('.') && rest.ends_with('Z') => number(20, 23)?,
        _ => return None,
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + Duration::from_millis(milliseconds))
}

struct Moment {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millisecond: u32,
}

impl Moment {
    fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs();
        let (year, month, day) = civil_from_days(seconds / DAY);
        Self {
            year,
            month,
            day,
            hour: seconds % DAY / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            millisecond: since.subsec_millis(),
        }
    }
}

/// The Gregorian date of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`, for days after the epoch.
/// Years begin in March there, so that the leap day is the last of its year.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// The reverse, Hinnant's `days_from_civil`.
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let era = year / 400;
    let year_of_era = year % 400;
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn known_moments_are_written_as_date_writes_them() {
        assert_eq!(rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(at(951_782_400)), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(at(1_795_166_999)), "2026-11-20T09:29:59.000Z");
        assert_eq!(compact(at(1_795_166_999)), "20261120-092959");
    }

    #[test]
    fn every_day_of_four_centuries_is_read_back() {
        for day in 0..146_097 {
            let moment = at(day * DAY + 12_345) + Duration::from_millis(678);
            assert_eq!(parse_rfc3339(&rfc3339(moment)), Some(moment));
        }
    }

    #[test]
    fn anything_else_is_not_a_moment() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20 09:30:00Z",
            "2026-13-20T09:30:00Z",
            "2026-11-20T09:30:00+01:00",
            "2026-11-20T09:30:00.1Z",
            "20x6-11-20T09:30:00Z",
            "2026-11-20T09:30:0éZ",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
