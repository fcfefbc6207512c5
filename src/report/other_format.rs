//! The second signature of an object in a dual-format repository.

use serde::Serialize;

/// A signature for the object format that is not the repository's (`extensions.compatObjectFormat`). The verdict does not depend on it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OtherFormatReport {
    /// The header that holds it: `gpgsig` or `gpgsig-sha256`.
    pub(crate) header: &'static str,
    /// `verified`, `refused` or `not-checked`.
    pub(crate) state: &'static str,
    /// The identity that made it, where it was verified. The policy does not judge it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<String>,
    /// That identity's issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    /// Why it was refused or not checked: the reason's stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}
