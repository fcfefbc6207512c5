//! Signatures by the agent.

use super::{
    super::{
        caller::Caller,
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
};
use crate::{
    agent::{
        check::SignatureCheck,
        client::{AgentError, Client, Listener},
        registration::Registration,
    },
    agent_protocol::{Call, MAX_NAME, MAX_PATH, MAX_PAYLOAD, MAX_STATEMENT, Refusal, Reply, Sign, SubjectToSign},
    config::AgentUse,
    identity::{NOT_OF_CALL, RequestedSigner, TokenSource},
    selection::{self, GitNetwork, SelectionError},
    service::{NetworkName, stays_on_host},
    sign::{Services, Signature, parse_subject},
    trust::TrustRoot,
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use url::Url;

/// The agent for one signature or several.
pub(in super::super) enum Opened<'a> {
    /// It can be asked.
    Ready(Box<AgentSigner<'a>>),
    /// No agent is asked, possibly for a reason that the user should know. This process signs by itself.
    Unavailable(Option<String>),
}

/// The result of asking the agent.
pub(in super::super) enum AgentOutcome {
    /// The signature, verified by this process.
    Signed(Box<Signature>),
    /// The agent does not take something of this size, so that this process signs it by itself.
    TooLarge(String),
    /// The agent is of no use, possibly for a reason that the user should know. This process signs by itself.
    Unavailable(Option<String>),
}

impl AgentOutcome {
    fn unavailable(why: impl ToString) -> Self {
        Self::Unavailable(Some(why.to_string()))
    }
}

/// What came of a call.
pub(in super::super) type Answer = Result<AgentOutcome, AgentError>;

/// Asks the agent for signatures.
pub(in super::super) struct AgentSigner<'a> {
    request: SigningRequest<'a>,
    asking: Asking<'a>,
}

/// What asking needs, on any thread.
#[derive(Clone)]
pub(in super::super) struct Asking<'a> {
    client: Client,
    /// The signatures must verify under these.
    roots: Arc<[TrustRoot]>,
    requested: &'a RequestedSigner,
    terminal: &'static Terminal,
    caller: &'a Caller,
    /// The request, but for what is to be signed.
    template: Sign,
}

impl<'a> AgentSigner<'a> {
    /// The agent, if it may be used. It serves only logins: a token that is there already needs none.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub(in super::super) fn open(request: SigningRequest<'a>) -> Result<Opened<'a>, Failure> {
        let unavailable = |why: String| Ok(Opened::Unavailable(Some(why)));
        let client = match client(&request) {
            Ok(Some(client)) => client,
            Ok(None) => return Ok(Opened::Unavailable(None)),
            Err(error) => return unavailable(error.to_string()),
        };
        if let Some(origin) = setting_of_call(request.context)? {
            return unavailable(format!("{origin} is set for this command alone, and the agent reads its user's files"));
        }
        // what this process could not verify must not become public: signing directly refuses it, or refreshes the trust first
        let Ok(roots) = trust_roots(request.context) else { return Ok(Opened::Unavailable(None)) };
        let Some(instance) = instance(request.context, request.terminal) else { return Ok(Opened::Unavailable(None)) };
        let Some(names) = request.requested.names() else {
            return unavailable("a request to the agent cannot say that the identity must also match the committer".to_owned());
        };
        let SigningRequest { requested, terminal, caller, .. } = request;
        let asking = Asking { client, roots, requested, terminal, caller, template: template(&request, instance, names) };
        Ok(Opened::Ready(Box::new(Self { request, asking })))
    }

    /// What asks from several threads; `None` for a forwarded agent, which asks its user about each signature.
    pub(in super::super) fn asking(&self) -> Option<&Asking<'a>> {
        self.request.context.config.agent_socket.value.is_none().then_some(&self.asking)
    }

    /// Asks for one signature.
    ///
    /// # Errors
    /// The agent refused it, as this process would.
    pub(in super::super) fn sign(&self, subject: &SubjectToSign) -> Result<AgentOutcome, Failure> {
        self.conclude(self.asking.ask(subject)?)
    }

    /// The outcome of a call.
    ///
    /// # Errors
    /// The agent refused it, as this process would.
    pub(in super::super) fn conclude(&self, answer: Answer) -> Result<AgentOutcome, Failure> {
        answer.or_else(|error| failed(error, &self.request))
    }
}

impl Asking<'_> {
    /// Asks for one signature.
    ///
    /// # Errors
    /// It is nothing to be signed.
    pub(in super::super) fn ask(&self, subject: &SubjectToSign) -> Result<Answer, Failure> {
        let limit = if matches!(subject, SubjectToSign::Statement { .. }) { MAX_STATEMENT } else { MAX_PAYLOAD };
        if subject.size() > limit {
            return Ok(Ok(AgentOutcome::TooLarge(format!("it accepts {limit} bytes; this has more"))));
        }
        let mut progress = Progress {
            asking: self,
            publication: PublicationNotice::new(self.terminal),
            check: SignatureCheck::new(parse_subject(subject)?.content, self.requested, Arc::clone(&self.roots)),
        };
        let call = Call::Sign(Sign { subject: subject.clone(), ..self.template.clone() });
        Ok(self.client.call(&call, &mut progress).map(|reply| match reply {
            Reply::Signed { signature } => match progress.check.finish(&signature) {
                Ok(signature) => {
                    progress.publication.done();
                    AgentOutcome::Signed(Box::new(signature))
                }
                Err(why) => AgentOutcome::unavailable(format!("the agent's signature is not used: {why}")),
            },
            _ => AgentOutcome::unavailable("the agent's reply does not fit the request"),
        }))
    }
}

/// A request without a subject. `required` is the only identity that may sign, and `hint` whom to log in as otherwise.
fn template(request: &SigningRequest<'_>, instance: String, (required, hint): (Option<&str>, Option<&str>)) -> Sign {
    let SigningRequest { requested, choice, context, terminal, .. } = *request;
    let folder = context.repository.as_ref().map(|repository| repository.place().display().to_string());
    Sign {
        subject: SubjectToSign::Unknown,
        instance,
        expected: required.map(str::to_owned),
        expected_issuer: requested.issuer().map(str::to_owned),
        hint: hint.map(str::to_owned),
        repository: folder.filter(|path| path.len() <= MAX_PATH),
        host: context.config.agent_socket.value.as_ref().map(|_| host()),
        reader: terminal.shows_publication(),
        by_code: matches!(choice.source, TokenSource::Device),
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
    if let Some(notice) = client.notice().filter(|_| request.terminal.has_reader()) {
        let digest = hex::encode(Sha256::digest(notice));
        one_time_notice::show_once(&format!("agent-folder-{digest}"), || request.terminal.say(notice));
    }
    Ok(Some(client.with_login_timeout(config.login_timeout.value)))
}

/// Whether the agent has a login, or can continue one.
fn has_login(client: &Client) -> bool {
    let has_any = matches!(client.call(&Call::Status, |_: &Reply| true), Ok(Reply::Status(status)) if !status.logins.is_empty());
    has_any || super::keyring::stored_logins(None).is_ok_and(|stored| !stored.is_empty())
}

/// A setting of connections that only this command has, and that counts for a service on another machine.
fn setting_of_call(context: &Context) -> Result<Option<String>, Failure> {
    let network = GitNetwork::load(context.repository.as_ref())?.network;
    if !network.settings.iter().any(|setting| setting.is_of_call) {
        return Ok(None);
    }
    let now = jiff::Timestamp::now();
    let Services { fulcio, log, timestamp_authority, .. } = context.services(now)?;
    let urls = [Some(fulcio), Some(log), timestamp_authority, context.issuer(now).ok()].into_iter().flatten();
    let urls: Vec<Url> = urls.filter_map(|url| Url::parse(&url).ok()).filter(|url| !stays_on_host(url)).collect();
    let effective = NetworkName::ALL.iter().flat_map(|name| urls.iter().filter_map(|url| network.effective(*name, url)));
    Ok(effective.into_iter().find(|setting| setting.is_of_call).map(|setting| setting.origin.clone()))
}

/// Whether a login needs no prompt, or a prompt can be shown.
fn can_log_in(request: &SigningRequest<'_>) -> bool {
    let is_stored = || super::keyring::stored_logins(None).is_ok_and(|stored| !stored.is_empty());
    matches!(request.choice.source, TokenSource::Direct(_)) || can_show_login(request.context, request.terminal) || is_stored()
}

/// The name by which the agent knows the configured services. If there is none, the user is told once how to approve them.
fn instance(context: &Context, terminal: &Terminal) -> Option<String> {
    let Some(services) = Registration::of(&context.config) else { return Some(context.config.instance_name().as_str().to_owned()) };
    let name = services.registered_name();
    if name.is_none() && terminal.has_reader() {
        one_time_notice::show_once(&format!("agent-unregistered-{}", services.digest()), || {
            terminal.say(format!(
                "This repository or the environment picks its own services. Approve them once: `paraph login --instance {}`; until then \
                 every signature asks for a login.",
                services.suggested_name(&context.config)
            ));
        });
    }
    name
}

/// The trust roots that the agent's signature must verify under. They are freed with the process, like the context of git's call.
fn trust_roots(context: &Context) -> Result<Arc<[TrustRoot]>, SelectionError> {
    let roots: Arc<[TrustRoot]> = selection::trust_roots(&context.config, &context.trust_store(), jiff::Timestamp::now())?.into();
    Ok(Arc::clone(leak_until_exit(roots)))
}

/// The name of this machine, which the user at the agent sees.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().chars().take(MAX_NAME / 4).collect()
}

/// Shows what the agent sends meanwhile, and checks it.
struct Progress<'a> {
    asking: &'a Asking<'a>,
    publication: PublicationNotice<'a>,
    check: SignatureCheck<'a>,
}

impl Listener for &mut Progress<'_> {
    fn request_sent(&mut self) {
        self.check.check_chains();
    }

    fn is_wanted(&self) -> bool {
        !self.asking.caller.has_ended()
    }

    fn reply(&mut self, reply: &Reply) -> bool {
        match reply {
            Reply::Certificate { certificate } => self.check.check_ahead(certificate),
            Reply::Draft { signature } => self.check.check_draft(signature),
            reply => return prompts::show_with_publication(reply, &self.publication, self.asking.terminal),
        }
        true
    }
}

/// The outcome of a failed call.
fn failed(error: AgentError, request: &SigningRequest<'_>) -> Result<AgentOutcome, Failure> {
    let config = &request.context.config;
    match error {
        AgentError::Nobody if !can_show_login(request.context, request.terminal) => {
            Err(no_prompt(request.terminal).unwrap_or_else(|| AgentError::Nobody.into()))
        }
        // the agent sees another desktop than this process, or none: a login by this process can succeed
        AgentError::Nobody => Ok(AgentOutcome::unavailable(
            "the agent has no way to show a login prompt; `paraph agent stop` lets the next one use this desktop",
        )),
        AgentError::Absent => Ok(match config.agent_socket.value {
            Some(_) => AgentOutcome::unavailable(format!("no agent listens at the configured socket ({})", config.agent_socket.source)),
            // none runs, and none may be started
            None => AgentOutcome::Unavailable(None),
        }),
        // an agent of version 1, which would sign whoever vouches for the identity
        AgentError::Refused { kind: Refusal::Version, message, .. } if request.requested.issuer().is_some() => {
            let message = format!("{message}, which cannot carry paraph.expectedIssuer");
            Err(Failure::identity(message).with_hint("update paraph where the agent runs, and end the agent there: `paraph agent stop`"))
        }
        error if error.lets_client_sign() => Ok(AgentOutcome::unavailable(error)),
        error @ AgentError::Refused { kind: Refusal::Identity, .. } if request.requested.is_required_by_call() => {
            Err(Failure { hint: Some(NOT_OF_CALL.to_owned()), ..Failure::from(error) })
        }
        error @ AgentError::Refused { kind: Refusal::Identity, .. }
            if config.expected_identity.value.is_none() && config.expected_issuer.value.is_none() =>
        {
            let failure = Failure::from(error);
            Err(Failure { hint: Some("set user.email to the identity, or unset paraph.matchCommitter".into()), ..failure })
        }
        error => Err(error.into()),
    }
}
