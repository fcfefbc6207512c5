//! Whatever decides about a push must not lie where a push can change it: in a work tree of the repository.

use crate::{
    cli::{
        context::Context,
        exit::Failure,
        git_settings::{called_as, find_program},
    },
    judge::{self, Push},
    rejection::Audience,
};
use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

/// How much of a hook's text is read, in bytes.
const MAX_HOOK: u64 = 64 << 10;

/// Refuses the push if a file that decides what is trusted is in a work tree.
pub(super) fn refuse_deciding_file(context: &Context, audience: Audience) -> Result<(), Failure> {
    let Some(why) = context.deciding_file_in_work_tree() else { return Ok(()) };
    let hint = match audience {
        Audience::PusherToServer if context.repository.as_ref().is_some_and(|repository| repository.is_its_own_work_tree()) => {
            "on the server, set core.worktree to the folder that is checked out, or core.bare to true: without them, git checks out into the git directory"
        }
        Audience::PusherToServer => "on the server, move that file out of the work tree",
        _ => "move that file out of the work tree, or name a copy elsewhere",
    };
    Err(Failure::configuration(why).with_hint(hint))
}

/// Says that the file of a hook, or this program, is in a work tree.
pub(super) fn hook_in_work_tree(context: &Context, name: &str) -> Option<String> {
    let repository = context.repository.as_ref()?;
    let hook = match repository.hook(name) {
        Ok(file) => file,
        Err(error) => return Some(error.to_string()),
    };
    let named = named_files(&hook);
    let own = std::env::current_exe().ok().into_iter().chain(called_as().clone()).chain(find_program("paraph"));
    let files: Vec<PathBuf> = std::iter::once(hook).chain(own).chain(named).collect();
    match repository.first_in_work_tree(files) {
        Ok(file) => {
            file.map(|file| format!("{} is in the work tree: anyone who can change the branch can replace the hook", file.display()))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// The files that the text of a hook names by a path: its interpreter, and programs that it may start.
fn named_files(hook: &Path) -> Vec<PathBuf> {
    let text = std::fs::File::open(hook).ok().filter(|file| file.metadata().is_ok_and(|found| found.is_file()));
    let mut bytes = Vec::new();
    text.and_then(|file| file.take(MAX_HOOK).read_to_end(&mut bytes).ok());
    let text = String::from_utf8_lossy(&bytes);
    let lines =
        text.lines().map(|line| line.strip_prefix("#!").unwrap_or_else(|| if line.trim_start().starts_with('#') { "" } else { line }));
    let words = lines.flat_map(|line| line.split(|end: char| end.is_whitespace() || "\"'`;|&()<>=".contains(end)));
    words.filter(|word| word.contains('/')).map(PathBuf::from).filter(|path| path.is_file()).collect()
}

/// Refuses the push if the hook on a server is in a work tree.
pub(super) fn refuse_hook_in_work_tree(context: &Context, name: &str) -> Result<(), Failure> {
    match hook_in_work_tree(context, name) {
        Some(why) => Err(Failure::configuration(why)
            .with_hint("on the server, move the hook and the program out of the work tree; core.hooksPath can name the hook's new folder")),
        None => Ok(()),
    }
}

/// The failure of a push that could not be judged. A ref to a file or folder gets the advice that can work for its name.
pub(super) fn not_judged(error: judge::Error, push: &Push<'_>, audience: Audience) -> Failure {
    let judge::Error::NotSignable { id, .. } = &error else { return error.into() };
    let is_tag = push.references_to(id).all(|name| crate::object::tag_name(name).is_some());
    let hint = match (is_tag, audience) {
        (true, _) => format!("replace the lightweight tag with a signed one, `git tag -s -f NAME {id}`; then push again"),
        (false, Audience::PusherToServer) => {
            "push the other refs without it, or ask the administrator to set paraph.guardedRefs without its ref, for example to `refs/heads/* refs/tags/*`".to_owned()
        }
        (false, _) => "push the other refs without it, or push its ref alone with `git push --no-verify`".to_owned(),
    };
    Failure::from(error).with_hint(hint)
}
