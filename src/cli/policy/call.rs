//! What the commands that judge signatures start with.

use crate::{
    cli::{context::Context, exit::Failure},
    judge::{Entries, Judge},
    verify::Verifier,
};

/// A judge of signatures with the trust of whoever calls, and warnings for them.
pub(super) fn judge(context: &Context, other_signatures: bool) -> Result<(Judge, Vec<String>), Failure> {
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (policy, mut warnings) = context.policy();
    let (git, ignored) = other_signatures.then(|| context.git_verifier()).transpose()?.unzip();
    warnings.extend(ignored.into_iter().flatten());
    let judge = Judge::new(verifier, policy).with_external_verifiers(context.external_verifiers(git.as_ref())?);
    Ok((judge.with_entries(Entries::stored()).with_conversion_in(context.repository()?), warnings))
}
