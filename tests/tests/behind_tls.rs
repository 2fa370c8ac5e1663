//! A service that speaks nothing but TLS, with a certificate of its own authority, and answers nobody without a key: every tool that asks
//! for its health asks in the same way, or it could be deployed and never be rolled back.
#![allow(clippy::unwrap_used)]

use slipway_tests::hostile::certificate;
use slipway_tests::{Fixture, Supervisor, Tool, runbook, tool};
use std::fs;
use std::path::{Path, PathBuf};

const KEY: &str = "X-Key: k3y";
const SERVER: &str = r#"
import http.server, ssl, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers.get("X-Key") == "k3y"
        body = open("body", "rb").read()
        self.send_response(int(open("status").read()) if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"#;

struct Application {
    fixture: Fixture,
    file: PathBuf,
}

impl Application {
    /// Without a port, `service-start` has nothing but the endpoint to go by.
    fn new(port: bool) -> Option<Self> {
        let fixture = Fixture::on(Supervisor::Process)?;
        let file = fixture.directory.join("secure.env");
        let headers = fixture.directory.join("headers");
        fs::write(&headers, KEY).unwrap();
        let number = fixture.port.number;
        let shown = |path: &Path| path.to_str().unwrap().to_owned();
        let (pem, key) = (certificate("good.pem"), certificate("good.key"));
        let mut lines = vec![
            ("DEPLOY_ROOT", shown(&fixture.root)),
            ("DEPLOY_SERVICE", fixture.service()),
            (
                "DEPLOY_START",
                format!("python3 server.py {number} {} {}", shown(&pem), shown(&key)),
            ),
            ("DEPLOY_HEALTH_URL", format!("https://127.0.0.1:{number}/")),
            ("DEPLOY_HEALTH_CA", shown(&certificate("authority.pem"))),
            ("DEPLOY_HEALTH_HEADER_FILE", shown(&headers)),
            ("DEPLOY_HEALTH_SERVER_NAME", "shop.example".to_owned()),
            ("DEPLOY_MAX_DEPLOYS", "none".to_owned()),
            (
                "RELEASE_STAGE_SOURCE",
                shown(&fixture.directory.join("source")),
            ),
            ("HEALTHWAIT_ATTEMPTS", "3".to_owned()),
        ];
        if port {
            lines.push(("DEPLOY_PORT", number.to_string()));
        }
        let lines: String = lines
            .iter()
            .map(|(key, value)| format!("{key}='{value}'\n"))
            .collect();
        fs::write(&file, lines).unwrap();
        Some(Self { fixture, file })
    }

    fn deploy(&self, version: u32, status: u16, exit: i32) {
        let source = self.fixture.directory.join("source");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("server.py"), SERVER).unwrap();
        fs::write(source.join("status"), status.to_string()).unwrap();
        fs::write(source.join("body"), format!(r#"{{"version":{version}}}"#)).unwrap();
        self.here(runbook("deploy").arg(&self.file)).run(exit);
    }

    fn serves(&self, version: u32) {
        let expected = format!("/version={version}");
        let asked = ["--attempts", "1", "--expect-json", &expected];
        self.here(tool("healthwait").args(asked)).run(0);
    }

    fn here(&self, tool: Tool) -> Tool {
        tool.env("DEPLOY_APP", &self.file)
            .in_directory(&self.fixture.directory)
            .stderr_any()
    }
}

fn rejected_and_rolled_back(port: bool) {
    let Some(application) = Application::new(port) else {
        return;
    };
    application.deploy(1, 200, 0);
    application.deploy(2, 200, 0);
    application.serves(2);
    application.deploy(3, 500, 1);
    application.serves(2);
    application.here(tool("rollback")).run(0);
    application.serves(1);
}

#[test]
fn a_broken_release_is_rejected_and_the_old_one_is_well() {
    rejected_and_rolled_back(true);
}

#[test]
fn the_same_where_the_endpoint_is_all_there_is() {
    rejected_and_rolled_back(false);
}
