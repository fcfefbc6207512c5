//! `paraph policy explain`.

use super::call::judge;
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
        verify::{RepositoryPolicy, not_pinned},
    },
    judge::GitHistory,
    report::{next_step, sentences},
    selection,
};

/// Explain what the policy decides about a commit or tag
///
/// Prints the verdict, where the commit stands, which commit's policy judges it, who its signer is by that policy, and which rules answered.
/// Succeeds whatever the verdict is. Needs a pinned policy (`paraph.policyRoot` or `paraph.policyFile`), which may be the repository's own.
///
/// Example: paraph policy explain HEAD --as refs/heads/main
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// The commit or tag
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// Judge it as a commit of this ref
    #[arg(long, value_name = "REF")]
    r#as: Option<String>,
    /// Let git's own verifier judge OpenPGP and SSH signatures
    #[arg(long)]
    other_signatures: bool,
}

impl Explain {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let context = Context::load(&[])?;
        let repository = context.repository()?;
        let pinned = selection::pinned_policy(&context.config, true)?.ok_or_else(|| not_pinned("`paraph policy explain`"))?;
        let (judge, warnings) = judge(&context, self.other_signatures)?;
        let history = GitHistory::new(repository, &judge, pinned.certificate_trust());
        let since = context.config.judge_since.value.as_ref().map(|commits| commits.0.clone()).unwrap_or_default();
        let mut policy = RepositoryPolicy::open(repository, Some(&history), Some(&pinned), since, self.r#as.as_deref())?;
        policy.plan_objects(repository, &[&self.revision])?;
        let mut named = None;
        judge.revisions(&[&self.revision], repository, |one| named = Some(one))?;
        let Some(named) = named else { return Ok(Exit::Good) };
        let judged = policy.named(named)?.judged;
        let judgement = judged.judgement();
        ui.line(format!("{} {}: {}", judged.kind.name(), judged.id, judgement.verdict().as_str()));
        for sentence in sentences(judgement).into_iter().chain(policy.explained(&judged)?).chain(next_step(judgement)) {
            ui.line(format!("  {sentence}"));
        }
        for warning in warnings {
            ui.warning(warning);
        }
        Ok(Exit::Good)
    }
}
