//! paraph: keyless signing and verification for git.
#![forbid(unsafe_code)]

pub mod certificate;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
pub mod escape;
pub mod evidence;
#[cfg(feature = "cli")]
pub mod identity;
#[cfg(feature = "cli")]
pub mod local;
pub mod object;
pub mod policy;
pub mod rejection;
pub mod report;
#[cfg(feature = "cli")]
pub mod repository;
#[cfg(feature = "cli")]
pub mod selection;
#[cfg(feature = "tuf")]
pub mod service;
#[cfg(feature = "cli")]
pub mod sign;
pub mod signature;
pub mod trust;
pub mod verify;

pub use rejection::{Layer, Reason, Rejection, Standing};

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]].map(char::from)).collect()
}
