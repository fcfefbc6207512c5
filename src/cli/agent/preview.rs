//! What the agent would do for a signature.

use super::{
    keyring,
    status::{running, time},
};
use crate::{
    agent::{client::Client, keyring::StoredLogin, place::Place, registration::Registration},
    agent_protocol::{AgentStatus, LoginStatus},
    cli::{
        agent_preview::{AgentPreview, LoginPreview},
        context::Context,
        exit::Failure,
    },
    config::AgentUse,
    identity::RequestedSigner,
};
use jiff::Timestamp;

impl AgentPreview {
    /// For a signature by the requested signer.
    pub(in super::super) fn of(context: &Context, requested: &RequestedSigner) -> Result<Self, Failure> {
        let config = &context.config;
        if config.agent.value == AgentUse::Never {
            return Ok(Self::NotUsed(format!("not used ({})", config.agent.source)));
        }
        if let Some(socket) = &config.agent_socket.value {
            return Ok(match Client::at(socket.clone()).is_present() {
                true => Self::Forwarded(socket.clone()),
                false => Self::Unusable(format!("no agent listens at {}", socket.display())),
            });
        }
        if let Some(services) = Registration::of(config).filter(|services| services.registered_name().is_none()) {
            let name = services.suggested_name(config);
            let why = format!(
                "not used, because this repository or the environment picks its own services; `paraph login --instance {name}` approves them"
            );
            return Ok(Self::NotUsed(why));
        }
        let status = match running() {
            Ok(status) => status,
            Err(error) => return Ok(Self::Unusable(error.to_string())),
        };
        if status.is_none() && config.agent.value == AgentUse::Running {
            return Ok(Self::NotUsed(format!("not used: none runs, and {} lets none be started", config.agent.source)));
        }
        if status.as_ref().is_some_and(|status| status.locked) || Place::planned().is_ok_and(|place| place.is_locked()) {
            return Ok(Self::Locked);
        }
        let now = Timestamp::now();
        // without an issuer or services there is no login; whoami shows the reason beside this
        let (Some(_), Ok(issuer), Ok(services)) = (requested.login_name(), context.issuer(now), context.services(now)) else {
            return Ok(Self::of_status(status));
        };
        let is_there = |its_issuer: &str, fulcio: &str| its_issuer == issuer && fulcio == services.fulcio;
        let kept = |AgentStatus { process, logins, .. }: &AgentStatus| {
            let there = logins.iter().filter(|login| is_there(&login.issuer, &login.fulcio));
            requested.choose_login(there).map(|login| (*process, login.clone()))
        };
        if let Some((process, login)) = status.as_ref().and_then(kept) {
            let LoginStatus { identity, issuer, certificate_issuer, certificate_until, renewable, .. } = login;
            let issuer = certificate_issuer.unwrap_or(issuer);
            let login = LoginPreview { identity, issuer, until: certificate_until.map(time), is_renewable: renewable };
            return Ok(Self::HasLogin { process, login });
        }
        let stored = keyring::stored_logins(None)?.into_iter().filter(|StoredLogin { owner, .. }| is_there(&owner.issuer, &owner.fulcio));
        let Some(login) = requested.choose_login(stored) else { return Ok(Self::of_status(status)) };
        // where its user logged in is known only when the login is continued
        let if_by = requested.issuer().filter(|expected| *expected != login.owner.issuer).map(str::to_owned);
        Ok(Self::Stored { keyring: login.keyring.to_string(), if_by })
    }

    fn of_status(status: Option<AgentStatus>) -> Self {
        status.map_or(Self::NotRunning, |status| Self::NeedsLogin { process: status.process })
    }
}
