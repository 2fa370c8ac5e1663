//! `preflight`: whatever would stop a deploy half-way is found before it begins.

fn main() -> std::process::ExitCode {
    step::main::<preflight::Tool>()
}
