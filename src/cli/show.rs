//! `paraph show`.

use super::{
    context::Context,
    entries::Entries,
    exit::{Exit, Failure},
    ui::Ui,
    verify,
};
use crate::{
    object::{Commit, Signed, Tag},
    report::{Contents, Report, sentences},
    repository::{ObjectKind, RawObject},
    verify::Verifier,
};
use serde::Serialize;
use serde_json::Value;

/// Show all that a signature holds
///
/// Prints the certificate with its identity, the log entry and the timestamps of a signed commit or tag, whether or not they verify.
/// This is for reading: what is shown is what the signature claims, and only `paraph verify` judges it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The commit or tag, in git's syntax; a tag is the tag object itself
    #[arg(default_value = "HEAD")]
    pub revision: String,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load(&[])?;
    let object = context.repository()?.object(&arguments.revision)?;
    let signed = signed(&object)?;
    let contents = Contents::of(&signed.signature).map_err(|rejection| unreadable(&object, &rejection.to_string()))?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let judgement = context.policy().0.judge(verify::verify(&verifier, &Entries::kept(), &object)?);
    if arguments.json {
        ui.json(&Document { report: Report::new(Some(object.id.clone()), &judgement), contents });
        return Ok(Exit::Good);
    }
    ui.line(format!("{} {}: {}", object.kind.name(), object.id, judgement.verdict.as_str()));
    for sentence in sentences(&judgement) {
        ui.line(format!("  {sentence}"));
    }
    ui.line("");
    ui.line("What the signature holds, as it claims:");
    if let Ok(value) = serde_json::to_value(&contents) {
        tree(&value, 1, ui);
    }
    Ok(Exit::Good)
}

/// `--json`: the fields of `paraph verify --json`, and beside them what the signature claims.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    report: Report,
    contents: Contents,
}

fn signed(object: &RawObject) -> Result<Signed<'_>, Failure> {
    let split = match object.kind {
        ObjectKind::Commit => Commit::parse(&object.bytes, object.format).map(|commit| commit.signed),
        ObjectKind::Tag => Tag::parse(&object.bytes).map(|tag| tag.signed),
        ObjectKind::Blob | ObjectKind::Tree => {
            return Err(Failure::new(
                Exit::Object,
                format!("{} is a {}, and only commits and tags are signed", object.id, object.kind.name()),
            ));
        }
    };
    split.map_err(|rejection| unreadable(object, &rejection.to_string()))
}

fn unreadable(object: &RawObject, cause: &str) -> Failure {
    Failure::new(Exit::Object, format!("the {} {} has no signature that could be shown: {cause}", object.kind.name(), object.id))
}

/// A JSON value as indented lines.
fn tree(value: &Value, depth: usize, ui: &mut Ui) {
    let indent = "  ".repeat(depth);
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        match value {
            Value::Object(_) => {
                ui.line(format!("{indent}{name}:"));
                tree(value, depth + 1, ui);
            }
            Value::Array(elements) => {
                for element in elements {
                    match element {
                        Value::String(text) => ui.line(format!("{indent}{name}: {text}")),
                        other => {
                            ui.line(format!("{indent}{name}:"));
                            tree(other, depth + 1, ui);
                        }
                    }
                }
            }
            Value::String(text) => ui.line(format!("{indent}{name}: {text}")),
            other => ui.line(format!("{indent}{name}: {other}")),
        }
    }
}
