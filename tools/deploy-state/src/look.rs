//! Reading only: the state as it is, and the deploys so far. Waits for nobody.

use crate::recover::undecided;
use application::{Application, fail};
use serde_json::json;
use state::lease::{Holder, holder};
use state::{Document, State, Told};
use std::time::SystemTime;
use step::{Context, Failure, Report};

/// The whole state, and what can be said of the lease's holder.
pub(crate) fn show(application: &Application, context: &Context) -> Result<Report, Failure> {
    let mut state = application.load()?;
    // What lies on disk and was never seen before is shown as well; nothing is written.
    application.learn(&mut state)?;
    let holder = state
        .deploy()
        .map(|deploy| holder(&state, deploy, SystemTime::now()));
    let is_dead = holder.as_ref().is_some_and(|holder| holder.life == "dead");
    for line in summary(&state, holder.as_ref()) {
        // What nobody goes on with is for somebody to decide.
        if is_dead {
            context.note(line);
        } else {
            context.aside(line);
        }
    }
    Ok(Report::of(&json!({
        "state": Document::of(&state),
        "holder": holder,
    })))
}

/// The state in a few lines for people.
fn summary(state: &State, holder: Option<&Holder>) -> Vec<String> {
    let mut lines = vec![match &state.live {
        Some(live) => format!("{live} is live ({})", state.verdict(live).phrase()),
        None => "nothing is live".into(),
    }];
    if let Some(back) = state.rollback_target(state.live.as_deref()) {
        lines.push(format!("going back leads to {}", back.name));
    }
    lines.push(holder.map_or_else(|| "no deploy is going on".into(), Holder::to_string));
    if holder.is_some_and(|holder| holder.life == "dead") {
        lines.push("deploy-state recover finishes or undoes what it left".into());
        lines.extend(undecided(state));
    }
    lines.extend(application::still_drained(state).filter(|_| state.deploy().is_none()));
    match state.failing.deploys.len() {
        0 => {}
        1 => lines.push("the last deploy failed".into()),
        row => lines.push(format!("the last {row} deploys failed")),
    }
    if let Some(pause) = state.pause_at(SystemTime::now()) {
        lines.push(format!("deploys are paused: {}", pause.why));
    }
    lines
}

/// The last deploys, oldest first, as a table for people too.
pub(crate) fn history(
    application: &Application,
    last: usize,
    all: bool,
    context: &Context,
) -> Result<Report, Failure> {
    let mut told = application.store.told().map_err(fail::store)?;
    told.retain(|deploy| all || matches!(deploy.moment_of.as_deref(), None | Some("rollback")));
    let told = &told[told.len().saturating_sub(last)..];
    for line in table(told) {
        context.relay(&line);
    }
    Ok(Report::of(&json!({"deploys": told})))
}

/// The deploys as lines of columns.
fn table(deploys: &[Told]) -> Vec<String> {
    let none = || "-".to_owned();
    let mut rows = vec![
        [
            "DEPLOY", "STARTED", "TOOK", "BY", "RELEASE", "OUTCOME", "LIVE", "WHY",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(deploys.iter().map(|deploy| {
        vec![
            deploy.deploy_id.clone(),
            deploy
                .started_at
                .get(..19)
                .unwrap_or_default()
                .replace('T', " "),
            deploy.took_ms.map_or_else(none, seconds),
            deploy.by.clone().unwrap_or_else(none),
            deploy.release.clone().unwrap_or_else(none),
            deploy
                .outcome
                .clone()
                .unwrap_or_else(|| match &deploy.moment_of {
                    Some(tool) => tool.clone(),
                    None => "going on".into(),
                }),
            deploy.live.clone().unwrap_or_else(none),
            deploy.why.clone().unwrap_or_default(),
        ]
    }));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::deploys;

    #[test]
    fn the_table_has_a_line_a_deploy_and_even_columns() {
        let history = [
            json!({"event": "begun", "deployId": "d1", "at": "2026-11-20T09:30:00.000Z", "by": "me"}),
            json!({"event": "ended", "deployId": "d1", "at": "2026-11-20T09:30:05.000Z",
                   "outcome": "succeeded", "release": "r1", "liveRelease": "r1", "tookMs": 5300}),
            json!({"event": "begun", "deployId": "d2", "at": "2026-11-20T09:31:00.000Z", "by": "me"}),
        ];
        let lines = table(&deploys(&history));
        assert_eq!(
            lines,
            [
                "DEPLOY  STARTED              TOOK   BY  RELEASE  OUTCOME    LIVE  WHY",
                "d1      2026-11-20 09:30:00  5.3 s  me  r1       succeeded  r1",
                "d2      2026-11-20 09:31:00  -      me  -        going on   -",
            ]
        );
    }
}
