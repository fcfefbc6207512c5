//! The types of settings: how each is parsed, what is allowed, and how it is shown.

use super::UrlOpener;
use crate::escape::is_printable;
use crate::repository_policy::{Root, is_full_id};
use crate::trust::Instance;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A value as it was written, with the context that it is parsed in.
pub(super) struct Raw<'a> {
    /// `None` for a name without an equals sign in git's configuration.
    pub text: Option<&'a str>,
    /// The folder that relative paths start from.
    pub base: &'a Path,
    /// What `~` stands for.
    pub home: Option<&'a Path>,
}

/// Why a value is not allowed.
#[derive(Debug)]
pub(super) enum InvalidValue {
    /// It is not one of the allowed values.
    NotAllowed,
    /// It has this defect.
    Because(String),
    /// It has this defect, and the value may hold a secret.
    Hidden(String),
}

impl InvalidValue {
    /// A clause that follows the value.
    pub(super) fn clause(&self) -> String {
        match self {
            Self::NotAllowed => String::new(),
            Self::Because(reason) | Self::Hidden(reason) => format!(": {reason}"),
        }
    }
}

/// How a value is shown to people and in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing is set.
    Unset,
    /// The value.
    Text(String),
    /// The value is a secret and never shown.
    Secret,
}

/// A type of setting.
pub(super) trait Value: Sized {
    /// What is allowed, as a noun phrase.
    const ALLOWED: &'static str;

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue>;

    fn shown(&self) -> Shown;
}

impl<T: Value> Value for Option<T> {
    const ALLOWED: &'static str = T::ALLOWED;

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        if raw.text == Some("") { Ok(None) } else { T::parse(raw).map(Some) }
    }

    fn shown(&self) -> Shown {
        self.as_ref().map_or(Shown::Unset, T::shown)
    }
}

impl Value for bool {
    const ALLOWED: &'static str = "true, yes, on, 1, false, no, off, 0";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let Some(text) = raw.text else { return Ok(true) };
        boolean(text).ok_or(InvalidValue::NotAllowed)
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.to_string())
    }
}

/// Whether git reads a value as true or false: a word, or a whole number, of which only zero is false.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(&["true", "yes", "on"]) {
        Some(true)
    } else if is_one_of(&["false", "no", "off", ""]) {
        Some(false)
    } else {
        // git's units change no zero to another number
        text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']).unwrap_or(text).trim_start().parse::<i64>().ok().map(|number| number != 0)
    }
}

impl Value for Duration {
    const ALLOWED: &'static str = "a whole number of seconds from 1 to 3600";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let seconds: u64 = text(raw)?.parse().map_err(|_| InvalidValue::NotAllowed)?;
        if (1..=3600).contains(&seconds) { Ok(Self::from_secs(seconds)) } else { Err(InvalidValue::NotAllowed) }
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.as_secs().to_string())
    }
}

/// How long something lasts beyond a call: up to a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime(pub Duration);

impl Value for Lifetime {
    const ALLOWED: &'static str = "a whole number of seconds from 1 to 604800";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let seconds: u64 = text(raw)?.parse().map_err(|_| InvalidValue::NotAllowed)?;
        if (1..=604_800).contains(&seconds) { Ok(Self(Duration::from_secs(seconds))) } else { Err(InvalidValue::NotAllowed) }
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.0.as_secs().to_string())
    }
}

impl Value for u32 {
    const ALLOWED: &'static str = "a whole number from 1 to 1000000";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let number = text(raw)?.parse().map_err(|_| InvalidValue::NotAllowed)?;
        if (1..=1_000_000).contains(&number) { Ok(number) } else { Err(InvalidValue::NotAllowed) }
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.to_string())
    }
}

impl Value for u16 {
    const ALLOWED: &'static str = "a whole number from 0 to 3600";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        text(raw)?.parse().ok().filter(|number| *number <= 3600).ok_or(InvalidValue::NotAllowed)
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.to_string())
    }
}

impl Value for String {
    const ALLOWED: &'static str = "text of at most 4096 printable characters";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let text = text(raw)?;
        if text.is_empty() || text.len() > 4096 || !is_printable(text) { Err(InvalidValue::NotAllowed) } else { Ok(text.to_owned()) }
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.clone())
    }
}

impl Value for PathBuf {
    const ALLOWED: &'static str = "a path";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let text = text(raw)?;
        if text.is_empty() || text.contains('\0') {
            return Err(InvalidValue::NotAllowed);
        }
        let Some(rest) = text.strip_prefix('~') else { return Ok(raw.base.join(text)) };
        let home = raw.home.ok_or_else(|| InvalidValue::Because("the home folder is not known".to_owned()))?;
        match rest.strip_prefix('/') {
            Some(rest) => Ok(home.join(rest.trim_start_matches('/'))),
            None if rest.is_empty() => Ok(home.to_owned()),
            None => Err(InvalidValue::Because("the home folder of another user is not looked up".to_owned())),
        }
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.to_string_lossy().into_owned())
    }
}

/// The address of a service as the user wrote it, because issuers are compared character by character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServiceUrl(String);

impl ServiceUrl {
    /// The address as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for ServiceUrl {
    const ALLOWED: &'static str = "an http or https URL without user name, password and fragment";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let text = text(raw)?;
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        if authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(InvalidValue::Hidden("it contains a user name or a password".to_owned()));
        }
        if text.len() > 2048 || !is_printable(text) || text.contains(char::is_whitespace) {
            return Err(InvalidValue::NotAllowed);
        }
        let url = reqwest::Url::parse(text).map_err(|_| InvalidValue::NotAllowed)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.fragment().is_some() {
            return Err(InvalidValue::NotAllowed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidValue::Hidden("it contains a user name or a password".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.0.clone())
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret such as an identity token: never shown, and wiped from memory after use.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// The secret itself, for the one call that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Value for Secret {
    const ALLOWED: &'static str = "a token of at most 16384 characters in one line";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let text = text(raw)?.trim();
        if text.is_empty() || text.len() > 16384 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidValue::NotAllowed);
        }
        Ok(Self(zeroize::Zeroizing::new(text.to_owned())))
    }

    fn shown(&self) -> Shown {
        Shown::Secret
    }
}

impl Value for UrlOpener {
    const ALLOWED: &'static str = "a command whose arguments hold {{.URL}}, such as: firefox --new-tab {{.URL}}";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        Self::new(text(raw)?).map_err(|reason| InvalidValue::Because(reason.to_owned()))
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.as_str().to_owned())
    }
}

impl Value for Instance {
    const ALLOWED: &'static str = "public, staging, custom, or a name of at most 64 letters, digits, hyphens, underscores and dots that begins with a letter or digit";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let text = text(raw)?;
        for known in [Self::Public, Self::Staging, Self::Custom] {
            if text != known.as_str() && text.eq_ignore_ascii_case(known.as_str()) {
                return Err(InvalidValue::Because(format!("write \"{known}\"")));
            }
        }
        // the name becomes a folder's, so it must not be `..`
        let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        Self::named(text).filter(|_| begins_well).ok_or(InvalidValue::NotAllowed)
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.to_string())
    }
}

/// The root of the policy of a repository: a commit by its full id, or the SHA-256 of the policy's file.
pub(crate) type PolicyRoot = Root<String>;

/// The beginning of a digest.
const SHA256: &str = "sha256:";

impl Value for PolicyRoot {
    const ALLOWED: &'static str = "the full id of a commit, or sha256: and the 64 lower-case digits of a digest";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let text = text(raw)?;
        let mut digest = [0; 32];
        match text.strip_prefix(SHA256) {
            Some(digits) if is_full_id(digits) && hex::decode_to_slice(digits, &mut digest).is_ok() => Ok(Self::Digest(digest)),
            None if is_full_id(text) => Ok(Self::Commit(text.to_owned())),
            _ => Err(InvalidValue::NotAllowed),
        }
    }

    fn shown(&self) -> Shown {
        Shown::Text(match self {
            Self::Commit(id) => id.clone(),
            Self::Digest(digest) => format!("{SHA256}{}", hex::encode(digest)),
        })
    }
}

/// Commits by their full ids, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitIds(pub Vec<String>);

impl Value for CommitIds {
    const ALLOWED: &'static str = "up to 1000 full ids of commits with spaces between them";

    fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
        let ids: Vec<String> = text(raw)?.split_ascii_whitespace().map(str::to_owned).collect();
        let are_ids = (1..=1000).contains(&ids.len()) && ids.iter().all(|id| is_full_id(id));
        if are_ids { Ok(Self(ids)) } else { Err(InvalidValue::NotAllowed) }
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.0.join(" "))
    }
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident, $allowed:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(or $alias:literal)*,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The value as it is written in the configuration.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl Value for $name {
            const ALLOWED: &'static str = $allowed;

            fn parse(raw: &Raw<'_>) -> Result<Self, InvalidValue> {
                match text(raw)? {
                    $($text $(| $alias)* => Ok(Self::$variant),)*
                    _ => Err(InvalidValue::NotAllowed),
                }
            }

            fn shown(&self) -> Shown {
                Shown::Text(self.as_str().to_owned())
            }
        }
    };
}

choices! {
    /// Where gitsign stores the log entry. paraph always embeds it.
    RekorMode, "offline, online" {
        /// In the signature.
        Offline = "offline",
        /// In the log only.
        Online = "online",
    }
}

choices! {
    /// The version of the log's API.
    RekorVersion, "1, 2" {
        /// Rekor's `/api/v1`.
        V1 = "1",
        /// Rekor's tiled log.
        V2 = "2",
    }
}

choices! {
    /// Whether the agent signs.
    AgentUse, "auto, running, never" {
        /// The agent signs, and is started if it is not running.
        Auto = "auto",
        /// The agent signs if it is running.
        Running = "running",
        /// The agent does not sign.
        Never = "never",
    }
}

choices! {
    /// Where refresh tokens are stored.
    KeyringUse, "never, os, secret-service, keyutils" {
        /// In the agent's memory only.
        Never = "never",
        /// In the keyring of the operating system.
        Os = "os",
        /// In the desktop's Secret Service.
        SecretService = "secret-service",
        /// In the kernel's keyutils.
        Keyutils = "keyutils",
    }
}

choices! {
    /// Whether signatures for other machines are confirmed.
    AgentConfirm, "ask, never" {
        /// The agent asks for approval.
        Ask = "ask",
        /// The agent signs without approval.
        Never = "never",
    }
}

choices! {
    /// Where the identity token comes from.
    TokenProvider, "interactive, device, envvar, filesystem, github-actions, gitlab, circleci, buildkite-agent, google-workload-identity, google-impersonate, spiffe, azure" {
        /// The user, who logs in with a browser.
        Interactive = "interactive",
        /// The user, who logs in with a browser on another device.
        Device = "device",
        /// The variable `SIGSTORE_ID_TOKEN`.
        Variable = "envvar",
        /// A file.
        Filesystem = "filesystem",
        /// A job of GitHub Actions.
        GithubActions = "github-actions",
        /// A job of GitLab CI.
        Gitlab = "gitlab",
        /// A job of CircleCI.
        Circleci = "circleci",
        /// A job of Buildkite.
        Buildkite = "buildkite-agent" or "buildkite",
        /// A service account at Google.
        Google = "google-workload-identity" or "google",
        /// A service account at Google that the one above may impersonate. gitsign's code has the first name, its documents the second.
        GoogleImpersonate = "google-impersonate" or "google-impersonation",
        /// SPIFFE's Workload API.
        Spiffe = "spiffe",
        /// A managed identity at Azure.
        Azure = "azure",
    }
}

fn text<'a>(raw: &Raw<'a>) -> Result<&'a str, InvalidValue> {
    raw.text.ok_or(InvalidValue::NotAllowed)
}
