//! `paraph verify-tag`.

use super::{
    DEEPEST_TAG, Judge, Judged,
    options::{Options, Session},
    output::Output,
};
use crate::{
    Reason, Rejection,
    cli::{
        exit::{Exit, Failure},
        ui::Ui,
    },
    object::TagHeaders,
    policy::Verdict,
    report::TagReport,
    repository::{ObjectKind, RawObject, Repository},
};

/// Verify tags, offline
///
/// Judges the tag object that each name leads to, as `paraph verify` does, and compares the tag's own name with that of its ref. The verdict is
/// on the tag alone: it says who tagged what, and nothing about the signature of the tagged commit, which --target judges as well. A tag of a
/// tag is judged with every tag inside it. A lightweight tag is a mere ref, carries no signature, and is `unsigned`.
///
/// A short name that may mean something else too, such as a branch, is refused: give the full one, refs/tags/NAME.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The tags, by name, full name or object id
    #[arg(value_name = "TAG", required = true)]
    tags: Vec<String>,
    /// Judge what the innermost tag names too: the commit
    #[arg(long)]
    target: bool,
    #[command(flatten)]
    options: Options,
}

pub(in crate::cli) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let session = Session::open(&arguments.options)?;
    let repository = session.context.repository()?;
    let judge = session.judge();
    let mut output = Output::new(&arguments.options, ui);
    let mut failure = None;
    for tag in &arguments.tags {
        match judge_tag(&judge, repository, tag, arguments.target) {
            Ok(judged) => judged.iter().for_each(|judged| output.show(judged)),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let exit = output.finish(arguments.tags.len() > 1, failure);
    session.warn(ui);
    exit
}

/// The tag, every tag inside it, and with `target` what the innermost names.
fn judge_tag(judge: &Judge<'_>, repository: &Repository, name: &str, target: bool) -> Result<Vec<Judged>, Failure> {
    let mut object = match repository.object(name) {
        Ok(object) => object,
        Err(error) => return Ok(vec![judge.read(Err(error))?]),
    };
    let mut all = Vec::new();
    if object.kind != ObjectKind::Tag {
        all.push(lightweight(judge, &object, name, target)?);
        if target {
            all.push(judge_target(judge, &object)?);
        }
        return Ok(all);
    }
    for _ in 0..DEEPEST_TAG {
        let mut judged = judge.object(&object)?;
        // a tag whose headers cannot be read is bad, and names nothing
        let Ok(headers) = TagHeaders::parse(&object.bytes) else {
            all.push(judged);
            return Ok(all);
        };
        let is_nested = headers.target_type == "tag";
        judged.tag = Some(TagReport {
            name: headers.name.to_owned(),
            target: headers.target.to_owned(),
            target_type: headers.target_type.to_owned(),
            target_judged: is_nested || target,
        });
        if !is_nested && !target {
            all.push(judged);
            return Ok(all);
        }
        let next = match repository.object_by_id(headers.target) {
            Ok(next) => next,
            Err(error) => {
                all.extend([judged, judge.read(Err(error))?]);
                return Ok(all);
            }
        };
        if next.kind.name() != headers.target_type {
            let detail = format!("it names the {} {}, which is a {}", headers.target_type, headers.target, next.kind.name());
            judged.judgement = judge.policy.judge(Err(Rejection::new(Reason::MalformedObject, detail)));
        }
        all.push(judged);
        if next.kind != ObjectKind::Tag {
            all.push(judge_target(judge, &next)?);
            return Ok(all);
        }
        object = next;
    }
    Err(Failure::new(Exit::Object, format!("{name} is a tag of a tag, more than {DEEPEST_TAG} deep")))
}

/// A ref among the tags that leads to no tag object. What is no tag at all is a mistake of the call.
fn lightweight(judge: &Judge<'_>, object: &RawObject, name: &str, target: bool) -> Result<Judged, Failure> {
    match object.reference.as_deref().filter(|reference| reference.starts_with("refs/tags/")) {
        Some(reference) => {
            let kind = object.kind.name();
            let detail = format!("{reference} leads to the {kind} itself");
            let mut judged = Judged::new(object, judge.policy.judge(Err(Rejection::new(Reason::NotAnnotated, detail))));
            let name = reference.strip_prefix("refs/tags/").unwrap_or(reference).to_owned();
            judged.tag = Some(TagReport { name, target: object.id.clone(), target_type: kind.to_owned(), target_judged: target });
            Ok(judged)
        }
        None => Err(Failure::new(Exit::Object, format!("'{name}' names a {}, and no tag", object.kind.name()))
            .with_hint("`paraph verify` judges commits")),
    }
}

fn judge_target(judge: &Judge<'_>, object: &RawObject) -> Result<Judged, Failure> {
    match object.kind {
        ObjectKind::Commit | ObjectKind::Tag => judge.object(object),
        ObjectKind::Blob | ObjectKind::Tree => {
            let detail = format!("a {} cannot carry one", object.kind.name());
            let judgement = judge.policy.judge(Err(Rejection::new(Reason::NoSignature, detail)));
            debug_assert_eq!(judgement.verdict, Verdict::Unsigned);
            Ok(Judged::new(object, judgement))
        }
    }
}
