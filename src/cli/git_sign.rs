//! git's call to sign. It reads the payload, writes the signature to standard output or a file, and only then reports SIG_CREATED.

use super::{
    caller::Caller,
    context::Context,
    exit::{Exit, Failure},
    git_call::SignCall,
    identity::{self, TokenFetcher},
    input::read,
    last_failure, one_time_notice,
    process_memory::leak_until_exit,
    publication::PublicationNotice,
    signature_file::SignatureFile,
    signing_request::SigningRequest,
    status,
    status_output::StatusOutput,
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    certificate::names::same_address,
    config::{Config, RekorMode, SIGNING},
    identity::email_of,
    object::MAX_OBJECT,
    sign::{self, Announce, Publication, Session, SignError, Signature},
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;

pub(super) fn run(call: &SignCall, ui: &mut Ui) -> Result<Exit, Failure> {
    sign_and_deliver(call, ui).inspect_err(last_failure::record)
}

fn sign_and_deliver(call: &SignCall, ui: &mut Ui) -> Result<Exit, Failure> {
    // fail before signing if the result cannot be delivered or reported
    let output = SignatureFile::open(call)?;
    let status = StatusOutput::open(call.status_fd)?;
    match sign(call, ui) {
        Ok(signature) => deliver(signature, output, status, ui),
        Err(failure) => {
            output.discard();
            Err(failure)
        }
    }
}

/// A signature, and what it was made with.
struct Signed {
    signature: Signature,
    context: Context,
    terminal: &'static Terminal,
}

/// Writes the signature, then its status line: git accepts an empty signature if it reads SIG_CREATED.
fn deliver(signed: Signed, output: SignatureFile, status: StatusOutput, ui: &mut Ui) -> Result<Exit, Failure> {
    let Signed { signature, context, terminal } = signed;
    output.write(signature.armored.as_bytes(), ui).inspect_err(|failure| terminal.report(failure))?;
    status.write(&status::signature_created(&signature.verified), ui)?;
    context.leave();
    Ok(Exit::Good)
}

fn sign(call: &SignCall, ui: &mut Ui) -> Result<Signed, Failure> {
    let caller = Caller::of(call);
    let payload = read(call.input.as_deref(), MAX_OBJECT)?;
    let context = Context::read_to_sign(&[]).inspect_err(|failure| Terminal::open(None).report(failure))?;
    if let Err(error) = context.config.require(SIGNING) {
        let failure = Failure::from(error);
        Terminal::open(context.config.log_path.value.as_deref()).report(&failure);
        return Err(failure);
    }
    let terminal: &'static Terminal = leak_until_exit(Terminal::of_call(&context.config));
    if let Some(problem) = &terminal.unwritable {
        ui.warning(problem);
    }
    note_overruled(&context.config, terminal);
    let task = Task { call, payload: &payload, context: &context, terminal, caller: &caller };
    let signature = create(&task, ui).inspect_err(|failure| terminal.report(failure))?;
    Ok(Signed { signature, context, terminal })
}

/// A call to sign with everything that it needs.
struct Task<'a> {
    call: &'a SignCall,
    payload: &'a [u8],
    context: &'a Context,
    terminal: &'static Terminal,
    caller: &'a Caller,
}

fn create(task: &Task<'_>, ui: &mut Ui) -> Result<Signature, Failure> {
    let Task { call, payload, context, terminal, caller } = *task;
    let key = call.key.as_deref().and_then(OsStr::to_str);
    let config = &context.config;
    let object = sign::parse_payload(payload)?;
    if config.rekor_mode.value == RekorMode::Online && !config.rekor_mode.is_default() && terminal.has_reader() {
        one_time_notice::show_once("rekor-mode-online", || {
            terminal.say("The log entry is embedded although rekorMode is online, so that the signature verifies without a network.");
        });
    }
    let requested = match call.status_fd {
        Some(_) => identity::requested_signer_of_call(context, key, &object)?,
        // jj always names the key that it has configured itself
        None => identity::requested_signer(config, key, Some(&object))?,
    };
    let choice = identity::choice(context, terminal)?;
    let request = SigningRequest { payload, requested: &requested, choice: &choice, context, terminal, caller };
    let signature = create_by_agent_or_directly(&request, ui)?;
    if let Some(key) = key {
        note_other_identity(key, &signature.verified.identity().name, terminal);
    }
    Ok(signature)
}

fn create_by_agent_or_directly(request: &SigningRequest<'_>, ui: &mut Ui) -> Result<Signature, Failure> {
    #[cfg(unix)]
    if request.choice.source.is_login() {
        use super::agent::signature::{Outcome, request as ask_agent};
        match ask_agent(request)? {
            Outcome::Signed(signature) => return Ok(*signature),
            Outcome::Unavailable(Some(why)) => request.terminal.say(format!("Signing without the agent: {why}.")),
            Outcome::Unavailable(None) => {}
        }
    }
    create_directly(request, ui)
}

fn create_directly(request: &SigningRequest<'_>, ui: &mut Ui) -> Result<Signature, Failure> {
    let SigningRequest { payload, requested, choice, context, terminal, caller } = *request;
    let roots = context.trust_roots_for_signing(terminal)?.into();
    let services = context.services(Timestamp::now())?;
    let http = context.http()?.announcing_waits(terminal.waits());
    let runtime = crate::service::runtime().map_err(|error| Failure::io("network calls cannot be started", &error))?;
    choice.announce(terminal, ui);
    let work = async {
        let token = TokenFetcher { context, http: &http, terminal }.fetch(&choice.source, requested.login_name()).await?;
        let session = Session { services: &services, roots: &roots, http: &http, clock: &Timestamp::now };
        let announcements = Announcements { notice: PublicationNotice::new(terminal), caller };
        let credential = session.obtain(&token, requested, &announcements).await?;
        Ok::<_, Failure>(session.sign(payload, &credential, &announcements).await?)
    };
    let signature = runtime.block_on(async {
        tokio::select! {
            // before any step that has become possible meanwhile
            biased;
            () = caller.ended() => Err(SignError::Abandoned.into()),
            signature = work => signature,
        }
    });
    for remark in http.take_warnings() {
        terminal.say(remark);
    }
    signature
}

/// Shows what becomes public, for as long as the caller waits.
struct Announcements<'a> {
    notice: PublicationNotice<'a>,
    caller: &'a Caller,
}

impl Announce for Announcements<'_> {
    fn publish(&self, publication: &Publication, lines: &[String]) {
        self.notice.publish(publication, lines);
    }

    fn is_wanted(&self) -> bool {
        !self.caller.has_ended()
    }

    fn published(&self, publication: &Publication) {
        self.notice.published(publication);
    }
}

/// Says once which settings of the repository do not count.
fn note_overruled(config: &Config, terminal: &Terminal) {
    for notice in config.overruled.iter().filter(|_| terminal.has_reader()) {
        let text = format!("{notice}.");
        one_time_notice::show_once(&format!("overruled-{}", hex::encode(Sha256::digest(&text))), || terminal.say(text.clone()));
    }
}

/// Says once that another identity signed than `user.signingKey` names. Without that setting git's key is the committer, `Name <address>`.
fn note_other_identity(key: &str, identity: &str, terminal: &Terminal) {
    let asked = email_of(key).filter(|_| !key.contains('<'));
    if let Some(asked) = asked.filter(|asked| !same_address(asked, identity) && terminal.has_reader()) {
        let pair = hex::encode(Sha256::digest(format!("{asked}\n{identity}")));
        one_time_notice::show_once(&format!("signed-as-{pair}"), || {
            terminal.say(format!(
                "Signed as {identity}, although user.signingKey is {asked}. Set paraph.expectedIdentity to refuse other identities."
            ));
        });
    }
}
