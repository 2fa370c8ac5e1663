//! The watch: everything was well, and is to stay so for a while. Each target is asked in its own beat by a thread of its
//! own, so that one which is slow to answer keeps nobody else waiting; the service is looked at in between.

use crate::judge::is_beyond;
use crate::rate::{Answers, Count, Extension, Rates, Ruling};
use crate::report::{ExtensionReport, TargetReport, WatchReport, milliseconds};
use crate::targets::Targets;
use crate::watch::Looks;
use deadline::Deadline;
use probe::{Answer, Question};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use step::Failure;

/// How often what has come in is judged, and whether the main process still lives.
const TICK: Duration = Duration::from_millis(50);
/// How often the ports are looked at: that makes the kernel walk its table of connections.
const PORT_LOOK: Duration = Duration::from_millis(500);
/// For how long nobody may listen on a port that was listened on before.
const PORT_LOST: Duration = Duration::from_secs(2);
/// So many looks in a row may fail to come about: a supervisor that is itself restarted says nothing against the service.
const FAILED_LOOKS: u32 = 3;
/// However small the interval: no busy loop.
const SHORTEST_BEAT: Duration = Duration::from_millis(5);

/// How it stands, for whoever is waiting.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Since the beginning of the watch.
    pub watched: Duration,
    /// Until its end, as things stand.
    pub remaining: Duration,
    /// Answers so far.
    pub answers: u64,
    /// Those that failed.
    pub failures: u64,
    /// Whether it goes on because of the error rate.
    pub extended: bool,
}

/// A watch that is to follow a wait.
pub struct Soak<'a> {
    /// Which rates are borne, and for how long it is watched.
    pub rates: Rates,
    /// Is told how it stands several times a second.
    pub tell: &'a mut dyn FnMut(Progress),
}

/// A watch in progress.
pub(crate) struct Soaking<'a, 'b, 'c> {
    pub(crate) questions: &'a [Question],
    pub(crate) interval: Duration,
    pub(crate) targets: &'a mut Targets,
    pub(crate) looks: Option<&'a mut Looks<'b>>,
    pub(crate) soak: &'a mut Soak<'c>,
}

/// What the threads and the judge share.
struct Beat {
    began: Instant,
    interval: Duration,
    /// No question is begun later than that, in milliseconds from the beginning.
    until: AtomicU64,
    in_flight: AtomicUsize,
}

/// An answer, by the number of its target.
type Came = (usize, Instant, Answer);

impl Soaking<'_, '_, '_> {
    /// Watches to the end. The report is there whatever it comes to.
    pub(crate) fn run(mut self, deadline: &Deadline) -> (WatchReport, Result<(), Failure>) {
        let began = Instant::now();
        if let Some(looks) = &mut self.looks {
            looks.begin_watch(self.interval);
        }
        let mut judge = Judge {
            answers: Answers::new(self.soak.rates.clone(), began),
            why: String::new(),
            last_failure: None,
            ports: Ports::of(self.looks.as_deref()),
            failed_looks: 0,
        };
        let beat = Beat {
            began,
            interval: self.interval.max(SHORTEST_BEAT),
            until: AtomicU64::new(milliseconds(self.soak.rates.watch)),
            in_flight: AtomicUsize::new(0),
        };
        let result = thread::scope(|scope| {
            let (sender, came) = channel();
            // Dropped at the end, whichever it is: that wakes and ends the threads.
            let mut stops = Vec::new();
            for (number, question) in self.questions.iter().enumerate() {
                let (stop, stopped) = channel();
                stops.push(stop);
                let (sender, beat) = (sender.clone(), &beat);
                scope.spawn(move || beat.ask_on(number, question, deadline, &sender, &stopped));
            }
            self.judge(&mut judge, &beat, &came, deadline)
        });
        if let Err(failure) = &result
            && judge.why.is_empty()
        {
            failure.message().clone_into(&mut judge.why);
        }
        (judge.report(&self.soak.rates, began), result)
    }

    fn judge(
        &mut self,
        judge: &mut Judge,
        beat: &Beat,
        came: &Receiver<Came>,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        loop {
            deadline.sleep(TICK)?;
            let over_now = Instant::now() >= judge.answers.ends_at();
            let none_in_flight = beat.in_flight.load(Ordering::SeqCst) == 0;
            for (number, at, answer) in came.try_iter() {
                let ruling = judge.take(at, &self.questions[number], &answer);
                self.targets.take(number, answer);
                judge.follow(ruling)?;
            }
            if let Some(looks) = &mut self.looks {
                judge.look(looks, deadline)?;
                let longest = judge.answers.ends_at() - beat.began;
                spent(looks, longest)?;
            }
            if over_now && none_in_flight {
                let ruling = judge.answers.end(Instant::now());
                let over = matches!(ruling, Ruling::Borne(_));
                judge.follow(ruling)?;
                if over {
                    return Ok(());
                }
            }
            let until = judge
                .answers
                .ends_at()
                .saturating_duration_since(beat.began);
            beat.until.store(milliseconds(until), Ordering::SeqCst);
            (self.soak.tell)(judge.progress(beat.began));
        }
    }
}

impl Beat {
    /// Asks one target at each beat until it is told to stop. A beat that is missed because an answer was slow is left out.
    fn ask_on(
        &self,
        number: usize,
        question: &Question,
        deadline: &Deadline,
        sender: &Sender<Came>,
        stopped: &Receiver<()>,
    ) {
        let mut next = self.began;
        loop {
            let pause = next.saturating_duration_since(Instant::now());
            if stopped.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            next = Instant::now().max(next + self.interval);
            self.in_flight.fetch_add(1, Ordering::SeqCst);
            if milliseconds(self.began.elapsed()) < self.until.load(Ordering::SeqCst) {
                let mut answer = probe::ask(question, deadline);
                // It was judged; a hundred targets would keep a hundred megabytes.
                answer.body = Vec::new();
                // An answer that a signal cut off is none.
                if deadline.check().is_ok() {
                    sender.send((number, Instant::now(), answer)).ok();
                }
            } else {
                // The end may yet be put off.
                next = Instant::now() + TICK;
            }
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// What has come in so far.
struct Judge {
    answers: Answers,
    why: String,
    last_failure: Option<String>,
    ports: Ports,
    failed_looks: u32,
}

impl Judge {
    fn take(&mut self, at: Instant, question: &Question, answer: &Answer) -> Ruling {
        if !answer.ok {
            self.last_failure = Some(TargetReport::of(question, Some(answer)).sentence());
        }
        self.answers.take(at, answer.ok)
    }

    fn follow(&mut self, ruling: Ruling) -> Result<(), Failure> {
        match ruling {
            Ruling::GoOn => {}
            Ruling::Extended(why) | Ruling::Borne(why) => self.why = why,
            Ruling::Failed(why) => {
                let last = self.last_failure.as_deref().unwrap_or_default();
                let message = format!("too many answers fail: {why}; the last one: {last}");
                self.why = why;
                return Err(Failure::no("error-rate", message));
            }
        }
        Ok(())
    }

    /// One look at the service where one is due, and at its ports.
    fn look(&mut self, looks: &mut Looks<'_>, deadline: &Deadline) -> Result<(), Failure> {
        if let Some(port) = self.ports.lost(looks) {
            return Err(Failure::no(
                "port-lost",
                format!(
                    "nobody listens on port {port} any more, since {} s",
                    PORT_LOST.as_secs()
                ),
            ));
        }
        if !looks.is_due() {
            return Ok(());
        }
        match looks.look_in_watch(deadline) {
            Ok(found) => {
                self.failed_looks = 0;
                found.map_or(Ok(()), |(code, why)| Err(Failure::no(code, why.join("; "))))
            }
            Err(failure) => {
                deadline.check()?;
                self.failed_looks += 1;
                if self.failed_looks >= FAILED_LOOKS {
                    Err(failure)
                } else {
                    Ok(())
                }
            }
        }
    }

    fn progress(&self, began: Instant) -> Progress {
        let Count { answers, failures } = self.answers.all();
        Progress {
            watched: began.elapsed(),
            remaining: self
                .answers
                .ends_at()
                .saturating_duration_since(Instant::now()),
            answers,
            failures,
            extended: self.answers.extension().is_some(),
        }
    }

    fn report(self, rates: &Rates, began: Instant) -> WatchReport {
        let all = self.answers.all();
        let extension = self.answers.extension();
        WatchReport {
            planned_ms: milliseconds(rates.watch),
            watched_ms: milliseconds(began.elapsed()),
            answers: all.answers,
            failures: all.failures,
            error_rate: all.percent(),
            worst_error_rate: self.answers.worst(),
            extended: extension.is_some(),
            extension: extension.map(|extension| reported(extension, began)),
            why: self.why,
            last_failure: self.last_failure,
        }
    }
}

/// Whether more processor time is used up than the limit leaves for the whole watch.
fn spent(looks: &Looks<'_>, whole: Duration) -> Result<(), Failure> {
    let (Some(limit), Some(used)) = (looks.limits().cpu, looks.cpu_in_watch()) else {
        return Ok(());
    };
    if is_beyond(service::share(used, whole), limit) {
        return Err(Failure::no(
            "limit-exceeded",
            format!(
                "it has used {:.1} s of processor time, more than {limit} % of a core leaves for a watch of {} s",
                used.as_secs_f64(),
                whole.as_secs_f64().round()
            ),
        ));
    }
    Ok(())
}

fn reported(extension: Extension, began: Instant) -> ExtensionReport {
    ExtensionReport {
        after_ms: milliseconds(extension.began.saturating_duration_since(began)),
        answers: extension.count.answers,
        failures: extension.count.failures,
        error_rate: extension.count.percent(),
    }
}

/// The ports that were listened on when the watch began: a proxy in the kernel may serve one on which nobody listens.
struct Ports {
    all: Vec<(u16, Option<Instant>)>,
    looked: Instant,
}

impl Ports {
    fn of(looks: Option<&Looks<'_>>) -> Self {
        let ports = looks.map(Looks::ports).unwrap_or_default();
        let listened_on =
            |port: &u16| looks.and_then(|looks| looks.is_listened_on(*port)) == Some(true);
        Self {
            all: ports
                .into_iter()
                .filter(listened_on)
                .map(|port| (port, None))
                .collect(),
            looked: Instant::now(),
        }
    }

    /// A port on which nobody has listened for too long.
    fn lost(&mut self, looks: &Looks<'_>) -> Option<u16> {
        if self.looked.elapsed() < PORT_LOOK {
            return None;
        }
        self.looked = Instant::now();
        for (port, missing) in &mut self.all {
            match looks.is_listened_on(*port) {
                Some(false) => {
                    if missing.get_or_insert_with(Instant::now).elapsed() >= PORT_LOST {
                        return Some(*port);
                    }
                }
                Some(true) | None => *missing = None,
            }
        }
        None
    }
}
