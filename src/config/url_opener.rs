//! The command that opens a login page, in gitsign's syntax: words, quotes that group words, and `{{.URL}}` for the address. No shell runs.

/// A command with a placeholder for a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlOpener {
    text: String,
    /// The first word is the program; at least one other word holds the placeholder.
    words: Vec<String>,
}

const PLACEHOLDERS: [&str; 2] = ["{{.URL}}", "{{ .URL }}"];

impl UrlOpener {
    /// Parses a command.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(crate) fn new(text: &str) -> Result<Self, &'static str> {
        let words = split(text).ok_or("a quote is not closed")?;
        let (program, arguments) = words.split_first().ok_or("it is empty")?;
        if program.is_empty() || program.contains("{{") {
            return Err("its first word is not the name of a program");
        }
        if !arguments.iter().any(|word| PLACEHOLDERS.iter().any(|placeholder| word.contains(placeholder))) {
            return Err("no argument contains {{.URL}}");
        }
        if arguments.iter().any(|word| put(word, "").contains("{{")) {
            return Err("it contains a template other than {{.URL}}");
        }
        Ok(Self { text: text.to_owned(), words })
    }

    /// The command as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The program and its arguments for this URL.
    pub(crate) fn command(&self, url: &str) -> Vec<String> {
        self.words.iter().map(|word| put(word, url)).collect()
    }
}

fn put(word: &str, url: &str) -> String {
    PLACEHOLDERS.iter().fold(word.to_owned(), |word, placeholder| word.replace(placeholder, url))
}

/// Splits text into words, which single and double quotes group. A backslash is an ordinary character, because Windows' paths have some.
/// `None` if a quote is not closed.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    let inner = characters.next()?;
                    if inner == character {
                        break;
                    }
                    word.push(inner);
                }
            }
            // the placeholder may contain spaces, which do not end the word
            '{' if characters.as_str().starts_with("{ .URL }}") => {
                word.get_or_insert_default().push_str(PLACEHOLDERS[0]);
                characters.by_ref().take("{ .URL }}".len()).for_each(drop);
            }
            space if space.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_group_words_and_nothing_else_is_special() {
        let opener = UrlOpener::new(r#"open -na "Google Chrome" --args --profile-directory="Profile 1" 'C:\a b' {{.URL}}"#).unwrap();
        let expected = ["open", "-na", "Google Chrome", "--args", "--profile-directory=Profile 1", r"C:\a b", "https://x/?a=b;c"];
        assert_eq!(opener.command("https://x/?a=b;c"), expected);
        assert_eq!(UrlOpener::new("x --url={{ .URL }} y").unwrap().command("u"), ["x", "--url=u", "y"]);
    }

    #[test]
    fn a_url_is_put_in_once_whatever_it_holds() {
        assert_eq!(UrlOpener::new("x {{.URL}}").unwrap().command("a b'\"c"), ["x", "a b'\"c"]);
    }

    #[test]
    fn what_cannot_open_a_url_is_refused() {
        for text in ["", "firefox", "{{.URL}}", "firefox '{{.URL}}", "firefox {{.URL}} {{.Other}}", "'' {{.URL}}"] {
            assert!(UrlOpener::new(text).is_err(), "{text}");
        }
    }
}
