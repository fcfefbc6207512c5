//! The agent: one process for each user. It keeps logins, so that one login serves many commits, and it signs. It never hands out a key.
//!
//! A client sends what is to be signed. The agent parses it, finds or makes a credential, and answers with a finished signature, log entry
//! and timestamp included. The client does not trust the agent: it verifies the signature and the signer's identity before it uses them.
//!
//! The protocol is in [`crate::agent_protocol`].
//!
//! * `location`, `place`: the folder of its two sockets;
//! * `peer`: who is at the other end of a socket;
//! * `login`: one login, and the credential that results from it;
//! * `vault`: logins and credentials, by identity, issuer, certificate authority and client;
//! * `keyring`: where refresh tokens are stored, if the user chose a keyring;
//! * `confirm`: who approves signatures for forwarded clients;
//! * `forwarded`: what the agent remembers of forwarded clients;
//! * `notification`: a question on the desktop;
//! * `memory`: keeps keys out of swap, core dumps and other processes;
//! * `clients`: counts the clients, and those that only wait;
//! * `server`: the process that listens;
//! * `requests`, `signing`: what it does for each request;
//! * `journal`: the newest signatures;
//! * `registration`: services that the user registered under a name;
//! * `client`: asks for a signature, and starts an agent if none runs;
//! * `check`: what a client checks before it uses the agent's signature.

pub(crate) mod check;
pub(crate) mod client;
mod clients;
pub(crate) mod confirm;
mod forwarded;
mod journal;
pub(crate) mod keyring;
mod location;
pub(crate) mod login;
mod memory;
mod notification;
pub(crate) mod peer;
pub(crate) mod place;
pub(crate) mod registration;
mod requests;
pub(crate) mod server;
mod signing;
mod vault;
