//! `release-stage`: a complete new release, not yet live.

fn main() -> std::process::ExitCode {
    step::main::<release_stage::Tool>()
}
