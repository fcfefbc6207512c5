//! How the agent answers a request to sign.

use super::{
    confirm::{Asker, Topic, quoted},
    login::{LoginRequest, Refused, Target, refused_signature, waiting_for},
    peer::ClientRoute,
    requests::{Agent, Connection, SocketKind},
    vault::{LoginPreview, identity},
};
use crate::{
    Reason,
    agent_protocol::{JournalEntry, Refusal, Reply, Sign, SubjectToSign},
    certificate::SignerCertificate,
    identity::RequestedSigner,
    sign::{
        self, Announce, Credential, Draft, ParsedSubject, PayloadError, Publication, Session, SignError, SigningKind, Spent, parse_subject,
    },
    statement::Statement,
    wording::counted,
};
use jiff::Timestamp;
use std::{cell::RefCell, collections::HashSet, rc::Rc, sync::Arc, time::Duration};

/// Publications that are remembered as shown, at most.
const MAX_ANNOUNCED: usize = 1024;
/// Characters of a statement's type that a question shows, at most.
const MAX_TYPE: usize = 200;

/// A request to sign, parsed.
struct Job<'a> {
    request: &'a Sign,
    /// What is to be signed.
    subject: ParsedSubject<'a>,
    target: Rc<Target>,
}

impl Job<'_> {
    /// Where a forwarded client wants to have it signed, as it claims.
    fn claimed_place(&self) -> String {
        self.request.repository.as_deref().map(|path| format!(" in {}", quoted(path))).unwrap_or_default()
    }

    /// What a file, digest or statement is, after the name of its kind; empty for a git object.
    fn what(&self) -> String {
        let digest = hex::encode(self.subject.content.digest());
        let name = self.request.subject.name().map(|name| format!(" called {}", quoted(name))).unwrap_or_default();
        match &self.request.subject {
            SubjectToSign::Git { .. } | SubjectToSign::Unknown => String::new(),
            SubjectToSign::File { content, .. } => format!("{name} ({}, SHA-256 {digest})", counted(content.len(), "byte")),
            SubjectToSign::Digest { .. } => {
                format!("{name} (SHA-256 {digest}). It may be the digest of anything, a commit included. The client is")
            }
            SubjectToSign::Statement { payload } => {
                let statement = Statement::parse(payload).ok();
                let about = statement.map(|statement| {
                    let kind: String = statement.predicate_type.chars().take(MAX_TYPE).collect();
                    format!(" of the type {} about {}", quoted(&kind), counted(statement.subjects.len(), "subject"))
                });
                format!("{} (SHA-256 {digest})", about.unwrap_or_default())
            }
        }
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
        let subject = parse_subject(&request.subject).map_err(refused_subject)?;
        let job = Job { request, subject, target: self.targets.get(&request.instance)? };
        let email = || job.subject.object().and_then(|object| object.email.clone());
        let name = request.hint.clone().or_else(email);
        let issuer = request.expected_issuer.clone();
        let mut requested = RequestedSigner::from_names(request.expected.clone(), name).vouched_for_by(issuer);
        let confirmed = match connection.socket {
            SocketKind::Own if job.subject.kind() == SigningKind::Digest => {
                let asker = Asker { host: None, route: ClientRoute::Own };
                let topic = self.clients.wait(self.confirm(asker, &job, &requested)).await?;
                Some(Confirmed { topic, alias: None })
            }
            SocketKind::Own => None,
            SocketKind::Forward { process } => {
                self.forwarded.limit_rate().await;
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
                    return Ok(Reply::Signed { signature: signature.text });
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
        session.sign(job.subject.content, credential, &announce).await
    }

    /// The identity of the login that a forwarded client's name stands for, if that login is kept.
    fn resolve_alias(&self, asker: &Asker, target: &Target, requested: RequestedSigner) -> RequestedSigner {
        let (Some(name), None) = (requested.login_name(), requested.required()) else { return requested };
        let identity = self.forwarded.identity(asker, &target.name, name).map(RequestedSigner::hinted);
        let identity = identity.map(|identity| identity.vouched_for_by(requested.issuer().map(str::to_owned)));
        let is_kept = |requested: &RequestedSigner| self.vault.preview(target, requested).is_some();
        identity.filter(|identity| is_kept(identity) && !is_kept(&requested)).unwrap_or(requested)
    }

    /// Waits for the user to approve a forwarded client's signature, and returns what was approved.
    async fn confirm(&self, asker: Asker, job: &Job<'_>, requested: &RequestedSigner) -> Result<Topic, Refused> {
        if self.vault.is_locked() {
            return Err(Refused::locked());
        }
        let preview = self.vault.preview(&job.target, requested).unwrap_or_else(|| LoginPreview {
            identity: requested.login_name().unwrap_or("whoever logs in").to_owned(),
            number: None,
            needs_login: true,
        });
        let Target { name, client, .. } = &*job.target;
        let topic = Topic {
            asker,
            instance: name.clone(),
            issuer: client.issuer.clone(),
            identity: preview.identity,
            kind: job.subject.kind(),
            what: job.what(),
            login: preview.number,
        };
        let login = if preview.needs_login { ", which needs a login here" } else { "" };
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
        self.connection.send(Reply::Draft { signature: draft.text().to_owned() });
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

fn refused_subject(error: PayloadError) -> Refused {
    let kind = if error == PayloadError::UnknownSubject { Refusal::Subject } else { Refusal::Payload };
    Refused { hint: error.hint().map(str::to_owned), ..Refused::new(kind, error.to_string()) }
}

fn entry(job: &Job<'_>, identity: &str, spent: Spent) -> JournalEntry {
    JournalEntry {
        time: Timestamp::now().as_second(),
        kind: job.subject.kind().as_str().to_owned(),
        name: job.request.subject.name().cloned(),
        identity: identity.to_owned(),
        repository: job.request.repository.clone(),
        host: job.request.host.clone(),
        payload: hex::encode(job.subject.content.digest()),
        services: microseconds(spent.services),
        verification: microseconds(spent.verification),
    }
}

fn microseconds(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}
