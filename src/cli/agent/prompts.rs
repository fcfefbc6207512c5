//! Shows the prompts that an agent sends.

use super::super::{publication::PublicationNotice, terminal::Terminal};
use crate::{
    agent_protocol::Reply,
    identity::{DeviceCode, Prompt as _},
};
use std::time::Duration;

/// Shows a prompt, and what becomes public once for each identity and log. Returns false if it is for the user and could not be shown.
pub(super) fn show_with_publication(reply: &Reply, publication: &PublicationNotice<'_>, terminal: &Terminal) -> bool {
    match reply {
        Reply::Publish { of, text } => {
            publication.show_of_agent(of, text);
            true
        }
        reply => show(reply, terminal),
    }
}

/// Shows a prompt. Returns false if it is for the user and could not be shown.
pub(super) fn show(reply: &Reply, terminal: &Terminal) -> bool {
    match reply {
        Reply::Say { text } => terminal.say(text),
        Reply::Publish { text, .. } => text.iter().for_each(|line| terminal.say(line)),
        Reply::LogIn { url, opening } => {
            terminal.log_in_at(url, *opening);
            return terminal.is_present() || *opening;
        }
        Reply::Code { verification_uri, user_code, verification_uri_complete, expires } => {
            terminal.enter_code(DeviceCode {
                verification_uri,
                user_code,
                verification_uri_complete: verification_uri_complete.as_deref(),
                expires: Duration::from_secs(*expires),
            });
            return terminal.is_present();
        }
        _ => {}
    }
    true
}
