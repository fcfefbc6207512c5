//! How git, jj and programs written for gpgsm call their signing program: the options of gpgsm that they use.
//!
//! | caller | arguments |
//! | --- | --- |
//! | git signs | `--status-fd=2 -bsau KEY`, the payload on standard input |
//! | git verifies | `--status-fd=1 --verify SIGNATURE -`, the payload on standard input |
//! | jj signs | `-abu KEY` |
//! | jj verifies | `--status-fd=1 --verify SIGNATURE DATA` |
//! | Eclipse looks for a key | `--list-secret-keys --with-colons --batch --no-tty KEY` |
//! | Eclipse signs | `-bsau KEY --batch --no-tty --status-fd 2 --output -` |
//!
//! Options may be written as gpg allows: long or short, clustered, with the value attached or separate, and in any order. What each
//! option means is in [`super::gpg_option`]. One that would change the result is refused by name.

use super::gpg_option::{Meaning, ValueMeaning, of_long};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GitCall {
    /// A detached, armored signature.
    Sign(SignCall),
    /// The verdict on a detached signature.
    Verify {
        /// The descriptor for status lines; `None` for no status lines.
        status_fd: Option<u32>,
        /// The file with the signature; `None` for standard input.
        signature: Option<PathBuf>,
        /// The file with the signed data; `None` for standard input.
        data: Option<PathBuf>,
    },
    /// The identities that could sign, as gpgsm lists its keys.
    ListKeys(ListCall),
}

/// A call to sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SignCall {
    /// The descriptor for status lines; `None` for no status lines.
    pub(crate) status_fd: Option<u32>,
    /// `user.signingKey`, or `Name <email>` of the committer; any text, also empty.
    pub(crate) key: Option<OsString>,
    /// The file to sign; `None` for standard input.
    pub(crate) input: Option<PathBuf>,
    /// The file for the signature; `None` for standard output.
    pub(crate) output: Option<PathBuf>,
}

/// A call to list keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ListCall {
    /// Only those with a secret key.
    pub(crate) secret: bool,
    /// For programs: fields between colons.
    pub(crate) colons: bool,
    /// The names to look for; none for every key.
    pub(crate) names: Vec<OsString>,
}

/// Why a call that looks like git's is not valid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// An unknown option.
    #[error("unknown option \"{0}\"")]
    UnknownOption(String),
    /// An option of gpgsm that asks for something else than this program does.
    #[error("the option {0} is not supported")]
    Unsupported(String),
    /// An option without its value.
    #[error("the option {0} needs a value")]
    MissingValue(String),
    /// A value for an option that takes none.
    #[error("the option {0} takes no value")]
    UnexpectedValue(String),
    /// A value that is not a file descriptor.
    #[error("--status-fd is \"{0}\"; expected the number of a file descriptor")]
    StatusFd(String),
    /// Two tasks at once.
    #[error("{0} and {1} cannot be used together")]
    Together(&'static str, &'static str),
    /// An option that reads standard input, where something else is read.
    #[error("the option {0} reads standard input, which has the data")]
    StandardInput(String),
    /// A wrong number of files.
    #[error("{0}")]
    Files(&'static str),
}

impl Error {
    /// What to do about it, if there is something.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::UnknownOption(_) | Self::Unsupported(_) => Some(
                "remove the option where the signing program is configured; paraph makes detached, armored signatures and verifies them",
            ),
            Self::StandardInput(_) => Some("remove the option, or name the file with the data; paraph asks for no passphrase"),
            _ => None,
        }
    }
}

/// Parses arguments that look like git's or jj's: they begin with an option, and ask to sign, to verify or to list keys.
///
/// `None` for all others, which clap parses.
pub(crate) fn parse(arguments: &[OsString]) -> Option<Result<GitCall, Error>> {
    if !arguments.first()?.as_encoded_bytes().starts_with(b"-") {
        return None;
    }
    let mut call = Options::default();
    let result = call.read(arguments);
    // an unknown option may precede the one that says what is asked for
    let is_git = call.sign || call.verify || call.list || call.v || arguments.iter().any(|argument| is_of_gpgsm(argument));
    is_git.then(|| result.and_then(|()| call.finish()))
}

/// Whether only a caller of gpgsm would pass this option.
fn is_of_gpgsm(argument: &OsStr) -> bool {
    let Some(name) = argument.to_str().and_then(|text| text.strip_prefix("--")) else { return false };
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    matches!(
        of_long(name),
        Some(Meaning::Sign | Meaning::Verify | Meaning::List { .. } | Meaning::Refused | Meaning::Value(ValueMeaning::StatusFd))
    )
}

#[derive(Default)]
struct Options {
    sign: bool,
    verify: bool,
    list: bool,
    /// `-v`: to verify, as in gitsign, or more messages, as in gpgsm.
    v: bool,
    keys: ListCall,
    status_fd: Option<u32>,
    key: Option<OsString>,
    default_key: Option<OsString>,
    output: Option<OsString>,
    /// An option that reads standard input.
    reads_input: Option<String>,
    files: Vec<OsString>,
}

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
        // only a key or a file may be any bytes, and callers pass these separately from their options
        let text = argument.to_string_lossy();
        let (name, joined) = match text.trim_start_matches("--").split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text.trim_start_matches("--"), None),
        };
        let option = || format!("--{name}");
        match of_long(name) {
            Some(Meaning::Value(meaning)) => {
                let value = joined.or_else(|| rest.next().cloned()).ok_or_else(|| Error::MissingValue(option()))?;
                // what would be read there is not needed, so only data in its place matters
                if meaning == ValueMeaning::InputFd && value == "0" {
                    self.reads_input = Some(option());
                }
                return self.value(meaning, value);
            }
            Some(Meaning::Refused) => return Err(Error::Unsupported(option())),
            None => return Err(Error::UnknownOption(option())),
            Some(_) if joined.is_some() => return Err(Error::UnexpectedValue(option())),
            Some(Meaning::Sign) => self.sign = true,
            Some(Meaning::Verify) => self.verify = true,
            Some(Meaning::List { secret }) => (self.list, self.keys.secret) = (true, secret),
            Some(Meaning::Colons) => self.keys.colons = true,
            Some(Meaning::Ignored) => {}
        }
        Ok(())
    }

    fn cluster<'a>(&mut self, argument: &OsStr, rest: &mut impl Iterator<Item = &'a OsString>) -> Result<(), Error> {
        let Some(text) = argument.to_str() else { return Err(Error::UnknownOption(argument.to_string_lossy().into_owned())) };
        for (place, letter) in text.char_indices().skip(1) {
            match letter {
                's' | 'b' => self.sign = true,
                'v' => self.v = true,
                'k' | 'K' => (self.list, self.keys.secret) = (true, letter == 'K'),
                'a' | 'q' => {}
                'u' | 'o' => {
                    let joined = text.get(place + 1..).filter(|joined| !joined.is_empty()).map(OsString::from);
                    let value = joined.or_else(|| rest.next().cloned()).ok_or_else(|| Error::MissingValue(format!("-{letter}")))?;
                    if letter == 'u' {
                        self.key = Some(value);
                    } else {
                        self.output = Some(value);
                    }
                    return Ok(());
                }
                'c' | 'd' | 'e' | 'i' | 'n' | 'r' | 't' => return Err(Error::Unsupported(format!("-{letter}"))),
                _ => return Err(Error::UnknownOption(format!("-{letter}"))),
            }
        }
        Ok(())
    }

    fn value(&mut self, meaning: ValueMeaning, value: OsString) -> Result<(), Error> {
        match meaning {
            ValueMeaning::LocalUser => self.key = Some(value),
            ValueMeaning::DefaultKey => self.default_key = Some(value),
            ValueMeaning::Output => self.output = Some(value),
            ValueMeaning::StatusFd => {
                let text = value.to_string_lossy();
                self.status_fd = match text.as_ref() {
                    "-1" => None,
                    number => Some(number.parse().map_err(|_| Error::StatusFd(number.to_owned()))?),
                };
            }
            ValueMeaning::InputFd | ValueMeaning::Ignored => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<GitCall, Error> {
        let Self { sign, verify, list, v, mut keys, status_fd, key, default_key, output, reads_input, files } = self;
        // beside another task, -v asks for more messages
        let verify = verify || v && !sign && !list;
        match (sign, verify, list) {
            (true, true, _) => return Err(Error::Together("--sign", "--verify")),
            (true, _, true) => return Err(Error::Together("--sign", "--list-keys")),
            (_, true, true) => return Err(Error::Together("--verify", "--list-keys")),
            (false, false, false) => return Err(Error::Files("--sign or --verify is missing")),
            _ => {}
        }
        let named = |file: Option<OsString>| file.filter(|file| file != "-").map(PathBuf::from);
        let output = named(output);
        if output.is_some() && !sign {
            return Err(Error::Unsupported("--output".to_owned()));
        }
        if list {
            keys.names = files;
            return Ok(GitCall::ListKeys(keys));
        }
        let mut files = files.into_iter();
        let (call, has_data) = if sign {
            let input = named(files.next());
            let has_data = input.is_none();
            (GitCall::Sign(SignCall { status_fd, key: key.or(default_key), input, output }), has_data)
        } else {
            let signature = files.next().ok_or(Error::Files("--verify needs two files: the detached signature, and the data or '-'"))?;
            let data = files.next().ok_or(Error::Files("the data or '-' is missing; --verify accepts detached signatures only"))?;
            let (signature, data) = (named(Some(signature)), named(Some(data)));
            if signature.is_none() && data.is_none() {
                return Err(Error::Files("standard input cannot have both the signature and the data"));
            }
            let has_data = signature.is_none() || data.is_none();
            (GitCall::Verify { status_fd, signature, data }, has_data)
        };
        match reads_input.filter(|_| has_data) {
            Some(option) => Err(Error::StandardInput(option)),
            None if files.next().is_some() => Err(Error::Files("too many files")),
            None => Ok(call),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &[&str]) -> Option<Result<GitCall, Error>> {
        parse(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn sign(status_fd: Option<u32>, key: Option<&str>) -> Option<Result<GitCall, Error>> {
        Some(Ok(GitCall::Sign(SignCall { status_fd, key: key.map(OsString::from), ..SignCall::default() })))
    }

    fn verify(data: Option<&str>) -> Option<Result<GitCall, Error>> {
        Some(Ok(GitCall::Verify { status_fd: Some(1), signature: Some("sig".into()), data: data.map(PathBuf::from) }))
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
        let file = Some(Ok(GitCall::Sign(SignCall { input: Some("-x".into()), ..SignCall::default() })));
        assert_eq!(call(&["-bsa", "--", "-x"]), file);
    }

    #[test]
    fn options_of_gpgsm_without_effect_change_nothing() {
        let git = ["--status-fd=2", "-bsau", "k"];
        let expected = call(&git);
        for more in [
            &["--yes"][..],
            &["--batch", "--no-tty", "--no-secmem-warning", "--disable-dirmngr", "--disable-crl-checks"],
            &["--pinentry-mode", "loopback"],
            &["--pinentry-mode=loopback"],
            &["--homedir", "/nowhere"],
            &["--default-key", "other"],
            &["--digest-algo", "SHA512"],
            &["--logger-fd=1"],
            &["--passphrase-fd", "3"],
            &["-v"],
            &["-vq"],
            &["--openpgp", "--no-emit-version", "--no-comments", "--always-trust", "--enable-progress-filter"],
            &["--compress-algo", "none", "--cert-digest-algo=SHA256", "--max-output", "9"],
            &["--output", "-"],
            &["-o-"],
        ] {
            assert_eq!(call(&[more, &git].concat()), expected, "{more:?}");
            assert_eq!(call(&[&git, more].concat()), expected, "{more:?}");
        }
        assert_eq!(call(&["-bsa", "--default-key", "k"]), sign(None, Some("k")));
        let to_file = SignCall { output: Some("file".into()), ..SignCall::default() };
        for output in [&["--output", "file"][..], &["--output=file"], &["-o", "file"], &["-ofile"]] {
            assert_eq!(call(&[&["-bsa"], output].concat()), Some(Ok(GitCall::Sign(to_file.clone()))), "{output:?}");
        }
    }

    #[test]
    fn keys_are_listed_for_people_and_for_programs() {
        let list = |secret, colons, names: &[&str]| {
            Some(Ok(GitCall::ListKeys(ListCall { secret, colons, names: names.iter().map(OsString::from).collect() })))
        };
        assert_eq!(call(&["--list-secret-keys", "--with-colons", "--batch", "--no-tty", "a", "b"]), list(true, true, &["a", "b"]));
        assert_eq!(call(&["--with-colons", "-K"]), list(true, true, &[]));
        assert_eq!(call(&["-k", "a"]), list(false, false, &["a"]));
        assert_eq!(call(&["--list-keys", "--verify", "a"]), Some(Err(Error::Together("--verify", "--list-keys"))));
    }

    #[test]
    fn options_that_would_change_the_result_are_refused_by_name() {
        for option in ["--decrypt", "--encrypt", "--clearsign", "--export", "--gen-key", "--textmode"] {
            for arguments in [&[option][..], &[option, "-bsau", "k"], &["-bsau", "k", option]] {
                assert_eq!(call(arguments), Some(Err(Error::Unsupported(option.to_owned()))), "{arguments:?}");
            }
        }
        assert_eq!(call(&["-e", "-s"]), None, "unknown before anything says that it is such a call");
        assert_eq!(call(&["-s", "-e"]), Some(Err(Error::Unsupported("-e".to_owned()))));
        assert_eq!(call(&["--output=x", "--verify", "s", "-"]), Some(Err(Error::Unsupported("--output".to_owned()))));
    }

    #[test]
    fn a_passphrase_or_answers_on_standard_input_are_refused_in_place_of_data_only() {
        for option in ["--passphrase-fd", "--command-fd"] {
            let of_data = Some(Err(Error::StandardInput(option.to_owned())));
            for arguments in
                [&["-bsau", "k", option, "0"][..], &[option, "0", "--verify", "sig", "-"], &[option, "0", "--verify", "-", "data"]]
            {
                assert_eq!(call(arguments), of_data, "{arguments:?}");
            }
            // as Maven calls
            let file = SignCall { input: Some("a.jar".into()), output: Some("a.jar.asc".into()), ..SignCall::default() };
            let maven = [
                "--batch",
                "--pinentry-mode",
                "loopback",
                option,
                "0",
                "--armor",
                "--detach-sign",
                "--no-tty",
                "--output",
                "a.jar.asc",
                "a.jar",
            ];
            assert_eq!(call(&maven), Some(Ok(GitCall::Sign(file))));
            assert_eq!(call(&["--status-fd=1", option, "0", "--verify", "sig", "data"]), verify(Some("data")));
            // as Emacs lists keys
            assert!(matches!(
                call(&["--no-tty", "--yes", option, "0", "--with-colons", "--list-secret-keys"]),
                Some(Ok(GitCall::ListKeys(_)))
            ));
        }
    }

    #[test]
    fn standard_input_is_the_signature_or_the_data() {
        let expected = GitCall::Verify { status_fd: None, signature: None, data: Some("data".into()) };
        assert_eq!(call(&["--verify", "-", "data"]), Some(Ok(expected)));
        assert!(matches!(call(&["--verify", "-", "-"]), Some(Err(Error::Files(_)))));
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
        assert_eq!(error(&["-s", "--verify"]), Error::Together("--sign", "--verify"));
        assert_eq!(error(&["--clearsign", "--status-fd=2"]), Error::Unsupported("--clearsign".into()));
        assert_eq!(error(&["--no-such-option", "--status-fd=2"]), Error::UnknownOption("--no-such-option".into()));
        assert_eq!(error(&["-bsaz", "k"]), Error::UnknownOption("-z".into()));
        assert_eq!(error(&["--sign=yes"]), Error::UnexpectedValue("--sign".into()));
        for arguments in [&["--verify"][..], &["--verify", "sig"], &["--verify", "a", "b", "c"], &["-sb", "a", "b"], &["--status-fd=2"]] {
            assert!(matches!(error(arguments), Error::Files(_)), "{arguments:?}");
        }
    }
}
