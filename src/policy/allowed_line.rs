//! A line of the allowed identities that is proposed or added, and the command that adds it.

use crate::{
    escape::Escaped,
    trust::Instance,
    verify::{SubjectKind, Verification},
};
use std::fmt;

/// A line without times. Its text may hold bytes that an attacker chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllowedLine {
    /// The name in the certificate, or a pattern of it.
    pub identity: String,
    /// The issuer's URL.
    pub issuer: String,
    /// The instance that must vouch for it.
    pub instance: Instance,
    /// The kinds of subjects, if they are not the usual ones.
    pub kinds: Vec<SubjectKind>,
}

impl AllowedLine {
    /// The line that would allow this signature.
    pub(crate) fn of(verification: &Verification) -> Self {
        let identity = verification.identity();
        let kind = verification.subject().kind;
        Self {
            identity: identity.name.clone(),
            issuer: identity.issuer.clone(),
            instance: verification.instance().clone(),
            // a line without it does not mean files
            kinds: if kind.is_bundled() { vec![kind] } else { Vec::new() },
        }
    }

    /// Whether it allows others than the identity itself.
    pub(crate) fn is_pattern(&self) -> bool {
        self.identity.contains('*')
    }

    /// The command that adds it, for a shell, escaped.
    pub(crate) fn command(&self) -> String {
        let mut options = Vec::new();
        if self.instance != Instance::Public {
            options.push(format!("--instance {}", self.instance));
        }
        if !self.kinds.is_empty() {
            options.push(format!("--for {}", self.kind_names()));
        }
        let names = [&self.identity, &self.issuer].map(|name| quoted(&Escaped(name).to_string()));
        match self.identity.starts_with('-') || self.issuer.starts_with('-') {
            true => [vec!["paraph allow".to_owned()], options, vec!["--".to_owned()], names.into()].concat().join(" "),
            false => [vec!["paraph allow".to_owned()], names.into(), options].concat().join(" "),
        }
    }

    fn kind_names(&self) -> String {
        self.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// The line as it stands in the file. A name with a quotation mark has no such line.
impl fmt::Display for AllowedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", field(&self.identity), field(&self.issuer))?;
        if self.instance != Instance::Public {
            write!(f, " instance={}", self.instance)?;
        }
        if self.kinds.is_empty() { Ok(()) } else { write!(f, " for={}", self.kind_names()) }
    }
}

/// A field of the file.
fn field(text: &str) -> String {
    if text.is_empty() || text.contains([' ', '\t']) || text.starts_with('#') { format!("\"{text}\"") } else { text.to_owned() }
}

/// A word of a command line. In single quotes a shell expands nothing.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::AllowedIdentities;

    fn line(identity: &str, instance: &str, kinds: &[SubjectKind]) -> AllowedLine {
        let instance = Instance::named(instance).unwrap();
        AllowedLine { identity: identity.into(), issuer: "https://issuer.example".into(), instance, kinds: kinds.into() }
    }

    #[test]
    fn the_line_says_the_same_when_it_is_read() {
        for line in [
            line("ann@example.com", "public", &[]),
            line("a name with  spaces", "corp", &[SubjectKind::File, SubjectKind::Release]),
            line("#1@example.com", "local", &[SubjectKind::Push]),
        ] {
            let text = line.to_string();
            let read = AllowedIdentities::parse(&text).unwrap();
            let [read] = read.lines() else { panic!("{text}") };
            assert_eq!((&read.identity, &read.issuer, &read.instance), (&line.identity, &line.issuer, &line.instance));
            assert!(line.kinds.is_empty() || read.kinds == line.kinds, "{text}");
        }
    }

    #[test]
    fn a_shell_gets_the_name_of_a_signer_as_one_word_and_runs_nothing_of_it() {
        for (identity, expected) in [
            ("ann@example.com", "paraph allow ann@example.com https://issuer.example --instance corp"),
            ("$(reboot)@x", "paraph allow '$(reboot)@x' https://issuer.example --instance corp"),
            ("a'; reboot; '@x", "paraph allow 'a'\\''; reboot; '\\''@x' https://issuer.example --instance corp"),
            ("a\u{1b}[2J\n@x", "paraph allow 'a\\u{1b}[2J\\u{a}@x' https://issuer.example --instance corp"),
            ("--yes", "paraph allow --instance corp -- --yes https://issuer.example"),
        ] {
            assert_eq!(line(identity, "corp", &[]).command(), expected);
        }
        let files = line("ann@example.com", "public", &[SubjectKind::File, SubjectKind::Release]);
        assert_eq!(files.command(), "paraph allow ann@example.com https://issuer.example --for file,release");
    }
}
