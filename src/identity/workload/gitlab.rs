//! GitLab CI: the runner sets the variables in the job's `id_tokens`, each with the audience given there.

use super::{Problem, Surroundings};
use zeroize::Zeroizing;

pub(super) const TOKEN: &str = "SIGSTORE_ID_TOKEN";

pub(super) fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    surroundings.require(TOKEN)
}
