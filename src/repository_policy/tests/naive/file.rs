//! "The file": the parts of a policy, their rules, and how identities and patterns match.
use super::super::model::Signature;
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;

pub(crate) type List = BTreeSet<String>;
/// The segments of a pattern, a ref or a path, as they are compared.
pub(crate) type Segments = Vec<String>;

#[derive(Debug)]
pub(crate) struct Policy {
    pub identities: BTreeMap<String, Vec<Identity>>,
    pub list: Option<List>,
    pub threshold: usize,
    pub start: Option<String>,
    pub rules: Vec<Rule>,
}

#[derive(Debug)]
pub(crate) enum Identity {
    Certificate {
        subject: String,
        issuer: String,
        instance: String,
        claims: BTreeMap<String, String>,
        from: Option<i128>,
        until: Option<i128>,
    },
    Key {
        is_openpgp: bool,
        fingerprint: String,
    },
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub refs: Option<Vec<Segments>>,
    pub paths: Option<Vec<Segments>>,
    /// The lists by action, with what is "as `commit` if absent".
    pub lists: BTreeMap<&'static str, List>,
    pub tag_threshold: usize,
    pub rewrite: Option<bool>,
    pub warn: bool,
}

const ACTIONS: [&str; 6] = ["commit", "contribute", "merge", "tag", "push", "release"];

/// None: the file has an error.
pub(crate) fn parse(text: &str) -> Option<Policy> {
    if text.len() > 256 * 1024 {
        return None;
    }
    let table: toml::Table = text.parse().ok()?;
    only(&table, &["version", "policy", "policy-threshold", "start", "identities", "roles", "rules"])?;
    (table.get("version")?.as_integer()? == 1).then_some(())?;
    let identities = match table.get("identities") {
        None => BTreeMap::new(),
        Some(value) => identities(value.as_table()?)?,
    };
    let roles = match table.get("roles") {
        None => BTreeMap::new(),
        Some(value) => roles(value.as_table()?, &identities)?,
    };
    let names = Names { identities: &identities, roles: &roles };
    let list = match table.get("policy") {
        None => None,
        Some(value) => Some(names.list(value)?),
    };
    let threshold = threshold(table.get("policy-threshold"), list.as_ref())?;
    let start = match table.get("start") {
        None => None,
        Some(value) => Some(full_id(value.as_str()?)?),
    };
    let mut rules = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(value) = table.get("rules") {
        for value in value.as_array()? {
            let table = value.as_table()?;
            let name = table.get("name")?.as_str()?;
            if !is_name(name) || !seen.insert(name.to_owned()) {
                return None;
            }
            rules.push(rule(table, &names)?);
        }
    }
    Some(Policy { identities, list, threshold, start, rules })
}

fn only(table: &toml::Table, keys: &[&str]) -> Option<()> {
    table.keys().all(|key| keys.contains(&key.as_str())).then_some(())
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn full_id(id: &str) -> Option<String> {
    let good = matches!(id.len(), 40 | 64) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    good.then(|| id.to_owned())
}

/// A threshold that is written down must be between 1 and the length of its list.
fn threshold(value: Option<&toml::Value>, list: Option<&List>) -> Option<usize> {
    let Some(value) = value else { return Some(1) };
    let number = usize::try_from(value.as_integer()?).ok()?;
    (number >= 1 && number <= list.map_or(0, List::len)).then_some(number)
}

struct Names<'a> {
    identities: &'a BTreeMap<String, Vec<Identity>>,
    roles: &'a BTreeMap<String, List>,
}

impl Names<'_> {
    /// A list of names of identities and roles, each once; the identities that it means.
    fn list(&self, value: &toml::Value) -> Option<List> {
        let mut seen = BTreeSet::new();
        let mut list = List::new();
        for value in value.as_array()? {
            let name = value.as_str()?;
            if !seen.insert(name) {
                return None;
            }
            if name == "all" {
                list.extend(self.identities.keys().cloned());
            } else if self.identities.contains_key(name) {
                list.insert(name.to_owned());
            } else {
                list.extend(self.roles.get(name)?.iter().cloned());
            }
        }
        Some(list)
    }
}

fn roles(table: &toml::Table, identities: &BTreeMap<String, Vec<Identity>>) -> Option<BTreeMap<String, List>> {
    let mut roles = BTreeMap::new();
    for (name, value) in table {
        if !is_name(name) || name == "all" || identities.contains_key(name) {
            return None;
        }
        let mut list = List::new();
        for value in value.as_array()? {
            let member = value.as_str()?;
            // A role contains no role, also not `all`; each once.
            if !identities.contains_key(member) || !list.insert(member.to_owned()) {
                return None;
            }
        }
        roles.insert(name.clone(), list);
    }
    Some(roles)
}

fn identities(table: &toml::Table) -> Option<BTreeMap<String, Vec<Identity>>> {
    let mut identities = BTreeMap::new();
    for (name, value) in table {
        if !is_name(name) || name == "all" {
            return None;
        }
        let entries = match value {
            toml::Value::Table(table) => vec![identity(table)?],
            toml::Value::Array(array) => array.iter().map(|value| identity(value.as_table()?)).collect::<Option<Vec<_>>>()?,
            _ => return None,
        };
        if entries.is_empty() {
            return None;
        }
        identities.insert(name.clone(), entries);
    }
    Some(identities)
}

fn identity(table: &toml::Table) -> Option<Identity> {
    if let Some(value) = table.get("openpgp") {
        let fingerprint = value.as_str()?.replace(' ', "").to_ascii_uppercase();
        let good = matches!(fingerprint.len(), 40 | 64) && fingerprint.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        return (good && table.len() == 1).then_some(Identity::Key { is_openpgp: true, fingerprint });
    }
    if let Some(value) = table.get("ssh") {
        let fingerprint = value.as_str()?.to_owned();
        let base64 = fingerprint.strip_prefix("SHA256:")?;
        let good = base64.len() == 43 && base64.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
        return (good && table.len() == 1).then_some(Identity::Key { is_openpgp: false, fingerprint });
    }
    only(table, &["subject", "issuer", "instance", "claims", "from", "until"])?;
    let subject = table.get("subject")?.as_str()?.to_owned();
    let issuer = table.get("issuer")?.as_str()?.to_owned();
    if subject.is_empty() || issuer.is_empty() {
        return None;
    }
    let instance = match table.get("instance") {
        None => "public".to_owned(),
        Some(value) => value.as_str().filter(|name| is_name(name))?.to_owned(),
    };
    let mut claims = BTreeMap::new();
    if let Some(value) = table.get("claims") {
        for (name, value) in value.as_table()? {
            claims.insert(name.clone(), value.as_str()?.to_owned());
        }
    }
    let time_of = |key| match table.get(key) {
        None => Some(None),
        Some(value) => time(value).map(Some),
    };
    let (from, until) = (time_of("from")?, time_of("until")?);
    Some(Identity::Certificate { subject, issuer, instance, claims, from, until })
}

/// RFC 3339, as a string or as TOML's own date; in nanoseconds since 1970.
fn time(value: &toml::Value) -> Option<i128> {
    let text = match value {
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::String(text) => text.clone(),
        _ => return None,
    };
    let bytes = text.as_bytes();
    let shape = |bytes: &[u8], shape: &[u8]| {
        bytes.len() == shape.len() && bytes.iter().zip(shape).all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == s })
    };
    if !shape(bytes.get(..19)?, b"0000-00-00T00:00:00") {
        return None;
    }
    let mut rest = &bytes[19..];
    if rest.first() == Some(&b'.') {
        let digits = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        rest = &rest[1 + digits..];
    }
    if !(rest == b"Z" || shape(rest, b"+00:00") || shape(rest, b"-00:00")) {
        return None;
    }
    Some(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond())
}

fn rule(table: &toml::Table, names: &Names<'_>) -> Option<Rule> {
    let mut keys = ACTIONS.to_vec();
    keys.extend(["name", "refs", "paths", "tag-threshold", "rewrite", "mode"]);
    only(table, &keys)?;
    let patterns_of = |key| match table.get(key) {
        None => Some(None),
        Some(value) => patterns(value, key == "paths").map(Some),
    };
    let (refs, paths) = (patterns_of("refs")?, patterns_of("paths")?);
    let mut lists = BTreeMap::new();
    for action in ACTIONS {
        if let Some(value) = table.get(action) {
            lists.insert(action, names.list(value)?);
        }
    }
    let tag_threshold = threshold(table.get("tag-threshold"), lists.get("tag"))?;
    let rewrite = match table.get("rewrite") {
        None => None,
        Some(value) => Some(value.as_bool()?),
    };
    let warn = match table.get("mode") {
        None => false,
        Some(value) => match value.as_str()? {
            "enforce" => false,
            "warn" => true,
            _ => return None,
        },
    };
    if lists.is_empty() && rewrite.is_none() {
        return None;
    }
    if paths.is_some() && (rewrite.is_some() || ["tag", "push", "release"].iter().any(|action| lists.contains_key(action))) {
        return None;
    }
    if let Some(commit) = lists.get("commit").cloned() {
        lists.entry("contribute").or_insert_with(|| commit.clone());
        if paths.is_some() {
            lists.entry("merge").or_insert(commit);
        }
    }
    Some(Rule { refs, paths, lists, tag_threshold, rewrite, warn })
}

fn patterns(value: &toml::Value, is_path: bool) -> Option<Vec<Segments>> {
    let mut patterns = Vec::new();
    for value in value.as_array()? {
        let pattern = value.as_str()?;
        if pattern.contains(['?', '[', ']', '{', '}', '!', '\\']) {
            return None;
        }
        let mut segments = Segments::new();
        for segment in pattern.split('/') {
            let compared = if is_path { compared(segment) } else { segment.to_owned() };
            if segment.is_empty() || (segment != "**" && compared.contains("**")) {
                return None;
            }
            segments.push(compared);
        }
        patterns.push(segments);
    }
    (!patterns.is_empty()).then_some(patterns)
}

/// One segment of a path, as paths are compared.
pub(crate) fn compared(segment: &str) -> String {
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let text: String = segment.chars().filter(|c| !ignored(c)).nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    text.trim_end_matches(['.', ' ']).to_owned()
}

/// A byte that is not UTF-8 counts as U+FFFD.
pub(crate) fn path_text(path: &[u8]) -> String {
    let mut text = String::new();
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}

pub(crate) fn ref_segments(reference: &str) -> Segments {
    reference.split('/').map(str::to_owned).collect()
}

pub(crate) fn path_segments(path: &[u8]) -> Segments {
    path_text(path).split('/').map(compared).collect()
}

pub(crate) fn segments_match(pattern: &[String], text: &[String]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    if first == "**" {
        return (0..=text.len()).any(|skipped| segments_match(rest, &text[skipped..]));
    }
    text.split_first().is_some_and(|(segment, others)| star_matches(first, segment, &['/']) && segments_match(rest, others))
}

/// `*` stands for any characters but these, also none.
fn star_matches(pattern: &str, text: &str, but: &[char]) -> bool {
    let (mut rest, mut others) = (pattern.chars(), text.chars());
    match (rest.next(), others.next()) {
        (None, next) => next.is_none(),
        (Some('*'), next) => {
            star_matches(rest.as_str(), text, but) || next.is_some_and(|c| !but.contains(&c) && star_matches(pattern, others.as_str(), but))
        }
        (Some(p), next) => next == Some(p) && star_matches(rest.as_str(), others.as_str(), but),
    }
}

/// The domain of an e-mail address, in lower case.
pub(crate) fn plain_domain(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

fn subject_matches(pattern: &str, subject: &str, is_email: bool) -> bool {
    let plain = |text: &str| if is_email { plain_domain(text) } else { text.to_owned() };
    star_matches(&plain(pattern), &plain(subject), &['/', '@'])
}

fn entry_fits(entry: &Identity, signature: &Signature) -> bool {
    match (entry, signature) {
        (Identity::Key { is_openpgp, fingerprint }, Signature::Key { is_openpgp: kind, fingerprint: key }) => {
            is_openpgp == kind && fingerprint == key
        }
        (
            Identity::Certificate { subject, issuer, instance, claims, from, until },
            Signature::Certificate { subject: s, is_email, issuer: i, instance: n, claims: c, times },
        ) => {
            subject_matches(subject, s, *is_email)
                && issuer == i
                && instance == n
                && claims.iter().all(|(name, value)| c.get(name) == Some(value))
                && !times.is_empty()
                && times
                    .iter()
                    .map(|time| i128::from(*time) * 1_000_000_000)
                    .all(|time| from.is_none_or(|from| time >= from) && until.is_none_or(|until| time < until))
        }
        _ => false,
    }
}

impl Policy {
    /// The first identity of the list that fits, by the bytes of its name.
    pub(crate) fn first_fit<'a>(&self, list: &'a List, signature: &Signature) -> Option<&'a String> {
        list.iter().find(|name| self.identities.get(*name).is_some_and(|entries| entries.iter().any(|entry| entry_fits(entry, signature))))
    }

    /// 2. The first rule that decides such a question, where the ref is known and there is no path.
    pub(crate) fn first_rule(&self, reference: &str, has: impl Fn(&Rule) -> bool) -> Option<&Rule> {
        let reference = ref_segments(reference);
        self.rules.iter().find(|rule| has(rule) && rule.matches_ref(&reference))
    }

    /// Whether any identity of the file fits (step 25).
    pub(crate) fn knows(&self, signature: &Signature) -> bool {
        self.first_fit(&self.identities.keys().cloned().collect(), signature).is_some()
    }
}

impl Rule {
    pub(crate) fn matches_ref(&self, reference: &[String]) -> bool {
        self.refs.as_ref().is_none_or(|refs| refs.iter().any(|pattern| segments_match(pattern, reference)))
    }

    /// A rule with `paths` matches no question without a path.
    pub(crate) fn matches_path(&self, path: Option<&[String]>) -> bool {
        match (&self.paths, path) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(paths), Some(path)) => paths.iter().any(|pattern| segments_match(pattern, path)),
        }
    }
}
