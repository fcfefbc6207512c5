//! What the pusher reads about a refused push: which objects, why, and what to do.

use crate::{
    cli::ui::Ui,
    escape::Escaped,
    judge::Judged,
    policy::Verdict,
    rejection::Audience,
    report::{Claimed, sentences},
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

/// The objects that were not good.
pub(super) struct Refusals {
    audience: Audience,
    /// Whether the whole history of a new ref was judged, because the server does not say which refs the hook guards.
    whole_history: bool,
    judged: usize,
    refused: usize,
    lines: Vec<String>,
    /// What to do, by verdict.
    advice: BTreeSet<(Verdict, String)>,
}

impl Refusals {
    pub(super) fn new(audience: Audience, whole_history: bool) -> Self {
        Self { audience, whole_history, judged: 0, refused: 0, lines: Vec::new(), advice: BTreeSet::new() }
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
        self.advice.extend(judged.judgement.advice_for(self.audience).map(|advice| (verdict, advice)));
        if self.refused <= LISTED {
            self.lines.push(heading(judged));
            let why = sentences(&judged.judgement).into_iter();
            self.lines.extend(why.map(|sentence| format!("  {}", shortened(sentence, judged))));
            self.lines.extend(judged.claimed.as_ref().and_then(Claimed::sentence).map(|claim| format!("  {}", cut(claim, ""))));
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
            ui.note(format!("  {}: {advice}.", verdict.as_str()));
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
    let reason = judged.judgement.explanation().map(|cause| format!(" [{}].", cause.id()));
    cut(sentence, &reason.unwrap_or_default())
}

/// A text of a limited length; one that is longer ends in `…` and the given text.
fn cut(text: String, end: &str) -> String {
    let shown: String = text.chars().take(MAX_SENTENCE).collect();
    if shown.len() == text.len() { text } else { format!("{shown}…{end}") }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
