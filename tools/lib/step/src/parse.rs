//! The values that options take: durations, sizes and shares; and how a size is told to people.

use std::time::Duration;

/// `500ms`, `30s`, `5m`, `2h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds_each: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("a duration is a whole number with ms, s, m or h, as in 30s".into()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds_each))
        .map(Duration::from_millis)
        .ok_or_else(|| "a duration is a whole number with ms, s, m or h, as in 30s".into())
}

/// Bytes: a whole number with `K`, `M`, `G` or `T` (powers of 1024), or none.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || "a size is a whole number with K, M, G or T, as in 500M".to_owned();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let power = match unit {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(wrong()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1024_u64.pow(power)))
        .ok_or_else(wrong)
}

/// A number of bytes for people, in whole mebibytes: `4 MiB` is what needs at most four.
pub fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// A share of something in percent: `80%`, from 0 to 100.
pub fn percent(text: &str) -> Result<u8, String> {
    text.strip_suffix('%')
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|number| number.parse().ok())
        .filter(|&number: &u8| number <= 100)
        .ok_or_else(|| "a share is a whole number from 0% to 100%, as in 80%".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_a_bare_number_is_seconds() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "s", "-1s", "1.5s", "5 m", "5d", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(size("500M"), Ok(500 * 1024 * 1024));
        assert_eq!(size("7"), Ok(7));
        for wrong in ["", "M", "1.5G", "5MB", "99999999T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_end_at_a_hundred() {
        assert_eq!(percent("80%"), Ok(80));
        for wrong in ["80", "%", "101%", "-1%", "+5%"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
