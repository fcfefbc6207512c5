//! paraph: keyless signing and verification for git.
#![forbid(unsafe_code)]

pub mod certificate;
pub mod escape;
pub mod evidence;
pub mod rejection;
#[cfg(feature = "cli")]
pub mod repository;
pub mod signature;

pub use rejection::{Layer, Reason, Rejection, Standing};

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]].map(char::from)).collect()
}
