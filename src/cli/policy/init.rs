//! `paraph policy init`: proposes a policy from the signatures of a history.

use super::call::judge;
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
    },
    git_process,
    judge::{CertificateTrust, GitHistory, Judge},
    repository::{ObjectKind, ReferenceSelection},
    repository_policy::{APPROVALS, Deed, Observations, PolicyFile},
    selection::SelectionError,
    wording::counted,
};
use std::{
    collections::HashSet,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

/// The most commits that are read.
const MAX_COMMITS: &str = "--max-count=10000";

/// Propose a policy from who signed until now
///
/// Reads the signatures of HEAD's history and of the tags in it, and prints a policy file that allows what they did: who committed, merged and
/// tagged, with which issuer. Workflows become robots, with the repository that their certificate names. Commits nothing and sets nothing.
/// Unsigned commits, and signatures that are not judged, are counted and allow nobody. A forge's merges are read with `paraph.forgeKey`, or
/// with --other-signatures.
///
/// Example: paraph policy init --since 6.months
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// How far back to read, as git reads --since
    #[arg(long, value_name = "TIME", default_value = "6.months")]
    since: String,
    /// Write a file that does not exist yet, instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Let git's own verifier judge OpenPGP and SSH signatures
    #[arg(long)]
    other_signatures: bool,
}

impl Init {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let context = Context::load(&[])?;
        let (judge, warnings) = judge(&context, self.other_signatures)?;
        let since = format!("--since={}", self.since);
        let commits = listed(&["rev-list", MAX_COMMITS, &since, "HEAD", "--"])?;
        let line = listed(&["rev-list", "--first-parent", &since, "HEAD", "--"])?.into_iter().collect();
        let mut observations = Observations::default();
        observe_commits(&context, &judge, (&commits, &line), &mut observations)?;
        observe_tags(&context, &judge, &commits, &mut observations)?;
        for warning in warnings.into_iter().chain(context.deciders(None).root_sentence()) {
            ui.warning(warning);
        }
        let count = counted(commits.len(), "commit");
        let beginning = format!("Proposed by `paraph policy init` from {count} since {}.", self.since.escape_default());
        let Some(text) = observations.proposal(&beginning) else {
            return Err(Failure::object(format!("no signature verifies in {count} since {}", self.since))
                .with_hint("sign some commits first, or read further back with --since"));
        };
        let parsed = PolicyFile::parse(text.as_bytes());
        parsed.map_err(|cause| SelectionError::PolicyFile { path: "of the proposal".into(), cause })?;
        match &self.output {
            None => ui.bytes(text.as_bytes()),
            Some(path) => {
                write_new(path, &text)?;
                ui.note(format!("Wrote {}. Read it, then check it with `paraph policy check` and commit it.", path.display()));
            }
        }
        Ok(Exit::Good)
    }
}

/// Who signed these commits, of which `line` are those of the branch itself.
fn observe_commits(
    context: &Context,
    judge: &Judge,
    (commits, line): (&[String], &HashSet<String>),
    observations: &mut Observations,
) -> Result<(), Failure> {
    let repository = context.repository()?;
    let history = GitHistory::new(repository, judge, CertificateTrust::Given);
    let mut failure = None;
    let named: Vec<&str> = commits.iter().map(String::as_str).collect();
    judge.revisions(&named, repository, |named| match repository.parents_of(&named.judged.id) {
        Ok(parents) => {
            let deed = match (line.contains(&named.judged.id), parents.len()) {
                (true, 0 | 1) => Deed::Commit,
                (true, _) => Deed::Merge,
                (false, _) => Deed::Contribute,
            };
            observations.add(deed, &history.signed_as(named.judged.judgement()));
        }
        Err(error) => failure = Some(error),
    })?;
    Ok(failure.map_or(Ok(()), Err)?)
}

/// Who signed the annotated tags of these commits.
fn observe_tags(context: &Context, judge: &Judge, commits: &[String], observations: &mut Observations) -> Result<(), Failure> {
    let repository = context.repository()?;
    let history = GitHistory::new(repository, judge, CertificateTrust::Given);
    let commits: HashSet<&str> = commits.iter().map(String::as_str).collect();
    for tag in repository.tags(&ReferenceSelection::new(&[], &[])?)?.annotated {
        let object = repository.object(&tag.reference)?;
        let commit = repository.commit_behind_object(&object.id)?;
        let is_approval = tag.reference.starts_with(APPROVALS);
        if object.kind == ObjectKind::Tag && !is_approval && commit.is_some_and(|commit| commits.contains(commit.as_str())) {
            let judged = judge.read(repository, Ok(object))?;
            observations.add(Deed::Tag, &history.signed_as(judged.judgement()));
        }
    }
    Ok(())
}

/// The ids that git lists.
fn listed(arguments: &[&str]) -> Result<Vec<String>, Failure> {
    let printed = git_process::printed(arguments).ok_or_else(|| {
        Failure::object("git cannot list the commits of HEAD").with_hint("check out a branch with commits, and check the time in --since")
    })?;
    Ok(printed.lines().map(str::to_owned).collect())
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::system(format!("{} exists already", path.display())).with_hint("name a file that does not exist")
        }
        _ => Failure::io(&format!("{} cannot be written", path.display()), &error),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
