//! What the pusher reads about a refused push: which objects, why, and what to do.

use crate::{
    Explanation as _,
    cli::ui::Ui,
    escape::Escaped,
    judge::Judged,
    policy::{PolicyRuling, Verdict},
    rejection::Audience,
    report::{Claimed, sentences},
    repository::{ObjectKind, is_of_git},
    wording::counted,
};
use std::collections::BTreeSet;

/// Causes that are listed, at most; the objects with others are counted.
const LISTED: usize = 20;

/// Objects that are listed for each cause, at most; the others are counted.
const EXAMPLES: usize = 3;

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
    /// Refs that the policy of the repository refuses.
    references: usize,
    /// What rules refuse that only warn: sentences.
    warned: Vec<String>,
    groups: Vec<Group>,
    /// Sentences about tags with faults that merges hold.
    merged_tags: Vec<String>,
    /// What to do, by verdict.
    advice: BTreeSet<(Verdict, String)>,
}

/// Objects that are not good for the same cause.
struct Group {
    verdict: Verdict,
    /// What is said about each of them.
    why: Vec<String>,
    examples: Vec<String>,
    count: usize,
}

/// The pushed refs whose commits git makes itself and cannot sign.
pub(super) struct Unsignable {
    names: Vec<String>,
    /// Whether there are no others.
    is_all: bool,
}

impl Unsignable {
    pub(super) fn of<'a>(moved: impl Iterator<Item = &'a str>) -> Self {
        let (names, others): (Vec<&str>, Vec<&str>) = moved.partition(|name| is_of_git(name));
        Self { names: names.into_iter().map(str::to_owned).collect(), is_all: others.is_empty() }
    }

    /// What to do about them; `None` if there are none.
    fn advice(&self, audience: Audience) -> Option<String> {
        let first = Escaped(self.names.first()?);
        let push = if self.is_all { "do not push it".to_owned() } else { "push the other refs without it".to_owned() };
        Some(match audience {
            Audience::PusherToServer => format!(
                "git cannot sign what {first} leads to: {push}, or ask the administrator to set paraph.guardedRefs without it, for example to `refs/heads/* refs/tags/*`"
            ),
            _ => format!("git cannot sign what {first} leads to: {push}, or push it alone with `git push --no-verify`"),
        })
    }
}

impl Refusals {
    pub(super) fn new(audience: Audience, whole_history: bool) -> Self {
        Self {
            audience,
            whole_history,
            judged: 0,
            refused: 0,
            references: 0,
            warned: Vec::new(),
            groups: Vec::new(),
            merged_tags: Vec::new(),
            advice: BTreeSet::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refused == 0 && self.references == 0
    }

    /// Adds an object, whatever its verdict.
    pub(super) fn add(&mut self, judged: &Judged) {
        self.judged += 1;
        let merged = judged.merged_tags.iter().map(|tag| format!("{}: {}", heading(judged), cut(Escaped(&tag.sentence()).to_string(), "")));
        self.merged_tags.extend(merged.take(LISTED.saturating_sub(self.merged_tags.len())));
        let verdict = judged.judgement().verdict();
        if verdict == Verdict::Good {
            return;
        }
        if !judged.judgement().counts() {
            let ruling = judged.judgement().policy().filter(|ruling| ruling.refuses());
            if let Some(ruling) = ruling {
                self.warn(&format!("{} {}", judged.kind.name(), short(&judged.id)), ruling);
            }
            return;
        }
        self.refused += 1;
        self.advice.extend(judged.judgement().advice_for(self.audience).map(|advice| (verdict, advice)));
        let claim = judged.claimed.as_ref().and_then(Claimed::sentence).map(|claim| cut(claim, ""));
        let why: Vec<String> = sentences(judged.judgement()).into_iter().map(|sentence| shortened(sentence, judged)).chain(claim).collect();
        self.group(verdict, why, heading(judged));
    }

    /// Adds a ref that the policy of the repository refuses.
    pub(super) fn add_reference(&mut self, name: &str, ruling: &PolicyRuling) {
        let heading = cut(format!("ref {}", Escaped(name)), "");
        if !ruling.counts {
            return self.warn(&heading, ruling);
        }
        self.references += 1;
        self.advice.insert((Verdict::Untrusted, ruling.decision.advice_for(self.audience)));
        let why = format!("The repository's policy refuses it: {} [{}].", ruling.clause(), ruling.decision.id());
        self.group(Verdict::Untrusted, vec![cut(why, "")], heading);
    }

    fn warn(&mut self, heading: &str, ruling: &PolicyRuling) {
        let (clause, id) = (ruling.clause(), ruling.decision.id());
        self.warned.push(format!("{heading}: {clause} [{id}]. The rule only warns."));
    }

    /// Adds something to those that are refused for the same cause.
    fn group(&mut self, verdict: Verdict, why: Vec<String>, heading: String) {
        let group = match self.groups.iter().position(|group| group.verdict == verdict && group.why == why) {
            Some(place) => self.groups.get_mut(place),
            None if self.groups.len() < LISTED => {
                self.groups.push(Group { verdict, why, examples: Vec::new(), count: 0 });
                self.groups.last_mut()
            }
            None => None,
        };
        if let Some(group) = group {
            group.count += 1;
            if group.count <= EXAMPLES {
                group.examples.push(heading);
            }
        }
    }

    /// Whether an object was good.
    pub(super) fn has_good(&self) -> bool {
        self.judged > self.refused
    }

    pub(super) fn print(&self, unsignable: &Unsignable, ui: &mut Ui) {
        if !self.is_empty() {
            self.print_refused(unsignable, ui);
        }
        self.merged_tags.iter().for_each(|sentence| ui.warning(sentence));
        self.warned.iter().take(LISTED).for_each(|sentence| ui.warning(sentence));
        if let Some(others) = self.warned.len().checked_sub(LISTED).filter(|others| *others > 0) {
            ui.warning(format!("Rules that only warn refuse {others} more."));
        }
        if self.whole_history && (!self.is_empty() || self.judged >= MANY) {
            ui.note(format!("A new ref was judged with its whole history: {}.", counted(self.judged, "object")));
            ui.note("hint: on the server, set paraph.guardedRefs, for example to `refs/heads/* refs/tags/*`; then the history of these refs is not judged again.");
        }
    }

    /// Prints what of a merge is not good. It stands, so nothing is refused.
    pub(super) fn print_merged(&self, ui: &mut Ui) {
        self.merged_tags.iter().chain(&self.warned).take(LISTED).for_each(|sentence| ui.warning(sentence));
        if self.is_empty() {
            return;
        }
        ui.warning(format!("{} of {} merged objects {} not good.", self.refused, self.judged, are(self.refused)));
        self.print_groups(ui);
        ui.note("hint: look at them with `git log --stat ORIG_HEAD..`; `git reset --keep ORIG_HEAD` takes the merge back.");
    }

    fn print_groups(&self, ui: &mut Ui) {
        for group in &self.groups {
            group.examples.iter().for_each(|example| ui.note(example));
            if group.count > group.examples.len() {
                ui.note(format!("and {} more.", group.count - group.examples.len()));
            }
            group.why.iter().for_each(|sentence| ui.note(format!("  {sentence}")));
        }
        let listed: usize = self.groups.iter().map(|group| group.count).sum();
        let all = self.refused + self.references;
        if all > listed {
            ui.note(format!("and {} more, each for another cause.", all - listed));
        }
    }

    fn print_refused(&self, unsignable: &Unsignable, ui: &mut Ui) {
        let objects = format!("{} of {} new objects {} not good", self.refused, self.judged, are(self.refused));
        let references = format!("the repository's policy refuses {}", counted(self.references, "ref"));
        let why = match (self.refused, self.references) {
            (_, 0) => objects,
            (0, _) => references,
            _ => format!("{objects}, and {references}"),
        };
        ui.note(format!("paraph refuses this push: {why}."));
        self.print_groups(ui);
        ui.note("What to do:");
        let of_git = unsignable.advice(self.audience);
        for (verdict, advice) in &self.advice {
            // the usual advice cannot work for such a ref
            if *verdict != Verdict::Unsigned || of_git.is_none() || !unsignable.is_all {
                ui.note(format!("  {}: {advice}.", verdict.as_str()));
            }
        }
        if let Some(advice) = of_git.filter(|_| self.advice.iter().any(|(verdict, _)| *verdict == Verdict::Unsigned)) {
            ui.note(format!("  {}: {advice}.", Verdict::Unsigned.as_str()));
        }
    }
}

/// The object's kind, short id, title, and verdict.
fn heading(judged: &Judged) -> String {
    let kind = if judged.kind == ObjectKind::Blob { "push certificate" } else { judged.kind.name() };
    let title = judged.title.as_deref().map(|title| format!(" \"{}\"", Escaped(title))).unwrap_or_default();
    format!("{kind} {}{title}: [{}]", short(&judged.id), judged.judgement().verdict().as_str())
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// A sentence may repeat text of the object, which has any length. Its end, the reason, is kept.
fn shortened(sentence: String, judged: &Judged) -> String {
    let reason = judged.judgement().explanation().map(|cause| format!(" [{}].", cause.id()));
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
