//! Makes text from outside safe to print.
//!
//! Identities, subjects, paths and server answers can hold control characters (which drive a terminal, or forge a status line) and
//! bidirectional marks (which reorder what a person reads).

use std::fmt::{self, Write};

/// Whether a text can be printed as it is: no control character, no line or paragraph separator, no mark that is invisible or reorders.
pub fn is_printable(text: &str) -> bool {
    !text.chars().any(is_unsafe)
}

/// Displays a text with each unsafe character written as `\u{…}`.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_printable(self.0) {
            return f.write_str(self.0);
        }
        for character in self.0.chars() {
            if is_unsafe(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Whether a character drives a terminal, ends a line, reorders the text around it or cannot be seen.
pub(crate) fn is_unsafe(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_cannot_be_forged_and_a_terminal_not_driven() {
        assert_eq!(Escaped("a@b\n[GNUPG:] TRUST_ULTIMATE").to_string(), "a@b\\u{a}[GNUPG:] TRUST_ULTIMATE");
        assert_eq!(Escaped("\u{1b}[2J\u{202e}evil").to_string(), "\\u{1b}[2J\\u{202e}evil");
        assert!(!is_printable("zero\u{200b}width"));
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        assert_eq!(Escaped("Łukasz 名前 é").to_string(), "Łukasz 名前 é");
        assert!(is_printable("https://github.com/a/b/.github/workflows/c.yml@refs/heads/main"));
    }
}
