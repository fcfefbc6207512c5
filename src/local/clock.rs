//! The services' clock, which tests set.

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the current time.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
