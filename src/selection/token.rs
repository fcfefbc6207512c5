//! Which identity tokens may be sent to the selected instance.

use crate::{
    config::Config,
    identity::{Expectation, IdentityToken, TokenError},
    trust::Instance,
    trust_store::TrustStore,
};
use jiff::Timestamp;

/// Why a token is not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFault {
    /// The token itself is wrong.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token is for another instance.
    #[error("the identity token is from {issuer}, which belongs to the instance {other}; the selected instance is {own}")]
    OtherInstance {
        /// The token's issuer.
        issuer: String,
        /// The instance that has this issuer.
        other: Instance,
        /// The selected instance.
        own: Instance,
    },
}

impl TokenFault {
    /// What to do about it: an imperative sentence without its period.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Token(error) => error.hint().map(str::to_owned),
            Self::OtherInstance { issuer, other, own } => {
                Some(format!("set paraph.instance to {other}, get a token for {own}, or set paraph.issuer to {issuer} if {own} shares it"))
            }
        }
    }
}

/// Checks a token before it is sent anywhere. The issuer of a given token is not configured, so Fulcio decides whether it accepts it. But a
/// token of another known instance is for that instance alone.
///
/// # Errors
/// [`TokenFault`].
pub(crate) fn check_token(config: &Config, store: &TrustStore, now: Timestamp, token: &IdentityToken) -> Result<(), TokenFault> {
    token.check(&Expectation::new(None, &config.client_id.value, now))?;
    match instance_of_token(config, store, now, token.issuer()) {
        None => Ok(()),
        Some(other) => Err(TokenFault::OtherInstance { issuer: token.issuer().to_owned(), other, own: config.instance_name() }),
    }
}

/// The other instance whose issuer issued a token, if there is one: only that instance may get the token. Issuers of CI systems
/// and other platforms belong to no instance.
fn instance_of_token(config: &Config, store: &TrustStore, now: Timestamp, token_issuer: &str) -> Option<Instance> {
    if super::issuer(config, store, now).is_ok_and(|issuer| issuer == token_issuer) {
        return None;
    }
    let known = config.instances.iter().map(|settings| settings.name.clone());
    let own = config.instance_name();
    [Instance::Public, Instance::Staging].into_iter().chain(known).filter(|name| *name != own).find(|name| {
        let signing = super::signing_config(config, name, store, now).ok().flatten();
        signing.is_some_and(|signing| signing.oidc_urls.iter().any(|endpoint| endpoint.url == token_issuer))
    })
}
