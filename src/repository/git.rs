//! What gix does not reach, asked of git itself: revisions where references are stored in the reftable format, and objects in the
//! quarantine of a push. Replacement objects are off, nothing is fetched, and the answers are checked as any input from outside.

use super::{Error as RepositoryError, Repository, within_limit};
use crate::git_process;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// git did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program is not there.
    #[error("git cannot be started, and this repository needs it: {0}")]
    Start(std::io::Error),
    /// It ended with an error.
    #[error("git {command} failed: {message}")]
    Failed {
        /// Its subcommand.
        command: &'static str,
        /// What it printed.
        message: String,
    },
    /// The list of new commits is not complete.
    #[error("git rev-list could not list the new commits; `git fsck` tells more")]
    Listing,
    /// It was to be asked for something that is no object id.
    #[error("git {command} is asked only for whole object ids of this repository's kind")]
    NoId {
        /// Its subcommand.
        command: &'static str,
    },
    /// It answered in an unknown way.
    #[error("git {command} gave an answer that is not understood")]
    Answer {
        /// Its subcommand.
        command: &'static str,
    },
}

/// No answer is longer than a reference's name may be.
const LONGEST_LINE: u64 = 8192;

/// git's object reader, one process for all objects and all threads; started with the first object.
#[derive(Debug, Default)]
pub(super) struct Objects {
    reader: Mutex<Option<Reader>>,
}

impl Objects {
    /// The object with this id, as git has stored it. The caller hashes the bytes.
    pub(super) fn read(&self, repository: &Repository, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), RepositoryError> {
        require_id(repository, id, "cat-file")?;
        let mut slot = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = match slot.take() {
            Some(reader) => reader,
            None => Reader::start(repository)?,
        };
        let answer = reader.read(id);
        // after any other error it is not known where in its output the reader stands: the next object gets a new one
        if matches!(answer, Ok(_) | Err(RepositoryError::MissingObject(_))) {
            *slot = Some(reader);
        }
        answer
    }
}

/// `git cat-file --batch`: an id in, an object out.
#[derive(Debug)]
struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    fn start(repository: &Repository) -> Result<Self, RepositoryError> {
        let command = "cat-file";
        let mut child = command_of(repository, &[command, "--batch"]).stdin(Stdio::piped()).spawn().map_err(Error::Start)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self { child, input, output: BufReader::new(output) }),
            _ => Err(Error::Answer { command }.into()),
        }
    }

    fn read(&mut self, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), RepositoryError> {
        let not_understood = || RepositoryError::from(Error::Answer { command: "cat-file" });
        self.input.write_all(format!("{id}\n").as_bytes()).map_err(|_| not_understood())?;
        let mut header = String::new();
        self.output.by_ref().take(LONGEST_LINE).read_line(&mut header).map_err(|_| not_understood())?;
        let mut words = header.split_whitespace();
        let (Some(found), Some(kind)) = (words.next(), words.next()) else { return Err(not_understood()) };
        if found != id {
            return Err(not_understood());
        }
        if kind == "missing" {
            return Err(RepositoryError::MissingObject(id.to_owned()));
        }
        let size: u64 = words.next().and_then(|size| size.parse().ok()).ok_or_else(not_understood)?;
        let kind = gix::objs::Kind::from_bytes(kind.as_bytes()).map_err(|_| not_understood())?;
        within_limit(id, kind, size)?;
        let mut bytes = Vec::new();
        self.output.by_ref().take(size).read_to_end(&mut bytes).map_err(|_| not_understood())?;
        let mut end = [0];
        self.output.read_exact(&mut end).map_err(|_| not_understood())?;
        if u64::try_from(bytes.len()) != Ok(size) || end != *b"\n" {
            return Err(not_understood());
        }
        Ok((kind, bytes))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // every answer that was wanted is complete; git would end by itself, and must not outlive us
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The commits that `git rev-list` names, as it names them.
#[derive(Debug)]
pub(super) struct Listing {
    child: Child,
    output: BufReader<ChildStdout>,
    digits: usize,
    ended: bool,
}

const REV_LIST: &str = "rev-list";

impl Listing {
    /// `revisions` goes to standard input, a line each: whole ids, with `^` before those that are left out. `options` follow it.
    pub(super) fn start(repository: &Repository, revisions: &str, options: &[&str]) -> Result<Self, RepositoryError> {
        let mut command = command_of(repository, &[&["-c", "core.commitGraph=false", REV_LIST, "--stdin"], options].concat());
        // a graft would put other parents in the place of those that the commits themselves name
        let mut child = command.env("GIT_GRAFT_FILE", "/dev/null").stdin(Stdio::piped()).spawn().map_err(Error::Start)?;
        // git reads all of it before it answers; where it ends early, its exit status tells
        let written = child.stdin.take().map(|mut input| input.write_all(revisions.as_bytes()));
        match (written, child.stdout.take()) {
            (Some(Ok(())), Some(output)) => {
                Ok(Self { child, output: BufReader::new(output), digits: repository.gix.object_hash().len_in_hex(), ended: false })
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Error::Listing.into())
            }
        }
    }
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
                _ => Some(Err(Error::Listing.into())),
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

/// Only whole ids are handed to git, so that nothing in them is taken for an expression or an option.
pub(super) fn require_id(repository: &Repository, id: &str, command: &'static str) -> Result<(), RepositoryError> {
    if is_id(id, repository.gix.object_hash().len_in_hex()) { Ok(()) } else { Err(Error::NoId { command }.into()) }
}

fn is_id(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The one line that `git rev-parse` prints, and its warnings.
pub(super) fn line(repository: &Repository, arguments: &[&str]) -> Result<(String, String), RepositoryError> {
    let command = "rev-parse";
    let output = command_of(repository, arguments).stderr(Stdio::piped()).output().map_err(Error::Start)?;
    let warnings = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(Error::Failed { command, message: warnings }.into());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| Error::Answer { command })?;
    Ok((text.trim_end_matches('\n').to_owned(), warnings))
}

/// Hands each line that a command of git prints to `take`, without its end; `None` from it means that the line is not understood. What git
/// leaves out with a warning, such as a broken reference, is an error.
pub(super) fn lines(
    repository: &Repository,
    arguments: &[&'static str],
    mut take: impl FnMut(&[u8]) -> Option<()>,
) -> Result<(), RepositoryError> {
    let command = arguments.first().copied().unwrap_or_default();
    let mut child = command_of(repository, arguments).stderr(Stdio::piped()).spawn().map_err(Error::Start)?;
    // beside its output, so that git waits for nobody however much it has to say; what is more than a line's worth is not heard
    let complaints = child.stderr.take().map(|pipe| {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            pipe.take(LONGEST_LINE).read_to_end(&mut said).map(|_| said)
        })
    });
    let mut output = BufReader::new(child.stdout.take().ok_or(Error::Answer { command })?);
    let mut understood = true;
    let mut line = Vec::new();
    while understood && output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|_| Error::Answer { command })? > 0 {
        understood = line.strip_suffix(b"\n").and_then(&mut take).is_some();
        line.clear();
    }
    if !understood {
        let _ = child.kill();
    }
    let status = child.wait().map_err(Error::Start)?;
    let said = complaints.and_then(|complaints| complaints.join().ok()).and_then(Result::ok);
    let message = said.map(|said| String::from_utf8_lossy(&said).trim().to_owned());
    match message.filter(|_| understood) {
        Some(message) if status.success() && !message.contains("ignoring") => Ok(()),
        Some(message) => Err(Error::Failed { command, message }.into()),
        None => Err(Error::Answer { command }.into()),
    }
}

/// The address that git fetches a remote from, after its own rewriting.
pub(super) fn fetch_url(repository: &Repository, remote: &str) -> Option<String> {
    let output = command_of(repository, &["remote", "get-url", "--", remote]).output().ok()?;
    let url = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(url.trim_end_matches('\n').to_owned())
}

fn command_of(repository: &Repository, arguments: &[&str]) -> Command {
    let mut command = git_process::reading(repository.git_dir());
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}
