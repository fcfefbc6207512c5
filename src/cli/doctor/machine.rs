//! Checks that need no network.

use super::{
    super::{
        context::Context,
        exit::Failure,
        git_settings::{GitSettings, find_program, is_same_file, this_program},
        identity,
        last_failure::{self, LastFailure},
        terminal::Terminal,
    },
    Finding,
    answer::{self, Answer},
    tilde,
};
use crate::{
    config::{SIGNING, Use},
    git_process::{self, git as git_command},
    identity::{Candidate, TokenSource},
    regular_file,
    repository::{self, GitError, Repository},
    selection,
    wording::{counted, spoken_time},
};
use std::path::{Path, PathBuf};

/// The first version of git that has `gpg.format = x509`.
const OLDEST_GIT: (u32, u32) = (2, 19);
/// The beginning of a hook that is searched for the call, in bytes.
const MAX_HOOK: usize = 1 << 20;
const SET_UP: &str = "set it with `paraph setup`, which shows each change first";

pub(super) fn program() -> Finding {
    match this_program() {
        Ok(path) => Finding::ok("paraph", format!("{} at {}", env!("CARGO_PKG_VERSION"), path.display())),
        Err(failure) => Finding::problem("paraph", failure),
    }
}

/// `may_read` says whether git may read the repository here: a pipe in it would hold git up.
pub(super) fn git(may_read: bool) -> Finding {
    let output = match git_command(["--version"]).output() {
        Ok(output) => output,
        Err(error) => {
            let failure = Failure::configuration(format!("git cannot be run: {error}"));
            return Finding::problem("git", failure.with_hint("install git, or add it to PATH"));
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(|part| part.parse().unwrap_or(0));
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= OLDEST_GIT => match may_read.then(unreadable_here).flatten() {
            Some(error) => {
                let failure = Failure::configuration(format!("{text} cannot read the repository here: {error}"));
                Finding::problem("git", Failure { hint: repository::Error::from(error).hint(), ..failure })
            }
            None => Finding::ok("git", text),
        },
        _ => {
            let (major, minor) = OLDEST_GIT;
            let failure = Failure::configuration(format!("{text} does not support gpg.format = x509"));
            Finding::problem("git", failure.with_hint(format!("install git {major}.{minor} or newer")))
        }
    }
}

/// Why git cannot read the repository of the current folder, if it has a format that git does not know.
fn unreadable_here() -> Option<GitError> {
    let output = git_command(["rev-parse", "--git-dir"]).env("LC_ALL", "C").output().ok().filter(|output| !output.status.success())?;
    GitError::of_format(&String::from_utf8_lossy(&output.stderr))
}

/// The signature that failed last, since git may have hidden why. `causes` are those of the problems that were found now.
pub(super) fn last_failure(causes: &[(String, &'static str)]) -> Option<Finding> {
    let LastFailure { time, folder, message, hint, .. } = last_failure::read()?;
    let time = spoken_time(time);
    if let Some((_, about)) = causes.iter().find(|(cause, _)| message.contains(cause)) {
        return Some(Finding::note("last failure", format!("{time} in {folder}: the same cause; see {about}")));
    }
    let finding = Finding::note("last failure", format!("{time} in {folder}: {message}"));
    Some(match hint {
        Some(hint) => finding.fix(hint),
        None => finding,
    })
}

/// Whether git calls this program.
pub(super) fn calls(repository: Option<&Repository>) -> Vec<Finding> {
    let git = match GitSettings::load(repository) {
        Ok(git) => git,
        Err(failure) => return vec![Finding::problem("git's call", failure)],
    };
    let mut findings = Vec::new();
    match git.get("gpg.format") {
        Some(format) if format.value == "x509" => {
            findings.push(Finding::ok("git's call", format!("gpg.format = x509 in {}", format.place)))
        }
        Some(format) => {
            findings.push(wrong(format!("gpg.format is {} in {}, so git signs with a different program", format.value, format.place)))
        }
        None => findings.push(wrong("gpg.format is not set, so git signs with OpenPGP".into())),
    }
    findings.push(called_program(&git, repository));
    let always: Vec<&str> = ["commit.gpgSign", "tag.gpgSign", "push.gpgSign"].into_iter().filter(|key| git.is_on(key)).collect();
    findings.push(match always.as_slice() {
        [] => Finding::note("git's call", "signs only with -S, -s or --signed; set commit.gpgSign to sign always"),
        keys => Finding::ok("git's call", format!("signs always: {}", keys.join(", "))),
    });
    findings
}

/// A wrong setting of git that the set-up would correct.
fn wrong(text: String) -> Finding {
    Finding::problem("git's call", Failure::configuration(text).with_hint(SET_UP))
}

/// The program that git calls.
fn called_program(git: &GitSettings, repository: Option<&Repository>) -> Finding {
    let Some(program) = git.get("gpg.x509.program") else { return wrong("gpg.x509.program is not set, so git calls gpgsm".into()) };
    let text = format!("gpg.x509.program = {} in {}", program.value, program.place);
    if program.value.starts_with('~') && !tilde::is_expanded() {
        return wrong(format!("{text}, but this git does not expand \"~\" there, so it finds no such program"));
    }
    let Some(found) = find_program(&program.value) else {
        let what = if Path::new(&program.value).is_dir() { "is a folder" } else { "does not exist" };
        return wrong(format!("{text}, which {what}"));
    };
    if !is_executable(&found) {
        let failure = Failure::configuration(format!("{text}, which is not executable"));
        return Finding::problem("git's call", failure.with_hint(format!("chmod +x {}", found.display())));
    }
    if std::env::current_exe().is_ok_and(|own| !is_same_file(&own, &found)) {
        // a repository, or who can change a branch, must not choose what doctor runs
        let is_in_tree = |repository: &Repository| !repository.first_in_work_tree([found.clone()]).is_ok_and(|file| file.is_none());
        let may_run = found.is_absolute() && !program.is_of_repository && !repository.is_some_and(is_in_tree);
        match if may_run { answer::of(&found) } else { Answer::Different } {
            Answer::Same => {}
            Answer::Version(version) => {
                let text = format!("{text}, which is version {version} of paraph; this is {}", env!("CARGO_PKG_VERSION"));
                return Finding::warning("git's call", text).fix(SET_UP);
            }
            Answer::Different => return wrong(format!("{text}, which is a different program")),
            Answer::Failed(why) => return wrong(format!("{text}, which {why}")),
        }
    }
    if !Path::new(&program.value).is_absolute() && !program.value.starts_with('~') {
        return Finding::warning("git's call", format!("{text}, which depends on the PATH"))
            .fix("set the absolute path with `paraph setup`: graphical programs often start git with a different PATH");
    }
    Finding::ok("git's call", text)
}

/// Settings without effect, and settings that may not be intended.
pub(super) fn settings(context: &Context) -> Vec<Finding> {
    let wrong = context
        .config
        .wrong
        .iter()
        .map(|wrong| Finding::problem("settings", Failure::configuration(&wrong.message).with_hint("correct the value, or unset it")));
    let notices =
        context.config.notices.iter().chain(&context.config.overruled).map(|notice| Finding::warning("settings", notice.to_string()));
    let plain = context.config.allow_plain_http.value.then(|| {
        Finding::warning(
            "settings",
            format!("{} allows identity tokens over plain http to other machines", context.config.allow_plain_http.source),
        )
    });
    let opener = context.config.url_opener.value.as_ref().and_then(|opener| opener.command("").into_iter().next());
    let no_opener = opener.filter(|program| find_program(program).is_none()).map(|program| {
        Finding::warning("settings", format!("{} names {program}, which does not exist", context.config.url_opener.source))
            .fix("correct it, or unset it to use the desktop's browser")
    });
    let findings: Vec<Finding> = wrong.chain(notices).chain(plain).chain(no_opener).collect();
    if findings.is_empty() { vec![Finding::ok("settings", "all settings are valid; `paraph config` shows them")] } else { findings }
}

/// The origin of the identity.
pub(super) fn identity(context: &Context, terminal: &Terminal) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = context.config.require(SIGNING) {
        return vec![Finding::problem("identity", error.into())];
    }
    match identity::choice(context, terminal) {
        Ok(choice) => {
            let text = format!("from {}: {}", choice.origin, choice.because);
            findings.push(match &choice.source {
                TokenSource::Variable(_) | TokenSource::File(_) => match choice.source.read().map_err(Failure::from).and_then(|token| {
                    identity::check_token(context, &token)?;
                    Ok(identity::requested_signer(&context.config, None, None)?.accepts(&Candidate::from(&token))?)
                }) {
                    Ok(()) => Finding::ok("identity", text),
                    Err(failure) => Finding::problem("identity", failure),
                },
                TokenSource::Browser | TokenSource::Device if !identity::can_show_login(context, terminal) => {
                    Finding::warning("identity", "a login is needed, but there is no terminal and no desktop here to log in with")
                        .fix("if git also runs without terminal and desktop (CI), set paraph.tokenProvider")
                }
                _ => Finding::ok("identity", text),
            });
            if let Some(job) = choice.unused {
                let text = format!("this {job} job has an identity token, which is not used");
                findings.push(Finding::note("identity", text).fix(format!("to use it, set paraph.tokenProvider to {}", job.name())));
            }
        }
        Err(failure) => findings.push(Finding::problem("identity", failure)),
    }
    if context.config.expected_identity.value.is_none() {
        let text = "paraph.expectedIdentity is not set: any identity that logs in can sign, and the log shows it";
        findings.push(Finding::note("identity", text));
    }
    findings
}

/// The identities that verification trusts.
pub(super) fn allowed(context: &Context) -> Vec<Finding> {
    if let Err(error) = context.config.require(&[Use::Policy]) {
        return vec![Finding::problem("trusted", error.into())];
    }
    let setting = &context.config.allowed_identities;
    let Some(file) = &setting.value else {
        let text = "paraph.allowedIdentities is not set: every valid signature is `untrusted`";
        let note = Finding::note("trusted", text).fix("allow an identity: `paraph allow IDENTITY ISSUER`, or `paraph allow --from REV`");
        return std::iter::once(note).chain(in_work_tree(context)).collect();
    };
    let (policy, warnings) = selection::policy(&context.config);
    let count = policy.allowed.as_ref().map_or(0, |allowed| allowed.lines().len());
    if count == 0 {
        let text = warnings.join(" ");
        let text = text.trim_end_matches('.').to_owned();
        let failure = Failure::configuration(if text.is_empty() { "nobody is trusted".to_owned() } else { text });
        return vec![Finding::problem("trusted", failure.with_hint("fix the file"))];
    }
    let in_use = Finding::ok("trusted", format!("{} in {} (set by {})", counted(count, "line"), file.display(), setting.source));
    let warned = warnings.iter().map(|warning| Finding::warning("trusted", warning.trim_end_matches('.')));
    let unknown = context.unknown_instances(&policy).into_iter().map(|warning| {
        // it may be known in other repositories
        Finding::note("trusted", warning.trim_end_matches('.')).fix("correct the name of the instance, or configure the instance")
    });
    std::iter::once(in_use).chain(warned).chain(unknown).chain(in_work_tree(context)).collect()
}

fn in_work_tree(context: &Context) -> Option<Finding> {
    let warning = context.deciding_file_in_work_tree()?;
    Some(Finding::warning("trusted", warning.trim_end_matches('.')).fix("move the file out of the work tree, or into its .git folder"))
}

/// The hooks that call this program.
pub(super) fn hooks(repository: Option<&Repository>) -> Vec<Finding> {
    let Some(repository) = repository else { return Vec::new() };
    let folder = git_process::printed(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
    let folder = folder.map_or_else(|| repository.common_dir().join("hooks"), Into::into);
    let mut findings = Vec::new();
    for name in ["pre-receive", "update", "pre-push"] {
        let file = folder.join(name);
        match regular_file::read_at_most(&file, MAX_HOOK) {
            Ok(text) if text.windows(6).any(|word| word == b"paraph") => {}
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                findings.push(Finding::warning("hooks", format!("{} cannot be read: {error}", file.display())));
                continue;
            }
            _ => continue,
        }
        let is_in_tree = |file: &PathBuf| repository.first_in_work_tree([file.clone()]).is_ok_and(|entry| entry.is_some());
        if let Some(file) = [Some(file.clone()), repository.hook(name).ok()].into_iter().flatten().find(is_in_tree) {
            let text = format!("{} is in the work tree: anyone who can change the branch can replace the hook", file.display());
            findings.push(Finding::warning("hooks", text).fix("move it out of the work tree, and set core.hooksPath to its new folder"));
        }
        findings.push(if is_executable(&file) {
            Finding::ok("hooks", format!("{} verifies each push", file.display()))
        } else {
            let failure = Failure::configuration(format!("{} is not executable, so git does not run it", file.display()));
            Finding::problem("hooks", failure.with_hint(format!("chmod +x {}", file.display())))
        });
    }
    findings
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// The trust roots that signatures are verified with.
pub(super) fn trust(context: &Context) -> Vec<Finding> {
    match context.trust_roots() {
        Ok(roots) => roots.iter().map(|root| Finding::ok("trust", format!("instance {}: {}", root.instance, root.source))).collect(),
        Err(failure) => vec![Finding::problem("trust", failure)],
    }
}
