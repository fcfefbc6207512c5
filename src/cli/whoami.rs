//! `paraph whoami`: as whom and with which services a signature would be made here, and why.

use super::{
    agent_preview::AgentPreview,
    context::Context,
    exit::{Exit, Failure},
    git_settings::GitSettings,
    identity::{self, Choice},
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    config::Source as SettingSource,
    identity::{IdentityToken, LoginError, Source},
    sign::{LogVersion, Services},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Show as whom and with which services a signature would be made here, and why
///
/// Says where the identity token would come from and what decided that; the identity, where it can be known without asking anybody but the
/// agent; which login the agent keeps for it and until when; the instance with its issuer, certificate authority, log and timestamp
/// authority. Nothing is sent to anybody else, unless --check is given.
///
/// Exits with 6 where it is known that no signature could be made: the token has expired, is for somebody else, or is not of the expected
/// identity; a login is needed and nobody could log in here; the agent is locked.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask whoever gives the token, and look at it; the certificate authority and the log hear of nothing, and no browser is opened
    #[arg(long)]
    check: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What is known about the identity.
#[derive(Default)]
struct Known {
    /// Its name, as in the certificate where that can be told.
    name: Option<String>,
    issuer: Option<String>,
    expires: Option<Timestamp>,
    /// What a certificate would say of a workload.
    claims: Vec<(&'static str, String)>,
    /// Why no signature could be made, with what to do.
    problem: Option<Failure>,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    Ui::require_output()?;
    let context = Context::load(&[])?;
    let terminal = Terminal::open(None);
    let choice = identity::choice(&context, &terminal)?;
    let hint = context.config.expected_identity.value.clone().or_else(|| {
        let key = GitSettings::load(context.repository.as_ref()).ok()?.key()?;
        identity::email_of(&key)
    });
    // only a login is the agent's business
    #[cfg(unix)]
    let preview = choice.source.is_login().then(|| AgentPreview::of(&context, hint.as_deref())).transpose()?;
    #[cfg(not(unix))]
    let preview = None;
    let known = known(&context, &choice, hint.as_deref(), &terminal, arguments.check)?.with(preview.as_ref(), &choice, &context, &terminal);
    let now = Timestamp::now();
    let (issuer, services) = (context.issuer(now), context.services(now));
    if arguments.json {
        ui.json(&document(&context, &choice, &known, preview.as_ref(), issuer.as_deref().ok(), services.as_ref().ok()));
    } else {
        print(&context, &choice, &known, arguments.check, ui);
        if let Some(preview) = &preview {
            line(ui, "agent", preview.sentence());
        }
        print_services(&context, issuer, services, ui);
    }
    match known.problem {
        Some(problem) => Err(problem),
        None => Ok(Exit::Good),
    }
}

fn known(context: &Context, choice: &Choice, hint: Option<&str>, terminal: &Terminal, check: bool) -> Result<Known, Failure> {
    let read = match &choice.source {
        Source::Variable(_) | Source::File(_) => choice.source.read().map_err(Failure::from),
        Source::Workload(_) | Source::Direct(_) if check => {
            let runtime = crate::service::runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))?;
            let http = context.http();
            runtime.block_on(identity::token_of(context, &choice.source, hint, &http, terminal))
        }
        // the issuer takes the word of whoever has its access code
        Source::Direct(_) => {
            return Ok(Known { name: hint.map(str::to_owned), issuer: context.issuer(Timestamp::now()).ok(), ..Known::default() });
        }
        _ => return Ok(Known::default()),
    };
    Ok(match read {
        Ok(token) => {
            let problem = identity::check_token(context, &token);
            let problem = problem.and_then(|()| identity::check_expected(context, &token)).err();
            Known { problem, ..Known::of(&token) }
        }
        Err(problem) => Known { problem: Some(problem), ..Known::default() },
    })
}

impl Known {
    fn of(token: &IdentityToken) -> Self {
        Self {
            name: Some(token.certificate_name().unwrap_or_else(|| token.principal().to_owned())),
            issuer: Some(token.federated_issuer().unwrap_or(token.issuer()).to_owned()),
            expires: token.expires(),
            claims: token.workload_claims().to_vec(),
            problem: None,
        }
    }

    /// The same with what the agent makes of it.
    fn with(mut self, preview: Option<&AgentPreview>, choice: &Choice, context: &Context, terminal: &Terminal) -> Self {
        let Some(preview) = preview else { return self };
        if let AgentPreview::HasLogin { login, .. } = preview {
            (self.name, self.issuer) = (Some(login.identity.clone()), Some(login.issuer.clone()));
        }
        let asks_somebody = matches!(choice.source, Source::Browser | Source::Device) && !preview.needs_no_login();
        if matches!(preview, AgentPreview::Locked) {
            let locked = Failure::new(Exit::Identity, "the agent is locked, and signs nothing").with_hint("paraph agent unlock");
            self.problem = self.problem.or(Some(locked));
        } else if asks_somebody && !matches!(preview, AgentPreview::Forwarded(_)) && !identity::somebody_is_there(context, terminal) {
            self.problem = self.problem.or(Some(LoginError::Nobody.into()));
        }
        self
    }
}

/// A line of the table.
fn line(ui: &mut Ui, name: &str, text: impl std::fmt::Display) {
    ui.line(format!("{name:<10} {text}"));
}

fn print(context: &Context, choice: &Choice, known: &Known, checked: bool, ui: &mut Ui) {
    let until = known.expires.map(|expires| format!(", until {expires}")).unwrap_or_default();
    match (&known.name, &known.issuer, &choice.source) {
        (Some(name), Some(issuer), _) => line(ui, "identity", format!("{name}, vouched for by {issuer}{until}")),
        (Some(name), None, _) => line(ui, "identity", name),
        (None, _, Source::Workload(provider)) if !checked => {
            line(ui, "identity", format!("not known before {provider} is asked, which --check does"));
        }
        (None, _, Source::Browser | Source::Device) => line(ui, "identity", "not known before the login"),
        _ => line(ui, "identity", "not known"),
    }
    for (name, value) in &known.claims {
        line(ui, "", format!("{name} {value}"));
    }
    line(ui, "token", format!("from {}: {}", choice.origin, choice.because));
    if let Some(job) = choice.unused {
        line(ui, "", format!("the token of this job of {job} is not used (paraph.tokenProvider = {} would)", job.name()));
    }
    let config = &context.config;
    if let Some(expected) = &config.expected_identity.value {
        line(ui, "expected", format!("{expected} ({})", config.expected_identity.source));
    }
    if config.match_committer.value {
        line(ui, "expected", format!("the committer ({})", config.match_committer.source));
    }
    let source = match &config.instance.source {
        SettingSource::Default => "nothing else is configured".to_owned(),
        source => source.to_string(),
    };
    line(ui, "instance", format!("{} ({source})", config.instance_name()));
}

fn print_services(context: &Context, issuer: Result<String, Failure>, services: Result<Services, Failure>, ui: &mut Ui) {
    let config = &context.config;
    match issuer {
        Ok(issuer) => line(ui, "issuer", format!("{issuer}, client {}", config.client_id.value)),
        Err(failure) => line(ui, "issuer", failure.message),
    }
    match services {
        Ok(services) => {
            line(ui, "fulcio", &services.fulcio);
            line(ui, "log", format!("{} (Rekor v{})", services.log, version(services.log_version)));
            line(ui, "timestamps", services.timestamp_authority.as_deref().unwrap_or("none: the log tells the time"));
        }
        Err(failure) => line(ui, "services", failure.message),
    }
    match context.trust_roots() {
        Ok(roots) => roots.iter().for_each(|root| line(ui, "trust", format!("{}: {}", root.instance, root.source))),
        Err(failure) => line(ui, "trust", failure.message),
    }
}

fn version(version: LogVersion) -> u8 {
    match version {
        LogVersion::V1 => 1,
        LogVersion::V2 => 2,
    }
}

/// `--json`: names are only ever added.
fn document(
    context: &Context,
    choice: &Choice,
    known: &Known,
    preview: Option<&AgentPreview>,
    issuer: Option<&str>,
    services: Option<&Services>,
) -> Value {
    let config = &context.config;
    let provider = match &choice.source {
        Source::Variable(_) => "envvar",
        Source::File(_) => "filesystem",
        Source::Workload(provider) => provider.name(),
        Source::Direct(_) => "local",
        Source::Device => "device",
        Source::Browser => "interactive",
    };
    let claims: serde_json::Map<String, Value> =
        known.claims.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    json!({
        "identity": known.name,
        "identityIssuer": known.issuer,
        "expires": known.expires.map(|expires| expires.to_string()),
        "claims": claims,
        "problem": known.problem.as_ref().map(|problem| &problem.message),
        "tokenProvider": provider,
        "because": choice.because,
        "unusedJob": choice.unused.map(|job| job.name()),
        "agent": preview.map(AgentPreview::sentence),
        "login": match preview {
            Some(AgentPreview::HasLogin { login, .. }) => json!({ "until": login.until.map(|until| until.to_string()), "renewable": login.is_renewable }),
            _ => Value::Null,
        },
        "expectedIdentity": config.expected_identity.value,
        "matchCommitter": config.match_committer.value,
        "instance": config.instance_name().as_str(),
        "issuer": issuer,
        "clientID": config.client_id.value,
        "fulcio": services.map(|services| &services.fulcio),
        "log": services.map(|services| json!({ "url": services.log, "version": version(services.log_version) })),
        "timestampAuthority": services.and_then(|services| services.timestamp_authority.as_ref()),
    })
}
