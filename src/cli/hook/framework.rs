//! The refs of a push as frameworks for hooks name them. pre-commit and prek read git's list themselves, give their hooks no standard input, and
//! name the remote and the range in variables.

use super::updates::Update;
use crate::{cli::exit::Failure, object::ObjectFormat, repository::Repository};
use std::env::var;

/// The remote and its URL, from the arguments or else from the framework's variables.
pub(super) fn remote(name: Option<&str>, url: Option<&str>) -> Result<(String, String), Failure> {
    let name = name.map(str::to_owned).or_else(|| set("PRE_COMMIT_REMOTE_NAME"));
    let url = url.map(str::to_owned).or_else(|| set("PRE_COMMIT_REMOTE_URL"));
    name.zip(url).ok_or_else(|| {
        Failure::usage("the remote and its URL are not named").with_hint(
            "call the hook as git does: `paraph hook pre-push REMOTE URL`, or set PRE_COMMIT_REMOTE_NAME and PRE_COMMIT_REMOTE_URL",
        )
    })
}

/// The ref that the variables name: `PRE_COMMIT_FROM_REF` and `PRE_COMMIT_TO_REF`, or for a branch that the remote does not have only
/// `PRE_COMMIT_LOCAL_BRANCH` (pre-commit), or this and `PRE_COMMIT_TO_REF` (prek). `None` if they name none.
///
/// # Errors
/// If a variable names nothing here.
pub(super) fn named(repository: &Repository) -> Result<Option<Update>, Failure> {
    let branch = set("PRE_COMMIT_LOCAL_BRANCH");
    let (from, to) = match (set("PRE_COMMIT_FROM_REF"), set("PRE_COMMIT_TO_REF"), &branch) {
        (Some(from), Some(to), _) => (Some(from), to),
        (None, None, Some(branch)) => (None, branch.clone()),
        (None, None, None) => return Ok(None),
        (Some(_), None, _) => return Err(half("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF")),
        (None, Some(to), Some(_)) => (None, to),
        (None, Some(_), None) => return Err(half("PRE_COMMIT_TO_REF", "PRE_COMMIT_FROM_REF")),
    };
    let reference = set("PRE_COMMIT_REMOTE_BRANCH").map(full_name).or(branch).unwrap_or_else(|| to.clone());
    let new = repository.object(&to)?.id;
    let old = match from {
        Some(from) => known(repository, &from)?,
        None => zeros(&new),
    };
    Update::new(&reference, &old, &new).map(Some)
}

/// The id of what the remote has. An object that is not here bounds nothing.
fn known(repository: &Repository, from: &str) -> Result<String, Failure> {
    let is_id = ObjectFormat::from_hex_length(from.len()).is_some() && from.bytes().all(|byte| byte.is_ascii_hexdigit());
    match repository.object(from) {
        Ok(object) => Ok(object.id),
        Err(_) if is_id => Ok(from.to_ascii_lowercase()),
        Err(error) => Err(error.into()),
    }
}

/// The full name of a branch of the remote.
fn full_name(branch: String) -> String {
    if branch.starts_with("refs/") { branch } else { format!("refs/heads/{branch}") }
}

fn zeros(id: &str) -> String {
    "0".repeat(id.len())
}

fn half(set: &str, missing: &str) -> Failure {
    Failure::usage(format!("{set} is set and {missing} is not")).with_hint(format!("set both, or unset {set}"))
}

/// A variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    var(name).ok().filter(|value| !value.is_empty())
}
