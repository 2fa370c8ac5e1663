//! Where things are.

use std::path::{Path, PathBuf};

/// The directory with the binaries of this very build: the test itself lies in `deps` below it, a bench in `examples`.
pub fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.parent().unwrap();
    if directory.ends_with("deps") || directory.ends_with("examples") {
        directory.parent().unwrap().to_owned()
    } else {
        directory.to_owned()
    }
}

/// One binary of the workspace. It must have been built: `make build`, or `cargo build --workspace`.
pub fn binary(name: &str) -> PathBuf {
    let path = binaries().join(name);
    assert!(
        path.is_file(),
        "{} is not built; run make build",
        path.display()
    );
    path
}

/// The cargo target directory.
pub fn target() -> PathBuf {
    binaries().parent().unwrap().to_owned()
}

/// The directory with the real application's wheels in two versions, where `tests/setup` could fetch them.
pub fn real_application() -> Option<PathBuf> {
    let configured = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let wheels = configured
        .unwrap_or_else(target)
        .join("real-application/wheels");
    wheels.join("complete").is_file().then_some(wheels)
}

/// The directory with the programs of PM2, where `tests/setup` could fetch it.
pub fn pm2_programs() -> Option<PathBuf> {
    let configured = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let pm2 = configured.unwrap_or_else(target).join("pm2");
    pm2.join("complete")
        .is_file()
        .then(|| pm2.join("node_modules/.bin"))
}

/// A path as text; the tests make no others.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
