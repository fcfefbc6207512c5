//! CircleCI: every job has a token that is made out to its organization, and a program that gives one for another audience.

use super::{Problem, Surroundings, program};
use crate::identity::IdentityToken;
use zeroize::Zeroizing;

pub(super) const TOKEN: &str = "CIRCLE_OIDC_TOKEN_V2";

pub(super) fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let given = surroundings.require(TOKEN)?;
    // where the organization is the audience, as in a private instance, the token at hand will do
    if IdentityToken::parse(&given)?.is_for(surroundings.audience) {
        return Ok(given);
    }
    let claims = serde_json::json!({ "aud": surroundings.audience }).to_string();
    program::output("circleci", &["run", "oidc", "get", "--root-issuer", "--claims", &claims], surroundings)
}
