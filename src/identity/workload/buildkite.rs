//! Buildkite: its agent requests the job's token.

use super::{Problem, Surroundings, program};
use zeroize::Zeroizing;

pub(super) fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    program::output("buildkite-agent", &["oidc", "request-token", "--audience", surroundings.audience], surroundings)
}
