//! The services' clock, which tests set.

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the current time.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A time as certificate transparency writes it (RFC 6962): milliseconds since the epoch.
pub(super) fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or_default()
}
