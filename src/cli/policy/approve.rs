//! `paraph policy approve`: signs a tag that approves a change of the policy, or another tag.

use super::{call::judge, describe::print, source::NamedPolicy};
use crate::{
    cli::{
        confirmation::confirmed,
        context::Context,
        exit::{Exit, Failure},
        input::read,
        ui::Ui,
    },
    git_process,
    judge::{CertificateTrust, GitHistory, Judge},
    object::{MAX_OBJECT, TagHeaders},
    repository::{ObjectKind, RawObject, Repository, TreeEntry},
    repository_policy::{APPROVALS, Action, FILE, MAX_FILE, PolicyFile},
    selection::SelectionError,
};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// Sign an approval
///
/// Where the policy says that several must agree, the others approve with signed tags. REV is the commit that changes the policy, or the tag that
/// several must sign. Shows what is approved and asks. git makes and signs the approval, as it signs your other tags, and nothing is pushed: the
/// command for that is printed. The approval must reach the server before the change, or with it.
///
/// Example: paraph policy approve origin/new-maintainer
#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    /// The commit that changes the policy, or the tag to approve
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// Approve the tag object in this file, as `git cat-file tag` prints it; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "revision", value_hint = clap::ValueHint::FilePath)]
    tag_object: Option<PathBuf>,
    /// The last part of the approval's name [default: from user.email]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

/// What is approved.
struct Approved {
    /// In words.
    what: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    digest: String,
    /// The commit that the approval names.
    commit: String,
    /// The policy there and the action whose list must have the signer; `None` for a change of the policy itself.
    policy: Option<PolicyFile>,
    reference: Option<String>,
}

impl Approve {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let context = Context::load(&[])?;
        let repository = context.repository()?;
        let approved = self.approved(repository, ui)?;
        let name = self.name()?;
        let short = format!("paraph-approval/{}/{name}", approved.digest);
        let reference = format!("{APPROVALS}{}/{name}", approved.digest);
        if git_process::printed(&["rev-parse", "--verify", "--quiet", &reference]).is_some() {
            return Err(Failure::object(format!("there is an approval {reference} already")).with_hint("name yours with --name NAME"));
        }
        if !confirmed(&format!("Approve {}?", approved.what), self.yes, "add --yes to approve it without a question", ui)? {
            return Ok(Exit::Good);
        }
        let message = format!("Approve {}\n\n{}", approved.what, approved.digest);
        let made = git_process::git(["tag", "-s", "-m", &message, &short, &approved.commit]).status();
        let made = made.map_err(|error| Failure::io("git cannot be run", &error))?;
        if !made.success() {
            return Err(Failure::not_good("git did not create the approval tag")
                .with_hint("git says why above; `paraph doctor` finds faults of the setup"));
        }
        let (judge, _) = judge(&context, true)?;
        warn_if_not_listed(repository, &judge, &reference, &approved, ui)?;
        ui.note("The approval is signed. Push it before the change, or with it:");
        ui.line(format!("git push {} {reference}", remote()));
        Ok(Exit::Good)
    }

    fn approved(&self, repository: &Repository, ui: &mut Ui) -> Result<Approved, Failure> {
        if let Some(file) = &self.tag_object {
            let path = Some(file.as_path()).filter(|path| path.as_os_str() != "-");
            return tag_of(repository, &read(path, MAX_OBJECT)?);
        }
        let object = repository.object(&self.revision)?;
        match object.kind {
            ObjectKind::Tag => tag_of(repository, &object.bytes),
            ObjectKind::Commit => change_of(repository, &self.revision, &object, ui),
            ObjectKind::Tree | ObjectKind::Blob => Err(Failure::object(format!("{} is neither a commit nor a tag", self.revision))
                .with_hint("name the commit that changes the policy")),
        }
    }

    /// The last part of the name.
    fn name(&self) -> Result<String, Failure> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if let Some(name) = &self.name {
            return match !name.is_empty() && name.bytes().all(is_plain) {
                true => Ok(name.clone()),
                false => Err(Failure::usage(format!("--name is \"{name}\"; expected letters, digits, `-` and `_`"))
                    .with_hint("give a name such as --name ann")),
            };
        }
        let email = git_process::printed(&["config", "user.email"]).unwrap_or_default();
        let local = email.split('@').next().unwrap_or_default();
        let name: String = local.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
        Ok(if name.trim_matches('-').is_empty() { "approval".to_owned() } else { name })
    }
}

/// The change that a commit makes to the policy, which is shown.
fn change_of(repository: &Repository, revision: &str, commit: &RawObject, ui: &mut Ui) -> Result<Approved, Failure> {
    let unchanged =
        || Failure::object(format!("{revision} does not change {FILE}")).with_hint("name the commit that changes it, or a tag to approve");
    let parent = repository.parents_of(&commit.id)?.into_iter().next().ok_or_else(unchanged)?;
    let entry = |commit: &str| -> Result<Option<String>, Failure> {
        Ok(match repository.entry_at(commit, FILE)? {
            Some(TreeEntry::File { id }) => Some(id),
            Some(TreeEntry::Other) | None => None,
        })
    };
    let (before, after) = (entry(&parent)?, entry(&commit.id)?);
    let after = after.filter(|after| before.as_ref() != Some(after)).ok_or_else(unchanged)?;
    let bytes = repository.file(&after, MAX_FILE)?.ok_or_else(|| Failure::configuration(format!("{revision}:{FILE} is too large")))?;
    let wrong = |cause| SelectionError::PolicyFile { path: format!("{revision}:{FILE}").into(), cause };
    let new = PolicyFile::parse(&bytes).map_err(wrong)?;
    let old = NamedPolicy::of_revision(&parent).ok().map(|named| named.policy);
    match &old {
        Some(old) => {
            print(&old.difference(&new), ui);
            ui.line(format!("Who may make this change: {}", old.right_to_change()));
        }
        None => ui.warning("The commit before has no policy that can be used, so nothing is compared."),
    }
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok(Approved { what: format!("the policy of commit {}", commit.id), digest, commit: parent, policy: old, reference: None })
}

/// The tag in these bytes.
fn tag_of(repository: &Repository, bytes: &[u8]) -> Result<Approved, Failure> {
    let headers = TagHeaders::parse(bytes).map_err(|rejection| {
        Failure::object(format!("it is not a tag object: {rejection}")).with_hint("give what `git cat-file tag NAME` prints")
    })?;
    let commit = repository.commit_behind_object(headers.target)?;
    let commit =
        commit.ok_or_else(|| Failure::object("the tag leads to no commit of this repository").with_hint("fetch the commit first"))?;
    let policy = NamedPolicy::of_revision(&commit).ok().map(|named| named.policy);
    let what = format!("the tag {} of commit {commit}", crate::escape::Escaped(headers.name));
    let reference = Some(format!("refs/tags/{}", headers.name));
    Ok(Approved { what, digest: hex::encode(Sha256::digest(bytes)), commit, policy, reference })
}

/// Warns if the approval will not count, as far as the policy file of its commit tells.
fn warn_if_not_listed(repository: &Repository, judge: &Judge, reference: &str, approved: &Approved, ui: &mut Ui) -> Result<(), Failure> {
    let Some(policy) = &approved.policy else { return Ok(()) };
    let judged = judge.read(repository, repository.object(reference))?;
    let signed = GitHistory::new(repository, judge, CertificateTrust::Given).signed_as(judged.judgement());
    let list = match &approved.reference {
        None => policy.policy_list(),
        Some(reference) => policy.list_about(Action::Tag, reference),
    };
    if signed.signer().and_then(|signer| policy.first_that_fits(list, signer)).is_none() {
        let why = crate::report::sentences(judged.judgement()).join(" ");
        ui.warning(format!("The policy does not list who signed this approval, so it will not count. {why}"));
    }
    Ok(())
}

/// The remote to push to.
fn remote() -> String {
    let remotes = git_process::printed(&["remote"]).unwrap_or_default();
    let names: Vec<&str> = remotes.lines().collect();
    match names.as_slice() {
        [one] => (*one).to_owned(),
        names if names.contains(&"origin") => "origin".to_owned(),
        _ => "REMOTE".to_owned(),
    }
}
