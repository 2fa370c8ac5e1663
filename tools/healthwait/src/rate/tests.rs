#![allow(clippy::unwrap_used)]
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rates() -> Rates {
    Rates {
        max: Share::percent(1),
        critical: Share::percent(25),
        window: 60 * SECOND,
        min_answers: 20,
        watch: 900 * SECOND,
        watch_on: None,
    }
}

/// Feeds one answer a `step`, beginning at `began`, and gives the first ruling that is none to go on, with its number.
fn feed(
    answers: &mut Answers,
    began: Instant,
    step: Duration,
    of: impl Iterator<Item = bool>,
) -> Option<(u32, Ruling)> {
    for (number, ok) in (1..).zip(of) {
        match answers.take(began + step * number, ok) {
            Ruling::GoOn => {}
            ruling => return Some((number, ruling)),
        }
    }
    None
}

#[test]
fn shares_have_two_decimals_and_end_at_a_hundred() {
    assert_eq!(Share::parse("1%"), Ok(Share(100)));
    assert_eq!(Share::parse("0.5%"), Ok(Share(50)));
    assert_eq!(Share::parse("0.25%"), Ok(Share(25)));
    assert_eq!(Share::parse("100%"), Ok(Share(WHOLE)));
    for wrong in [
        "", "%", "1", "1.%", ".5%", "0.125%", "100.01%", "101%", "-1%", "+1%", "1 %", "1e1%",
    ] {
        assert!(Share::parse(wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(Share(100).to_string(), "1 %");
    assert_eq!(Share(5).to_string(), "0.05 %");
}

#[test]
fn one_failed_answer_alone_is_no_rate() {
    let began = Instant::now();
    let mut answers = Answers::new(rates(), began);
    let one = (0..180).map(|number| number != 0);
    assert_eq!(feed(&mut answers, began, 5 * SECOND, one), None);
    let end = answers.end(answers.ends_at());
    assert!(matches!(end, Ruling::Borne(_)), "{end:?}");
    assert_eq!(answers.all().failures, 1);
}

#[test]
fn a_second_one_among_a_hundred_is_too_many_of_one_percent() {
    let began = Instant::now();
    let mut answers = Answers::new(rates(), began);
    let two = (0..180).map(|number| number != 0 && number != 99);
    let (number, ruling) = feed(&mut answers, began, 5 * SECOND, two).unwrap();
    assert_eq!(number, 100);
    assert!(matches!(ruling, Ruling::Failed(_)), "{ruling:?}");
    // Further apart they are borne, until the whole is judged: 2 of 180.
    let mut answers = Answers::new(rates(), began);
    let apart = (0..180).map(|number| number != 0 && number != 100);
    assert_eq!(feed(&mut answers, began, 5 * SECOND, apart), None);
    assert!(matches!(answers.end(answers.ends_at()), Ruling::Failed(_)));
}

#[test]
fn a_dead_endpoint_is_critical_after_a_handful_of_answers() {
    let began = Instant::now();
    let lax = Rates {
        max: Share::percent(100),
        ..rates()
    };
    let mut answers = Answers::new(lax, began);
    let (number, ruling) = feed(&mut answers, began, SECOND, std::iter::repeat(false)).unwrap();
    // 6 of 20 are more than 25 %, whatever the other 14 will be.
    assert_eq!(number, 6);
    assert!(matches!(ruling, Ruling::Failed(why) if why.contains("6 of 20")));
}

#[test]
fn what_was_long_ago_does_not_count_as_lately() {
    let began = Instant::now();
    let lax = Rates {
        max: Share::percent(100),
        ..rates()
    };
    let mut answers = Answers::new(lax, began);
    // 5 failures, then so many good ones that they are out of the minute and of the last 20, then 5 again.
    let waves = (0..100).map(|number| !matches!(number, 0..5 | 80..85));
    assert_eq!(feed(&mut answers, began, SECOND, waves), None);
    assert!((answers.worst() - 25.0).abs() < 0.01, "{}", answers.worst());
    // A window that holds more than 20 answers is judged whole.
    let mut quick = Answers::new(
        Rates {
            max: Share::percent(100),
            ..rates()
        },
        began,
    );
    let mixed = (0..400).map(|number| number % 5 != 0);
    assert_eq!(feed(&mut quick, began, SECOND / 10, mixed), None);
}

#[test]
fn a_minor_breach_is_watched_on_and_then_decided() {
    let on = || Rates {
        watch_on: Some(600 * SECOND),
        ..rates()
    };
    for (later, fails) in [(true, false), (false, true)] {
        let began = Instant::now();
        let mut answers = Answers::new(on(), began);
        let planned = answers.ends_at();
        let two = (0..).map(|number| number != 0 && number != 99);
        let (number, ruling) = feed(&mut answers, began, 5 * SECOND, two).unwrap();
        assert!(matches!(ruling, Ruling::Extended(_)), "{ruling:?}");
        let at = began + 5 * SECOND * number;
        assert_eq!(answers.ends_at(), planned.max(at + 600 * SECOND));
        // What made it go on does not count again, but in critical.
        let rest = (0..120).map(|number| later || number % 20 != 0);
        assert_eq!(feed(&mut answers, at, 5 * SECOND, rest), None);
        let end = answers.end(answers.ends_at());
        assert_eq!(matches!(end, Ruling::Failed(_)), fails, "{end:?}");
        assert_eq!(answers.extension().unwrap().count.answers, 120);
    }
}

#[test]
fn a_handful_of_bad_answers_is_behind_it_once_it_is_watched_on() {
    let began = Instant::now();
    let on = Rates {
        watch_on: Some(600 * SECOND),
        ..rates()
    };
    let mut answers = Answers::new(on, began);
    let burst = (0..).map(|number| !(3..7).contains(&number));
    let (number, ruling) = feed(&mut answers, began, 5 * SECOND, burst).unwrap();
    assert_eq!(number, 100, "{ruling:?}");
    let good = std::iter::repeat_n(true, 120);
    assert_eq!(
        feed(&mut answers, began + 500 * SECOND, 5 * SECOND, good),
        None
    );
    assert!(matches!(answers.end(answers.ends_at()), Ruling::Borne(_)));
}

#[test]
fn a_breach_at_the_very_end_is_watched_on_too() {
    let began = Instant::now();
    let few = Rates {
        watch_on: Some(10 * SECOND),
        watch: 10 * SECOND,
        ..rates()
    };
    let mut answers = Answers::new(few, began);
    let one = (0..10).map(|number| number != 3);
    assert_eq!(feed(&mut answers, began, SECOND, one), None);
    let end = answers.ends_at();
    assert!(matches!(answers.end(end), Ruling::Extended(_)));
    assert_eq!(answers.ends_at(), end + 10 * SECOND);
    // Critical ends it at once, whether it is watched on or not.
    let dead = feed(&mut answers, end, SECOND, std::iter::repeat(false));
    assert!(matches!(dead, Some((5 | 6, Ruling::Failed(_)))), "{dead:?}");
}

#[test]
fn nobody_asked_means_no_rate() {
    let mut answers = Answers::new(rates(), Instant::now());
    let end = answers.ends_at();
    assert!(matches!(answers.end(end), Ruling::Borne(_)));
}

#[test]
fn old_answers_are_forgotten() {
    let began = Instant::now();
    let mut answers = Answers::new(rates(), began);
    assert_eq!(
        feed(&mut answers, began, SECOND, std::iter::repeat_n(true, 5000)),
        None
    );
    assert!(answers.recent.len() <= 101, "{}", answers.recent.len());
}
