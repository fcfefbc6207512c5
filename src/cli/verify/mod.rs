//! `paraph verify`.

mod expect;
mod summary;

use super::{
    context::Context,
    entries::{Entries, Legacy},
    exit::{Exit, Failure},
    git_program::read,
    ui::Ui,
};
use crate::{
    Rejection,
    config::OptionValue,
    object::{Commit, Tag},
    policy::{Judgement, Policy, Verdict},
    report::{Report, sentences},
    repository::{self, Handle, ObjectKind, Range, RawObject, Repository},
    verify::{Verified, Verifier, batch},
};
use expect::Expect;
use jiff::Timestamp;
use std::{collections::HashSet, path::PathBuf};
use summary::Summary;

/// The longest list of revisions that is read from standard input, in bytes.
const MAX_LIST: usize = 64 << 20;

/// Verify commits and tags, offline
///
/// Checks the signature of each object and whether you trust its identity (see `paraph.allowedIdentities` in `paraph config --help`).
/// Replacement objects and grafts are not followed, and a name that may mean two things is refused. Succeeds only where every verdict
/// is good; otherwise the exit code is that of the worst one.
///
/// A single revision means that object alone: `paraph verify v1.0`. A range means every commit in it: `paraph verify main..topic`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Commits, tags and ranges, in git's syntax; a tag is the tag object itself [default: HEAD]
    #[arg(value_name = "REV")]
    pub revisions: Vec<String>,
    /// Every commit that any reference leads to
    #[arg(long, conflicts_with = "revisions")]
    pub all: bool,
    /// Every annotated tag as well
    #[arg(long)]
    pub tags: bool,
    /// Read the revisions from standard input, one a line
    #[arg(long, conflicts_with_all = ["revisions", "all"])]
    pub stdin: bool,
    /// In ranges, follow only the first parent of each commit
    #[arg(long)]
    pub first_parent: bool,
    /// Print each verdict and what led to it as JSON, an object a line
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors; the exit code tells
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Verify under this trusted_root.json
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Verify under the trust of this instance
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub instance: Option<String>,
    /// Take this time as now, in RFC 3339. It decides what lies in the future; it never replaces a trusted time
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    #[command(flatten)]
    expect: Expect,
    #[command(flatten)]
    legacy: Legacy,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load(&arguments.options())?;
    let repository = context.repository()?;
    let verifier = Verifier::new(context.trust_roots()?, arguments.at.unwrap_or_else(Timestamp::now));
    let (mut policy, warnings) = context.policy();
    policy.expected = arguments.expect.identities()?;
    let entries = Entries::new(&arguments.legacy, &context.config, verifier.roots());
    let judge = Judge { verifier: &verifier, policy: &policy, entries: &entries };
    let revisions = arguments.revisions()?;
    let mut output = Output { arguments, ui, summary: Summary::default(), verdicts: HashSet::new() };

    let (ranges, objects): (Vec<&str>, Vec<&str>) = revisions.iter().map(String::as_str).partition(|revision| is_range(revision));
    for revision in objects {
        output.show(&judge.object(&repository.object(revision)?)?);
    }
    if !ranges.is_empty() || arguments.all {
        let range = Range { revisions: ranges, all: arguments.all, first_parent: arguments.first_parent };
        let mut commits = repository.commits(&range)?;
        judge.commits(commits.by_ref(), &repository.handle(), |judged| output.judged(judged))?;
        output.cut(commits.cut());
    }
    if arguments.tags {
        for tag in repository.tag_references()? {
            output.show(&judge.object(&repository.object(&tag.reference)?)?);
        }
    }
    let exit = output.finish(is_many(arguments, &revisions));
    for warning in warnings.into_iter().chain(entries.take_warnings()) {
        ui.warning(warning);
    }
    Ok(exit)
}

impl Args {
    fn options(&self) -> Vec<OptionValue> {
        let option = |setting, flag, value: Option<std::ffi::OsString>| value.map(|value| OptionValue { setting, flag, value });
        let root = option("trustedRoot", "--trusted-root", self.trusted_root.as_ref().map(|path| path.clone().into()));
        let instance = option("instance", "--instance", self.instance.as_ref().map(|name| name.clone().into()));
        root.into_iter().chain(instance).chain(self.legacy.setting()).collect()
    }

    fn revisions(&self) -> Result<Vec<String>, Failure> {
        if self.stdin {
            let text =
                String::from_utf8(read(None, MAX_LIST)?).map_err(|_| Failure::new(Exit::Usage, "standard input is no text in UTF-8"))?;
            return Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
        }
        let nothing_named = self.revisions.is_empty() && !self.all && !self.tags;
        Ok(if nothing_named { vec!["HEAD".into()] } else { self.revisions.clone() })
    }
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
    /// Where log entries come from that a signature does not embed.
    pub entries: &'a Entries,
}

/// An object and the verdict on it.
pub(super) struct Judged {
    pub id: String,
    pub kind: ObjectKind,
    pub judgement: Judgement,
    /// What it says of itself, where it is not good; not escaped.
    pub title: Option<String>,
}

impl Judge<'_> {
    pub fn object(&self, object: &RawObject) -> Result<Judged, Failure> {
        let judgement = self.policy.judge(verify(self.verifier, self.entries, object)?);
        let title = (judgement.verdict != Verdict::Good).then(|| title(object));
        Ok(Judged { id: object.id.clone(), kind: object.kind, judgement, title })
    }

    /// The commits of these ids, over all cores, in order.
    pub fn commits(
        &self,
        commits: impl Iterator<Item = Result<String, repository::Error>>,
        handle: &Handle,
        mut sink: impl FnMut(&Judged),
    ) -> Result<(), Failure> {
        let mut failure = None;
        let ids = commits.map_while(|id| id.map_err(|error| failure = Some(Failure::from(error))).ok());
        let mut damaged = None;
        let work = |chunk: Vec<String>| {
            let repository: Repository = handle.to_repository();
            chunk.into_iter().map(|id| self.object(&repository.object_by_id(&id)?)).collect::<Vec<_>>()
        };
        batch::in_order(ids, work, |judged| match judged {
            Ok(judged) => sink(&judged),
            Err(error) => damaged = damaged.take().or(Some(error)),
        });
        failure.or(damaged).map_or(Ok(()), Err)
    }
}

struct Output<'a> {
    arguments: &'a Args,
    ui: &'a mut Ui,
    summary: Summary,
    verdicts: HashSet<Verdict>,
}

impl Output<'_> {
    /// One object that was named by itself.
    fn show(&mut self, judged: &Judged) {
        self.verdicts.insert(judged.judgement.verdict);
        self.summary.add(judged);
        if self.arguments.json {
            self.ui.json_line(&Report::new(Some(judged.id.clone()), &judged.judgement));
        } else if !self.arguments.quiet {
            self.print(judged);
        }
    }

    /// One of many: only what is not good takes up lines.
    fn judged(&mut self, judged: &Judged) {
        if self.arguments.json || judged.judgement.verdict != Verdict::Good {
            self.show(judged);
        } else {
            self.verdicts.insert(judged.judgement.verdict);
            self.summary.add(judged);
        }
    }

    /// Where a shallow clone ends, there was no more to look at: that is not the whole range.
    fn cut(&mut self, commits: &[String]) {
        if commits.is_empty() {
            return;
        }
        self.verdicts.insert(Verdict::Unchecked);
        let first = commits.first().map(String::as_str).unwrap_or_default();
        self.ui.warning(format!(
            "The history ends at {} commit{} of a shallow clone ({first} …), and what lies behind was not verified; `git fetch --unshallow` brings it.",
            commits.len(),
            if commits.len() == 1 { "" } else { "s" }
        ));
    }

    fn print(&mut self, judged: &Judged) {
        self.ui.line(format!("{} {}: {}", judged.kind.name(), judged.id, judged.judgement.verdict.as_str()));
        for sentence in sentences(&judged.judgement) {
            self.ui.line(format!("  {sentence}"));
        }
    }

    fn finish(self, many: bool) -> Exit {
        if many && !self.arguments.json && !self.arguments.quiet {
            for line in self.summary.lines() {
                self.ui.line(line);
            }
        }
        Exit::of_verdicts(self.verdicts)
    }
}

/// Verifies a commit or a tag that a repository holds; any other object is a mistake of the call.
pub(super) fn verify(verifier: &Verifier, entries: &Entries, object: &RawObject) -> Result<Result<Verified, Rejection>, Failure> {
    match object.kind {
        ObjectKind::Commit => Ok(Commit::parse(&object.bytes, object.format).and_then(|commit| entries.verify(verifier, &commit.signed))),
        ObjectKind::Tag => {
            Ok(check_name(object).and_then(|()| Tag::parse(&object.bytes)).and_then(|tag| entries.verify(verifier, &tag.signed)))
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

/// A tag that is reached by another name than its own says nothing about that name.
fn check_name(object: &RawObject) -> Result<(), Rejection> {
    match &object.reference {
        Some(reference) => Tag::parse(&object.bytes)?.check_name(reference),
        None => Ok(()),
    }
}
