//! Whether the agent that would sign does so.

use super::{
    super::{
        context::Context,
        exit::{Exit, Failure},
    },
    Finding,
};
use crate::{
    agent::{
        client::{AgentError, Client},
        place::Place,
        protocol::{Call, Reply, Status},
    },
    config::AgentUse,
};

const ABOUT: &str = "agent";

pub(super) fn all(context: &Context) -> Vec<Finding> {
    let config = &context.config;
    if config.agent.value == AgentUse::Never {
        return vec![Finding::note(ABOUT, format!("not used ({})", config.agent.source))];
    }
    if let Some(socket) = &config.agent_socket.value {
        let path = socket.display();
        return vec![match Client::at(socket.clone()).is_present() {
            true => Finding::ok(ABOUT, format!("the forwarded one at {path} answers")),
            false => Finding::warning(ABOUT, format!("nobody listens at {path}: signing goes on without an agent"))
                .fix(format!("forward the socket anew, or unset what names it ({})", config.agent_socket.source)),
        }];
    }
    vec![own().unwrap_or_else(|error| {
        Finding::warning(ABOUT, format!("{error}: signing goes on without it"))
            .fix("`paraph agent stop`, or end the process that stands in its place")
    })]
}

fn own() -> Result<Finding, AgentError> {
    match Client::of_user(false)?.call(&Call::Status, |_| true) {
        Ok(Reply::Status(Status { locked: true, .. })) => Ok(locked("the agent is locked, and signs nothing")),
        Ok(Reply::Status(Status { process, logins, .. })) => {
            let logins = match logins.as_slice() {
                [] => "no login".to_owned(),
                logins => logins.iter().map(|login| login.identity.as_str()).collect::<Vec<_>>().join(", "),
            };
            Ok(Finding::ok(ABOUT, format!("process {process}, with {logins}")))
        }
        Err(AgentError::Absent) if Place::of_user()?.is_locked() => Ok(locked("no agent runs, and one that is started is locked")),
        Err(AgentError::Absent) => Ok(Finding::note(ABOUT, "none runs; a signature that needs a login starts one")),
        Ok(_) => Err(AgentError::Broken("its reply does not fit the request".into())),
        Err(error) => Err(error),
    }
}

fn locked(text: &str) -> Finding {
    Finding::problem(ABOUT, Failure::new(Exit::Identity, text)).fix("paraph agent unlock")
}
