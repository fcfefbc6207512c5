//! How the agent answers a request to sign.

use super::{
    confirm::{Asker, quoted},
    login::{LoginRequest, Refused, Target, refused_signature, waiting_for},
    peer::ClientRoute,
    requests::{Agent, Connection, SocketKind},
    vault::identity,
};
use crate::{
    Reason,
    agent_protocol::{JournalEntry, Refusal, Reply, Sign},
    certificate::SignerCertificate,
    identity::RequestedSigner,
    object::Payload,
    sign::{self, Announce, Credential, Draft, Publication, Session, SignError, Spent},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::{cell::RefCell, collections::HashSet, rc::Rc, sync::Arc, time::Duration};

/// Publications that are remembered as shown, at most.
const MAX_ANNOUNCED: usize = 1024;

/// A request to sign, parsed.
struct Job<'a> {
    request: &'a Sign,
    object: Payload,
    target: Rc<Target>,
}

impl Job<'_> {
    /// What a forwarded client wants to have signed, and where, as it claims.
    fn describe(&self) -> String {
        let place = self.request.repository.as_deref().map(|path| format!(" in {}", quoted(path))).unwrap_or_default();
        format!("a {}{place}", self.object.kind.as_str())
    }
}

/// A forwarded client whose signature was confirmed.
struct Confirmed {
    asker: Asker,
    /// The confirmed identity.
    identity: String,
    /// The name that the client asked for, if it does not require an identity.
    alias: Option<String>,
}

impl Agent {
    pub(super) async fn sign(&self, request: &Sign, connection: &Connection<'_>) -> Result<Reply, Refused> {
        let object = sign::parse_payload(&request.payload);
        let object = object
            .map_err(|error| Refused { hint: error.hint().map(str::to_owned), ..Refused::new(Refusal::Payload, error.to_string()) })?;
        let job = Job { request, object, target: self.targets.get(&request.instance)? };
        let name = request.hint.clone().or_else(|| job.object.email.clone());
        let mut requested = RequestedSigner::from_names(request.expected.clone(), name);
        let confirmed = match connection.socket {
            SocketKind::Own => None,
            SocketKind::Forward { process } => {
                let asker = Asker { host: request.host.clone(), route: ClientRoute::of(process) };
                let alias = requested.login_name().filter(|_| requested.required().is_none()).map(str::to_owned);
                requested = self.resolve_alias(&asker, &job.target, requested);
                let identity = self.clients.wait(self.confirm(&asker, &job, &requested)).await?;
                Some(Confirmed { asker, identity, alias })
            }
        };
        let login = LoginRequest { requested, by_code: request.by_code && connection.is_own(), keeps_alias: connection.is_own() };
        for is_last_attempt in [false, true] {
            let say = |prompt| self.show_prompt(prompt, connection);
            let credential = self.clients.wait(self.vault.credential(&job.target, &login, &self.http, say)).await?;
            if let Some(confirmed) = &confirmed {
                self.confirm_login(confirmed, &job, identity(&credential)).await?;
            }
            match self.sign_with(&job, &credential, connection).await {
                Ok(signature) => {
                    self.vault.count_signature(&job.target, &credential);
                    self.journal.add(entry(&job, identity(&credential), signature.spent));
                    return Ok(Reply::Signed { signature: signature.armored });
                }
                // the certificate expired between its choice and the log entry, or a clock jumped
                Err(SignError::SelfCheck { rejection, .. })
                    if !is_last_attempt && rejection.reason() == Reason::OutsideCertificateWindow =>
                {
                    self.vault.invalidate(&job.target, &credential);
                }
                Err(error) => return Err(refused_signature(&error)),
            }
        }
        Err(Refused::new(Refusal::Service, "the certificates expire before a signature is made"))
    }

    /// Signs. The client gets the certificate while the services are asked, and the signature before it is verified here, so that both
    /// processes verify at the same time.
    async fn sign_with(
        &self,
        job: &Job<'_>,
        credential: &Arc<Credential>,
        connection: &Connection<'_>,
    ) -> Result<sign::Signature, SignError> {
        let Target { services, roots, .. } = &*job.target;
        let replies = connection.replies.clone();
        let http = self.http.clone().announcing_waits(move |service| {
            // fails only if the client has left
            let _ = replies.send(Reply::Say { text: waiting_for(service) });
        });
        let session = Session { services, roots, http: &http, clock: &Timestamp::now };
        let announce = ClientAnnouncements { connection, announced: &self.announced, has_reader: job.request.reader };
        session.sign(&job.request.payload, credential, &announce).await
    }

    /// The identity of the login that a forwarded client's name stands for, if that login is kept.
    fn resolve_alias(&self, asker: &Asker, target: &Target, requested: RequestedSigner) -> RequestedSigner {
        let (Some(name), None) = (requested.login_name(), requested.required()) else { return requested };
        let identity = self.forwarded.identity(asker, &target.name, name).map(RequestedSigner::named);
        let is_kept = |requested: &RequestedSigner| self.vault.identity(target, requested).is_some();
        identity.filter(|identity| is_kept(identity) && !is_kept(&requested)).unwrap_or(requested)
    }

    /// Waits for the user to approve a forwarded client's signature, and returns the approved identity.
    async fn confirm(&self, asker: &Asker, job: &Job<'_>, requested: &RequestedSigner) -> Result<String, Refused> {
        self.forwarded.limit_rate().await;
        if self.vault.is_locked() {
            return Err(Refused::locked());
        }
        let known = self.vault.identity(&job.target, requested);
        let login = if known.is_some() { "" } else { ", which needs a login here" };
        let identity = known.unwrap_or_else(|| requested.login_name().unwrap_or("whoever logs in").to_owned());
        self.confirmations.allow(asker, &identity, &format!("{}{login}", job.describe())).await?;
        Ok(identity)
    }

    /// Asks again if the login is of another identity than the approved one.
    async fn confirm_login(&self, confirmed: &Confirmed, job: &Job<'_>, identity: &str) -> Result<(), Refused> {
        let Confirmed { asker, identity: approved, alias } = confirmed;
        if approved == identity {
            return Ok(());
        }
        self.clients.wait(self.confirmations.allow(asker, identity, &job.describe())).await?;
        if let Some(alias) = alias {
            self.forwarded.add_alias(asker, &job.target.name, alias, identity);
        }
        Ok(())
    }
}

/// Tells a client how far its signature is.
struct ClientAnnouncements<'a> {
    connection: &'a Connection<'a>,
    /// The publications that a client has shown.
    announced: &'a RefCell<HashSet<String>>,
    /// Whether somebody reads what the client shows.
    has_reader: bool,
}

impl Announce for ClientAnnouncements<'_> {
    fn is_wanted(&self) -> bool {
        self.connection.is_open()
    }

    fn publish(&self, publication: &Publication, lines: &[String]) {
        let key = publication.key();
        if self.has_reader && !self.announced.borrow().contains(&key) {
            self.connection.send(Reply::Publish { of: key, text: lines.to_vec() });
        }
    }

    fn certificate(&self, certificate: &SignerCertificate) {
        self.connection.send(Reply::Certificate { certificate: certificate.certificate().der().to_vec() });
    }

    fn draft(&self, draft: &Draft) {
        self.connection.send(Reply::Draft { signature: draft.armored().to_owned() });
    }

    fn published(&self, publication: &Publication) {
        let mut announced = self.announced.borrow_mut();
        if announced.len() >= MAX_ANNOUNCED {
            announced.clear();
        }
        if self.has_reader {
            announced.insert(publication.key());
        }
    }
}

fn entry(job: &Job<'_>, identity: &str, spent: Spent) -> JournalEntry {
    JournalEntry {
        time: Timestamp::now().as_second(),
        kind: job.object.kind.as_str().to_owned(),
        identity: identity.to_owned(),
        repository: job.request.repository.clone(),
        host: job.request.host.clone(),
        payload: hex::encode(Sha256::digest(&job.request.payload)),
        services: microseconds(spent.services),
        verification: microseconds(spent.verification),
    }
}

fn microseconds(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}
