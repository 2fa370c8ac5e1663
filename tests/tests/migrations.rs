//! The migrations that the parsers are tested with are honest: the engines themselves understand every statement. Where
//! a file says that its engine refuses some of it, it does.
#![allow(clippy::unwrap_used)]

use slipway_tests::left_out;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a file says in which something is not meant to be understood.
const REFUSED: &str = "-- engine: refuses some of this";

fn series(dialect: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    sorted(&root.join("tools/lib/migrations/tests/corpus").join(dialect))
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// The files of a series that lead forward, in their order.
fn files(series: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in sorted(series) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "sql")
            && !name.ends_with("down.sql")
            && !name.starts_with('U')
        {
            found.push(path);
        }
    }
    found
}

fn is_refused(file: &Path) -> bool {
    fs::read_to_string(file).unwrap().contains(REFUSED)
}

/// A file as its tool sends it: Drizzle parts statements by a comment of its own, with or without a semicolon.
fn sent(file: &Path, directory: &Path) -> PathBuf {
    let text = fs::read_to_string(file).unwrap();
    let copy = directory.join("sent.sql");
    fs::write(&copy, text.replace("--> statement-breakpoint", ";")).unwrap();
    copy
}

fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("slipway-{name}-{}", std::process::id()));
    fs::remove_dir_all(&directory).ok();
    fs::create_dir_all(&directory).unwrap();
    directory
}

#[test]
fn sqlite_runs_what_is_written_for_it() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        return left_out("there is no program sqlite3");
    }
    let directory = directory("sqlite");
    for series in series("sqlite") {
        let database = directory.join(series.file_name().unwrap());
        for file in files(&series) {
            let output = Command::new("sqlite3")
                .arg("-bail")
                .arg(&database)
                .stdin(fs::File::open(sent(&file, &directory)).unwrap())
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.success(),
                !is_refused(&file),
                "{}: {errors}",
                file.display()
            );
        }
    }
    fs::remove_dir_all(directory).unwrap();
}

/// A cluster of its own, that nobody else can reach, and gone with this value.
struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    /// PostgreSQL does not run as root.
    user: Option<nix::unistd::User>,
}

impl Cluster {
    fn new() -> Result<Self, String> {
        let versions =
            fs::read_dir("/usr/lib/postgresql").map_err(|_| "PostgreSQL is not installed")?;
        let programs = versions.map(|entry| entry.unwrap().path().join("bin"));
        let programs = programs
            .filter(|programs| programs.join("initdb").exists())
            .max();
        let programs = programs.ok_or("PostgreSQL's server is not installed")?;
        let user = if nix::unistd::geteuid().is_root() {
            let user = nix::unistd::User::from_name("postgres").unwrap();
            Some(user.ok_or("there is no user postgres, and PostgreSQL does not run as root")?)
        } else {
            None
        };
        let directory = directory("postgres");
        if let Some(user) = &user {
            chown(&directory, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
        let cluster = Self {
            programs,
            directory,
            user,
        };
        let data = cluster.directory.join("data");
        cluster.run(
            "initdb",
            &[
                "-D",
                data.to_str().unwrap(),
                "--auth=trust",
                "--username=postgres",
                "--no-sync",
            ],
        );
        let sockets = cluster.directory.display();
        let options =
            format!("-c listen_addresses= -c unix_socket_directories={sockets} -c fsync=off");
        let log = cluster.directory.join("log");
        cluster.run(
            "pg_ctl",
            &[
                "-D",
                data.to_str().unwrap(),
                "-w",
                "-l",
                log.to_str().unwrap(),
                "-o",
                &options,
                "start",
            ],
        );
        Ok(cluster)
    }

    fn program(&self, name: &str) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(self.programs.join(name));
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
            .current_dir("/")
            .env("LC_ALL", "C")
            .env("PGHOST", &self.directory)
            .env("PGUSER", "postgres")
            // What is written to be parsed may run for ever.
            .env("PGOPTIONS", "-c statement_timeout=5s -c lock_timeout=5s");
        command
    }

    /// The server that it starts must not hold the pipes of the test.
    fn run(&self, name: &str, arguments: &[&str]) {
        let mut command = self.program(name);
        let status = command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{name}");
    }

    fn psql(&self, database: &str, arguments: &[&str], script: &Path) -> Output {
        let mut command = self.program("psql");
        command
            .args(["-X", "-q", "-d", database, "-v", "VERBOSITY=verbose"])
            .args(arguments);
        command
            .stdin(fs::File::open(script).unwrap())
            .output()
            .unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.directory.join("data");
        self.run(
            "pg_ctl",
            &[
                "-D",
                data.to_str().unwrap(),
                "-m",
                "immediate",
                "-w",
                "stop",
            ],
        );
        fs::remove_dir_all(&self.directory).ok();
    }
}

#[test]
fn postgres_understands_what_is_written_for_it() {
    let cluster = match Cluster::new() {
        Ok(cluster) => cluster,
        Err(reason) => return left_out(&reason),
    };
    let nothing = Path::new("/dev/null");
    for (number, series) in series("postgres").into_iter().enumerate() {
        let database = format!("series_{number}");
        let create = format!("CREATE DATABASE {database} TEMPLATE template0");
        assert!(
            cluster
                .psql("template1", &["-c", &create], nothing)
                .status
                .success()
        );
        for file in files(&series) {
            let output = cluster.psql(&database, &[], &sent(&file, &cluster.directory));
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            // 42601 is syntax_error. Whether a table is there is not asked: a statement is parsed first.
            assert_eq!(
                errors.contains("42601"),
                is_refused(&file),
                "{}: {errors}",
                file.display()
            );
            assert!(
                !errors.contains("connection to server"),
                "{}: {errors}",
                file.display()
            );
        }
    }
}
