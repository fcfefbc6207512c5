//! How the agent answers a request to sign.

use super::{
    confirm::{Asker, Topic, quoted},
    login::{LoginRequest, Refused, Target, refused_signature, waiting_for},
    peer::ClientRoute,
    requests::{Agent, Connection, SocketKind},
    vault::{Standing, identity},
};
use crate::{
    Reason,
    agent_protocol::{JournalEntry, Refusal, Reply, Sign, Subject},
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
    /// What git wants to have signed.
    payload: &'a [u8],
    object: Payload,
    target: Rc<Target>,
}

impl Job<'_> {
    /// Where a forwarded client wants to have it signed, as it claims.
    fn claimed_place(&self) -> String {
        self.request.repository.as_deref().map(|path| format!(" in {}", quoted(path))).unwrap_or_default()
    }
}

/// A forwarded client whose signature was confirmed.
struct Confirmed {
    /// What was confirmed.
    topic: Topic,
    /// The name that the client asked for, if it does not require an identity.
    alias: Option<String>,
}

impl Agent {
    pub(super) async fn sign(&self, request: &Sign, connection: &Connection<'_>) -> Result<Reply, Refused> {
        let Subject::Git { payload } = &request.subject else {
            return Err(Refused::new(Refusal::Subject, "the agent does not sign this kind of subject"));
        };
        let object = sign::parse_payload(payload);
        let object = object
            .map_err(|error| Refused { hint: error.hint().map(str::to_owned), ..Refused::new(Refusal::Payload, error.to_string()) })?;
        let job = Job { request, payload, object, target: self.targets.get(&request.instance)? };
        let name = request.hint.clone().or_else(|| job.object.email.clone());
        let issuer = request.expected_issuer.clone();
        let mut requested = RequestedSigner::from_names(request.expected.clone(), name).vouched_for_by(issuer);
        let confirmed = match connection.socket {
            SocketKind::Own => None,
            SocketKind::Forward { process } => {
                let asker = Asker { host: request.host.clone(), route: ClientRoute::of(process) };
                let alias = requested.login_name().filter(|_| requested.required().is_none()).map(str::to_owned);
                requested = self.resolve_alias(&asker, &job.target, requested);
                let topic = self.clients.wait(self.confirm(asker, &job, &requested)).await?;
                Some(Confirmed { topic, alias })
            }
        };
        let login = LoginRequest { requested, by_code: request.by_code && connection.is_own(), keeps_alias: connection.is_own() };
        for is_last_attempt in [false, true] {
            let say = |prompt| self.show_prompt(prompt, connection);
            let credential = self.clients.wait(self.vault.credential(&job.target, &login, &self.http, say)).await.inspect_err(|_| {
                // what was approved for a login that failed is not approved for the next one
                confirmed.iter().for_each(|confirmed| self.confirmations.drop_without_login(&confirmed.topic));
            })?;
            if let Some(confirmed) = &confirmed {
                self.confirm_login(confirmed, &job, &credential).await?;
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
        let Target { services, roots, network, .. } = &*job.target;
        let replies = connection.replies.clone();
        let http = self.http.clone().with_network(network.clone()).announcing_waits(move |service| {
            // fails only if the client has left
            let _ = replies.send(Reply::Say { text: waiting_for(service) });
        });
        let session = Session { services, roots, http: &http, clock: &Timestamp::now };
        let announce = ClientAnnouncements { connection, announced: &self.announced, has_reader: job.request.reader };
        session.sign(job.payload, credential, &announce).await
    }

    /// The identity of the login that a forwarded client's name stands for, if that login is kept.
    fn resolve_alias(&self, asker: &Asker, target: &Target, requested: RequestedSigner) -> RequestedSigner {
        let (Some(name), None) = (requested.login_name(), requested.required()) else { return requested };
        let identity = self.forwarded.identity(asker, &target.name, name).map(RequestedSigner::named);
        let identity = identity.map(|identity| identity.vouched_for_by(requested.issuer().map(str::to_owned)));
        let is_kept = |requested: &RequestedSigner| self.vault.standing(target, requested).is_some();
        identity.filter(|identity| is_kept(identity) && !is_kept(&requested)).unwrap_or(requested)
    }

    /// Waits for the user to approve a forwarded client's signature, and returns what was approved.
    async fn confirm(&self, asker: Asker, job: &Job<'_>, requested: &RequestedSigner) -> Result<Topic, Refused> {
        self.forwarded.limit_rate().await;
        if self.vault.is_locked() {
            return Err(Refused::locked());
        }
        let standing = self.vault.standing(&job.target, requested).unwrap_or_else(|| Standing {
            identity: requested.login_name().unwrap_or("whoever logs in").to_owned(),
            number: None,
            needs_login: true,
        });
        let Target { name, client, .. } = &*job.target;
        let topic = Topic {
            asker,
            instance: name.clone(),
            issuer: client.issuer.clone(),
            identity: standing.identity,
            kind: job.object.kind,
            login: standing.number,
        };
        let login = if standing.needs_login { ", which needs a login here" } else { "" };
        self.confirmations.allow(&topic, &format!("{}{login}", job.claimed_place())).await?;
        Ok(topic)
    }

    /// Asks again if the login is of another identity than the approved one, or if it came after the login that was approved.
    async fn confirm_login(&self, confirmed: &Confirmed, job: &Job<'_>, credential: &Credential) -> Result<(), Refused> {
        let Confirmed { topic: approved, alias } = confirmed;
        let login = self.vault.number(&job.target, credential);
        if login.is_none() {
            return Err(Refused::new(Refusal::Login, "the login was removed before it signed"));
        }
        let topic = Topic { identity: identity(credential).to_owned(), login, ..approved.clone() };
        if *approved == topic {
            return Ok(());
        }
        if approved.identity == topic.identity && approved.login.is_none() {
            self.confirmations.bind(approved, &topic);
            return Ok(());
        }
        self.clients.wait(self.confirmations.allow(&topic, &job.claimed_place())).await?;
        if let Some(alias) = alias.as_ref().filter(|_| approved.identity != topic.identity) {
            self.forwarded.add_alias(&topic.asker, &job.target.name, alias, &topic.identity);
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
        payload: hex::encode(Sha256::digest(job.payload)),
        services: microseconds(spent.services),
        verification: microseconds(spent.verification),
    }
}

fn microseconds(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}
