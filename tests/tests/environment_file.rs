//! A file for `EnvironmentFile=` is read as the systemd of this machine reads it.
#![allow(clippy::unwrap_used)]

use service::environment_file::{Comments, read};
use slipway_tests::{Supervisor, left_out, target};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// A unit's environment, or nothing where systemd would not start it.
type Environment = Option<BTreeMap<String, String>>;

/// What systemd gives a unit with that file, or with none.
fn by_systemd(file: Option<&Path>) -> Environment {
    let mut command = Command::new("systemd-run");
    command.args(["--quiet", "--wait", "--pipe", "--collect"]);
    if let Some(file) = file {
        command.arg(format!("--property=EnvironmentFile={}", file.display()));
    }
    let output = command.args(["env", "-0"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    output.status.success().then(|| pairs.collect())
}

/// What it gives by our reading.
fn by_us(text: &[u8], comments: Comments) -> Environment {
    let file = read(text, comments).ok()?;
    let variables = file.variables.into_iter();
    Some(variables.map(|one| (one.name, one.value)).collect())
}

/// How this machine's systemd takes a comment that ends in a backslash.
fn comments() -> Comments {
    let output = Command::new("systemctl").arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let version = text.split(' ').nth(1).unwrap();
    if version.parse::<u32>().unwrap() < 254 {
        Comments::GoOn
    } else {
        Comments::End
    }
}

/// Files as people write them, and as nobody should.
const ODD: &[&[u8]] = &[
    b"",
    b"\n\n",
    b"A=b",
    b"A=b\n",
    b" \t A \t = \t b c \t \n",
    b"A=b # no comment\n# a comment\n; another\n  # one more\nB=c",
    b"export A=b\nB=c\n",
    b"A\nB=c\n",
    b"=b\nA=c\n",
    b"==b\n",
    b"1A=b\nA-B=c\nA.B=d\n_=e\nA1_=f\n",
    b"A=\nB=''\nC=\"\"\n",
    b"A='b c '\nB=\"b c \"\n",
    b"A='b' 'c' d 'e'\n",
    b"A=b'c'd\"e\"\n",
    b"A=\"b\"'c'\"d\"\n",
    b"A='it'\\''s'\n",
    b"A='b\\nc\\'\n",
    b"A=\"b\\\"c\\\\d\\$e\\`f\\ng\\h\"\n",
    b"A=b\\ c\\\\d\\\"e\\'f\\n\n",
    b"A=\\ b\n",
    b"A=b\\ \n",
    b"A=b \\",
    b"A=b\\",
    b"A=\\",
    b"A=\\\nb\n",
    b"A=one \\\n  two \\\n\tthree\nB=c\n",
    b"A=\"one \\\ntwo\nthree\"\nB=c\n",
    b"A='one \\\ntwo\nthree'\nB=c\n",
    b"A=b\nA=c\n",
    b"A=b\nA=\n",
    b"A=b\r\nB='c'\r\nC=\"d\"\r\n",
    b"A=b\rB=c\r",
    b"A='b\nB=c\n",
    b"A=\"b\nB=c\n",
    b"A=\"b\\",
    b"A=$B ${B} $(B) `B` %h %%\n",
    b"# ends in a backslash \\\nA=b\nB=c\n",
    b"# ends in two \\\\\nA=b\nB=c\n",
    b"#\\\r\nA=b\nB=c\n",
    b"A=\xc3\xa4\n\xc3\xa4=b\n",
    b"A=\xff\n",
    b"\xff\nA=b\n",
    b"# \xff\nA=b\n",
    b"\xff=c\nA=b\n",
    b"\xef\xbb\xbfA=b\nB=c\n",
    b"A=b\0c\n",
    b"A=\x01\x1b[31m\x7f\n",
    b"A=b\x0cc\n\x0cB=c\nC\x0c=d\n",
    b"A=b=c\nB==\n",
    b"A=#b\nB=;c\n",
    b"A='#b'\nB=\\#c\n",
    b"A={\"a\": 1, \"b\": [true]}\n",
    b"A=-----BEGIN-----\\n abc \\n-----END-----\n",
    b"A=b;c\n;B=d\n",
];

/// Files put together by chance, always the same ones.
fn by_chance(count: usize) -> Vec<Vec<u8>> {
    const PIECES: &[&str] = &[
        "A", "B1", "=", "=", "A=", "\nB=", "'", "\"", "\\", " ", "\t", "\n", "\n", "\r\n", "#",
        ";", "$X", "ä", "x", "\\\n",
    ];
    let mut seed = 20_261_120_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    let mut file = || {
        let pieces = 3 + next(25);
        let text: String = (0..pieces).map(|_| PIECES[next(PIECES.len())]).collect();
        text.into_bytes()
    };
    (0..count).map(|_| file()).collect()
}

#[test]
fn every_file_is_read_as_systemd_reads_it() {
    if let Err(reason) = Supervisor::Systemd.available() {
        left_out(&reason);
        return;
    }
    let comments = comments();
    let always = by_systemd(None).unwrap();
    let directory = target().join(format!("environment-files-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let mut texts: Vec<Vec<u8>> = ODD.iter().map(|text| text.to_vec()).collect();
    texts.extend(by_chance(160));
    let named = |(number, text): (usize, &Vec<u8>)| -> (PathBuf, Vec<u8>) {
        (directory.join(format!("{number}.env")), text.clone())
    };
    let files: Vec<(PathBuf, Vec<u8>)> = texts.iter().enumerate().map(named).collect();
    let (mut started, mut refused) = (0, 0);
    thread::scope(|scope| {
        let asked = files.chunks(files.len().div_ceil(4)).map(|files| {
            let ask = |(path, text): &(PathBuf, Vec<u8>)| {
                fs::write(path, text).unwrap();
                by_systemd(Some(path))
            };
            scope.spawn(move || files.iter().map(ask).collect::<Vec<_>>())
        });
        let asked: Vec<_> = asked.collect();
        let found = asked.into_iter().flat_map(|one| one.join().unwrap());
        for (theirs, (_, text)) in found.zip(&files) {
            let theirs = theirs.map(|mut environment| {
                // What a unit gets in any case, with another value each time.
                environment.retain(|name, _| !always.contains_key(name));
                environment
            });
            let shown = String::from_utf8_lossy(text);
            assert_eq!(theirs, by_us(text, comments), "{shown:?}");
            started += u32::from(theirs.is_some());
            refused += u32::from(theirs.is_none());
        }
    });
    assert!(
        started > 150 && refused >= 3,
        "{started} started, {refused} refused"
    );
    fs::remove_dir_all(&directory).unwrap();
}
