//! Where the identity token comes from.
//!
//! The order of [`choose`], first wins:
//!
//! 1. An explicit token provider (`gitsign.tokenProvider`, `GITSIGN_TOKEN_PROVIDER`) decides alone: `envvar` is the variable
//!    `SIGSTORE_ID_TOKEN`, `filesystem` the token file, `interactive` a login, `device` a login on another device.
//! 2. The variable `SIGSTORE_ID_TOKEN`, where it is set and not empty.
//! 3. The token file, where one is configured (`paraph.identityTokenFile`).
//! 4. A login: without a person at paraph's own local issuer, whose access code is at hand; else in the browser, or with a code on another
//!    device where no browser can open here and the issuer offers that ([`Login::interactive`](super::Login::interactive)).
//!
//! Nothing else that lies around on a machine is picked up: a CI job's ambient credentials are not used unless they are asked for.

use super::token::{IdentityToken, MAX_TOKEN, TokenError};
use std::{io::Read as _, path::PathBuf};
use zeroize::Zeroizing;

/// Where the token provider `filesystem` looks unless a file is configured: the path that gitsign has.
pub const DEFAULT_TOKEN_FILE: &str = "/var/run/sigstore/cosign/oidc-token";
/// The variable that holds a token.
pub const TOKEN_VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// What the choice depends on, from the configuration and the environment.
#[derive(Clone, Default)]
pub struct Settings {
    /// `gitsign.tokenProvider`.
    pub token_provider: Option<String>,
    /// The value of `SIGSTORE_ID_TOKEN`.
    pub token_variable: Option<Zeroizing<String>>,
    /// `paraph.identityTokenFile`.
    pub token_file: Option<PathBuf>,
    /// The access code of paraph's own local issuer, where that is the issuer.
    pub access_code: Option<Zeroizing<String>>,
}

/// Where to take a token from.
#[derive(Clone)]
pub enum Source {
    /// `SIGSTORE_ID_TOKEN`.
    Variable(Zeroizing<String>),
    /// A file.
    File(PathBuf),
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
    #[error("the token provider {0} is not known; envvar, filesystem, interactive and device are")]
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
    /// Only a login can give one.
    #[error("a token of this source takes a login")]
    Interactive,
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
        None => Ok(variable.or(file).unwrap_or_else(login)),
        Some("envvar") => variable.ok_or(SourceError::VariableMissing),
        Some("filesystem") => Ok(file.unwrap_or_else(|| Source::File(DEFAULT_TOKEN_FILE.into()))),
        Some("interactive") => Ok(login()),
        Some("device") => Ok(Source::Device),
        Some(other) => Err(SourceError::Provider(crate::service::quotable(other))),
    }
}

impl Source {
    /// Whether a login gives the token, and not something that lies at hand.
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Direct(_) | Self::Device | Self::Browser)
    }

    /// The token, of a source that needs no login. It is read anew each time, because whoever writes the file replaces it.
    ///
    /// # Errors
    /// [`SourceError::File`], [`SourceError::Token`], or [`SourceError::Interactive`] for a login.
    pub fn read(&self) -> Result<IdentityToken, SourceError> {
        let text = match self {
            Self::Variable(token) => token.clone(),
            Self::File(path) => read(path).map_err(|source| SourceError::File { path: path.display().to_string(), source })?,
            Self::Direct(_) | Self::Device | Self::Browser => return Err(SourceError::Interactive),
        };
        IdentityToken::parse(&text).map_err(|source| SourceError::Token { origin: self.to_string(), source })
    }
}

/// At most one byte more than a token may have, so that a larger file is refused and not cut.
fn read(path: &std::path::Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_TOKEN + 2));
    // a pipe would keep the reader waiting for as long as nobody writes to it
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    std::fs::File::open(path)?.take(MAX_TOKEN as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::token::tests::token_of;
    use serde_json::json;

    fn token() -> String {
        token_of(&json!({"iss": "https://issuer.test", "sub": "1", "aud": "sigstore", "exp": 1}))
    }

    fn chosen(provider: Option<&str>, variable: Option<&str>, file: Option<&str>, code: Option<&str>) -> String {
        let settings = Settings {
            token_provider: provider.map(Into::into),
            token_variable: variable.map(|token| Zeroizing::new(token.to_owned())),
            token_file: file.map(Into::into),
            access_code: code.map(|code| Zeroizing::new(code.to_owned())),
        };
        choose(&settings).map_or_else(|error| error.to_string(), |source| source.to_string())
    }

    #[test]
    fn the_order_is_the_documented_one() {
        let table = [
            (None, Some("t"), Some("/f"), Some("c"), "SIGSTORE_ID_TOKEN"),
            (None, Some(" "), Some("/f"), Some("c"), "the file /f"),
            (None, None, None, Some("c"), "a login at the local issuer"),
            (None, Some(""), None, None, "a login in the browser"),
            (Some(""), None, None, None, "a login in the browser"),
            (Some("envvar"), Some("t"), Some("/f"), None, "SIGSTORE_ID_TOKEN"),
            (Some("envvar"), None, Some("/f"), None, "the token provider is envvar, and SIGSTORE_ID_TOKEN is not set"),
            (Some("filesystem"), Some("t"), Some("/f"), None, "the file /f"),
            (Some("filesystem"), Some("t"), None, None, "the file /var/run/sigstore/cosign/oidc-token"),
            (Some("interactive"), Some("t"), Some("/f"), None, "a login in the browser"),
            (Some("interactive"), Some("t"), Some("/f"), Some("c"), "a login at the local issuer"),
            (Some("device"), Some("t"), Some("/f"), Some("c"), "a login on another device"),
            (
                Some("spiffe"),
                Some("t"),
                None,
                None,
                "the token provider spiffe is not known; envvar, filesystem, interactive and device are",
            ),
        ];
        for (provider, variable, file, code, expected) in table {
            assert_eq!(chosen(provider, variable, file, code), expected, "{provider:?} {variable:?} {file:?} {code:?}");
        }
    }

    #[test]
    fn a_source_never_shows_its_secret() {
        let secret = || Zeroizing::new("secret".to_owned());
        assert_eq!(
            format!("{:?} {:?}", Source::Variable(secret()), Source::Direct(secret())),
            "SIGSTORE_ID_TOKEN a login at the local issuer"
        );
    }

    #[test]
    fn a_file_is_read_with_a_cap() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let say = || {
            Source::File(path.clone())
                .read()
                .map(|token| token.subject().to_owned())
                .map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
        };
        assert_eq!(say().unwrap_err(), "the identity token cannot be read from FOLDER/token: No such file or directory (os error 2)");
        std::fs::write(&path, format!("{}\n", token())).unwrap();
        assert_eq!(say().unwrap(), "1");
        std::fs::write(&path, "x".repeat(1 << 20)).unwrap();
        assert_eq!(
            say().unwrap_err(),
            "the file FOLDER/token holds no identity token that can be used: the identity token has more than 16384 bytes"
        );
        std::fs::write(&path, "").unwrap();
        assert_eq!(
            say().unwrap_err(),
            "the file FOLDER/token holds no identity token that can be used: the identity token is not a JSON Web Token: it does not have three parts"
        );
    }
}
