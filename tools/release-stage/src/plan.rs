//! What kind of thing the markers at the root of a tree make it, and what follows from that.
//!
//! Only the root counts: one stray file of another language inside a dependency must not change the answer.

use serde_json::Value;
use std::collections::BTreeSet;

/// The root of a tree: its names, and what its `package.json` says.
#[derive(Debug, Clone, Default)]
pub struct Root {
    /// The names directly in it; those that are not UTF-8 are no markers.
    pub names: BTreeSet<String>,
    /// Its `package.json`, where it has one that can be understood.
    pub package: Option<Value>,
}

/// The kinds of tree, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What Next.js builds to run by itself.
    NextjsStandalone,
    /// A Next.js application.
    Nextjs,
    /// A package of Node.js.
    Node,
    /// A Python project.
    Python,
    /// Pages.
    Static,
    /// Nothing that is known by its markers.
    Directory,
}

impl Kind {
    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::NextjsStandalone => "nextjs-standalone",
            Self::Nextjs => "nextjs",
            Self::Node => "node",
            Self::Python => "python",
            Self::Static => "static",
            Self::Directory => "directory",
        }
    }
}

impl Root {
    fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    /// A text in `package.json`, under a JSON pointer.
    fn package_text(&self, pointer: &str) -> Option<&str> {
        self.package.as_ref()?.pointer(pointer)?.as_str()
    }

    /// What kind of tree this is.
    pub fn kind(&self) -> Kind {
        let uses_next = self.package_text("/dependencies/next").is_some()
            || self
                .names
                .iter()
                .any(|name| name.starts_with("next.config."));
        if self.has(".next") && self.has("server.js") && self.has("package.json") {
            Kind::NextjsStandalone
        } else if self.has("package.json") && uses_next {
            Kind::Nextjs
        } else if self.has("package.json") {
            Kind::Node
        } else if self.has_any(&["requirements.txt", "pyproject.toml", "setup.py", "Pipfile"]) {
            Kind::Python
        } else if self.has("index.html") {
            Kind::Static
        } else {
            Kind::Directory
        }
    }

    /// The command that starts it, where the tree itself says so.
    pub fn start(&self) -> Option<String> {
        match self.kind() {
            Kind::NextjsStandalone => Some("node server.js".into()),
            Kind::Nextjs | Kind::Node => self.node_start(),
            Kind::Python | Kind::Static | Kind::Directory => None,
        }
    }

    fn node_start(&self) -> Option<String> {
        if self.package_text("/scripts/start").is_some() {
            return Some("npm start".into());
        }
        if self.has("server.js") {
            // npm's own rule for a package without a start script.
            return Some("node server.js".into());
        }
        // A path that a shell would take apart is somebody else's puzzle.
        let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
        self.package_text("/main")
            .filter(|main| !main.is_empty() && !main.starts_with('-') && main.chars().all(plain))
            .map(|main| format!("node {main}"))
    }

    /// The command that installs what it depends on; what only a build needs is left out where none follows.
    pub fn install(&self, is_built: bool) -> Option<&'static str> {
        if !matches!(self.kind(), Kind::Nextjs | Kind::Node) {
            return None;
        }
        Some(match (self.packager(), is_built) {
            (Packager::Pnpm, true) => "pnpm install --frozen-lockfile",
            (Packager::Pnpm, false) => "pnpm install --frozen-lockfile --prod",
            (Packager::Yarn, true) => "yarn install --frozen-lockfile",
            (Packager::Yarn, false) => "yarn install --frozen-lockfile --production",
            (Packager::Npm, true) => "npm ci",
            (Packager::Npm, false) => "npm ci --omit=dev",
            (Packager::Unlocked, true) => "npm install",
            (Packager::Unlocked, false) => "npm install --omit=dev",
        })
    }

    /// The command that builds it.
    pub fn build(&self) -> Option<&'static str> {
        self.package_text("/scripts/build")?;
        Some(match self.packager() {
            Packager::Pnpm => "pnpm run build",
            Packager::Yarn => "yarn run build",
            Packager::Npm | Packager::Unlocked => "npm run build",
        })
    }

    fn packager(&self) -> Packager {
        if self.has("pnpm-lock.yaml") {
            Packager::Pnpm
        } else if self.has("yarn.lock") {
            Packager::Yarn
        } else if self.has_any(&["package-lock.json", "npm-shrinkwrap.json"]) {
            Packager::Npm
        } else {
            Packager::Unlocked
        }
    }
}

/// Whose lock file there is.
enum Packager {
    Pnpm,
    Yarn,
    Npm,
    Unlocked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn root(names: &[&str], package: Option<Value>) -> Root {
        Root {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            package,
        }
    }

    #[test]
    fn the_first_kind_whose_markers_are_there() {
        let next = json!({"dependencies": {"next": "15"}});
        for (names, package, kind) in [
            (
                &["server.js", ".next", "package.json"][..],
                None,
                "nextjs-standalone",
            ),
            (&["package.json", "requirements.txt"], Some(next), "nextjs"),
            (&["package.json", "next.config.mjs"], None, "nextjs"),
            (&["package.json", "index.html"], Some(json!({})), "node"),
            (&["pyproject.toml", "index.html"], None, "python"),
            (&["index.html"], None, "static"),
            (&["next.config.js", "main.c"], None, "directory"),
            (&[], None, "directory"),
        ] {
            assert_eq!(root(names, package).kind().name(), kind, "{names:?}");
        }
    }

    #[test]
    fn how_it_starts_is_what_the_tree_says() {
        let start = |names: &[&str], package| root(names, Some(package)).start();
        let scripts = json!({"scripts": {"start": "node x"}, "main": "y.js"});
        assert_eq!(
            start(&["package.json"], scripts).as_deref(),
            Some("npm start")
        );
        let main = json!({"main": "lib/y.js"});
        assert_eq!(
            start(&["package.json"], main).as_deref(),
            Some("node lib/y.js")
        );
        let hostile = json!({"main": "x; rm -rf /"});
        assert_eq!(start(&["package.json"], hostile), None);
        assert_eq!(start(&["index.html"], json!({})), None);
    }

    #[test]
    fn what_is_only_for_building_is_installed_only_for_a_build() {
        let locked = root(&["package.json", "package-lock.json"], Some(json!({})));
        assert_eq!(locked.install(false), Some("npm ci --omit=dev"));
        assert_eq!(locked.install(true), Some("npm ci"));
        assert_eq!(locked.build(), None, "nothing says how");
        assert_eq!(root(&["requirements.txt"], None).install(false), None);
        let yarn = root(
            &["package.json", "yarn.lock"],
            Some(json!({"scripts": {"build": "tsc"}})),
        );
        assert_eq!(yarn.build(), Some("yarn run build"));
    }
}
