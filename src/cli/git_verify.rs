//! git's `--verify`: payload and signature in; a status block, words for people and an exit status out.

use super::{
    context::Context,
    exit::{Exit, Failure},
    git_program::{read, write_status},
    status,
    ui::Ui,
};
use crate::{
    object::{MAX_OBJECT, Signed},
    policy::{Judgement, Verdict},
    report::{Claimed, sentences},
    signature::armor::MAX_ARMOR,
    verify::Verifier,
};
use std::{borrow::Cow, path::Path};

pub(super) fn run(status_fd: Option<u32>, signature: &Path, data: Option<&Path>, ui: &mut Ui) -> Result<Exit, Failure> {
    let signature = read(Some(signature), MAX_ARMOR)?;
    let payload = read(data, MAX_OBJECT)?;
    let signed = Signed { payload: Cow::Borrowed(&payload), signature: Cow::Borrowed(&signature) };
    let (judgement, warnings) = match judge(&signed) {
        Ok(judged) => judged,
        // what cannot even be set up was not checked: git must hear that, and not nothing
        Err(failure) => {
            write_status(status_fd, &status::nothing_checked(Claimed::of(&signature).as_ref()), ui)?;
            return Err(failure);
        }
    };
    let claimed = judgement.result.is_err().then(|| Claimed::of(&signature)).flatten();
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
    write_status(status_fd, &status::verification(&judgement, claimed.as_ref()), ui)?;
    Ok(if status::is_success(&judgement) { Exit::Good } else { Exit::NotGood })
}

fn judge(signed: &Signed<'_>) -> Result<(Judgement, Vec<String>), Failure> {
    let context = Context::load(&[])?;
    let roots = context.trust_roots()?;
    let (policy, warnings) = context.policy();
    Ok((policy.judge(Verifier::new(roots, jiff::Timestamp::now()).verify(signed)), warnings))
}
