//! Where the identity token comes from.
//!
//! [`choose`] uses the first of these that applies:
//!
//! 1. An explicit token provider (`paraph.tokenProvider`, `GITSIGN_TOKEN_PROVIDER`) decides alone: `envvar` is the variable
//!    `SIGSTORE_ID_TOKEN`, `filesystem` the token file, `interactive` a login, `device` a login on another device, and each other one a
//!    [`Provider`] of workloads.
//! 2. The variable `SIGSTORE_ID_TOKEN`, if it is set and not empty.
//! 3. The token file, if one is configured (`paraph.identityTokenFile`, `SIGSTORE_OIDC_TOKEN_FILE`).
//! 4. A login at paraph's own local issuer, if its access code is known. It needs no person.
//! 5. The token of a CI job, if this is one and no login is possible here (no terminal, no desktop).
//! 6. A login in the browser, or with a code on another device ([`LoginMethod::Interactive`](super::LoginMethod::Interactive)).
//!
//! No other token on the machine is used. Where a person could log in, no workload signs unless it is configured. The caller says when the
//! fifth rule applied, since nobody chose that explicitly.

use super::{
    token::{IdentityToken, MAX_TOKEN, TokenError},
    workload::Provider,
};
use crate::config::TokenProvider;
use std::{io::Read as _, path::PathBuf};
use zeroize::Zeroizing;

/// The file of the token provider `filesystem` unless one is configured: the same as in gitsign.
pub(super) const DEFAULT_TOKEN_FILE: &str = "/var/run/sigstore/cosign/oidc-token";
/// The variable with a token.
pub(super) const TOKEN_VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// The configuration and environment that the choice depends on.
#[derive(Clone, Default)]
pub(crate) struct TokenSettings {
    /// `paraph.tokenProvider`.
    pub token_provider: Option<TokenProvider>,
    /// The value of `SIGSTORE_ID_TOKEN`.
    pub token_variable: Option<Zeroizing<String>>,
    /// `paraph.identityTokenFile`.
    pub token_file: Option<PathBuf>,
    /// The access code of paraph's own local issuer, if that is the issuer.
    pub access_code: Option<Zeroizing<String>>,
    /// The CI system whose job this is ([`Provider::of_job`]).
    pub job: Option<Provider>,
    /// Whether a person could log in: there is a terminal, a desktop, or a configured program that opens the address.
    pub person: bool,
}

/// A source of tokens.
#[derive(Clone)]
pub(crate) enum TokenSource {
    /// `SIGSTORE_ID_TOKEN`.
    Variable(Zeroizing<String>),
    /// A file.
    File(PathBuf),
    /// A CI system or cloud platform.
    Workload(Provider),
    /// A login at the local issuer with this access code.
    Direct(Zeroizing<String>),
    /// A login with a code on another device.
    Device,
    /// A login by the method that suits the place.
    Browser,
}

impl TokenSource {
    /// The value of `paraph.tokenProvider` that names it; `None` for the local issuer, which no value names.
    pub(crate) fn provider(&self) -> Option<TokenProvider> {
        match self {
            Self::Variable(_) => Some(TokenProvider::Variable),
            Self::File(_) => Some(TokenProvider::Filesystem),
            Self::Workload(provider) => Some(provider.setting()),
            Self::Direct(_) => None,
            Self::Device => Some(TokenProvider::Device),
            Self::Browser => Some(TokenProvider::Interactive),
        }
    }
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string())
    }
}

impl std::fmt::Display for TokenSource {
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
pub(crate) enum SourceError {
    /// The token provider is `envvar`, but the variable is not set.
    #[error("the token provider is envvar, but {TOKEN_VARIABLE} is not set")]
    VariableMissing,
    /// The file cannot be read.
    #[error("the identity token cannot be read from {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// It contains no usable token.
    #[error("{origin} contains no usable identity token: {source}")]
    Token {
        /// The variable or the file.
        origin: String,
        /// The cause.
        source: TokenError,
    },
    /// The token has to be requested from a provider.
    #[error("a token of this source has to be requested")]
    Asked,
}

impl SourceError {
    /// What to do about it, if there is something.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::VariableMissing => "set it to an identity token, or choose another paraph.tokenProvider",
            Self::File { .. } => {
                "check paraph.identityTokenFile and SIGSTORE_OIDC_TOKEN_FILE; in Kubernetes, mount the projected token with the audience sigstore"
            }
            Self::Token { .. } => "an identity token is three parts of base64url, separated by periods, as an issuer gives it",
            Self::Asked => return None,
        })
    }
}

impl TokenSettings {
    /// Whether these settings may lead to a login without naming its method, so that [`TokenSettings::access_code`] counts.
    pub(crate) fn may_log_in(&self) -> bool {
        let has_token = self.token_variable.as_ref().is_some_and(|token| !token.trim().is_empty()) || self.token_file.is_some();
        self.token_provider == Some(TokenProvider::Interactive) || self.token_provider.is_none() && !has_token
    }
}

/// The source that `settings` select; the module's documentation has the order.
///
/// # Errors
/// [`SourceError::VariableMissing`].
pub(crate) fn choose(settings: &TokenSettings) -> Result<TokenSource, SourceError> {
    let variable = settings.token_variable.clone().filter(|token| !token.trim().is_empty()).map(TokenSource::Variable);
    let file = settings.token_file.clone().map(TokenSource::File);
    let login = || settings.access_code.clone().map_or(TokenSource::Browser, TokenSource::Direct);
    let workload = |provider| Ok(TokenSource::Workload(provider));
    match settings.token_provider {
        None => Ok(variable.or(file).unwrap_or_else(|| match (login(), settings.job) {
            (TokenSource::Browser, Some(job)) if !settings.person => TokenSource::Workload(job),
            (login, _) => login,
        })),
        Some(TokenProvider::Variable) => variable.ok_or(SourceError::VariableMissing),
        Some(TokenProvider::Filesystem) => Ok(file.unwrap_or_else(|| TokenSource::File(DEFAULT_TOKEN_FILE.into()))),
        Some(TokenProvider::Interactive) => Ok(login()),
        Some(TokenProvider::Device) => Ok(TokenSource::Device),
        Some(TokenProvider::GithubActions) => workload(Provider::GithubActions),
        Some(TokenProvider::Gitlab) => workload(Provider::Gitlab),
        Some(TokenProvider::Circleci) => workload(Provider::Circleci),
        Some(TokenProvider::Buildkite) => workload(Provider::Buildkite),
        Some(TokenProvider::Google) => workload(Provider::Google),
        Some(TokenProvider::GoogleImpersonate) => workload(Provider::GoogleImpersonate),
        Some(TokenProvider::Spiffe) => workload(Provider::Spiffe),
        Some(TokenProvider::Azure) => workload(Provider::Azure),
    }
}

impl TokenSource {
    /// Whether a login gives the token.
    pub(crate) fn is_login(&self) -> bool {
        matches!(self, Self::Direct(_) | Self::Device | Self::Browser)
    }

    /// Reads the token of a variable or a file. A file is read each time, because its writer replaces it.
    ///
    /// # Errors
    /// [`SourceError::File`], [`SourceError::Token`], or [`SourceError::Asked`].
    pub(crate) fn read(&self) -> Result<IdentityToken, SourceError> {
        let text = match self {
            Self::Variable(token) => token.clone(),
            Self::File(path) => read_token_file(path).map_err(|source| SourceError::File { path: path.display().to_string(), source })?,
            Self::Direct(_) | Self::Device | Self::Browser | Self::Workload(_) => return Err(SourceError::Asked),
        };
        IdentityToken::parse(&text).map_err(|source| SourceError::Token { origin: self.to_string(), source })
    }
}

/// Reads at most one byte more than a token may have, so that a larger file is refused and not truncated.
pub(super) fn read_token_file(path: &std::path::Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_TOKEN + 2));
    let file = crate::regular_file::open(path)?;
    file.take(MAX_TOKEN as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
