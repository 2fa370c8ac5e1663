//! Which commit is to be deployed, fetched into the tree's own repository.

use crate::look::git_in;
use crate::{Error, Tree};
use deadline::Deadline;

/// Which commit is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The last one of the checked-out branch's upstream.
    Upstream,
    /// The last one of a branch of the remote; of a branch here where there is no remote.
    Branch(String),
    /// The one of a tag.
    Tag(String),
    /// This one, in full or shortened.
    Commit(String),
}

impl Tree {
    /// Fetches what is wanted; the commit, in full. The working tree, its index and its branches stay as they are.
    pub fn fetch(&self, wanted: &Revision, deadline: &Deadline) -> Result<String, Error> {
        match wanted {
            Revision::Upstream => self.upstream(deadline),
            Revision::Branch(name) => match self.remote(deadline)? {
                Some(remote) => self.branch(&remote, &format!("refs/heads/{name}"), deadline),
                None => self.resolve(&format!("refs/heads/{name}"), deadline),
            },
            Revision::Tag(name) => {
                let tag = format!("refs/tags/{name}");
                if let Some(remote) = self.remote(deadline)? {
                    self.from(&remote, &format!("{tag}:{tag}"), deadline)?;
                }
                self.resolve(&tag, deadline)
            }
            Revision::Commit(id) => self.commit(id, deadline),
        }
    }

    /// What would be fetched, as far as it is known here: nothing is asked of any remote. An error where nothing says what that is.
    pub fn known(&self, wanted: &Revision, deadline: &Deadline) -> Result<Option<String>, Error> {
        let of_remote = |remote: &str, name: &str| {
            let short = name.strip_prefix("refs/heads/").unwrap_or(name);
            format!("refs/remotes/{remote}/{short}")
        };
        let name = match wanted {
            Revision::Upstream => match self.followed(deadline)? {
                (remote, name) if remote == "." => name,
                (remote, name) => of_remote(&remote, &name),
            },
            Revision::Branch(name) => match self.remote(deadline)? {
                Some(remote) => of_remote(&remote, name),
                None => format!("refs/heads/{name}"),
            },
            Revision::Tag(name) => format!("refs/tags/{name}"),
            Revision::Commit(id) => id.clone(),
        };
        let commit = format!("{name}^{{commit}}");
        self.line(["rev-parse", "--verify", "--quiet", &commit], deadline)
    }

    /// The remote and the branch there that the checked-out branch follows.
    fn followed(&self, deadline: &Deadline) -> Result<(String, String), Error> {
        let root = self.root().display();
        let Some(branch) = self.head(deadline)?.branch else {
            return Err(Error::no(
                "no-upstream",
                format!(
                    "no branch is checked out in {root}, so nothing says what is to be deployed; --branch, --tag or --commit would"
                ),
            )
            .hint(format!("{} switch BRANCH", git_in(self.root()))));
        };
        let setting =
            |what: &str| self.line(["config", &format!("branch.{branch}.{what}")], deadline);
        let (Some(remote), Some(merge)) = (setting("remote")?, setting("merge")?) else {
            return Err(Error::no(
                "no-upstream",
                format!(
                    "the branch {branch} of {root} has no upstream; --branch NAME would do as well"
                ),
            )
            .hint(format!(
                "{} branch --set-upstream-to=origin/{branch}",
                git_in(self.root())
            )));
        };
        Ok((remote, merge))
    }

    fn upstream(&self, deadline: &Deadline) -> Result<String, Error> {
        let (remote, merge) = self.followed(deadline)?;
        // A branch may follow another one of the same repository.
        if remote == "." {
            return self.resolve(&merge, deadline);
        }
        self.branch(&remote, &merge, deadline)
    }

    /// The remote that is asked: the checked-out branch's, else the only one, else origin.
    fn remote(&self, deadline: &Deadline) -> Result<Option<String>, Error> {
        if let Some(branch) = self.head(deadline)?.branch
            && let Some(remote) =
                self.line(["config", &format!("branch.{branch}.remote")], deadline)?
            && remote != "."
        {
            return Ok(Some(remote));
        }
        let said = self.say(["remote"], deadline)?;
        let said = String::from_utf8_lossy(&said);
        let all: Vec<&str> = said.lines().collect();
        Ok(match all[..] {
            [] => None,
            [only] => Some(only.to_owned()),
            _ => Some("origin".to_owned()),
        })
    }

    /// Fetches one branch to where git itself keeps it.
    fn branch(&self, remote: &str, name: &str, deadline: &Deadline) -> Result<String, Error> {
        let short = name.strip_prefix("refs/heads/").unwrap_or(name);
        let kept = format!("refs/remotes/{remote}/{short}");
        self.from(remote, &format!("+{name}:{kept}"), deadline)?;
        self.resolve(&kept, deadline)
    }

    fn commit(&self, id: &str, deadline: &Deadline) -> Result<String, Error> {
        if let Ok(commit) = self.resolve(id, deadline) {
            return Ok(commit);
        }
        self.bring(id, deadline)?;
        self.resolve(id, deadline)
    }

    /// Tries to have a commit from the remote that is not here.
    pub(crate) fn bring(&self, id: &str, deadline: &Deadline) -> Result<(), Error> {
        let Some(remote) = self.remote(deadline)? else {
            return Ok(());
        };
        let all = self.say(
            [
                "fetch",
                "--quiet",
                "--no-auto-maintenance",
                "--tags",
                &remote,
            ],
            deadline,
        );
        if self.resolve(id, deadline).is_err() && is_whole(id) {
            // In full it may be had although no branch has it any more; where not, that is said by whoever needs it.
            self.from(&remote, id, deadline).ok();
            deadline.check()?;
        }
        all.map(drop)
    }

    fn from(&self, remote: &str, what: &str, deadline: &Deadline) -> Result<(), Error> {
        let arguments = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            remote,
            what,
        ];
        self.say(arguments, deadline).map(drop).map_err(|error| {
            if error.message.contains("couldn't find remote ref") {
                let name = what
                    .split(':')
                    .next()
                    .unwrap_or(what)
                    .trim_start_matches('+');
                return self.no_such(name);
            }
            error
        })
    }

    /// The commit of that name, in full.
    pub(crate) fn resolve(&self, name: &str, deadline: &Deadline) -> Result<String, Error> {
        let wanted = format!("{name}^{{commit}}");
        self.line(
            [
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &wanted,
            ],
            deadline,
        )?
        .ok_or_else(|| self.no_such(name))
    }

    fn no_such(&self, name: &str) -> Error {
        let root = self.root().display();
        let git = git_in(self.root());
        Error::no("no-such-revision", format!("{root}: there is no {name}"))
            .hint(format!("{git} fetch && {git} branch --all --verbose"))
    }

    /// Keeps the commit of a release, whatever becomes of branches. A ref of that name that keeps another commit is
    /// another application's, or was left behind, and stays.
    pub fn keep(&self, release: &str, commit: &str, deadline: &Deadline) -> Result<(), Error> {
        let name = kept(release);
        match self.resolve(&name, deadline) {
            Ok(there) if there == commit => return Ok(()),
            Ok(there) => {
                let root = self.root().display();
                return Err(Error::no(
                    "ref-taken",
                    format!(
                        "{name} in {root} keeps another commit, {there}, which something may need"
                    ),
                )
                .hint(format!("{} update-ref -d {name}", git_in(self.root()))));
            }
            Err(_) => deadline.check()?,
        }
        self.say(["update-ref", &name, commit], deadline).map(drop)
    }

    /// Whether a ref keeps a commit under the name of that release.
    pub fn keeps(&self, release: &str, deadline: &Deadline) -> Result<bool, Error> {
        let name = kept(release);
        Ok(self
            .line(["rev-parse", "--verify", "--quiet", &name], deadline)?
            .is_some())
    }

    /// Lets go of a release that is gone: its commit, and what was made ready of it.
    pub fn forget(&self, release: &str, commit: &str, deadline: &Deadline) -> Result<(), Error> {
        let name = kept(release);
        if self
            .resolve(&name, deadline)
            .is_ok_and(|there| there == commit)
        {
            self.say(["update-ref", "-d", &name, commit], deadline)?;
        }
        self.discard(release)
    }
}

fn kept(release: &str) -> String {
    format!("refs/slipway/{release}")
}

fn is_whole(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}
