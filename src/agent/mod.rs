//! The agent: one process a user that keeps logins, so that one login is good for many commits. It signs, and never hands out a key.
//!
//! A client sends what is to be signed; the agent parses it, finds or makes a credential, and answers with a finished signature, log entry
//! and timestamp included. The client distrusts it: it verifies the signature, and checks whose it is, before it uses it.
//!
//! * [`protocol`]: frames, requests, replies;
//! * [`place`]: the runtime folder and the two sockets in it;
//! * [`login`]: one login, whom it is asked of, and how a credential comes of it;
//! * [`vault`]: logins and credentials, kept by identity, issuer, Fulcio and client;
//! * [`keyring`]: where refresh tokens rest while no agent runs, where the user wants that;
//! * [`confirm`]: who says yes to a signature for a forwarded client;
//! * [`server`]: the process that listens;
//! * [`client`]: how a signature is asked for, and how an agent is started.

pub mod client;
pub mod confirm;
pub mod keyring;
pub mod login;
pub mod place;
pub mod protocol;
pub mod server;
pub mod vault;
