//! What a person reads first of many verdicts: how many of each, whose they are, and why the others failed.

use super::Judged;
use crate::policy::Verdict;
use std::collections::BTreeMap;

/// Identities and reasons that are listed, at most; the rest is counted.
const LISTED: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Summary {
    verdicts: BTreeMap<Verdict, usize>,
    /// Verified objects by identity and issuer, and whether they are trusted.
    identities: BTreeMap<(String, String, Verdict), usize>,
    reasons: BTreeMap<&'static str, (usize, String)>,
}

impl Summary {
    pub(super) fn add(&mut self, judged: &Judged) {
        let judgement = &judged.judgement;
        *self.verdicts.entry(judgement.verdict).or_default() += 1;
        match &judgement.result {
            Ok(verified) => {
                let identity = verified.identity();
                *self.identities.entry((identity.name.clone(), identity.issuer.clone(), judgement.verdict)).or_default() += 1;
            }
            Err(rejection) => {
                let reason = rejection.reason();
                self.reasons.entry(reason.id()).or_insert_with(|| (0, reason.sentence().to_owned())).0 += 1;
            }
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let total: usize = self.verdicts.values().sum();
        let counts: Vec<String> = self.verdicts.iter().map(|(verdict, count)| format!("{count} {}", verdict.as_str())).collect();
        let mut lines = vec![match total {
            0 => "Nothing to verify.".to_owned(),
            1 => format!("1 object: {}.", counts.join(", ")),
            total => format!("{total} objects: {}.", counts.join(", ")),
        }];
        let mut identities: Vec<_> = self.identities.iter().collect();
        identities.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((name, issuer, verdict), count) in identities.iter().take(LISTED) {
            lines.push(format!("  {count:>6}  {name}, vouched for by {issuer}: {}", verdict.as_str()));
        }
        if identities.len() > LISTED {
            lines.push(format!("          and {} more identities", identities.len() - LISTED));
        }
        for (id, (count, sentence)) in &self.reasons {
            lines.push(format!("  {count:>6}  {sentence} [{id}]"));
        }
        lines
    }
}
