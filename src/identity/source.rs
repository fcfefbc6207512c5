//! Where the identity token comes from.
//!
//! The order of [`choose`], first wins:
//!
//! 1. An explicit token provider (`paraph.tokenProvider`, `GITSIGN_TOKEN_PROVIDER`) decides alone: `envvar` is the variable
//!    `SIGSTORE_ID_TOKEN`, `filesystem` the token file, `interactive` a login, `device` a login on another device, each other one a
//!    [`Provider`] of workloads.
//! 2. The variable `SIGSTORE_ID_TOKEN`, where it is set and not empty.
//! 3. The token file, where one is configured (`paraph.identityTokenFile`).
//! 4. A login at paraph's own local issuer, whose access code is at hand; no person is needed.
//! 5. Where nobody could log in (no terminal, no desktop), and this is a job of a CI system that gives it a token: that token.
//! 6. A login in the browser, or with a code on another device where no browser can open here and the issuer offers that
//!    ([`Login::interactive`](super::Login::interactive)).
//!
//! Nothing else that lies around on a machine is picked up, and where a person could log in no workload signs unless it is asked for. The
//! caller says which source was chosen by the fifth rule: it is nobody's explicit choice.

use super::{
    token::{IdentityToken, MAX_TOKEN, TokenError},
    workload::Provider,
};
use std::{io::Read as _, path::PathBuf};
use zeroize::Zeroizing;

/// Where the token provider `filesystem` looks unless a file is configured: the path that gitsign has.
pub const DEFAULT_TOKEN_FILE: &str = "/var/run/sigstore/cosign/oidc-token";
/// The variable that holds a token.
pub const TOKEN_VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// What the choice depends on, from the configuration and the environment.
#[derive(Clone, Default)]
pub struct Settings {
    /// `paraph.tokenProvider`.
    pub token_provider: Option<String>,
    /// The value of `SIGSTORE_ID_TOKEN`.
    pub token_variable: Option<Zeroizing<String>>,
    /// `paraph.identityTokenFile`.
    pub token_file: Option<PathBuf>,
    /// The access code of paraph's own local issuer, where that is the issuer.
    pub access_code: Option<Zeroizing<String>>,
    /// The CI system whose job this is ([`Provider::of_job`]).
    pub job: Option<Provider>,
    /// Whether a person could log in: there is a terminal, or a desktop, or a program of the user's that opens the address.
    pub person: bool,
}

/// Where to take a token from.
#[derive(Clone)]
pub enum Source {
    /// `SIGSTORE_ID_TOKEN`.
    Variable(Zeroizing<String>),
    /// A file.
    File(PathBuf),
    /// A platform.
    Workload(Provider),
    /// [`Login::direct`](super::Login::direct) with this access code.
    Direct(Zeroizing<String>),
    /// [`Login::device`](super::Login::device).
    Device,
    /// [`Login::interactive`](super::Login::interactive).
    Browser,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string())
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(_) => f.write_str(TOKEN_VARIABLE),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Workload(provider) => provider.fmt(f),
            Self::Direct(_) => f.write_str("a login at the local issuer"),
            Self::Device => f.write_str("a login on another device"),
            Self::Browser => f.write_str("a login in the browser"),
        }
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A provider that is not known.
    #[error("the token provider {0} is not known")]
    Provider(String),
    /// `envvar`, and no variable.
    #[error("the token provider is envvar, and {TOKEN_VARIABLE} is not set")]
    VariableMissing,
    /// The file cannot be read.
    #[error("the identity token cannot be read from {path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It holds no token.
    #[error("{origin} holds no identity token that can be used: {source}")]
    Token {
        /// The variable or the file.
        origin: String,
        /// Why.
        source: TokenError,
    },
    /// A login or a platform has to be asked.
    #[error("a token of this source has to be asked for")]
    Asked,
}

/// The source that `settings` choose; see the module's documentation for the order.
///
/// # Errors
/// [`SourceError::Provider`] or [`SourceError::VariableMissing`].
pub fn choose(settings: &Settings) -> Result<Source, SourceError> {
    let variable = settings.token_variable.clone().filter(|token| !token.trim().is_empty()).map(Source::Variable);
    let file = settings.token_file.clone().map(Source::File);
    let login = || settings.access_code.clone().map_or(Source::Browser, Source::Direct);
    match settings.token_provider.as_deref().map(str::trim).filter(|provider| !provider.is_empty()) {
        None => Ok(variable.or(file).unwrap_or_else(|| match (login(), settings.job) {
            (Source::Browser, Some(job)) if !settings.person => Source::Workload(job),
            (login, _) => login,
        })),
        Some("envvar") => variable.ok_or(SourceError::VariableMissing),
        Some("filesystem") => Ok(file.unwrap_or_else(|| Source::File(DEFAULT_TOKEN_FILE.into()))),
        Some("interactive") => Ok(login()),
        Some("device") => Ok(Source::Device),
        Some(other) => match Provider::named(other) {
            Some(provider) => Ok(Source::Workload(provider)),
            None => Err(SourceError::Provider(crate::service::quotable(other))),
        },
    }
}

impl Source {
    /// Whether a login gives the token, and not something that lies at hand.
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Direct(_) | Self::Device | Self::Browser)
    }

    /// The token, of a source that nobody has to be asked for. It is read anew each time, because whoever writes the file replaces it.
    ///
    /// # Errors
    /// [`SourceError::File`], [`SourceError::Token`], or [`SourceError::Asked`].
    pub fn read(&self) -> Result<IdentityToken, SourceError> {
        let text = match self {
            Self::Variable(token) => token.clone(),
            Self::File(path) => read_token_file(path).map_err(|source| SourceError::File { path: path.display().to_string(), source })?,
            Self::Direct(_) | Self::Device | Self::Browser | Self::Workload(_) => return Err(SourceError::Asked),
        };
        IdentityToken::parse(&text).map_err(|source| SourceError::Token { origin: self.to_string(), source })
    }
}

/// At most one byte more than a token may have, so that a larger file is refused and not cut.
pub(super) fn read_token_file(path: &std::path::Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_TOKEN + 2));
    // a pipe would keep the reader waiting for as long as nobody writes to it
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    std::fs::File::open(path)?.take(MAX_TOKEN as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
