#![allow(clippy::unwrap_used)]
use super::*;
use clap::Parser;
use step::config::{self, EnvFile};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// What is wrong with these words beside that file; nothing where nothing is.
fn refused(words: &[&str], file: &str) -> String {
    let words = [&["preflight"], words].concat();
    let args = Line::try_parse_from(words).ok().unwrap().args;
    let file = EnvFile {
        path: "app.env".into(),
        entries: config::parse(file.as_bytes()).unwrap(),
    };
    let excess = Asked::of(&args, Demands::of("preflight", Some(&file)))
        .excess()
        .unwrap();
    excess.map_or(String::new(), |excess| excess.beside("F"))
}

fn passes(words: &[&str], file: &str) {
    assert_eq!(refused(words, file), "");
}

#[test]
fn no_more_is_let_pass_than_the_file_says() {
    let said = |what: &str| format!("{what} pass, which F does not");
    assert_eq!(
        refused(&["--skip", "disk"], ""),
        said("--skip disk would let disk")
    );
    let file = "PREFLIGHT_SKIP=disk,inodes\nPREFLIGHT_WARN=health\n";
    passes(&["--skip", "inodes"], file);
    let more = said("--skip disk,port would let port");
    assert_eq!(refused(&["--skip", "disk,port"], file), more);
    assert_eq!(
        refused(&["--warn", "disk"], file),
        said("--warn disk would let disk")
    );
    passes(&["--warn", "health"], file);
    passes(&["--skip", "inodes"], "PREFLIGHT_SKIP='disk\ninodes'\n");
    let unprovable = ["--accept-unprovable"];
    assert_eq!(
        refused(&unprovable, ""),
        "--accept-unprovable yes is not in F"
    );
    passes(&unprovable, "DEPLOY_ACCEPT_UNPROVABLE=yes\n");
}

#[test]
fn a_choice_may_be_wider_than_the_files_and_never_narrower() {
    assert!(refused(&["--only", "disk"], "").contains("would let service pass"));
    let file = "PREFLIGHT_ONLY=disk,port\n";
    passes(&[], file);
    assert!(refused(&["--only", "disk"], file).contains("would let port pass"));
    passes(&["--only", "disk,port,lock"], file);
    passes(&["--only", "disk", "--require", "port"], file);
}

#[test]
fn a_limit_may_be_stricter_than_the_files_and_never_laxer() {
    assert_eq!(
        refused(&["--disk-max", "81%"], ""),
        "--disk-max 81% is less strict than 80%, by F"
    );
    passes(&["--disk-max", "79%"], "");
    passes(&["--disk-max", "90%"], "PREFLIGHT_DISK_MAX=90%\n");
    assert!(refused(&["--disk-max", "71%"], "PREFLIGHT_DISK_MAX=70%\n").contains("70%, by F"));
    assert!(refused(&["--inodes-max", "91%"], "").contains("--inodes-max"));
    assert!(refused(&["--memory-min", "499M"], "").contains("--memory-min"));
    passes(&["--memory-min", "1G"], "");
    let stop = "PREFLIGHT_STOP_TIMEOUT=2m\n";
    assert!(refused(&["--stop-timeout", "1m"], stop).contains("--stop-timeout 60000ms"));
    passes(&["--stop-timeout", "3m"], stop);
    for (rate, fits) in [
        ("10/1h", true),
        ("5/1h", true),
        ("10/2h", true),
        ("11/1h", false),
        ("10/30m", false),
        ("none", false),
    ] {
        assert_eq!(
            refused(&["--max-deploys", rate], "").is_empty(),
            fits,
            "{rate}"
        );
    }
    passes(&["--max-deploys", "11/1h"], "DEPLOY_MAX_DEPLOYS=none\n");
}

#[test]
fn of_what_the_file_asks_for_nothing_is_left_out() {
    let file = "PREFLIGHT_FREEZE='fri\n22:00-06:00'\nPREFLIGHT_ENV_REQUIRED=A,B\nPREFLIGHT_RUN='tests=make test'\n\
                PREFLIGHT_OUTSIDE='host=https://h/ /a=b'\nPREFLIGHT_ENV_FORMAT='A=/x/'\nPREFLIGHT_REQUIRE=port\n\
                DEPLOY_HEALTH_URL=http://h/health\n";
    let all = [
        "--freeze",
        "22:00-06:00",
        "--freeze",
        "fri",
        "--freeze",
        "sat",
        "--env-required",
        "B,A,C",
        "--run",
        "tests=make test",
        "--run",
        "types=make types",
        "--outside",
        "host=https://h/ /a=b",
        "--env-format",
        "A=/x/",
        "--require",
        "port",
        "--health-url",
        "http://h/health",
    ];
    passes(&all, file);
    for (left_out, changed) in [
        ("fri", "sun"),
        ("B,A,C", "B"),
        ("tests=make test", "tests=true"),
        ("host=https://h/ /a=b", "host=https://h/"),
        ("A=/x/", "A=/./"),
        ("port", "disk"),
        ("http://h/health", "http://h/"),
    ] {
        let words = all.map(|word| if word == left_out { changed } else { word });
        let said = refused(&words, file);
        assert!(
            said.contains("leaves out") && said.ends_with("which F asks for"),
            "{left_out}: {said}"
        );
    }
}

#[test]
fn what_is_looked_at_is_what_the_file_names() {
    let file = "PREFLIGHT_BRANCH=main\nPREFLIGHT_GIT=/src\nDEPLOY_PORT=80\nPREFLIGHT_ENV_FILE=/a\n";
    let all = [
        "--branch",
        "main",
        "--git",
        "/src",
        "--port",
        "80",
        "--env-file",
        "/a",
    ];
    passes(&all, file);
    passes(&["--branch", "side", "--git", "/other"], "");
    for (named, changed) in [
        ("main", "side"),
        ("/src", "/other"),
        ("80", "81"),
        ("/a", "/b"),
    ] {
        let words = all.map(|word| if word == named { changed } else { word });
        let said = refused(&words, file);
        assert!(
            said.ends_with(&format!("{changed} is not {named}, by F")),
            "{said}"
        );
    }
    let two = [&all[..], &["--env-file", "/b"]].concat();
    assert!(refused(&two, file).contains("is not /a"));
}

#[test]
fn no_fewer_migrations_and_no_fewer_patterns() {
    let file = "PREFLIGHT_MIGRATIONS=/m\nPREFLIGHT_DIALECT=sqlite\nPREFLIGHT_FORBID='dbg\ntodo'\nPREFLIGHT_FORBID_IN=/s\n";
    let migrations = ["--migrations", "/m", "--dialect", "sqlite"];
    let other = ["--migrations", "/m", "--dialect", "postgres"];
    let source = "PREFLIGHT_SOURCE=/build\nPREFLIGHT_DIALECT=PostgreSQL\n";
    let patterns = ["--forbid", "dbg", "--forbid", "todo", "--forbid-in", "/s"];
    let all = [&migrations[..], &patterns].concat();
    let with = |more: &[&'static str]| [&all[..], more].concat();
    passes(&all, file);
    let said = refused(&[&other[..], &patterns].concat(), file);
    assert_eq!(said, "--dialect postgres is not sqlite, by F");
    passes(&[&other[..], &["--source", "/build"]].concat(), source);
    let said = refused(&[&other[..], &["--source", "/empty"]].concat(), source);
    assert_eq!(said, "--source /empty is not /build, by F");
    passes(
        &with(&[
            "--migrations-since",
            "all",
            "--forbid",
            "more",
            "--forbid-in",
            "/t",
        ]),
        file,
    );
    let since = ["--migrations-since", "0009"];
    let said = refused(&with(&since), file);
    assert_eq!(said, "--migrations-since 0009 is not in F");
    passes(
        &with(&since),
        &format!("{file}PREFLIGHT_MIGRATIONS_SINCE=0009\n"),
    );
    let fewer = refused(&[&migrations[..], &patterns[2..]].concat(), file);
    assert_eq!(fewer, "--forbid leaves out dbg, which F asks for");
    let elsewhere = all
        .iter()
        .map(|word| if *word == "/s" { "/t" } else { word });
    let elsewhere: Vec<&str> = elsewhere.collect();
    assert!(refused(&elsewhere, file).contains("--forbid-in leaves out /s"));
}
