//! What a change of a policy grants and takes away.
//!
//! The order of rules and overlapping patterns decide together, so the two policies are asked the same questions: for each action, for each
//! pattern of refs and paths that either names, and for what none of them names.

use super::{
    describe::{described_identity, listed},
    file::{Action, Mode, PolicyFile},
    pattern::{FoldedPath, Patterns},
    question::{Question, QuestionPath},
};
use crate::escape::Escaped;
use std::collections::{BTreeMap, BTreeSet};

/// Patterns of refs, and of paths, that are compared, at most.
const MAX_SAMPLES: usize = 100;

/// What a change does, in sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Difference {
    /// What somebody may do that they might not before.
    pub grants: Vec<String>,
    /// What somebody may do no longer.
    pub takes: Vec<String>,
    /// Other changes.
    pub others: Vec<String>,
}

/// Somebody who may do something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Allowed<'a> {
    names: BTreeSet<&'a str>,
    /// Whether everybody else is only warned of.
    only_warns: bool,
}

impl PolicyFile {
    /// What changes from this policy to another one.
    pub(crate) fn difference(&self, new: &Self) -> Difference {
        let mut difference = Difference::default();
        self.compare_rights(new, &mut difference);
        self.compare_identities(new, &mut difference);
        self.compare_answers(new, &mut difference);
        self.compare_rewriting(new, &mut difference);
        if self.start != new.start {
            let start = |policy: &Self| policy.start.clone().unwrap_or_else(|| "no commit".to_owned());
            difference.others.push(format!("The exempt history ends at {}, which was {}.", start(new), start(self)));
        }
        if difference == Difference::default() && self.rule_texts() != new.rule_texts() {
            difference.others.push("The rules differ, and the comparison found no question that they answer differently.".to_owned());
        }
        difference
    }

    fn names<'a>(&'a self, list: &[usize]) -> BTreeSet<&'a str> {
        list.iter().filter_map(|index| Some(self.identities.get(*index)?.name.as_str())).collect()
    }

    fn rule_texts(&self) -> Vec<String> {
        let text = |rule| format!("{:?}", self.rule_sentences(rule));
        self.rules.iter().map(|rule| format!("{} {} {}", rule.name, rule.place(), text(rule))).collect()
    }

    /// The right to change the policy.
    fn compare_rights(&self, new: &Self, difference: &mut Difference) {
        let (before, after) = (self.names(&self.policy), new.names(&new.policy));
        if let Some(gained) = beyond(&after, &before) {
            difference.grants.push(format!("{gained} may change the policy."));
        }
        if let Some(lost) = beyond(&before, &after) {
            difference.takes.push(format!("{lost} may no longer change the policy."));
        }
        let (before, after) = (self.policy_threshold, new.policy_threshold);
        let sentence = format!("{after} must agree to a change of the policy; before, {before}.");
        match after.cmp(&before) {
            std::cmp::Ordering::Less => difference.grants.push(sentence),
            std::cmp::Ordering::Greater => difference.takes.push(sentence),
            std::cmp::Ordering::Equal => {}
        }
    }

    /// Who stands behind the names.
    fn compare_identities(&self, new: &Self, difference: &mut Difference) {
        let of = |policy: &Self, name: &str| policy.identities.iter().find(|identity| identity.name == name).cloned();
        for identity in &new.identities {
            match of(self, &identity.name) {
                None => difference.others.push(format!("New identity {}.", described_identity(identity))),
                Some(before) => {
                    for (from, to, sentences, words) in [
                        (&before, identity, &mut difference.grants, "can sign as"),
                        (identity, &before, &mut difference.takes, "can no longer sign as"),
                    ] {
                        let mut more = to.clone();
                        more.credentials.retain(|credential| !from.credentials.contains(credential));
                        if !more.credentials.is_empty() {
                            let described = described_identity(&more);
                            let ways = described.split_once(": ").map_or("", |(_, ways)| ways);
                            sentences.push(format!("{} {words} {ways}.", identity.name));
                        }
                    }
                }
            }
        }
        for identity in self.identities.iter().filter(|identity| of(new, &identity.name).is_none()) {
            difference.others.push(format!("The identity {} is removed.", described_identity(identity)));
        }
    }

    /// Who may do what, and where.
    fn compare_answers(&self, new: &Self, difference: &mut Difference) {
        let (refs, paths) = (samples_of_refs(self, new), samples_of_paths(self, new));
        if refs.is_cut || paths.is_cut {
            difference.others.push(format!("Only the first {MAX_SAMPLES} patterns of refs and of paths were compared."));
        }
        for action in [Action::Commit, Action::Contribute, Action::Merge, Action::Tag, Action::Push, Action::Release] {
            let mut changes: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
            let asked: Vec<Option<&Sample>> = if action.is_about_paths() { paths.list.iter().map(Some).collect() } else { vec![None] };
            for reference in refs.list.iter().filter(|sample| sample.is_about(action)) {
                for path in &asked {
                    let allowed = |policy| Allowed::by(policy, action, reference, *path);
                    for (sentence, is_granted) in allowed(self).changes(&allowed(new), action) {
                        changes.entry((sentence, is_granted)).or_default().push(place(reference, *path));
                    }
                }
            }
            let all = refs.list.iter().filter(|sample| sample.is_about(action)).count() * asked.len();
            for ((sentence, is_granted), places) in changes {
                let sentences = if is_granted { &mut difference.grants } else { &mut difference.takes };
                sentences.push(match places.len() == all {
                    true => format!("{sentence}."),
                    false => format!("{sentence} {}.", places.join("; ")),
                });
            }
        }
    }

    /// Which refs a push may rewrite, and how many must agree to a tag.
    fn compare_rewriting(&self, new: &Self, difference: &mut Difference) {
        for sample in &samples_of_refs(self, new).list {
            let may = |policy: &Self| policy.rewrite(&sample.text).0;
            match (may(self), may(new)) {
                (false, true) => difference.grants.push(format!("A push may delete or rewrite {}.", sample.named)),
                (true, false) => difference.takes.push(format!("A push may no longer delete or rewrite {}.", sample.named)),
                _ => {}
            }
            if !sample.is_about(Action::Tag) {
                continue;
            }
            let question = Question { action: Action::Tag, reference: Some(&sample.text), path: QuestionPath::None };
            let threshold = |policy: &Self| policy.deciding_rule(&question).map(|rule| rule.tag_threshold);
            if let (Some(before), Some(after)) = (threshold(self), threshold(new))
                && before != after
            {
                let sentences = if after < before { &mut difference.grants } else { &mut difference.takes };
                sentences.push(format!("{after} must agree to a tag {}; before, {before}.", sample.named));
            }
        }
    }
}

impl<'a> Allowed<'a> {
    fn by(policy: &'a PolicyFile, action: Action, reference: &Sample, path: Option<&Sample>) -> Self {
        let folded = path.map(|path| FoldedPath::of(path.text.as_bytes()));
        let path = folded.as_ref().map_or(QuestionPath::None, QuestionPath::Known);
        match policy.deciding_rule(&Question { action, reference: Some(&reference.text), path }) {
            // without a rule about pushes, a push needs no certificate
            None => Self { names: BTreeSet::new(), only_warns: action == Action::Push },
            Some(rule) => {
                let list = rule.lists.get(&action).map(Vec::as_slice).unwrap_or_default();
                Self { names: policy.names(list), only_warns: rule.mode == Mode::Warn }
            }
        }
    }

    /// The sentences about a change, without their place, and whether it grants something.
    fn changes(&self, new: &Self, action: Action) -> Vec<(String, bool)> {
        let everybody = match action {
            Action::Push => "everybody may push without a certificate",
            _ => "everybody may",
        };
        let verb = action.as_str();
        match (self.only_warns, new.only_warns) {
            (true, true) => Vec::new(),
            (false, true) if action == Action::Push => vec![(everybody.to_owned(), true)],
            (false, true) => vec![(format!("{everybody} {verb}, with a warning"), true)],
            (true, false) => vec![(format!("nobody but {} may {verb}", listed(&new.names.iter().copied().collect::<Vec<_>>())), false)],
            (false, false) => {
                let gained = beyond(&new.names, &self.names).map(|who| (format!("{who} may {verb}"), true));
                let lost = beyond(&self.names, &new.names).map(|who| (format!("{who} may no longer {verb}"), false));
                gained.into_iter().chain(lost).collect()
            }
        }
    }
}

/// The names that are only in the first set.
fn beyond(set: &BTreeSet<&str>, other: &BTreeSet<&str>) -> Option<String> {
    let names: Vec<&str> = set.difference(other).copied().collect();
    (!names.is_empty()).then(|| listed(&names))
}

/// A ref or a path that stands for a pattern, or for what no pattern names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sample {
    text: String,
    /// How sentences name it.
    named: String,
}

struct Samples {
    list: Vec<Sample>,
    is_cut: bool,
}

impl Sample {
    /// Whether such a ref can be about the action.
    fn is_about(&self, action: Action) -> bool {
        match action {
            Action::Commit | Action::Contribute | Action::Merge => !self.text.starts_with("refs/tags/"),
            Action::Tag | Action::Release => self.text.starts_with("refs/tags/"),
            Action::Push => true,
        }
    }
}

/// Refs and paths that no pattern names, since nobody chooses such names. They are called otherwise where there is no pattern at all.
const OTHER_REFS: [(&str, &str, &str); 2] =
    [("refs/heads/\u{2020}other", "other branches", "every branch"), ("refs/tags/\u{2020}other", "other tags", "every tag")];
const OTHER_PATHS: [(&str, &str, &str); 1] = [("\u{2020}other/path", "other paths", "every path")];

/// The samples of all patterns of refs of both policies, and those of no pattern.
fn samples_of_refs(old: &PolicyFile, new: &PolicyFile) -> Samples {
    samples(old.rules.iter().chain(&new.rules).filter_map(|rule| rule.refs.as_ref()), &OTHER_REFS)
}

fn samples_of_paths(old: &PolicyFile, new: &PolicyFile) -> Samples {
    samples(old.rules.iter().chain(&new.rules).filter_map(|rule| rule.paths.as_ref()), &OTHER_PATHS)
}

fn samples<'a>(patterns: impl Iterator<Item = &'a Patterns>, others: &[(&str, &str, &str)]) -> Samples {
    let texts: BTreeSet<&str> = patterns.flat_map(Patterns::texts).collect();
    let is_cut = texts.len() > MAX_SAMPLES;
    let sample = |text: &&str| Sample { text: text.replace("**", "some/where").replace('*', "some"), named: Escaped(text).to_string() };
    let others = others.iter().map(|(text, other, every)| {
        let named = if texts.is_empty() { every } else { other };
        Sample { text: (*text).to_owned(), named: (*named).to_owned() }
    });
    Samples { list: texts.iter().take(MAX_SAMPLES).map(sample).chain(others).collect(), is_cut }
}

fn place(reference: &Sample, path: Option<&Sample>) -> String {
    match path {
        None => format!("on {}", reference.named),
        Some(path) => format!("on {}, for {}", reference.named, path.named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(policy: &str, rules: &str) -> PolicyFile {
        let identity = |name: &str| format!("[identities.{name}]\nsubject = \"{name}@x\"\nissuer = \"https://i\"\n");
        let text = format!("version = 1\n{policy}\n{}{rules}", ["ann", "bob"].map(identity).concat());
        PolicyFile::parse(text.as_bytes()).unwrap()
    }

    fn said(old: &PolicyFile, new: &PolicyFile) -> String {
        let Difference { grants, takes, others } = old.difference(new);
        let lines = |sign: &str, sentences: Vec<String>| sentences.into_iter().map(|one| format!("{sign} {one}\n")).collect::<String>();
        [lines("+", grants), lines("-", takes), lines("~", others)].concat()
    }

    fn rule(name: &str, rest: &str) -> String {
        format!("[[rules]]\nname = \"{name}\"\n{rest}\n")
    }

    #[test]
    fn a_change_of_who_may_change_the_policy_is_said() {
        let (one, two) = (policy("policy = [\"ann\"]", ""), policy("policy = [\"ann\", \"bob\"]\npolicy-threshold = 2", ""));
        let threshold = "2 must agree to a change of the policy; before, 1.";
        assert_eq!(said(&one, &two), format!("+ bob may change the policy.\n- {threshold}\n"));
        assert!(said(&two, &one).contains("- bob may no longer change the policy.\n"));
        assert_eq!(said(&one, &one), "");
    }

    #[test]
    fn the_order_of_rules_decides_what_changes() {
        let crypto = rule("crypto", "paths = [\"src/crypto/**\"]\ncommit = [\"ann\"]");
        let all = rule("all", "commit = [\"all\"]\nmerge = [\"ann\"]");
        let (old, new) = (policy("", &format!("{all}{crypto}")), policy("", &format!("{crypto}{all}")));
        let place = "on every branch, for src/crypto/**";
        assert_eq!(
            said(&old, &new),
            format!("- bob may no longer commit {place}.\n- bob may no longer contribute {place}.\n"),
            "the rule about paths never decided"
        );
    }

    #[test]
    fn a_rule_that_warns_allows_everybody_and_a_rule_about_pushes_forbids() {
        let old = policy("", &rule("all", "commit = [\"ann\"]\ncontribute = [\"ann\"]"));
        let new = policy("", &rule("all", "commit = [\"ann\"]\ncontribute = [\"ann\"]\npush = [\"bob\"]\nmode = \"warn\"\nrewrite = true"));
        let changed = said(&old, &new);
        assert!(changed.contains("+ everybody may commit, with a warning.\n"), "{changed}");
        assert!(changed.contains("+ A push may delete or rewrite every branch.\n"), "{changed}");
        let strict = policy("", &rule("all", "commit = [\"ann\"]\npush = [\"bob\"]"));
        assert_eq!(said(&old, &strict), "- nobody but bob may push.\n");
        assert_eq!(said(&strict, &old), "+ everybody may push without a certificate.\n");
    }

    #[test]
    fn another_key_behind_a_name_is_a_grant() {
        let old = "version = 1\n[identities.ann]\nsubject = \"ann@x\"\nissuer = \"https://i\"\n";
        let new = "version = 1\n[identities.ann]\nsubject = \"eve@x\"\nissuer = \"https://i\"\n";
        let parse = |text: &str| PolicyFile::parse(text.as_bytes()).unwrap();
        assert_eq!(
            said(&parse(old), &parse(new)),
            "+ ann can sign as eve@x with issuer https://i.\n- ann can no longer sign as ann@x with issuer https://i.\n"
        );
    }
}
