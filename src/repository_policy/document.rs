//! The policy file as TOML has it, and what makes a [`PolicyFile`] of it: every name resolved, every value checked.

use super::{
    fault::{FileError, FileFault, MAX_ENTRIES, MAX_FILE, MAX_PATTERNS},
    file::{Action, Mode, PolicyFile, PolicyIdentity, Rule, is_full_id},
    pattern::{PatternError, Patterns},
    signer::{Credential, GitKeyKind, Validity},
};
use crate::{certificate::claim_names, escape::Escaped, policy::time_of, trust::Instance};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    marker::PhantomData,
    ops::Range,
};
use toml::Spanned;

/// The role of all identities.
const ALL: &str = "all";

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FileError> {
        let at = |text: &str, offset: usize, cause| Err(FileError::at(text, offset, cause));
        if bytes.len() > MAX_FILE {
            return at("", 0, FileFault::TooLarge);
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
                return at(&valid, valid.len(), FileFault::NotUtf8);
            }
        };
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                return at(text, start, FileFault::Toml(Escaped(error.message()).to_string()));
            }
        };
        document.into_policy().map_err(|Fault(span, cause)| FileError::at(text, span.start, cause))
    }
}

/// A fault with its place, in bytes.
#[derive(Debug)]
pub(super) struct Fault(pub(super) Range<usize>, pub(super) FileFault);

impl Fault {
    fn at<T>(place: &Spanned<T>, cause: FileFault) -> Self {
        Self(place.span(), cause)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Document {
    version: Spanned<i64>,
    start: Option<Spanned<String>>,
    policy: Option<List>,
    policy_threshold: Option<Spanned<i64>>,
    #[serde(default)]
    identities: BTreeMap<Spanned<String>, Spanned<OneOrMany<RawCredential>>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    rules: Vec<Spanned<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCredential {
    subject: Option<Spanned<String>>,
    issuer: Option<Spanned<String>>,
    instance: Option<Spanned<String>>,
    claims: Option<Spanned<BTreeMap<Spanned<String>, String>>>,
    from: Option<Spanned<Time>>,
    until: Option<Spanned<Time>>,
    openpgp: Option<Spanned<String>>,
    ssh: Option<Spanned<String>>,
}

/// A time, as a text or as TOML's own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Own(toml::value::Datetime),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRule {
    name: Spanned<String>,
    refs: Option<Spanned<Vec<String>>>,
    paths: Option<Spanned<Vec<String>>>,
    commit: Option<List>,
    contribute: Option<List>,
    merge: Option<List>,
    tag: Option<List>,
    push: Option<List>,
    release: Option<List>,
    tag_threshold: Option<Spanned<i64>>,
    rewrite: Option<Spanned<bool>>,
    #[serde(default)]
    mode: Mode,
}

/// A table, or an array of tables.
struct OneOrMany<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table or an array of tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

impl Document {
    /// The policy that it describes.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn into_policy(self) -> Result<PolicyFile, Fault> {
        if *self.version.get_ref() != 1 {
            return Err(Fault::at(&self.version, FileFault::Version(*self.version.get_ref())));
        }
        if self.identities.len() + self.roles.len() + self.rules.len() > MAX_ENTRIES {
            return Err(Fault::at(&self.version, FileFault::TooManyEntries));
        }
        let start = match self.start {
            Some(start) if !is_full_id(start.get_ref()) => return Err(Fault::at(&start, FileFault::Start)),
            start => start.map(Spanned::into_inner),
        };
        let identities = self.identities.into_iter().map(|(name, entry)| identity(name, entry)).collect::<Result<Vec<_>, _>>()?;
        let mut names = Names::of(&identities, &self.roles);
        let roles = self.roles.iter().map(|(name, list)| names.add_role(name, list)).collect::<Result<Vec<_>, _>>()?;
        let policy = self.policy.as_ref().map(|list| names.resolve(list.get_ref())).transpose()?;
        let policy_threshold = threshold("policy-threshold", self.policy_threshold.as_ref(), policy.as_ref())?;
        let (mut rules, mut rule_names) = (Vec::new(), BTreeSet::new());
        for rule in self.rules {
            let name = &rule.get_ref().name;
            if !rule_names.insert(name.get_ref().clone()) {
                return Err(Fault::at(name, FileFault::NameTaken(name.get_ref().clone())));
            }
            rules.push(rule.get_ref().to_rule(&rule, &names)?);
        }
        let patterns =
            |rule: &Rule| [&rule.refs, &rule.paths].into_iter().flatten().map(|patterns| patterns.texts().count()).sum::<usize>();
        if rules.iter().map(patterns).sum::<usize>() > MAX_PATTERNS {
            return Err(Fault::at(&self.version, FileFault::TooManyPatterns));
        }
        Ok(PolicyFile { identities, roles, policy: policy.unwrap_or_default(), policy_threshold, rules, start })
    }
}

fn identity(name: Spanned<String>, entry: Spanned<OneOrMany<RawCredential>>) -> Result<PolicyIdentity, Fault> {
    check_name(&name)?;
    if name.get_ref() == ALL {
        return Err(Fault::at(&name, FileFault::NameTaken(name.get_ref().clone())));
    }
    let span = entry.span();
    let credentials = entry.into_inner().0.into_iter().map(|raw| raw.into_credential(&span)).collect::<Result<Vec<_>, _>>()?;
    if credentials.is_empty() {
        return Err(Fault(span, FileFault::NoCredential));
    }
    Ok(PolicyIdentity { name: name.into_inner(), credentials })
}

fn check_name(name: &Spanned<String>) -> Result<(), Fault> {
    let text = name.get_ref();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(is_name) {
        return Ok(());
    }
    Err(Fault::at(name, FileFault::Name(text.clone())))
}

impl RawCredential {
    fn into_credential(self, place: &Range<usize>) -> Result<Credential, Fault> {
        match (&self.subject, &self.issuer, &self.openpgp, &self.ssh) {
            (Some(subject), Some(issuer), None, None) => self.certificate(subject, issuer),
            (None, None, Some(fingerprint), None) => self.key(GitKeyKind::OpenPgp, fingerprint),
            (None, None, None, Some(fingerprint)) => self.key(GitKeyKind::Ssh, fingerprint),
            _ => Err(Fault(place.clone(), FileFault::NoCredential)),
        }
    }

    fn certificate(&self, subject: &Spanned<String>, issuer: &Spanned<String>) -> Result<Credential, Fault> {
        if subject.get_ref().is_empty() || subject.get_ref().chars().any(char::is_control) {
            return Err(Fault::at(subject, FileFault::Subject));
        }
        if issuer.get_ref().is_empty() || issuer.get_ref().contains('*') || issuer.get_ref().chars().any(char::is_control) {
            return Err(Fault::at(issuer, FileFault::Issuer));
        }
        let instance = match &self.instance {
            None => Instance::Public,
            Some(name) => Instance::named(name.get_ref()).ok_or_else(|| Fault::at(name, FileFault::Instance(name.get_ref().clone())))?,
        };
        let mut claims = Vec::new();
        for (name, value) in self.claims.iter().flat_map(Spanned::get_ref) {
            let known = claim_names().find(|known| known == name.get_ref());
            claims.push((known.ok_or_else(|| Fault::at(name, FileFault::Claim(name.get_ref().clone())))?, value.clone()));
        }
        let validity = Validity { from: time(self.from.as_ref())?, until: time(self.until.as_ref())? };
        if let (Some(from), Some(until), Some(place)) = (validity.from, validity.until, &self.until)
            && from >= until
        {
            return Err(Fault::at(place, FileFault::EmptyWindow));
        }
        let (subject, issuer) = (subject.get_ref().clone(), issuer.get_ref().clone());
        Ok(Credential::Certificate { subject, issuer, instance, claims, validity })
    }

    fn key(&self, kind: GitKeyKind, fingerprint: &Spanned<String>) -> Result<Credential, Fault> {
        let beside = [
            ("instance", self.instance.as_ref().map(Spanned::span)),
            ("claims", self.claims.as_ref().map(Spanned::span)),
            ("from", self.from.as_ref().map(Spanned::span)),
            ("until", self.until.as_ref().map(Spanned::span)),
        ];
        if let Some((name, Some(span))) = beside.into_iter().find(|(_, span)| span.is_some()) {
            return Err(Fault(span, FileFault::BesideKey(name)));
        }
        let text = fingerprint.get_ref();
        match kind.fingerprint(text) {
            Some(fingerprint) => Ok(Credential::Key { kind, fingerprint }),
            None => Err(Fault::at(fingerprint, kind.fingerprint_fault(text))),
        }
    }
}

fn time(time: Option<&Spanned<Time>>) -> Result<Option<Timestamp>, Fault> {
    let Some(time) = time else { return Ok(None) };
    let text = match time.get_ref() {
        Time::Text(text) => text.clone(),
        Time::Own(own) => own.to_string(),
    };
    time_of(&text).map(Some).ok_or_else(|| Fault::at(time, FileFault::Time(text)))
}

/// The identities that a name stands for.
struct Names<'a> {
    identities: HashMap<&'a str, usize>,
    /// The names of all roles.
    role_names: BTreeSet<String>,
    /// The roles that are resolved.
    roles: HashMap<String, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn of(identities: &'a [PolicyIdentity], roles: &BTreeMap<Spanned<String>, Vec<Spanned<String>>>) -> Self {
        let identities = identities.iter().enumerate().map(|(index, identity)| (identity.name.as_str(), index)).collect();
        Self { identities, role_names: roles.keys().map(|name| name.get_ref().clone()).collect(), roles: HashMap::new() }
    }

    fn add_role(&mut self, name: &Spanned<String>, list: &[Spanned<String>]) -> Result<(String, Vec<usize>), Fault> {
        check_name(name)?;
        if name.get_ref() == ALL || self.identities.contains_key(name.get_ref().as_str()) {
            return Err(Fault::at(name, FileFault::NameTaken(name.get_ref().clone())));
        }
        if let Some(role) = list.iter().find(|entry| self.role_names.contains(entry.get_ref()) || entry.get_ref() == ALL) {
            return Err(Fault::at(role, FileFault::NestedRole(role.get_ref().clone())));
        }
        let members = self.resolve(list)?;
        self.roles.insert(name.get_ref().clone(), members.clone());
        Ok((name.get_ref().clone(), members))
    }

    /// The identities of a list, by the bytes of their names.
    fn resolve(&self, list: &[Spanned<String>]) -> Result<Vec<usize>, Fault> {
        let (mut members, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for entry in list {
            let name = entry.get_ref().as_str();
            if !seen.insert(name) {
                return Err(Fault::at(entry, FileFault::Repeated(name.to_owned())));
            }
            match (self.identities.get(name), self.roles.get(name)) {
                (Some(index), _) => members.extend([*index]),
                (None, Some(role)) => members.extend(role),
                (None, None) if name == ALL => members.extend(0..self.identities.len()),
                (None, None) => return Err(Fault::at(entry, FileFault::Undefined(name.to_owned()))),
            }
        }
        Ok(members.into_iter().collect())
    }
}

impl RawRule {
    fn to_rule(&self, place: &Spanned<Self>, names: &Names<'_>) -> Result<Rule, Fault> {
        check_name(&self.name)?;
        let mut lists = BTreeMap::new();
        for (action, list) in self.lists() {
            if let (Some(list), Some(_)) = (list, &self.paths)
                && !action.is_about_paths()
            {
                return Err(Fault::at(list, FileFault::NotAboutPaths(action.as_str())));
            }
            if let Some(list) = list {
                lists.insert(action, names.resolve(list.get_ref())?);
            }
        }
        if let Some(commit) = lists.get(&Action::Commit).cloned() {
            lists.entry(Action::Contribute).or_insert_with(|| commit.clone());
            // whoever merges decides what the paths hold
            if self.paths.is_some() {
                lists.entry(Action::Merge).or_insert(commit);
            }
        }
        if let (Some(rewrite), Some(_)) = (&self.rewrite, &self.paths) {
            return Err(Fault::at(rewrite, FileFault::NotAboutPaths("rewrite")));
        }
        if lists.is_empty() && self.rewrite.is_none() {
            return Err(Fault::at(place, FileFault::EmptyRule));
        }
        Ok(Rule {
            name: self.name.get_ref().clone(),
            refs: patterns(self.refs.as_ref(), Patterns::of_refs)?,
            paths: patterns(self.paths.as_ref(), Patterns::of_paths)?,
            tag_threshold: threshold("tag-threshold", self.tag_threshold.as_ref(), lists.get(&Action::Tag))?,
            rewrite: self.rewrite.as_ref().map(|rewrite| *rewrite.get_ref()),
            mode: self.mode,
            lists,
        })
    }

    fn lists(&self) -> [(Action, Option<&List>); 6] {
        [
            (Action::Commit, self.commit.as_ref()),
            (Action::Contribute, self.contribute.as_ref()),
            (Action::Merge, self.merge.as_ref()),
            (Action::Tag, self.tag.as_ref()),
            (Action::Push, self.push.as_ref()),
            (Action::Release, self.release.as_ref()),
        ]
    }
}

/// A list of names, each with its place in the file.
type List = Spanned<Vec<Spanned<String>>>;
type Build = fn(&[String]) -> Result<Patterns, (usize, PatternError)>;

fn patterns(texts: Option<&Spanned<Vec<String>>>, build: Build) -> Result<Option<Patterns>, Fault> {
    let Some(texts) = texts else { return Ok(None) };
    build(texts.get_ref()).map(Some).map_err(|(index, error)| {
        let text = texts.get_ref().get(index).cloned().unwrap_or_default();
        Fault::at(texts, FileFault::Pattern { pattern: text, fault: error })
    })
}

fn threshold(key: &'static str, threshold: Option<&Spanned<i64>>, list: Option<&Vec<usize>>) -> Result<usize, Fault> {
    let Some(threshold) = threshold else { return Ok(1) };
    let action = key.trim_end_matches("-threshold");
    let Some(list) = list else {
        return Err(Fault::at(threshold, FileFault::ThresholdWithoutList(key, action)));
    };
    let value = *threshold.get_ref();
    match usize::try_from(value) {
        Ok(count) if count >= 1 && count <= list.len() => Ok(count),
        _ => Err(Fault::at(threshold, FileFault::Threshold { key, threshold: value, listed: list.len() })),
    }
}
