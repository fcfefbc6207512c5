//! What the agent would do about a signature.

use super::{keyring, registration::Registration, running};
use crate::{
    agent::{client::Client, keyring::Record, place::Place},
    agent_protocol::{Login, Status},
    cli::{
        agent_preview::{AgentPreview, KeptLogin},
        context::Context,
        exit::Failure,
    },
    config::AgentUse,
};
use jiff::Timestamp;

impl AgentPreview {
    /// For a signature as `name`: whom the expected identity, git's key or the committer names.
    pub(in super::super) fn of(context: &Context, name: Option<&str>) -> Result<Self, Failure> {
        let config = &context.config;
        if config.agent.value == AgentUse::Never {
            return Ok(Self::NotUsed(format!("not used ({})", config.agent.source)));
        }
        if let Some(socket) = &config.agent_socket.value {
            return Ok(match Client::at(socket.clone()).is_present() {
                true => Self::Forwarded(socket.clone()),
                false => Self::Unusable(format!("nobody listens at {}", socket.display())),
            });
        }
        if Registration::of(context)?.is_some_and(|elsewhere| elsewhere.registered_name().is_none()) {
            let why =
                "not used for services that the repository or the environment configures (`paraph login --instance NAME` registers them)";
            return Ok(Self::NotUsed(why.into()));
        }
        let status = match running() {
            Ok(status) => status,
            Err(error) => return Ok(Self::Unusable(error.to_string())),
        };
        if status.as_ref().is_some_and(|status| status.locked) || Place::of_user().is_ok_and(|place| place.is_locked()) {
            return Ok(Self::Locked);
        }
        let now = Timestamp::now();
        // who cannot be asked for a login has none; what is wrong there is told beside
        let (Some(name), Ok(issuer), Ok(services)) = (name, context.issuer(now), context.services(now)) else {
            return Ok(Self::of_status(status));
        };
        let is_theirs = |its_issuer: &str, fulcio: &str| its_issuer == issuer && fulcio == services.fulcio;
        // an equal identity goes before one to which the name led
        let led = |names: &[String]| config.expected_identity.value.is_none() && names.iter().any(|other| other == name);
        let theirs = |login: &&Login| is_theirs(&login.issuer, &login.fulcio);
        let serving = |logins: &[Login]| {
            let equal = logins.iter().filter(theirs).find(|login| login.identity == name);
            equal.or_else(|| logins.iter().filter(theirs).find(|login| led(&login.names))).cloned()
        };
        if let Some(Status { process, logins, .. }) = &status
            && let Some(login) = serving(logins)
        {
            let Login { identity, issuer, certificate_until, renewable, .. } = login;
            let login = KeptLogin { identity, issuer, until: certificate_until.map(super::time), is_renewable: renewable };
            return Ok(Self::HasLogin { process: *process, login });
        }
        let resting = keyring::records(None)?
            .into_iter()
            .find(|Record { owner, names, .. }| (owner.identity == name || led(names)) && is_theirs(&owner.issuer, &owner.fulcio));
        Ok(resting.map_or_else(|| Self::of_status(status), |record| Self::Stored(record.keyring.to_string())))
    }

    fn of_status(status: Option<Status>) -> Self {
        status.map_or(Self::NotRunning, |status| Self::NeedsLogin { process: status.process })
    }
}
