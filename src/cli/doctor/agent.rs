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
    },
    agent_protocol::Status,
    config::AgentUse,
};

const ABOUT: &str = "agent";

/// `status` is what the user's own agent says of itself, where one runs.
pub(super) fn all(context: &Context, status: &Result<Option<Status>, AgentError>) -> Vec<Finding> {
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
    vec![match status {
        Ok(status) => own(status.as_ref()),
        Err(error) => {
            let found = Finding::warning(ABOUT, format!("{error}: signing goes on without it"));
            match error.hint() {
                Some(hint) => found.fix(hint),
                None => found,
            }
        }
    }]
}

fn own(status: Option<&Status>) -> Finding {
    match status {
        Some(Status { locked: true, .. }) => locked("the agent is locked, and signs nothing"),
        Some(Status { process, logins, .. }) => {
            let logins = match logins.as_slice() {
                [] => "no login".to_owned(),
                logins => logins.iter().map(|login| login.identity.as_str()).collect::<Vec<_>>().join(", "),
            };
            Finding::ok(ABOUT, format!("process {process}, with {logins}"))
        }
        None if Place::of_user().is_ok_and(|place| place.is_locked()) => locked("no agent runs, and one that is started is locked"),
        None => Finding::note(ABOUT, "none runs; a signature that needs a login starts one"),
    }
}

fn locked(text: &str) -> Finding {
    Finding::problem(ABOUT, Failure::new(Exit::Identity, text)).fix("paraph agent unlock")
}
