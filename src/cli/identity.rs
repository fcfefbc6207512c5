//! Whom to sign as: the token that the configuration chooses, and the checks before anybody hears of it.

use super::{
    context::Context,
    exit::{Exit, Failure},
    terminal::Terminal,
};
use crate::{
    config::Config,
    identity::{
        ADDRESS, Desktop, Expectation, IdentityToken, Login, LoginError, Opener, Settings, Source, SourceError, TokenError, choose,
    },
    object::Payload,
    service::Http,
};
use jiff::Timestamp;
use std::{ffi::OsStr, path::Path, time::Duration};
use zeroize::Zeroizing;

/// A secret file larger than this is not read, in bytes.
const MAX_SECRET: usize = 4096;

/// Where the configuration says that the token comes from.
pub(super) fn source(context: &Context) -> Result<Source, Failure> {
    let config = &context.config;
    let settings = Settings {
        token_provider: config.token_provider.value.map(|provider| provider.as_str().to_owned()),
        token_variable: config.identity_token.value.as_ref().map(|secret| Zeroizing::new(secret.expose().to_owned())),
        token_file: config.identity_token_file.value.clone(),
        access_code: access_code(context)?,
    };
    Ok(choose(&settings)?)
}

/// The identity that git's key names: `user.signingKey`, or `Name <email>` of the committer.
pub(super) fn hint(key: Option<&OsStr>) -> Option<String> {
    key.and_then(OsStr::to_str).and_then(email_of)
}

/// A token to sign with, from `source`. `hint` is whom git's key names; where it names none, whoever the object claims to be from does.
pub(super) async fn token(
    source: &Source,
    context: &Context,
    hint: Option<String>,
    object: &Payload,
    http: &Http,
    terminal: &Terminal,
) -> Result<IdentityToken, Failure> {
    let config = &context.config;
    let now = Timestamp::now();
    let hint = config.expected_identity.value.clone().or(hint).or_else(|| object.email.clone());
    let token = match source {
        Source::Variable(_) | Source::File(_) => source.read()?,
        Source::Direct(_) | Source::Device | Source::Browser => {
            let issuer = context.issuer(now)?;
            let secret = client_secret(context)?;
            let login = Login {
                http,
                issuer: &issuer,
                client_id: &config.client_id.value,
                client_secret: secret.as_ref().map(|secret| secret.as_str()),
                redirect_url: config.redirect_url.value.as_ref().map(|url| url.as_str()),
                connector_id: config.connector_id.value.as_deref(),
                login_hint: hint.as_deref(),
                offline: false,
                autoclose: autoclose(config),
                deadline: config.login_timeout.value,
            };
            let desktop = Desktop::from_environment(terminal.is_present(), |name| std::env::var_os(name));
            let session = match (source, &hint) {
                (Source::Direct(code), Some(email)) => login.direct(code, email).await?,
                (Source::Device, _) => login.device(terminal, desktop).await?,
                _ => login.interactive(terminal, &opener(config), desktop).await?,
            };
            session.id_token
        }
    };
    // a token that somebody handed over names its own issuer; Fulcio decides whether it takes it
    token.check(&Expectation::new(None, &config.client_id.value, now))?;
    Ok(token)
}

/// Refuses before Fulcio or the log hear of it: an identity that is not the expected one, or not the committer's.
pub(super) fn check(context: &Context, token: &IdentityToken, object: &Payload) -> Result<(), Failure> {
    let principal = token.principal();
    if let Some(expected) = context.config.expected_identity.value.as_deref().filter(|expected| *expected != principal) {
        let message = format!(
            "the identity is {principal}, and {expected} is expected (paraph.expectedIdentity); nothing was sent to Fulcio or the log"
        );
        return Err(Failure::new(Exit::Identity, message));
    }
    if context.config.match_committer.value && object.email.as_deref() != Some(principal) {
        let claimed = object.email.as_deref().unwrap_or("nobody with an e-mail address");
        let message = format!(
            "the identity is {principal}, and the {} is from {claimed}; nothing was sent to Fulcio or the log",
            object.kind.as_str()
        );
        return Err(Failure::new(Exit::Identity, message).with_hint("set user.email to the identity, or unset paraph.matchCommitter"));
    }
    Ok(())
}

/// What opens the browser.
pub(super) fn opener(config: &Config) -> Opener {
    let command = config.url_opener.value.as_ref().map(|opener| opener.command(ADDRESS).into_iter().map(Into::into).collect());
    command.map_or(Opener::System, Opener::Command)
}

/// After how long the browser's last page closes itself.
pub(super) fn autoclose(config: &Config) -> Option<Duration> {
    config.autoclose.value.then(|| Duration::from_secs(config.autoclose_timeout.value.into()))
}

/// The secret that goes with the client id.
pub(super) fn client_secret(context: &Context) -> Result<Option<Zeroizing<String>>, Failure> {
    context.config.client_secret_file.value.as_deref().map(secret_of).transpose()
}

/// The access code of the local issuer, where the instance in use is one and names its file.
pub(super) fn access_code(context: &Context) -> Result<Option<Zeroizing<String>>, Failure> {
    let settings = context.config.instance_settings(&context.config.instance_name());
    settings.and_then(|settings| settings.access_code_file.value.as_deref()).map(secret_of).transpose()
}

fn secret_of(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(super::git_program::read(Some(path), MAX_SECRET)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(Exit::Configuration, format!("{} is no text", path.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The address in `Name <email>`, or the text itself where it is one.
fn email_of(key: &str) -> Option<String> {
    let email = match key.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => key,
    };
    (email.contains('@') && !email.contains(char::is_whitespace)).then(|| email.to_owned())
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::new(Exit::Identity, error.to_string())
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::new(Exit::Identity, error.to_string())
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Service(error) => error.into(),
            other => Self::new(Exit::Identity, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::email_of;

    #[test]
    fn gits_key_hints_at_an_identity() {
        assert_eq!(email_of("A U Thor <a@example.com>").as_deref(), Some("a@example.com"));
        assert_eq!(email_of("a@example.com").as_deref(), Some("a@example.com"));
        assert_eq!(email_of("0xDEADBEEF"), None);
        assert_eq!(email_of(""), None);
    }
}
