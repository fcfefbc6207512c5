//! Patterns of ref names and paths, and the paths that decide about the policy itself.
//!
//! Refs are compared exactly. Paths are compared as file systems compare them that tell neither case nor Unicode forms apart: two names that
//! such a file system takes for one must not have two answers.

use globset::{GlobBuilder, GlobMatcher};
use unicode_normalization::UnicodeNormalization as _;

/// The folder of the policy.
pub(crate) const FOLDER: &str = ".paraph";
/// The file of the policy.
pub(crate) const FILE: &str = ".paraph/policy.toml";
/// The refs of approvals.
pub(crate) const APPROVALS: &str = "refs/tags/paraph-approval/";

/// Characters that would mean something in other kinds of patterns.
const RESERVED: [char; 7] = ['?', '[', ']', '{', '}', '!', '\\'];

/// A list of patterns, one of which must match a whole name.
#[derive(Debug, Clone)]
pub(crate) struct Patterns(Vec<Pattern>);

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    matcher: GlobMatcher,
    /// `src/**` matches `src` too: a link or a submodule may stand there.
    folder: Option<GlobMatcher>,
}

/// A pattern that cannot be used: a clause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("an empty list matches nothing; leave the key out to match everything")]
    EmptyList,
    #[error("an empty pattern matches nothing")]
    Empty,
    #[error("`{0}` has no meaning in a pattern; only `*` and `**` have one")]
    Reserved(char),
    #[error("`**` must be a whole segment, such as in `src/**`")]
    PartOfSegment,
    #[error("a pattern of refs begins with `refs/`, such as `refs/heads/main`")]
    NotAFullName,
    #[error("a pattern of paths begins at the top folder, without `/` or `./` before it")]
    NotRelative,
    #[error("a pattern ends in a name or in `**`, not in `/`")]
    EndsInSlash,
    #[error("{0}")]
    Invalid(String),
}

impl Patterns {
    /// Patterns of full ref names.
    pub(super) fn of_refs(texts: &[String]) -> Result<Self, (usize, PatternError)> {
        Self::new(texts, |text| match text.starts_with("refs/") {
            true => Ok(text.to_owned()),
            false => Err(PatternError::NotAFullName),
        })
    }

    /// Patterns of paths.
    pub(super) fn of_paths(texts: &[String]) -> Result<Self, (usize, PatternError)> {
        Self::new(texts, |text| match text.starts_with('/') || text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            true => Err(PatternError::NotRelative),
            false => Ok(folded_text(text)),
        })
    }

    fn new(texts: &[String], prepare: impl Fn(&str) -> Result<String, PatternError>) -> Result<Self, (usize, PatternError)> {
        if texts.is_empty() {
            return Err((0, PatternError::EmptyList));
        }
        let pattern = |(index, text): (usize, &String)| Pattern::new(text, &prepare).map_err(|error| (index, error));
        texts.iter().enumerate().map(pattern).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a pattern matches this full ref name.
    pub(super) fn match_ref(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(name))
    }

    /// Whether a pattern matches this folded path.
    pub(super) fn match_path(&self, path: &FoldedPath) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(&path.0))
    }

    /// The patterns as they are written.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pattern| pattern.text.as_str())
    }
}

impl Pattern {
    fn new(text: &str, prepare: impl Fn(&str) -> Result<String, PatternError>) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if let Some(reserved) = text.chars().find(|character| RESERVED.contains(character) || character.is_control()) {
            return Err(PatternError::Reserved(reserved));
        }
        if text.ends_with('/') {
            return Err(PatternError::EndsInSlash);
        }
        if text.split('/').any(|segment| segment.contains("**") && segment != "**") {
            return Err(PatternError::PartOfSegment);
        }
        let prepared = prepare(text)?;
        let folder = prepared.strip_suffix("/**").map(matcher).transpose()?;
        Ok(Self { text: text.to_owned(), matcher: matcher(&prepared)?, folder })
    }

    fn is_match(&self, name: &str) -> bool {
        self.matcher.is_match(name) || self.folder.as_ref().is_some_and(|folder| folder.is_match(name))
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher, PatternError> {
    let glob = GlobBuilder::new(glob).literal_separator(true).backslash_escape(false).build();
    Ok(glob.map_err(|error| PatternError::Invalid(error.kind().to_string()))?.compile_matcher())
}

/// A path as patterns compare it. A byte that is not UTF-8 counts as U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FoldedPath(String);

impl FoldedPath {
    /// Folds a path of a tree.
    pub(crate) fn of(path: &[u8]) -> Self {
        Self(folded_text(&String::from_utf8_lossy(path)))
    }
}

/// A text without what some file systems do not tell apart: case, Unicode form, characters that they ignore, and dots and spaces at the end
/// of a segment.
fn folded_text(text: &str) -> String {
    let segments: Vec<String> = text.split('/').map(folded_segment).collect();
    segments.join("/")
}

fn folded_segment(segment: &str) -> String {
    if segment.is_ascii() {
        return segment.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    }
    let visible = segment.chars().filter(|character| !is_ignored(*character));
    let folded: String = visible.nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    folded.trim_end_matches(['.', ' ']).to_owned()
}

/// Whether a file system could take this path for one inside the folder of the policy, or for that folder.
pub(crate) fn is_policy_path(path: &[u8]) -> bool {
    let text = String::from_utf8_lossy(path);
    let first = text.split(['/', '\\']).next().unwrap_or_default();
    // what follows a colon names a stream of the file on NTFS
    let name = folded_segment(first.split(':').next().unwrap_or_default());
    let digit = name.strip_prefix("paraph~").and_then(|rest| rest.parse::<u8>().ok());
    name == FOLDER || digit.is_some_and(|digit| digit < 10)
}

/// Characters that HFS+ ignores in names.
fn is_ignored(character: char) -> bool {
    matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(pattern: &str, path: &str) -> bool {
        Patterns::of_paths(&[pattern.to_owned()]).unwrap().match_path(&FoldedPath::of(path.as_bytes()))
    }

    #[test]
    fn a_star_stays_in_its_segment_and_two_cross_segments() {
        for (pattern, path, matches) in [
            ("src/**", "src/a/b", true),
            ("src/**", "src", true),
            ("src/**", "srcs", false),
            ("**/*.rs", "a.rs", true),
            ("**/*.rs", "a/b/c.rs", true),
            ("src/*", "src/a/b", false),
            ("src/**/x", "src/x", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
        ] {
            assert_eq!(paths(pattern, path), matches, "{pattern} {path}");
        }
        let refs = Patterns::of_refs(&["refs/heads/*".into()]).unwrap();
        assert!(refs.match_ref("refs/heads/main") && !refs.match_ref("refs/heads/a/b") && refs.match_ref("refs/heads/"));
        assert!(!Patterns::of_refs(&["refs/heads/main".into()]).unwrap().match_ref("refs/heads/MAIN"));
    }

    #[test]
    fn paths_that_a_file_system_takes_for_one_match_alike() {
        for path in ["SRC/Crypto/x", "\u{17f}rc/crypto/x", "src/crypto/X", "src./crypto /x", "src/cry\u{200d}pto/x", "src/crypto"] {
            assert!(paths("src/crypto/**", path), "{path}");
        }
        assert!(paths("caf\u{e9}/*", "cafe\u{301}/x") && paths("CAFE\u{301}/*", "caf\u{e9}/x"));
    }

    #[test]
    fn other_spellings_of_the_policy_folder_are_policy_paths() {
        for path in [
            ".paraph",
            ".paraph/policy.toml",
            ".PARAPH/x",
            ".Paraph./x",
            ".paraph /x",
            ".par\u{200c}aph/x",
            ".paraph:$INDEX_ALLOCATION/x",
            ".paraph\\policy.toml",
            "PARAPH~1/x",
            "\u{feff}.paraph",
        ] {
            assert!(is_policy_path(path.as_bytes()), "{path}");
        }
        for path in ["paraph/x", "src/.paraph/x", ".paraphs", ".parap", "paraph~/x", ".para ph"] {
            assert!(!is_policy_path(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn patterns_of_other_programs_are_refused() {
        let of_path = |text: &str| Patterns::of_paths(&[text.to_owned()]).unwrap_err().1;
        assert_eq!(of_path("src/[ab]"), PatternError::Reserved('['));
        assert_eq!(of_path("!src"), PatternError::Reserved('!'));
        assert_eq!(of_path("src/"), PatternError::EndsInSlash);
        assert_eq!(of_path("/src"), PatternError::NotRelative);
        assert_eq!(of_path("src/a**"), PatternError::PartOfSegment);
        assert_eq!(of_path(""), PatternError::Empty);
        assert_eq!(Patterns::of_refs(&["main".into()]).unwrap_err().1, PatternError::NotAFullName);
        assert_eq!(Patterns::of_refs(&[]).unwrap_err().1, PatternError::EmptyList);
    }
}
