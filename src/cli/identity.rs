//! Where the identity token comes from, who should sign, and the checks of a token before it is sent.

use super::{context::Context, exit::Failure, git_settings::GitSettings, terminal::Terminal, ui::Ui};
use crate::{
    config::{Config, ServiceUrl, Source, Use},
    identity::{
        ADDRESS, Configured, Desktop, IdentityToken, LoginError, LoginMethod, LoginOptions, OidcClient, Opener, RequestedSigner,
        SignerSources, TokenSettings, TokenSource, WrongSigner, choose, identity_of_call,
        workload::{self, Provider, Surroundings},
    },
    object::Payload,
    selection,
    service::Http,
};
use jiff::Timestamp;
use std::{path::Path, time::Duration};
use zeroize::Zeroizing;

/// A larger secret file is not read, in bytes.
const MAX_SECRET: usize = 4096;

/// The source of the token, and why it was chosen.
pub(super) struct Choice {
    /// The source.
    pub(super) source: TokenSource,
    /// The source as a noun phrase.
    pub(super) origin: String,
    /// Why it was chosen, as a clause.
    pub(super) because: String,
    /// The CI system whose job this is and whose token is not used.
    pub(super) unused: Option<Provider>,
    /// Whether the token of a CI job is used without being configured.
    by_itself: bool,
}

/// The source of the token that configuration and environment select.
pub(super) fn choice(context: &Context, terminal: &Terminal) -> Result<Choice, Failure> {
    let config = &context.config;
    let mut settings = TokenSettings {
        token_provider: config.token_provider.value,
        token_variable: config.identity_token.value.as_ref().map(|secret| Zeroizing::new(secret.expose().to_owned())),
        token_file: config.identity_token_file.value.clone(),
        access_code: None,
        job: Provider::of_job(&|name: &str| std::env::var_os(name)),
        // a program that opens the address and cannot be read is an error of the login
        person: can_show_login(context, terminal) || config.require(&[Use::Login]).is_err(),
    };
    // a call with a token needs no file of another machine
    if settings.may_log_in() {
        settings.access_code = access_code(context)?;
    }
    let source = choose(&settings)?;
    if source.is_login() {
        config.require(&[Use::Login])?;
    }
    let named = settings.token_provider.is_some();
    let because = match &source {
        _ if named => format!("{} selects it", config.token_provider.source),
        TokenSource::Variable(_) => format!("{} is set", config.identity_token.source),
        TokenSource::File(_) => format!("{} names it", config.identity_token_file.source),
        TokenSource::Workload(_) => "this is its job, no login is possible here, and nothing else is configured".to_owned(),
        TokenSource::Direct(_) => "the local Sigstore signs you in by itself".to_owned(),
        TokenSource::Device | TokenSource::Browser => "nothing else is configured".to_owned(),
    };
    let by_itself = matches!(source, TokenSource::Workload(_)) && !named;
    let unused = settings.job.filter(|job| !named && !matches!(source, TokenSource::Workload(chosen) if chosen == *job));
    let origin = match source {
        TokenSource::Browser if terminal.is_present() && !desktop(terminal).opens(&opener(config)) => {
            "a login with a code or an address that the terminal shows".to_owned()
        }
        _ => source.to_string(),
    };
    Ok(Choice { source, origin, because, unused, by_itself })
}

impl Choice {
    /// Tells the user about a CI job's identity: that it signs without being configured, or that it is not used.
    pub(super) fn announce(&self, terminal: &Terminal, ui: &mut Ui) {
        if let (true, TokenSource::Workload(provider)) = (self.by_itself, &self.source) {
            let remark = format!("Signing as this job of {provider}: no login is possible here. Set paraph.tokenProvider to choose.");
            ui.note(&remark);
            terminal.say(remark);
        }
        if let (Some(job), TokenSource::Browser) = (self.unused, &self.source) {
            terminal.say(format!("The identity of this job of {job} is not used. Set paraph.tokenProvider = {} to use it.", job.name()));
        }
    }
}

/// Who should sign, from the configuration, git's key and the object.
pub(super) fn requested_signer(config: &Config, key: Option<&str>, object: Option<&Payload>) -> Result<RequestedSigner, WrongSigner> {
    RequestedSigner::resolve(signer_sources(config, key, object))
}

/// Who should sign a call of git's, which may name an identity for this call alone.
pub(super) fn requested_signer_of_call(
    context: &Context,
    key: Option<&str>,
    object: Option<&Payload>,
) -> Result<RequestedSigner, WrongSigner> {
    let signing_key = || Some(GitSettings::load(context.repository.as_ref()).ok()?.get("user.signingKey")?.value);
    let of_call = key.and_then(|key| identity_of_call(key, object, signing_key));
    RequestedSigner::resolve(SignerSources { required_by_call: of_call.as_deref(), ..signer_sources(&context.config, key, object) })
}

fn signer_sources<'a>(config: &'a Config, key: Option<&'a str>, object: Option<&'a Payload>) -> SignerSources<'a> {
    SignerSources {
        expected_identity: configured(config.expected_identity.value.as_deref(), &config.expected_identity.source),
        expected_issuer: configured(config.expected_issuer.value.as_ref().map(ServiceUrl::as_str), &config.expected_issuer.source),
        match_committer: config.match_committer.value,
        key,
        object,
        required_by_call: None,
    }
}

/// What a setting requires of the signer.
pub(super) fn configured(value: Option<&str>, source: &Source) -> Option<Configured> {
    value.map(|value| Configured { setting: Some(source.to_string()), ..value.into() })
}

/// Whether a login prompt can be shown to the user.
pub(super) fn can_show_login(context: &Context, terminal: &Terminal) -> bool {
    let desktop = desktop(terminal);
    let may_open = !terminal.forbidden_by().is_some_and(|no_prompt| no_prompt.at_all);
    desktop.terminal || desktop.session || may_open && context.config.url_opener.value.is_some()
}

fn desktop(terminal: &Terminal) -> Desktop {
    if terminal.forbidden_by().is_some_and(|no_prompt| no_prompt.at_all) {
        return Desktop { terminal: false, session: false };
    }
    Desktop::from_environment(terminal.is_present(), |name| std::env::var_os(name))
}

/// Why no login can be shown, if it is because the user forbids prompts.
pub(super) fn no_prompt(terminal: &Terminal) -> Option<Failure> {
    let no_prompt = terminal.forbidden_by()?;
    let message = match no_prompt.at_all {
        true => format!("a login is needed, but {} forbids prompts", no_prompt.by),
        false => format!("a login is needed, but {} forbids prompts on the terminal, and no browser can open", no_prompt.by),
    };
    let hint = "log in first with `paraph login`, so that the agent has the login, or set SIGSTORE_ID_TOKEN or paraph.identityTokenFile";
    Some(Failure::identity(message).with_hint(hint))
}

/// Gets identity tokens from their sources.
pub(super) struct TokenFetcher<'a> {
    pub(super) context: &'a Context,
    pub(super) http: &'a Http,
    pub(super) terminal: &'a Terminal,
}

impl TokenFetcher<'_> {
    /// A checked token from this source. A login asks for `login_name` first.
    pub(super) async fn fetch(&self, source: &TokenSource, login_name: Option<&str>) -> Result<IdentityToken, Failure> {
        let token = match source {
            TokenSource::Variable(_) | TokenSource::File(_) => source.read()?,
            TokenSource::Workload(provider) => {
                let variable = |name: &str| std::env::var_os(name);
                let audience = &self.context.config.client_id.value;
                let surroundings = Surroundings { http: self.http, variable: &variable, audience, deadline: workload::DEADLINE };
                provider.token(&surroundings).await?
            }
            TokenSource::Direct(_) | TokenSource::Device | TokenSource::Browser => return self.log_in(source, login_name).await,
        };
        check_token(self.context, &token)
            .map_err(|failure| Failure { message: format!("the token from {source} is not sent: {}", failure.message), ..failure })?;
        Ok(token)
    }

    async fn log_in(&self, source: &TokenSource, login_name: Option<&str>) -> Result<IdentityToken, Failure> {
        let config = &self.context.config;
        let may_open = !self.terminal.forbidden_by().is_some_and(|no_prompt| no_prompt.at_all);
        let opener = if may_open { opener(config) } else { Opener::Nothing };
        let options = LoginOptions {
            method: match source {
                TokenSource::Direct(code) => LoginMethod::Direct(code),
                TokenSource::Device => LoginMethod::Device,
                _ => LoginMethod::Interactive,
            },
            login_hint: login_name,
            offline: false,
            opener: &opener,
            desktop: desktop(self.terminal),
            autoclose: autoclose(config),
            timeout: config.login_timeout.value,
        };
        let session = oidc_client(self.context)?.log_in(self.http, &options, self.terminal).await;
        let session = session.map_err(|error| match (error, source) {
            (LoginError::Nobody | LoginError::Opener, _) if self.terminal.forbidden_by().is_some() => {
                no_prompt(self.terminal).unwrap_or_else(|| LoginError::Nobody.into())
            }
            (error, TokenSource::Direct(_)) if error.may_be_access_code() => {
                Failure { hint: LoginError::AccessCode.hint().map(str::to_owned), ..error.into() }
            }
            (error, _) => error.into(),
        })?;
        check_token(self.context, &session.id_token)?;
        Ok(session.id_token)
    }
}

/// Checks a token before it is sent anywhere.
pub(super) fn check_token(context: &Context, token: &IdentityToken) -> Result<(), Failure> {
    Ok(selection::check_token(&context.config, &context.trust_store(), Timestamp::now(), token)?)
}

/// The program that opens the browser.
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
        access_code: None,
    })
}

/// The access code of the local issuer, if the selected instance names a file with one.
pub(super) fn access_code(context: &Context) -> Result<Option<Zeroizing<String>>, Failure> {
    let settings = context.config.instance_settings(&context.config.instance_name());
    settings.and_then(|settings| settings.access_code_file.value.as_deref()).map(secret_of).transpose()
}

fn secret_of(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(super::input::read_regular(path, MAX_SECRET)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::configuration(format!("{} is not valid UTF-8", path.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
