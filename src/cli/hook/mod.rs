//! `paraph hook`: what a push brings is judged before it is accepted.
//!
//! All that is new goes through the judge of `paraph verify` in one batch. Whatever cannot be read, set up or understood refuses: a hook
//! that passes in silence would be worse than none, and so does what takes longer than the deadline. On a server only the server's own configuration decides, and nothing that was pushed.

mod push_certificate;
mod refusals;
mod updates;

use super::{
    context::Context,
    exit::{Exit, Failure},
    ui::Ui,
};
use crate::{
    escape::Escaped,
    judge::{self, Judge, Judged, TagScope},
    policy::Verdict,
    repository::{Found, Handle, KnownReferences, ObjectKind, RawObject, Repository},
    verify::Verifier,
};
use refusals::{Refusals, Whose};
use std::{collections::HashSet, time::Duration};
use updates::Update;

/// Judge a push before it is accepted, as a git hook
///
/// Each hook judges every commit and annotated tag that a push brings, on new branches too, in one batch, and refuses it unless each is
/// signed by an allowed identity (see `paraph.allowedIdentities` in `paraph config --help`). A tag's name is compared with its ref; a tag
/// that is no object of its own stands for its commit. Deleting a ref is always allowed. The folder `git-hooks` of the source holds a
/// script for each hook, to be copied into a repository's `hooks` folder.
///
/// A hook that cannot do its work refuses. Exit code 0 accepts, any other refuses.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    hook: Hook,
    /// Refuse where the judgement has taken this long
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: u64,
}

#[derive(Debug, clap::Subcommand)]
enum Hook {
    /// On a server: refuse a whole push for one bad object
    ///
    /// Judges what no ref of the repository leads to yet, while the objects are in quarantine, and the push certificate where there is one
    /// (`git push --signed`). Only the server's configuration counts: the system's, that of the user as whom git runs, and the
    /// repository's own file; neither variables nor pushed files. A file of allowed identities in a work tree, which a push can change, is
    /// refused.
    PreReceive,
    /// On a server: refuse the refs of a push that have a bad object
    ///
    /// Like `pre-receive`, for one ref at a time: the other refs of the push are accepted. git does not tell this hook of push
    /// certificates.
    Update {
        /// The full name of the ref
        #[arg(value_name = "REF", allow_hyphen_values = true)]
        reference: String,
        /// The object that it leads to now; zeros for a new ref
        old: String,
        /// The object that it is to lead to; zeros to delete it
        new: String,
    },
    /// On one's own machine: refuse to push a bad object
    ///
    /// Judges what the remote does not have, as far as its branches are known here (`refs/remotes/REMOTE`) and the remote itself has just
    /// said. Those branches count only where they were fetched from the address that is pushed to (`remote.NAME.pushurl` may be another);
    /// otherwise all that is pushed is judged. The allowed identities are one's own.
    PrePush {
        /// The remote's name, or its URL where it has none
        #[arg(allow_hyphen_values = true)]
        remote: String,
        /// The remote's URL
        #[arg(allow_hyphen_values = true)]
        url: String,
    },
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    refuse_after(Duration::from_secs(arguments.deadline))?;
    let judged = match &arguments.hook {
        Hook::PreReceive => pre_receive(ui),
        Hook::Update { reference, old, new } => update(reference, old, new, ui),
        Hook::PrePush { remote, url } => pre_push(remote, url, ui),
    };
    judged.map_err(|failure| Failure { exit: Exit::NotGood, message: format!("the push is refused: {}", failure.message), ..failure })
}

/// From now on the process ends with a refusal once this time is over, whatever it waits for: git, a file system, standard input.
fn refuse_after(deadline: Duration) -> Result<(), Failure> {
    let wait = move || {
        std::thread::sleep(deadline);
        let why = format!("the push is refused: it was not judged within the deadline of {} s", deadline.as_secs());
        let failure = Failure::new(Exit::NotGood, why).with_hint("push less at a time, or give the hook a longer --deadline");
        let _ = Ui::new().finish(Err(failure));
        std::process::exit(i32::from(Exit::NotGood.code()));
    };
    match std::thread::Builder::new().name("deadline".into()).spawn(wait) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(Exit::Io, format!("the push is refused: no thread can be started: {error}"))),
    }
}

fn pre_receive(ui: &mut Ui) -> Result<Exit, Failure> {
    let updates = updates::received()?;
    let context = of_server()?;
    judge(&context, &updates, &[], KnownReferences::All, Whose::Server, ui)
}

fn update(reference: &str, old: &str, new: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let update = Update::new(reference, old, new)?;
    let context = of_server()?;
    judge(&context, std::slice::from_ref(&update), &[], KnownReferences::All, Whose::Server, ui)
}

fn pre_push(remote: &str, url: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let updates = updates::to_be_sent()?;
    let context = Context::load(&[])?;
    let repository = context.repository()?;
    let has = |id: &&str| repository.object_by_id(id).is_ok_and(|object| matches!(object.kind, ObjectKind::Commit | ObjectKind::Tag));
    let advertised: Vec<&str> = updates.iter().filter_map(Update::old).filter(has).collect();
    // git hands in the URL twice where the remote has no name
    let references = if remote == url { KnownReferences::Nothing } else { KnownReferences::Remote { name: remote, url } };
    judge(&context, &updates, &advertised, references, Whose::Own, ui)
}

/// The server's configuration, which no push may change.
fn of_server() -> Result<Context, Failure> {
    let context = Context::of_server()?;
    match context.policy_under_test() {
        None => Ok(context),
        Some(why) => Err(Failure::new(Exit::Configuration, why).with_hint("whoever runs the server moves that file out of the work tree")),
    }
}

fn judge(
    context: &Context,
    updates: &[Update],
    known: &[&str],
    references: KnownReferences<'_>,
    whose: Whose,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    if whose == Whose::Server
        && let Some(update) = updates.iter().find(|update| update.new_id().is_some() && update.reference().starts_with("refs/replace/"))
    {
        let why = format!("{} would show another object here in the place of one that was judged", Escaped(update.reference()));
        return Err(Failure::new(Exit::NotGood, why).with_hint("push the commits themselves, to a branch"));
    }
    let repository = context.repository()?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (policy, warnings) = context.policy();
    let judge = Judge::new(verifier, policy).with_external_verifiers(context.external_verifiers(false)?);
    let mut refusals = Refusals::new(whose);

    let tips: Vec<(&str, &str)> = updates.iter().filter_map(|update| Some((update.new_id()?, update.reference()))).collect();
    let mut seen = HashSet::new();
    let mut failure = judge_tips(&judge, &tips, &repository.handle(), &mut |judged: Judged| {
        // one tag may come under two names, of which one is wrong
        if seen.insert(judged.id.clone()) || judged.judgement.verdict != Verdict::Good {
            refusals.add(&judged);
        }
    });
    if !tips.is_empty() {
        let ids: Vec<&str> = tips.iter().map(|(id, _)| *id).collect();
        let new = repository.new_commits(&ids, known, references)?.filter(|id| id.as_ref().map_or(true, |id| !seen.contains(id)));
        failure = judge
            .commits(new.map(|id| id.map(Found::from)), &repository.handle(), |judged| judged, |judged| refusals.add(&judged))
            .err()
            .or(failure);
    }
    if whose == Whose::Server {
        push_certificate::check(repository, &judge, updates, &mut refusals)?;
    }
    if !refusals.is_empty() {
        for warning in warnings {
            ui.warning(warning);
        }
    }
    refusals.print(ui);
    match failure {
        Some(failure) => Err(failure.into()),
        None => Ok(if refusals.is_empty() { Exit::Good } else { Exit::NotGood }),
    }
}

/// The objects that the refs will lead to, except commits of branches, which are among the new commits: tags with their names, and commits
/// that stand for a tag without an object of its own. They are judged even if another ref leads to them.
fn judge_tips(judge: &Judge, tips: &[(&str, &str)], handle: &Handle, sink: &mut impl FnMut(Judged)) -> Option<judge::Error> {
    let tip = |repository: &Repository, (id, reference): &(&str, &str)| judge_tip(judge, repository, id, reference);
    judge.in_order(tips.iter(), handle, tip, |judged: Vec<Judged>| judged.into_iter().for_each(&mut *sink)).err()
}

fn judge_tip(judge: &Judge, repository: &Repository, id: &str, reference: &str) -> Result<Vec<Judged>, judge::Error> {
    let object = match repository.object_by_id(id) {
        Ok(object) => RawObject { reference: Some(reference.to_owned()), ..object },
        Err(error) => return Ok(vec![judge.read(Err(error))?]),
    };
    match object.kind {
        ObjectKind::Commit if !reference.starts_with("refs/tags/") => Ok(Vec::new()),
        ObjectKind::Tag => judge.tag(repository, object, TagScope::TagsOnly),
        _ => Ok(vec![judge.object(&object)?]),
    }
}
