//! Servers behind HAProxy that a deploy has drained: ready again with its end, where the service serves then.
//!
//! HAProxy is asked under the deploy's lease, before its end is written, and not under the state's lock: it may hang, and then it costs
//! [`haproxy::PATIENCE`] a server, which waits for nobody and keeps nobody waiting. A deploy's end does not fail by it. Where no deploy is
//! going on, the lock is what keeps one from beginning in between: there it is asked under the lock too, for
//! [`haproxy::PATIENCE`] at most and where it has just answered.

use crate::{Application, fail};
use deadline::Deadline;
use haproxy::{Admin, Error, PATIENCE, Server};
use serde_json::json;
use state::{Note, State};
use step::Failure;

/// Whether the service serves when a deploy ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Serves {
    /// It was seen well, or is said to be.
    Yes,
    /// Nobody has looked: as at the end before.
    #[default]
    AsBefore,
    /// Neither release does. What was drained stays so, until somebody serves again.
    No,
}

/// What became of the servers that were drained.
#[derive(Debug, Clone, Default)]
pub struct Undrained {
    /// Those that take what comes, as `SOCKET,BACKEND/SERVER`.
    pub ready: Vec<String>,
    /// Those that are no business of the deploy's any more, and those that drain still, each with what to tell of it.
    told: Vec<String>,
    gone: Vec<String>,
    serves: Serves,
}

impl Application {
    /// Makes ready again what the deploy `id` has drained, where its end leaves somebody that serves. For who holds its lease, just
    /// before it ends; [`Undrained::note_in`] is to be written with the end.
    pub fn undrain(
        &self,
        id: &str,
        serves: Serves,
        deadline: &Deadline,
    ) -> Result<Undrained, Failure> {
        let state = self.load()?;
        Ok(match state.held_by(id) {
            Ok(_) => Undrained::of(&state, serves, deadline),
            Err(_) => Undrained::default(),
        })
    }

    /// The same where no deploy is going on; one that is has its own reasons to keep a server drained. Nothing is written where
    /// nothing has changed, so that it can be asked for again and again.
    pub fn make_ready(&self, serves: Serves, deadline: &Deadline) -> Result<Undrained, Failure> {
        let state = self.load()?;
        if state.deploy().is_some() || state.drained.is_empty() {
            return Ok(Undrained::default());
        }
        let mut undrained = Undrained {
            serves,
            ..Undrained::default()
        };
        // One that hangs is met here, where it keeps nobody waiting.
        let mut answering = Vec::new();
        for server in to_make_ready(&state, serves) {
            match silence(server, deadline) {
                Some(error) => undrained.told.push(error.to_string()),
                None => answering.push(server),
            }
        }
        let mut held = self.lock(deadline)?;
        if held.state.deploy().is_some() {
            return Ok(Undrained::default());
        }
        let before = (held.state.drained.clone(), held.state.kept_drained);
        let together = deadline.or_after(PATIENCE);
        for server in to_make_ready(&held.state, serves) {
            if answering.contains(&server) {
                undrained.take(server, &together);
            }
        }
        undrained.note_in(&mut held.state);
        if before != (held.state.drained.clone(), held.state.kept_drained) {
            let details = json!({"haproxy": undrained.ready, "drained": held.state.drained});
            held.write(Note::new("ready", None, details))
                .map_err(fail::store)?;
        }
        Ok(undrained)
    }
}

impl Undrained {
    fn of(state: &State, serves: Serves, deadline: &Deadline) -> Self {
        let mut undrained = Self {
            serves,
            ..Self::default()
        };
        for server in to_make_ready(state, serves) {
            undrained.take(server, deadline);
        }
        undrained
    }

    fn take(&mut self, name: &str, deadline: &Deadline) {
        let Ok(server) = name.parse::<Server>() else {
            // Nobody wrote that here.
            return self.gone.push(name.to_owned());
        };
        let deadline = deadline.or_after(PATIENCE);
        let made = server.admin(&deadline).and_then(|now| match now {
            Admin::Draining => server.ready(&deadline).map(|()| Admin::Ready),
            Admin::Maintenance | Admin::Ready => Ok(now),
        });
        match made {
            Ok(Admin::Maintenance) => {
                self.told.push(format!(
                    "{} has been put into maintenance meanwhile, and is left there",
                    server.name()
                ));
                self.gone.push(name.to_owned());
            }
            Ok(Admin::Ready | Admin::Draining) => self.ready.push(name.to_owned()),
            // One that the configuration does not know any more drains no more either.
            Err(error @ Error::NoSuchServer { .. }) => {
                self.told.push(error.to_string());
                self.gone.push(name.to_owned());
            }
            Err(error) => self.told.push(error.to_string()),
        }
    }

    /// Takes it into the state.
    pub fn note_in(&self, state: &mut State) {
        let kept = match self.serves {
            Serves::Yes => Some(false),
            Serves::AsBefore => None,
            Serves::No => Some(true),
        };
        state.undrain(&[self.ready.as_slice(), &self.gone].concat(), kept);
    }

    /// Whether the state says something else by it.
    pub fn is_change(&self) -> bool {
        !(self.ready.is_empty() && self.gone.is_empty())
    }

    /// What to tell people of it beside [`still_drained`].
    pub fn notes(&self) -> &[String] {
        &self.told
    }
}

/// The servers that are to take work again; none where nobody serves.
fn to_make_ready(state: &State, serves: Serves) -> &[String] {
    match serves {
        Serves::No => &[],
        Serves::AsBefore if state.kept_drained => &[],
        Serves::AsBefore | Serves::Yes => &state.drained,
    }
}

/// Why nothing can be ordered for the server now; nothing where HAProxy answers, also that it knows no such server.
fn silence(name: &str, deadline: &Deadline) -> Option<Error> {
    let server = name.parse::<Server>().ok()?;
    match server.admin(&deadline.or_after(PATIENCE)) {
        Ok(_) | Err(Error::NoSuchServer { .. }) => None,
        Err(error) => Some(error),
    }
}

/// What to tell people of a server that is drained still; nothing where there is none.
pub fn still_drained(state: &State) -> Option<String> {
    let first = state.drained.first()?;
    let servers = state.drained.join(", ");
    let by_hand = format!("drain-wait --haproxy {first} --clear");
    Some(if state.kept_drained {
        format!(
            "{servers} is left drained, for neither release serves: the next deploy that ends well makes it ready, and so does going back to a release that is well; or {by_hand}"
        )
    } else {
        format!(
            "{servers} drains still: deploy-state recover makes it ready, once HAProxy answers, or {by_hand}"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use releases::Layout;
    use state::{Begin, Outcome, Store};
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, SystemTime};

    fn begin(application: &Application, id: &str) {
        let mut held = application.lock(&Deadline::never()).unwrap();
        let note = held.state.begin(Begin {
            id: id.into(),
            at: SystemTime::now(),
            by: "test".into(),
            owner: None,
            moment_of: None,
            live: None,
            release: None,
            commit: None,
        });
        held.write(note).unwrap();
    }

    #[test]
    fn a_deploy_that_begins_while_haproxy_is_asked_keeps_its_server_drained() {
        let root = std::env::temp_dir().join(format!("slipway-balancer-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let root = root.to_str().unwrap();
        let socket = format!("{root}/socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let layout = Layout::new(root);
        let application = Application {
            store: Store::at(&layout),
            layout,
        };
        // A deploy has ended whose HAProxy did not answer.
        let name = format!("{socket},back/server");
        begin(&application, "first");
        let mut held = application.lock(&Deadline::never()).unwrap();
        let note = held.state.drain("first", &name, true).unwrap().unwrap();
        held.write(note).unwrap();
        let (now, watched) = (SystemTime::now(), Duration::ZERO);
        let note = held
            .state
            .end("first", Outcome::Aborted, None, now, watched);
        held.write(note.unwrap()).unwrap();
        drop(held);
        let asked = std::thread::scope(|scope| {
            let haproxy = scope.spawn(|| {
                let mut asked = Vec::new();
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let mut line = String::new();
                    BufReader::new(&stream).read_line(&mut line).unwrap();
                    if line.trim() == "end" {
                        return asked;
                    }
                    if line.starts_with("show servers state") {
                        if asked.is_empty() {
                            begin(&application, "second");
                        }
                        let table = "1\n# be_id srv_name srv_admin_state\n1 server 8\n";
                        stream.write_all(table.as_bytes()).unwrap();
                    }
                    asked.push(line);
                }
                asked
            });
            let deadline = Deadline::after(Duration::from_secs(30));
            let made = application.make_ready(Serves::Yes, &deadline).unwrap();
            assert!(!made.is_change(), "{made:?}");
            let mut end = std::os::unix::net::UnixStream::connect(&socket).unwrap();
            end.write_all(b"end\n").unwrap();
            haproxy.join().unwrap()
        });
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(application.load().unwrap().drained, [name]);
        std::fs::remove_dir_all(root).unwrap();
    }
}
