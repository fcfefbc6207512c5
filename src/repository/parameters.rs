//! `GIT_CONFIG_PARAMETERS`: how git passes the configuration of its own command line (`git -c key=value`) on to the programs it starts.
//!
//! The format is git's `config.c`: words in single quotes, separated by spaces; `'key=value'` as git before 2.31 wrote it, or
//! `'key'='value'`, where a key may hold an equals sign. It is parsed here because git refuses a malformed value and so must we, which
//! the parser on crates.io does not. `GIT_CONFIG_COUNT` and its companions are read by gix.

use super::Error;

/// One `-c` of git's command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    /// `section.name` or `section.subsection.name`.
    pub key: String,
    /// Absent in `-c key`, which means true.
    pub value: Option<String>,
}

impl Parameter {
    /// As gix takes it; a key with an equals sign cannot be said to it.
    pub fn as_override(&self) -> Option<String> {
        if self.key.contains('=') {
            return None;
        }
        Some(self.value.as_ref().map_or_else(|| self.key.clone(), |value| format!("{}={value}", self.key)))
    }

    /// Section (lower case), subsection and name (lower case).
    pub fn parts(&self) -> Option<(String, Option<&str>, String)> {
        let (section, rest) = self.key.split_once('.')?;
        let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(subsection, name)| (Some(subsection), name));
        if section.is_empty() || name.is_empty() {
            return None;
        }
        Some((section.to_ascii_lowercase(), subsection, name.to_ascii_lowercase()))
    }
}

/// What git's command line set, in its order.
pub(super) fn from_environment() -> Result<Vec<Parameter>, Error> {
    match std::env::var_os("GIT_CONFIG_PARAMETERS") {
        None => Ok(Vec::new()),
        Some(value) => parse(value.to_str().ok_or(Error::Parameters)?).ok_or(Error::Parameters),
    }
}

/// `None` where the text is not as git writes it.
pub(super) fn parse(text: &str) -> Option<Vec<Parameter>> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start_matches(' ');
    while !rest.is_empty() {
        let (first, after) = quoted(rest)?;
        let parameter = if let Some(after) = after.strip_prefix('=') {
            if after.is_empty() || after.starts_with(' ') {
                rest = after;
                Parameter { key: first, value: None }
            } else {
                let (value, after) = quoted(after)?;
                rest = after;
                Parameter { key: first, value: Some(value) }
            }
        } else {
            rest = after;
            match first.split_once('=') {
                Some((key, value)) => Parameter { key: key.to_owned(), value: Some(value.to_owned()) },
                None => Parameter { key: first, value: None },
            }
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        rest = rest.trim_start_matches(' ');
        parameter.parts()?;
        parameters.push(parameter);
    }
    Some(parameters)
}

/// A word as git's `sq_quote` writes it, and what follows: `'it'\''s'` is `it's`; an exclamation mark is escaped in the same way.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (part, after) = rest.split_once('\'')?;
        word.push_str(part);
        let escaped = after.strip_prefix("\\'").map(|after| ('\'', after)).or_else(|| after.strip_prefix("\\!").map(|after| ('!', after)));
        match escaped {
            Some((character, after)) => {
                word.push(character);
                rest = after.strip_prefix('\'')?;
            }
            None => return Some((word, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(key: &str, value: Option<&str>) -> Parameter {
        Parameter { key: key.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn both_formats_of_git_are_read() {
        assert_eq!(parse(""), Some(vec![]));
        assert_eq!(parse("'a.b=c=d'"), Some(vec![parameter("a.b", Some("c=d"))]));
        assert_eq!(
            parse("'a.b'='c d' 'a.x=y.c'='' 'e.f'="),
            Some(vec![parameter("a.b", Some("c d")), parameter("a.x=y.c", Some("")), parameter("e.f", None)])
        );
        assert_eq!(parse("'a.b'"), Some(vec![parameter("a.b", None)]));
    }

    #[test]
    fn quotes_and_exclamation_marks_are_unescaped() {
        assert_eq!(parse(r"'a.b'='it'\''s'\!''"), Some(vec![parameter("a.b", Some("it's!"))]));
    }

    #[test]
    fn what_git_would_call_bogus_is_refused() {
        for text in ["a.b=c", "'a.b", "'a.b'x", "'a.b'='c'd", "'nosection'", "'.b'='c'", "'a.'='c'"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_subsection_keeps_its_dots_and_its_case() {
        let key = parameter("Paraph.My.Own.TrustedRoot", None);
        assert_eq!(key.parts(), Some(("paraph".into(), Some("My.Own"), "trustedroot".into())));
    }
}
