//! The hooks of a server where the server's configuration pins a policy of the repository (`man/policy.md`): it decides in place of the
//! allowed identities and of `paraph.guardedRefs`.

use super::{
    ServerHook, push_certificate,
    refusals::{Refusals, Unsignable},
};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
    },
    config::GitVerifier,
    judge::{GitHistory, Judge, PolicyJudge, Push, PushRuling, PushToServer, is_zero},
    object::RefUpdate,
    rejection::Audience,
    selection::{self, PinnedPolicy},
    verify::Verifier,
};

/// The policy that the server's configuration pins.
pub(super) fn pinned(context: &Context) -> Result<Option<PinnedPolicy>, Failure> {
    // the server's own configuration is as good as that of its user
    Ok(selection::pinned_policy(&context.config, true)?)
}

/// The policy that a stronger source than the repository pins on one's own machine.
pub(super) fn of_own(context: &Context) -> Result<Option<PinnedPolicy>, Failure> {
    Ok(selection::pinned_policy(&context.config, false)?)
}

/// Judges what is sent, on one's own machine, as `paraph verify` does. What the server asks beside commits and tags is not asked here.
pub(super) fn judge_own(context: &Context, pinned: &PinnedPolicy, push: &Push<'_>, ui: &mut Ui) -> Result<Exit, Failure> {
    let refusals = refusals_of_own(context, pinned, push, Audience::Pusher, ui)?;
    refusals.print(&Unsignable::of(std::iter::empty()), ui);
    Ok(Exit::of_git_call(refusals.is_empty()))
}

/// What the policy refuses of commits and tags that this clone has, and others do not.
pub(super) fn refusals_of_own(
    context: &Context,
    pinned: &PinnedPolicy,
    push: &Push<'_>,
    audience: Audience,
    ui: &mut Ui,
) -> Result<Refusals, Failure> {
    let repository = context.repository()?;
    let (policy, warnings) = context.policy();
    warnings.into_iter().for_each(|warning| ui.warning(warning));
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (git, ignored) = context.git_verifier()?;
    ignored.into_iter().for_each(|warning| ui.warning(warning));
    let judge = Judge::new(verifier, policy).with_external_verifiers(context.external_verifiers(Some(&git))?);
    let history = GitHistory::new(repository, &judge, pinned.certificate_trust());
    let mut by_policy = PolicyJudge::new(&history, pinned, context.judge_since())?;
    let mut refusals = Refusals::new(audience, false);
    by_policy.push_to_remote(repository, push, |judged| refusals.add(&judged))?;
    Ok(refusals)
}

/// Judges a push by this policy.
pub(super) fn judge(
    context: &Context,
    pinned: &PinnedPolicy,
    updates: &[RefUpdate<'_>],
    hook: ServerHook,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let repository = context.repository()?;
    let namespace = super::namespace();
    let (policy, _) = context.policy();
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let git = GitVerifier::of_server(repository)?;
    if let Some(why) = context.in_work_tree(git.files(repository.git_dir())) {
        return Err(Failure::configuration(why).with_hint("on the server, move that file out of the work tree"));
    }
    let judge = Judge::new(verifier, policy).with_external_verifiers(context.external_verifiers(Some(&git))?);
    // `update` sees one ref, and cannot know whether git accepts those of approvals
    let (certificate, approvals) = match hook {
        ServerHook::PreReceive => (Some(push_certificate::of_hook(repository, &judge, updates)?), PushToServer::approvals(updates)),
        ServerHook::Update => (None, Vec::new()),
        // what is in one transaction is accepted or refused together
        ServerHook::ReferenceTransaction => (None, PushToServer::approvals(updates)),
    };
    let certificate = certificate.as_ref().map(Option::as_ref);
    let history = GitHistory::new(repository, &judge, pinned.certificate_trust()).with_push(&namespace, approvals);
    let mut by_policy = PolicyJudge::new(&history, pinned, context.judge_since())?;
    let push = PushToServer::new(repository, updates, &namespace, certificate)?;
    let push = if hook == ServerHook::ReferenceTransaction { push.without_certificates() } else { push };
    let mut refusals = Refusals::new(Audience::PusherToServer, false);
    if let Some(certificate) = certificate.flatten().filter(|certificate| history.is_bad(&certificate.judged)) {
        refusals.add(&certificate.judged);
    }
    let judged = by_policy.push(repository, &push, |ruling| match ruling {
        PushRuling::Object(judged) => refusals.add(&judged),
        PushRuling::Reference { name, ruling } => refusals.add_reference(&name, &ruling),
    });
    let moved = updates.iter().filter(|update| !is_zero(update.new)).map(|update| update.name);
    refusals.print(&Unsignable::of(moved), ui);
    judged?;
    push_certificate::require_fresh(certificate.flatten())?;
    Ok(Exit::of_git_call(refusals.is_empty()))
}
