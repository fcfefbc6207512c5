//! How git and jj call their signing program: the options of gpgsm that they use.
//!
//! | caller | arguments |
//! | --- | --- |
//! | git signs | `--status-fd=2 -bsau KEY`, the payload on standard input |
//! | git verifies | `--status-fd=1 --verify SIGNATURE -`, the payload on standard input |
//! | jj signs | `-abu KEY` |
//! | jj verifies | `--status-fd=1 --verify SIGNATURE DATA` |
//!
//! Options may be written as gpg allows: long or short, clustered, with the value attached or separate, and in any order.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GitCall {
    /// A detached, armored signature on standard output.
    Sign {
        /// The descriptor for status lines; `None` for no status lines.
        status_fd: Option<u32>,
        /// `user.signingKey`, or `Name <email>` of the committer; any text, also empty.
        key: Option<OsString>,
        /// The file to sign; `None` for standard input.
        input: Option<PathBuf>,
    },
    /// The verdict on a detached signature.
    Verify {
        /// The descriptor for status lines; `None` for no status lines.
        status_fd: Option<u32>,
        /// The file with the signature.
        signature: PathBuf,
        /// The file with the signed data; `None` for standard input.
        data: Option<PathBuf>,
    },
}

/// Why a call that looks like git's is not valid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// An unknown option.
    #[error("unknown option \"{0}\"")]
    UnknownOption(String),
    /// An option without its value.
    #[error("the option {0} needs a value")]
    MissingValue(String),
    /// A value for an option that takes none.
    #[error("the option {0} takes no value")]
    UnexpectedValue(String),
    /// A value that is not a file descriptor.
    #[error("--status-fd is \"{0}\"; expected the number of a file descriptor")]
    StatusFd(String),
    /// Both at once.
    #[error("--sign and --verify cannot be used together")]
    SignAndVerify,
    /// A wrong number of files.
    #[error("{0}")]
    Files(&'static str),
}

/// Parses arguments that look like git's or jj's: they begin with an option and ask to sign or to verify.
///
/// `None` for all others, which clap parses.
pub(crate) fn parse(arguments: &[OsString]) -> Option<Result<GitCall, Error>> {
    if !arguments.first()?.as_encoded_bytes().starts_with(b"-") {
        return None;
    }
    let mut call = Options::default();
    let result = call.read(arguments);
    // an unknown option may precede the one that says what is asked for
    let is_git = call.sign || call.verify || arguments.iter().any(|argument| asks_for_a_signature(argument));
    is_git.then(|| result.and_then(|()| call.finish()))
}

fn asks_for_a_signature(argument: &OsStr) -> bool {
    matches!(argument.to_str(), Some("--sign" | "--detach-sign" | "--detached-sign" | "--verify"))
        || argument.to_str().is_some_and(|text| text == "--status-fd" || text.starts_with("--status-fd="))
}

#[derive(Default)]
struct Options {
    sign: bool,
    verify: bool,
    status_fd: Option<u32>,
    key: Option<OsString>,
    files: Vec<OsString>,
}

/// Options that take a value. Those without meaning here are ignored.
const WITH_VALUE: [&str; 6] = ["status-fd", "local-user", "include-certs", "keyid-format", "logger-fd", "trust-model"];

impl Options {
    fn read(&mut self, arguments: &[OsString]) -> Result<(), Error> {
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let bytes = argument.as_encoded_bytes();
            if bytes == b"--" {
                self.files.extend(arguments.by_ref().cloned());
            } else if bytes.starts_with(b"--") {
                self.long(argument, &mut arguments)?;
            } else if bytes.starts_with(b"-") && bytes.len() > 1 {
                self.cluster(argument, &mut arguments)?;
            } else {
                self.files.push(argument.clone());
            }
        }
        Ok(())
    }

    fn long<'a>(&mut self, argument: &OsStr, rest: &mut impl Iterator<Item = &'a OsString>) -> Result<(), Error> {
        // only a key may be any bytes, and git passes it separately from its option
        let text = argument.to_string_lossy();
        let (name, joined) = match text.trim_start_matches("--").split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text.trim_start_matches("--"), None),
        };
        if WITH_VALUE.contains(&name) {
            let value = joined.or_else(|| rest.next().cloned()).ok_or_else(|| Error::MissingValue(format!("--{name}")))?;
            return self.value(name, value);
        }
        match name {
            "sign" | "detach-sign" | "detached-sign" => self.sign = true,
            "verify" => self.verify = true,
            "armor" | "batch" | "no-tty" | "quiet" | "verbose" => {}
            _ => return Err(Error::UnknownOption(format!("--{name}"))),
        }
        if joined.is_some() { Err(Error::UnexpectedValue(format!("--{name}"))) } else { Ok(()) }
    }

    fn cluster<'a>(&mut self, argument: &OsStr, rest: &mut impl Iterator<Item = &'a OsString>) -> Result<(), Error> {
        let Some(text) = argument.to_str() else { return Err(Error::UnknownOption(argument.to_string_lossy().into_owned())) };
        for (place, letter) in text.char_indices().skip(1) {
            match letter {
                's' | 'b' => self.sign = true,
                'v' => self.verify = true,
                'a' | 'q' => {}
                'u' => {
                    let joined = text.get(place + 1..).filter(|joined| !joined.is_empty()).map(OsString::from);
                    let key = joined.or_else(|| rest.next().cloned()).ok_or_else(|| Error::MissingValue("-u".to_owned()))?;
                    self.key = Some(key);
                    return Ok(());
                }
                _ => return Err(Error::UnknownOption(format!("-{letter}"))),
            }
        }
        Ok(())
    }

    fn value(&mut self, name: &str, value: OsString) -> Result<(), Error> {
        match name {
            "local-user" => self.key = Some(value),
            "status-fd" => {
                let text = value.to_string_lossy();
                self.status_fd = match text.as_ref() {
                    "-1" => None,
                    number => Some(number.parse().map_err(|_| Error::StatusFd(number.to_owned()))?),
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<GitCall, Error> {
        let Self { sign, verify, status_fd, key, files } = self;
        let mut files = files.into_iter();
        let named = |file: Option<OsString>| file.filter(|file| file != "-").map(PathBuf::from);
        let call = match (sign, verify) {
            (true, true) => return Err(Error::SignAndVerify),
            (false, false) => return Err(Error::Files("--sign or --verify is missing")),
            (true, false) => GitCall::Sign { status_fd, key, input: named(files.next()) },
            (false, true) => {
                let signature =
                    files.next().ok_or(Error::Files("--verify needs two files: the detached signature, and the data or '-'"))?;
                let data = files.next().ok_or(Error::Files("the data or '-' is missing; --verify accepts detached signatures only"))?;
                GitCall::Verify { status_fd, signature: signature.into(), data: named(Some(data)) }
            }
        };
        if files.next().is_some() { Err(Error::Files("too many files")) } else { Ok(call) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &[&str]) -> Option<Result<GitCall, Error>> {
        parse(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn sign(status_fd: Option<u32>, key: Option<&str>) -> Option<Result<GitCall, Error>> {
        Some(Ok(GitCall::Sign { status_fd, key: key.map(OsString::from), input: None }))
    }

    fn verify(data: Option<&str>) -> Option<Result<GitCall, Error>> {
        Some(Ok(GitCall::Verify { status_fd: Some(1), signature: "sig".into(), data: data.map(PathBuf::from) }))
    }

    #[test]
    fn git_and_jj_are_understood_as_they_call() {
        assert_eq!(call(&["--status-fd=2", "-bsau", "A U Thor <a@example.com>"]), sign(Some(2), Some("A U Thor <a@example.com>")));
        assert_eq!(call(&["--status-fd=2", "-bsau", ""]), sign(Some(2), Some("")));
        assert_eq!(call(&["--status-fd=2", "-bsau", "--verify"]), sign(Some(2), Some("--verify")));
        assert_eq!(call(&["-abu", "a@example.com"]), sign(None, Some("a@example.com")));
        assert_eq!(call(&["--status-fd=1", "--verify", "sig", "-"]), verify(None));
        assert_eq!(call(&["--status-fd=1", "--verify", "sig", "data"]), verify(Some("data")));
    }

    #[test]
    fn gpgs_other_spellings_mean_the_same() {
        assert_eq!(call(&["--status-fd", "2", "--sign", "--detach-sign", "--armor", "--local-user", "k"]), sign(Some(2), Some("k")));
        assert_eq!(call(&["--local-user=k", "-s", "-b", "-a"]), sign(None, Some("k")));
        assert_eq!(call(&["-bsauk", "--status-fd=-1", "--include-certs", "-2"]), sign(None, Some("k")));
        assert_eq!(call(&["--keyid-format=long", "--status-fd=1", "--verify", "sig", "-"]), verify(None));
        assert_eq!(call(&["-v", "--status-fd", "1", "--", "sig", "-"]), verify(None));
        let file = Some(Ok(GitCall::Sign { status_fd: None, key: None, input: Some("-x".into()) }));
        assert_eq!(call(&["-bsa", "--", "-x"]), file);
    }

    #[test]
    fn calls_for_people_are_left_to_clap() {
        for arguments in [&[][..], &["verify"], &["--help"], &["-h"], &["--version"], &["-V"], &["-x"], &["verify", "--verify", "-s"]] {
            assert_eq!(call(arguments), None, "{arguments:?}");
        }
    }

    #[test]
    fn a_call_that_cannot_be_served_says_why() {
        let error = |arguments: &[&str]| call(arguments).unwrap().unwrap_err();
        assert_eq!(error(&["--status-fd=two", "-bsau", "k"]), Error::StatusFd("two".into()));
        assert_eq!(error(&["--status-fd"]), Error::MissingValue("--status-fd".into()));
        assert_eq!(error(&["-bsau"]), Error::MissingValue("-u".into()));
        assert_eq!(error(&["-sv"]), Error::SignAndVerify);
        assert_eq!(error(&["--clearsign", "--status-fd=2"]), Error::UnknownOption("--clearsign".into()));
        assert_eq!(error(&["-bsaz", "k"]), Error::UnknownOption("-z".into()));
        assert_eq!(error(&["--sign=yes"]), Error::UnexpectedValue("--sign".into()));
        for arguments in [&["--verify"][..], &["--verify", "sig"], &["--verify", "a", "b", "c"], &["-sb", "a", "b"], &["--status-fd=2"]] {
            assert!(matches!(error(arguments), Error::Files(_)), "{arguments:?}");
        }
    }
}
