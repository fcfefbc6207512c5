//! What a login shows to the user. The terminal, or the agent's client, implements it.

use std::time::Duration;

/// Shows the user how to log in.
pub trait Prompt: Sync {
    /// Shows `url`, where the user logs in. `opening` says whether a browser is being opened as well.
    fn log_in_at(&self, url: &str, opening: bool);

    /// Shows a code that the user enters in a browser on any device.
    fn enter_code(&self, code: DeviceCode<'_>);
}

/// A code of the device flow (RFC 8628). All of it comes from the issuer: the addresses are http or https URLs, the code is printable.
#[derive(Debug, Clone, Copy)]
pub struct DeviceCode<'a> {
    /// Where to enter the code.
    pub verification_uri: &'a str,
    /// The code.
    pub user_code: &'a str,
    /// An address that contains the code, for a QR code.
    pub verification_uri_complete: Option<&'a str>,
    /// How long the code is valid.
    pub expires: Duration,
}
