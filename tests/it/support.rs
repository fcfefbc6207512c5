//! What the tests share.

pub mod browser;
pub mod bundle;
pub mod chromium;
pub mod filter;
#[cfg(target_os = "linux")]
pub mod keyring;
pub mod keys;
pub mod log;
pub mod objects;
pub mod online;
#[cfg(unix)]
pub mod pipe;
pub mod sandbox;
pub mod sigstore;
pub mod socket;
#[cfg(unix)]
pub mod sshd;
pub mod tokens;
