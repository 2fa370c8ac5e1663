//! The error codes of `release-stage`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    (
        "install-failed",
        "the command that installs dependencies failed",
    ),
    ("build-failed", "the build failed"),
    (
        "install-timed-out",
        "the installation was killed at its time limit",
    ),
    ("build-timed-out", "the build was killed at its time limit"),
    (
        "copy-timed-out",
        "the source was not copied or fetched within its time limit",
    ),
    (
        "no-command",
        "nothing in the source says how to install or build it",
    ),
    ("no-source", "the source is not there, or no directory"),
    (
        "source-empty",
        "nothing is in the source, or nothing is left of it without what is left out",
    ),
    (
        "source-relative",
        "the application's file names the source by a relative path",
    ),
    (
        "source-overlaps",
        "the source contains the application's root or its releases, or lies in them",
    ),
    (
        "source-changed",
        "something in the source went away while it was copied",
    ),
    ("source-unusable", "the source cannot be a release"),
    (
        "link-outside",
        "a link in the source leads out of the release",
    ),
    ("shared-missing", "what is to be shared is not in shared/"),
    ("share-replaced", "the build replaced a link into shared/"),
    (
        "share-obstructed",
        "a shared path lies beneath something that is no directory",
    ),
    (
        "no-upstream",
        "--in-place: nothing says which commit is to be deployed",
    ),
    ("submodules", "--in-place: the commit has submodules"),
    (
        "output-not-ignored",
        "--in-place: git does not ignore what the build makes",
    ),
    (
        "ref-taken",
        "--in-place: a ref of the release's name keeps another commit",
    ),
    (
        "other-project",
        "--compose: what runs already belongs to a project of another name than the root's",
    ),
    (
        "known-bad",
        "a release of this commit, or of this configuration and these images, was marked bad",
    ),
    ("release-exists", "there is a release of that name already"),
];
