//! A signature by the agent, for git's call.

use super::{
    super::{context::Context, exit::Failure, process_memory::leak_until_exit, publication::OfAgent, terminal::Terminal},
    registration::Registration,
    show,
};
use crate::{
    agent::client::{AgentError, Client},
    agent_protocol::{Call, MAX_NAME, MAX_PATH, MAX_PAYLOAD, Refusal, Reply, Sign},
    config::{AgentUse, Config},
    identity::Source,
    object::{Payload, Signed},
    selection,
    sign::{Signature, Spent},
    trust::TrustRoot,
    trust_store::TrustStore,
    verify::Verifier,
};
use std::{borrow::Cow, cell::LazyCell, sync::Arc};

/// What came of asking.
pub(in super::super) enum Outcome {
    /// The signature, verified here.
    Signed(Box<Signature>),
    /// No agent is to be asked, or none is of use: this process signs by itself.
    Unavailable(Option<String>),
}

/// A signature by the agent, where one may be asked. Only a login is served by it: a token that lies at hand needs none.
///
/// # Errors
/// Where the agent said no to this signature, as this process would.
pub(in super::super) fn request(
    payload: &[u8],
    object: &Payload,
    source: &Source,
    hint: Option<String>,
    context: &Context,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let config = &context.config;
    let client = match (&config.agent_socket.value, config.agent.value) {
        (_, AgentUse::Never) => return Ok(Outcome::Unavailable(None)),
        (Some(socket), _) => Client::at(socket.clone()),
        // one that runs may have a login already; none is started for a login that nobody could do
        (None, in_use) => match Client::of_user(in_use == AgentUse::Auto && can_log_in(source, context, terminal)) {
            Ok(client) => client,
            Err(error) => return Ok(Outcome::Unavailable(Some(error.to_string()))),
        },
    };
    if payload.len() > MAX_PAYLOAD {
        return Ok(Outcome::Unavailable(Some(format!("it takes {MAX_PAYLOAD} bytes, and this has more"))));
    }
    let instance = match Registration::of(context)? {
        None => config.instance_name().as_str().to_owned(),
        Some(elsewhere) => match elsewhere.registered_name() {
            Some(name) => name,
            None => {
                offer(&elsewhere, context, terminal);
                return Ok(Outcome::Unavailable(None));
            }
        },
    };
    let matching = || object.email.clone().filter(|_| config.match_committer.value);
    let call = Call::Sign(Sign {
        payload: payload.to_vec(),
        instance,
        expected: config.expected_identity.value.clone().or_else(matching),
        hint,
        repository: context
            .repository
            .as_ref()
            .map(|repository| repository.place().display().to_string())
            .filter(|path| path.len() <= MAX_PATH),
        host: config.agent_socket.value.as_ref().map(|_| host()),
        reader: terminal.has_reader(),
        by_code: matches!(source, Source::Device),
    });
    let client = client.with_person(config.login_timeout.value);
    let mut publication = OfAgent::default();
    let roots = LazyCell::new(|| trust_roots(config));
    let mut draft = None;
    // what the answer is checked with is read, and whatever of it is known before the services answered is checked, while the agent works
    let reply = client.call_meanwhile(
        &call,
        || {
            LazyCell::force(&roots);
        },
        |reply| match reply {
            Reply::Certificate { certificate } => {
                check_ahead(certificate, &roots);
                true
            }
            Reply::Draft { signature } => {
                draft = Some((signature.clone(), checked(payload, signature, &roots, config)));
                true
            }
            reply => show(reply, &mut publication, terminal),
        },
    );
    let signature = match (&reply, draft) {
        (Ok(Reply::Signed { signature }), Some((draft, result))) if draft == *signature => Some(result),
        (Ok(Reply::Signed { signature }), _) => Some(checked(payload, signature, &roots, config)),
        _ => None,
    };
    match (reply, signature) {
        (_, Some(Ok(signature))) => {
            publication.done();
            Ok(Outcome::Signed(Box::new(signature)))
        }
        (_, Some(Err(why))) => Ok(Outcome::Unavailable(Some(format!("the agent's signature is not used: {why}")))),
        (Ok(_), None) => Ok(Outcome::Unavailable(Some("the agent's reply does not fit the request".into()))),
        // the agent sees another desktop than this process, or none: a login by this process can succeed
        (Err(AgentError::Nobody), None) if super::super::identity::somebody_is_there(context, terminal) => {
            let why = "it can show nobody a login here; `paraph agent stop` lets the next one see this desktop";
            Ok(Outcome::Unavailable(Some(why.into())))
        }
        (Err(AgentError::Absent), None) if config.agent_socket.value.is_some() => {
            Ok(Outcome::Unavailable(Some(format!("none listens at the socket that is configured ({})", config.agent_socket.source))))
        }
        (Err(error), None) => refused(error, config),
    }
}

/// What becomes of a signature that an agent did not make.
fn refused(error: AgentError, config: &Config) -> Result<Outcome, Failure> {
    match error {
        AgentError::Refused {
            kind: Refusal::Version | Refusal::Older | Refusal::Request | Refusal::Instance | Refusal::Busy | Refusal::Configuration,
            message,
            ..
        } => Ok(Outcome::Unavailable(Some(message))),
        error @ AgentError::Refused { kind: Refusal::Identity, .. } if config.expected_identity.value.is_none() => {
            let failure = Failure::from(error);
            Err(Failure { hint: Some("set user.email to the identity, or unset paraph.matchCommitter".into()), ..failure })
        }
        error @ (AgentError::Refused { .. } | AgentError::Nobody | AgentError::Unanswered(_)) => Err(error.into()),
        // none runs, and none is to be started
        AgentError::Absent => Ok(Outcome::Unavailable(None)),
        error => Ok(Outcome::Unavailable(Some(error.to_string()))),
    }
}

/// Says once how these services get to the agent, where somebody hears it.
fn offer(services: &Registration, context: &Context, terminal: &Terminal) {
    if terminal.has_reader() {
        super::super::one_time_notice::show_once(&format!("agent-unregistered-{}", services.digest()), || {
            terminal.say(format!(
                "the services are configured by the repository or the environment, so the agent does not sign with them, and each \
                 signature takes a login; `paraph login --instance {}`, called here, registers them",
                services.suggested_name(context)
            ));
        });
    }
}

/// Whether a login needs nobody, or there is somebody for it.
fn can_log_in(source: &Source, context: &Context, terminal: &Terminal) -> bool {
    let rests = || super::keyring::records(None).is_ok_and(|records| !records.is_empty());
    matches!(source, Source::Direct(_)) || super::super::identity::somebody_is_there(context, terminal) || rests()
}

/// Like the context of a call of git's, they are freed with the process.
type Roots = Result<&'static Arc<[TrustRoot]>, String>;

fn trust_roots(config: &Config) -> Roots {
    let roots = selection::trust_roots(config, &TrustStore::of_user(config), jiff::Timestamp::now());
    let roots = roots.map_err(|error| Failure::from(error).message)?;
    roots.iter().for_each(TrustRoot::check_chains);
    Ok(leak_until_exit(roots.into()))
}

/// Checks a certificate ahead of its signature. The roots remember which of its signatures fitted, and nothing else: whether it is good is
/// asked again with the signature.
fn check_ahead(certificate: &[u8], roots: &Roots) {
    if let Ok(roots) = roots {
        let _ = Verifier::new(Arc::clone(roots), jiff::Timestamp::now()).check_certificate(certificate, &[]);
    }
}

/// The agent is not believed: the signature must be over this payload, good under this side's trust, and of the expected identity.
fn checked(payload: &[u8], armored: &str, roots: &Roots, config: &Config) -> Result<Signature, String> {
    let signed = Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(armored.as_bytes()) };
    let verifier = Verifier::new(Arc::clone(roots.as_ref().map_err(Clone::clone)?), jiff::Timestamp::now());
    let verified = verifier.verify(&signed).map_err(|rejection| rejection.to_string())?;
    let identity = &verified.identity().name;
    match &config.expected_identity.value {
        Some(expected) if expected != identity => Err(format!("it is by {identity}, and {expected} is expected")),
        _ => Ok(Signature { armored: armored.to_owned(), verified, spent: Spent::default() }),
    }
}

/// The name of this machine, which the person at the agent is shown.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().chars().take(MAX_NAME / 4).collect()
}
