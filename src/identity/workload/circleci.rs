//! CircleCI: every job has a token with its organization as the audience, and a program that requests one with another audience.

use super::{Problem, Surroundings, program};
use crate::identity::IdentityToken;
use zeroize::Zeroizing;

pub(super) const TOKEN: &str = "CIRCLE_OIDC_TOKEN_V2";

pub(super) fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let given = surroundings.require(TOKEN)?;
    // the given token suffices if the organization is the wanted audience, as in a private instance
    if IdentityToken::parse(&given)?.is_for(surroundings.audience) {
        return Ok(given);
    }
    let claims = serde_json::json!({ "aud": surroundings.audience }).to_string();
    program::output("circleci", &["run", "oidc", "get", "--root-issuer", "--claims", &claims], surroundings)
}
