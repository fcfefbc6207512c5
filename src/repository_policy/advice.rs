//! What a policy file says that its author may not mean.

use super::{
    file::{Action, Mode, PolicyFile, Rule},
    pattern::Patterns,
};
use crate::wording::counted;
use std::collections::{BTreeMap, BTreeSet};

impl PolicyFile {
    /// Rules that can never decide, that switch others off, or that allow more than they seem to: clauses, each about one rule.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let before = self.rules.get(..index).unwrap_or_default();
            let mut never: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for action in rule.lists.keys() {
                if let Some(earlier) = before.iter().find(|earlier| earlier.covers(rule, *action)) {
                    never.entry(&earlier.name).or_default().push(action.as_str());
                }
            }
            for (earlier, actions) in never {
                let actions = actions.join(" and ");
                warnings.push(format!("rule {} never decides who may {actions}, because rule {earlier} comes before it", rule.name));
            }
            let after = self.rules.get(index + 1..).unwrap_or_default();
            let switched_off = after.iter().find(|later| {
                later.mode == Mode::Enforce && later.lists.keys().any(|action| rule.lists.contains_key(action) && rule.overlaps(later))
            });
            if let Some(later) = switched_off.filter(|_| rule.mode == Mode::Warn) {
                warnings.push(format!("rule {} only warns, and comes before rule {}, which it can switch off", rule.name, later.name));
            }
            if rule.merges_more() {
                warnings.push(format!("rule {} guards paths, and lets identities merge that may not commit there", rule.name));
            }
        }
        if self.policy.is_empty() {
            warnings.push("nobody may change the policy".to_owned());
        }
        warnings
    }

    /// How much it has, in words.
    pub(crate) fn counts(&self) -> String {
        let (identities, rules) = (counted(self.identities.len(), "identity"), counted(self.rules.len(), "rule"));
        format!("{identities}, {rules}")
    }
}

impl Rule {
    /// Whether this rule decides first whenever another one is about the action.
    fn covers(&self, later: &Self, action: Action) -> bool {
        let covers = |mine: &Option<Patterns>, its: &Option<Patterns>| match (mine, its) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(its)) => {
                let mine: BTreeSet<&str> = mine.texts().collect();
                its.texts().all(|text| mine.contains(text))
            }
        };
        self.lists.contains_key(&action) && covers(&self.refs, &later.refs) && covers(&self.paths, &later.paths)
    }

    /// Whether both may be about one question: neither names refs that the other does not name. Patterns may match the same refs.
    fn overlaps(&self, later: &Self) -> bool {
        let exact = |patterns: &Option<Patterns>| -> Option<BTreeSet<String>> {
            let texts: BTreeSet<String> = patterns.as_ref()?.texts().map(str::to_owned).collect();
            (!texts.iter().any(|text| text.contains('*'))).then_some(texts)
        };
        match (exact(&self.refs), exact(&later.refs)) {
            (Some(mine), Some(its)) => !mine.is_disjoint(&its),
            _ => true,
        }
    }

    /// Whether it guards paths, and somebody may merge there who may not commit: whoever merges decides the content.
    fn merges_more(&self) -> bool {
        let list = |action: Action| self.lists.get(&action).map(Vec::as_slice).unwrap_or_default();
        self.paths.is_some() && list(Action::Merge).iter().any(|identity| !list(Action::Commit).contains(identity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(rules: &str) -> Vec<String> {
        let identity = |name: &str| format!("[identities.{name}]\nsubject = \"{name}@x\"\nissuer = \"https://i\"\n");
        let text = format!("version = 1\npolicy = [\"a\"]\n{}{}{rules}", identity("a"), identity("b"));
        PolicyFile::parse(text.as_bytes()).unwrap().warnings()
    }

    #[test]
    fn a_rule_that_never_decides_is_named_with_the_one_before_it() {
        let rule = |name: &str, rest: &str| format!("[[rules]]\nname = \"{name}\"\n{rest}\n");
        let all = rule("all", "commit = [\"a\"]");
        let never = "rule next never decides who may commit and contribute, because rule all comes before it";
        for rest in
            ["commit = [\"b\"]", "refs = [\"refs/heads/x\"]\ncommit = [\"b\"]", "paths = [\"x\"]\ncommit = [\"b\"]\nmerge = [\"b\"]"]
        {
            let said = warnings(&format!("{all}{}", rule("next", rest)));
            assert_eq!(said, [never], "{rest}");
        }
        assert_eq!(warnings(&format!("{}{all}", rule("first", "refs = [\"refs/heads/x\"]\ncommit = [\"b\"]"))), Vec::<String>::new());
        assert_eq!(warnings(&format!("{all}{}", rule("next", "tag = [\"b\"]"))), Vec::<String>::new());
        let narrow = "refs = [\"refs/heads/x\", \"refs/heads/y\"]\ncommit = [\"a\"]";
        assert_eq!(warnings(&format!("{}{}", rule("all", narrow), rule("next", "refs = [\"refs/heads/y\"]\ncommit = [\"b\"]"))).len(), 1);
        assert_eq!(warnings(&format!("{}{}", rule("all", narrow), rule("next", "refs = [\"refs/heads/z\"]\ncommit = [\"b\"]"))).len(), 0);
    }

    #[test]
    fn a_rule_that_only_warns_and_a_wide_merge_are_said() {
        let said = warnings(
            "[[rules]]\nname = \"lax\"\nmode = \"warn\"\npaths = [\"x\"]\ncommit = [\"a\"]\n[[rules]]\nname = \"strict\"\ncommit = [\"a\"]\n",
        );
        assert_eq!(said, ["rule lax only warns, and comes before rule strict, which it can switch off"]);
        let said = warnings(
            "[[rules]]\nname = \"paths\"\npaths = [\"x\"]\ncommit = [\"a\"]\nmerge = [\"a\", \"b\"]\n[[rules]]\nname = \"rest\"\ncommit = [\"b\"]\n",
        );
        assert_eq!(said, ["rule paths guards paths, and lets identities merge that may not commit there"]);
    }
}
