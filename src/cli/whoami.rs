//! `paraph whoami`: shows the identity and the services that a signature would use here.

use super::{
    agent_preview::AgentPreview,
    context::Context,
    exit::{Exit, Failure},
    git_settings::GitSettings,
    identity::{self, Choice, TokenFetcher},
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    config::{Source, TokenProvider},
    identity::{Candidate, IdentityToken, LoginError, RequestedSigner, TokenSource},
    sign::{FILE, LogVersion, Services},
    wording::spoken_time,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Show the identity and the services that sign here
///
/// Shows where the identity token comes from, and why. Shows the identity if it is known without a login, and the agent's login for it. Shows
/// the instance with its issuer, certificate authority, log and timestamp authority. It asks only the agent, unless --check is given.
///
/// Exits with 6 if no signature could be made. Then the token has expired, or has another audience, instance or identity than expected; or a
/// login is needed and cannot be shown; or the agent is locked.
///
/// Example: paraph whoami --check
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Get a token and check it; nothing is sent to the certificate authority or the log, and no browser opens
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is known about the signer.
struct WhoAmI<'a> {
    context: &'a Context,
    terminal: &'a Terminal,
    choice: &'a Choice,
    /// What the agent would do. Only a login is the agent's business.
    agent: Option<AgentPreview>,
    known: Known,
}

/// What is known about the identity.
#[derive(Default)]
struct Known {
    /// The name, as in the certificate if that can be predicted.
    name: Option<String>,
    issuer: Option<String>,
    expires: Option<Timestamp>,
    /// The claims of a workload that the certificate would contain.
    claims: Vec<(&'static str, String)>,
    /// Why no signature could be made.
    problem: Option<Failure>,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load_to_sign(&[])?;
    let terminal = Terminal::of_call(&context.config);
    let choice = identity::choice(&context, &terminal)?;
    let key = GitSettings::load(context.repository.as_ref()).ok().and_then(|settings| settings.key());
    let requested = identity::requested_signer(&context.config, key.as_deref(), None)?;
    #[cfg(unix)]
    let agent = choice.source.is_login().then(|| AgentPreview::of(&context, &requested)).transpose()?;
    #[cfg(not(unix))]
    let agent = None;
    let mut whoami = WhoAmI { context: &context, terminal: &terminal, choice: &choice, agent, known: Known::default() };
    whoami.known = whoami.known(&requested, arguments.check)?;
    whoami.ask_agent();
    let now = Timestamp::now();
    let (issuer, services) = (context.issuer(now), context.services(now));
    if arguments.json {
        ui.json(&whoami.document(issuer.as_deref().ok(), services.as_ref().ok()));
    } else {
        whoami.print(arguments.check, ui);
        print_services(&context, issuer, services, ui);
    }
    match whoami.known.problem {
        Some(problem) => Err(problem),
        None => Ok(Exit::Good),
    }
}

impl Known {
    fn of(token: &IdentityToken, problem: Option<Failure>) -> Self {
        Self {
            name: Some(token.certificate_name().unwrap_or_else(|| token.principal().to_owned())),
            issuer: Some(token.federated_issuer().unwrap_or(token.issuer()).to_owned()),
            expires: token.expires(),
            claims: token.workload_claims().to_vec(),
            problem,
        }
    }
}

impl WhoAmI<'_> {
    /// What a token says, or what the local issuer would put into one.
    fn known(&self, requested: &RequestedSigner, check: bool) -> Result<Known, Failure> {
        let (context, source) = (self.context, &self.choice.source);
        let token = match source {
            TokenSource::Variable(_) | TokenSource::File(_) => source.read().map_err(Failure::from),
            // the local issuer needs an address to put into its token
            TokenSource::Direct(_) if requested.login_name().is_none() => {
                let problem = check.then(|| {
                    Failure::identity("user.email is not set; the local Sigstore signs you in as that address")
                        .with_hint("set it: `git config user.email you@example.com`")
                });
                return Ok(Known { problem, ..Known::default() });
            }
            TokenSource::Workload(_) | TokenSource::Direct(_) if check => {
                let runtime = crate::service::runtime().map_err(|error| Failure::io("network calls cannot be started", &error))?;
                let http = context.http()?;
                let tokens = TokenFetcher { context, http: &http, terminal: self.terminal };
                runtime.block_on(tokens.fetch(source, requested.login_name()))
            }
            // the local issuer accepts any name together with its access code
            TokenSource::Direct(_) => {
                let name = requested.login_name().map(str::to_owned);
                let issuer = context.issuer(Timestamp::now()).ok();
                let problem = issuer.as_deref().and_then(|issuer| requested.accepts_issuer(issuer).err()).map(Failure::from);
                return Ok(Known { name, issuer, problem, ..Known::default() });
            }
            _ => return Ok(Known::default()),
        };
        Ok(match token {
            Ok(token) => {
                let accepted = || Ok(requested.accepts(&Candidate::from(&token))?);
                let problem = identity::check_token(context, &token).and_then(|()| accepted()).err();
                Known::of(&token, problem)
            }
            Err(problem) => Known { problem: Some(problem), ..Known::default() },
        })
    }

    /// Adds what the agent knows.
    fn ask_agent(&mut self) {
        let Some(agent) = &self.agent else { return };
        if let AgentPreview::HasLogin { login, .. } = agent {
            (self.known.name, self.known.issuer) = (Some(login.identity.clone()), Some(login.issuer.clone()));
        }
        let needs_person = matches!(self.choice.source, TokenSource::Browser | TokenSource::Device) && !agent.needs_no_login();
        if matches!(agent, AgentPreview::Locked) {
            let locked = Failure::identity("the agent is locked").with_hint("run `paraph agent unlock`");
            self.known.problem.get_or_insert(locked);
        } else if needs_person && !matches!(agent, AgentPreview::Forwarded(_)) && !identity::can_show_login(self.context, self.terminal) {
            self.known.problem.get_or_insert(LoginError::Nobody.into());
        }
    }

    fn print(&self, checked: bool, ui: &mut Ui) {
        let Self { context, choice, known, .. } = self;
        let until = known.expires.map(|expires| format!(", until {}", spoken_time(expires))).unwrap_or_default();
        match (&known.name, &known.issuer, &choice.source) {
            (Some(name), Some(issuer), _) => line(ui, "identity", format!("{name}, vouched for by {issuer}{until}")),
            (Some(name), None, _) => line(ui, "identity", name),
            (None, _, TokenSource::Workload(provider)) if !checked => {
                line(ui, "identity", format!("unknown until {provider} is asked; --check asks"));
            }
            (None, _, TokenSource::Browser | TokenSource::Device) => line(ui, "identity", "unknown until the login"),
            (None, _, TokenSource::Direct(_)) => line(ui, "identity", "unknown: user.email is not set"),
            _ => line(ui, "identity", "unknown"),
        }
        for (name, value) in &known.claims {
            line(ui, "", format!("{name} {value}"));
        }
        line(ui, "token", format!("from {}: {}", choice.origin, choice.because));
        if let Some(job) = choice.unused {
            line(ui, "", format!("the token of this job of {job} is not used (set paraph.tokenProvider = {} to use it)", job.name()));
        }
        let config = &context.config;
        if let Some(expected) = &config.expected_identity.value {
            line(ui, "expected", format!("{expected} ({})", config.expected_identity.source));
        }
        if let Some(issuer) = &config.expected_issuer.value {
            line(ui, "expected", format!("the issuer {issuer} ({})", config.expected_issuer.source));
        }
        if config.match_committer.value {
            line(ui, "expected", format!("the committer ({})", config.match_committer.source));
        }
        let source = match &config.instance.source {
            Source::Default => "nothing else is configured".to_owned(),
            source => source.to_string(),
        };
        line(ui, "instance", format!("{} ({source})", config.instance_name()));
        if let Some(agent) = &self.agent {
            line(ui, "agent", agent.sentence());
        }
    }

    /// `--json`: names are only ever added.
    fn document(&self, issuer: Option<&str>, services: Option<&Services>) -> Value {
        let Self { context, choice, known, agent, .. } = self;
        let config = &context.config;
        let claims: serde_json::Map<String, Value> =
            known.claims.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
        json!({
            "identity": known.name,
            "identityIssuer": known.issuer,
            "expires": known.expires.map(|expires| expires.to_string()),
            "claims": claims,
            "problem": known.problem.as_ref().map(|problem| &problem.message),
            // no setting names the login at a local issuer
            "tokenProvider": choice.source.provider().map_or("local", TokenProvider::as_str),
            "because": choice.because,
            "unusedJob": choice.unused.map(|job| job.name()),
            "agent": agent.as_ref().map(AgentPreview::sentence),
            "login": match agent {
                Some(AgentPreview::HasLogin { login, .. }) => {
                    json!({ "until": login.until.map(|until| until.to_string()), "renewable": login.is_renewable })
                }
                _ => Value::Null,
            },
            "expectedIdentity": config.expected_identity.value,
            "expectedIssuer": config.expected_issuer.value.as_ref().map(ToString::to_string),
            "matchCommitter": config.match_committer.value,
            "instance": config.instance_name().as_str(),
            "issuer": issuer,
            "clientID": config.client_id.value,
            "fulcio": services.map(|services| &services.fulcio),
            "log": services.map(|services| json!({ "url": services.log, "version": version(services.log_version) })),
            "timestampAuthority": services.and_then(|services| services.timestamp_authority.as_ref()),
        })
    }
}

/// What becomes public with every signature.
const PUBLIC: &str = "Anyone who can read the log sees identity, issuer and time.";

/// What becomes public of a statement in Rekor v1.
const STATEMENT: &str = " Of a statement, the log gets everything.";

/// Prints a line of the table.
fn line(ui: &mut Ui, name: &str, text: impl std::fmt::Display) {
    ui.line(format!("{name:<10} {text}"));
}

fn print_services(context: &Context, issuer: Result<String, Failure>, services: Result<Services, Failure>, ui: &mut Ui) {
    let config = &context.config;
    // what fails for the same cause is not told again
    let mut told: Option<(&str, String)> = None;
    let mut failed = |name: &'static str, failure: Failure, ui: &mut Ui| match &told {
        Some((first, message)) if *message == failure.message => line(ui, name, format!("not checked; see {first}")),
        _ => {
            line(ui, name, &failure.message);
            told = Some((name, failure.message));
        }
    };
    match issuer {
        Ok(issuer) => line(ui, "issuer", format!("{issuer}, client {}", config.client_id.value)),
        Err(failure) => failed("issuer", failure, ui),
    }
    match services {
        Ok(services) => {
            line(ui, "fulcio", &services.fulcio);
            line(ui, "log", format!("{} (Rekor v{})", services.log, version(services.log_version)));
            line(ui, "timestamps", services.timestamp_authority.as_deref().unwrap_or("none: the log entry has the time"));
            let statement = if matches!(services.log_version, LogVersion::V1) { STATEMENT } else { "" };
            line(ui, "public", format!("{PUBLIC} {FILE}{statement}"));
        }
        Err(failure) => failed("services", failure, ui),
    }
    match context.trust_roots() {
        Ok(roots) => roots.iter().for_each(|root| line(ui, "trust", format!("{}: {}", root.instance, root.source))),
        Err(failure) => failed("trust", failure, ui),
    }
}

fn version(version: LogVersion) -> u8 {
    match version {
        LogVersion::V1 => 1,
        LogVersion::V2 => 2,
    }
}
