//! git's `--verify`: reads payload and signature; writes status lines, sentences for people, and the exit status.

use super::{
    context::Context,
    exit::{Exit, Failure},
    input::read_at_most,
    process_memory::leak_until_exit,
    status,
    status_output::StatusOutput,
    ui::Ui,
};
use crate::{
    escape::Escaped,
    judge::{Entries, Judge, MergedTagFault},
    object::{MAX_OBJECT, Signed},
    policy::{Judgement, Verdict},
    report::{Claimed, sentences},
    repository::Repository,
    selection::{self, Deciders},
    signature::{ParsedSignature, armor::MAX_ARMOR},
    verify::Verifier,
};
use std::{borrow::Cow, path::Path};

/// The beginning of each line for people, between those of git.
const PREFIX: &str = "paraph: ";

/// The length of the one line on a signature that is not trusted, in characters.
const MAX_LINE: usize = 100;

pub(super) fn run(status_fd: Option<u32>, signature: Option<&Path>, data: Option<&Path>, ui: &mut Ui) -> Result<Exit, Failure> {
    let status = StatusOutput::open(status_fd)?;
    // git must see that the signature was not checked, not an empty answer
    let signed = match inputs(signature, data) {
        Ok((signature, payload)) => Signed { payload: Cow::Owned(payload), signature: Cow::Owned(signature) },
        Err(failure) => {
            status.write(&status::nothing_checked(None), ui)?;
            return Err(failure);
        }
    };
    let mut cms = Vec::new();
    let signature = ParsedSignature::parse(&signed.signature, &mut cms);
    let (judgement, deciders, warnings) = match judge(&signed, &signature) {
        Ok(judged) => judged,
        Err(failure) => {
            status.write(&status::nothing_checked(Claimed::of(&signature).as_ref()), ui)?;
            return Err(failure);
        }
    };
    let claimed = judgement.rejection().and_then(|_| Claimed::of(&signature));
    ui.collect_messages();
    for line in lines(&judgement).into_iter().chain(deciders.sentence(&judgement)) {
        ui.note(format!("{PREFIX}{line}"));
    }
    if let Some(claim) = claimed.as_ref().and_then(Claimed::sentence).filter(|_| judgement.shows_claim()) {
        ui.note(format!("{PREFIX}{claim}"));
    }
    for warning in warnings {
        ui.warning(warning);
    }
    status.write(&status::verification(&judgement, claimed.as_ref()), ui)?;
    Ok(Exit::of_git_call(status::is_success(&judgement)))
}

/// The judgement in lines for `git log --show-signature`. A signature that is not trusted gets one line: the advice is too long for a log, and
/// stands in the output of `paraph verify`.
fn lines(judgement: &Judgement) -> Vec<String> {
    let (Some(verified), Verdict::Untrusted) = (judgement.verification(), judgement.verdict()) else { return sentences(judgement) };
    let option = if judgement.policy().is_some() { " --policy" } else { "" };
    let line = |identity: &str| format!("Good signature from {identity}, but untrusted; see `paraph verify{option}`");
    let longest = MAX_LINE - PREFIX.len() - line("").len();
    vec![line(&shortened(&Escaped(&verified.identity().name).to_string(), longest))]
}

/// A text of at most so many characters.
fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest { text.to_owned() } else { text.chars().take(longest - 1).chain(['…']).collect() }
}

/// Reads signature and payload, each at most one byte more than is judged, so that the verifier reports one that is too large.
fn inputs(signature: Option<&Path>, data: Option<&Path>) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    Ok((read_at_most(signature, MAX_ARMOR + 1)?, read_at_most(data, MAX_OBJECT + 1)?))
}

fn judge(signed: &Signed<'_>, signature: &ParsedSignature<'_>) -> Result<(Judgement, Deciders, Vec<String>), Failure> {
    let context = Context::load(&[])?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (policy, mut warnings) = context.policy();
    let judge = leak_until_exit(Judge::new(verifier, policy).with_entries(Entries::stored()));
    let mut judgement = judge.signature(signed, signature, context.repository.as_ref().map(Repository::format));
    let pinned = selection::pinned_policy(&context.config, false)?;
    if let (Some(pinned), Some(repository)) = (&pinned, &context.repository) {
        judgement = judge.payload_by_policy(repository, pinned, &signed.payload, judgement)?;
    }
    warnings.extend(judge.take_warnings());
    warnings.extend(judge.merged_tag_faults(&signed.payload).iter().map(MergedTagFault::sentence));
    let deciders = context.deciders(None).with_policy(pinned.map(|pinned| pinned.source));
    context.leave();
    Ok((judgement, deciders, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_identity_is_cut_to_fit_the_line() {
        assert_eq!(shortened("ann@example.com", 15), "ann@example.com");
        assert_eq!(shortened("ann@example.com", 14), "ann@example.c…");
        assert_eq!(shortened(&"ü".repeat(99), 5).chars().count(), 5);
    }
}
