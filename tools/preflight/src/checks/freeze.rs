//! `freeze`: it is not a time at which nothing is deployed.

use super::Check;
use crate::finding::Finding;
use crate::given::Given;
use crate::told::{Frozen, frozen};
use deadline::Deadline;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(super) const CHECK: Check = Check {
    name: "freeze",
    about: "no freeze is in force",
    needs: "--freeze",
    given: |given| !given.args.freeze.is_empty(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let Some(zone) = &given.zone else {
        return Finding::skip("there is no freeze");
    };
    let frozen = frozen(&given.args.freeze, Timestamp::now(), zone);
    judge(
        frozen.as_ref(),
        zone,
        (!given.protected).then(|| given.past(CHECK.name)),
    )
}

fn judge(frozen: Option<&Frozen>, zone: &TimeZone, past: Option<String>) -> Finding {
    let Some(frozen) = frozen else {
        return Finding::pass("no freeze is in force");
    };
    let shown = |at: Timestamp| {
        let place = zone
            .iana_name()
            .map_or(String::new(), |name| format!(" ({name})"));
        let local = at.to_zoned(zone.clone());
        format!("{}{place}", local.strftime("%a %F %R %:z"))
    };
    let after = match frozen.free_at {
        Some(at) if at == frozen.until => String::new(),
        Some(at) => format!("; what follows upon it ends {}", shown(at)),
        None => "; there is no end to what follows upon it".to_owned(),
    };
    let message = format!(
        "the freeze {} is in force until {}{after}",
        frozen.freeze,
        shown(frozen.until)
    );
    // Who goes past all checks goes past this one; where the environment is protected nobody does.
    let past = past.map_or(String::new(), |past| {
        format!(" ({past} goes past it, and past all other checks)")
    });
    let until = frozen.free_at.unwrap_or(frozen.until).as_second();
    let wait = format!("sleep $(({until} - $(date +%s))) && preflight");
    Finding::fail(format!("{message}{past}"), wait)
        .measured(frozen.freeze.as_str(), frozen.until.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;

    #[test]
    fn which_and_until_when() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let mut frozen = Frozen {
            freeze: "fri".into(),
            until: "2026-11-20T23:00:00Z".parse().unwrap(),
            free_at: Some("2026-11-20T23:00:00Z".parse().unwrap()),
        };
        let finding = judge(Some(&frozen), &zone, None);
        assert_eq!(finding.status, Status::Fail);
        let until = "Sat 2026-11-21 00:00 +01:00 (Europe/Berlin)";
        assert_eq!(
            finding.message,
            format!("the freeze fri is in force until {until}")
        );
        let hint = "sleep $((1795215600 - $(date +%s))) && preflight";
        assert_eq!(finding.hint.unwrap(), hint);
        let finding = judge(Some(&frozen), &zone, Some("deploy --force shop".into()));
        assert!(finding.message.contains("deploy --force shop goes past it"));
        frozen.free_at = None;
        let finding = judge(Some(&frozen), &zone, None);
        assert!(finding.message.ends_with("no end to what follows upon it"));
        assert_eq!(judge(None, &zone, None).status, Status::Pass);
    }
}
