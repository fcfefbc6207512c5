//! The file of allowed identities.
//!
//! ```text
//! # identity                    issuer                        options
//! alice@example.com             https://accounts.google.com   valid-before=2026-01-01T00:00:00Z
//! https://github.com/org/repo/.github/workflows/*@refs/heads/main  https://token.actions.githubusercontent.com  for=tag
//! "name with a space"           https://issuer.example        instance=corp
//! ```
//! Each line lists one identity. Names match exactly, but for the case of an e-mail address's domain; `*` stands for any characters within one `/` segment and never crosses an `@`. An
//! unknown option is an error, so that a misspelled restriction cannot be ignored.

use super::{Decision, Ruling};
use crate::{
    Explanation as _,
    certificate::{
        Identity, IdentityKind,
        names::{near_miss, with_folded_domain},
    },
    escape::Escaped,
    trust::{Instance, Window},
    verify::{SubjectKind, Verification},
    wording::spoken_time,
};
use jiff::{Timestamp, fmt::temporal::Pieces};

/// A file larger than this is not read, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// The lines of a file of allowed identities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedIdentities {
    lines: Vec<AllowedIdentity>,
    /// The file's name, for messages.
    file: Option<String>,
    /// Why the file cannot be used: a clause. Then it has no lines.
    problem: Option<String>,
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedIdentity {
    /// The line's number, from 1.
    pub line: usize,
    /// The subject alternative name, or a pattern of it.
    pub identity: String,
    /// The issuer's URL, exactly.
    pub issuer: String,
    /// When its signatures count, by their trusted times.
    pub window: Window,
    /// The instance that must vouch for it.
    pub instance: Instance,
    /// The kinds of subjects that it may sign: commits, tags and pushes unless the line says otherwise.
    pub kinds: Vec<SubjectKind>,
}

/// A file that cannot be used. Then nobody is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub cause: LineError,
}

/// What is wrong with a line. Its text is escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The file is larger than [`MAX_FILE`].
    #[error("the file has more than {MAX_FILE} bytes")]
    FileTooLarge,
    /// The line holds a control character.
    #[error("it contains a control character")]
    ControlCharacter,
    /// A quotation mark is not closed.
    #[error("a quotation mark is not closed")]
    OpenQuotation,
    /// There is one field only.
    #[error("the issuer is missing; expected IDENTITY ISSUER [OPTIONS]")]
    IssuerMissing,
    /// Identity or issuer is empty, or the issuer is a pattern.
    #[error("identity and issuer must not be empty, and the issuer must not contain `*`")]
    IssuerPattern,
    /// An option is in the issuer's place.
    #[error("expected an issuer, found \"{}\"", Escaped(.0))]
    OptionAsIssuer(String),
    /// An option has no value.
    #[error("\"{}\" is not an option; expected NAME=VALUE", Escaped(.0))]
    NoValue(String),
    /// An option is not known.
    #[error("unknown option \"{}\"; expected valid-after, valid-before, instance or for", Escaped(.0))]
    UnknownOption(String),
    /// An option is there twice.
    #[error("the option {0} appears twice")]
    RepeatedOption(String),
    /// A time cannot be read.
    #[error("{option}: \"{}\" is not a time in RFC 3339, such as 2026-01-31T00:00:00Z", Escaped(.value))]
    Time {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
    },
    /// `valid-after` is not before `valid-before`.
    #[error("valid-after is not before valid-before, so the line never applies")]
    EmptyWindow,
    /// An instance's name has characters that it may not have.
    #[error("\"{}\" is not an instance name", Escaped(.0))]
    InstanceName(String),
    /// A kind of object is not known.
    #[error("unknown kind \"{}\"; expected commit, tag, push, file, attestation or release", Escaped(.0))]
    UnknownKind(String),
}

impl AllowedIdentities {
    /// Parses a file.
    ///
    /// ```
    /// use paraph::policy::AllowedIdentities;
    ///
    /// let allowed = AllowedIdentities::parse("alice@example.com https://accounts.google.com for=commit,tag  # the maintainer").unwrap();
    /// assert_eq!(allowed.lines()[0].identity, "alice@example.com");
    ///
    /// let error = AllowedIdentities::parse("alice@example.com").unwrap_err();
    /// assert_eq!(error.to_string(), "line 1: the issuer is missing; expected IDENTITY ISSUER [OPTIONS]");
    /// ```
    ///
    /// # Errors
    /// The first line that cannot be read; the whole file is then refused.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_FILE {
            return Err(PolicyError { line: 1, cause: LineError::FileTooLarge });
        }
        let mut lines = Vec::new();
        // some editors begin a file with a byte order mark
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let number = index + 1;
            let parsed = fields(line).and_then(|fields| AllowedIdentity::from_fields(number, &fields));
            lines.extend(parsed.map_err(|cause| PolicyError { line: number, cause })?);
        }
        Ok(Self { lines, file: None, problem: None })
    }

    /// The identities of a file that cannot be used, with the reason as a clause: nobody is allowed, and decisions say why.
    #[must_use]
    pub fn unusable(problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::default() }
    }

    /// These identities with the file's name, for messages to somebody who may read the file: they name the file, and a line that almost lists an
    /// identity.
    #[must_use]
    pub fn named(self, file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..self }
    }

    /// These identities without the file's name, for messages to others.
    #[cfg(feature = "cli")]
    #[must_use]
    pub(crate) fn unnamed(self) -> Self {
        Self { file: None, ..self }
    }

    /// The lines.
    pub fn lines(&self) -> &[AllowedIdentity] {
        &self.lines
    }

    /// Whether a line allows this signature.
    #[doc(hidden)]
    pub fn decide(&self, verification: &Verification) -> Ruling {
        if let Some(problem) = &self.problem {
            let clause = match &self.file {
                Some(file) => format!("{file} cannot be used: {problem}"),
                // others learn nothing about the file
                None => Decision::AllowedUnusable.sentence().to_owned(),
            };
            return Ruling::in_words(Decision::AllowedUnusable, clause);
        }
        let identity = verification.identity();
        let listed = self.lines.iter().filter(|line| line.issuer == identity.issuer && line.lists(identity));
        let (mut elsewhere, mut other_instance, mut is_deliberate) = (None, None, false);
        for line in listed {
            if line.instance != *verification.instance() {
                other_instance = Some(format!("{} {}", self.place(line), line.for_other_instance(verification)));
                continue;
            }
            match line.restriction_that_fails(verification) {
                None => return Ruling::allowed(line.line),
                Some(restriction) => {
                    elsewhere = Some(format!("{} {restriction}", self.place(line)));
                    is_deliberate |= line.is_limited(verification);
                }
            }
        }
        // a line for the right instance is closer than one for another
        match (elsewhere, other_instance) {
            // limited on purpose, so no other line is proposed
            (Some(clause), _) if is_deliberate => Ruling::in_words(Decision::AllowedElsewhere, clause),
            (Some(clause), _) | (None, Some(clause)) => Ruling::not_for_this(clause),
            (None, None) => Ruling::in_words(Decision::NotAllowed, self.not_listed(identity)),
        }
    }

    /// That no line lists the identity, and the line that almost does.
    fn not_listed(&self, identity: &Identity) -> String {
        let Identity { name, issuer, .. } = identity;
        let Some(file) = &self.file else { return format!("the allowed identities do not list {name} with issuer {issuer}") };
        let not_listed = format!("{file} does not list {name} with issuer {issuer}");
        let lists = |line: &&AllowedIdentity| line.lists(identity);
        let is_of_issuer = |line: &&AllowedIdentity| line.issuer == *issuer || near_miss(&line.issuer, issuer).is_some();
        let misspelled = self.lines.iter().filter(is_of_issuer).find_map(|line| Some((line, near_miss(&line.identity, name)?)));
        let is_swapped =
            |line: &&AllowedIdentity| line.issuer == *name && line.identity.trim_end_matches('/') == issuer.trim_end_matches('/');
        if let Some(line) = self.lines.iter().find(is_swapped) {
            return format!("{not_listed}; {} has them in the wrong order: the identity comes first, then the issuer", self.place(line));
        }
        if let Some(line) = self.lines.iter().filter(is_of_issuer).find(lists)
            && let Some(cause) = near_miss(&line.issuer, issuer)
        {
            return format!("{not_listed}; {} lists it with issuer {}, and {cause}", self.place(line), line.issuer);
        }
        if let Some(line) = self.lines.iter().find(lists) {
            return format!("{not_listed}; {} lists it with issuer {}", self.place(line), line.issuer);
        }
        if let Some((line, cause)) = misspelled {
            return format!("{not_listed}; {} lists {}, and {cause}", self.place(line), line.identity);
        }
        not_listed
    }

    /// How messages name a line.
    fn place(&self, line: &AllowedIdentity) -> String {
        match &self.file {
            Some(file) => format!("{file}:{}", line.line),
            None => format!("line {} of the allowed identities", line.line),
        }
    }
}

impl AllowedIdentity {
    /// `None` for a line without fields.
    fn from_fields(line: usize, fields: &[String]) -> Result<Option<Self>, LineError> {
        let (identity, issuer, options) = match fields {
            [] => return Ok(None),
            [_] => return Err(LineError::IssuerMissing),
            [identity, issuer, options @ ..] => (identity, issuer, options),
        };
        if identity.is_empty() || issuer.is_empty() || issuer.contains('*') {
            return Err(LineError::IssuerPattern);
        }
        if issuer.contains('=') && !issuer.contains("://") {
            return Err(LineError::OptionAsIssuer(issuer.clone()));
        }
        let mut allowed = Self {
            line,
            identity: identity.clone(),
            issuer: issuer.clone(),
            window: Window::ALWAYS,
            instance: Instance::Public,
            kinds: vec![SubjectKind::Commit, SubjectKind::Tag, SubjectKind::Push],
        };
        let mut seen = Vec::new();
        for option in options {
            let (name, value) = option.split_once('=').ok_or_else(|| LineError::NoValue(option.clone()))?;
            if seen.contains(&name) {
                return Err(LineError::RepeatedOption(name.to_owned()));
            }
            match name {
                "valid-after" => allowed.window.start = Some(time("valid-after", value)?),
                "valid-before" => allowed.window.end = Some(time("valid-before", value)?),
                "instance" => allowed.instance = Instance::named(value).ok_or_else(|| LineError::InstanceName(value.to_owned()))?,
                "for" => allowed.kinds = value.split(',').map(kind).collect::<Result<_, _>>()?,
                _ => return Err(LineError::UnknownOption(name.to_owned())),
            }
            seen.push(name);
        }
        if let Window { start: Some(start), end: Some(end) } = allowed.window
            && start >= end
        {
            return Err(LineError::EmptyWindow);
        }
        Ok(Some(allowed))
    }

    /// Whether the line's name or pattern fits, whatever its issuer.
    fn lists(&self, identity: &Identity) -> bool {
        name_matches(&self.identity, identity)
    }

    /// That the line is for another instance than the signature's, as a clause that follows the line's place.
    fn for_other_instance(&self, verification: &Verification) -> String {
        let (name, instance) = (&verification.identity().name, verification.instance());
        format!("allows {name} for the instance {}; the signature is from {instance}", self.instance)
    }

    /// Which other restriction of the line does not hold, as a clause that follows the line's place.
    fn restriction_that_fails(&self, verification: &Verification) -> Option<String> {
        let name = &verification.identity().name;
        if let Some(outside) = self.time_outside(verification) {
            return Some(format!("allows {name} {}; the signature was made at {}", self.window, spoken_time(outside)));
        }
        let kind = verification.subject().kind;
        (!self.kinds.contains(&kind)).then(|| format!("does not allow {name} to sign {}", kind.with_article()))
    }

    /// Whether the line was limited on purpose: to a time, or to some of the objects of git.
    fn is_limited(&self, verification: &Verification) -> bool {
        let is_bundled = verification.subject().kind.is_bundled();
        self.time_outside(verification).is_some() || !is_bundled && self.kinds.iter().any(|kind| !kind.is_bundled())
    }

    /// A trusted time at which the line does not apply.
    fn time_outside(&self, verification: &Verification) -> Option<Timestamp> {
        verification.times().iter().map(|trusted| trusted.time).find(|time| !self.window.contains(*time))
    }
}

/// Whether this name or pattern of names fits the identity. The domain of an e-mail address has no case.
pub(crate) fn name_matches(pattern: &str, identity: &Identity) -> bool {
    match identity.kind {
        IdentityKind::Email => matches(&with_folded_domain(pattern), &with_folded_domain(&identity.name)),
        IdentityKind::Uri | IdentityKind::Username => matches(pattern, &identity.name),
    }
}

/// Whether `name` matches `pattern`, where `*` stands for any characters but `/` and `@`. Linear: each star takes as little as it can. More
/// would not help: the next star can take the rest, or a `/` or `@` stops both.
fn matches(pattern: &str, name: &str) -> bool {
    let crosses = |taken: &str| taken.contains(['/', '@']);
    let mut literals = pattern.split('*');
    let Some(mut rest) = literals.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = literals.next_back() else { return rest.is_empty() };
    for literal in literals {
        match rest.split_once(literal) {
            Some((taken, after)) if !crosses(taken) => rest = after,
            _ => return false,
        }
    }
    rest.strip_suffix(last).is_some_and(|taken| !crosses(taken))
}

fn time(option: &'static str, value: &str) -> Result<Timestamp, LineError> {
    time_of(value).ok_or_else(|| LineError::Time { option, value: value.to_owned() })
}

/// A time in RFC 3339. The last hours of the year 9999, which are later than any timestamp, are the latest one: people write them for "never".
pub(crate) fn time_of(text: &str) -> Option<Timestamp> {
    let is_whole = |pieces: &Pieces<'_>| pieces.date().year() == 9999 && pieces.time().is_some() && pieces.offset().is_some();
    let last_hours = || Pieces::parse(text).ok().filter(is_whole).map(|_| Timestamp::MAX);
    text.parse().ok().or_else(last_hours)
}

fn kind(word: &str) -> Result<SubjectKind, LineError> {
    kind_named(word).ok_or_else(|| LineError::UnknownKind(word.to_owned()))
}

/// The kind that a word of `for=` means.
pub(crate) fn kind_named(word: &str) -> Option<SubjectKind> {
    Some(match word {
        "commit" => SubjectKind::Commit,
        "tag" => SubjectKind::Tag,
        "push" => SubjectKind::Push,
        "file" => SubjectKind::File,
        "attestation" => SubjectKind::Attestation,
        "release" => SubjectKind::Release,
        _ => return None,
    })
}

/// The fields of a line: separated by spaces or tabs, quoted with `"`, ended by `#`.
fn fields(line: &str) -> Result<Vec<String>, LineError> {
    let (mut fields, mut field, mut open) = (Vec::new(), None::<String>, false);
    for character in line.chars() {
        match character {
            '"' => {
                open = !open;
                field.get_or_insert_default();
            }
            '#' if !open && field.is_none() => break,
            ' ' | '\t' if !open => fields.extend(field.take()),
            '\0'..='\x1f' | '\x7f' => return Err(LineError::ControlCharacter),
            other => field.get_or_insert_default().push(other),
        }
    }
    if open {
        return Err(LineError::OpenQuotation);
    }
    fields.extend(field);
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let text = "# people\n\nalice@example.com https://issuer valid-after=2024-01-01T00:00:00Z for=commit,tag # the boss\n\"a b\"\thttps://issuer instance=\"corp\"\n";
        let allowed = AllowedIdentities::parse(text).unwrap();
        assert_eq!(allowed.lines().len(), 2);
        assert_eq!(allowed.lines()[0].line, 3);
        assert_eq!(allowed.lines()[0].kinds, [SubjectKind::Commit, SubjectKind::Tag]);
        assert_eq!(allowed.lines()[0].instance, Instance::Public);
        assert_eq!(allowed.lines()[1].identity, "a b");
        assert_eq!(allowed.lines()[1].instance.as_str(), "corp");
    }

    #[test]
    fn a_long_name_cannot_make_a_pattern_of_many_stars_slow() {
        let name = "a".repeat(60_000);
        assert!(!matches(&format!("{}b", "*a".repeat(200)), &name));
        assert!(matches(&format!("{}*", "*a".repeat(200)), &name));
    }

    #[test]
    fn what_is_not_of_the_form_is_an_error_of_its_line() {
        for line in [
            "alice@example.com",
            "alice@example.com https://issuer valid_after=2024-01-01T00:00:00Z",
            "alice@example.com https://issuer valid-after=yesterday",
            "alice@example.com https://issuer valid-after=2024-01-01T00:00:00Z valid-before=2024-01-01T00:00:00Z",
            "alice@example.com https://issuer valid-before=9999-12-31",
            "alice@example.com https://issuer for=merge",
            "alice@example.com https://issuer for=tag for=commit",
            "alice@example.com https://issuer instance=a/b",
            "alice@example.com https://*",
            "alice@example.com instance=public",
            "alice@example.com https://issuer public",
            "\"alice@example.com https://issuer",
            "alice\u{1b}@example.com https://issuer",
        ] {
            assert_eq!(AllowedIdentities::parse(&format!("# first\n{line}\n")).unwrap_err().line, 2, "{line:?}");
        }
    }

    #[test]
    fn the_end_of_the_year_9999_is_no_end() {
        for (text, time) in [
            ("9999-12-30T22:00:00Z", Some("9999-12-30T22:00:00Z".parse().unwrap())),
            ("9999-12-31T23:59:59Z", Some(Timestamp::MAX)),
            ("9999-12-31T23:59:59+01:00", Some(Timestamp::MAX)),
            ("9999-12-31T23:59:59", None),
            ("9999-12-31", None),
            ("9999-12-32T00:00:00Z", None),
        ] {
            assert_eq!(time_of(text), time, "{text}");
        }
    }

    #[test]
    fn a_star_stays_inside_its_segment() {
        let matching = [
            ("a@b", "a@b"),
            ("*@example.com", "alice@example.com"),
            (
                "https://github.com/org/*/.github/workflows/*@refs/heads/main",
                "https://github.com/org/repo/.github/workflows/ci.yml@refs/heads/main",
            ),
            ("ab*", "ab"),
            ("a*b*c*", "aXbbYcc"),
            ("*a/b*@c", "xa/b@c"),
            ("**", "any"),
        ];
        let not_matching = [
            ("a@b", "a@bc"),
            ("a@b", "A@b"),
            ("*@example.com", "alice@example.com.evil.org"),
            ("*@example.com", "evil.org/x@example.com"),
            ("*", "alice@example.com"),
            ("https://github.com/org/repo*", "https://github.com/org/repo-evil/x"),
            ("https://github.com/org/*/ci.yml@refs/heads/main", "https://github.com/org/a/b/ci.yml@refs/heads/main"),
            ("https://x/*refs/heads/main", "https://x/ci.yml@refs/heads/main"),
            ("ab*ab", "ab"),
            ("*a*b", "xa/b"),
        ];
        for (pattern, name) in matching {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in not_matching {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    /// The match by its definition: every length that a star could take is tried.
    fn matches_by_definition(pattern: &str, name: &str) -> bool {
        let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
        let Some(rest) = name.strip_prefix(before) else { return false };
        let reach = rest.find(['/', '@']).unwrap_or(rest.len());
        (0..=reach).any(|at| matches_by_definition(after, &rest[at..]))
    }

    #[test]
    fn a_star_that_takes_little_finds_what_one_that_tries_all_finds() {
        let words = |letters: &str, longest: u32| {
            let letters: Vec<char> = letters.chars().collect();
            let words = (0..=longest).flat_map(move |length| {
                let letters = letters.clone();
                (0..letters.len().pow(length)).map(move |number| {
                    (0..length).map(|place| letters[number / letters.len().pow(place) % letters.len()]).collect::<String>()
                })
            });
            words.collect::<Vec<_>>()
        };
        let names = words("ab/", 5);
        for pattern in words("ab/*", 5) {
            for name in &names {
                assert_eq!(matches(&pattern, name), matches_by_definition(&pattern, name), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_one() {
        assert!(!matches(&"*a".repeat(1000), &"a".repeat(999)));
        assert!(!matches(&format!("{}b", "*a".repeat(1000)), &"a".repeat(60_000)));
    }
}
