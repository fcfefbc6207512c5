//! `paraph verify-tag`: the verdict on tag objects and the tags inside them.

use super::{
    options::{Options, VerifyCall},
    output::Output,
    policy::{self, RepositoryPolicy},
};
use crate::{
    cli::{
        exit::{Exit, Failure},
        ui::Ui,
    },
    judge::TagScope,
};

/// Verify tags, offline
///
/// Verifies the tag object that each name leads to, as `paraph verify` does, and compares the tag's own name with that of its ref. A tag of a
/// tag is judged with every tag inside it. Fails unless every verdict is good; the exit code is that of the worst verdict.
///
/// The verdict is on the tag only: it says who tagged what, not who signed the commit. With --target, the tagged commit is judged too.
///
/// A lightweight tag is only a ref and has no signature, so it is `unsigned`. A short name that also means something else, such as a branch, is
/// refused: give the full name, refs/tags/NAME.
///
/// Example: paraph verify-tag --target v1.0
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The tags, by name, full name or object id
    #[arg(value_name = "TAG", required = true)]
    tags: Vec<String>,
    /// Judge the object that the innermost tag names too
    #[arg(long)]
    target: bool,
    #[command(flatten)]
    options: Options,
}

pub(in crate::cli) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let call = VerifyCall::open(&arguments.options)?;
    let repository = call.context.repository()?;
    let scope = if arguments.target { TagScope::WithTarget } else { TagScope::TagsOnly };
    let mut output = Output::new(&arguments.options, ui);
    output.decided_by(&call.deciders);
    output.substituted_by_git(repository.substitutes(arguments.options.deep), &arguments.tags);
    let mut failure = None;
    let history = policy::history(repository, &call.judge, call.policy.as_ref());
    let policy = RepositoryPolicy::open(repository, history.as_ref(), call.policy.as_ref(), call.context.judge_since(), None);
    let policy = policy.and_then(|mut policy| {
        let targets: Vec<&str> = arguments.tags.iter().map(String::as_str).filter(|_| arguments.target).collect();
        policy.plan_objects(repository, &targets).map(|()| policy)
    });
    let policy = match policy {
        Ok(policy) => policy,
        Err(failure) => return output.finish(false, Some(failure)),
    };
    for tag in &arguments.tags {
        let judged = call.judge.tag_by_name(repository, tag, scope);
        match judged.and_then(|judged| policy.tag_with_target(repository, tag, judged)) {
            Ok(judged) => judged.iter().for_each(|judged| output.show(judged)),
            Err(error) => {
                failure = Some(error.into());
                break;
            }
        }
    }
    let exit = output.finish(arguments.tags.len() > 1, failure);
    call.finish(ui);
    exit
}
