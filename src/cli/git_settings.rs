//! git's own settings that decide whether and how git calls this program.

use super::exit::Failure;
use crate::config;
use crate::repository::{ConfigEntry, Repository, Scope, global_configuration};
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The sections that are read.
const SECTIONS: &[&str] = &["commit", "core", "gpg", "push", "tag", "user"];

/// git's effective settings with their origins.
pub(super) struct GitSettings {
    entries: Vec<ConfigEntry>,
}

/// A setting.
pub(super) struct GitSetting {
    /// The value; `true` for a key without one.
    pub(super) value: String,
    /// Where it was set: the file with its scope.
    pub(super) place: String,
    /// Whether the repository set it, and not the user or the system.
    pub(super) is_of_repository: bool,
}

impl GitSettings {
    pub(super) fn load(repository: Option<&Repository>) -> Result<Self, Failure> {
        let entries = match repository {
            Some(repository) => repository.configuration(SECTIONS)?,
            None => global_configuration(SECTIONS)?,
        };
        Ok(Self { entries })
    }

    /// The setting `section.name` or `section.subsection.name`, in any case. The last value is effective, as in git.
    pub(super) fn get(&self, key: &str) -> Option<GitSetting> {
        let (section, rest) = key.split_once('.')?;
        let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(subsection, name)| (Some(subsection), name));
        let fits = |entry: &&ConfigEntry| {
            entry.section.eq_ignore_ascii_case(section)
                && entry.subsection.as_deref() == subsection
                && entry.name.eq_ignore_ascii_case(name)
        };
        let entry = self.entries.iter().rfind(fits)?;
        let value = entry.value.as_deref().map_or_else(|| "true".to_owned(), |value| String::from_utf8_lossy(value).into_owned());
        let place = match &entry.file {
            Some(file) => format!("{} ({})", file.display(), entry.scope.name()),
            None => entry.scope.name().to_owned(),
        };
        Some(GitSetting { value, place, is_of_repository: matches!(entry.scope, Scope::Local | Scope::Worktree) })
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.get(key).is_some_and(|setting| config::boolean(&setting.value) == Some(true))
    }

    /// The key that git passes to its signing program: `user.signingKey`, otherwise the committer as `Name <email>`.
    pub(super) fn key(&self) -> Option<String> {
        let named = self.get("user.signingKey").map(|setting| setting.value).filter(|key| !key.is_empty());
        named.or_else(committer)
    }
}

/// The committer that git would write here, if it knows one.
fn committer() -> Option<String> {
    let text = crate::git_process::printed(&["var", "GIT_COMMITTER_IDENT"])?;
    text.rsplit_once('>').map(|(identity, _)| format!("{identity}>"))
}

/// The path of the program that git would run by this name, if there is one.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    // git expands it
    if let Some(rest) = name.strip_prefix("~/") {
        return std::env::home_dir().map(|home| home.join(rest)).filter(|path| path.is_file());
    }
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    in_path(name).next()
}

/// The programs of this name in the folders of PATH, in its order.
fn in_path(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join(name)).filter(|path| path.is_file()).collect();
    found.into_iter()
}

/// The user's configuration file that `git config --global` writes.
///
/// # Errors
/// If there is no home folder, so that git has no such file.
pub(super) fn global_file() -> Result<PathBuf, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").or_else(|| cfg!(windows).then(std::env::home_dir).flatten());
    let home = home.ok_or_else(|| Failure::configuration("there is no home folder for git's configuration").with_hint("set HOME"))?;
    // git would create the folder, and a wrong HOME is likelier
    if !home.is_dir() {
        return Err(Failure::configuration(format!("the home folder {} does not exist", home.display())).with_hint("set HOME"));
    }
    if let Some(file) = variable("GIT_CONFIG_GLOBAL") {
        return Ok(file);
    }
    let (usual, xdg) = (home.join(".gitconfig"), variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("git/config"));
    Ok(if !usual.exists() && xdg.exists() { xdg } else { usual })
}

/// Sets a key in the user's configuration.
///
/// # Errors
/// If git cannot.
pub(super) fn set_global(key: &str, value: &str) -> Result<(), Failure> {
    let done = crate::git_process::git(["config", "--global", key, value]).output();
    match done {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Failure::configuration(format!("git could not set {key}: {}", String::from_utf8_lossy(&output.stderr).trim()))),
        Err(error) => Err(Failure::io("git cannot be run", &error)),
    }
}

/// Refuses a configuration file that is not a regular file or a link to one. git replaces the file that it writes: `/dev/null` would be gone.
pub(super) fn check_replaceable(file: &Path) -> Result<(), Failure> {
    match file.metadata() {
        Ok(found) if !found.is_file() => Err(Failure::configuration(format!(
            "git's configuration file {} is not a regular file, and git would replace it",
            file.display()
        ))
        .with_hint("put a regular file there, or a link to one")),
        _ => Ok(()),
    }
}

/// Whether two paths lead to the same file.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The absolute path of this program, by which it can be called after an update too.
///
/// A package manager puts a versioned file behind a link that it keeps (Homebrew's `bin`, a nix profile). So a link is preferred: the one by
/// which the program was called, otherwise the first in PATH, otherwise the one that the package manager keeps beside its folders.
pub(super) fn this_program() -> Result<PathBuf, Failure> {
    let called = called_as().clone();
    let own = std::env::current_exe().map_err(|error| Failure::io("this program's own path cannot be found", &error))?;
    let name = if cfg!(windows) { "paraph.exe" } else { "paraph" };
    let leads_here = |path: &PathBuf| path.is_absolute() && is_same_file(path, &own);
    let named: Vec<PathBuf> = called.into_iter().chain(in_path(name)).filter(leads_here).collect();
    let is_link = |path: &&PathBuf| path.canonicalize().is_ok_and(|target| target != **path);
    let link = named.iter().find(is_link).cloned().or_else(|| beside_folders(&own, name).into_iter().find(leads_here));
    Ok(link.or_else(|| named.into_iter().next()).unwrap_or(own))
}

/// The links that a package manager keeps beside the folder of a version: `PREFIX/bin/NAME` and `PREFIX/opt/PACKAGE/bin/NAME` of Homebrew's
/// `PREFIX/Cellar/PACKAGE/VERSION/bin/NAME`, `current` and `latest` of `PACKAGE/VERSION/bin/NAME` or `PACKAGE/VERSION/NAME` (scoop, mise), and
/// the profiles of nix.
fn beside_folders(own: &Path, name: &str) -> Vec<PathBuf> {
    let mut links = Vec::new();
    let folder = own.parent();
    let is_bin = |folder: &&Path| folder.ends_with("bin");
    let (version, rest) = match folder.filter(is_bin) {
        Some(bin) => (bin.parent(), Path::new("bin").join(name)),
        None => (folder, PathBuf::from(name)),
    };
    if let Some(package) = version.and_then(Path::parent) {
        if let (Some(cellar), Some(package)) = (package.parent().filter(|cellar| cellar.ends_with("Cellar")), package.file_name())
            && let Some(prefix) = cellar.parent()
        {
            links.extend([prefix.join("bin").join(name), prefix.join("opt").join(package).join("bin").join(name)]);
        }
        links.extend(["current", "latest"].map(|link| package.join(link).join(&rest)));
    }
    if own.starts_with("/nix/store") {
        let home = std::env::home_dir();
        let of_user = home.map(|home| [home.join(".nix-profile/bin"), home.join(".local/state/nix/profile/bin")]);
        let of_system = ["/run/current-system/sw/bin", "/nix/var/nix/profiles/default/bin"].map(PathBuf::from);
        links.extend(of_user.into_iter().flatten().chain(of_system).map(|folder| folder.join(name)));
    }
    links
}

/// The absolute path by which this program was called, if it was not found in PATH. A relative one is one in the folder that is the current
/// one at the first call of this function.
pub(super) fn called_as() -> &'static Option<PathBuf> {
    static CALLED: OnceLock<Option<PathBuf>> = OnceLock::new();
    CALLED.get_or_init(|| {
        let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
        called.and_then(|path| std::path::absolute(path).ok())
    })
}
