//! A signature by the agent, for git's call.

use super::{
    super::{
        context::Context,
        exit::Failure,
        identity::{can_show_login, no_prompt},
        one_time_notice,
        process_memory::leak_until_exit,
        publication::PublicationNotice,
        signing_request::SigningRequest,
        terminal::Terminal,
    },
    prompts,
    registration::Registration,
};
use crate::{
    Rejection,
    agent::client::{AgentError, Client, Listener},
    agent_protocol::{Call, MAX_NAME, MAX_PATH, MAX_PAYLOAD, Refusal, Reply, Sign},
    config::AgentUse,
    identity::{Candidate, NOT_NAMED, Source, WrongSigner},
    object::Signed,
    selection::{self, SelectionError},
    sign::{Signature, Spent},
    trust::TrustRoot,
    verify::Verifier,
};
use std::{borrow::Cow, cell::OnceCell, sync::Arc};

/// The result of asking the agent.
pub(in super::super) enum Outcome {
    /// The signature, verified by this process.
    Signed(Box<Signature>),
    /// No agent is asked, or it is of no use, possibly for a reason that the user should know. This process signs by itself.
    Unavailable(Option<String>),
}

impl Outcome {
    fn unavailable(why: impl ToString) -> Self {
        Self::Unavailable(Some(why.to_string()))
    }
}

/// Asks the agent for a signature, if it may be used. It serves only logins: a token at hand needs none.
///
/// # Errors
/// The agent refused this signature, as this process would.
pub(in super::super) fn request(request: &SigningRequest<'_>) -> Result<Outcome, Failure> {
    let client = match client(request) {
        Ok(Some(client)) => client,
        Ok(None) => return Ok(Outcome::Unavailable(None)),
        Err(error) => return Ok(Outcome::unavailable(error)),
    };
    if request.payload.len() > MAX_PAYLOAD {
        return Ok(Outcome::unavailable(format!("it accepts {MAX_PAYLOAD} bytes; this has more")));
    }
    let Some(instance) = instance(request.context, request.terminal)? else { return Ok(Outcome::Unavailable(None)) };
    let mut check = Check::new(request);
    let reply = client.call(&call(request, instance), &mut check);
    match reply {
        Ok(Reply::Signed { signature }) => Ok(match check.finish(&signature) {
            Ok(signature) => Outcome::Signed(Box::new(signature)),
            Err(why) => Outcome::unavailable(format!("the agent's signature is not used: {why}")),
        }),
        Ok(_) => Ok(Outcome::unavailable("the agent's reply does not fit the request")),
        Err(error) => failed(error, request),
    }
}

/// The agent to ask, if the configuration allows it.
fn client(request: &SigningRequest<'_>) -> Result<Option<Client>, AgentError> {
    let config = &request.context.config;
    let client = match (&config.agent_socket.value, config.agent.value) {
        (_, AgentUse::Never) => return Ok(None),
        (Some(socket), _) => Client::at(socket.clone()),
        // a running agent may have a login already; none is started for a login that cannot be shown
        (None, in_use) => Client::of_user(in_use == AgentUse::Auto && can_log_in(request))?,
    };
    // the agent would open a browser
    if request.terminal.forbidden_by().is_some_and(|no_prompt| no_prompt.at_all) && !has_login(&client) {
        return Ok(None);
    }
    Ok(Some(client.with_login_timeout(config.login_timeout.value)))
}

/// Whether the agent has a login, or can continue one.
fn has_login(client: &Client) -> bool {
    let has_any = matches!(client.call(&Call::Status, |_: &Reply| true), Ok(Reply::Status(status)) if !status.logins.is_empty());
    has_any || super::keyring::stored_logins(None).is_ok_and(|stored| !stored.is_empty())
}

/// Whether a login needs no prompt, or a prompt can be shown.
fn can_log_in(request: &SigningRequest<'_>) -> bool {
    let is_stored = || super::keyring::stored_logins(None).is_ok_and(|stored| !stored.is_empty());
    matches!(request.choice.source, Source::Direct(_)) || can_show_login(request.context, request.terminal) || is_stored()
}

/// The name by which the agent knows the configured services. If there is none, the user is told once how to register them.
fn instance(context: &Context, terminal: &Terminal) -> Result<Option<String>, Failure> {
    let Some(services) = Registration::of(context)? else { return Ok(Some(context.config.instance_name().as_str().to_owned())) };
    let name = services.registered_name();
    if name.is_none() && terminal.has_reader() {
        one_time_notice::show_once(&format!("agent-unregistered-{}", services.digest()), || {
            terminal.say(format!(
                "This repository picks its own services. Approve them once: `paraph login --instance {}`; until then every signature asks for a \
                 login.",
                services.suggested_name(context)
            ));
        });
    }
    Ok(name)
}

fn call(request: &SigningRequest<'_>, instance: String) -> Call {
    let SigningRequest { payload, requested, choice, context, terminal, .. } = *request;
    let folder = context.repository.as_ref().map(|repository| repository.place().display().to_string());
    Call::Sign(Sign {
        payload: payload.to_vec(),
        instance,
        expected: requested.required().map(str::to_owned),
        hint: requested.hint().map(str::to_owned),
        repository: folder.filter(|path| path.len() <= MAX_PATH),
        host: context.config.agent_socket.value.as_ref().map(|_| host()),
        reader: terminal.has_reader(),
        by_code: matches!(choice.source, Source::Device),
    })
}

/// The name of this machine, which the user at the agent sees.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().chars().take(MAX_NAME / 4).collect()
}

/// Why the agent's signature is not used.
#[derive(Debug, thiserror::Error)]
enum NotUsed {
    #[error(transparent)]
    Trust(#[from] SelectionError),
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error(transparent)]
    WrongSigner(#[from] WrongSigner),
}

/// Checks the agent's signature, as far as possible while the agent works.
struct Check<'a> {
    request: &'a SigningRequest<'a>,
    publication: PublicationNotice<'a>,
    /// Freed with the process, like the context of git's call.
    roots: OnceCell<&'static Arc<[TrustRoot]>>,
    /// The draft, and the result of its check.
    draft: Option<(String, Result<Signature, NotUsed>)>,
}

impl Listener for &mut Check<'_> {
    /// Reads the trust roots while the agent works.
    fn request_sent(&mut self) {
        // an error is reported with the signature
        let _ = self.roots();
    }

    fn is_wanted(&self) -> bool {
        !self.request.caller.has_ended()
    }

    fn reply(&mut self, reply: &Reply) -> bool {
        match reply {
            Reply::Certificate { certificate } => {
                self.check_ahead(certificate);
                true
            }
            Reply::Draft { signature } => {
                self.draft = Some((signature.clone(), self.check(signature)));
                true
            }
            reply => prompts::show_with_publication(reply, &self.publication, self.request.terminal),
        }
    }
}

impl<'a> Check<'a> {
    fn new(request: &'a SigningRequest<'a>) -> Self {
        Self { request, publication: PublicationNotice::new(request.terminal), roots: OnceCell::new(), draft: None }
    }

    fn roots(&self) -> Result<&'static Arc<[TrustRoot]>, SelectionError> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots);
        }
        let context = self.request.context;
        let roots = selection::trust_roots(&context.config, &context.trust_store(), jiff::Timestamp::now())?;
        roots.iter().for_each(TrustRoot::check_chains);
        Ok(self.roots.get_or_init(|| leak_until_exit(roots.into())))
    }

    /// Checks a certificate before its signature arrives. The roots remember only which of its signatures verify. Whether the certificate is
    /// acceptable is checked again with the signature.
    fn check_ahead(&self, certificate: &[u8]) {
        if let Ok(roots) = self.roots() {
            let _ = Verifier::new(Arc::clone(roots), jiff::Timestamp::now()).check_certificate(certificate, &[]);
        }
    }

    /// Checks a signature. The agent is not trusted: the signature must be over this payload, verify under this side's trust, and be by the
    /// requested signer.
    fn check(&self, armored: &str) -> Result<Signature, NotUsed> {
        let signed = Signed { payload: Cow::Borrowed(self.request.payload), signature: Cow::Borrowed(armored.as_bytes()) };
        let verified = Verifier::new(Arc::clone(self.roots()?), jiff::Timestamp::now()).verify(&signed)?;
        self.request.requested.accepts(&Candidate::from(verified.certificate()))?;
        Ok(Signature { armored: armored.to_owned(), verified, spent: Spent::default() })
    }

    /// The result for the final signature. A draft counts only if it is the same.
    fn finish(&mut self, armored: &str) -> Result<Signature, NotUsed> {
        let signature = match self.draft.take() {
            Some((draft, result)) if draft == armored => result,
            _ => self.check(armored),
        }?;
        self.publication.done();
        Ok(signature)
    }
}

/// The outcome of a failed call.
fn failed(error: AgentError, request: &SigningRequest<'_>) -> Result<Outcome, Failure> {
    let config = &request.context.config;
    match error {
        AgentError::Nobody if !can_show_login(request.context, request.terminal) => {
            Err(no_prompt(request.terminal).unwrap_or_else(|| AgentError::Nobody.into()))
        }
        // the agent sees another desktop than this process, or none: a login by this process can succeed
        AgentError::Nobody => {
            Ok(Outcome::unavailable("the agent has no way to show a login prompt; `paraph agent stop` lets the next one use this desktop"))
        }
        AgentError::Absent => Ok(match config.agent_socket.value {
            Some(_) => Outcome::unavailable(format!("no agent listens at the configured socket ({})", config.agent_socket.source)),
            // none runs, and none may be started
            None => Outcome::Unavailable(None),
        }),
        AgentError::Refused {
            kind: Refusal::Version | Refusal::Older | Refusal::Request | Refusal::Instance | Refusal::Busy | Refusal::Configuration,
            message,
            ..
        } => Ok(Outcome::unavailable(message)),
        error @ AgentError::Refused { kind: Refusal::Identity, .. } if request.requested.is_named() => {
            Err(Failure { hint: Some(NOT_NAMED.to_owned()), ..Failure::from(error) })
        }
        error @ AgentError::Refused { kind: Refusal::Identity, .. } if config.expected_identity.value.is_none() => {
            let failure = Failure::from(error);
            Err(Failure { hint: Some("set user.email to the identity, or unset paraph.matchCommitter".into()), ..failure })
        }
        error @ (AgentError::Refused { .. } | AgentError::Unanswered(_) | AgentError::Abandoned) => Err(error.into()),
        error => Ok(Outcome::unavailable(error)),
    }
}
