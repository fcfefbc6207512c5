//! Where the agent's folder is. It is the same for every process of a user with the same home folder, whatever other variables say: a shell of
//! cron, ssh or su must find the agent that is running.
//!
//! 1. `paraph` in `$PARAPH_RUNTIME_DIR`, which only tests set;
//! 2. `paraph` in `/run/user/UID`;
//! 3. `paraph-UID` in `/tmp`, on macOS in the user's folder for temporary files;
//! 4. `paraph/agent` in the user's folder for caches, if the one before belongs to another user.
//!
//! An agent has the configuration of one home folder. With another one than the user's own, a digest of it is appended to the name, so that
//! root with the home folder of a user does not sign by that user's configuration.

use super::peer;
use sha2::{Digest as _, Sha256};
use std::{
    ffi::OsString,
    fs::Metadata,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

/// Names the folder of the agent's folder, for tests.
pub(crate) const VARIABLE: &str = "PARAPH_RUNTIME_DIR";

/// The limit of a socket's path, in bytes: `sun_path` without its NUL.
pub(super) const MAX_PATH: usize = if cfg!(any(target_os = "linux", target_os = "android")) { 107 } else { 103 };

/// The limit of the folder's path, in bytes.
const MAX_FOLDER: usize = MAX_PATH - "/forward.sock".len();

/// What decides where the folder is.
pub(super) struct Surroundings {
    /// Reads a variable.
    pub(super) variable: fn(&str) -> Option<OsString>,
    /// The user's id.
    pub(super) user: u32,
    /// The home folder of this process.
    pub(super) home: Option<PathBuf>,
    /// The home folder that the system's list of users gives, if it lists this user.
    pub(super) listed_home: Option<PathBuf>,
    /// The folder of the runtime folders of all users.
    pub(super) runtime_folders: PathBuf,
    /// The folder for temporary files.
    pub(super) temporary: PathBuf,
}

/// A folder that the agent may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) folder: PathBuf,
    /// Whether its parents are created too.
    pub(super) creates_parents: bool,
}

/// The folders that the agent may use, the best first.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) folders: Vec<Candidate>,
    /// Where an agent that another version or another environment started may be.
    pub(super) earlier: Vec<PathBuf>,
    /// What the user should know about a folder that is not used.
    pub(super) notice: Option<String>,
}

impl Surroundings {
    /// Those of this process; `None` if its user cannot be told from others.
    pub(super) fn of_process() -> Option<Self> {
        let user = peer::own_user()?;
        Some(Self {
            variable: |name| std::env::var_os(name),
            user,
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            listed_home: std::fs::read_to_string("/etc/passwd").ok().and_then(|users| home_of(&users, user)),
            runtime_folders: "/run/user".into(),
            temporary: temporary(),
        })
    }

    pub(super) fn candidates(&self) -> Candidates {
        let Self { user, .. } = self;
        let mut found = Candidates::default();
        if let Some(named) = (self.variable)(VARIABLE).filter(|named| !named.is_empty()).map(PathBuf::from) {
            match self.why_unusable(&named) {
                None => {
                    found.folders.push(Candidate { folder: named.join("paraph"), creates_parents: false });
                    return found;
                }
                Some(why) => found.notice = Some(format!("{} is not used for the agent ({VARIABLE}): {why}", named.display())),
            }
        }
        let digest = self.home.as_ref().map(|home| {
            let home = home.canonicalize().unwrap_or_else(|_| home.clone());
            let mut digest = hex::encode(Sha256::digest(home.as_os_str().as_bytes()));
            // a socket's path must be short, and 64 bits tell the homes of one user apart
            digest.truncate(16);
            format!("-{digest}")
        });
        let suffix = |is_needed: bool| digest.as_deref().filter(|_| is_needed).unwrap_or_default();
        let runtime = self.runtime_folders.join(user.to_string());
        if self.why_unusable(&runtime).is_none() {
            // who has a session there is a user like those that are listed
            let suffix = suffix(self.has_listed_home() == Some(false));
            found.folders.push(Candidate { folder: runtime.join(format!("paraph{suffix}")), creates_parents: false });
        }
        let suffix = suffix(self.has_listed_home() != Some(true));
        found.folders.push(Candidate { folder: self.temporary.join(format!("paraph-{user}{suffix}")), creates_parents: false });
        if let Some(home) = self.home.as_ref().filter(|home| is_of(home, *user)) {
            let caches = if cfg!(target_vendor = "apple") { "Library/Caches" } else { ".cache" };
            found.folders.push(Candidate { folder: home.join(caches).join("paraph/agent"), creates_parents: true });
        }
        let named = |name: &str| (self.variable)(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        found.earlier.extend(named("XDG_RUNTIME_DIR").map(|folder| folder.join("paraph")));
        found.earlier.extend(named("TMPDIR").map(|folder| folder.join(format!("paraph-{user}"))));
        found
    }

    /// Where links to the sockets belong, for programs that look for them in `$XDG_RUNTIME_DIR`.
    pub(super) fn links(&self) -> Option<PathBuf> {
        let runtime = PathBuf::from((self.variable)("XDG_RUNTIME_DIR")?);
        let identity = |path: &Path| std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        let is_usual = identity(&runtime) == identity(&self.runtime_folders.join(self.user.to_string()));
        let is_named = (self.variable)(VARIABLE).is_some_and(|named| !named.is_empty());
        (!is_usual && !is_named && self.why_unusable(&runtime).is_none()).then(|| runtime.join("paraph"))
    }

    /// Why nothing is created in a runtime folder; `None` if it can be used.
    fn why_unusable(&self, folder: &Path) -> Option<String> {
        if !folder.is_absolute() {
            return Some("it is not an absolute path".to_owned());
        }
        let metadata = match std::fs::metadata(folder) {
            Ok(metadata) => metadata,
            Err(error) => return Some(error.to_string()),
        };
        if !metadata.is_dir() {
            return Some("it is not a folder".to_owned());
        }
        if metadata.uid() != self.user {
            return Some(format!("it belongs to user {}; this is user {}", metadata.uid(), self.user));
        }
        let length = folder.join("paraph").as_os_str().len();
        (length > MAX_FOLDER).then(|| format!("it is too long for a socket ({length} bytes; at most {MAX_FOLDER} are possible)"))
    }

    /// Whether the home folder of this process is the listed one; `None` if none is listed.
    fn has_listed_home(&self) -> Option<bool> {
        let (Some(home), Some(listed)) = (&self.home, &self.listed_home) else {
            return self.home.is_none().then_some(true);
        };
        let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let is_same = || Some(identity(std::fs::metadata(home).ok()?) == identity(std::fs::metadata(listed).ok()?));
        Some(home == listed || is_same().unwrap_or(false))
    }
}

fn is_of(path: &Path, user: u32) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.uid() == user)
}

/// The home folder of a user in the format of `passwd(5)`.
fn home_of(users: &str, user: u32) -> Option<PathBuf> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        (fields.next()?.parse() == Ok(user)).then(|| fields.nth(2).filter(|home| home.starts_with('/')).map(PathBuf::from))?
    })
}

#[cfg(not(target_vendor = "apple"))]
fn temporary() -> PathBuf {
    "/tmp".into()
}

/// The user's own folder, as `confstr(3)` gives it, which is what `TMPDIR` has at first.
#[cfg(target_vendor = "apple")]
fn temporary() -> PathBuf {
    let found = std::process::Command::new("/usr/bin/getconf").arg("DARWIN_USER_TEMP_DIR").stdin(std::process::Stdio::null()).output();
    let found = found.ok().filter(|output| output.status.success()).and_then(|output| String::from_utf8(output.stdout).ok());
    found.map(|text| PathBuf::from(text.trim())).filter(|folder| folder.is_absolute()).unwrap_or_else(|| "/tmp".into())
}

#[cfg(test)]
mod tests;
