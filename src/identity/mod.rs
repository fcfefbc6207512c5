//! Who signs: OpenID identity tokens, where they come from, and the checks that they must pass before they are sent.
//!
//! This room talks to OpenID providers and token services of platforms ([`workload`]) and to nobody else. It has no terminal (a [`Prompt`] is
//! given to it) and reads neither configuration nor environment by itself. Fulcio verifies a token once more; what is checked here keeps a token that cannot work, or that was made
//! for somebody else, from leaving the machine.

mod advice;
mod callback;
mod device;
mod login;
mod page;
mod provider;
mod session;
mod source;
#[cfg(test)]
mod testing;
mod token;
pub mod workload;

pub use device::DeviceCode;
pub use login::{ACCESS_CODE_HEADER, ADDRESS, Desktop, Login, LoginError, Opener, Prompt};
pub use session::{RefreshToken, Session};
pub use source::{DEFAULT_TOKEN_FILE, Settings, Source, SourceError, choose};
pub use token::{Expectation, IdentityToken, MAX_TOKEN, TokenError};
