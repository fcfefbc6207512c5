//! `paraph verify`.

use super::{
    context::Context,
    exit::{Exit, Failure},
    ui::Ui,
};
use crate::{
    Reason, Rejection,
    object::Tag,
    policy::Judgement,
    report::{Report, sentences},
    repository::{ObjectKind, RawObject},
    verify::{Verified, Verifier},
};

/// Verify a commit or a tag, offline
///
/// Checks the signature of one object and whether you trust its identity (see `paraph.allowedIdentities` in `paraph config --help`).
/// Replacement objects and grafts are not followed, and a name that may mean two things is refused. Succeeds only where the verdict is
/// good.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The commit or tag, in git's syntax; a tag is the tag object itself
    #[arg(default_value = "HEAD")]
    pub revision: String,
    /// Print the verdict and what led to it as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load(&[])?;
    let object = context.repository()?.object(&arguments.revision)?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (policy, warnings) = context.policy();
    let judgement = policy.judge(verify(&verifier, &object)?);
    print(&object, &judgement, arguments.json, ui);
    for warning in warnings {
        ui.warning(warning);
    }
    Ok(Exit::of_verdicts([judgement.verdict]))
}

/// Verifies a commit or a tag that a repository holds; any other object is a mistake of the call.
pub(super) fn verify(verifier: &Verifier, object: &RawObject) -> Result<Result<Verified, Rejection>, Failure> {
    match object.kind {
        ObjectKind::Commit => Ok(verifier.verify_commit(&object.bytes, object.format)),
        ObjectKind::Tag => Ok(check_name(object).and_then(|()| verifier.verify_tag(&object.bytes))),
        ObjectKind::Blob | ObjectKind::Tree => {
            Err(Failure::new(Exit::Object, format!("{} is a {}, and only commits and tags are signed", object.id, object.kind.name())))
        }
    }
}

/// A tag that is reached by another name than its own says nothing about that name.
fn check_name(object: &RawObject) -> Result<(), Rejection> {
    let Some(reached_as) = object.reference.as_deref().and_then(|reference| reference.strip_prefix("refs/tags/")) else { return Ok(()) };
    let name = Tag::parse(&object.bytes)?.name.to_owned();
    if name == reached_as {
        Ok(())
    } else {
        Err(Rejection::new(Reason::TagName, format!("refs/tags/{reached_as} leads to the tag named {name}")))
    }
}

fn print(object: &RawObject, judgement: &Judgement, json: bool, ui: &mut Ui) {
    if json {
        ui.json(&Report::new(Some(object.id.clone()), judgement));
        return;
    }
    ui.line(format!("{} {}: {}", object.kind.name(), object.id, judgement.verdict.as_str()));
    for sentence in sentences(judgement) {
        ui.line(format!("  {sentence}"));
    }
}
