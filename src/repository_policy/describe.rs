//! A policy in plain sentences: who may do what. Every text of the file is escaped.

use super::{
    file::{Action, Mode, PolicyFile, PolicyIdentity, Rule},
    pattern::Patterns,
    signer::{Credential, GitKeyKind, Validity},
};
use crate::{escape::Escaped, trust::Instance, wording::spoken_time};

impl PolicyFile {
    /// The policy in lines; those that belong to the one above begin with spaces.
    pub(crate) fn described(&self) -> Vec<String> {
        let mut lines = vec![self.right_to_change()];
        if let Some(start) = &self.start {
            lines.push(format!("Commit {start} and its ancestors are exempt."));
        }
        lines.push("Identities:".to_owned());
        lines.extend(self.identities.iter().map(|identity| format!("  {}", described_identity(identity))));
        if !self.roles.is_empty() {
            lines.push("Roles:".to_owned());
            lines.extend(self.roles.iter().map(|(name, list)| format!("  {name}: {}", self.members(list))));
        }
        lines.push("Rules, of which the first that matches decides:".to_owned());
        for rule in &self.rules {
            lines.push(format!("  {}: {}.", rule.name, rule.place()));
            lines.extend(self.rule_sentences(rule).into_iter().map(|sentence| format!("    {sentence}")));
        }
        lines.extend(self.what_no_rule_says());
        lines
    }

    /// Who may change the policy: a sentence.
    pub(crate) fn right_to_change(&self) -> String {
        let who = self.who(&self.policy);
        match self.policy_threshold {
            0 | 1 => format!("{} may change the policy.", capital(&who)),
            threshold => format!("{} may change the policy, if {threshold} of them agree.", capital(&who)),
        }
    }

    /// A list in words: the role that has the same identities, and their names.
    pub(super) fn who(&self, list: &[usize]) -> String {
        if list.is_empty() {
            return "nobody".to_owned();
        }
        let members = self.members(list);
        match self.roles.iter().find(|(_, of_role)| of_role == list && of_role.len() > 1) {
            Some((role, _)) => format!("{role} ({members})"),
            None if list.len() == self.identities.len() && list.len() > 1 => format!("all ({members})"),
            None => members,
        }
    }

    fn members(&self, list: &[usize]) -> String {
        let names: Vec<&str> = list.iter().filter_map(|index| Some(self.identities.get(*index)?.name.as_str())).collect();
        listed(&names)
    }

    /// What a rule says, in sentences.
    pub(super) fn rule_sentences(&self, rule: &Rule) -> Vec<String> {
        let list = |action: Action| rule.lists.get(&action);
        let mut sentences = Vec::new();
        let brings_in_the_same = list(Action::Commit).is_some() && list(Action::Commit) == list(Action::Contribute);
        for (action, who) in rule.lists.iter().map(|(action, list)| (*action, self.who(list))) {
            let who = capital(&who);
            sentences.push(match action {
                Action::Commit if brings_in_the_same => format!("{who} may commit, and merges may bring in commits of theirs."),
                Action::Commit => format!("{who} may commit."),
                Action::Contribute if brings_in_the_same => continue,
                Action::Contribute => format!("Merges may bring in commits of {}.", self.who(list(action).map_or(&[], Vec::as_slice))),
                Action::Merge => format!("{who} may merge."),
                Action::Tag if rule.tag_threshold > 1 => format!("{who} may tag, if {} of them agree.", rule.tag_threshold),
                Action::Tag => format!("{who} may tag."),
                Action::Push => format!("{who} may push, with a signed push certificate."),
                Action::Release => format!("{who} may release."),
            });
        }
        match rule.rewrite {
            Some(true) => sentences.push("A push may delete the ref, or take commits from it.".to_owned()),
            Some(false) => sentences.push("No push may delete the ref, or take commits from it.".to_owned()),
            None => {}
        }
        if rule.mode == Mode::Warn {
            sentences.push("This rule only warns: what it refuses is reported and does not count.".to_owned());
        }
        sentences
    }

    /// What happens where no rule matches.
    fn what_no_rule_says(&self) -> Vec<String> {
        let is_everywhere =
            |action: Action| self.rules.iter().any(|rule| rule.lists.contains_key(&action) && rule.refs.is_none() && rule.paths.is_none());
        let actions = [Action::Commit, Action::Contribute, Action::Merge, Action::Tag, Action::Release];
        let open: Vec<&str> = actions.into_iter().filter(|action| !is_everywhere(*action)).map(Action::as_str).collect();
        let mut sentences = Vec::new();
        if !open.is_empty() {
            sentences.push(format!("Where no rule says who may {}, nobody may.", open.join(" or ")));
        }
        if !is_everywhere(Action::Push) {
            sentences.push("Where no rule says who may push, a push needs no certificate.".to_owned());
        }
        if !self.rules.iter().any(|rule| rule.rewrite.is_some() && rule.refs.is_none()) {
            sentences.push("Where no rule has `rewrite`, no push may delete a ref or take commits from it.".to_owned());
        }
        sentences
    }
}

impl Rule {
    /// Where the rule is about something: a clause.
    pub(super) fn place(&self) -> String {
        let refs = self.refs.as_ref().map_or("every ref".to_owned(), patterns);
        match &self.paths {
            None => format!("on {refs}"),
            Some(paths) => format!("on {refs}, for the paths {}", patterns(paths)),
        }
    }
}

fn patterns(patterns: &Patterns) -> String {
    let texts: Vec<String> = patterns.texts().map(|text| Escaped(text).to_string()).collect();
    listed(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// An identity with its ways to sign.
pub(super) fn described_identity(identity: &PolicyIdentity) -> String {
    let ways: Vec<String> = identity.credentials.iter().map(described_credential).collect();
    format!("{}: {}", identity.name, ways.join("; or "))
}

fn described_credential(credential: &Credential) -> String {
    match credential {
        Credential::Certificate { subject, issuer, instance, claims, validity } => {
            let mut text = format!("{} with issuer {}", Escaped(subject), Escaped(issuer));
            if *instance != Instance::Public {
                text += &format!(" of the instance {instance}");
            }
            for (name, value) in claims {
                text += &format!(", with {name} {}", Escaped(value));
            }
            text + &described_validity(*validity)
        }
        Credential::Key { kind: GitKeyKind::OpenPgp, fingerprint } => format!("the OpenPGP key {fingerprint}"),
        Credential::Key { kind: GitKeyKind::Ssh, fingerprint } => format!("the SSH key {fingerprint}"),
    }
}

fn described_validity(validity: Validity) -> String {
    let from = validity.from.map(|time| format!(", from {}", spoken_time(time)));
    let until = validity.until.map(|time| format!(", before {}", spoken_time(time)));
    format!("{}{}", from.unwrap_or_default(), until.unwrap_or_default())
}

/// Names in a sentence.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// The text with a capital letter, if it is a word of ours: names stay as they are.
pub(super) fn capital(text: &str) -> String {
    if text == "nobody" { "Nobody".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what_is_said_in_sentences() {
        let text = r#"
version = 1
start = "0123456789012345678901234567890123456789"
policy = ["maintainers"]
policy-threshold = 2
[identities.ann]
subject = "ann@example.com"
issuer = "https://accounts.google.com"
until = "2027-01-01T00:00:00Z"
[[identities.bob]]
subject = "bob@corp.example"
issuer = "https://login.corp.example"
instance = "corp"
[[identities.bob]]
ssh = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
[identities.robot]
subject = "https://github.com/org/app/.github/workflows/release.yml@refs/tags/*"
issuer = "https://token.actions.githubusercontent.com"
claims = { sourceRepositoryUri = "https://github.com/org/app" }
[roles]
maintainers = ["ann", "bob"]
[[rules]]
name = "crypto"
paths = ["src/crypto/**", "Cargo.lock"]
commit = ["ann"]
[[rules]]
name = "tags"
refs = ["refs/tags/v*"]
tag = ["maintainers"]
tag-threshold = 2
release = ["robot"]
rewrite = false
mode = "warn"
[[rules]]
name = "default"
commit = ["maintainers"]
contribute = ["all"]
merge = ["maintainers"]
tag = []
"#;
        insta::assert_snapshot!(PolicyFile::parse(text.as_bytes()).unwrap().described().join("\n"), @r"
        maintainers (ann and bob) may change the policy, if 2 of them agree.
        Commit 0123456789012345678901234567890123456789 and its ancestors are exempt.
        Identities:
          ann: ann@example.com with issuer https://accounts.google.com, before 2027-01-01 00:00:00 UTC
          bob: bob@corp.example with issuer https://login.corp.example of the instance corp; or the SSH key SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
          robot: https://github.com/org/app/.github/workflows/release.yml@refs/tags/* with issuer https://token.actions.githubusercontent.com, with sourceRepositoryUri https://github.com/org/app
        Roles:
          maintainers: ann and bob
        Rules, of which the first that matches decides:
          crypto: on every ref, for the paths src/crypto/** and Cargo.lock.
            ann may commit, and merges may bring in commits of theirs.
            ann may merge.
          tags: on refs/tags/v*.
            maintainers (ann and bob) may tag, if 2 of them agree.
            robot may release.
            No push may delete the ref, or take commits from it.
            This rule only warns: what it refuses is reported and does not count.
          default: on every ref.
            maintainers (ann and bob) may commit.
            Merges may bring in commits of all (ann, bob and robot).
            maintainers (ann and bob) may merge.
            Nobody may tag.
        Where no rule says who may release, nobody may.
        Where no rule says who may push, a push needs no certificate.
        Where no rule has `rewrite`, no push may delete a ref or take commits from it.
        ");
    }

    #[test]
    fn what_a_file_says_is_escaped() {
        let text = "version = 1\n[identities.a]\nsubject = \"a\\u202Eb@x\"\nissuer = \"https://i\\u200B\"\n\
            [[rules]]\nname = \"r\"\npaths = [\"x\\u202Ey\"]\ncommit = [\"a\"]\n";
        let said = PolicyFile::parse(text.as_bytes()).unwrap().described().join("\n");
        assert!(said.contains("a\\u{202e}b@x with issuer https://i\\u{200b}") && said.contains("x\\u{202e}y"), "{said}");
        assert!(!said.contains(['\u{202e}', '\u{200b}']));
    }
}
