//! What the pusher reads about a refused push: which objects, why, and what to do.

use crate::{
    Explanation,
    cli::ui::Ui,
    escape::Escaped,
    judge::Judged,
    policy::{Decision, Verdict},
    report::{self, sentences},
    repository::ObjectKind,
};
use std::collections::BTreeSet;

/// Objects that are listed, at most; the others are counted.
const LISTED: usize = 20;

/// Objects from which on the pusher is told why so many were judged.
const MANY: usize = 1000;

/// Digits of an id that are shown.
const SHORT: usize = 12;

/// Characters of a sentence that are shown.
const MAX_SENTENCE: usize = 1000;

/// Who can change the configuration that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyOwner {
    /// The administrator of the server.
    Server,
    /// The person who pushes.
    Pusher,
}

/// The objects that were not good.
pub(super) struct Refusals {
    owner: PolicyOwner,
    /// Whether the whole history of a new ref was judged, because the server does not say which refs the hook guards.
    whole_history: bool,
    judged: usize,
    refused: usize,
    lines: Vec<String>,
    /// What to do, by verdict.
    advice: BTreeSet<(Verdict, String)>,
}

impl Refusals {
    pub(super) fn new(owner: PolicyOwner, whole_history: bool) -> Self {
        Self { owner, whole_history, judged: 0, refused: 0, lines: Vec::new(), advice: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refused == 0
    }

    /// Adds an object, whatever its verdict.
    pub(super) fn add(&mut self, judged: &Judged) {
        self.judged += 1;
        let verdict = judged.judgement.verdict();
        if verdict == Verdict::Good {
            return;
        }
        self.refused += 1;
        self.advice.insert((verdict, advice(judged, self.owner)));
        if self.refused <= LISTED {
            self.lines.push(heading(judged));
            let why = sentences(&judged.judgement).into_iter();
            self.lines.extend(why.map(|sentence| format!("  {}", shortened(sentence, judged))));
        }
    }

    pub(super) fn print(&self, ui: &mut Ui) {
        if !self.is_empty() {
            self.print_refused(ui);
        }
        if self.whole_history && (!self.is_empty() || self.judged >= MANY) {
            ui.note(format!("A new ref was judged with its whole history: {} objects.", self.judged));
            ui.note("hint: on the server, set paraph.guardedRefs, for example to `refs/heads/* refs/tags/*`; then what these refs lead to is not judged again.");
        }
    }

    fn print_refused(&self, ui: &mut Ui) {
        ui.note(format!("paraph refuses this push: {} of {} new objects {} not good.", self.refused, self.judged, are(self.refused)));
        for line in &self.lines {
            ui.note(line);
        }
        if self.refused > LISTED {
            ui.note(format!("and {} more.", self.refused - LISTED));
        }
        ui.note("What to do:");
        for (verdict, advice) in &self.advice {
            ui.note(format!("  {}: {advice}", verdict.as_str()));
        }
    }
}

/// The object's kind, short id, title, and verdict.
fn heading(judged: &Judged) -> String {
    let kind = if judged.kind == ObjectKind::Blob { "push certificate" } else { judged.kind.name() };
    let title = judged.title.as_deref().map(|title| format!(" \"{}\"", Escaped(title))).unwrap_or_default();
    format!("{kind} {}{title}: [{}]", judged.id.get(..SHORT).unwrap_or(&judged.id), judged.judgement.verdict().as_str())
}

/// A sentence may repeat text of the object, which has any length. Its end, the reason, is kept.
fn shortened(sentence: String, judged: &Judged) -> String {
    let shown: String = sentence.chars().take(MAX_SENTENCE).collect();
    if shown.len() == sentence.len() {
        return sentence;
    }
    let reason = judged.judgement.explanation().map(|cause| format!(" [{}].", cause.id()));
    format!("{shown}…{}", reason.unwrap_or_default())
}

fn advice(judged: &Judged, owner: PolicyOwner) -> String {
    let words = match (judged.judgement.verdict(), owner) {
        (Verdict::Good, _) => "nothing.",
        (Verdict::Untrusted, PolicyOwner::Server) if is_policy_unusable(judged) => {
            "ask the administrator to correct the server's allowed identities, which cannot be used."
        }
        (Verdict::Untrusted, PolicyOwner::Pusher) if is_policy_unusable(judged) => "correct the file in paraph.allowedIdentities.",
        (Verdict::Untrusted, owner) => {
            let line = judged.judgement.verification().map_or_else(|| "IDENTITY ISSUER".to_owned(), report::allowed_line);
            return match owner {
                PolicyOwner::Server => {
                    format!(
                        "sign as an allowed identity, or ask the administrator to add the line `{line}` to the server's allowed identities."
                    )
                }
                PolicyOwner::Pusher => format!("sign as an allowed identity, or add the line `{line}` to your allowed identities."),
            };
        }
        (Verdict::Legacy, PolicyOwner::Server) => "sign again, or ask the administrator to accept legacy signatures (paraph.allowLegacy).",
        (Verdict::Legacy, PolicyOwner::Pusher) => "sign again, or accept legacy signatures (paraph.allowLegacy).",
        (Verdict::Unsigned, _) => {
            "sign the last commit with `git commit --amend --no-edit -S`, all since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`; then push again."
        }
        (Verdict::Other, _) => "sign with paraph (`paraph setup`), then push again.",
        (Verdict::Unchecked, PolicyOwner::Server) => {
            "if the server should know the Sigstore instance, ask the administrator to run `paraph trust update`; otherwise sign again."
        }
        (Verdict::Unchecked, PolicyOwner::Pusher) => "run `paraph trust update`; if that does not help, sign again.",
        (Verdict::Bad, _) => {
            let of_reason = judged.judgement.explanation().map(Explanation::advice).unwrap_or_default();
            return format!("{of_reason}. Create it again from a source that you trust, sign it, and push again.");
        }
    };
    words.to_owned()
}

/// Whether no line could help, because the file cannot be used.
fn is_policy_unusable(judged: &Judged) -> bool {
    judged.judgement.ruling().is_some_and(|ruling| ruling.decision() == Decision::AllowedUnusable)
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
