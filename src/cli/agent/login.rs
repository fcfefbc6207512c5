//! `paraph login` and `paraph logout`: ask the agent for a login, or to remove one.

use super::{
    super::{
        context::Context,
        exit::{Exit, Failure},
        identity::{can_show_login, configured},
        publication::PublicationNotice,
        terminal::Terminal,
        ui::Ui,
    },
    call, call_others, keyring,
    prompts::show_with_publication,
    status::running,
    unexpected,
};
use crate::{
    agent::{
        client::{AgentError, Client},
        registration::Registration,
    },
    agent_protocol::{Call, Refusal, Reply},
    config::{Config, OptionValue, ServiceUrl, Source, TokenProvider, Use},
    escape::Escaped,
    git_process,
    identity::{Configured, RequestedSigner, SignerSources},
    repository::Scope,
    trust::Instance,
};
use jiff::Timestamp;

/// Log in once, so that many signatures need no login
///
/// Starts the agent, if it does not run; the agent keeps the login. It signs only with services that you configured or approved. If a
/// repository or the environment configures services by their addresses, --instance NAME approves them under that name.
///
/// Example: paraph login ann@example.com
#[derive(Debug, clap::Args)]
pub(in super::super) struct LoginArgs {
    /// The only identity to log in as. By default paraph.expectedIdentity; without it any identity, and the page suggests git's user.email
    #[arg(value_name = "IDENTITY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    identity: Option<String>,
    /// The instance, or a name to approve the configured services under
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
}

/// Remove a login, and revoke it at the issuer
///
/// Wipes the login from the agent's memory, removes it from the keyring, and revokes it if the issuer supports that. Starts an agent if a
/// login is stored and no agent runs. Fails if a stored token cannot be removed. Warns if a token could not be revoked.
///
/// Example: paraph logout ann@example.com
#[derive(Debug, clap::Args)]
pub(in super::super) struct LogoutArgs {
    /// The identity to remove; by default all
    #[arg(value_name = "IDENTITY")]
    identity: Option<String>,
}

pub(in super::super) fn log_in(arguments: &LoginArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load_to_sign(&[])?;
    context.config.require(&[Use::Login])?;
    let config = &context.config;
    let committer = committer();
    let requested = RequestedSigner::resolve(SignerSources {
        expected_identity: arguments.identity.as_deref().or(config.expected_identity.value.as_deref()).map(Configured::from),
        expected_issuer: configured(config.expected_issuer.value.as_ref().map(ServiceUrl::as_str), &config.expected_issuer.source),
        key: committer.as_deref(),
        ..SignerSources::default()
    })?;
    let terminal = Terminal::open(config.log_path.value.as_deref());
    let instance = InstanceName::of(arguments, &context)?;
    let reply = log_in_at(&instance.name, &requested, &context, &terminal).inspect_err(|_| instance.withdraw())?;
    let Reply::LoggedIn { identity, issuer } = reply else { return Err(unexpected().into()) };
    if instance.is_registered {
        ui.note(format!("The configured services are approved as {}.", instance.name));
    }
    ui.note(format!("Logged in as {identity}, vouched for by {issuer}."));
    Ok(Exit::Good)
}

fn log_in_at(instance: &str, requested: &RequestedSigner, context: &Context, terminal: &Terminal) -> Result<Reply, Failure> {
    let config = &context.config;
    let publication = PublicationNotice::new(terminal);
    let call = Call::Login {
        instance: instance.to_owned(),
        expected: requested.required().map(str::to_owned),
        hint: requested.hint().map(str::to_owned),
        expected_issuer: requested.issuer().map(str::to_owned),
        by_code: config.token_provider.value == Some(TokenProvider::Device),
    };
    let client = Client::of_user(true)?.with_login_timeout(config.login_timeout.value);
    match client.call(&call, |reply: &Reply| show_with_publication(reply, &publication, terminal)) {
        Err(AgentError::Nobody) if can_show_login(context, terminal) => Err(Failure::identity(
            "the agent has no way to show a login prompt",
        )
        .with_hint("run `paraph agent stop`, so that the next agent uses this desktop; if paraph.urlOpener is set, check that it works")),
        Err(error @ AgentError::Refused { kind: Refusal::Instance, .. }) => {
            let failure = Failure::from(error);
            Err(match file_of_variables(instance, config) {
                Some(file) => failure.with_hint(format!(
                    "include {file} where the agent reads its settings: `git config --file ~/.gitconfig --add include.path {file}`"
                )),
                None => failure,
            })
        }
        reply => Ok(reply?),
    }
}

/// The file that describes an instance here, where a variable chose the files of git's configuration: the agent does not follow the variable.
fn file_of_variables(instance: &str, config: &Config) -> Option<String> {
    let is_chosen = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "XDG_CONFIG_HOME"].iter().any(|name| std::env::var_os(name).is_some());
    let settings = config.instance_settings(&Instance::named(instance)?).filter(|_| is_chosen)?;
    let sources = [&settings.trusted_root.source, &settings.signing_config.source, &settings.mirror.source];
    sources.into_iter().find_map(|source| match source {
        Source::Git { scope: Scope::Global | Scope::System, file: Some(file), .. } => Some(Escaped(&file.to_string_lossy()).to_string()),
        _ => None,
    })
}

/// The name by which the agent knows the configured services.
struct InstanceName {
    name: String,
    /// Whether they were registered for this login.
    is_registered: bool,
    /// What was registered under this name before.
    previous: Option<Registration>,
}

impl InstanceName {
    /// Services that are not the user's own are registered under the given name. A name alone must be that of a known instance: a login
    /// publishes a certificate.
    fn of(arguments: &LoginArgs, context: &Context) -> Result<Self, Failure> {
        let known = |name: String| Self { name, is_registered: false, previous: None };
        match (Registration::of(&context.config), &arguments.instance) {
            (Some(services), Some(name)) => {
                let previous = Registration::read(name)?;
                services.write(name)?;
                Ok(Self { name: name.clone(), is_registered: true, previous })
            }
            (Some(services), None) => services.registered_name().map(known).ok_or_else(|| {
                Failure::usage("the agent does not know the services that the repository or the environment configures")
                    .with_hint(format!("approve them: `paraph login --instance {}`", services.suggested_name(&context.config)))
            }),
            (None, name) => {
                let option = name.as_ref().map(|name| OptionValue { setting: "instance", flag: "--instance", value: name.into() });
                let context = Context::load_to_sign(option.as_slice())?;
                let instance = context.config.instance_name();
                if instance.is_built_in() || Registration::read(instance.as_str())?.is_none() {
                    context.services(Timestamp::now())?;
                }
                Ok(known(instance.as_str().to_owned()))
            }
        }
    }

    /// Takes back what was registered for a login that failed.
    fn withdraw(&self) {
        if self.is_registered {
            // a registration that stays is as the user wanted it
            let _ = Registration::restore(&self.name, self.previous.as_ref());
        }
    }
}

/// The address that git would commit with here.
fn committer() -> Option<String> {
    git_process::printed(&["config", "user.email"]).filter(|email| email.contains('@'))
}

pub(in super::super) fn log_out(arguments: &LogoutArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let identity = arguments.identity.as_deref();
    if let Some(identity) = identity
        && keyring::stored_logins(Some(identity))?.is_empty()
        && is_not_kept(identity)
        && Client::others_of_user()?.is_empty()
    {
        ui.note(format!("There is no login of {identity} here."));
        return Ok(Exit::Good);
    }
    let done = identity.map_or_else(|| "All logins are removed.".to_owned(), |identity| format!("The login of {identity} is removed."));
    // an agent removes and revokes stored tokens, even if it is started only for that
    let is_started_for_this = !Client::of_user(false)?.is_present() && !keyring::stored_logins(identity)?.is_empty();
    let request = Call::Logout { identity: arguments.identity.clone() };
    let others = call_others(&request, ui);
    let result = call(&Client::of_user(is_started_for_this)?, &request, &done, ui);
    if is_started_for_this {
        // an agent that does not stop now ends by itself later
        let _ = Client::of_user(false)?.call(&Call::Stop, |_: &Reply| true);
    }
    result.and(others)
}

/// Whether no agent keeps this login. If the agent cannot be asked, it may keep it.
fn is_not_kept(identity: &str) -> bool {
    match running() {
        Ok(Some(status)) => status.logins.iter().all(|login| !crate::certificate::names::same_address(&login.identity, identity)),
        Ok(None) => true,
        Err(_) => false,
    }
}
