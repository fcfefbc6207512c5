//! `paraph hook`: judges what a push brings before it is accepted.
//!
//! All new objects go through the judge of `paraph verify` in one batch. The hook refuses the push where anything cannot be read, set up or
//! understood, and where judging takes longer than the deadline: a hook that passes silently would be worse than none. On a server only the
//! server's own configuration decides, never anything that was pushed.

mod by_policy;
mod framework;
mod install;
mod merge;
mod place;
mod push_certificate;
mod refusals;
mod unlisted;
mod updates;

use super::{
    context::Context,
    exit::{Exit, Failure},
    input::StandardInput,
    ui::Ui,
};
use crate::{
    escape::Escaped,
    judge::{Judge, Push, is_zero, replacement},
    object::RefUpdate,
    policy::AllowedIdentities,
    rejection::Audience,
    repository::{Repository, namespace_prefix},
    verify::Verifier,
    wording::spoken_duration,
};
use refusals::{Refusals, Unsignable};
use std::time::Duration;
use updates::Update;

/// Judge a push before git accepts it, as a hook
///
/// Each hook judges every commit and annotated tag that is new to the refs that it guards. It refuses the push unless an allowed identity
/// signed each (`paraph.allowedIdentities`), or a forge's key signed a merge (`paraph.forgeKey`). A tag must have the name of its ref. For a
/// lightweight tag, the hook judges the commit. Without a policy, deleting a ref is always allowed.
///
/// On a server whose configuration pins a policy of the repository (`paraph.policyRoot`), the policy decides instead, also about refs that are
/// deleted or rewritten: see man/policy.md.
///
/// A hook that cannot do its work refuses the push; `post-merge` only warns. Exit code 0 accepts a push, any other refuses it.
///
/// `paraph hook install` writes the scripts.
///
/// Example: paraph hook install --server
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    hook: Hook,
    /// Of hooks that judge a push: refuse it after this time
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: u64,
}

#[derive(Debug, clap::Subcommand)]
enum Hook {
    /// On a server: refuse a push for one bad object
    ///
    /// Judges the objects that are new to the refs that it guards, while they are in quarantine. `paraph.guardedRefs` names these refs
    /// (`refs/heads/* refs/tags/*`). Pushes to other refs are accepted, except below refs/replace/. Without the setting, every ref is guarded,
    /// and only the history of its own old value counts as judged. So a new branch is judged with its whole history.
    ///
    /// Also judges the push certificate of `git push --signed`.
    ///
    /// Only the server's configuration counts: the system's, that of the user who runs git, and the repository's own file. Environment
    /// variables and pushed files do not. The hook refuses every push if a file in a work tree decides what is trusted, or is the
    /// hook itself: a push can change it.
    ///
    /// Example, in REPOSITORY/hooks/pre-receive: exec paraph hook pre-receive
    PreReceive,
    /// On a server: refuse each ref with a bad object
    ///
    /// Judges each ref by itself, by the rules of `pre-receive`. It refuses one ref and accepts another of the same push. It judges no push
    /// certificate, because git does not pass one to this hook.
    ///
    /// Example, in REPOSITORY/hooks/update: exec paraph hook update "$@"
    Update {
        /// The full name of the ref
        #[arg(value_name = "REF", allow_hyphen_values = true)]
        reference: String,
        /// The object that the ref leads to now; zeros for a new ref
        old: String,
        /// The object that the ref will lead to; zeros to delete it
        new: String,
    },
    /// On a server: refuse to move a branch or tag to a bad object, whatever moves it
    ///
    /// git calls this hook for every transaction of refs, also for one that no push makes. It judges in the state `prepared`, by the rules of
    /// `update`, and does nothing in other states. It ignores refs outside refs/heads/ and refs/tags/. It sees no push certificate, so it leaves
    /// rules about pushes to `pre-receive`.
    ///
    /// Example, in REPOSITORY/hooks/reference-transaction: exec paraph hook reference-transaction "$@"
    ReferenceTransaction {
        /// The state of the transaction
        state: String,
    },
    /// On your own machine: warn of what a merge brought in
    ///
    /// Judges the commits that HEAD has and ORIG_HEAD does not, by the policy of the repository or your allowed identities. It only warns: git
    /// has merged already.
    ///
    /// Example, in .git/hooks/post-merge: exec paraph hook post-merge "$@"
    PostMerge {
        /// 1 after `git merge --squash`, which brings no commit in
        squash: String,
    },
    /// Install the hooks of this clone, or of a server
    ///
    /// Writes the script `pre-push` into the folder of git's hooks (`core.hooksPath`), with --server `pre-receive`. Never changes a hook that is
    /// there: it says what to add, and fails. Installing twice changes nothing.
    ///
    /// Example: paraph hook install --server
    Install {
        /// Install the hooks of a server
        #[arg(long)]
        server: bool,
        /// Also install `post-merge`, or `reference-transaction` on a server. A policy must be pinned
        #[arg(long)]
        policy: bool,
    },
    /// Remove the hooks that paraph installed
    ///
    /// A hook that is not exactly paraph's script stays.
    ///
    /// Example: paraph hook uninstall
    Uninstall,
    /// On your own machine: refuse to push a bad object
    ///
    /// Judges the objects that the remote does not have, by your own allowed identities. Two things show what the remote has: its answer, for
    /// the ref that the answer is about, and its branches here (`refs/remotes/REMOTE`). These branches count only if they were fetched from
    /// the address that is pushed to (`remote.NAME.pushurl` may differ). With `paraph.guardedRefs`, only the branches that it names count.
    /// Everything else that is pushed is judged.
    ///
    /// git names the refs through a pipe on standard input. Under pre-commit and prek, they come from the variables `PRE_COMMIT_FROM_REF`,
    /// `PRE_COMMIT_TO_REF`, `PRE_COMMIT_LOCAL_BRANCH`, `PRE_COMMIT_REMOTE_BRANCH`, `PRE_COMMIT_REMOTE_NAME` and `PRE_COMMIT_REMOTE_URL`.
    /// With neither, the push is refused.
    ///
    /// Run paraph first in the hook: an earlier command may read the pipe. An empty pipe means that everything is up to date, and
    /// nothing is judged. If the remote does not have HEAD, the hook warns.
    ///
    /// The hook refuses every push if a file in a work tree decides what is trusted: the branch that is pushed can change it.
    ///
    /// Example, in .git/hooks/pre-push: exec paraph hook pre-push "$@"
    PrePush {
        /// The remote's name, or its URL where it has none
        #[arg(allow_hyphen_values = true, requires = "url")]
        remote: Option<String>,
        /// The remote's URL
        #[arg(allow_hyphen_values = true)]
        url: Option<String>,
    },
}

/// The hooks of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServerHook {
    PreReceive,
    Update,
    ReferenceTransaction,
}

impl ServerHook {
    /// The name of its file.
    fn name(self) -> &'static str {
        match self {
            Self::PreReceive => "pre-receive",
            Self::Update => "update",
            Self::ReferenceTransaction => "reference-transaction",
        }
    }
}

/// Where the hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Where the push arrives.
    Server,
    /// Where it comes from.
    OwnMachine,
}

impl Side {
    /// Who reads what the hook prints.
    fn audience(self) -> Audience {
        match self {
            Self::Server => Audience::PusherToServer,
            Self::OwnMachine => Audience::Pusher,
        }
    }
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.hook {
        Hook::Install { server, policy } => return install::install(*server, *policy, ui),
        Hook::Uninstall => return install::uninstall(ui),
        Hook::PostMerge { squash } => return Ok(merge::warn(squash, ui)),
        Hook::ReferenceTransaction { state } if state != "prepared" => return Ok(Exit::Good),
        Hook::PreReceive | Hook::Update { .. } | Hook::ReferenceTransaction { .. } | Hook::PrePush { .. } => {}
    }
    refuse_after(Duration::from_secs(arguments.deadline))?;
    let judged = match &arguments.hook {
        Hook::PreReceive => pre_receive(ui),
        Hook::ReferenceTransaction { .. } => reference_transaction(ui),
        Hook::Update { reference, old, new } => update(reference, old, new, ui),
        Hook::PrePush { remote, url } => pre_push(remote.as_deref(), url.as_deref(), ui),
        Hook::PostMerge { .. } | Hook::Install { .. } | Hook::Uninstall => Ok(Exit::Good),
    };
    judged.map_err(|failure| Failure { message: format!("the push is refused: {}", failure.message), ..failure.under_git() })
}

/// Ends the process with a refusal after this time, whatever it waits for: git, a file system, standard input.
fn refuse_after(deadline: Duration) -> Result<(), Failure> {
    let wait = move || {
        std::thread::sleep(deadline);
        let why = format!("the push is refused: it was not judged within {}", spoken_duration(deadline));
        let failure = Failure::not_good(why)
            .with_hint("push fewer commits at a time, set paraph.guardedRefs on the server, or give the hook a longer --deadline");
        let code = failure.exit.code();
        let _ = Ui::new().finish(Err(failure));
        std::process::exit(code.into());
    };
    match std::thread::Builder::new().name("deadline".into()).spawn(wait) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::system(format!("the push is refused: a thread cannot be started: {error}"))),
    }
}

fn pre_receive(ui: &mut Ui) -> Result<Exit, Failure> {
    let updates = updates::received()?;
    judge_on_server(ServerHook::PreReceive, &updates, ui)
}

fn update(reference: &str, old: &str, new: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    judge_on_server(ServerHook::Update, &[Update::new(reference, old, new)?], ui)
}

/// The branches and tags of a transaction. Where git was not asked to compare the old value, it is read.
fn reference_transaction(ui: &mut Ui) -> Result<Exit, Failure> {
    let repository = Repository::discover()?;
    let none = || Failure::object("this folder is not a git repository").with_hint("let git call the hook");
    let updates = updates::of_transaction(repository.as_ref().ok_or_else(none)?, &namespace_prefix(&namespace()))?;
    if updates.is_empty() {
        return Ok(Exit::Good);
    }
    judge_on_server(ServerHook::ReferenceTransaction, &updates, ui)
}

/// Judges with the server's configuration, which no push may change.
fn judge_on_server(hook: ServerHook, updates: &[Update], ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::of_server()?;
    place::refuse_deciding_file(&context, Audience::PusherToServer)?;
    place::refuse_hook_in_work_tree(&context, hook.name())?;
    let updates: Vec<RefUpdate<'_>> = updates.iter().map(Update::as_ref_update).collect();
    if let Some(pinned) = by_policy::pinned(&context)? {
        return by_policy::judge(&context, &pinned, &updates, hook, ui);
    }
    if let Some(update) = replacement(&updates) {
        let why = format!("{} would show another object here in place of one that was judged", Escaped(update.name));
        return Err(Failure::not_good(why).with_hint("push the commits themselves, to a branch"));
    }
    let push = Push::to_server(context.repository()?, &updates, &namespace())?;
    judge(&context, &push, &updates, Side::Server, ui)
}

/// git's `GIT_NAMESPACE`.
fn namespace() -> String {
    std::env::var_os("GIT_NAMESPACE").unwrap_or_default().to_string_lossy().into_owned()
}

fn pre_push(remote: Option<&str>, url: Option<&str>, ui: &mut Ui) -> Result<Exit, Failure> {
    let (remote, url) = &framework::remote(remote, url)?;
    let context = Context::load(&[])?;
    place::refuse_deciding_file(&context, Audience::Pusher)?;
    if let Some(warning) = place::hook_in_work_tree(&context, "pre-push") {
        ui.warning(format!("{warning}."));
    }
    let repository = context.repository()?;
    let updates = to_be_sent(repository)?;
    if updates.is_empty() && unlisted::lacks_head(repository, remote, url)? {
        ui.warning(NOTHING_LISTED);
    }
    let updates: Vec<RefUpdate<'_>> = updates.iter().map(Update::as_ref_update).collect();
    if let Some(pinned) = by_policy::of_own(&context)? {
        let push = Push::to_remote_by_policy(repository, (remote, url), &updates)?;
        return by_policy::judge_own(&context, &pinned, &push, ui);
    }
    let push = Push::to_remote(repository, (remote, url), &updates)?;
    judge(&context, &push, &updates, Side::OwnMachine, ui)
}

/// The refs of git's list, otherwise those of a framework's variables. git always gives a pipe, which is empty if everything is up to date.
fn to_be_sent(repository: &Repository) -> Result<Vec<Update>, Failure> {
    let input = StandardInput::of_process();
    let listed = if input == StandardInput::Other { Vec::new() } else { updates::to_be_sent()? };
    if !listed.is_empty() {
        return Ok(listed);
    }
    match framework::named(repository)? {
        Some(update) => Ok(vec![update]),
        None if input == StandardInput::Pipe => Ok(listed),
        None => Err(Failure::usage("nothing names the refs that are pushed: standard input is not git's pipe")
            .with_hint("let the framework pass git's standard input on (lefthook: `use_stdin: true`), or set PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF")),
    }
}

/// Nothing is judged then: git's own empty list looks the same.
const NOTHING_LISTED: &str = "Standard input names no refs, so nothing was judged, and the remote does not have HEAD. If this push sends commits, \
     an earlier command of the hook read git's list: run paraph first.";

/// Judges a push. `updates` are all refs that it moves, which its certificate must name. What is refused is printed before any error.
fn judge(context: &Context, push: &Push<'_>, updates: &[RefUpdate<'_>], side: Side, ui: &mut Ui) -> Result<Exit, Failure> {
    let repository = context.repository()?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (mut policy, warnings) = context.policy();
    if side == Side::Server {
        // who pushes learns nothing of the server's files
        policy.allowed = policy.allowed.map(AllowedIdentities::unnamed);
    }
    let judge = Judge::new(verifier, policy).with_external_verifiers(context.external_verifiers(None)?);
    let is_new_history = side == Side::Server && push.has_whole_history() && repository.has_references();
    let mut refusals = Refusals::new(side.audience(), is_new_history);
    let judged = judge.push(repository, push, |judged| refusals.add(&judged));
    let certificate = match side {
        Side::Server => push_certificate::of_hook(repository, &judge, updates),
        Side::OwnMachine => Ok(None),
    };
    if let Ok(Some(certificate)) = &certificate {
        refusals.add(&certificate.judged);
    }
    if side == Side::OwnMachine || !refusals.is_empty() {
        for warning in warnings {
            ui.warning(warning);
        }
    }
    // where nothing is good, nothing was trusted
    if let Some(warning) = context.deciders(None).warning().filter(|_| side == Side::OwnMachine && refusals.has_good()) {
        ui.warning(warning);
    }
    let moved = updates.iter().filter(|update| !is_zero(update.new)).map(|update| update.name);
    refusals.print(&Unsignable::of(moved), ui);
    judged.map_err(|error| place::not_judged(error, push, side.audience()))?;
    push_certificate::require_fresh(certificate?.as_ref())?;
    Ok(Exit::of_git_call(refusals.is_empty()))
}
