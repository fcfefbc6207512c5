//! `paraph verify`: arguments, and the order in which objects are judged. The judge is in the library ([`crate::judge`]).

mod expect;
mod legacy;
mod options;
mod output;
mod policy;
mod sarif;
mod summary;
pub(super) mod tag;

use super::{
    exit::{Exit, Failure},
    input::read,
    ui::{Total, Ui},
};
use crate::{
    repository::{Range, ReferenceSelection, RepositoryHandle, Tags},
    wording::counted,
};
use options::{Options, VerifyCall};
use output::Output;
pub(super) use {
    expect::Expect,
    options::{Format, not_pinned, time},
    policy::RepositoryPolicy,
    sarif::Sarif,
};

/// The most that is read from standard input, in bytes.
const MAX_LIST: usize = 64 << 20;

/// Verify commits and tags, offline
///
/// Verifies the signature of each object, and whether you trust the identity that signed it (see `paraph.allowedIdentities` in
/// `paraph config --help`). Reads the repository and the trust roots, and changes neither. Fails unless every verdict is good; the exit code
/// is that of the worst verdict. Refuses ambiguous names. Does not follow replacement objects and grafts.
///
/// A single revision means that object only: `paraph verify v1.0`. A range means every commit in it. An empty range succeeds and prints that
/// there is nothing to verify.
///
/// --all and --tags leave out refs that git makes itself and cannot sign: stash, notes, bisect, rewritten, worktree, prefetch, original,
/// replace and paraph. --include-ref includes them, --exclude-ref leaves out others: `paraph verify --all --exclude-ref 'refs/remotes/*'`. A
/// pattern is a full name, a folder of names, or a glob, in which an asterisk also matches slashes. As in git, --all always follows HEAD,
/// even if HEAD's branch is left out.
///
/// On a terminal, many objects are shown in groups by cause, with a few examples. --verbose shows each one that is not good.
///
/// OpenPGP and SSH signatures get the verdict `other`. With --other-signatures, git's own verifier judges them. With `paraph.forgeKey`, the
/// forge's key judges its merge commits.
///
/// Where a policy of the repository is pinned (`paraph.policyRoot`), it decides who may sign what: see man/policy.md. Its rules can depend on the
/// ref: the one that REV names, otherwise the branch of HEAD. --as names another.
///
/// Example: paraph verify main..topic
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Commits, tags and ranges, in git's syntax; a tag is the tag object itself [default: HEAD]
    #[arg(value_name = "REV")]
    pub revisions: Vec<String>,
    /// Verify every commit that a ref leads to
    #[arg(long, conflicts_with = "revisions")]
    pub all: bool,
    /// Verify every annotated tag that a ref leads to, and the tags inside it
    #[arg(long)]
    pub tags: bool,
    /// With --all and --tags, include refs that are left out by default
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["revisions", "stdin"])]
    pub include_ref: Vec<String>,
    /// With --all and --tags, leave out these refs
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["revisions", "stdin"])]
    pub exclude_ref: Vec<String>,
    /// Read the revisions from standard input, one per line
    #[arg(long, conflicts_with_all = ["revisions", "all"])]
    pub stdin: bool,
    /// In ranges, follow only the first parent of each commit
    #[arg(long)]
    pub first_parent: bool,
    /// Judge the commits as those of this ref by the policy of the repository
    #[arg(long, value_name = "REF", conflicts_with = "all")]
    r#as: Option<String>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut output = Output::new(&arguments.options, ui);
    let (call, revisions) = match VerifyCall::open(&arguments.options).and_then(|call| Ok((call, arguments.revisions()?))) {
        Ok(opened) => opened,
        Err(failure) => return output.finish(false, Some(failure)),
    };
    output.decided_by(&call.deciders);
    output.substituted_by_git(call.context.repository()?.substitutes(arguments.options.deep), &revisions);
    let many = is_many(arguments, &revisions);
    let failure = judge(arguments, &revisions, &call, &mut output).err();
    let exit = output.finish(many, failure);
    call.finish(ui);
    exit
}

fn judge(arguments: &Args, revisions: &[String], call: &VerifyCall, output: &mut Output<'_>) -> Result<(), Failure> {
    let (repository, judge) = (call.context.repository()?, &call.judge);
    let history = policy::history(repository, judge, call.policy.as_ref());
    let mut policy =
        RepositoryPolicy::open(repository, history.as_ref(), call.policy.as_ref(), call.context.judge_since(), arguments.r#as.as_deref())?;
    // with `^A` among the revisions, `B` is a range too, as in git
    let leaves_out = revisions.iter().any(|revision| revision.starts_with('^'));
    let (ranges, objects): (Vec<&str>, Vec<&str>) =
        revisions.iter().map(String::as_str).partition(|revision| leaves_out || is_range(revision));
    let selection = ReferenceSelection::new(&arguments.include_ref, &arguments.exclude_ref)?;
    if let Some(unmatched) = repository.unmatched_patterns(&selection)?.first() {
        output.warn(format!("No ref matches \"{unmatched}\"."));
    }
    let tags = if arguments.tags { repository.tags(&selection)? } else { Tags::default() };
    let Tags { annotated: tags, lightweight, left_out } = tags;
    let range = Range { revisions: ranges, all: arguments.all.then_some(&selection), first_parent: arguments.first_parent };
    let mut left_out = left_out;
    policy.plan_objects(repository, &objects)?;
    policy.plan_range(repository, &range)?;
    if let Some(total) = is_many(arguments, revisions).then(|| output.begin()).flatten() {
        count(repository.handle(), &range, objects.len() + tags.len(), total);
    }
    let mut failure = None;
    judge.revisions(&objects, repository, |named| {
        let Some(named) = policy.named(named).map_err(|error| failure = Some(error)).ok() else { return };
        if let Some(reference) = &named.lightweight_tag {
            output.warn(format!(
                "{reference} is a lightweight tag, so the verdict is on the commit that it leads to now. `paraph verify-tag` requires a signed tag."
            ));
        }
        if arguments.stdin { output.show_listed(&named.judged) } else { output.show(&named.judged) }
    })?;
    failure.take().map_or(Ok(()), Err)?;
    if !range.revisions.is_empty() || range.all.is_some() {
        let mut commits = repository.commits(&range)?;
        let prepare = output.preparation();
        judge.commits(
            commits.by_ref(),
            &repository.handle(),
            |judged| policy.commit(judged).map(&prepare),
            |object| match object {
                Ok(object) => output.show_of_many(object),
                Err(error) => failure = failure.take().or(Some(error)),
            },
        )?;
        failure.take().map_or(Ok(()), Err)?;
        output.cut(commits.cut());
        left_out.extend(commits.left_out().iter().filter(|name| !left_out.contains(name)).cloned().collect::<Vec<_>>());
    }
    output.left_out(&left_out);
    warn_of_lightweight(&lightweight, output);
    Ok(judge.tags(repository, &tags, |judged, reference| policy.listed_tags(judged, reference), |judged| output.show_listed(&judged))?)
}

fn warn_of_lightweight(lightweight: &[String], output: &mut Output<'_>) {
    if let Some(first) = lightweight.first() {
        let which = match lightweight.len() - 1 {
            0 => format!("{first} is a lightweight tag, which carries no signature and was not judged"),
            others => {
                format!("{first} and {} are lightweight tags, which carry no signature and were not judged", counted(others, "other"))
            }
        };
        output.warn(format!("{which}. `paraph verify-tag` requires a signed tag."));
    }
}

/// Counts the commits of a range while they are verified, for the progress bar. `others` is the number of other objects.
fn count(handle: RepositoryHandle, range: &Range<'_>, others: usize, total: Total) {
    if range.revisions.is_empty() && range.all.is_none() {
        total.set(others as u64);
        return;
    }
    let revisions: Vec<String> = range.revisions.iter().map(|revision| (*revision).to_owned()).collect();
    let (all, first_parent) = (range.all.cloned(), range.first_parent);
    std::thread::spawn(move || {
        let range = Range { revisions: revisions.iter().map(String::as_str).collect(), all: all.as_ref(), first_parent };
        if let Ok(commits) = handle.to_repository().commits(&range) {
            total.set((others + commits.map_while(Result::ok).count()) as u64);
        }
    });
}

impl Args {
    fn revisions(&self) -> Result<Vec<String>, Failure> {
        let patterns = [("--include-ref", &self.include_ref), ("--exclude-ref", &self.exclude_ref)];
        if let Some((option, _)) = patterns.iter().find(|(_, patterns)| !patterns.is_empty() && !self.all && !self.tags) {
            return Err(Failure::usage(format!("{option} is given without --all or --tags"))
                .with_hint("add --all for commits, or --tags for annotated tags"));
        }
        if self.stdin {
            let text = String::from_utf8(read(None, MAX_LIST)?).map_err(|_| Failure::usage("standard input is not valid UTF-8"))?;
            let revisions: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
            // an empty list is more likely a mistake of the caller than a list without bad objects
            if revisions.is_empty() {
                return Err(Failure::usage("standard input names no revision")
                    .with_hint("write one revision on each line, for example with `git rev-list main..topic`"));
            }
            return including_something(revisions);
        }
        let nothing_named = self.revisions.is_empty() && !self.all && !self.tags;
        if nothing_named { Ok(vec!["HEAD".into()]) } else { including_something(self.revisions.clone()) }
    }
}

/// Refuses revisions that only exclude commits: nothing would be verified.
fn including_something(revisions: Vec<String>) -> Result<Vec<String>, Failure> {
    if !revisions.is_empty() && revisions.iter().all(|revision| revision.starts_with('^')) {
        return Err(Failure::usage("the revisions only exclude commits (^REV)").with_hint("give BASE.. for the commits since BASE"));
    }
    Ok(revisions)
}

fn is_range(revision: &str) -> bool {
    revision.contains("..") || revision.starts_with('^')
}

/// Whether the call can be about more than one object, so that a summary is printed.
fn is_many(arguments: &Args, revisions: &[String]) -> bool {
    arguments.all || arguments.tags || arguments.stdin || revisions.len() > 1 || revisions.iter().any(|revision| is_range(revision))
}
