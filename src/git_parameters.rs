//! `GIT_CONFIG_PARAMETERS`: the settings of git's command line (`git -c key=value`), which git passes to the programs that it starts.
//!
//! The format is that of git's `config.c`: words in single quotes, separated by spaces. A setting is `'key=value'` (before git 2.31) or
//! `'key'='value'`, where the key may contain an equals sign. Git refuses a malformed value, and so does this parser; the one on crates.io does
//! not. gix reads `GIT_CONFIG_COUNT` and its companions. The module `repository` reads the environment.

/// A setting of git's command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// `section.name` or `section.subsection.name`.
    pub key: String,
    /// The value; `None` for `-c key`, which means true.
    pub value: Option<String>,
}

impl Parameter {
    /// The setting in gix's format; `None` for a key with an equals sign, which that format cannot express.
    pub fn as_override(&self) -> Option<String> {
        if self.key.contains('=') {
            return None;
        }
        Some(self.value.as_ref().map_or_else(|| self.key.clone(), |value| format!("{}={value}", self.key)))
    }

    /// The section (lower case), the subsection and the name (lower case); `None` if git would call the key invalid.
    pub fn parts(&self) -> Option<(String, Option<&str>, String)> {
        let (section, rest) = self.key.split_once('.')?;
        let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(subsection, name)| (Some(subsection), name));
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_word(section) || !is_word(name) || !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return None;
        }
        if subsection.is_some_and(|subsection| subsection.contains('\n')) {
            return None;
        }
        Some((section.to_ascii_lowercase(), subsection, name.to_ascii_lowercase()))
    }
}

/// The settings in their order; `None` if the text is not in git's format.
pub fn parse(text: &str) -> Option<Vec<Parameter>> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (first, after) = quoted(rest)?;
        let (parameter, after) = match after.strip_prefix('=') {
            Some(after) if after.starts_with('\'') => {
                let (value, after) = quoted(after)?;
                (Parameter { key: first, value: Some(value) }, after)
            }
            Some(after) => (Parameter { key: first, value: None }, after),
            None => (older(&first), after),
        };
        if !after.is_empty() && !after.starts_with(is_space) {
            return None;
        }
        rest = after.trim_start_matches(is_space);
        parameter.parts()?;
        parameters.push(parameter);
    }
    Some(parameters)
}

/// `key=value` in one word. Only in this form git removes spaces around the key.
fn older(word: &str) -> Parameter {
    match word.split_once('=') {
        Some((key, value)) => Parameter { key: key.trim_matches(is_space).to_owned(), value: Some(value.to_owned()) },
        None => Parameter { key: word.trim_matches(is_space).to_owned(), value: None },
    }
}

/// Whether git calls the character a space.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// A word as git's `sq_quote` writes it, and the rest: `'it'\''s'` is `it's`. An exclamation mark is escaped in the same way.
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
        for text in [
            "a.b=c",
            " 'a.b=c'",
            "'a.b",
            "'a.b'x",
            "'a.b'='c'd",
            "'a.b'\u{b}'a.c'",
            "'nosection'",
            "'.b'='c'",
            "'a.'='c'",
            "'=a.b'",
            "'a.b '='c'",
            "'a_.b'='c'",
            "'a.1b'='c'",
            "'a.x\ny.b'='c'",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn spaces_around_an_older_key_are_none_of_it() {
        assert_eq!(
            parse("'a.b =c' ' a.x y.b'\t'a.b= c'"),
            Some(vec![parameter("a.b", Some("c")), parameter("a.x y.b", None), parameter("a.b", Some(" c")),])
        );
    }

    #[test]
    fn a_subsection_keeps_its_dots_and_its_case() {
        let key = parameter("Paraph.My.Own.TrustedRoot", None);
        assert_eq!(key.parts(), Some(("paraph".into(), Some("My.Own"), "trustedroot".into())));
    }
}
