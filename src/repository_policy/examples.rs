//! Examples of what a policy allows, as a table: `bob commits src/x to main: refused`.
//!
//! An example asks one question with a signature that the identity's first entry fits, so identities whose entries overlap answer for each
//! other, as they do in a repository.

use super::{
    file::{Action, PolicyFile, PolicyIdentity},
    history::Signed,
    pattern::{FoldedPath, is_policy_path},
    question::{Answer, Question, QuestionPath},
    right::{Quorum, Right},
    signer::{Credential, Signer},
};
use crate::{
    certificate::{Identity, IdentityKind},
    escape::Escaped,
};
use jiff::{SignedDuration, Timestamp};
use std::convert::Infallible;

/// A larger file of examples is not read, in bytes.
pub(crate) const MAX_EXAMPLES: usize = 1 << 20;
/// Who is not in the policy.
const UNLISTED: &str = "unlisted";

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Example {
    /// From 1.
    pub line: usize,
    /// The first signs; the others approve.
    who: Vec<String>,
    does: Does,
    path: Option<String>,
    reference: Option<String>,
    expected: Expected,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Act(Action),
    ChangesPolicy,
    Rewrites,
}

/// What is expected, and what a policy answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Allowed,
    Refused,
    /// Refused by a rule that only warns.
    Warned,
}

impl Expected {
    /// The word in the table.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Warned => "warned",
        }
    }
}

/// A line that is no example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub(crate) struct ExampleError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub cause: ExampleFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExampleFault {
    #[error("expected `WHO DOES [WHAT] [to REF]: ANSWER`, such as `bob commits src/x to main: refused`")]
    Form,
    #[error("unknown answer \"{}\"; expected allowed, refused or warned", Escaped(.0))]
    Answer(String),
    #[error("unknown action \"{}\"; expected commits, contributes, merges, tags, pushes, releases, rewrites or `changes the policy`", Escaped(.0))]
    Action(String),
    #[error("\"{}\" is not an identity of the policy; expected one, or `unlisted`", Escaped(.0))]
    Unknown(String),
    #[error("several identities can agree to a tag and to a change of the policy only")]
    Several,
    #[error("{0} needs a ref, such as `to main`")]
    NoRef(&'static str),
    #[error("the right to change {} is asked for with `changes the policy`", Escaped(.0))]
    PolicyPath(String),
    #[error("the file is not valid UTF-8, or has more than {MAX_EXAMPLES} bytes")]
    Unreadable,
    #[error("the file has no example")]
    Empty,
}

/// An example that has another answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The line, from 1.
    pub line: usize,
    /// What is answered: a clause, escaped.
    pub clause: String,
}

/// Reads a table of examples.
///
/// # Errors
/// The first line that is none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Example>, ExampleError> {
    let whole = |cause| ExampleError { line: 1, cause };
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_EXAMPLES).ok_or(whole(ExampleFault::Unreadable))?;
    let mut examples = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let content = line.split_once(" #").map_or(line, |(before, _)| before).trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        examples.push(Example::parse(line_number, content).map_err(|cause| ExampleError { line: line_number, cause })?);
    }
    if examples.is_empty() { Err(whole(ExampleFault::Empty)) } else { Ok(examples) }
}

impl Example {
    fn parse(line: usize, content: &str) -> Result<Self, ExampleFault> {
        let (question, answer) = content.rsplit_once(':').ok_or(ExampleFault::Form)?;
        let expected = match answer.trim() {
            "allowed" => Expected::Allowed,
            "refused" => Expected::Refused,
            "warned" => Expected::Warned,
            other => return Err(ExampleFault::Answer(other.to_owned())),
        };
        let mut words = question.split_whitespace().peekable();
        let mut who = vec![words.next().ok_or(ExampleFault::Form)?.to_owned()];
        while words.next_if_eq(&"and").is_some() {
            who.push(words.next().ok_or(ExampleFault::Form)?.to_owned());
        }
        let verb = words.next().ok_or(ExampleFault::Form)?;
        let rest: Vec<&str> = words.collect();
        let does = match (verb.trim_end_matches('s'), rest.as_slice()) {
            ("change", ["the", "policy"]) => Does::ChangesPolicy,
            ("commit", _) => Does::Act(Action::Commit),
            ("contribute", _) => Does::Act(Action::Contribute),
            ("merge", _) => Does::Act(Action::Merge),
            ("tag", _) => Does::Act(Action::Tag),
            ("pushe" | "push", _) => Does::Act(Action::Push),
            ("release", _) => Does::Act(Action::Release),
            ("rewrite", _) => Does::Rewrites,
            _ => return Err(ExampleFault::Action(verb.to_owned())),
        };
        if who.len() > 1 && !matches!(does, Does::ChangesPolicy | Does::Act(Action::Tag)) {
            return Err(ExampleFault::Several);
        }
        let example = Self { line, who, does, path: None, reference: None, expected };
        match does {
            Does::ChangesPolicy => Ok(example),
            Does::Rewrites => example.with_object(&rest, "rewrites"),
            Does::Act(action) if action.is_about_paths() => example.with_path_and_ref(&rest),
            Does::Act(Action::Push) => example.with_object(rest.strip_prefix(&["to"]).unwrap_or(&rest), "pushes"),
            Does::Act(action) => example.with_object(&rest, action.as_str()),
        }
    }

    /// `[PATH] to REF`.
    fn with_path_and_ref(self, rest: &[&str]) -> Result<Self, ExampleFault> {
        let (path, reference) = match rest {
            ["to" | "into" | "on", reference] => (None, *reference),
            [path, "to" | "into" | "on", reference] => (Some(*path), *reference),
            [] | [_] => return Err(ExampleFault::NoRef("an example about commits")),
            _ => return Err(ExampleFault::Form),
        };
        if let Some(path) = path.filter(|path| is_policy_path(path.as_bytes())) {
            return Err(ExampleFault::PolicyPath(path.to_owned()));
        }
        Ok(Self { path: path.map(str::to_owned), reference: Some(full_name(reference, "refs/heads/")), ..self })
    }

    fn with_object(self, rest: &[&str], what: &'static str) -> Result<Self, ExampleFault> {
        let [reference] = rest else {
            return Err(if rest.is_empty() { ExampleFault::NoRef(what) } else { ExampleFault::Form });
        };
        let folder = if matches!(self.does, Does::Act(Action::Tag | Action::Release)) { "refs/tags/" } else { "refs/heads/" };
        Ok(Self { reference: Some(full_name(reference, folder)), ..self })
    }

    /// What a policy answers otherwise than expected; `None` if it answers as expected.
    ///
    /// # Errors
    /// Where the policy does not have an identity.
    pub(crate) fn check(&self, policy: &PolicyFile) -> Result<Option<Failed>, ExampleError> {
        let signers: Result<Vec<_>, _> = self.who.iter().map(|name| signer(policy, name)).collect();
        let signers = signers.map_err(|cause| ExampleError { line: self.line, cause })?;
        let (answer, why) = match self.does {
            Does::ChangesPolicy => self.agreed(policy, policy.policy_list(), policy.policy_threshold(), &signers),
            Does::Rewrites => self.rewriting(policy),
            Does::Act(action) => self.asked(policy, action, &signers),
        };
        let clause = || format!("{}{why}; expected {}", answer.as_str(), self.expected.as_str());
        Ok((answer != self.expected).then(|| Failed { line: self.line, clause: clause() }))
    }

    fn rewriting(&self, policy: &PolicyFile) -> (Expected, String) {
        let (may, rule) = policy.rewrite(self.reference.as_deref().unwrap_or_default());
        let answer = if may { Expected::Allowed } else { Expected::Refused };
        (answer, rule.map_or(", because no rule has `rewrite`".to_owned(), |rule| format!(" by the rule {}", rule.name)))
    }

    fn asked(&self, policy: &PolicyFile, action: Action, signers: &[Option<Signer>]) -> (Expected, String) {
        let folded = self.path.as_ref().map(|path| FoldedPath::of(path.as_bytes()));
        let path = folded.as_ref().map_or(QuestionPath::None, QuestionPath::Known);
        let question = Question { action, reference: self.reference.as_deref(), path };
        let signer = signers.first().and_then(Option::as_ref);
        // whoever signs a tag must be listed, and others may have to agree
        let asked_for = signer.filter(|_| action != Action::Tag);
        let refused = if policy.only_warns(&question, asked_for) { Expected::Warned } else { Expected::Refused };
        let by = |rule: usize| policy.rules().get(rule).map(|rule| format!(" by the rule {}", rule.name)).unwrap_or_default();
        match policy.answer(&question, signer) {
            Answer::NoRule if action == Action::Push => (Expected::Allowed, ", because no rule is about pushes there".to_owned()),
            Answer::Allowed { rule, .. } if action == Action::Tag => {
                let Some(decides) = policy.rules().get(rule) else { return (refused, String::new()) };
                let list = decides.lists.get(&Action::Tag).map(Vec::as_slice).unwrap_or_default();
                let (answer, why) = self.agreed(policy, list, decides.tag_threshold, signers);
                (if answer == Expected::Allowed { answer } else { refused }, format!("{}{why}", by(rule)))
            }
            Answer::Allowed { rule, .. } => (Expected::Allowed, by(rule)),
            Answer::Refused { rule } => (refused, by(rule)),
            Answer::NoRule => (refused, ", because no rule is about it".to_owned()),
            Answer::NotKnown => (refused, ", because the ref is not known".to_owned()),
        }
    }

    /// Whether enough agree: the first signs, the others approve.
    fn agreed(&self, policy: &PolicyFile, list: &[usize], threshold: usize, signers: &[Option<Signer>]) -> (Expected, String) {
        let approvals = signers.iter().skip(1).flatten().cloned();
        let approvals = approvals.map(Signed::By).collect();
        let right =
            Quorum { policy, list, threshold }.with_approvals(signers.first().and_then(Option::as_ref), || Ok::<_, Infallible>(approvals));
        match right {
            Ok(Right::Held) => (Expected::Allowed, String::new()),
            Ok(Right::ApprovalsMissing { agree } | Right::NotListed { agree }) => {
                (Expected::Refused, format!(", because {agree} of the {threshold} who must agree did"))
            }
            Err(never) => match never {},
        }
    }
}

/// A ref by its full name, or by that below a folder.
fn full_name(name: &str, folder: &str) -> String {
    if name.starts_with("refs/") { name.to_owned() } else { format!("{folder}{name}") }
}

/// A signer whom the first entry of an identity fits.
fn signer(policy: &PolicyFile, name: &str) -> Result<Option<Signer>, ExampleFault> {
    match policy.identities().iter().find(|identity| identity.name == name) {
        Some(PolicyIdentity { credentials, .. }) => Ok(credentials.first().map(Credential::example)),
        None if name == UNLISTED => Ok(None),
        None => Err(ExampleFault::Unknown(name.to_owned())),
    }
}

impl Credential {
    /// Somebody whom it fits.
    fn example(&self) -> Signer {
        match self {
            Self::Key { kind, fingerprint } => Signer::Key { kind: *kind, fingerprint: fingerprint.clone() },
            Self::Certificate { subject, issuer, instance, claims, validity } => {
                let name = subject.replace('*', "example");
                let kind = match (name.contains("://"), name.contains('@')) {
                    (true, _) => IdentityKind::Uri,
                    (false, true) => IdentityKind::Email,
                    (false, false) => IdentityKind::Username,
                };
                let before_end = validity.until.and_then(|until| until.checked_sub(SignedDuration::from_secs(1)).ok());
                let time = validity.from.or(before_end).unwrap_or(Timestamp::UNIX_EPOCH);
                let identity = Identity { name, kind, issuer: issuer.clone() };
                Signer::Certificate { identity, instance: instance.clone(), claims: claims.clone(), times: vec![time] }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
version = 1
policy = ["maintainers"]
policy-threshold = 2
[identities.ann]
subject = "ann@example.com"
issuer = "https://i"
until = "2020-01-01T00:00:00Z"
[identities.bob]
ssh = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
[identities.everybody]
subject = "*@example.com"
issuer = "https://i"
[roles]
maintainers = ["ann", "bob"]
[[rules]]
name = "crypto"
paths = ["src/crypto/**"]
commit = ["ann"]
[[rules]]
name = "lax"
refs = ["refs/heads/topic/*"]
commit = ["maintainers"]
push = ["bob"]
mode = "warn"
rewrite = true
[[rules]]
name = "default"
commit = ["maintainers"]
merge = ["bob"]
tag = ["maintainers"]
tag-threshold = 2
release = ["everybody"]
"#;

    fn failures(table: &str) -> Vec<String> {
        let policy = PolicyFile::parse(POLICY.as_bytes()).unwrap();
        let examples = parse(table.as_bytes()).unwrap();
        let failed = examples.iter().filter_map(|example| example.check(&policy).unwrap());
        failed.map(|failed| format!("{}: {}", failed.line, failed.clause)).collect()
    }

    #[test]
    fn examples_that_hold_are_silent() {
        let table = "# who may commit\n\nann commits to main: allowed\nann commits src/crypto/x to main: allowed  # the owner\n\
            bob commits src/Crypto./x to main: refused\nbob commits to refs/heads/main: allowed\nunlisted commits to main: refused\n\
            unlisted commits to topic/x: warned\nann contributes to main: allowed\nann merges into main: refused\nbob merges into main: allowed\n\
            ann pushes to main: allowed\nann pushes to topic/x: warned\nbob pushes to topic/x: allowed\nann rewrites main: refused\n\
            ann rewrites topic/x: allowed\nann tags v1: refused\nann and bob tag v1: allowed\nann and unlisted tag v1: refused\n\
            unlisted and ann and bob tag v1: refused\n\
            ann releases v1: allowed\nann changes the policy: refused\nann and bob change the policy: allowed\n\
            unlisted and ann and bob change the policy: allowed\neverybody commits to main: refused\n";
        assert_eq!(failures(table), Vec::<String>::new());
    }

    #[test]
    fn examples_that_do_not_hold_are_named_with_line_answer_and_rule() {
        let table = "bob commits src/crypto/x to main: allowed\n\nann tags v1: allowed\nann changes the policy: allowed\nunlisted commits to topic/x: refused\nann rewrites main: allowed";
        assert_eq!(
            failures(table),
            [
                "1: refused by the rule crypto; expected allowed",
                "3: refused by the rule default, because 1 of the 2 who must agree did; expected allowed",
                "4: refused, because 1 of the 2 who must agree did; expected allowed",
                "5: warned by the rule lax; expected refused",
                "6: refused, because no rule has `rewrite`; expected allowed",
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_example_is_an_error_of_its_line() {
        let policy = PolicyFile::parse(POLICY.as_bytes()).unwrap();
        for line in [
            "ann commits to main",
            "ann commits to main: maybe",
            "ann commits: allowed",
            "ann deletes main: allowed",
            "ann and bob commit to main: allowed",
            "ann commits a b to main: allowed",
            "ann commits .paraph/policy.toml to main: allowed",
            "dave commits to main: allowed",
            "ann tags: allowed",
            ": allowed",
        ] {
            let checked = parse(format!("# first\n{line}\n").as_bytes()).and_then(|examples| examples[0].check(&policy));
            assert_eq!(checked.unwrap_err().line, 2, "{line}");
        }
        assert_eq!(parse(b"# nothing\n").unwrap_err().cause, ExampleFault::Empty);
        assert_eq!(parse(b"\xff").unwrap_err().cause, ExampleFault::Unreadable);
    }
}
