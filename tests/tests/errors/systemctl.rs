//! A supervisor whose program is not there.

use crate::acts::Minds;
use crate::each_refuses;
use slipway_tests::Tool;

#[test]
fn without_systemctl_nothing_is_begun() {
    for kind in ["systemd", "systemd-user"] {
        let service = format!("{kind}:slipway-no-such-unit.service");
        let adapt = |tool: Tool| {
            // An empty place: nothing at all is found there.
            tool.env("PATH", "/proc/self/fdinfo")
                .env("DEPLOY_SERVICE", &service)
        };
        let expected = (3, "missing-program");
        each_refuses(Minds::Supervisor, |_| {}, adapt, expected, "systemctl");
    }
}
