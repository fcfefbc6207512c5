//! Whether the keyring works that the user chose for refresh tokens, where one is chosen. The agent reads that from the user's own
//! configuration, and so does this.

use super::{
    super::{agent::keyring, context::Context, exit::Failure},
    Finding,
};
use crate::{
    agent::{client::AgentError, keyring::Kind},
    agent_protocol::Status,
    config::Config,
};

const ABOUT: &str = "keyring";

pub(super) fn all(context: &Context, status: &Result<Option<Status>, AgentError>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = match Config::of_user(&[]) {
        Ok(config) => config,
        Err(error) => return vec![Finding::problem(ABOUT, error.into())],
    };
    if context.config.keyring.source.is_repository() {
        let text = format!("{} has no effect: the agent reads the user's own configuration", context.config.keyring.source);
        findings.push(Finding::warning(ABOUT, text).fix("git config --global paraph.keyring"));
    }
    let chosen = keyring::chosen(&config);
    if let Some(kind) = chosen {
        findings.push(tried(kind));
    }
    if let Ok(Some(status)) = status
        && status.keyring != chosen
    {
        findings.push(
            Finding::warning(ABOUT, "the agent that runs was started before paraph.keyring was set")
                .fix("`paraph agent stop`: the next signature starts another"),
        );
    }
    findings
}

/// Nobody is asked to unlock it.
fn tried(kind: Kind) -> Finding {
    let runtime = match crate::service::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return Finding::problem(ABOUT, Failure::io("the keyring cannot be asked", &error)),
    };
    let tested = runtime.block_on(kind.self_test("doctor", None));
    runtime.shutdown_background();
    match tested {
        Ok(()) => Finding::ok(ABOUT, format!("{kind} takes, gives back and forgets what it is given")),
        Err(error) => Finding::warning(ABOUT, format!("{error}: logins stay in the agent's memory alone"))
            .fix("mend or unlock it, or choose another paraph.keyring"),
    }
}
