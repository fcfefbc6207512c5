//! git's call to sign. It reads the payload, writes the signature to standard output or a file, and only then reports SIG_CREATED.

use super::{
    caller::Caller,
    context::Context,
    exit::{Exit, Failure},
    git_call::SignCall,
    git_settings::GitSettings,
    identity,
    input::read,
    last_failure, one_time_notice,
    process_memory::leak_until_exit,
    sign::Signer,
    signature_file::SignatureFile,
    signing_request::SigningRequest,
    status,
    status_output::StatusOutput,
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    agent_protocol::SubjectToSign,
    certificate::names::same_address,
    config::{Config, RekorMode, SIGNING},
    identity::email_of,
    object::{MAX_OBJECT, Payload, PayloadKind},
    sign::{Signature, parse_subject},
};
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
    output.write(signature.text.as_bytes(), ui).inspect_err(|failure| terminal.report(failure))?;
    status.write(&status::signature_created(&signature.verified), ui)?;
    last_failure::forget();
    context.leave();
    Ok(Exit::Good)
}

fn sign(call: &SignCall, ui: &mut Ui) -> Result<Signed, Failure> {
    let caller = Caller::of(call);
    let subject = SubjectToSign::Git { payload: read(call.input.as_deref(), MAX_OBJECT)? };
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
    let task = Task { call, subject: &subject, context: &context, terminal, caller: &caller };
    let signature = create(&task, ui).inspect_err(|failure| terminal.report(failure))?;
    Ok(Signed { signature, context, terminal })
}

/// A call to sign with everything that it needs.
struct Task<'a> {
    call: &'a SignCall,
    subject: &'a SubjectToSign,
    context: &'a Context,
    terminal: &'static Terminal,
    caller: &'a Caller,
}

fn create(task: &Task<'_>, ui: &mut Ui) -> Result<Signature, Failure> {
    let Task { call, subject, context, terminal, caller } = *task;
    let key = call.key.as_deref().and_then(OsStr::to_str);
    let config = &context.config;
    let parsed = parse_subject(subject)?;
    let object = parsed.object();
    if config.rekor_mode.value == RekorMode::Online && !config.rekor_mode.is_default() && terminal.has_reader() {
        one_time_notice::show_once("rekor-mode-online", || {
            terminal.say("The log entry is embedded although rekorMode is online, so that the signature verifies without a network.");
        });
    }
    let requested = match call.status_fd {
        Some(_) => identity::requested_signer_of_call(context, key, object)?,
        // jj always names the key that it has configured itself
        None => identity::requested_signer(config, key, object)?,
    };
    let choice = identity::choice(context, terminal)?;
    let request = SigningRequest { requested: &requested, choice: &choice, context, terminal, caller };
    let signature = Signer::new(request).sign(subject, ui)?;
    if let Some(key) = key {
        note_other_identity(task, key, object, &signature.verified.identity().name);
    }
    Ok(signature)
}

/// Says once which settings of the repository do not count.
fn note_overruled(config: &Config, terminal: &Terminal) {
    let refused = config.notices.iter().filter(|notice| notice.is_refused_to_repository());
    for notice in config.overruled.iter().chain(refused).filter(|_| terminal.has_reader()) {
        let text = format!("{notice}.");
        one_time_notice::show_once(&format!("overruled-{}", hex::encode(Sha256::digest(&text))), || terminal.say(text.clone()));
    }
}

/// Says once that another identity signed than `user.signingKey` or the call names. Without both, git's key is the committer, `Name <address>`.
fn note_other_identity(task: &Task<'_>, key: &str, object: Option<&Payload>, identity: &str) {
    let Task { context, terminal, .. } = *task;
    let asked = email_of(key).filter(|_| !key.contains('<'));
    if let Some(asked) = asked.filter(|asked| !same_address(asked, identity) && terminal.has_reader()) {
        let pair = hex::encode(Sha256::digest(format!("{asked}\n{identity}")));
        one_time_notice::show_once(&format!("signed-as-{pair}"), || {
            let settings = GitSettings::load(context.repository.as_ref()).ok();
            let is_configured = settings.and_then(|settings| settings.get("user.signingKey")).is_some_and(|setting| setting.value == key);
            let is_tag = object.is_some_and(|object| object.kind == PayloadKind::Tag);
            let although = match (is_configured, is_tag) {
                (true, _) => "user.signingKey is",
                (false, true) => "-u named",
                (false, false) => "-S named",
            };
            terminal
                .say(format!("Signed as {identity}, although {although} {asked}. Set paraph.expectedIdentity to refuse other identities."));
        });
    }
}
