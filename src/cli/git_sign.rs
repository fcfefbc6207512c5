//! git's call to sign: the payload in; the signature on standard output, and only then SIG_CREATED.

use super::{
    context::Context,
    exit::{Exit, Failure},
    identity,
    input::read,
    publication::Announcement,
    status,
    status_output::StatusOutput,
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    config::{Config, RekorMode},
    object::{MAX_OBJECT, Payload},
    repository::Repository,
    sign::{self, Publication, Signature},
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::{ffi::OsStr, path::Path};

pub(super) fn run(status_fd: Option<u32>, key: Option<&OsStr>, input: Option<&Path>, ui: &mut Ui) -> Result<Exit, Failure> {
    Ui::require_output()?;
    // what cannot be said afterwards must not be done before
    let status = StatusOutput::open(status_fd)?;
    let payload = read(input, MAX_OBJECT)?;
    let context = Context::load(&[]).inspect_err(|failure| {
        let repository = Repository::discover().ok().flatten();
        let log = Config::log_path_alone(repository.as_ref());
        Terminal::open(log.as_deref()).say_beside_standard_error(failure);
    })?;
    let terminal = Terminal::open(context.config.log_path.value.as_deref());
    if let Some(problem) = &terminal.unwritable {
        ui.warning(problem);
    }
    let signature = create(&payload, key, &context, &terminal, ui).inspect_err(|failure| terminal.say_beside_standard_error(failure))?;

    // git takes an empty signature for success if it reads SIG_CREATED: so that line comes only when the signature is out
    ui.bytes(signature.armored.as_bytes());
    ui.flush().inspect_err(|failure| terminal.say_beside_standard_error(failure))?;
    status.write(&status::signature_created(&signature.verified), ui)?;
    context.leave();
    Ok(Exit::Good)
}

fn create(payload: &[u8], key: Option<&OsStr>, context: &Context, terminal: &Terminal, ui: &mut Ui) -> Result<Signature, Failure> {
    let config = &context.config;
    let object = Payload::parse(payload).map_err(|rejection| {
        Failure::new(Exit::Usage, format!("what is to be signed is no commit, tag or push certificate that could be verified: {rejection}"))
    })?;
    if config.rekor_mode.value == RekorMode::Online && !config.rekor_mode.is_default() && terminal.has_reader() {
        super::one_time_notice::show_once("rekor-mode-online", || {
            terminal
                .say("rekorMode is online, and the log entry is embedded all the same, so that the signature verifies without a network.");
        });
    }
    let (chosen, hint) = (identity::choice(context, terminal)?, identity::hint(key));
    let signature = create_with(payload, &object, &chosen, hint.as_deref(), context, terminal, ui)?;
    // git names the committer, `Name <address>`, where user.signingKey names nobody
    let asked = hint.filter(|_| key.is_some_and(|key| !key.to_string_lossy().contains('<')));
    let identity = &signature.verified.identity().name;
    if let Some(asked) = asked.filter(|asked| asked != identity && terminal.has_reader()) {
        let pair = hex::encode(&Sha256::digest(format!("{asked}\n{identity}")));
        super::one_time_notice::show_once(&format!("signed-as-{pair}"), || {
            terminal
                .say(format!("this is signed as {identity}, and user.signingKey names {asked}; paraph.expectedIdentity refuses any other"));
        });
    }
    Ok(signature)
}

fn create_with(
    payload: &[u8],
    object: &Payload,
    chosen: &identity::Choice,
    hint: Option<&str>,
    context: &Context,
    terminal: &Terminal,
    ui: &mut Ui,
) -> Result<Signature, Failure> {
    let hint = hint.map(str::to_owned);
    #[cfg(unix)]
    if chosen.source.is_login() {
        match super::agent::signature::request(payload, object, &chosen.source, hint.clone(), context, terminal)? {
            super::agent::signature::Outcome::Signed(signature) => return Ok(*signature),
            super::agent::signature::Outcome::Unavailable(Some(why)) => terminal.say(format!("signing without the agent: {why}")),
            super::agent::signature::Outcome::Unavailable(None) => {}
        }
    }
    let roots = context.trust_roots_for_signing(terminal)?.into();
    let services = context.services(Timestamp::now())?;
    let http = context.http();
    let runtime = crate::service::runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))?;
    let signature = runtime.block_on(async {
        let token = identity::token(chosen, context, hint, object, &http, terminal, ui).await?;
        identity::check(context, &token, object)?;
        let publication = Publication::of(&token, &services);
        let mut announcement = Announcement::new(&publication.key(), terminal);
        announcement.tell(&publication.before_certificate());
        let credential = sign::obtain(&token, &services.fulcio, &roots, &http, &Timestamp::now).await?;
        identity::check_certificate(context, &token, credential.certificate())?;
        announcement.tell(&[Publication::before_entry(credential.certificate())]);
        let signature = sign::sign(payload, &credential, &services, &roots, &http, &Timestamp::now).await?;
        announcement.done();
        Ok::<_, Failure>(signature)
    });
    for remark in http.take_remarks() {
        terminal.say(remark);
    }
    signature
}
