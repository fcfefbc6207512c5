//! `paraph verify`.

mod expect;
mod options;
mod output;
mod sarif;
mod summary;
pub(super) mod tag;

use super::{
    entries::Entries,
    exit::{Exit, Failure},
    git_program::read,
    ui::{Total, Ui},
};
use crate::{
    Reason, Rejection,
    kept::Kept,
    object::{Commit, Tag},
    other::Others,
    policy::{Judgement, Policy, Verdict},
    report::TagReport,
    repository::{self, Found, Handle, ObjectKind, Range, RawObject, Repository, TagReference, Tags},
    verify::{Verified, Verifier, batch},
};
use options::{Options, Session};
use output::Output;

/// The longest list of revisions that is read from standard input, in bytes.
const MAX_LIST: usize = 64 << 20;

/// Verify commits and tags, offline
///
/// Checks the signature of each object and whether you trust its identity (see `paraph.allowedIdentities` in `paraph config --help`).
/// Replacement objects and grafts are not followed, and a name that may mean two things is refused. Succeeds only where every verdict
/// is good; otherwise the exit code is that of the worst one.
///
/// A single revision means that object alone: `paraph verify v1.0`. A range means every commit in it: `paraph verify main..topic`. An empty
/// range is no failure: there is nothing to verify, and a line says so.
///
/// OpenPGP and SSH signatures are named, and judged only with --other-signatures; the merge commits of a forge also by its key, where
/// `paraph.forgeKey` names it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Commits, tags and ranges, in git's syntax; a tag is the tag object itself [default: HEAD]
    #[arg(value_name = "REV")]
    pub revisions: Vec<String>,
    /// Every commit that any reference leads to
    #[arg(long, conflicts_with = "revisions")]
    pub all: bool,
    /// Every annotated tag that a reference leads to as well, and the tags inside it
    #[arg(long)]
    pub tags: bool,
    /// Read the revisions from standard input, one a line
    #[arg(long, conflicts_with_all = ["revisions", "all"])]
    pub stdin: bool,
    /// In ranges, follow only the first parent of each commit
    #[arg(long)]
    pub first_parent: bool,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut output = Output::new(&arguments.options, ui);
    let (session, revisions) = match Session::open(&arguments.options).and_then(|session| Ok((session, arguments.revisions()?))) {
        Ok(opened) => opened,
        Err(failure) => return output.finish(false, Some(failure)),
    };
    let many = is_many(arguments, &revisions);
    let failure = judge(arguments, &revisions, &session, &mut output).err();
    let exit = output.finish(many, failure);
    session.warn(ui);
    exit
}

fn judge(arguments: &Args, revisions: &[String], session: &Session, output: &mut Output<'_>) -> Result<(), Failure> {
    let (repository, judge) = (session.context.repository()?, session.judge());
    // beside `^A`, `B` means a range too, as it does for git
    let leaves_out = revisions.iter().any(|revision| revision.starts_with('^'));
    let (ranges, objects): (Vec<&str>, Vec<&str>) =
        revisions.iter().map(String::as_str).partition(|revision| leaves_out || is_range(revision));
    let Tags { annotated: tags, lightweight } = if arguments.tags { repository.tags()? } else { Tags::default() };
    let range = Range { revisions: ranges, all: arguments.all, first_parent: arguments.first_parent };
    if let Some(total) = is_many(arguments, revisions).then(|| output.begin()).flatten() {
        count(repository.handle(), &range, objects.len() + tags.len(), total);
    }
    judge.named(&objects, repository, |named| {
        if let Some(reference) = &named.lightweight {
            output.warn(format!(
                "{reference} is a lightweight tag: the verdict is on the commit that it leads to now; `paraph verify-tag` asks for a signed tag."
            ));
        }
        output.show(&named.judged);
    })?;
    if !range.revisions.is_empty() || range.all {
        let mut commits = repository.commits(&range)?;
        judge.commits(commits.by_ref(), &repository.handle(), output.telling(), |told| output.told(told))?;
        output.cut(commits.cut());
    }
    if let Some(first) = lightweight.first() {
        let others = if lightweight.len() > 1 { format!(" and {} others", lightweight.len() - 1) } else { String::new() };
        let are = if lightweight.len() > 1 { "are lightweight tags, which carry" } else { "is a lightweight tag, which carries" };
        output.warn(format!("{first}{others} {are} no signature: not judged here; `paraph verify-tag` asks for a signed tag."));
    }
    // by their ids: a name that is no text cannot be asked for, and must fit the tag's own nevertheless
    let tag = |repository: &Repository, tag: &TagReference| {
        let object = repository.object_by_id(&tag.id).map(|object| RawObject { reference: tag.reference.clone(), ..object });
        judge.read(object)
    };
    judge.in_order(tags.iter(), &repository.handle(), tag, |judged| output.show(&judged))
}

/// Counts the commits of a range beside their verification, for a person who waits; `others` are known.
fn count(handle: Handle, range: &Range<'_>, others: usize, total: Total) {
    if range.revisions.is_empty() && !range.all {
        total.set(others as u64);
        return;
    }
    let revisions: Vec<String> = range.revisions.iter().map(|revision| (*revision).to_owned()).collect();
    let (all, first_parent) = (range.all, range.first_parent);
    std::thread::spawn(move || {
        let range = Range { revisions: revisions.iter().map(String::as_str).collect(), all, first_parent };
        if let Ok(commits) = handle.to_repository().commits(&range) {
            total.set((others + commits.map_while(Result::ok).count()) as u64);
        }
    });
}

impl Args {
    fn revisions(&self) -> Result<Vec<String>, Failure> {
        if self.stdin {
            let text =
                String::from_utf8(read(None, MAX_LIST)?).map_err(|_| Failure::new(Exit::Usage, "standard input is no text in UTF-8"))?;
            let revisions: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
            // a list that was lost on its way here is not a list of good objects
            if revisions.is_empty() {
                return Err(Failure::new(Exit::Usage, "standard input names no revision"));
            }
            return including_something(revisions);
        }
        let nothing_named = self.revisions.is_empty() && !self.all && !self.tags;
        if nothing_named { Ok(vec!["HEAD".into()]) } else { including_something(self.revisions.clone()) }
    }
}

/// Revisions that only leave out leave nothing to verify, which is not what anybody asks for.
fn including_something(revisions: Vec<String>) -> Result<Vec<String>, Failure> {
    if !revisions.is_empty() && revisions.iter().all(|revision| revision.starts_with('^')) {
        return Err(Failure::new(Exit::Usage, "the revisions only leave commits out (^REV), and name none to verify")
            .with_hint("for the commits since BASE give BASE.."));
    }
    Ok(revisions)
}

fn is_range(revision: &str) -> bool {
    revision.contains("..") || revision.starts_with('^')
}

/// Whether a summary says more than the one verdict.
fn is_many(arguments: &Args, revisions: &[String]) -> bool {
    arguments.all || arguments.tags || arguments.stdin || revisions.len() > 1 || revisions.iter().any(|revision| is_range(revision))
}

/// Judges objects: the one way for `paraph verify` and the hooks.
pub(super) struct Judge<'a> {
    pub verifier: &'a Verifier,
    pub policy: &'a Policy,
    /// Who judges the kinds of signatures that the pipeline only names.
    pub others: &'a Others,
    /// Where log entries come from that a signature does not embed.
    pub entries: &'a Entries,
    /// What earlier runs verified, where the user asked for that.
    pub kept: Option<&'a Kept>,
}

/// Tags inside tags, at most.
pub(super) const DEEPEST_TAG: usize = 16;

/// An object and the verdict on it.
pub(super) struct Judged {
    pub id: String,
    pub kind: ObjectKind,
    pub judgement: Judgement,
    /// What it says of itself, where it is not good; not escaped.
    pub title: Option<String>,
    /// What a tag names, where the call is about tags.
    pub tag: Option<TagReport>,
}

/// The object of a revision, judged.
pub(super) struct Named {
    /// The name of the lightweight tag that led to it.
    lightweight: Option<String>,
    judged: Judged,
}

impl Judged {
    pub fn new(object: &RawObject, judgement: Judgement) -> Self {
        let title = (judgement.verdict != Verdict::Good).then(|| title(object));
        Self { id: object.id.clone(), kind: object.kind, judgement, title, tag: None }
    }
}

impl Judge<'_> {
    pub fn object(&self, object: &RawObject) -> Result<Judged, Failure> {
        let judgement = self.policy.judge(self.result(object)?);
        Ok(Judged::new(object, self.others.judge(object, judgement)))
    }

    /// The same for what was read. What stands under an id that its bytes do not have is a bad object, and no reason to judge no other.
    pub fn read(&self, object: Result<RawObject, repository::Error>) -> Result<Judged, Failure> {
        let (id, kind, rejection) = match object {
            Ok(object) => return self.object(&object),
            Err(repository::Error::ObjectIdMismatch { id, kind, computed }) => {
                (id, kind, Rejection::new(Reason::ObjectIdMismatch, format!("they have the id {computed}")))
            }
            Err(repository::Error::Sha1Collision { id, kind }) => (id, kind, Reason::Sha1Collision.into()),
            Err(repository::Error::ObjectTooLarge { id, kind, size, limit }) => {
                (id, kind, Rejection::new(Reason::ObjectTooLarge, format!("{size} bytes, at most {limit} are read")))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Judged { id, kind, judgement: self.policy.judge(Err(rejection)), title: None, tag: None })
    }

    /// What an earlier run verified, or else this one.
    fn result(&self, object: &RawObject) -> Result<Result<Verified, Rejection>, Failure> {
        // a tag's result depends on the name by which it was reached
        let Some(kept) = self.kept.filter(|_| object.kind == ObjectKind::Commit) else {
            return verify(self.verifier, self.entries, object);
        };
        if let Some(verified) = kept.result(object.id.as_bytes()) {
            return Ok(Ok(verified));
        }
        let result = verify(self.verifier, self.entries, object)?;
        if let Ok(verified) = &result {
            kept.keep(object.id.as_bytes(), verified);
        }
        Ok(result)
    }

    /// These commits, over all cores, in order; `tell` makes of each what `sink` gets, on the core that judged it.
    pub fn commits<R: Send>(
        &self,
        commits: impl Iterator<Item = Result<Found, repository::Error>>,
        handle: &Handle,
        tell: impl Fn(Judged) -> R + Sync,
        sink: impl FnMut(R),
    ) -> Result<(), Failure> {
        let mut failure = None;
        let found = commits.map_while(|found| found.map_err(|error| failure = Some(Failure::from(error))).ok());
        let judged = self.in_order(found, handle, |repository, found| self.read(repository.found(found)).map(&tell), sink);
        failure.map_or(judged, Err)
    }

    /// The objects that these revisions name, over all cores, in order.
    pub fn named(&self, revisions: &[&str], repository: &Repository, mut sink: impl FnMut(Named)) -> Result<(), Failure> {
        match revisions {
            // not worth another thread
            [revision] => self.name(repository, revision).map(sink),
            [] => Ok(()),
            many => self.in_order(many.iter(), &repository.handle(), |repository, revision| self.name(repository, revision), &mut sink),
        }
    }

    fn name(&self, repository: &Repository, revision: &str) -> Result<Named, Failure> {
        let object = repository.object(revision);
        let is_lightweight = |object: &&RawObject| object.kind == ObjectKind::Commit;
        let reference = object.as_ref().ok().filter(is_lightweight).and_then(|object| object.reference.clone());
        Ok(Named { lightweight: reference.filter(|name| name.starts_with("refs/tags/")), judged: self.read(object)? })
    }

    /// Items over all cores, their results in order. What cannot be read is told after the others: the first of it.
    pub fn in_order<T: Send, R: Send>(
        &self,
        items: impl Iterator<Item = T>,
        handle: &Handle,
        judge: impl Fn(&Repository, T) -> Result<R, Failure> + Sync,
        mut sink: impl FnMut(R),
    ) -> Result<(), Failure> {
        let mut failure = None;
        let work = |chunk: Vec<T>| {
            let repository: Repository = handle.to_repository();
            chunk.into_iter().map(|item| judge(&repository, item)).collect::<Vec<_>>()
        };
        let chunk = if self.kept.is_some() { batch::CHUNK_OF_KNOWN } else { batch::CHUNK };
        batch::in_order(items, chunk, work, |result| match result {
            Ok(judged) => sink(judged),
            Err(error) => failure = failure.take().or(Some(error)),
        });
        failure.map_or(Ok(()), Err)
    }
}

/// Verifies a commit or a tag that a repository holds; any other object is a mistake of the call.
pub(super) fn verify(verifier: &Verifier, entries: &Entries, object: &RawObject) -> Result<Result<Verified, Rejection>, Failure> {
    match object.kind {
        ObjectKind::Commit => Ok(Commit::parse(&object.bytes, object.format).and_then(|commit| entries.verify(verifier, &commit.signed))),
        ObjectKind::Tag => {
            let tag = Tag::parse_in(&object.bytes, object.format, object.reference.as_deref());
            Ok(tag.and_then(|tag| entries.verify(verifier, &tag.signed)))
        }
        ObjectKind::Blob | ObjectKind::Tree => {
            Err(Failure::new(Exit::Object, format!("{} is a {}, and only commits and tags are signed", object.id, object.kind.name())))
        }
    }
}

/// The longest title that is kept, in characters.
const LONGEST_TITLE: usize = 72;

/// The first line of the message.
fn title(object: &RawObject) -> String {
    let message = object.bytes.windows(2).position(|pair| pair == b"\n\n").and_then(|end| object.bytes.get(end..)).unwrap_or_default();
    let message = message.trim_ascii_start();
    let line = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // a character has four bytes at most
    let line = String::from_utf8_lossy(line.get(..4 * LONGEST_TITLE).unwrap_or(line));
    let shown: String = line.chars().take(LONGEST_TITLE).collect();
    if shown.len() < line.len() { format!("{shown}…") } else { shown }
}
