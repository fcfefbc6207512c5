//! `paraph verify-tag`.

use super::{
    options::{Options, Session},
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
    let scope = if arguments.target { TagScope::WithTarget } else { TagScope::TagsOnly };
    let mut output = Output::new(&arguments.options, ui);
    let mut failure = None;
    for tag in &arguments.tags {
        match session.judge.tag_by_name(repository, tag, scope) {
            Ok(judged) => judged.iter().for_each(|judged| output.show(judged)),
            Err(error) => {
                failure = Some(error.into());
                break;
            }
        }
    }
    let exit = output.finish(arguments.tags.len() > 1, failure);
    session.finish(ui);
    exit
}
