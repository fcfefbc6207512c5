//! Verifies one object with git's own verifier, which runs the program that git's configuration names for the kind of signature.
//!
//! git reads the configuration that it always reads here, except for the settings that decide: the caller gives them. A repository that git
//! refuses (`safe.directory`) was refused before. Replacement objects are off. git verifies OpenPGP and SSH signatures only, so that it never calls this program.

use super::{
    TIMEOUT,
    status::{GpgStatus, ssh_good},
};
use crate::{
    bounded_process::{self, Answer},
    git_process,
    object::SignatureKind,
    policy::{ExternalJudgement, Finding, JudgedBy},
    repository::{ObjectKind, RawObject, Repository},
};
use std::{path::PathBuf, process::Command};

/// The most of a program's output that is repeated, in characters.
const MAX_DETAIL: usize = 200;

/// The repository in which git verifies.
#[derive(Debug, Clone)]
pub(super) struct Git {
    git_dir: PathBuf,
    work_tree: Option<PathBuf>,
    parameters: Vec<String>,
}

impl Git {
    pub(super) fn new(repository: &Repository, parameters: Vec<String>) -> Self {
        let absolute = |path: &std::path::Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { git_dir: absolute(repository.git_dir()), work_tree: repository.work_tree().map(absolute), parameters }
    }

    pub(super) fn judge(&self, object: &RawObject, kind: SignatureKind) -> ExternalJudgement {
        let subcommand = if object.kind == ObjectKind::Tag { "verify-tag" } else { "verify-commit" };
        match bounded_process::run(self.command(subcommand, &object.id), b"", TIMEOUT) {
            Ok(answer) if kind == SignatureKind::Ssh => of_ssh(&answer),
            Ok(answer) => of_openpgp(&answer),
            Err(cause) => judgement(kind, Finding::OtherUnchecked, cause.to_string()),
        }
    }

    fn command(&self, subcommand: &str, id: &str) -> Command {
        let mut command = git_process::reading(&self.git_dir);
        if let Some(folder) = &self.work_tree {
            // relative paths in the configuration are relative to this folder, as they are for git
            command.arg("--work-tree").arg(folder).current_dir(folder);
        }
        command.args(self.parameters.iter().flat_map(|parameter| ["-c", parameter]));
        command.args([subcommand, "--raw", id]);
        command
    }
}

/// Good is a signature that git accepts at the trust level of `gpg.minTrustLevel` and shows as G.
fn of_openpgp(answer: &Answer) -> ExternalJudgement {
    let status = GpgStatus::of(&answer.errors);
    let (finding, detail) = match status.verdict() {
        Some(Finding::KeyTrusted) if answer.success && status.is_trusted() => (Finding::KeyTrusted, String::new()),
        Some(Finding::KeyTrusted) => (Finding::KeyNotTrusted, String::new()),
        Some(Finding::OtherUnchecked) if status.no_key => (Finding::OtherUnchecked, "the key is not in the keyring".to_owned()),
        Some(finding) => (finding, String::new()),
        None if status.verdicts.is_empty() => (Finding::OtherUnchecked, complaint(answer)),
        None => (Finding::OtherUnchecked, "gpg gave more than one verdict".to_owned()),
    };
    ExternalJudgement { signer: status.signer.clone(), key: status.key(), ..judgement(SignatureKind::OpenPgp, finding, detail) }
}

fn of_ssh(answer: &Answer) -> ExternalJudgement {
    let judged = |finding, detail: String| judgement(SignatureKind::Ssh, finding, detail);
    let Some(good) = ssh_good(&answer.errors) else {
        // if only git complains, ssh-keygen did not run
        let of_program = answer.errors.lines().any(|line| !line.is_empty() && !is_of_git(line));
        let finding = if of_program { Finding::OtherInvalid } else { Finding::OtherUnchecked };
        return judged(finding, complaint(answer));
    };
    let trusted = answer.success && good.principal.is_some();
    let finding = if trusted { Finding::KeyTrusted } else { Finding::KeyNotTrusted };
    ExternalJudgement { signer: good.principal, key: Some(good.key), ..judged(finding, String::new()) }
}

fn judgement(kind: SignatureKind, finding: Finding, detail: String) -> ExternalJudgement {
    ExternalJudgement { by: JudgedBy::Git, kind, finding, signer: None, key: None, detail, fault: None }
}

fn is_of_git(line: &str) -> bool {
    ["error: ", "fatal: ", "warning: ", "hint: "].iter().any(|label| line.starts_with(label))
}

/// The lines on standard error that are not status lines.
fn complaint(answer: &Answer) -> String {
    let lines = answer.errors.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("[GNUPG:]"));
    let text = lines.collect::<Vec<_>>().join("; ");
    match text.char_indices().nth(MAX_DETAIL) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None if text.is_empty() => "git printed nothing".to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(success: bool, errors: &str) -> Answer {
        Answer { success, output: String::new(), errors: errors.to_owned() }
    }

    fn gpg(line: &str, trust: &str) -> String {
        format!("[GNUPG:] NEWSIG\n[GNUPG:] {line} 89ABCDEF01234567 Ann <ann@example.com>\n[GNUPG:] TRUST_{trust} 0 pgp\n")
    }

    #[test]
    fn a_signature_is_good_only_if_git_accepts_and_trusts_it() {
        for (success, line, trust, finding) in [
            (true, "GOODSIG", "ULTIMATE", Finding::KeyTrusted),
            (true, "GOODSIG", "MARGINAL", Finding::KeyTrusted),
            // below gpg.minTrustLevel
            (false, "GOODSIG", "MARGINAL", Finding::KeyNotTrusted),
            (true, "GOODSIG", "UNDEFINED", Finding::KeyNotTrusted),
            (true, "GOODSIG", "NEVER", Finding::KeyNotTrusted),
            (true, "BADSIG", "ULTIMATE", Finding::OtherInvalid),
            (true, "EXPKEYSIG", "ULTIMATE", Finding::KeyExpired),
            (false, "EXPSIG", "ULTIMATE", Finding::SignatureExpired),
            (false, "REVKEYSIG", "ULTIMATE", Finding::KeyRevoked),
            (false, "ERRSIG", "ULTIMATE", Finding::OtherUnchecked),
        ] {
            assert_eq!(of_openpgp(&answer(success, &gpg(line, trust))).finding, finding, "{success} {line} {trust}");
        }
        let twice = gpg("GOODSIG", "ULTIMATE") + &gpg("GOODSIG", "ULTIMATE");
        assert_eq!(of_openpgp(&answer(true, &twice)).finding, Finding::OtherUnchecked);
        assert_eq!(of_openpgp(&answer(true, "")).finding, Finding::OtherUnchecked);
    }

    #[test]
    fn an_ssh_signature_is_good_only_for_a_named_principal() {
        for (success, text, finding) in [
            (true, "Good \"git\" signature for ann with ED25519 key SHA256:x\n", Finding::KeyTrusted),
            (false, "Good \"git\" signature for ann with ED25519 key SHA256:x\n", Finding::KeyNotTrusted),
            (true, "Good \"git\" signature with ED25519 key SHA256:x\nNo principal matched.\n", Finding::KeyNotTrusted),
            (false, "Could not verify signature.\n", Finding::OtherInvalid),
            (false, "error: gpg.ssh.allowedSignersFile needs to be configured\n", Finding::OtherUnchecked),
            (true, "", Finding::OtherUnchecked),
        ] {
            assert_eq!(of_ssh(&answer(success, text)).finding, finding, "{text}");
        }
    }
}
