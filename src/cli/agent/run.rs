//! `paraph agent run`: the agent's process.

use super::{
    super::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
    },
    keyring,
};
use crate::{
    agent::{
        client::AgentError,
        confirm::{ANSWER_TIMEOUT, REFUSAL_LIFETIME, Rules},
        keyring::Keyring,
        login::{Refused, Target},
        place::Place,
        registration::{InstanceError, trusted_config},
        server::{Activated, Options, Server},
    },
    agent_protocol::Refusal,
    config::{AgentConfirm, Config, TokenProvider, Use},
    identity::OidcClient,
    selection::GitNetwork,
    service,
};
use jiff::Timestamp;
use std::{ffi::OsString, os::unix::process::CommandExt as _, process::Command, time::Duration};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    /// Used when a client starts it: it runs in its own session.
    #[arg(long, hide = true)]
    detached: bool,
    /// For tests only: other processes of the user can read its memory.
    #[arg(long, hide = true)]
    readable_memory: bool,
    /// For tests only: how many seconds a question waits for its answer.
    #[arg(long, hide = true, value_name = "SECONDS")]
    answer_timeout: Option<u64>,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    drop_variables()?;
    if arguments.detached {
        // leaves the terminal and the job control of the caller; fails only for a process that leads a group already
        let _ = rustix::process::setsid();
    }
    let config = Config::of_user(&[])?;
    config.require(&[Use::Agent, Use::Network])?;
    let options = Options {
        idle: config.agent_timeout.value.0,
        rules: Rules {
            ask: config.agent_confirm.value == AgentConfirm::Ask,
            ask_digests: !config.agent_sign_digests.value,
            signatures: config.agent_confirm_signatures.value,
            lifetime: config.agent_confirm_time.value,
            refusal_lifetime: REFUSAL_LIFETIME,
            timeout: arguments.answer_timeout.map_or(ANSWER_TIMEOUT, Duration::from_secs),
            notifications: true,
            askpass: askpass(),
        },
        keyring: Keyring::new(keyring::chosen(&config), keyring::index()?),
        http: service::TimeLimits { request: config.timeout.value, ..service::TimeLimits::default() },
        readable_memory: arguments.readable_memory,
    };
    let place = Place::of_user().map_err(AgentError::from)?;
    let activated = activated()?;
    let Some(server) = Server::open(&place, activated, Box::new(resolve), options).map_err(AgentError::from)? else {
        // the client that started it finds the other one
        ui.line("another agent runs");
        ui.flush()?;
        return Ok(Exit::Good);
    };
    if !arguments.detached {
        ui.note(format!("The agent listens at {}.", place.socket().display()));
    }
    place.link_sockets();
    let runtime = crate::service::runtime().map_err(|error| Failure::io("the agent cannot be started", &error))?;
    let ended = runtime.block_on(server.run());
    // does not wait for a keyring that waits for the user
    runtime.shutdown_background();
    ended.map_err(|error| Failure::io("the agent cannot listen", &error))?;
    Ok(Exit::Good)
}

/// Starts this program again without the variables that choose the files of git's configuration: an agent serves every process of its user, with
/// the configuration of the home folder and of the system.
fn drop_variables() -> Result<(), Failure> {
    let chooses = |name: &OsString| name == "XDG_CONFIG_HOME" || name.as_encoded_bytes().starts_with(b"GIT_");
    let names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).filter(chooses).collect();
    if names.is_empty() {
        return Ok(());
    }
    let failed = |error: &std::io::Error| Failure::io("the agent cannot be started", error);
    let mut again = Command::new(std::env::current_exe().map_err(|error| failed(&error))?);
    again.args(std::env::args_os().skip(1));
    for name in &names {
        again.env_remove(name);
    }
    Err(failed(&again.exec()))
}

/// The sockets that systemd opened: the first is the user's own, the second the one to forward.
fn activated() -> Result<Activated, Failure> {
    let mut given = listenfd::ListenFd::from_env();
    let failed = |error| Failure::io("the sockets of the service manager cannot be used", &error);
    let mut socket = |index| if index < given.len() { given.take_unix_listener(index).map_err(failed) } else { Ok(None) };
    Ok(Activated { own: socket(0)?, forward: socket(1)? })
}

/// The program that `ssh-add -c` asks with, if there is a desktop for its window.
fn askpass() -> Option<OsString> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")).then(|| std::env::var_os("SSH_ASKPASS").unwrap_or_else(|| "ssh-askpass".into()))
}

/// What the agent needs to sign with an instance.
fn resolve(name: &str) -> Result<Target, Refused> {
    let failed = |failure: Failure| Refused { hint: failure.hint.clone(), ..Refused::new(Refusal::Configuration, failure.message) };
    let config = trusted_config(name).map_err(|error| match error {
        InstanceError::Registration(error) => failed(error.into()),
        InstanceError::Configuration(error) => failed(error.into()),
        InstanceError::Name(_) => {
            Refused::new(Refusal::Instance, error.to_string()).with_hint("use letters, digits, hyphens, underscores and dots")
        }
        InstanceError::Unknown(_) => {
            let hint = format!("approve its services where the agent runs: `paraph login --instance {name}`");
            Refused::new(Refusal::Instance, error.to_string()).with_hint(hint)
        }
    })?;
    config.require(&[Use::Trust, Use::Signer, Use::Login]).map_err(|error| failed(error.into()))?;
    let context = Context { repository: None, config };
    target(name, &context).map_err(failed)
}

fn target(name: &str, context: &Context) -> Result<Target, Failure> {
    let (config, now) = (&context.config, Timestamp::now());
    let access_code = super::super::identity::access_code(context)?;
    Ok(Target {
        name: name.to_owned(),
        client: OidcClient { access_code: access_code.clone(), ..super::super::identity::oidc_client(context)? },
        access_code,
        opener: super::super::identity::opener(config),
        autoclose: super::super::identity::autoclose(config),
        by_code: config.token_provider.value == Some(TokenProvider::Device),
        login_timeout: config.login_timeout.value,
        network: GitNetwork::of_user()?,
        services: context.services(now)?,
        roots: context.trust_roots()?.into(),
    })
}
