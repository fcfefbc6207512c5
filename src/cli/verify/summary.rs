//! The summary of many verdicts: how many of each, who signed, why objects are not good, and what to do.

use crate::{
    escape::Escaped,
    judge::Judged,
    policy::{Outcome, PolicyDecision, Verdict},
    wording::counted,
};
use std::collections::BTreeMap;

/// Identities that are listed, at most; the others are counted.
const LISTED: usize = 20;

/// Objects that are listed for each cause, at most; the others are counted.
const EXAMPLES: usize = 3;

/// Digits of an id that are shown.
const SHORT: usize = 12;

#[derive(Debug, Default)]
pub(super) struct Summary {
    verdicts: BTreeMap<Verdict, usize>,
    /// The number of verified objects by signer and verdict.
    signers: BTreeMap<(String, Verdict), usize>,
    /// Objects that are not good, by verdict and the identifier of the cause.
    causes: BTreeMap<(Verdict, &'static str), Cause>,
    /// The number of commits where a shallow clone ends.
    cut: usize,
    /// How many objects the policy of the repository exempts, and of how many it only warns.
    exempt: usize,
    warned: usize,
}

#[derive(Debug, Default)]
struct Cause {
    sentence: &'static str,
    advice: &'static str,
    examples: Vec<String>,
    count: usize,
}

impl Summary {
    pub(super) fn add(&mut self, judged: &Judged) {
        let judgement = judged.judgement();
        if !judgement.counts() {
            let is_exempt = judgement.policy().is_some_and(|ruling| ruling.decision == PolicyDecision::Exempt);
            *(if is_exempt { &mut self.exempt } else { &mut self.warned }) += 1;
            return;
        }
        *self.verdicts.entry(judgement.verdict()).or_default() += 1;
        if let Some(signer) = signer(judged) {
            *self.signers.entry((signer, judgement.verdict())).or_default() += 1;
        }
        if let Some(cause) = judgement.explanation() {
            let entry = self.causes.entry((judgement.verdict(), cause.id())).or_default();
            entry.sentence = cause.sentence();
            entry.advice = cause.advice();
            entry.count += 1;
            if entry.examples.len() < EXAMPLES {
                entry.examples.push(example(judged));
            }
        }
    }

    pub(super) fn cut(&mut self, commits: usize) {
        self.cut = commits;
    }

    /// Whether some object that is not good has no line.
    pub(super) fn is_shortened(&self) -> bool {
        self.causes.values().any(|cause| cause.count > cause.examples.len())
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let total: usize = self.verdicts.values().sum();
        let counts: Vec<String> = self.verdicts.iter().map(|(verdict, count)| format!("{count} {}", verdict.as_str())).collect();
        let mut lines = vec![match total {
            0 if self.exempt + self.warned == 0 => "Nothing to verify.".to_owned(),
            0 => "No object counts.".to_owned(),
            total => format!("{}: {}.", counted(total, "object"), counts.join(", ")),
        }];
        if self.cut > 0 {
            lines.push(format!("  {:>6}  end of a shallow clone's history; older commits were not verified", self.cut));
        }
        for (count, why) in [(self.exempt, "exempt from the repository's policy"), (self.warned, "refused by rules that only warn")] {
            if count > 0 {
                lines.push(format!("  {count:>6}  {why}; not counted"));
            }
        }
        let mut signers: Vec<_> = self.signers.iter().collect();
        signers.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((signer, verdict), count) in signers.iter().take(LISTED) {
            lines.push(format!("  {count:>6}  {signer}: {}", verdict.as_str()));
        }
        if signers.len() > LISTED {
            lines.push(format!("          and {}", counted(signers.len() - LISTED, "more identity")));
        }
        // the worst first
        for ((_, id), cause) in self.causes.iter().rev() {
            lines.push(format!("  {:>6}  {} [{id}]", cause.count, cause.sentence));
            lines.extend(cause.examples.iter().map(|example| format!("          {example}")));
            if cause.count > cause.examples.len() {
                lines.push(format!("          and {} more", cause.count - cause.examples.len()));
            }
            lines.push(format!("          what to do: {}", cause.advice));
        }
        lines
    }
}

/// Who signed, where the signature was verified.
fn signer(judged: &Judged) -> Option<String> {
    let judgement = judged.judgement();
    match judgement.outcome() {
        Outcome::External(external) if matches!(judgement.verdict(), Verdict::Good | Verdict::Untrusted) => {
            let who = external.signer.as_deref().or(external.key.as_deref()).unwrap_or("an unknown signer");
            Some(format!("{}, judged by {}", Escaped(who), external.by.words()))
        }
        Outcome::Verified { verification, .. } => {
            let identity = verification.identity();
            Some(format!("{}, vouched for by {}", identity.name, identity.issuer))
        }
        Outcome::ByKey(verified) => Some(format!("the key {}", hex::encode(verified.key_fingerprint()))),
        Outcome::Rejected(_) | Outcome::External(_) => None,
    }
}

fn example(judged: &Judged) -> String {
    let title = judged.title.as_deref().map(|title| format!(" \"{}\"", Escaped(title))).unwrap_or_default();
    format!("{} {}{title}", judged.kind.name(), judged.id.get(..SHORT).unwrap_or(&judged.id))
}
