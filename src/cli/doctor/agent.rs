//! Checks the agent that would sign.

use super::{
    super::{context::Context, exit::Failure},
    Finding,
};
use crate::{
    agent::{
        client::{AgentError, Client},
        place::Place,
        registration::Registration,
    },
    agent_protocol::{AgentStatus, LoginStatus},
    config::AgentUse,
};
use jiff::Timestamp;

const ABOUT: &str = "agent";

/// `status` is that of the user's own agent, if one is running. `is_login` is whether a login gives the token: the agent does nothing else.
pub(super) fn all(context: &Context, status: &Result<Option<AgentStatus>, AgentError>, is_login: bool) -> Vec<Finding> {
    let config = &context.config;
    if config.agent.value == AgentUse::Never {
        return vec![Finding::note(ABOUT, format!("not used ({})", config.agent.source))];
    }
    if !is_login {
        return vec![Finding::note(ABOUT, "not used: the identity token needs no login")];
    }
    if let Some(socket) = &config.agent_socket.value {
        let path = socket.display();
        return vec![match Client::at(socket.clone()).is_present() {
            true => Finding::ok(ABOUT, format!("the forwarded agent at {path} answers")),
            false => Finding::warning(ABOUT, format!("nothing listens at {path}; signatures are made without an agent"))
                .fix(format!("forward the socket again, or unset {}", config.agent_socket.source)),
        }];
    }
    if let Some(services) = Registration::of(config).filter(|services| services.registered_name().is_none()) {
        let name = services.suggested_name(config);
        let by = Registration::picked_by(config).unwrap_or_else(|| "the repository or the environment".to_owned());
        let text = format!("not used: {by} picks services that the agent does not know");
        return vec![Finding::note(ABOUT, text).fix(format!("approve them: `paraph login --instance {name}`"))];
    }
    vec![match status {
        Ok(status) => own(status.as_ref(), context),
        Err(error) => {
            let found = Finding::warning(ABOUT, format!("{error}; signatures are made without it"));
            match error.hint() {
                Some(hint) => found.fix(hint),
                None => found,
            }
        }
    }]
}

fn own(status: Option<&AgentStatus>, context: &Context) -> Finding {
    match status {
        Some(AgentStatus { locked: true, .. }) => locked("the agent is locked and does not sign"),
        Some(AgentStatus { process, logins, .. }) => {
            let now = Timestamp::now();
            // without an issuer or services no login is of this instance, and another check says why
            let services = context.issuer(now).and_then(|issuer| Ok((issuer, context.services(now)?.fulcio)));
            let expected = context.config.expected_issuer.value.as_ref().map(|issuer| issuer.as_str());
            let is_expected = |issuer: &str| expected.is_none_or(|expected| issuer == expected);
            let is_here = |login: &&LoginStatus| {
                services.as_ref().is_ok_and(|(issuer, fulcio)| login.issuer == *issuer && login.fulcio == *fulcio)
                    && login.certificate_issuer.as_deref().is_none_or(is_expected)
            };
            let here: Vec<&str> = logins.iter().filter(is_here).map(|login| login.identity.as_str()).collect();
            let logins = match (here.as_slice(), logins.as_slice()) {
                ([], []) => "no login".to_owned(),
                ([], _) => {
                    let by = expected.map(|issuer| format!(" by {issuer}")).unwrap_or_default();
                    format!("no login for the instance {}{by}", context.config.instance_name())
                }
                (here, _) => here.join(", "),
            };
            Finding::ok(ABOUT, format!("process {process}, with {logins}"))
        }
        None if context.config.agent.value == AgentUse::Running => {
            Finding::note(ABOUT, format!("not used: none runs, and {} lets none be started", context.config.agent.source))
        }
        None if Place::planned().is_ok_and(|place| place.is_locked()) => locked("no agent is running, and a new one would be locked"),
        None => Finding::note(ABOUT, "not running; a signature that needs a login starts it"),
    }
}

fn locked(text: &str) -> Finding {
    Finding::problem(ABOUT, Failure::identity(text)).fix("unlock it with `paraph agent unlock`")
}
