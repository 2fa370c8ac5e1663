//! Writes the man pages into a directory: `slipway-man DIRECTORY`.
//!
//! A tool's page is its hand-written sections (`sections/TOOL.md`) and, among them, what is generated: options,
//! variables, exit status and error codes. The runbooks' pages, as `deploy(1)`, and `slipway(7)` have no tool behind them.

mod markdown;
mod options;
mod page;

use page::{Generated, Page};
use std::path::Path;
use std::{env, fs};
use step::Tool;

/// Every tool, in the order in which a deploy runs them.
fn tools() -> Vec<Page> {
    vec![
        of::<deploy_state::Tool>(include_str!("../sections/deploy-state.md")),
        of::<preflight::Tool>(include_str!("../sections/preflight.md")),
        of::<release_stage::Tool>(include_str!("../sections/release-stage.md")),
        of::<drain_wait::Tool>(include_str!("../sections/drain-wait.md")),
        of::<service_stop::Tool>(include_str!("../sections/service-stop.md")),
        of::<release_swap::Tool>(include_str!("../sections/release-swap.md")),
        of::<service_start::Tool>(include_str!("../sections/service-start.md")),
        of::<healthwait::Tool>(include_str!("../sections/healthwait.md")),
        of::<rollback::Tool>(include_str!("../sections/rollback.md")),
        of::<release_prune::Tool>(include_str!("../sections/release-prune.md")),
    ]
}

/// The pages that are written by hand but for what every page has.
fn others() -> Vec<Page> {
    vec![
        Page {
            name: "deploy",
            chapter: 1,
            about: "put the newest build of an application live, or have the one before it back",
            written: include_str!("../deploy.md"),
            generated: Generated::default(),
        },
        Page {
            name: "deploy-in-place",
            chapter: 1,
            about: "put a commit live in the working tree that an application runs in, or have the one before it back",
            written: include_str!("../deploy-in-place.md"),
            generated: Generated::default(),
        },
        Page {
            name: "deploy-compose",
            chapter: 1,
            about: "put a Compose project live as it is now, or have the images that ran before back",
            written: include_str!("../deploy-compose.md"),
            generated: Generated::default(),
        },
        Page {
            name: "slipway",
            chapter: 7,
            about: "what all deploy tools share: options, reports, pipes, exit codes, files",
            written: include_str!("../slipway.md"),
            generated: Generated {
                errors: step::COMMON_CODES.to_vec(),
                ..Generated::default()
            },
        },
    ]
}

fn of<T: Tool>(written: &'static str) -> Page {
    let command = step::options::command::<T>();
    Page {
        name: T::NAME,
        chapter: 1,
        about: T::ABOUT,
        written,
        generated: Generated {
            options: options::options(&command),
            environment: options::environment(T::NAME, &command),
            errors: step::codes::<T>().collect(),
        },
    }
}

fn main() -> Result<(), String> {
    let directory = env::args_os()
        .nth(1)
        .ok_or("usage: slipway-man DIRECTORY")?;
    let directory = Path::new(&directory);
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    for page in tools().into_iter().chain(others()) {
        let path = directory.join(page.file_name());
        fs::write(&path, page.roff()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
