#![allow(clippy::unwrap_used)]
use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// When what is frozen then ends, by the clocks of that place; empty where nothing is.
fn until(freezes: &[&str], now: &str, place: &str) -> String {
    let freezes: Vec<Freeze> = freezes
        .iter()
        .map(|text| Freeze::parse(text).unwrap())
        .collect();
    let place = zone(place);
    let frozen = frozen(&freezes, now.parse().unwrap(), &place);
    frozen.map_or(String::new(), |frozen| {
        let shown = |at: Timestamp| at.to_zoned(place.clone()).strftime("%F %R%:z").to_string();
        let free = frozen.free_at.map_or("never".to_owned(), shown);
        format!(
            "{} until {} free {free}",
            frozen.freeze,
            shown(frozen.until)
        )
    })
}

#[test]
fn a_weekday_is_that_of_the_zone() {
    // 23:30 on Thursday in London is Friday in Berlin.
    let thursday = "2026-11-19T23:30:00Z";
    assert_eq!(until(&["fri"], thursday, "Europe/London"), "");
    let friday = "fri until 2026-11-21 00:00+01:00 free 2026-11-21 00:00+01:00";
    assert_eq!(until(&["fri"], thursday, "Europe/Berlin"), friday);
    assert_eq!(
        until(&["fri"], "2026-11-20T22:59:59Z", "Europe/Berlin"),
        friday
    );
    assert_eq!(until(&["fri"], "2026-11-20T23:00:00Z", "Europe/Berlin"), "");
}

#[test]
fn both_days_of_a_range_are_in_it() {
    let holidays = ["2026-12-20..2027-01-03"];
    let held = "2026-12-20..2027-01-03 until";
    for (now, frozen) in [
        ("2026-12-19T23:59:59Z", false),
        ("2026-12-20T00:00:00Z", true),
        ("2027-01-03T23:59:59Z", true),
        ("2027-01-04T00:00:00Z", false),
    ] {
        assert_eq!(
            until(&holidays, now, "UTC").starts_with(held),
            frozen,
            "{now}"
        );
    }
    // The freeze of one day is over with it, and the next one begins: it is free after the last.
    let last = until(&holidays, "2026-12-24T12:00:00Z", "UTC");
    assert!(last.ends_with("free 2027-01-04 00:00+00:00"), "{last}");
    assert!(until(&["2026-12-24"], "2026-12-24T12:00:00Z", "UTC").starts_with("2026-12-24 until"));
}

#[test]
fn hours_go_over_midnight() {
    let night = ["22:00-06:00"];
    let held = |now: &str| until(&night, now, "UTC");
    assert_eq!(held("2026-11-20T21:59:59Z"), "");
    let end = "22:00-06:00 until 2026-11-21 06:00+00:00 free 2026-11-21 06:00+00:00";
    assert_eq!(held("2026-11-20T22:00:00Z"), end);
    assert_eq!(held("2026-11-21T05:59:59Z"), end);
    assert_eq!(held("2026-11-21T06:00:00Z"), "");
    assert!(
        until(&["14:00-24:00"], "2026-11-20T23:59:00Z", "UTC").contains("until 2026-11-21 00:00")
    );
}

#[test]
fn hours_are_those_of_the_day_on_which_they_begin() {
    let night = ["fri 22:00-06:00"];
    assert_ne!(
        until(&night, "2026-11-21T05:00:00Z", "UTC"),
        "",
        "Saturday's morning"
    );
    assert_eq!(
        until(&night, "2026-11-20T05:00:00Z", "UTC"),
        "",
        "Friday's morning"
    );
    assert_eq!(
        until(&["fri 14:00-18:00"], "2026-11-19T15:00:00Z", "UTC"),
        ""
    );
    let days = ["2026-12-24..2026-12-25 08:00-10:00"];
    assert_ne!(until(&days, "2026-12-25T09:00:00Z", "UTC"), "");
    assert_eq!(until(&days, "2026-12-25T11:00:00Z", "UTC"), "");
}

#[test]
fn several_follow_upon_each_other() {
    let all = [
        "fri 14:00-24:00",
        "sat,sun",
        "mon 00:00-09:00",
        "22:00-06:00",
    ];
    let friday = "fri 14:00-24:00 until 2026-11-21 00:00+00:00 free 2026-11-23 09:00+00:00";
    assert_eq!(until(&all, "2026-11-20T15:00:00Z", "UTC"), friday);
    let week = ["mon,tue,wed,thu,fri,sat,sun"];
    assert!(until(&week, "2026-11-20T15:00:00Z", "UTC").ends_with("free never"));
}

#[test]
fn clocks_that_go_forward() {
    // In Berlin it is 03:00 right after 01:59:59 on 29 March 2026: at 01:00 UTC.
    let held = |freeze: &str, now: &str| until(&[freeze], now, "Europe/Berlin");
    let leap = "until 2026-03-29 03:00+02:00 free 2026-03-29 03:00+02:00";
    assert_eq!(
        held("01:00-02:30", "2026-03-29T00:59:59Z"),
        format!("01:00-02:30 {leap}")
    );
    assert_eq!(
        held("01:00-02:30", "2026-03-29T01:00:00Z"),
        "",
        "03:00 is past it"
    );
    assert_eq!(held("02:30-04:00", "2026-03-29T00:59:59Z"), "");
    assert_ne!(
        held("02:30-04:00", "2026-03-29T01:00:00Z"),
        "",
        "it began with the leap"
    );
    for now in [
        "2026-03-29T00:59:59Z",
        "2026-03-29T01:00:00Z",
        "2026-03-29T01:30:00Z",
    ] {
        assert_eq!(held("02:15-02:45", now), "", "no clock showed it");
    }
    // A day of 23 hours.
    assert_ne!(held("sun", "2026-03-29T21:59:59Z"), "");
    assert_eq!(held("sun", "2026-03-29T22:00:00Z"), "");
    // The night over it.
    let night = "22:00-06:00 until 2026-03-29 06:00+02:00 free 2026-03-29 06:00+02:00";
    assert_eq!(held("22:00-06:00", "2026-03-28T21:00:00Z"), night);
}

#[test]
fn clocks_that_go_back() {
    // In Berlin it is 02:00 to 03:00 twice on 25 October 2026: from 00:00 UTC and from 01:00 UTC.
    let held = |freeze: &str, now: &str| until(&[freeze], now, "Europe/Berlin");
    let end = "02:15-02:45 until 2026-10-25 02:45+01:00 free 2026-10-25 02:45+01:00";
    assert_eq!(held("02:15-02:45", "2026-10-25T00:14:59Z"), "");
    for now in [
        "2026-10-25T00:15:00Z",
        "2026-10-25T00:50:00Z",
        "2026-10-25T01:44:59Z",
    ] {
        assert_eq!(held("02:15-02:45", now), end, "{now}");
    }
    assert_eq!(held("02:15-02:45", "2026-10-25T01:45:00Z"), "");
    // A day of 25 hours.
    assert_ne!(held("sun", "2026-10-25T22:59:59Z"), "");
    assert_eq!(held("sun", "2026-10-25T23:00:00Z"), "");
}

#[test]
fn a_midnight_that_does_not_exist() {
    // In Beirut it is 01:00 right after 23:59:59 of 28 March 2026.
    let held = |now: &str| until(&["sun"], now, "Asia/Beirut");
    assert_eq!(held("2026-03-28T21:59:59Z"), "");
    assert_ne!(held("2026-03-28T22:00:00Z"), "");
}

#[test]
fn what_is_no_freeze() {
    for wrong in [
        "",
        " ",
        "friday-ish",
        "fri sat",
        "22:00",
        "22:00-22:00",
        "22-06",
        "25:00-06:00",
        "1:00-2:00",
        "2026-02-30",
        "2027-01-03..2026-12-20",
        "2026-12-20..",
        "22:00-06:00 07:00-08:00",
        "fri,",
        "2026-12-24T00:00",
        "00:00-24:30",
    ] {
        assert!(Freeze::parse(wrong).is_err(), "{wrong}");
    }
    for right in [
        "FRI",
        "monday",
        "sat,sun 00:00-24:00",
        "22:00-06:00 fri",
        "2026-12-24 12:00-18:00",
    ] {
        assert!(Freeze::parse(right).is_ok(), "{right}");
    }
}
