//! A policy that is proposed from what a history carries: who signed what.

use super::{
    history::Signed,
    signer::{GitKeyKind, Signer},
};
use crate::{certificate::IdentityKind, trust::Instance, wording::counted};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// A commit of the branch itself.
    Commit,
    /// A merge of the branch itself.
    Merge,
    /// A commit that a merge brought in.
    Contribute,
    /// An annotated tag.
    Tag,
}

/// Who signed what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observations {
    signers: BTreeMap<Entry, BTreeMap<Deed, usize>>,
    signed: usize,
    not_judged: usize,
    bad: usize,
}

/// The entry of an identity that fits a signer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Certificate { subject: String, issuer: String, instance: String, repository: Option<String>, is_person: bool },
    Key { kind: GitKeyKind, fingerprint: String },
}

impl Observations {
    /// Adds one object.
    pub(crate) fn add(&mut self, deed: Deed, signed: &Signed) {
        match signed {
            Signed::By(signer) => {
                self.signed += 1;
                if let Some(entry) = Entry::of(signer) {
                    *self.signers.entry(entry).or_default().entry(deed).or_default() += 1;
                }
            }
            Signed::NotJudged => self.not_judged += 1,
            Signed::Bad => self.bad += 1,
        }
    }

    /// The policy as a file; `None` if nobody signed. `beginning` is the comment about where it comes from.
    pub(crate) fn proposal(&self, beginning: &str) -> Option<String> {
        if self.signers.is_empty() {
            return None;
        }
        let names = self.names();
        let who = |wanted: &dyn Fn(&Entry, &BTreeMap<Deed, usize>) -> bool| -> BTreeSet<&str> {
            names
                .iter()
                .filter(|(entry, _)| self.signers.get(*entry).is_some_and(|deeds| wanted(entry, deeds)))
                .map(|(_, name)| name.as_str())
                .collect()
        };
        let did = |deed: Deed| who(&|_, deeds| deeds.contains_key(&deed));
        let people = who(&|entry, deeds| entry.is_person() && deeds.keys().any(|deed| *deed != Deed::Contribute));
        let maintainers = if people.is_empty() { who(&|_, _| true) } else { people };
        let list = |names: BTreeSet<&str>| list(&names, &maintainers);
        let or_maintainers = |names: BTreeSet<&str>| list(if names.is_empty() { maintainers.clone() } else { names });
        let mut text = format!("# {beginning}\n# {}\n", self.counts());
        text +=
            "# Read every line: who signed until now is not always who should. Then `paraph policy check` and `paraph policy test`.\n\n";
        text += "version = 1\npolicy = [\"maintainers\"]          # who may change this file\n";
        text += match maintainers.len() {
            1 => "policy-threshold = 1              # how many of them must agree\n",
            _ => "policy-threshold = 1              # how many of them must agree; 2 keeps one stolen login from changing it\n",
        };
        for (entry, name) in &names {
            let _ =
                write!(text, "\n# {}\n[identities.{name}]\n{}", self.signers.get(*entry).map(deeds).unwrap_or_default(), entry.to_toml());
        }
        let _ = write!(text, "\n[roles]\nmaintainers = {}\n", quoted_list(&maintainers));
        let contributors = did(Deed::Contribute).union(&did(Deed::Commit)).copied().collect();
        text += "\n[[rules]]\nname = \"default\"\n";
        let _ = writeln!(text, "commit = {}", list(did(Deed::Commit)));
        let _ = writeln!(text, "contribute = {}", list(contributors));
        let _ = writeln!(text, "merge = {}", or_maintainers(did(Deed::Merge)));
        let _ = writeln!(text, "tag = {}", or_maintainers(did(Deed::Tag)));
        Some(text)
    }

    fn counts(&self) -> String {
        let mut parts = vec![format!("{} signed", self.signed)];
        if self.not_judged > 0 {
            parts.push(format!("{} unsigned or of another kind, which the policy would refuse", self.not_judged));
        }
        if self.bad > 0 {
            parts.push(format!("{} bad", self.bad));
        }
        format!("Of {}: {}.", counted(self.signed + self.not_judged + self.bad, "object"), parts.join(", "))
    }

    /// A name for each signer, each once.
    fn names(&self) -> BTreeMap<&Entry, String> {
        let mut taken: BTreeSet<String> = ["all", "maintainers"].map(str::to_owned).into();
        let mut names = BTreeMap::new();
        for entry in self.signers.keys() {
            let wanted = entry.name();
            let numbered = (2..).map(|number| format!("{wanted}-{number}"));
            if let Some(name) = std::iter::once(wanted.clone()).chain(numbered).find(|name| !taken.contains(name)) {
                taken.insert(name.clone());
                names.insert(entry, name);
            }
        }
        names
    }
}

impl Entry {
    /// `None` for a name that a policy cannot hold.
    fn of(signer: &Signer) -> Option<Self> {
        match signer {
            Signer::Key { kind, fingerprint } => Some(Self::Key { kind: *kind, fingerprint: fingerprint.clone() }),
            Signer::Certificate { identity, instance, claims, .. } => {
                let is_plain = |text: &str| !text.is_empty() && !text.contains('*') && !text.chars().any(char::is_control);
                if !is_plain(&identity.name) || !is_plain(&identity.issuer) {
                    return None;
                }
                let repository = claims.iter().find(|(name, value)| *name == "sourceRepositoryUri" && is_plain(value));
                Some(Self::Certificate {
                    subject: for_every_tag(&identity.name),
                    issuer: identity.issuer.clone(),
                    instance: instance.as_str().to_owned(),
                    repository: repository.map(|(_, value)| value.clone()),
                    is_person: identity.kind == IdentityKind::Email,
                })
            }
        }
    }

    fn is_person(&self) -> bool {
        matches!(self, Self::Certificate { is_person: true, .. })
    }

    /// A name from what identifies it: that of an address, of a workflow's file, or the end of a fingerprint.
    fn name(&self) -> String {
        let named = match self {
            Self::Certificate { subject, is_person: true, .. } => subject.split('@').next().unwrap_or_default().to_owned(),
            Self::Certificate { subject, .. } => {
                let path = subject.split('@').next().unwrap_or_default();
                let file = path.rsplit('/').next().unwrap_or_default();
                file.strip_suffix(".yml").or(file.strip_suffix(".yaml")).unwrap_or(file).to_owned()
            }
            Self::Key { fingerprint, .. } => format!("key-{}", fingerprint.get(fingerprint.len().saturating_sub(8)..).unwrap_or_default()),
        };
        let plain: String = named.chars().take(48).map(|one| if one.is_ascii_alphanumeric() || one == '_' { one } else { '-' }).collect();
        if plain.trim_matches('-').is_empty() { "somebody".to_owned() } else { plain }
    }

    fn to_toml(&self) -> String {
        match self {
            Self::Key { kind: GitKeyKind::OpenPgp, fingerprint } => format!("openpgp = {}\n", quoted(fingerprint)),
            Self::Key { kind: GitKeyKind::Ssh, fingerprint } => format!("ssh = {}\n", quoted(fingerprint)),
            Self::Certificate { subject, issuer, instance, repository, .. } => {
                let mut text = format!("subject = {}\nissuer = {}\n", quoted(subject), quoted(issuer));
                if instance != Instance::Public.as_str() {
                    let _ = writeln!(text, "instance = {}", quoted(instance));
                }
                if let Some(repository) = repository {
                    let _ = writeln!(text, "claims = {{ sourceRepositoryUri = {} }}", quoted(repository));
                }
                text
            }
        }
    }
}

/// A workflow at a tag, as one for every tag: the next release has another.
fn for_every_tag(subject: &str) -> String {
    match subject.split_once("@refs/tags/") {
        Some((workflow, tag)) if subject.contains("://") && !tag.contains('/') => format!("{workflow}@refs/tags/*"),
        _ => subject.to_owned(),
    }
}

fn deeds(deeds: &BTreeMap<Deed, usize>) -> String {
    let words = deeds.iter().map(|(deed, count)| match deed {
        Deed::Commit => counted(*count, "commit"),
        Deed::Merge => counted(*count, "merge"),
        Deed::Contribute => format!("{} by merges", counted(*count, "commit")),
        Deed::Tag => counted(*count, "tag"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A list, with the role where all of it are in it.
fn list(names: &BTreeSet<&str>, maintainers: &BTreeSet<&str>) -> String {
    if !maintainers.is_empty() && maintainers.is_subset(names) {
        let others = names.difference(maintainers).copied();
        return quoted_list(std::iter::once("maintainers").chain(others).collect::<Vec<_>>().iter());
    }
    quoted_list(names)
}

fn quoted_list<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    format!("[{}]", names.into_iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}

/// A text as TOML has it. It holds no control characters, so JSON's escapes are TOML's too.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{certificate::Identity, repository_policy::PolicyFile};

    fn signer(name: &str, kind: IdentityKind) -> Signed {
        let identity = Identity { name: name.into(), kind, issuer: "https://i".into() };
        let claims =
            if kind == IdentityKind::Uri { vec![("sourceRepositoryUri", "https://github.com/o/a".to_owned())] } else { Vec::new() };
        Signed::By(Signer::Certificate {
            identity,
            instance: Instance::named("corp").unwrap(),
            claims,
            times: vec![jiff::Timestamp::UNIX_EPOCH],
        })
    }

    #[test]
    fn who_signed_what_becomes_a_policy_that_can_be_used() {
        let mut seen = Observations::default();
        let person = |name: &str| signer(&format!("{name}@example.com"), IdentityKind::Email);
        let workflow =
            |tag: &str| signer(&format!("https://github.com/o/a/.github/workflows/release.yml@refs/tags/{tag}"), IdentityKind::Uri);
        for (deed, signed) in [
            (Deed::Commit, person("ann")),
            (Deed::Merge, person("bob")),
            (Deed::Contribute, person("carol")),
            (Deed::Contribute, signer("ann@other.example", IdentityKind::Email)),
            (Deed::Tag, workflow("v1")),
            (Deed::Tag, workflow("v2")),
            (Deed::Merge, Signed::By(Signer::Key { kind: GitKeyKind::OpenPgp, fingerprint: "AB".repeat(20) })),
            (Deed::Contribute, signer("a\"b\\@example.com", IdentityKind::Email)),
            (Deed::Contribute, signer("*@example.com", IdentityKind::Email)),
            (Deed::Commit, Signed::NotJudged),
            (Deed::Commit, Signed::Bad),
        ] {
            seen.add(deed, &signed);
        }
        let text = seen.proposal("From a test.").unwrap();
        let policy = PolicyFile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        insta::assert_snapshot!(policy.described().join("\n"), @r#"
        maintainers (ann and bob) may change the policy.
        Identities:
          a-b-: a"b\@example.com with issuer https://i of the instance corp
          ann: ann@example.com with issuer https://i of the instance corp
          ann-2: ann@other.example with issuer https://i of the instance corp
          bob: bob@example.com with issuer https://i of the instance corp
          carol: carol@example.com with issuer https://i of the instance corp
          key-ABABABAB: the OpenPGP key ABABABABABABABABABABABABABABABABABABABAB
          release: https://github.com/o/a/.github/workflows/release.yml@refs/tags/* with issuer https://i of the instance corp, with sourceRepositoryUri https://github.com/o/a
        Roles:
          maintainers: ann and bob
        Rules, of which the first that matches decides:
          default: on every ref.
            ann may commit.
            Merges may bring in commits of a-b-, ann, ann-2 and carol.
            bob and key-ABABABAB may merge.
            release may tag.
        Where no rule says who may release, nobody may.
        Where no rule says who may push, a push needs no certificate.
        Where no rule has `rewrite`, no push may delete a ref or take commits from it.
        "#);
        assert!(text.starts_with(
            "# From a test.\n# Of 11 objects: 9 signed, 1 unsigned or of another kind, which the policy would refuse, 1 bad.\n"
        ));
    }

    #[test]
    fn nothing_is_proposed_where_nobody_signed() {
        let mut seen = Observations::default();
        seen.add(Deed::Commit, &Signed::NotJudged);
        assert_eq!(seen.proposal(""), None);
    }
}
