//! What gix does not reach, asked of git itself: revisions where references are stored in the reftable format, and objects in the
//! quarantine of a push. Replacement objects are off, nothing is fetched, and the answers are checked as any input from outside.

use super::revision::Resolved;
use super::{Error as RepositoryError, Repository, within_limit};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

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
    /// It answered in an unknown way.
    #[error("git {command} gave an answer that is not understood")]
    Answer {
        /// Its subcommand.
        command: &'static str,
    },
}

/// No answer is longer than a reference's name may be.
const LONGEST_LINE: u64 = 8192;

pub(super) fn resolve(repository: &Repository, revision: &str) -> Result<Resolved, RepositoryError> {
    let (id, warnings) = line(repository, &["rev-parse", "--verify", revision])?;
    if warnings.contains("is ambiguous") {
        let meanings = vec!["more than one reference or object".to_owned()];
        return Err(RepositoryError::AmbiguousRevision { revision: revision.to_owned(), meanings });
    }
    if id.len() != repository.gix.object_hash().len_in_hex() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::Answer { command: "rev-parse" }.into());
    }
    // HEAD is answered with the branch that it points to, and an expression with an empty line.
    let reference = match revision {
        "HEAD" | "@" => Some("HEAD".to_owned()),
        _ => {
            Some(line(repository, &["rev-parse", "--verify", "--symbolic-full-name", revision])?.0).filter(|name| name.starts_with("refs/"))
        }
    };
    Ok(Resolved { id, reference })
}

pub(super) fn object(repository: &Repository, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), RepositoryError> {
    let command = "cat-file";
    let mut child = command_of(repository, &[command, "--batch"]).stdin(Stdio::piped()).spawn().map_err(Error::Start)?;
    let answer = read_object(&mut child, id);
    // The answer is complete or useless by now; git ends by itself, or is ended.
    let _ = child.kill();
    let _ = child.wait();
    answer
}

fn read_object(child: &mut Child, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), RepositoryError> {
    let not_understood = || RepositoryError::from(Error::Answer { command: "cat-file" });
    let mut input = child.stdin.take().ok_or_else(not_understood)?;
    input.write_all(format!("{id}\n").as_bytes()).map_err(|_| not_understood())?;
    drop(input);
    let mut output = BufReader::new(child.stdout.take().ok_or_else(not_understood)?);
    let mut header = String::new();
    output.by_ref().take(LONGEST_LINE).read_line(&mut header).map_err(|_| not_understood())?;
    let mut words = header.split_whitespace();
    let (Some(found), Some(kind)) = (words.next(), words.next()) else { return Err(not_understood()) };
    if kind == "missing" {
        return Err(RepositoryError::MissingObject(id.to_owned()));
    }
    let size: u64 = words.next().and_then(|size| size.parse().ok()).ok_or_else(not_understood)?;
    let kind = gix::objs::Kind::from_bytes(kind.as_bytes()).map_err(|_| not_understood())?;
    if found != id {
        return Err(not_understood());
    }
    within_limit(id, size)?;
    let mut bytes = Vec::new();
    output.take(size).read_to_end(&mut bytes).map_err(|_| not_understood())?;
    if u64::try_from(bytes.len()) != Ok(size) {
        return Err(not_understood());
    }
    Ok((kind, bytes))
}

/// The one line that `git rev-parse` prints, and its warnings.
fn line(repository: &Repository, arguments: &[&str]) -> Result<(String, String), RepositoryError> {
    let command = "rev-parse";
    let output = command_of(repository, arguments).stdin(Stdio::null()).stderr(Stdio::piped()).output().map_err(Error::Start)?;
    let warnings = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(Error::Failed { command, message: warnings }.into());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| Error::Answer { command })?;
    Ok((text.trim_end_matches('\n').to_owned(), warnings))
}

fn command_of(repository: &Repository, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("--no-replace-objects")
        .arg("--git-dir")
        .arg(repository.git_dir())
        .args(arguments)
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}
