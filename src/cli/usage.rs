//! What is printed about a wrong command line: clap's message in the form of all other errors.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// Options that people try, and what to give instead.
const OFTEN_MEANT: &[(&[&str], &str, &str)] = &[
    (&["--email", "--identity", "--user"], "verify", "use --certificate-identity, with --certificate-oidc-issuer"),
    (&["--issuer"], "verify", "use --certificate-oidc-issuer, with --certificate-identity"),
    (&["--email", "--identity", "--user"], "login", "give the identity without an option: `paraph login IDENTITY`"),
    (&["--email", "--identity", "--user"], "logout", "give the identity without an option: `paraph logout IDENTITY`"),
    (&["--email", "--user"], "setup", "use --identity"),
    (&["--email", "--identity", "--user"], "local token", "give the address without an option: `paraph local token ADDRESS`"),
    (&["--identity", "--user"], "local use", "use --email"),
    (&["--dir"], "local init", "give the folder without an option: `paraph local init DIR`"),
    (
        &["--bundle", "--signature", "--certificate"],
        "verify",
        "give a commit, a tag or a range; to verify a file, use `paraph verify-file`",
    ),
];

/// What is wrong, as a clause.
pub(super) fn message(error: &clap::Error) -> String {
    let given = text(error, ContextKind::InvalidArg);
    match (error.kind(), given, text(error, ContextKind::InvalidSubcommand)) {
        (ErrorKind::UnknownArgument, Some(given), _) if given.starts_with('-') => format!("unknown option \"{given}\""),
        (ErrorKind::UnknownArgument, Some(given), _) => format!("unexpected argument \"{given}\""),
        (ErrorKind::InvalidSubcommand, _, Some(given)) => format!("unknown subcommand \"{given}\""),
        _ => {
            let text = error.render().to_string();
            // the advice and the usage follow an empty line
            let lines: Vec<&str> = text.split("\n\n").next().unwrap_or_default().lines().map(str::trim).collect();
            let text = lines.join(" ").trim_start_matches("error: ").replace('\'', "\"");
            match text.split_once(" [possible values: ") {
                Some((before, values)) => format!("{before}; expected one of {}", values.trim_end_matches(']')),
                None => text,
            }
        }
    }
}

/// What to do about it, without a period. `command` is the subcommand with the program's name.
pub(super) fn hint(error: &clap::Error, command: &str) -> String {
    let given = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let words = command.trim_start_matches("paraph ");
    let is_meant = |(options, of, _): &&(&[&str], &str, &str)| options.contains(&given.as_str()) && words.trim_end_matches("-tag") == *of;
    if let Some((.., instead)) = OFTEN_MEANT.iter().find(is_meant).filter(|_| error.kind() == ErrorKind::UnknownArgument) {
        return (*instead).to_owned();
    }
    let kinds = [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ];
    let similar = |(given, suggested)| {
        let given = text(error, given)?;
        let suggested: Vec<String> = texts(error, suggested).into_iter().filter(|suggested| is_similar(&given, suggested)).collect();
        (!suggested.is_empty()).then(|| suggested.join(" or "))
    };
    match kinds.into_iter().find_map(similar) {
        Some(similar) => format!("did you mean {similar}?"),
        None => format!("see `{command} --help`"),
    }
}

/// Whether a word is probably a misspelling of another, or a part of it. clap also suggests words that only share some letters.
fn is_similar(given: &str, suggested: &str) -> bool {
    let [given, suggested] = [given, suggested].map(|word| word.trim_start_matches('-').to_lowercase());
    let length = given.chars().count();
    (length >= 4 && suggested.contains(&given)) || strsim::osa_distance(&given, &suggested) <= (length / 3).max(1)
}

/// The program's name with the subcommand that the arguments begin with.
pub(super) fn subcommand(program: &clap::Command, arguments: &[OsString]) -> String {
    let (mut command, mut words) = (program, vec!["paraph"]);
    for argument in arguments {
        let Some(next) = command.find_subcommand(argument) else { break };
        words.push(next.get_name());
        command = next;
    }
    words.join(" ")
}

/// A part of the error, as plain text; several values are joined.
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let texts = texts(error, kind);
    (!texts.is_empty()).then(|| texts.join(" or "))
}

/// The values of a part of the error.
fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    fn told(arguments: &[&str]) -> String {
        let error = Cli::try_parse_from(std::iter::once("paraph").chain(arguments.iter().copied())).unwrap_err();
        let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        format!("{} / {}", message(&error), hint(&error, &subcommand(&Cli::command(), &arguments)))
    }

    #[test]
    fn a_wrong_command_line_gets_one_hint() {
        insta::assert_snapshot!([
            told(&["verfy"]),
            told(&["sing"]),
            told(&["bogus"]),
            told(&["verify", "--root", "x"]),
            told(&["verify", "--trustedroot", "x"]),
            told(&["verify", "--nothing-like-it"]),
            told(&["verify", "--email", "ann@example.com"]),
            told(&["verify-tag", "--issuer", "x"]),
            told(&["login", "--email", "ann@example.com"]),
            told(&["local", "token", "--email", "ann@example.com"]),
            told(&["whoami", "--email"]),
            told(&["verify", "--json", "--quiet"]),
            told(&["verify", "--format", "yaml"]),
            told(&["verify", "--at", "noon"]),
            told(&["whoami", "x"]),
            told(&["trust", "import"]),
        ]
        .join("\n"), @r#"
        unknown subcommand "verfy" / did you mean verify?
        unknown subcommand "sing" / did you mean sign?
        unknown subcommand "bogus" / see `paraph --help`
        unknown option "--root" / see `paraph verify --help`
        unknown option "--trustedroot" / did you mean --trusted-root?
        unknown option "--nothing-like-it" / see `paraph verify --help`
        unknown option "--email" / use --certificate-identity, with --certificate-oidc-issuer
        unknown option "--issuer" / use --certificate-oidc-issuer, with --certificate-identity
        unknown option "--email" / give the identity without an option: `paraph login IDENTITY`
        unknown option "--email" / give the address without an option: `paraph local token ADDRESS`
        unknown option "--email" / see `paraph whoami --help`
        the argument "--json" cannot be used with "--quiet" / see `paraph verify --help`
        invalid value "yaml" for "--format <FORMAT>"; expected one of text, json, sarif / see `paraph verify --help`
        invalid value "noon" for "--at <TIME>": it is not a time in RFC 3339, such as 2026-01-31T00:00:00Z / see `paraph verify --help`
        unexpected argument "x" / see `paraph whoami --help`
        the following required arguments were not provided: <FILE> / see `paraph trust import --help`
        "#);
    }
}
