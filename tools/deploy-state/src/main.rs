//! deploy-state: see the library beside it.

fn main() -> std::process::ExitCode {
    step::main::<deploy_state::Tool>()
}
