//! git's `--verify`: payload and signature in; a status block, words for people and an exit status out.

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
    judge::{Entries, Judge},
    object::{MAX_OBJECT, Signed},
    policy::{Judgement, Verdict},
    report::{Claimed, sentences},
    repository::Repository,
    signature::armor::MAX_ARMOR,
    verify::Verifier,
};
use std::{borrow::Cow, path::Path};

pub(super) fn run(status_fd: Option<u32>, signature: &Path, data: Option<&Path>, ui: &mut Ui) -> Result<Exit, Failure> {
    if status_fd == Some(1) {
        Ui::require_output()?;
    }
    let status = StatusOutput::open(status_fd)?;
    let mut input = Vec::new();
    let judged = inputs(signature, data).and_then(|(signature, payload)| {
        input = signature;
        judge(&Signed { payload: Cow::Owned(payload), signature: Cow::Borrowed(&input) })
    });
    let (judgement, warnings) = match judged {
        Ok(judged) => judged,
        // what cannot even be read or set up was not checked: git must hear that, and not nothing
        Err(failure) => {
            status.write(&status::nothing_checked(Claimed::of(&input).as_ref()), ui)?;
            return Err(failure);
        }
    };
    let claimed = judgement.result.is_err().then(|| Claimed::of(&input)).flatten();
    ui.collect_talk();
    for line in sentences(&judgement) {
        ui.note(format!("paraph: {line}"));
    }
    if let (Err(_), Some(Claimed { identity: Some(identity), .. })) = (&judgement.result, &claimed)
        && judgement.verdict != Verdict::Other
    {
        ui.note(format!("paraph: It claims to be from {identity}."));
    }
    for warning in warnings {
        ui.warning(warning);
    }
    status.write(&status::verification(&judgement, claimed.as_ref()), ui)?;
    Ok(if status::is_success(&judgement) { Exit::Good } else { Exit::NotGood })
}

/// Signature and payload. A byte more than is judged is enough for the verifier to say that it is too much.
fn inputs(signature: &Path, data: Option<&Path>) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    Ok((read_at_most(Some(signature), MAX_ARMOR + 1)?, read_at_most(data, MAX_OBJECT + 1)?))
}

fn judge(signed: &Signed<'_>) -> Result<(Judgement, Vec<String>), Failure> {
    let context = Context::load(&[])?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (policy, mut warnings) = context.policy();
    let judge = leak_until_exit(Judge::new(verifier, policy).with_entries(Entries::stored()));
    let judgement = judge.signature(signed, context.repository.as_ref().map(Repository::format));
    warnings.extend(judge.take_warnings());
    context.leave();
    Ok((judgement, warnings))
}
