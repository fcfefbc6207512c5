//! The agent: one process a user that keeps logins, so that one login is good for many commits. It signs, and never hands out a key.
//!
//! A client sends what is to be signed; the agent parses it, finds or makes a credential, and answers with a finished signature, log entry
//! and timestamp included. The client distrusts it: it verifies the signature, and checks whose it is, before it uses it.
//!
//! * [`protocol`]: frames, requests, replies;
//! * `place`: the runtime folder and the two sockets in it;
//! * `peer`: who is at the other end of a socket;
//! * `login`: one login, whom it is asked of, and how a credential comes of it;
//! * `vault`: logins and credentials, kept by identity, issuer, Fulcio and client;
//! * `keyring`: where refresh tokens rest while no agent runs, where the user wants that;
//! * `confirm`: who says yes to a signature for a forwarded client;
//! * `forwarded`: what is remembered of such clients;
//! * `notification`: a question on the desktop;
//! * `memory`: where its memory does not go;
//! * `clients`: how many there are, and how many only wait;
//! * `server`: the process that listens;
//! * `client`: how a signature is asked for, and how an agent is started.

#[cfg(all(feature = "cli", unix))]
pub mod client;
#[cfg(all(feature = "cli", unix))]
mod clients;
#[cfg(all(feature = "cli", unix))]
pub mod confirm;
#[cfg(all(feature = "cli", unix))]
mod forwarded;
#[cfg(all(feature = "cli", unix))]
pub mod keyring;
#[cfg(all(feature = "cli", unix))]
pub mod login;
#[cfg(all(feature = "cli", unix))]
mod memory;
#[cfg(all(feature = "cli", unix))]
mod notification;
#[cfg(all(feature = "cli", unix))]
pub mod peer;
#[cfg(all(feature = "cli", unix))]
pub mod place;
pub mod protocol;
#[cfg(all(feature = "cli", unix))]
pub mod server;
#[cfg(all(feature = "cli", unix))]
pub mod vault;
