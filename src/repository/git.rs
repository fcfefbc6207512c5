//! Calls git for what gix cannot read: references in the reftable format, and objects in the quarantine of a push. Replacement objects are
//! off and nothing is fetched. Answers are checked like any input from outside.

use super::config_entry::{ConfigEntry, Scope};
use super::{Error as RepositoryError, Repository, reading::within_limit};
use crate::git_process;
use gix::bstr::ByteSlice as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A call of git failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Git cannot be started.
    #[error("git cannot be started, but this repository needs it: {0}")]
    Start(std::io::Error),
    /// Git ended with an error.
    #[error("git {command} failed: {message}")]
    Failed {
        /// The subcommand.
        command: &'static str,
        /// What git printed.
        message: String,
    },
    /// The repository has a format that this git does not know.
    #[error("this git does not know the repository's extension {extensions}")]
    UnknownExtension {
        /// The names that git printed.
        extensions: String,
    },
    /// The repository has a version that git or gix does not know.
    #[error("the repository's format version is {version}; expected 0 or 1")]
    UnknownVersion {
        /// The version that git printed.
        version: String,
    },
    /// The repository's version and its extensions contradict each other.
    #[error("the repository's extension {extensions} needs core.repositoryFormatVersion = 1")]
    ExtensionOfVersion1 {
        /// The names that git printed.
        extensions: String,
    },
    /// The list of new commits is not complete.
    #[error("the new commits cannot be listed, because objects are missing or damaged{}", cause(.0))]
    Listing(String),
    /// The argument is not an object id.
    #[error("git {command} needs a whole object id of this repository")]
    NoId {
        /// The subcommand.
        command: &'static str,
    },
    /// The answer is not in the expected format.
    #[error("git {command} sent an invalid answer")]
    Answer {
        /// The subcommand.
        command: &'static str,
    },
}

impl Error {
    /// The error of a call that failed with this message, in one line.
    fn failed(command: &'static str, message: &str) -> Self {
        Self::of_format(message)
            .unwrap_or_else(|| Self::Failed { command, message: message.split_whitespace().collect::<Vec<_>>().join(" ") })
    }

    /// The error of a call that failed with this message, if git cannot read the repository's format.
    pub(crate) fn of_format(message: &str) -> Option<Self> {
        // git lists the names below this line; then other messages can follow
        let names = |beginning| {
            let (_, list) = message.split_once(beginning)?.1.split_once(':')?;
            let names: Vec<&str> = list.split_whitespace().take_while(|word| !word.ends_with(':')).collect();
            Some(names.join(", "))
        };
        if let Some(extensions) = names("unknown repository extension") {
            return Some(Self::UnknownExtension { extensions });
        }
        if let Some(extensions) = names("v1-only extension") {
            return Some(Self::ExtensionOfVersion1 { extensions });
        }
        let (_, version) = message.split_once("git repo version <=")?.1.split_once("found ")?;
        Some(Self::UnknownVersion { version: version.split_whitespace().next().unwrap_or_default().to_owned() })
    }
}

/// The whole configuration as git reads it here, with the included files.
pub(super) fn configuration(repository: &Repository) -> Result<Vec<ConfigEntry>, RepositoryError> {
    let command = "config";
    repository.check_for_git()?;
    let mut call = git_process::git([command, "--list", "--null", "--show-scope", "--show-origin", "--includes"]);
    let output = call.env("LC_ALL", "C").output().map_err(Error::Start)?;
    if !output.status.success() {
        return Err(Error::failed(command, &String::from_utf8_lossy(&output.stderr)).into());
    }
    let mut parts = output.stdout.split(|byte| *byte == 0);
    let mut entries = Vec::new();
    // each value has three parts; after the last one nothing follows
    while let (Some(scope), Some(origin), Some(value)) = (parts.next(), parts.next(), parts.next()) {
        entries.extend(entry(repository, scope, origin, value).ok_or(Error::Answer { command })?);
    }
    Ok(entries)
}

/// One value; inside, `None` for a part of the configuration that does not count here. `None` where it is not in git's format.
fn entry(repository: &Repository, scope: &[u8], origin: &[u8], value: &[u8]) -> Option<Option<ConfigEntry>> {
    let (key, value) = match value.split_once_str("\n") {
        Some((key, value)) => (key, Some(value.to_vec())),
        None => (value, None),
    };
    let (section, rest) = key.split_once_str(".")?;
    let (subsection, name) = rest.rsplit_once_str(".").map_or((None, rest), |(subsection, name)| (Some(subsection), name));
    let scope = match scope {
        b"system" => Scope::System,
        b"global" => Scope::Global,
        b"local" => Scope::Local,
        b"worktree" => Scope::Worktree,
        b"command" => Scope::CommandLine,
        _ => return Some(None),
    };
    let file = match origin.strip_prefix(b"file:") {
        Some(path) => Some(located(repository, path.to_path().ok()?)),
        None => None,
    };
    let text = |bytes: &[u8]| bytes.to_str_lossy().into_owned();
    Some(Some(ConfigEntry {
        section: text(section).to_ascii_lowercase(),
        subsection: subsection.map(text),
        name: text(name).to_ascii_lowercase(),
        value,
        scope,
        file,
    }))
}

/// The absolute path of a file. git names it from the top of the work tree, or from the git directory, into which it changes first.
fn located(repository: &Repository, path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let tops = [repository.work_tree().map(Path::to_owned), Some(here.clone()), Some(repository.git_dir().to_owned())];
    let found = tops.into_iter().flatten().map(|top| here.join(top).join(path)).find(|path| path.exists());
    found.unwrap_or_else(|| here.join(path))
}

/// The longest line of an answer, in bytes: the longest name of a reference.
const LONGEST_LINE: u64 = 8192;

/// Git's object reader: one process for all objects and threads, started for the first object.
#[derive(Debug, Default)]
pub(super) struct Objects {
    reader: Mutex<Option<Reader>>,
}

impl Objects {
    /// The object with this id as git has stored it. The caller hashes the bytes.
    pub(super) fn read(&self, repository: &Repository, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), RepositoryError> {
        require_id(repository, id, "cat-file")?;
        let mut slot = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = match slot.take() {
            Some(reader) => reader,
            None => Reader::start(repository)?,
        };
        // git calls a damaged object missing
        let answer = reader.read(id).map_err(|error| match error {
            RepositoryError::MissingObject(_) if repository.file_of(id).is_some() => {
                repository.damaged(id, "git cannot read it".to_owned())
            }
            error => error,
        });
        // after another error the position in the output is unknown; the next object gets a new reader
        if matches!(answer, Ok(_) | Err(RepositoryError::MissingObject(_) | RepositoryError::DamagedObject { .. })) {
            *slot = Some(reader);
        }
        answer
    }
}

/// `git cat-file --batch`: reads ids and writes objects.
#[derive(Debug)]
struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    fn start(repository: &Repository) -> Result<Self, RepositoryError> {
        let command = "cat-file";
        let mut child = command_of(repository, &[command, "--batch"])?.stdin(Stdio::piped()).spawn().map_err(Error::Start)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self { child, input, output: BufReader::new(output) }),
            _ => Err(Error::Answer { command }.into()),
        }
    }

    fn read(&mut self, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), RepositoryError> {
        let invalid = || RepositoryError::from(Error::Answer { command: "cat-file" });
        self.input.write_all(format!("{id}\n").as_bytes()).map_err(|_| invalid())?;
        let mut header = String::new();
        self.output.by_ref().take(LONGEST_LINE).read_line(&mut header).map_err(|_| invalid())?;
        let mut words = header.split_whitespace();
        let (Some(found), Some(kind)) = (words.next(), words.next()) else { return Err(invalid()) };
        if found != id {
            return Err(invalid());
        }
        if kind == "missing" {
            return Err(RepositoryError::MissingObject(id.to_owned()));
        }
        let size: u64 = words.next().and_then(|size| size.parse().ok()).ok_or_else(invalid)?;
        let kind = gix::objs::Kind::from_bytes(kind.as_bytes()).map_err(|_| invalid())?;
        within_limit(id, kind, size)?;
        let mut bytes = Vec::new();
        self.output.by_ref().take(size).read_to_end(&mut bytes).map_err(|_| invalid())?;
        let mut end = [0];
        self.output.read_exact(&mut end).map_err(|_| invalid())?;
        if u64::try_from(bytes.len()) != Ok(size) || end != *b"\n" {
            return Err(invalid());
        }
        Ok((kind, bytes))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // all answers were read; git must not outlive this process
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The commits that `git rev-list` lists.
#[derive(Debug)]
pub(super) struct Listing {
    child: Child,
    /// Reads what git says beside the list.
    complaints: Option<Complaints>,
    output: BufReader<ChildStdout>,
    digits: usize,
    ended: bool,
}

const REV_LIST: &str = "rev-list";

impl Listing {
    /// Starts `git rev-list`. `revisions` go to standard input, one a line: whole ids, with `^` for excluded ones.
    pub(super) fn start(repository: &Repository, revisions: &str, options: &[&str]) -> Result<Self, RepositoryError> {
        let mut command = command_of(repository, &[&["-c", "core.commitGraph=false", REV_LIST, "--stdin"], options].concat())?;
        // a graft would replace the parents that the commits name
        let mut child =
            command.env("GIT_GRAFT_FILE", "/dev/null").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(Error::Start)?;
        let complaints = child.stderr.take().map(complaints_of);
        // git reads all input before it answers; if it ends early, its exit status says so
        let written = child.stdin.take().map(|mut input| input.write_all(revisions.as_bytes()));
        match (written, child.stdout.take()) {
            (Some(Ok(())), Some(output)) => {
                let digits = repository.gix.object_hash().len_in_hex();
                Ok(Self { child, complaints, output: BufReader::new(output), digits, ended: false })
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Error::Listing(complaints.map(last_complaint).unwrap_or_default()).into())
            }
        }
    }
}

/// The thread that reads git's messages, so that git never waits.
type Complaints = std::thread::JoinHandle<Vec<u8>>;

fn complaints_of(messages: ChildStderr) -> Complaints {
    std::thread::spawn(move || {
        let mut first = Vec::new();
        let mut messages = messages;
        let _ = messages.by_ref().take(LONGEST_LINE).read_to_end(&mut first);
        let _ = std::io::copy(&mut messages, &mut std::io::sink());
        first
    })
}

/// The last line that git said, without its label.
fn last_complaint(complaints: Complaints) -> String {
    let text = complaints.join().unwrap_or_default();
    let last = text.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap_or_default().to_str_lossy().into_owned();
    last.strip_prefix("fatal: ").or(last.strip_prefix("error: ")).unwrap_or(&last).to_owned()
}

fn cause(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

impl Iterator for Listing {
    type Item = Result<String, RepositoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut line = String::new();
        let result = match self.output.by_ref().take(LONGEST_LINE).read_line(&mut line) {
            Ok(0) => match self.child.wait() {
                Ok(status) if status.success() => None,
                _ => Some(Err(Error::Listing(self.complaints.take().map(last_complaint).unwrap_or_default()).into())),
            },
            Ok(_) => match line.strip_suffix('\n') {
                Some(id) if is_id(id, self.digits) => Some(Ok(id.to_owned())),
                _ => Some(Err(Error::Answer { command: REV_LIST }.into())),
            },
            Err(_) => Some(Err(Error::Answer { command: REV_LIST }.into())),
        };
        self.ended = !matches!(result, Some(Ok(_)));
        result
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Accepts whole ids only, so that git does not take them for an expression or an option.
pub(super) fn require_id(repository: &Repository, id: &str, command: &'static str) -> Result<(), RepositoryError> {
    if is_id(id, repository.gix.object_hash().len_in_hex()) { Ok(()) } else { Err(Error::NoId { command }.into()) }
}

fn is_id(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The one line that `git rev-parse` prints, and its warnings.
pub(super) fn line(repository: &Repository, arguments: &[&str]) -> Result<(String, String), RepositoryError> {
    let command = "rev-parse";
    let output = command_of(repository, arguments)?.stderr(Stdio::piped()).output().map_err(Error::Start)?;
    let warnings = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(Error::failed(command, &warnings).into());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| Error::Answer { command })?;
    Ok((text.trim_end_matches('\n').to_owned(), warnings))
}

/// The ids that a revision or range stands for: as they are stored, or as git shows them, with replaced objects and grafts.
pub(super) fn revisions(repository: &Repository, revision: &str, is_original: bool) -> Result<Vec<u8>, RepositoryError> {
    let command = "rev-parse";
    let mut git = command_of(repository, &[command, "--revs-only", revision, "--"])?;
    if is_original {
        git.env("GIT_GRAFT_FILE", if cfg!(windows) { "NUL" } else { "/dev/null" });
    } else {
        // what the user's own call of git has
        git = git_process::showing(repository.git_dir());
        git.args([command, "--revs-only", revision, "--"]).stdout(Stdio::piped()).stderr(Stdio::null());
    }
    let output = git.output().map_err(Error::Start)?;
    if output.status.success() { Ok(output.stdout) } else { Err(Error::failed(command, "").into()) }
}

/// Passes each line that this command of git prints to `take`, which returns `None` for an invalid line. A warning that git ignores something, such as a broken
/// reference, is an error.
pub(super) fn lines(
    repository: &Repository,
    command: &'static str,
    arguments: &[&str],
    mut take: impl FnMut(&[u8]) -> Option<()>,
) -> Result<(), RepositoryError> {
    let arguments: Vec<&str> = std::iter::once(command).chain(arguments.iter().copied()).collect();
    let mut child = command_of(repository, &arguments)?.stderr(Stdio::piped()).spawn().map_err(Error::Start)?;
    // read by a thread, so that git never waits; only the first part is kept
    let complaints = child.stderr.take().map(|pipe| {
        std::thread::spawn(move || {
            let mut complaint = Vec::new();
            pipe.take(LONGEST_LINE).read_to_end(&mut complaint).map(|_| complaint)
        })
    });
    let mut output = BufReader::new(child.stdout.take().ok_or(Error::Answer { command })?);
    let mut is_valid = true;
    let mut line = Vec::new();
    while is_valid && output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|_| Error::Answer { command })? > 0 {
        is_valid = line.strip_suffix(b"\n").and_then(&mut take).is_some();
        line.clear();
    }
    if !is_valid {
        let _ = child.kill();
    }
    let status = child.wait().map_err(Error::Start)?;
    let complaint = complaints.and_then(|complaints| complaints.join().ok()).and_then(Result::ok);
    let message = complaint.map(|complaint| String::from_utf8_lossy(&complaint).trim().to_owned());
    match message.filter(|_| is_valid) {
        Some(message) if status.success() && !message.contains("ignoring") => Ok(()),
        Some(message) => Err(Error::failed(command, &message).into()),
        None => Err(Error::Answer { command }.into()),
    }
}

/// The URL that git fetches a remote from, after `url.*.insteadOf`.
pub(super) fn fetch_url(repository: &Repository, remote: &str) -> Option<String> {
    let output = command_of(repository, &["remote", "get-url", "--", remote]).ok()?.output().ok()?;
    let url = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(url.trim_end_matches('\n').to_owned())
}

/// A call of git in this repository, whose files were checked.
fn command_of(repository: &Repository, arguments: &[&str]) -> Result<Command, RepositoryError> {
    repository.check_for_git()?;
    let here = std::env::current_dir().map_err(RepositoryError::CurrentDirectory)?;
    let top = repository.folder_of_git(&here);
    let is_elsewhere = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"].iter().any(|name| std::env::var_os(name).is_some());
    // with --git-dir, git stays in the current folder, and would resolve the paths in these variables from there
    let mut command = match is_elsewhere && top != here {
        true => git_process::reading(&here.join(repository.git_dir())),
        false => git_process::reading(repository.git_dir()),
    };
    if is_elsewhere {
        command.current_dir(top);
    }
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    Ok(command)
}
