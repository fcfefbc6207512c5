//! `paraph verify-tag`: the verdict on tag objects and the tags inside them.

use super::{
    options::{Options, VerifyCall},
    output::Output,
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
    for tag in &arguments.tags {
        match call.judge.tag_by_name(repository, tag, scope) {
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
