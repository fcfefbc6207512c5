//! `paraph agent status` and `paraph agent log`: what the agent holds, and what it signed.

use super::{
    super::{
        exit::{Exit, Failure},
        ui::Ui,
    },
    keyring, unexpected,
};
use crate::{
    agent::{
        client::{AgentError, Client},
        keyring::StoredLogin,
        place::Place,
    },
    agent_protocol::{AgentStatus, Call, LoginStatus, Reply},
    wording::{counted, spoken_time},
};
use jiff::Timestamp;

/// The status of the running agent, if one runs.
pub(in super::super) fn running() -> Result<Option<AgentStatus>, AgentError> {
    match Client::of_user(false)?.call(&Call::Status, |_: &Reply| true) {
        Ok(Reply::Status(status)) => Ok(Some(status)),
        Ok(_) => Err(unexpected()),
        Err(AgentError::Absent) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn status(json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let status = running()?;
    if let Some(notice) = Place::planned().ok().as_ref().and_then(Place::notice) {
        ui.warning(notice);
    }
    let stored = keyring::stored_logins(None)?;
    if json {
        let login = |login: &StoredLogin| {
            let StoredLogin { keyring, instance, owner, .. } = login;
            serde_json::json!({ "identity": owner.identity, "issuer": owner.issuer, "instance": instance, "keyring": keyring })
        };
        let stored: Vec<_> = stored.iter().map(login).collect();
        ui.json(&serde_json::json!({ "running": status.is_some(), "agent": status, "resting": stored }));
    } else {
        match &status {
            None if Place::planned().is_ok_and(|place| place.is_locked()) => {
                ui.line("no agent runs; the next one is locked until `paraph agent unlock`");
            }
            None => ui.line("no agent runs"),
            Some(status) => describe(status, ui),
        }
        for other in Client::others_of_user()? {
            ui.line(format!("another agent of yours listens at {}; `paraph agent stop` ends both", other.socket().display()));
        }
        for StoredLogin { keyring, owner, .. } in &stored {
            ui.line(format!("the login of {} at {} is stored in {keyring}", owner.identity, owner.issuer));
        }
    }
    Ok(Exit::Good)
}

fn describe(status: &AgentStatus, ui: &mut Ui) {
    ui.line(format!("process {}, paraph {}, since {}", status.process, status.program, spoken_time(time(status.started))));
    ui.line(&status.memory);
    ui.line(match (status.keyring, &status.keyring_problem) {
        (None, _) => "logins end with the agent; paraph.keyring keeps them".to_owned(),
        (Some(_), Some(problem)) => format!("logins end with the agent: {problem}"),
        (Some(keyring), None) => format!("logins are stored in {keyring}"),
    });
    if status.locked {
        ui.line("locked");
    }
    for LoginStatus { identity, issuer, certificate_until, renewable, signatures, .. } in &status.logins {
        let certificate = certificate_until
            .map_or_else(|| "no certificate now".to_owned(), |until| format!("certificate until {}", spoken_time(time(until))));
        let next = if *renewable { "the next one needs no login" } else { "the next one needs a login" };
        ui.line(format!("{identity} ({issuer}): {}, {certificate}, {next}", counted(*signatures, "signature")));
    }
    if status.logins.is_empty() {
        ui.line("no logins");
    }
}

pub(super) fn journal(json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let entries = match Client::of_user(false)?.call(&Call::Journal, |_: &Reply| true) {
        Ok(Reply::Journal { entries }) => entries,
        Ok(_) => return Err(unexpected().into()),
        Err(AgentError::Absent) => {
            ui.note("No agent runs.");
            return Ok(Exit::Good);
        }
        Err(error) => return Err(error.into()),
    };
    for entry in &entries {
        if json {
            ui.json_line(entry);
        } else {
            let host = entry.host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
            let repository = entry.repository.as_deref().unwrap_or("an unnamed repository");
            let name = entry.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            ui.line(format!("{} {}{name} as {} in {repository}{host}", spoken_time(time(entry.time)), entry.kind, entry.identity));
        }
    }
    Ok(Exit::Good)
}

/// A time of the agent's protocol.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}
