//! The refs that a push moves, in the form in which git gives them to its hooks.

use crate::{
    cli::{exit::Failure, input::read},
    git_process,
    judge::is_zero,
    object::{ObjectFormat, RefUpdate, push_certificate::MAX_UPDATES, without_namespaces},
    repository::Repository,
};

/// The most that is read from standard input, in bytes.
const MAX_LIST: usize = 64 << 20;

/// One ref that a push moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Update {
    reference: String,
    old: String,
    new: String,
}

impl Update {
    /// Takes the name and the two ids as git writes them.
    ///
    /// # Errors
    /// If they have another form.
    pub(super) fn new(reference: &str, old: &str, new: &str) -> Result<Self, Failure> {
        if !is_id(old)
            || !is_id(new)
            || old.len() != new.len()
            || reference.is_empty()
            || reference.contains(|character: char| character == ' ' || character.is_control())
        {
            return Err(Failure::usage("the refs do not have the form in which git gives them to a hook")
                .with_hint("let git call the hook; it gives two full object ids and the full name of the ref"));
        }
        Ok(Self { reference: reference.to_owned(), old: old.to_owned(), new: new.to_owned() })
    }

    /// The form in which the judge takes it.
    pub(super) fn as_ref_update(&self) -> RefUpdate<'_> {
        RefUpdate { old: &self.old, new: &self.new, name: &self.reference }
    }
}

/// Reads the lines of a server's hook: `OLD NEW REF`.
pub(super) fn received() -> Result<Vec<Update>, Failure> {
    let updates = lines("OLD NEW REF", |line| match line.split(' ').collect::<Vec<_>>()[..] {
        [old, new, reference] => Some(Some((reference, old, new))),
        _ => None,
    })?;
    if updates.is_empty() {
        return Err(Failure::usage("standard input names no refs")
            .with_hint("run paraph first in the hook: git writes the refs once, and an earlier command may have read them"));
    }
    Ok(updates)
}

/// Reads the lines of `reference-transaction`: `OLD NEW REF`, of which only branches and tags count, under their names in the namespace with
/// this prefix. git writes zeros as the old value if it was not asked to compare it; then it is read.
pub(super) fn of_transaction(repository: &Repository, prefix: &str) -> Result<Vec<Update>, Failure> {
    let all = lines("OLD NEW REF", |line| match line.split(' ').collect::<Vec<_>>()[..] {
        [_, _, reference] if !is_branch_or_tag(reference) => Some(None),
        [old, new, reference] => Some(Some((reference, old, new))),
        _ => None,
    })?;
    let mut updates = Vec::new();
    for Update { reference, old, new } in all {
        let stored = || git_process::printed(&["rev-parse", "--quiet", "--verify", &reference]);
        let old = if is_zero(&old) { stored().unwrap_or(old) } else { old };
        // git also writes refs that it only verifies, or whose files it deletes because it has packed them
        if old == new || is_zero(&new) && repository.keeps_packed(&reference, &old)? {
            continue;
        }
        let reference = reference.strip_prefix(prefix).map(str::to_owned).unwrap_or(reference);
        updates.push(Update { reference, old, new });
    }
    Ok(updates)
}

fn is_branch_or_tag(reference: &str) -> bool {
    ["refs/heads/", "refs/tags/"].iter().any(|folder| without_namespaces(reference).starts_with(folder))
}

/// Reads the lines of `pre-push`: `LOCAL-REF LOCAL-ID REF ID`, where the first may be an expression with spaces. There are none where
/// everything is up to date.
pub(super) fn to_be_sent() -> Result<Vec<Update>, Failure> {
    lines("LOCAL-REF LOCAL-ID REF ID", |line| {
        let mut words = line.rsplitn(4, ' ');
        let (old, reference, new) = (words.next()?, words.next()?, words.next()?);
        words.next().map(|_| Some((reference, old, new)))
    })
}

/// Reads the lines of standard input, whose parts `form` names. `split` gives the name of the ref and its two values, or nothing for a line
/// that does not count.
fn lines(form: &str, split: impl Fn(&str) -> Option<Option<(&str, &str, &str)>>) -> Result<Vec<Update>, Failure> {
    let malformed = || {
        Failure::usage("standard input does not have the form in which git gives refs to this hook")
            .with_hint(format!("let git call the hook; it writes a line `{form}` for each ref"))
    };
    let bytes = read(None, MAX_LIST)?;
    // git allows names that are not UTF-8; only the ids must be exact, and a replaced tag name matches no tag
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    if lines.len() > MAX_UPDATES {
        return Err(Failure::usage(format!("the push moves more than {MAX_UPDATES} refs, the limit")).with_hint("push fewer refs at once"));
    }
    lines
        .into_iter()
        .filter_map(|line| match split(line) {
            None => Some(Err(malformed())),
            Some(None) => None,
            Some(Some((reference, old, new))) => Some(Update::new(reference, old, new)),
        })
        .collect()
}

fn is_id(text: &str) -> bool {
    ObjectFormat::from_hex_length(text.len()).is_some() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
