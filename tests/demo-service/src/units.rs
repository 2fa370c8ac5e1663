//! Durations and sizes as people write them.

use std::time::Duration;

/// `500ms`, `2s`, `1.5s`, `5m`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, seconds) = suffixed(
        text,
        &[("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)],
    );
    let number: f64 = number
        .parse()
        .map_err(|_| format!("not a duration: {text:?}"))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| format!("not a duration: {text:?}"))
}

/// `500K`, `20M`, `1G`; a bare number is bytes.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let (number, bytes) = suffixed(text, &[("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)]);
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(bytes))
        .ok_or_else(|| format!("not a size: {text:?}"))
}

/// The number, and the factor of the unit it ends in.
fn suffixed<'a, T: Copy + Factor>(text: &'a str, units: &[(&str, T)]) -> (&'a str, T) {
    units
        .iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, *factor)))
        .unwrap_or((text, T::ONE))
}

/// What a factor is when no unit is written.
trait Factor {
    const ONE: Self;
}

impl Factor for f64 {
    const ONE: Self = 1.0;
}

impl Factor for usize {
    const ONE: Self = 1;
}

#[cfg(test)]
mod tests {
    use super::{duration, size};
    use std::time::Duration;

    #[test]
    fn durations_have_units_and_a_bare_number_is_seconds() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "-1", "soon", "ms", "1d", "inf", "NaN"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn sizes_have_units_and_a_bare_number_is_bytes() {
        assert_eq!(size("7"), Ok(7));
        assert_eq!(size("20M"), Ok(20 << 20));
        for wrong in ["", "-1", "1T", "99999999999999999999", "99999999999999G"] {
            assert!(size(wrong).is_err(), "{wrong:?}");
        }
    }
}
