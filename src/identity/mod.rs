//! Who signs: OpenID identity tokens, where they come from, and the checks that they must pass before they are sent.
//!
//! This room talks to OpenID providers and token services of platforms ([`workload`]) and to nobody else. It has no terminal (a [`Prompt`] is
//! given to it) and reads neither configuration nor environment by itself. Fulcio verifies a token once more; what is checked here keeps a token that cannot work, or that was made
//! for somebody else, from leaving the machine.

mod browser;
mod callback;
mod client;
mod device;
mod error;
mod login;
mod page;
mod prompt;
mod provider;
mod requested_signer;
mod session;
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
pub use login::LoginMethod;
pub use login::LoginOptions;
pub use prompt::{DeviceCode, Prompt};
pub use requested_signer::RequestedSigner;
pub(crate) use requested_signer::email_of;
pub(crate) use requested_signer::{Candidate, SignerSources, WrongSigner};
pub use session::{RefreshToken, Session};
pub(crate) use source::{Settings, Source, SourceError, choose};
pub use token::IdentityToken;
pub(crate) use token::{Expectation, MAX_TOKEN, TokenError};
