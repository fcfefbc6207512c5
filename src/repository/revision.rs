//! Resolves revisions by git's rules, except that an ambiguous name is an error.
//!
//! gix resolves what both resolve in the same way: full names, names by git's rules, ids, and the operators that lead to parents and types. Git itself
//! resolves the rest: files in the git directory (`$GIT_DIR/main` comes before `refs/heads/main`), files of references in
//! another form than git writes, symbolic links, earlier values, branches of remotes, and searches.

use super::{Error, ObjectKind, Repository, chain, git, loose_reference::LooseReference};
use std::{io::ErrorKind, path::Path};

/// Whether the text is a path: no name of a reference begins like one.
pub(super) fn is_path(revision: &str) -> bool {
    ["/", "./", "../", "~"].iter().any(|begin| revision.starts_with(begin))
}

/// The part of a revision before its first operator. It can be ambiguous by itself: `v1^{commit}`, `main~2`.
pub(super) fn base(revision: &str) -> &str {
    let end = revision.find(['^', '~', ':']).into_iter().chain(revision.find("@{")).min().unwrap_or(revision.len());
    revision.get(..end).unwrap_or(revision)
}

/// Whether the text can be an id, abbreviated or not.
pub(super) fn is_id(text: &str) -> bool {
    text.len() >= MIN_ABBREVIATION && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The object that a revision names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The object id in lower-case hexadecimal.
    pub id: String,
    /// The full name of the reference, if the revision was one.
    pub reference: Option<String>,
}

const MAX_REVISION: usize = 4096;

/// Git's minimum length of an abbreviated id.
const MIN_ABBREVIATION: usize = 4;

const MEANINGS_SHOWN: usize = 5;

/// How git's messages about a name begin; others are about the repository.
const UNKNOWN: [&str; 6] = [
    "fatal: log for ",
    "fatal: no upstream ",
    "fatal: no such branch",
    "fatal: upstream branch ",
    "fatal: path ",
    "fatal: invalid object name",
];

/// The beginnings of full names of references (gitrepository-layout), apart from pseudo references.
const FULL: [&str; 3] = ["refs/", "main-worktree/", "worktrees/"];

/// The beginnings of the names of references of other work trees.
const OTHER_TREES: [&str; 2] = ["main-worktree/", "worktrees/"];

/// The places in which git looks for a name, after the git directory itself (gitrevisions).
const PLACES: [&str; 4] = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

/// The longest chain of symbolic references that git follows.
const SYMBOLIC_LIMIT: usize = 5;

impl Repository {
    /// The error about a revision that is not here, where a shallow clone can lack it: an id, or what is reached from something that is here.
    /// The rest of the history brings no other name.
    pub(super) fn in_shallow_clone(&self, error: Error, revision: &str) -> Error {
        let is_lacking = match &error {
            Error::MissingObject(_) => true,
            Error::UnknownRevision { .. } => {
                let name = base(revision);
                is_id(name) || name != revision && self.resolve(name).is_ok()
            }
            _ => false,
        };
        if is_lacking && self.is_shallow() { Error::NotInShallowClone(revision.to_owned()) } else { error }
    }

    pub(super) fn resolve(&self, revision: &str) -> Result<Resolved, Error> {
        let resolved = self.resolve_as_given(revision)?;
        // an expression that leads to the reference's own object keeps the reference's name: `v1^{tag}`
        let peeled = ["^{tag}", "^{object}", "^0"].iter().find_map(|operator| revision.strip_suffix(operator));
        match peeled.filter(|base| !base.is_empty() && resolved.reference.is_none()).map(|base| self.resolve(base)) {
            Some(Ok(base)) if base.id == resolved.id => Ok(Resolved { reference: base.reference, ..resolved }),
            // so does an earlier value of a reference: `v1@{1}`
            _ => match revision.strip_suffix('}').and_then(|rest| rest.split_once("@{")).filter(|(base, _)| !base.is_empty()) {
                Some((base, when)) if !when.contains('}') && resolved.reference.is_none() => {
                    let reference = self.resolve(base).ok().and_then(|base| base.reference);
                    Ok(Resolved { reference: reference.filter(|name| name.starts_with("refs/tags/")), ..resolved })
                }
                _ => Ok(resolved),
            },
        }
    }

    fn resolve_as_given(&self, revision: &str) -> Result<Resolved, Error> {
        check(revision)?;
        let (base, operators) = revision.split_at_checked(base(revision).len()).unwrap_or((revision, ""));
        let base = if base == "@" { "HEAD" } else { base };
        if operators.is_empty() && self.is_only_an_id(base)? {
            return Ok(Resolved { id: base.to_ascii_lowercase(), reference: None });
        }
        candidates(base).iter().map(String::as_str).chain([base]).try_for_each(|name| self.check_reference(name))?;
        if self.references_by_git || self.objects_by_git.is_some() || self.is_for_git(base, operators)? {
            return resolve_by_git(self, revision, base);
        }
        match self.name(revision, base)? {
            Some(Named::Reference(name, id)) if operators.is_empty() => Ok(Resolved { id, reference: Some(name) }),
            Some(Named::Reference(name, _)) => self.expression(revision, base, &format!("{name}{operators}")),
            Some(Named::Id(id)) if operators.is_empty() => Ok(Resolved { id, reference: None }),
            Some(Named::Id(id)) => self.expression(revision, base, &format!("{id}{operators}")),
            // what only git knows, such as the output of `git describe`
            None => resolve_by_git(self, revision, base),
        }
    }

    /// Whether a name is a whole id, and no reference has this name. A list of objects has many of these.
    fn is_only_an_id(&self, name: &str) -> Result<bool, Error> {
        if self.references_by_git || !is_hexadecimal(name) || name.len() != self.gix.object_hash().len_in_hex() {
            return Ok(false);
        }
        let is_absent = |file: &Path| file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let are_absent =
            |folder: &Path| is_absent(&folder.join(name)) && PLACES.iter().all(|place| is_absent(&folder.join(place).join(name)));
        let (git_dir, common_dir) = (self.git_dir(), self.common_dir());
        let are_absent = are_absent(git_dir) && (common_dir == git_dir || are_absent(common_dir));
        Ok(are_absent && !self.packed_references.read(common_dir)?.has_ids)
    }

    /// Whether git must resolve a name with its operators, because gix could find something else.
    fn is_for_git(&self, base: &str, operators: &str) -> Result<bool, Error> {
        let packed = self.packed_references.read(self.common_dir())?;
        let repeated = |name: &str| packed.repeated.contains(name).then(|| Error::RepeatedReference(name.to_owned()));
        if !packed.repeated.is_empty() {
            let full = git::line(self, &["rev-parse", "--verify", "--symbolic-full-name", base]).map(|(name, _)| name);
            let meanings = candidates(base).into_iter().chain([base.to_owned()]).chain(full);
            meanings.filter_map(|name| repeated(&name)).next().map_or(Ok(()), Err)?;
        }
        let is_simple = !base.is_empty() && !["@{", ":", "^{/"].iter().any(|operator| operators.contains(operator));
        // git sees only some references of other work trees
        let is_elsewhere = OTHER_TREES.iter().any(|beginning| base.starts_with(beginning));
        Ok(!is_simple || !packed.is_regular || is_elsewhere || self.is_root_reference(base) || self.is_irregular(base)?)
    }

    /// Whether the git directory has a file of this name, which git takes for a reference if it holds an id.
    fn is_root_reference(&self, name: &str) -> bool {
        let is_file = |folder: &Path| folder.join(name).symlink_metadata().is_ok_and(|file| !file.is_dir());
        name != "HEAD" && !is_full(name) && (is_file(self.git_dir()) || is_file(self.common_dir()))
    }

    /// Whether one of the references that a name can mean, or one that it leads to, has a file that gix may read otherwise than git: a symbolic
    /// link, or a form that git reads and does not write.
    fn is_irregular(&self, name: &str) -> Result<bool, Error> {
        let mut names: Vec<(String, usize)> = candidates(name).into_iter().chain([name.to_owned()]).map(|name| (name, 0)).collect();
        while let Some((name, depth)) = names.pop() {
            for file in self.loose_references(&name)? {
                match file {
                    LooseReference::Other(_) => return Ok(true),
                    LooseReference::Symbolic(target) if depth < SYMBOLIC_LIMIT => names.push((target, depth + 1)),
                    LooseReference::Symbolic(_) | LooseReference::Id | LooseReference::Missing => {}
                }
            }
        }
        Ok(false)
    }

    /// Lets gix resolve the rest of git's syntax. `base` is the part that is known to name an object; it may be empty.
    fn expression(&self, revision: &str, base: &str, expression: &str) -> Result<Resolved, Error> {
        self.copies()?.check_all_loose()?;
        let cause = if base.is_empty() { String::new() } else { format!("{base} exists, but the rest does not lead to an object") };
        let id = self
            .gix
            .rev_parse_single(expression)
            .map_err(|_| self.damage_along(revision, base).unwrap_or_else(|| unknown(revision, &cause)))?;
        Ok(Resolved { id: id.to_hex().to_string(), reference: None })
    }

    /// The error of the first damaged object on the way that a revision leads from its base: the object of the base, and the parents after it.
    fn damage_along(&self, revision: &str, base: &str) -> Option<Error> {
        let operators = revision.strip_prefix(base).or_else(|| revision.strip_prefix('@'))?;
        // an earlier value of a reference is a base too
        let end = operators.strip_prefix("@{").and_then(|rest| rest.find('}')).map_or(0, |end| end + "@{}".len());
        let (value, operators) = operators.split_at_checked(end)?;
        if operators.is_empty() {
            return None;
        }
        let is_damage = |error: &Error| matches!(error, Error::DamagedObject { .. });
        let mut id = self.resolve(&format!("{base}{value}")).ok()?.id;
        for parent in parents(operators) {
            match self.parent(&id, parent) {
                Ok(next) => id = next?,
                Err(error) => return Some(error).filter(is_damage),
            }
        }
        self.object_by_id(&id).err().filter(is_damage)
    }

    /// The parent with this number of the commit that an object leads to; 0 is the commit itself.
    fn parent(&self, id: &str, number: usize) -> Result<Option<String>, Error> {
        let mut object = self.object_by_id(id)?;
        for _ in 0..SYMBOLIC_LIMIT {
            let hash = self.gix.object_hash();
            match object.kind {
                ObjectKind::Tag => {
                    let Ok(tag) = gix::objs::TagRef::from_bytes(&object.bytes, hash) else { return Ok(None) };
                    object = self.object_by_id(&tag.target().to_hex().to_string())?;
                }
                ObjectKind::Commit if number == 0 => return Ok(Some(object.id)),
                ObjectKind::Commit => {
                    let Ok(commit) = gix::objs::CommitRef::from_bytes(&object.bytes, hash) else { return Ok(None) };
                    return Ok(commit.parents().nth(number - 1).map(|id| id.to_hex().to_string()));
                }
                ObjectKind::Blob | ObjectKind::Tree => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The meaning of a whole id or of the name of a reference; `None` if it is neither.
    fn name(&self, revision: &str, name: &str) -> Result<Option<Named>, Error> {
        let mut meanings = Vec::new();
        let is_id = is_hexadecimal(name) && name.len() == self.gix.object_hash().len_in_hex();
        if is_id {
            meanings.push(Named::Id(name.to_ascii_lowercase()));
        }
        // a full name is never ambiguous, nor is that of another work tree's reference
        if (is_full(name) || name == "HEAD")
            && let Some(reference) = self.reference(revision, name)?
        {
            return Ok(Some(reference));
        }
        for candidate in candidates(name) {
            meanings.extend(self.reference(revision, &candidate)?);
        }
        // an abbreviated id that is also the name of a reference; git warns
        if let [Named::Reference(_, referred)] = meanings.as_slice()
            && let Ok(Some(Named::Id(id))) = self.abbreviation(revision, name)
            && id != *referred
        {
            meanings.push(Named::Id(id));
        }
        if meanings.len() > 1 {
            let meanings = meanings.into_iter().map(|meaning| match meaning {
                Named::Id(id) => format!("the object {id}"),
                Named::Reference(name, _) => name,
            });
            return Err(Error::AmbiguousRevision { revision: revision.to_owned(), meanings: meanings.collect() });
        }
        match meanings.pop() {
            Some(meaning) => Ok(Some(meaning)),
            None => self.abbreviation(revision, name),
        }
    }

    /// The object whose id begins so. gix takes every abbreviation for SHA-1, so it gets an id that is padded to the right length.
    fn abbreviation(&self, revision: &str, name: &str) -> Result<Option<Named>, Error> {
        let hash = self.gix.object_hash();
        if !is_hexadecimal(name) || !(MIN_ABBREVIATION..hash.len_in_hex()).contains(&name.len()) {
            return Ok(None);
        }
        let failed = |cause: String| unknown(revision, &cause);
        let padded = format!("{name:0<width$}", width = hash.len_in_hex());
        let id = gix::ObjectId::from_hex(padded.as_bytes()).map_err(|error| failed(error.to_string()))?;
        let prefix = gix::hash::Prefix::new(&id, name.len()).map_err(|error| failed(error.to_string()))?;
        let mut candidates = std::collections::HashSet::default();
        match self.gix.objects.lookup_prefix(prefix, Some(&mut candidates)).map_err(|error| failed(chain(&error)))? {
            None => Ok(None),
            Some(Ok(id)) => Ok(Some(Named::Id(id.to_hex().to_string()))),
            Some(Err(())) => {
                let mut meanings: Vec<String> = candidates.iter().map(|id| format!("the object {}", id.to_hex())).collect();
                meanings.sort_unstable();
                meanings.truncate(MEANINGS_SHOWN);
                Err(Error::AmbiguousRevision { revision: revision.to_owned(), meanings })
            }
        }
    }

    /// The reference with this full name, followed to an object but not peeled.
    fn reference(&self, revision: &str, name: &str) -> Result<Option<Named>, Error> {
        let Ok(full) = gix::refs::FullName::try_from(name) else { return Ok(None) };
        let failed = |error: gix::Error| unknown(revision, &chain(&error));
        let Some(mut reference) = self.gix.try_find_reference(full.as_ref().as_partial_name()).map_err(failed)? else { return Ok(None) };
        if reference.name() != full.as_ref() {
            return Ok(None);
        }
        let mut seen = vec![name.to_owned()];
        while seen.len() <= SYMBOLIC_LIMIT {
            if let Some(id) = reference.try_id() {
                // a tag's name is that of its reference below refs/tags/, even if a symbolic reference led there
                let end = reference.name().as_bstr().to_string();
                let name = if name.contains("refs/tags/") || !end.starts_with("refs/tags/") { name.to_owned() } else { end };
                return Ok(Some(Named::Reference(name, id.to_hex().to_string())));
            }
            let target = reference.target().try_name().map(|name| name.as_bstr().to_string()).unwrap_or_default();
            if seen.contains(&target) {
                return Err(unknown(revision, "its symbolic references form a cycle"));
            }
            self.check_reference(&target)?;
            match reference.follow() {
                Some(Ok(next)) => reference = next,
                _ => return Err(unknown(revision, &format!("{name} points to {target}, which does not exist"))),
            }
            seen.push(target);
        }
        Err(unknown(revision, &format!("its chain of symbolic references is longer than {SYMBOLIC_LIMIT}, the limit")))
    }
}

/// Resolves a revision with git, for what gix cannot read or reads in another way. `base` is the revision without its operators.
fn resolve_by_git(repository: &Repository, revision: &str, base: &str) -> Result<Resolved, Error> {
    let found =
        git::line(repository, &["-c", "core.warnAmbiguousRefs=true", "rev-parse", "--verify", revision]).map_err(|error| match error {
            // git's message for every unknown name
            Error::Git(git::Error::Failed { message, .. }) if message.contains("Needed a single revision") => unknown(revision, ""),
            Error::Git(git::Error::Failed { message, .. }) if UNKNOWN.iter().any(|beginning| message.starts_with(beginning)) => {
                unknown(revision, message.trim_start_matches("fatal: "))
            }
            other => other,
        });
    // git calls what it cannot read unknown
    let (id, warnings) = found.map_err(|error| repository.damage_along(revision, base).unwrap_or(error))?;
    // a full name leads to its own reference, whatever else it can mean
    if warnings.contains("is ambiguous") && !is_full(base) && base != "HEAD" {
        return Err(Error::AmbiguousRevision { revision: revision.to_owned(), meanings: meanings_by_git(repository, base) });
    }
    if id.len() != repository.gix.object_hash().len_in_hex() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(git::Error::Answer { command: "rev-parse" }.into());
    }
    // git answers HEAD with its branch, and an expression with an empty line
    let reference = match revision {
        "HEAD" | "@" => Some("HEAD".to_owned()),
        _ => Some(git::line(repository, &["rev-parse", "--verify", "--symbolic-full-name", revision])?.0)
            .filter(|name| is_full(name))
            .or_else(|| is_full(base).then(|| base.to_owned()).filter(|base| base == revision)),
    };
    Ok(Resolved { id, reference })
}

/// The steps of the operators `^`, `^N` and `~N`, each as the number of a parent; an operator that leads to a type is the step 0. Others end it.
fn parents(operators: &str) -> impl Iterator<Item = usize> {
    let mut rest = operators;
    let steps = std::iter::from_fn(move || {
        let operator = rest.chars().next()?;
        let after = rest.strip_prefix(operator)?;
        if operator == '^'
            && let Some((kind, next)) = after.strip_prefix('{').and_then(|kind| kind.split_once('}'))
        {
            rest = next;
            return (!kind.starts_with('/')).then_some((0, 1));
        }
        let end = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
        let (digits, next) = after.split_at_checked(end)?;
        let number = if digits.is_empty() { 1 } else { digits.parse().ok()? };
        rest = next;
        match operator {
            '^' => Some((number, 1)),
            '~' => Some((1, number)),
            _ => None,
        }
    });
    steps.flat_map(|(parent, times)| std::iter::repeat_n(parent, times))
}

/// What git finds under an ambiguous name.
fn meanings_by_git(repository: &Repository, name: &str) -> Vec<String> {
    let exists = |full: &&String| git::line(repository, &["rev-parse", "--verify", full]).is_ok();
    let mut meanings: Vec<String> = candidates(name).iter().filter(exists).cloned().collect();
    if repository.is_root_reference(name) {
        meanings.insert(0, format!("the file {name} in the git directory"));
    }
    if meanings.len() < 2 {
        meanings.insert(0, "an object whose id begins so".to_owned());
    }
    meanings
}

/// The full names that a name can stand for, in the order in which git looks for them.
fn candidates(name: &str) -> Vec<String> {
    PLACES.iter().map(|place| format!("{place}{name}")).chain([format!("refs/remotes/{name}/HEAD")]).collect()
}

fn is_full(name: &str) -> bool {
    FULL.iter().any(|beginning| name.starts_with(beginning))
}

enum Named {
    Id(String),
    Reference(String, String),
}

fn check(revision: &str) -> Result<(), Error> {
    let reason = if revision.is_empty() {
        "it is empty"
    } else if revision.len() > MAX_REVISION {
        "it is too long"
    } else if revision.starts_with('-') {
        "it begins with a hyphen"
    } else if revision.chars().any(char::is_control) {
        "it contains control characters"
    } else if revision.starts_with('^') || revision.contains("..") {
        "it is a range; expected one object"
    } else {
        return Ok(());
    };
    Err(Error::BadRevision { revision: revision.to_owned(), reason })
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn unknown(revision: &str, cause: &str) -> Error {
    Error::UnknownRevision { revision: revision.to_owned(), cause: cause.to_owned() }
}
