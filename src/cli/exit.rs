//! Exit codes: their meaning, and the code of every error.

use super::git_call;
use crate::{
    Reason, config,
    gitsign_statement::StatementError,
    identity::{
        LoginError, SourceError, TokenError, WrongSigner,
        workload::{Provider, WorkloadError},
    },
    judge::{self, log::LogError},
    policy::Verdict,
    private_folder, repository,
    repository_policy::RootError,
    selection::{SelectionError, TokenFault, Wanted},
    service::{Cause, ServiceError, tuf::TufError},
    setup_record::SetupRecordError,
    sign::{PayloadError, SignError},
    trust_store,
};
#[cfg(unix)]
use crate::{
    agent::{client::AgentError, keyring::IndexError, registration::RegistrationError},
    agent_protocol::Refusal,
    local::LocalError,
};
use std::fmt::Write;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Exit {
    /// Success; every verified object is good.
    Good,
    /// Called by git: no signature was made, or the signature is not good.
    NotGood,
    /// The command line is not valid.
    Usage,
    /// A setting or a policy file cannot be used.
    Configuration,
    /// The repository or an object cannot be found or read.
    Object,
    /// A service failed.
    Service,
    /// There is no usable identity.
    Identity,
    /// A trust root is missing or damaged.
    Trust,
    /// A file, a pipe or the terminal failed.
    Io,
    /// The worst verdict on an object; never [`Verdict::Good`].
    Verdict(Verdict),
}

impl Exit {
    /// Every exit code with its meaning: a clause without a period.
    pub(crate) const TABLE: &[(Self, &'static str)] = &[
        (Self::Good, "success; every verified object is good"),
        (Self::NotGood, "called by git: no signature was made, or it is not good"),
        (Self::Usage, "the command line is not valid"),
        (Self::Configuration, "a setting, or the file that it names, cannot be used"),
        (Self::Object, "the repository or the object cannot be found or read"),
        (Self::Service, "a service cannot be reached, refused, or sent a wrong answer"),
        (Self::Identity, "there is no identity token, or its identity is not the expected one"),
        (Self::Trust, "the trust root is missing, damaged or not acceptable"),
        (Self::Io, "a file, a pipe or the terminal cannot be read or written"),
        (Self::Verdict(Verdict::Untrusted), "untrusted: verified, but the identity is not allowed"),
        (Self::Verdict(Verdict::Legacy), "legacy: verified by a legacy rule only"),
        (Self::Verdict(Verdict::Unsigned), "unsigned: there is no signature"),
        (Self::Verdict(Verdict::Other), "other: another kind of signature, not judged"),
        (Self::Verdict(Verdict::Unchecked), "unchecked: something that the check needs is missing"),
        (Self::Verdict(Verdict::Bad), "bad: checked and wrong"),
    ];

    /// The exit code of the process. A worse verdict has a higher code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Good | Self::Verdict(Verdict::Good) => 0,
            Self::NotGood => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Object => 4,
            Self::Service => 5,
            Self::Identity => 6,
            Self::Trust => 7,
            Self::Io => 8,
            Self::Verdict(Verdict::Untrusted) => 10,
            Self::Verdict(Verdict::Legacy) => 11,
            Self::Verdict(Verdict::Unsigned) => 12,
            Self::Verdict(Verdict::Other) => 13,
            Self::Verdict(Verdict::Unchecked) => 14,
            Self::Verdict(Verdict::Bad) => 15,
        }
    }

    /// The exit for several verdicts: that of the worst.
    pub(crate) fn of_verdicts(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        match verdicts.into_iter().max() {
            None | Some(Verdict::Good) => Self::Good,
            Some(worst) => Self::Verdict(worst),
        }
    }

    /// The exit of a call of git's, by whether git must see success.
    pub(crate) fn of_git_call(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::NotGood }
    }

    /// The exit of a question whether a service runs.
    #[cfg(unix)]
    pub(crate) fn of_service(is_running: bool) -> Self {
        if is_running { Self::Good } else { Self::Service }
    }

    /// The exit of a command line that is not run: it asks for help, or is not valid.
    pub(crate) fn of_command_line(error: &clap::Error) -> Self {
        if error.use_stderr() { Self::Usage } else { Self::Good }
    }

    /// The exit of a call whose output nobody reads to the end.
    pub(crate) fn of_closed_output() -> Self {
        Self::Io
    }
}

/// The codes with their meanings, as the documents list them; not those of verdicts.
pub fn codes() -> impl Iterator<Item = (u8, &'static str)> {
    let is_listed = |exit: &Exit| !matches!(exit, Exit::Good | Exit::Verdict(_));
    Exit::TABLE.iter().filter(move |(exit, _)| is_listed(exit)).map(|(exit, meaning)| (exit.code(), *meaning))
}

/// The code of a verdict.
pub fn code_of(verdict: Verdict) -> u8 {
    Exit::of_verdicts([verdict]).code()
}

/// The table for the help.
pub(crate) fn help() -> String {
    let mut text = "Exit codes:".to_owned();
    for (exit, meaning) in Exit::TABLE {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {:>2}  {meaning}", exit.code());
    }
    text
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code to end with.
    pub exit: Exit,
    /// What failed and why: a clause without a period; escaped when printed.
    pub message: String,
    /// What to do about it: an imperative sentence whose period [`Failure::hint_sentence`] adds; escaped when printed.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// What the command line names is not valid.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A setting, or the file that it names, cannot be used.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(Exit::Configuration, message)
    }

    /// The repository or an object cannot be found or read.
    pub(crate) fn object(message: impl Into<String>) -> Self {
        Self::new(Exit::Object, message)
    }

    /// A service cannot be reached, or the server of a local one does not do as it should.
    #[cfg(unix)]
    pub(crate) fn service(message: impl Into<String>) -> Self {
        Self::new(Exit::Service, message)
    }

    /// There is no identity to sign as, or it is not the expected one.
    pub(crate) fn identity(message: impl Into<String>) -> Self {
        Self::new(Exit::Identity, message)
    }

    /// The system gives no file, terminal or thread where one is needed. See [`Failure::io`] for its errors.
    pub(crate) fn system(message: impl Into<String>) -> Self {
        Self::new(Exit::Io, message)
    }

    /// An object has this verdict, which is not good, where a good one is needed.
    pub(crate) fn verdict(verdict: Verdict, message: impl Into<String>) -> Self {
        Self::new(Exit::of_verdicts([verdict]), message)
    }

    /// What git asked for is refused.
    pub(crate) fn not_good(message: impl Into<String>) -> Self {
        Self::new(Exit::NotGood, message)
    }

    /// The failure of a file, a pipe or the terminal.
    pub(crate) fn io(what: &str, error: &std::io::Error) -> Self {
        Self { hint: private_folder::hint(error), ..Self::new(Exit::Io, format!("{what}: {error}")) }
    }

    /// This failure with a hint.
    #[must_use]
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The failure of a call of git's, which does not tell one failure from another.
    #[must_use]
    pub(crate) fn under_git(self) -> Self {
        Self { exit: Exit::NotGood, ..self }
    }

    /// The hint as it is shown.
    pub(crate) fn hint_sentence(&self) -> Option<String> {
        self.hint.as_deref().map(hint_sentence)
    }
}

/// A hint with its final period, as every hint is shown.
///
/// The period follows a closing backtick, quotation mark or bracket too. There is none after a hint that ends a sentence by itself, and none
/// after a bare address or path, which a double click would select together with it.
pub(crate) fn hint_sentence(hint: &str) -> String {
    let is_address = || hint.rsplit(char::is_whitespace).next().is_some_and(|word| word.contains('/') && word.ends_with(is_of_address));
    if hint.ends_with(['.', '?', '!', '…']) || is_address() { hint.to_owned() } else { format!("{hint}.") }
}

/// Whether a double click takes the character for a part of an address or path.
fn is_of_address(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '/' | '-' | '_' | '~' | '=' | '&' | '%')
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        match error {
            config::Error::Repository(error) => error.into(),
            config::Error::CurrentDirectory(_) => Self::new(Exit::Io, error.to_string()),
            config::Error::Wrong { .. } | config::Error::BadValue { .. } | config::Error::BadInstance { .. } => {
                Self { hint: error.hint(), ..Self::new(Exit::Configuration, error.to_string()) }
            }
        }
    }
}

impl From<repository::Error> for Failure {
    fn from(error: repository::Error) -> Self {
        use repository::Error as E;
        let exit = match &error {
            E::CurrentDirectory(_) => Exit::Io,
            E::Configuration(_) | E::Parameters | E::ReferencePattern(_) => Exit::Configuration,
            E::BadRevision { .. } | E::SelectionPattern(_) => Exit::Usage,
            E::ForeignOwner(_)
            | E::ImplicitBareRepository(_)
            | E::Open { .. }
            | E::ObjectDirectory(_)
            | E::WorkTree(_)
            | E::UnknownRevision { .. }
            | E::NotInShallowClone(_)
            | E::NoCommit(_)
            | E::AmbiguousRevision { .. }
            | E::MissingObject(_)
            | E::DamagedObject { .. }
            | E::ObjectTooLarge { .. }
            | E::ObjectIdMismatch { .. }
            | E::Sha1Collision { .. }
            | E::BrokenReference { .. }
            | E::ObjectCopiesDiffer { .. }
            | E::CommitGraphDiffers { .. }
            | E::CommitGraph { .. }
            | E::RepeatedReference(_)
            | E::ObjectStore { .. }
            | E::IrregularFile { .. }
            | E::Walk(_)
            | E::Git(_) => Exit::Object,
        };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

impl From<judge::Error> for Failure {
    fn from(error: judge::Error) -> Self {
        use judge::Error as E;
        match error {
            E::Repository(error) => error.into(),
            E::NotATag { .. } => Self::new(Exit::Object, error.to_string()).with_hint("verify commits with `paraph verify`"),
            E::TooManyApprovals { .. } => {
                Self::new(Exit::Object, error.to_string()).with_hint("find out who made them, and delete those that are not needed")
            }
            E::NoCertificate { .. } => Self::new(Exit::Object, error.to_string()),
            E::NotSignable { .. } => Self::new(Exit::Object, error.to_string()).with_hint("give a commit or an annotated tag"),
        }
    }
}

impl From<RootError<judge::Error>> for Failure {
    fn from(error: RootError<judge::Error>) -> Self {
        match error {
            RootError::History(error) => error.into(),
            RootError::NoFile | RootError::Unusable(_) => Self::new(Exit::Configuration, error.to_string())
                .with_hint("set paraph.policyRoot to a commit with a policy that can be used"),
        }
    }
}

impl From<StatementError> for Failure {
    fn from(error: StatementError) -> Self {
        Self::new(Exit::Object, error.to_string())
    }
}

impl From<judge::FileError> for Failure {
    fn from(error: judge::FileError) -> Self {
        use judge::FileError as E;
        match &error {
            E::Read { source, .. } => Self::io(&error.to_string(), source),
            E::DigestAlone => Self::new(Exit::Usage, error.to_string()).with_hint("name the file with its bundle: --bundle FILE"),
        }
    }
}

impl From<judge::ReleaseFault> for Failure {
    fn from(fault: judge::ReleaseFault) -> Self {
        if let judge::ReleaseFault::Repository(error) = fault {
            return error.into();
        }
        let verdict = fault.verdict().map_or(Verdict::Bad, |(verdict, _)| verdict);
        Self { hint: fault.hint(), ..Self::new(Exit::Verdict(verdict), fault.to_string()) }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        use LogError as E;
        let exit = match &error {
            E::Service(error) => return error.clone().into(),
            E::Signature(rejection) => Exit::Verdict(rejection.reason().standing().into()),
            E::Answer { rejection, .. } if rejection.reason() == Reason::LogUnknown => Exit::Verdict(Verdict::Unchecked),
            E::Answer { .. } => Exit::Service,
            E::NoDigest => Exit::Verdict(Verdict::Unchecked),
            E::NotFound { .. } => Exit::Object,
            E::UuidOfV2 => Exit::Usage,
            E::NoAddress { .. } => Exit::Configuration,
            E::NoTree { .. } | E::Rollback { .. } | E::Fork { .. } | E::Inconsistent { .. } | E::Promise { .. } | E::OtherEntry { .. } => {
                Exit::Verdict(Verdict::Bad)
            }
        };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

impl From<judge::NotADigest> for Failure {
    fn from(error: judge::NotADigest) -> Self {
        Self::usage(error.to_string()).with_hint("write sha256: and 64 hexadecimal digits")
    }
}

impl From<git_call::Error> for Failure {
    fn from(error: git_call::Error) -> Self {
        Self { hint: error.hint().map(str::to_owned), ..Self::new(Exit::Usage, error.to_string()) }
    }
}

/// What to do about a file that is not a trust root.
const TRUST_ROOT_HINT: &str = "give a trusted_root.json, as a Sigstore instance publishes it";

impl From<SelectionError> for Failure {
    fn from(error: SelectionError) -> Self {
        use SelectionError as E;
        let exit = match &error {
            E::UnknownInstance { wanted: Wanted::Services, .. }
            | E::File { .. }
            | E::SigningConfig { .. }
            | E::NoService { .. }
            | E::NoServiceNow { .. }
            | E::PolicyFile { .. }
            | E::TwoPolicies { .. }
            | E::ForgeKey { .. } => Exit::Configuration,
            E::UnknownInstance { wanted: Wanted::TrustRoot, .. } | E::TrustRoot(_) | E::NoTrustRoot(_) | E::TrustStore(_) => Exit::Trust,
        };
        match error {
            E::TrustStore(error) => Self { exit, ..error.into() },
            E::TrustRoot(error) => Self::new(exit, error.to_string()).with_hint(TRUST_ROOT_HINT),
            error => Self { hint: error.hint(), ..Self::new(exit, error.to_string()) },
        }
    }
}

impl From<trust_store::Error> for Failure {
    fn from(error: trust_store::Error) -> Self {
        use trust_store::Error as E;
        if let E::UnreadableImport { cause, .. } | E::UnwritableImport { cause, .. } = &error
            && let Some(hint) = private_folder::hint(cause)
        {
            return Self::new(Exit::Trust, error.to_string()).with_hint(hint);
        }
        let (exit, hint) = match error {
            E::Tuf(error) => return error.into(),
            E::NoMirror(ref name) if !name.is_built_in() => {
                let hint = format!("set paraph.{name}.mirror, or run `paraph trust initialize --instance {name}`");
                return Self::new(Exit::Trust, error.to_string()).with_hint(hint);
            }
            E::NoHome => (Exit::Io, Some("set HOME")),
            E::NoMirror(_) => (Exit::Trust, Some("choose the instance with --instance")),
            E::NotImportable(_) => (Exit::Usage, Some("name another instance with --instance NAME")),
            E::UnwritableImport { .. } => (Exit::Io, Some("check the folder's permissions and the free space")),
            E::DamagedImport { .. } => (Exit::Trust, Some("remove the file, or import the trust again")),
            E::TrustRoot(_) => (Exit::Trust, Some(TRUST_ROOT_HINT)),
            E::UnreadableImport { .. } => (Exit::Trust, Some("check the file's permissions, or import the trust again")),
        };
        Self { hint: hint.map(str::to_owned), ..Self::new(exit, error.to_string()) }
    }
}

impl From<TufError> for Failure {
    fn from(error: TufError) -> Self {
        let exit = match &error {
            TufError::Service(_) => Exit::Service,
            TufError::Io { .. } | TufError::Locked(_) => Exit::Io,
            _ => Exit::Trust,
        };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let exit = if matches!(error.cause(), Cause::Network(_)) { Exit::Configuration } else { Exit::Service };
        let failure = Self::new(exit, error.to_string());
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl From<PayloadError> for Failure {
    fn from(error: PayloadError) -> Self {
        Self { hint: error.hint().map(str::to_owned), ..Self::new(Exit::Usage, error.to_string()) }
    }
}

impl From<SetupRecordError> for Failure {
    fn from(error: SetupRecordError) -> Self {
        Self::new(Exit::Io, error.to_string()).with_hint(error.hint())
    }
}

impl From<WrongSigner> for Failure {
    fn from(error: WrongSigner) -> Self {
        Self::new(Exit::Identity, error.to_string()).with_hint(error.hint())
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        let exit = match &error {
            SignError::WrongSigner(_) | SignError::WrongCertifiedSigner(_) => Exit::Identity,
            SignError::Service(_) | SignError::WrongCertificate { .. } => Exit::Service,
            SignError::Certificate { .. } | SignError::SelfCheck { .. } | SignError::IntermediateMissing { .. } => Exit::Trust,
            SignError::TimestampAuthorityMissing => Exit::Configuration,
            SignError::StatementTooLarge { .. } => Exit::Usage,
            SignError::Abandoned | SignError::Encoding(_) | SignError::Key(_) => Exit::Io,
        };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self { hint: error.hint().map(str::to_owned), ..Self::new(Exit::Identity, error.to_string()) }
    }
}

impl From<WorkloadError> for Failure {
    fn from(error: WorkloadError) -> Self {
        Self::new(Exit::Identity, error.to_string()).with_hint(error.hint())
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self { hint: error.hint().map(str::to_owned), ..Self::new(Exit::Identity, error.to_string()) }
    }
}

impl From<TokenFault> for Failure {
    fn from(fault: TokenFault) -> Self {
        Self { hint: fault.hint(), ..Self::new(Exit::Identity, fault.to_string()) }
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        let in_job = || Provider::remedy_in_job(&|name: &str| std::env::var_os(name)).filter(|_| matches!(error, LoginError::Nobody));
        let exit = if matches!(error, LoginError::Service(_)) { Exit::Service } else { Exit::Identity };
        Self { hint: in_job().or(error.hint()).map(str::to_owned), ..Self::new(exit, error.to_string()) }
    }
}

#[cfg(unix)]
impl From<RegistrationError> for Failure {
    fn from(error: RegistrationError) -> Self {
        use RegistrationError as E;
        let exit = match error {
            E::Settings(error) => return error.into(),
            E::Selection(error) => return error.into(),
            E::Name(_) | E::OfUser(_) | E::NoServices(_) => Exit::Usage,
            E::NoHome | E::Unwritable { .. } => Exit::Io,
            E::Unreadable { .. } | E::Damaged { .. } => Exit::Configuration,
        };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

#[cfg(unix)]
impl From<AgentError> for Failure {
    fn from(error: AgentError) -> Self {
        let exit = match &error {
            AgentError::Refused { kind, .. } => match kind {
                Refusal::Identity | Refusal::Login | Refusal::Denied | Refusal::Locked => Exit::Identity,
                Refusal::Configuration | Refusal::Instance => Exit::Configuration,
                Refusal::Payload | Refusal::Subject => Exit::Usage,
                Refusal::Keyring => Exit::Io,
                Refusal::Version | Refusal::Older | Refusal::Request | Refusal::Busy | Refusal::Service | Refusal::Unknown => Exit::Service,
            },
            AgentError::Nobody | AgentError::Unanswered(_) => Exit::Identity,
            AgentError::Place(_) | AgentError::Abandoned => Exit::Io,
            AgentError::Absent | AgentError::Ended | AgentError::Broken(_) | AgentError::Start(_) => Exit::Service,
        };
        Self { hint: error.hint().map(str::to_owned), ..Self::new(exit, error.to_string()) }
    }
}

#[cfg(unix)]
impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        Self::new(Exit::Io, error.to_string())
    }
}

#[cfg(unix)]
impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let exit = match &error {
            LocalError::File { .. } | LocalError::Exists(_) | LocalError::Occupied(_) | LocalError::Exposed { .. } => Exit::Io,
            LocalError::Identity(_) => Exit::Usage,
            LocalError::Absent(_) | LocalError::Damaged { .. } | LocalError::InUse { .. } | LocalError::Port { .. } => Exit::Service,
            LocalError::Full(_) | LocalError::Crypto(_) => Exit::Service,
        };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_rise_with_the_verdict() {
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, _)| exit.code()).collect();
        assert!(codes.is_sorted() && codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
        let verdicts: Vec<u8> = Verdict::ALL.into_iter().map(|verdict| Exit::Verdict(verdict).code()).collect();
        assert!(verdicts.is_sorted(), "{verdicts:?}");
        let listed = |verdict: &Verdict| Exit::TABLE.iter().any(|(exit, _)| *exit == Exit::of_verdicts([*verdict]));
        assert!(Verdict::ALL.iter().all(listed));
    }

    #[test]
    fn a_hint_ends_with_a_period_but_not_one_that_would_be_copied() {
        let shown = |hint: &str| Failure::new(Exit::Usage, "x").with_hint(hint).hint_sentence().unwrap();
        for (hint, expected) in [
            ("set paraph.issuer", "set paraph.issuer."),
            ("run `paraph trust update`", "run `paraph trust update`."),
            ("request a token for the audience \"sigstore\"", "request a token for the audience \"sigstore\"."),
            ("use `chmod 700 /home/ann/x`", "use `chmod 700 /home/ann/x`."),
            ("try again (at most twice)", "try again (at most twice)."),
            ("log in at https://example.com/auth", "log in at https://example.com/auth"),
            ("remove /home/ann/.cache/paraph", "remove /home/ann/.cache/paraph"),
            ("try again.", "try again."),
        ] {
            assert_eq!(shown(hint), expected);
        }
    }

    #[test]
    fn the_worst_verdict_wins() {
        assert_eq!(Exit::of_verdicts([]), Exit::Good);
        assert_eq!(Exit::of_verdicts([Verdict::Good, Verdict::Good]), Exit::Good);
        assert_eq!(Exit::of_verdicts([Verdict::Bad, Verdict::Good, Verdict::Unsigned]).code(), 15);
    }
}
