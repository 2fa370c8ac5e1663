//! `service-start`: started, ready, and proven new.

fn main() -> std::process::ExitCode {
    step::main::<service_start::Tool>()
}
