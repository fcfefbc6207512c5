//! `post-merge`: warns of what a merge or pull brought in.

use super::{by_policy, refusals::Refusals};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
    },
    git_process::printed,
    judge::{Judge, Push},
    object::RefUpdate,
    rejection::Audience,
    verify::Verifier,
};

/// Prints a warning if something that was merged is not good. Whatever happens, the merge stands, so the exit code is 0.
pub(super) fn warn(squash: &str, ui: &mut Ui) -> Exit {
    match refusals(squash, ui) {
        Ok(Some(refusals)) => refusals.print_merged(ui),
        Ok(None) => {}
        Err(failure) => ui.warning(format!("What was merged is not verified: {}.", failure.message)),
    }
    Exit::Good
}

fn refusals(squash: &str, ui: &mut Ui) -> Result<Option<Refusals>, Failure> {
    let ids =
        || Some((printed(&["rev-parse", "-q", "--verify", "ORIG_HEAD^{commit}"])?, printed(&["rev-parse", "-q", "--verify", "HEAD"])?));
    let Some((old, new)) = ids().filter(|(old, new)| squash != "1" && old != new) else { return Ok(None) };
    let branch = printed(&["symbolic-ref", "-q", "HEAD"]).unwrap_or_else(|| "refs/heads/HEAD".to_owned());
    let push = Push::by_merge(RefUpdate { old: &old, new: &new, name: &branch });
    let context = Context::load(&[])?;
    if let Some(pinned) = by_policy::of_own(&context)? {
        return by_policy::refusals_of_own(&context, &pinned, &push, Audience::Terminal, ui).map(Some);
    }
    let (policy, warnings) = context.policy();
    warnings.into_iter().for_each(|warning| ui.warning(warning));
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let judge = Judge::new(verifier, policy).with_external_verifiers(context.external_verifiers(None)?);
    let mut refusals = Refusals::new(Audience::Terminal, false);
    judge.push(context.repository()?, &push, |judged| refusals.add(&judged))?;
    Ok(Some(refusals))
}
