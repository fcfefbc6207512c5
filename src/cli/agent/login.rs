//! `paraph login` and `paraph logout`.

use super::{
    super::{
        context::Context,
        exit::{Exit, Failure},
        identity::can_show_login,
        publication::PublicationNotice,
        terminal::Terminal,
        ui::Ui,
    },
    call, keyring,
    prompts::show_with_publication,
    registration::Registration,
    status::running,
    unexpected,
};
use crate::{
    agent::client::{AgentError, Client},
    agent_protocol::{Call, Reply},
    config::{OptionValue, TokenProvider},
    identity::{RequestedSigner, SignerSources},
};

/// Log in, so that signatures need no login for a while
///
/// The agent keeps the login. It is started if it does not run. It signs only with services that its own user configured or registered. If a
/// repository or the environment configures services by their addresses, --instance NAME registers them under that name.
///
/// Example: paraph login ann@example.com
#[derive(Debug, clap::Args)]
pub(in super::super) struct LoginArgs {
    /// The only identity to log in as; by default paraph.expectedIdentity, else any identity, with git's user.email as the hint
    #[arg(value_name = "IDENTITY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    identity: Option<String>,
    /// The instance, or a name to register the configured services under
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
}

/// Remove a login, and revoke it at the identity provider
///
/// It is wiped from the agent's memory, removed from the keyring, and revoked if the provider supports that. If a login is stored and no agent
/// runs, one is started for this. It fails if a stored token cannot be removed. A token that could not be revoked is a warning.
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
    let config = &context.config;
    let instance = instance(arguments, &context, ui)?;
    let committer = committer();
    let requested = RequestedSigner::resolve(SignerSources {
        expected_identity: arguments.identity.as_deref().or(config.expected_identity.value.as_deref()),
        key: committer.as_deref(),
        ..SignerSources::default()
    })?;
    let terminal = Terminal::open(config.log_path.value.as_deref());
    let publication = PublicationNotice::new(&terminal);
    let call = Call::Login {
        instance,
        expected: requested.required().map(str::to_owned),
        hint: requested.hint().map(str::to_owned),
        by_code: config.token_provider.value == Some(TokenProvider::Device),
    };
    let client = Client::of_user(true)?.with_login_timeout(config.login_timeout.value);
    let reply = match client.call(&call, |reply: &Reply| show_with_publication(reply, &publication, &terminal)) {
        Err(AgentError::Nobody) if can_show_login(&context, &terminal) => {
            return Err(Failure::new(Exit::Identity, "the agent has no way to show a login prompt").with_hint(
                "run `paraph agent stop`, so that the next agent uses this desktop; if paraph.urlOpener is set, check that it works",
            ));
        }
        reply => reply?,
    };
    let Reply::LoggedIn { identity, issuer } = reply else { return Err(unexpected().into()) };
    ui.note(format!("Logged in as {identity}, vouched for by {issuer}."));
    Ok(Exit::Good)
}

/// The name by which the agent knows the configured services, which are registered under the given name if they are not the user's own.
fn instance(arguments: &LoginArgs, context: &Context, ui: &mut Ui) -> Result<String, Failure> {
    match (Registration::of(context)?, &arguments.instance) {
        (Some(services), Some(name)) => {
            services.write(name)?;
            ui.note(format!("The configured services are registered as {name}."));
            Ok(name.clone())
        }
        (Some(services), None) => services.registered_name().ok_or_else(|| {
            Failure::new(Exit::Usage, "the agent does not know the services that the repository or the environment configures")
                .with_hint(format!("register them: `paraph login --instance {}`", services.suggested_name(context)))
        }),
        (None, name) => {
            let option = name.as_ref().map(|name| OptionValue { setting: "instance", flag: "--instance", value: name.into() });
            Ok(Context::load_to_sign(option.as_slice())?.config.instance_name().as_str().to_owned())
        }
    }
}

/// The address that git would commit with here.
fn committer() -> Option<String> {
    let output = std::process::Command::new("git").args(["config", "user.email"]).stdin(std::process::Stdio::null()).output().ok()?;
    let email = String::from_utf8(output.stdout).ok()?;
    Some(email.trim().to_owned()).filter(|email| email.contains('@'))
}

pub(in super::super) fn log_out(arguments: &LogoutArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let identity = arguments.identity.as_deref();
    if let Some(identity) = identity
        && keyring::stored_logins(Some(identity))?.is_empty()
        && is_not_kept(identity)
    {
        ui.note(format!("There is no login of {identity} here."));
        return Ok(Exit::Good);
    }
    let done = identity.map_or_else(|| "All logins are removed.".to_owned(), |identity| format!("The login of {identity} is removed."));
    // an agent removes and revokes stored tokens, even if it is started only for that
    let is_started_for_this = !Client::of_user(false)?.is_present() && !keyring::stored_logins(identity)?.is_empty();
    let result = call(&Client::of_user(is_started_for_this)?, &Call::Logout { identity: arguments.identity.clone() }, &done, ui);
    if is_started_for_this {
        // an agent that does not stop now ends by itself later
        let _ = Client::of_user(false)?.call(&Call::Stop, |_: &Reply| true);
    }
    result
}

/// Whether no agent keeps this login. If the agent cannot be asked, it may keep it.
fn is_not_kept(identity: &str) -> bool {
    match running() {
        Ok(Some(status)) => status.logins.iter().all(|login| !crate::certificate::names::same_address(&login.identity, identity)),
        Ok(None) => true,
        Err(_) => false,
    }
}
