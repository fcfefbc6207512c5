//! Whom to sign as: the token that the configuration chooses, and the checks before anybody hears of it.

use super::{
    context::Context,
    exit::{Exit, Failure},
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    certificate::SignerCertificate,
    config::Config,
    identity::{
        ADDRESS, Desktop, Expectation, IdentityToken, LoginError, LoginMethod, LoginOptions, OidcClient, Opener, Settings, Source, choose,
        workload::{self, Provider, Surroundings},
    },
    object::Payload,
    selection,
    service::Http,
};
use jiff::Timestamp;
use std::{ffi::OsStr, path::Path, time::Duration};
use zeroize::Zeroizing;

/// A secret file larger than this is not read, in bytes.
const MAX_SECRET: usize = 4096;

/// Where the token comes from, and why from there.
pub(super) struct Choice {
    /// Where from.
    pub(super) source: Source,
    /// The same in words.
    pub(super) origin: String,
    /// Why: a clause.
    pub(super) because: String,
    /// A CI system whose job this is, and whose token is not taken.
    pub(super) unused: Option<Provider>,
    /// Whether a job's token is taken that nobody asked for by name.
    pub(super) by_itself: bool,
}

/// The source of the token that the configuration and the surroundings choose.
pub(super) fn choice(context: &Context, terminal: &Terminal) -> Result<Choice, Failure> {
    let config = &context.config;
    let settings = Settings {
        token_provider: config.token_provider.value.map(|provider| provider.as_str().to_owned()),
        token_variable: config.identity_token.value.as_ref().map(|secret| Zeroizing::new(secret.expose().to_owned())),
        token_file: config.identity_token_file.value.clone(),
        access_code: access_code(context)?,
        job: Provider::of_job(&|name: &str| std::env::var_os(name)),
        person: somebody_is_there(context, terminal),
    };
    let source = choose(&settings)?;
    let named = settings.token_provider.is_some();
    let because = match &source {
        _ if named => format!("{} names it", config.token_provider.source),
        Source::Variable(_) => format!("{} is set", config.identity_token.source),
        Source::File(_) => format!("{} names it", config.identity_token_file.source),
        Source::Workload(_) => "this is its job, nobody could log in here, and nothing else is configured".to_owned(),
        Source::Direct(_) => "the local Sigstore signs you in by itself".into(),
        Source::Device | Source::Browser => "nothing else is configured".to_owned(),
    };
    let by_itself = matches!(source, Source::Workload(_)) && !named;
    let unused = settings.job.filter(|job| !named && !matches!(source, Source::Workload(chosen) if chosen == *job));
    let origin = match source {
        Source::Browser if terminal.is_present() && !desktop(terminal).opens(&opener(config)) => {
            "a login with a code or an address that the terminal shows".to_owned()
        }
        _ => source.to_string(),
    };
    Ok(Choice { source, origin, because, unused, by_itself })
}

/// Whether a login could be shown to somebody.
pub(super) fn somebody_is_there(context: &Context, terminal: &Terminal) -> bool {
    let desktop = desktop(terminal);
    desktop.terminal || desktop.session || context.config.url_opener.value.is_some()
}

fn desktop(terminal: &Terminal) -> Desktop {
    Desktop::from_environment(terminal.is_present(), |name| std::env::var_os(name))
}

/// The identity that git's key names: `user.signingKey`, or `Name <email>` of the committer.
pub(super) fn hint(key: Option<&OsStr>) -> Option<String> {
    key.and_then(OsStr::to_str).and_then(email_of)
}

/// A token to sign with, from the chosen source. `hint` is whom git's key names; where it names none, whoever the object claims to be from
/// does.
pub(super) async fn token(
    chosen: &Choice,
    context: &Context,
    hint: Option<String>,
    object: &Payload,
    http: &Http,
    terminal: &Terminal,
    ui: &mut Ui,
) -> Result<IdentityToken, Failure> {
    if let (true, Source::Workload(provider)) = (chosen.by_itself, &chosen.source) {
        let remark = format!(
            "Signing as this job of {provider}: nobody could log in here, and nothing else is configured. Set paraph.tokenProvider to choose."
        );
        ui.note(&remark);
        terminal.say(remark);
    }
    if let (Some(job), Source::Browser) = (chosen.unused, &chosen.source) {
        terminal.say(format!("the identity of this job of {job} is not used; paraph.tokenProvider = {} would.", job.name()));
    }
    let hint = context.config.expected_identity.value.clone().or(hint).or_else(|| object.email.clone());
    token_of(context, &chosen.source, hint.as_deref(), http, terminal).await
}

/// A token from this source, checked.
pub(super) async fn token_of(
    context: &Context,
    source: &Source,
    hint: Option<&str>,
    http: &Http,
    terminal: &Terminal,
) -> Result<IdentityToken, Failure> {
    let config = &context.config;
    let token = match source {
        Source::Variable(_) | Source::File(_) => source.read()?,
        Source::Workload(provider) => {
            let variable = |name: &str| std::env::var_os(name);
            let surroundings = Surroundings { http, variable: &variable, audience: &config.client_id.value, deadline: workload::DEADLINE };
            provider.token(&surroundings).await?
        }
        Source::Direct(_) | Source::Device | Source::Browser => return log_in(context, source, hint, http, terminal).await,
    };
    check_token(context, &token)
        .map_err(|failure| Failure { message: format!("the token from {source} is not sent: {}", failure.message), ..failure })?;
    Ok(token)
}

/// What is known of a token before anybody gets it. One that somebody handed over names its own issuer, and Fulcio decides whether it takes
/// it; but one that is good at another instance that is known here is for that one alone.
pub(super) fn check_token(context: &Context, token: &IdentityToken) -> Result<(), Failure> {
    let now = Timestamp::now();
    token.check(&Expectation::new(None, &context.config.client_id.value, now))?;
    let Some(other) = selection::instance_of_token(&context.config, &context.trust_store(), now, token.issuer()) else { return Ok(()) };
    let (issuer, own) = (token.issuer(), context.config.instance_name());
    let message =
        format!("the identity token is from {issuer}, the identity provider of the instance {other}, and the instance here is {own}");
    Err(Failure::new(Exit::Identity, message)
        .with_hint(format!("set paraph.instance to {other}, get a token for {own}, or set paraph.issuer to {issuer} if {own} shares it")))
}

async fn log_in(
    context: &Context,
    source: &Source,
    hint: Option<&str>,
    http: &Http,
    terminal: &Terminal,
) -> Result<IdentityToken, Failure> {
    let config = &context.config;
    let opener = opener(config);
    let options = LoginOptions {
        method: match source {
            Source::Direct(code) => LoginMethod::Direct(code),
            Source::Device => LoginMethod::Device,
            _ => LoginMethod::Interactive,
        },
        login_hint: hint,
        offline: false,
        opener: &opener,
        desktop: desktop(terminal),
        autoclose: autoclose(config),
        timeout: config.login_timeout.value,
    };
    let session = oidc_client(context)?.log_in(http, &options, terminal).await.map_err(|error| match (error, source) {
        // the access code is all that the local issuer asks for
        (error @ LoginError::Refused { .. }, Source::Direct(_)) if hint.is_some() => {
            Failure { hint: LoginError::AccessCode.hint().map(str::to_owned), ..error.into() }
        }
        (error, _) => error.into(),
    })?;
    check_token(context, &session.id_token)?;
    Ok(session.id_token)
}

/// Refuses before Fulcio or the log hear of it: an identity that is not the expected one, or not the committer's.
pub(super) fn check(context: &Context, token: &IdentityToken, object: &Payload) -> Result<(), Failure> {
    check_expected(context, token)?;
    let principal = token.principal();
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

/// The configured OpenID client.
pub(super) fn oidc_client(context: &Context) -> Result<OidcClient, Failure> {
    let config = &context.config;
    Ok(OidcClient {
        issuer: context.issuer(Timestamp::now())?,
        client_id: config.client_id.value.clone(),
        client_secret: config.client_secret_file.value.as_deref().map(secret_of).transpose()?,
        redirect_url: config.redirect_url.value.as_ref().map(|url| url.as_str().to_owned()),
        connector_id: config.connector_id.value.clone(),
    })
}

/// Refuses an identity that is not the expected one.
pub(super) fn check_expected(context: &Context, token: &IdentityToken) -> Result<(), Failure> {
    let name = token.certificate_name();
    let (principal, name) = (token.principal(), name.as_deref());
    if let Some(expected) = context.config.expected_identity.value.as_deref()
        && expected != principal
        && Some(expected) != name
    {
        let named = name.filter(|name| *name != principal).map(|name| format!(" (in the certificate {name})")).unwrap_or_default();
        let message = format!(
            "the identity is {principal}{named}, and {expected} is expected ({}); nothing was sent to Fulcio or the log",
            context.config.expected_identity.source
        );
        return Err(Failure::new(Exit::Identity, message).with_hint("log in as the expected identity, or change paraph.expectedIdentity"));
    }
    Ok(())
}

/// The same once more where Fulcio has composed the name: the log does not hear of an identity that is not the expected one.
pub(super) fn check_certificate(context: &Context, token: &IdentityToken, certificate: &SignerCertificate) -> Result<(), Failure> {
    let name = &certificate.identity().name;
    match context.config.expected_identity.value.as_deref() {
        Some(expected) if expected != name && expected != token.principal() => {
            let message = format!(
                "the certificate names {name}, and {expected} is expected ({}); nothing was sent to the log",
                context.config.expected_identity.source
            );
            Err(Failure::new(Exit::Identity, message).with_hint("change paraph.expectedIdentity, or sign from where it is the identity"))
        }
        _ => Ok(()),
    }
}

/// The access code of the local issuer, where the instance in use is one and names its file.
pub(super) fn access_code(context: &Context) -> Result<Option<Zeroizing<String>>, Failure> {
    let settings = context.config.instance_settings(&context.config.instance_name());
    settings.and_then(|settings| settings.access_code_file.value.as_deref()).map(secret_of).transpose()
}

fn secret_of(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(super::input::read(Some(path), MAX_SECRET)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(Exit::Configuration, format!("{} is no text", path.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The address in `Name <email>`, or the text itself where it is one.
pub(super) fn email_of(key: &str) -> Option<String> {
    let email = match key.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => key,
    };
    (email.contains('@') && !email.contains(char::is_whitespace)).then(|| email.to_owned())
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
