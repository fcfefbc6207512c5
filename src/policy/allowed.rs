//! The file of allowed identities.
//!
//! ```text
//! # identity                    issuer                        options
//! alice@example.com             https://accounts.google.com   valid-before=2026-01-01T00:00:00Z
//! https://github.com/org/repo/.github/workflows/*@refs/heads/main  https://token.actions.githubusercontent.com  for=tag
//! "name with a space"           https://issuer.example        instance=corp
//! ```
//! One line an identity. Names match exactly; `*` stands for any characters within one `/` segment and never crosses an `@`. An unknown
//! option is an error, so that a misspelled restriction cannot become none.

use super::Decision;
use crate::{
    escape::Escaped,
    trust::{Instance, Window},
    verify::{SubjectKind, Verification},
};
use jiff::{Timestamp, fmt::temporal::Pieces};

/// A file larger than this is not read, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// The identities of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedIdentities {
    lines: Vec<AllowedIdentity>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedIdentity {
    /// Its number, from 1.
    pub line: usize,
    /// The subject alternative name, or a pattern of it.
    pub identity: String,
    /// The issuer's URL, exactly.
    pub issuer: String,
    /// When its signatures count, by their trusted times.
    pub window: Window,
    /// The instance that must vouch for it.
    pub instance: Instance,
    /// The kinds of objects that it may sign.
    pub kinds: Vec<SubjectKind>,
}

/// A file that cannot be used. Then nobody is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it, escaped.
    pub cause: String,
}

impl AllowedIdentities {
    /// Reads a file.
    ///
    /// # Errors
    /// Where a line is not of the form; the whole file is then refused.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_FILE {
            return Err(PolicyError { line: 1, cause: format!("the file has more than {MAX_FILE} bytes, which are all that is read") });
        }
        let mut lines = Vec::new();
        // some editors begin a file with a byte order mark
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let number = index + 1;
            let fields = fields(line).map_err(|cause| PolicyError { line: number, cause })?;
            if !fields.is_empty() {
                lines.push(AllowedIdentity::from_fields(number, &fields).map_err(|cause| PolicyError { line: number, cause })?);
            }
        }
        Ok(Self { lines })
    }

    /// The lines.
    pub fn lines(&self) -> &[AllowedIdentity] {
        &self.lines
    }

    /// Whether a line allows this signature.
    pub fn decide(&self, verified: &Verification) -> Decision {
        let identity = verified.identity();
        let named = self.lines.iter().filter(|line| line.issuer == identity.issuer && matches(&line.identity, &identity.name));
        let mut otherwise = None;
        for line in named {
            match line.restriction_that_fails(verified) {
                None => return Decision::Allowed(line.line),
                Some(restriction) => otherwise = Some(restriction),
            }
        }
        otherwise.map_or(Decision::NotListed, Decision::ListedOtherwise)
    }
}

impl AllowedIdentity {
    fn from_fields(line: usize, fields: &[String]) -> Result<Self, String> {
        let [identity, issuer, options @ ..] = fields else {
            return Err("an identity needs its issuer: IDENTITY ISSUER [OPTIONS]".into());
        };
        if identity.is_empty() || issuer.is_empty() || issuer.contains('*') {
            return Err("identity and issuer must not be empty, and an issuer is matched exactly".into());
        }
        if issuer.contains('=') && !issuer.contains("://") {
            return Err(format!("{} stands where the issuer should", Escaped(issuer)));
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
            let (name, value) = option.split_once('=').ok_or_else(|| format!("{} is no option of the form NAME=VALUE", Escaped(option)))?;
            if seen.contains(&name) {
                return Err(format!("{name} stands twice"));
            }
            seen.push(name);
            match name {
                "valid-after" => allowed.window.start = Some(time(name, value)?),
                "valid-before" => allowed.window.end = Some(time(name, value)?),
                "instance" => {
                    allowed.instance = Instance::named(value).ok_or_else(|| format!("{} is no name of an instance", Escaped(value)))?
                }
                "for" => allowed.kinds = value.split(',').map(kind).collect::<Result<_, _>>()?,
                _ => return Err(format!("{} is no option; there are valid-after, valid-before, instance and for", Escaped(name))),
            }
        }
        if let Window { start: Some(start), end: Some(end) } = allowed.window
            && start >= end
        {
            return Err("valid-after does not lie before valid-before, so the line would never hold".into());
        }
        Ok(allowed)
    }

    fn restriction_that_fails(&self, verified: &Verification) -> Option<String> {
        if *verified.instance() != self.instance {
            return Some(format!(
                "line {} allows it for the instance {}, and the signature is of {}",
                self.line,
                self.instance,
                verified.instance()
            ));
        }
        if let Some(outside) = verified.times().iter().find(|trusted| !self.window.contains(trusted.time)) {
            return Some(format!("line {} allows it {}, and it was made at {}", self.line, self.window, outside.time));
        }
        let kind = verified.subject().kind;
        (!self.kinds.contains(&kind)).then(|| format!("line {} does not allow it to sign a {}", self.line, kind.as_str()))
    }
}

/// Whether `name` is `pattern`, where `*` stands for any characters but `/` and `@`. Linear: each star takes as little as it can. More would
/// not help, since what it left over the next star can take, or else a `/` or `@` stands in the way of both.
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

fn time(option: &str, value: &str) -> Result<Timestamp, String> {
    time_of(value).ok_or_else(|| format!("{option}={} is no time in RFC 3339, such as 2026-01-31T00:00:00Z", Escaped(value)))
}

/// A time in RFC 3339. The last hours of the year 9999, which are later than any timestamp, are the latest: people write them for no end.
pub fn time_of(text: &str) -> Option<Timestamp> {
    let is_whole = |pieces: &Pieces<'_>| pieces.date().year() == 9999 && pieces.time().is_some() && pieces.offset().is_some();
    let last_hours = || Pieces::parse(text).ok().filter(is_whole).map(|_| Timestamp::MAX);
    text.parse().ok().or_else(last_hours)
}

fn kind(word: &str) -> Result<SubjectKind, String> {
    match word {
        "commit" => Ok(SubjectKind::Commit),
        "tag" => Ok(SubjectKind::Tag),
        "push" => Ok(SubjectKind::Push),
        _ => Err(format!("{} is no kind of object; there are commit, tag and push", Escaped(word))),
    }
}

/// The fields of a line: separated by spaces or tabs, quoted with `"`, ended by `#`.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let (mut fields, mut field, mut open) = (Vec::new(), None::<String>, false);
    for character in line.chars() {
        match character {
            '"' => {
                open = !open;
                field.get_or_insert_default();
            }
            '#' if !open && field.is_none() => break,
            ' ' | '\t' if !open => fields.extend(field.take()),
            '\0'..='\x1f' | '\x7f' => return Err("it holds a control character".into()),
            other => field.get_or_insert_default().push(other),
        }
    }
    if open {
        return Err("a quotation mark is not closed".into());
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

    /// The same by its definition: every length that a star could take is tried.
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
