//! `service-stop`: stopped, and the port really free.

fn main() -> std::process::ExitCode {
    step::main::<service_stop::Tool>()
}
