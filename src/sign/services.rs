//! The services that a signature is made with.

use crate::{Layer, Reason, service::Service};

/// The services that a signature needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// Fulcio's base URL.
    pub fulcio: String,
    /// The log's base URL.
    pub log: String,
    /// The major version of the log's API.
    pub log_version: LogVersion,
    /// The timestamp authority's URL. Rekor v2 needs one, since its entries have no time.
    pub timestamp_authority: Option<String>,
}

/// The major version of a log's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogVersion {
    /// Rekor v1.
    V1,
    /// Rekor v2 (rekor-tiles).
    V2,
}

impl LogVersion {
    pub(super) fn service(self) -> Service {
        match self {
            Self::V1 => Service::RekorV1,
            Self::V2 => Service::RekorV2,
        }
    }
}

impl Services {
    /// The services from which the rejected part of a signature came, as a clause.
    pub(super) fn origin_of(&self, reason: Reason) -> String {
        let fulcio = format!("the certificate came from Fulcio at {}", self.fulcio);
        let log = format!("the log entry came from {} at {}", self.log_version.service(), self.log);
        let timestamp =
            self.timestamp_authority.as_ref().map(|url| format!("the timestamp came from {} at {url}", Service::TimestampAuthority));
        let origins = match reason.layer() {
            Layer::Log => vec![log],
            Layer::Timestamp => Vec::from_iter(timestamp),
            Layer::Certificate | Layer::Chain | Layer::Sct => vec![fulcio],
            Layer::Object | Layer::Bundle | Layer::Statement | Layer::Armor | Layer::Cms | Layer::Time => {
                [fulcio, log].into_iter().chain(timestamp).collect()
            }
        };
        origins.join(", ")
    }
}
