//! A push whose list of refs is empty. git writes none if everything is up to date; an earlier command of the hook may also have read the list.

use crate::{
    cli::exit::Failure,
    git_process::{self, git},
    repository::{ObjectKind, Repository},
};
use std::{collections::BTreeSet, io::Read as _, process::Stdio};

/// The most that is read of the remote's list of branches and tags, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

/// Whether the remote does not have the commit of HEAD: then not everything may be up to date.
///
/// # Errors
/// If the references or the history cannot be read.
pub(super) fn lacks_head(repository: &Repository, remote: &str, url: &str) -> Result<bool, Failure> {
    let Some(head) = git_process::printed(&["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]) else { return Ok(false) };
    let known = repository.known_of_remote(remote, url, None)?;
    Ok(!contain(repository, &known, &head)? && !contain(repository, &advertised(repository, url), &head)?)
}

/// Whether the history of these objects contains a commit.
fn contain(repository: &Repository, known: &BTreeSet<String>, commit: &str) -> Result<bool, Failure> {
    if known.is_empty() {
        return Ok(false);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Ok(repository.new_commits(&[commit], &known)?.next().transpose()?.is_none())
}

/// What the remote's branches and tags lead to, as far as it is here. Nothing if the remote does not answer.
fn advertised(repository: &Repository, url: &str) -> BTreeSet<String> {
    let mut command = git(["ls-remote", "--quiet", "--heads", "--tags", "--", url]);
    let Ok(mut process) = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else { return BTreeSet::new() };
    let mut answer = Vec::new();
    let read = process.stdout.take().map(|output| output.take(MAX_ANSWER).read_to_end(&mut answer));
    let is_whole = matches!(read, Some(Ok(_))) && process.wait().is_ok_and(|status| status.success());
    if !is_whole {
        return BTreeSet::new();
    }
    let answer = String::from_utf8_lossy(&answer);
    let ids = answer.lines().filter_map(|line| line.split('\t').next());
    let is_here = |id: &&str| repository.object_by_id(id).is_ok_and(|object| matches!(object.kind, ObjectKind::Commit | ObjectKind::Tag));
    ids.filter(is_here).map(str::to_owned).collect()
}
