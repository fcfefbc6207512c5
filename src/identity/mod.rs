//! Who signs: OpenID identity tokens, where they come from, and the checks that they must pass before they are sent.
//!
//! The module talks only to OpenID providers and to the token services of platforms ([`workload`]). It has no terminal (the caller passes a
//! [`Prompt`]) and reads neither configuration nor environment. Fulcio verifies each token again. The checks here keep a token on this machine
//! if it cannot work or has another audience.

pub(crate) mod access_proof;
mod browser;
mod callback;
mod client;
mod device;
mod error;
mod key_name;
#[cfg(unix)]
mod known_login;
mod local_issuer;
mod login;
mod login_tokens;
mod page;
mod prompt;
mod provider;
mod requested_signer;
mod source;
#[cfg(test)]
mod testing;
mod token;
pub(crate) mod workload;

pub(crate) use browser::ADDRESS;
pub use browser::Desktop;
pub use browser::Opener;
pub use client::OidcClient;
pub use error::LoginError;
pub(crate) use key_name::{email_of, identity_named};
#[cfg(unix)]
pub(crate) use known_login::KnownLogin;
pub use login::LoginMethod;
pub use login::LoginOptions;
pub use login_tokens::{LoginTokens, RefreshToken};
pub use prompt::{DeviceCode, Prompt};
#[cfg(unix)]
pub(crate) use requested_signer::NOT_OF_CALL;
pub use requested_signer::RequestedSigner;
pub(crate) use requested_signer::{Candidate, Configured, SignerSources, WrongSigner, identity_of_call};
pub(crate) use source::{SourceError, TokenSettings, TokenSource, choose};
pub use token::IdentityToken;
pub(crate) use token::{Expectation, MAX_TOKEN, TokenError};
