//! A service that may be asked about without an application.

use crate::options::ServiceArgs;
use crate::{Application, fail};
use service::{Service, Setting};
use step::Failure;

/// The service that the options describe, where they describe one. A service of systemd needs no application to be found; a
/// plain process lies in one.
pub fn service_of(
    application: Option<&Application>,
    args: &ServiceArgs,
) -> Result<Option<Service>, Failure> {
    match (application, &args.service) {
        (Some(application), _) => application.service(args),
        (None, Some(name)) => rootless(name).map(Some),
        (None, None) => Ok(None),
    }
}

fn rootless(name: &str) -> Result<Service, Failure> {
    let setting = Setting {
        root: ".".into(),
        current: "current".into(),
        start: None,
    };
    let service = Service::parse(name, &setting).map_err(|error| fail::service(&error))?;
    if service.name().kind() == "process" {
        return Err(Failure::usage(format!(
            "{name} needs --root DIR, or --app NAME: the process's record lies under DIR/run"
        ))
        .hint("ls /etc/slipway"));
    }
    Ok(service)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(service: &str) -> ServiceArgs {
        ServiceArgs {
            service: Some(service.to_owned()),
            start: None,
            port: None,
        }
    }

    #[test]
    fn a_unit_needs_no_root_and_a_process_does() {
        let unit = service_of(None, &named("systemd:shop.service")).unwrap();
        assert!(unit.is_some());
        let refused = service_of(None, &named("process:shop")).unwrap_err();
        assert!(refused.message().contains("--root"));
    }
}
