//! Checks the keyring for refresh tokens, if one is configured. The agent reads that from the user's own configuration, and so does this check.

use super::{
    super::{agent::keyring, exit::Failure},
    Finding,
};
use crate::{
    agent::{client::AgentError, keyring::KeyringKind},
    agent_protocol::AgentStatus,
    config::Config,
};

const ABOUT: &str = "keyring";

pub(super) fn all(status: &Result<Option<AgentStatus>, AgentError>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = match Config::of_user(&[]) {
        Ok(config) => config,
        Err(error) => return vec![Finding::problem(ABOUT, error.into())],
    };
    let chosen = keyring::chosen(&config);
    if let Some(kind) = chosen {
        findings.push(tried(kind));
    }
    if let Ok(Some(status)) = status
        && status.keyring != chosen
    {
        findings.push(
            Finding::warning(ABOUT, "the running agent was started before paraph.keyring was set")
                .fix("stop it with `paraph agent stop`; the next signature starts a new one"),
        );
    }
    findings
}

/// Tests the keyring. The user is not asked to unlock it.
fn tried(kind: KeyringKind) -> Finding {
    let runtime = match crate::service::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return Finding::problem(ABOUT, Failure::io("the keyring cannot be asked", &error)),
    };
    let tested = runtime.block_on(kind.self_test("doctor", None));
    runtime.shutdown_background();
    match tested {
        Ok(()) => Finding::ok(ABOUT, format!("{kind} stores, returns and deletes a test entry")),
        Err(error) => Finding::warning(ABOUT, format!("{error}; logins end with the agent"))
            .fix("repair or unlock it, or choose another paraph.keyring"),
    }
}
