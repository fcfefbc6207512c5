//! Makes signatures with one login: by the agent, or in this process.

#[cfg(unix)]
use crate::cli::agent::signature::{AgentOutcome, AgentSigner, Answer, Asking, Opened};
use crate::{
    agent_protocol::SubjectToSign,
    cli::{
        caller::Caller,
        exit::Failure,
        identity::{TokenFetcher, check_token},
        publication::PublicationNotice,
        signing_request::SigningRequest,
        terminal::Terminal,
        ui::Ui,
    },
    identity::IdentityToken,
    service::Http,
    sign::{Announce, Credential, Publication, Services, Session, SignError, Signature, parse_subject},
    trust::TrustRoot,
};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Makes signatures with one login.
pub(in crate::cli) struct Signer<'a> {
    request: SigningRequest<'a>,
    #[cfg(unix)]
    agent: Agent<'a>,
    direct: Option<Direct>,
}

/// The agent, as far as it was tried.
#[cfg(unix)]
enum Agent<'a> {
    Untried,
    Ready(Box<AgentSigner<'a>>),
    /// It is not asked again.
    Unusable,
}

impl<'a> Signer<'a> {
    /// Nothing is asked yet.
    pub(in crate::cli) fn new(request: SigningRequest<'a>) -> Self {
        Self {
            #[cfg(unix)]
            agent: if request.choice.source.is_login() { Agent::Untried } else { Agent::Unusable },
            request,
            direct: None,
        }
    }

    /// Signs, and verifies the signature.
    ///
    /// # Errors
    /// Nothing was signed.
    pub(in crate::cli) fn sign(&mut self, subject: &SubjectToSign, ui: &mut Ui) -> Result<Signature, Failure> {
        #[cfg(unix)]
        if let Some(signature) = self.sign_by_agent(subject)? {
            return Ok(signature);
        }
        self.sign_directly(subject, ui)
    }

    /// What the certificate of a workload, such as a CI job, says of it; nothing of a person.
    ///
    /// # Errors
    /// There is no certificate.
    pub(in crate::cli) fn workload_claims(&mut self, ui: &mut Ui) -> Result<Vec<(&'static str, String)>, Failure> {
        if self.request.choice.source.is_login() {
            return Ok(Vec::new());
        }
        let request = self.request;
        let Direct { services, login } = self.direct(ui)?;
        let certificate = services.run(request.terminal, request.caller, async |session, announcements| {
            Ok(Login::renewed(login, &request, session, announcements).await?.credential.certificate().clone())
        })?;
        Ok(certificate.claims().to_vec())
    }

    /// Signs on several threads: by the agent, unless it asks the user each time, or with the login of this process.
    #[cfg(unix)]
    pub(super) fn on_threads(&self) -> Option<OnThreads<'a>> {
        if let Agent::Ready(agent) = &self.agent {
            return agent.asking().cloned().map(Box::new).map(OnThreads::ByAgent);
        }
        let Direct { services, login } = self.direct.as_ref()?;
        let SigningRequest { terminal, caller, .. } = self.request;
        Some(OnThreads::Directly(DirectSigner { services: Arc::clone(services), login: login.clone()?, terminal, caller }))
    }

    /// Takes an answer of the agent that is not a signature: the next signatures are made without it, unless it did not take something for
    /// its size.
    ///
    /// # Errors
    /// The agent refused it, as this process would.
    #[cfg(unix)]
    pub(super) fn conclude(&mut self, answer: Answer) -> Result<(), Failure> {
        let Agent::Ready(agent) = &self.agent else { return Ok(()) };
        if let AgentOutcome::Unavailable(why) = agent.conclude(answer)? {
            self.say_without_agent(why);
            self.agent = Agent::Unusable;
        }
        Ok(())
    }

    #[cfg(unix)]
    fn say_without_agent(&self, why: Option<String>) {
        if let Some(why) = why {
            self.request.terminal.say(format!("Signing without the agent: {why}."));
        }
    }

    #[cfg(unix)]
    fn sign_by_agent(&mut self, subject: &SubjectToSign) -> Result<Option<Signature>, Failure> {
        if let Agent::Untried = self.agent {
            self.agent = match AgentSigner::open(self.request)? {
                Opened::Ready(agent) => Agent::Ready(agent),
                Opened::Unavailable(why) => {
                    self.say_without_agent(why);
                    Agent::Unusable
                }
            };
        }
        let Agent::Ready(agent) = &self.agent else { return Ok(None) };
        match agent.sign(subject)? {
            AgentOutcome::Signed(signature) => Ok(Some(*signature)),
            AgentOutcome::TooLarge(why) => {
                self.say_without_agent(Some(why));
                Ok(None)
            }
            AgentOutcome::Unavailable(why) => {
                self.say_without_agent(why);
                self.agent = Agent::Unusable;
                Ok(None)
            }
        }
    }

    fn sign_directly(&mut self, subject: &SubjectToSign, ui: &mut Ui) -> Result<Signature, Failure> {
        let request = self.request;
        let content = parse_subject(subject)?.content;
        let Direct { services, login } = self.direct(ui)?;
        content.check_size(services.services.log_version)?;
        services.run(request.terminal, request.caller, async |session, announcements| {
            let login = Login::renewed(login, &request, session, announcements).await?;
            Ok(session.sign(content, &login.credential, announcements).await?)
        })
    }

    fn direct(&mut self, ui: &mut Ui) -> Result<&mut Direct, Failure> {
        Ok(match &mut self.direct {
            Some(direct) => direct,
            none => none.insert(Direct::open(&self.request, ui)?),
        })
    }
}

/// What makes signatures on several threads.
#[cfg(unix)]
pub(super) enum OnThreads<'a> {
    /// The agent.
    ByAgent(Box<Asking<'a>>),
    /// This process.
    Directly(DirectSigner<'a>),
}

/// Signs with a login of this process.
#[cfg(unix)]
pub(super) struct DirectSigner<'a> {
    services: Arc<ServicesOfProcess>,
    login: Arc<Login>,
    terminal: &'static Terminal,
    caller: &'a Caller,
}

#[cfg(unix)]
impl DirectSigner<'_> {
    /// Signs; `None` if the certificate does not last for another signature.
    ///
    /// # Errors
    /// Nothing was signed.
    pub(super) fn sign(&self, subject: &SubjectToSign) -> Result<Option<Signature>, Failure> {
        let content = parse_subject(subject)?.content;
        let credential = &self.login.credential;
        if !credential.lasts(Timestamp::now()) {
            return Ok(None);
        }
        let signed = self
            .services
            .run(self.terminal, self.caller, async |session, announcements| Ok(session.sign(content, credential, announcements).await?));
        signed.map(Some)
    }
}

/// What this process signs with.
struct Direct {
    services: Arc<ServicesOfProcess>,
    login: Option<Arc<Login>>,
}

/// The services, and what this process needs to ask them.
struct ServicesOfProcess {
    runtime: Runtime,
    roots: Arc<[TrustRoot]>,
    services: Services,
    http: Http,
}

/// A login of this process.
struct Login {
    token: IdentityToken,
    credential: Credential,
}

impl Direct {
    fn open(request: &SigningRequest<'_>, ui: &mut Ui) -> Result<Self, Failure> {
        let SigningRequest { choice, context, terminal, .. } = *request;
        let roots = context.trust_roots_for_signing(terminal)?.into();
        let services = context.services(Timestamp::now())?;
        let http = context.http()?.announcing_waits(terminal.waits());
        let runtime = crate::service::runtime().map_err(|error| Failure::io("network calls cannot be started", &error))?;
        choice.announce(terminal, ui);
        Ok(Self { services: Arc::new(ServicesOfProcess { runtime, roots, services, http }), login: None })
    }
}

impl ServicesOfProcess {
    /// Does what needs the services, for as long as the caller waits.
    fn run<T>(
        &self,
        terminal: &'static Terminal,
        caller: &Caller,
        work: impl AsyncFnOnce(&Session<'_>, &Announcements<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Self { runtime, roots, services, http } = self;
        let announcements = Announcements { notice: PublicationNotice::new(terminal), caller };
        let session = Session { services, roots, http, clock: &Timestamp::now };
        let done = runtime.block_on(async {
            tokio::select! {
                // before any step that has become possible meanwhile
                biased;
                () = caller.ended() => Err(SignError::Abandoned.into()),
                done = work(&session, &announcements) => done,
            }
        });
        for remark in http.take_warnings() {
            terminal.say(remark);
        }
        done
    }
}

impl Login {
    /// The login, renewed if its certificate does not last for another signature.
    async fn renewed<'l>(
        login: &'l mut Option<Arc<Self>>,
        request: &SigningRequest<'_>,
        session: &Session<'_>,
        announcements: &Announcements<'_>,
    ) -> Result<&'l Self, Failure> {
        let kept = match login.take() {
            Some(kept) if kept.credential.lasts(Timestamp::now()) => kept,
            expired => {
                let token = match expired {
                    Some(expired) if check_token(request.context, &expired.token).is_ok() => expired.token.clone(),
                    _ => {
                        let tokens = TokenFetcher { context: request.context, http: session.http, terminal: request.terminal };
                        tokens.fetch(&request.choice.source, request.requested.login_name()).await?
                    }
                };
                let credential = session.obtain(&token, request.requested, announcements).await?;
                Arc::new(Self { token, credential })
            }
        };
        Ok(login.insert(kept))
    }
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
