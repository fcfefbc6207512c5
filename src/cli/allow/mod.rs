//! `paraph allow`: adds an identity to the user's allowed identities.

mod allowed_file;

use super::{
    confirmation::confirmed,
    context::Context,
    exit::{Exit, Failure},
    git_changes::refuse_pipes,
    git_settings::{check_replaceable, global_file, set_global},
    ui::Ui,
};
use crate::{
    config::{OptionValue, Rank, VERIFYING},
    judge::{Entries, Judge},
    policy::{AllowedIdentity, AllowedLine, Decision, Judgement},
    report::sentences,
    trust::{Instance, Window},
    verify::{SubjectKind, Verifier},
    wording::counted,
};
use allowed_file::AllowedFile;
use std::path::PathBuf;

/// What a person should know before a signature decides whom they trust.
const NOT_VOUCHED: &str = "The signature shows who controls this identity, not who that person is. Compare it with what they told you.";

/// Trust an identity
///
/// Adds a line to your file of allowed identities (`paraph.allowedIdentities`), after showing it and asking. Where you have no such file, creates
/// ~/.config/git/allowed-identities, and sets `paraph.allowedIdentities` in your global git configuration. Keeps the other lines, comments and
/// the mode of the file. A file inside a work tree is refused: whoever can change a branch could change it.
///
/// --from takes identity, issuer and instance from a commit or tag whose signature verifies. That does not vouch for the person.
///
/// Example: paraph allow ann@example.com https://accounts.google.com
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The e-mail address or URI in the certificate; `*` stands for any characters but `/` and `@`
    #[arg(value_name = "IDENTITY", required_unless_present = "from")]
    identity: Option<String>,
    /// The URL of the OpenID issuer [default: known for workflows of GitHub and GitLab, and for --instance]
    #[arg(value_name = "ISSUER")]
    issuer: Option<String>,
    /// Take identity, issuer and instance from the signature of this commit or tag
    #[arg(long, value_name = "REV", conflicts_with_all = ["identity", "instance"])]
    from: Option<String>,
    /// What it may sign, separated by commas: commit, tag, push, file, attestation, release [default: commit,tag,push]
    #[arg(long = "for", value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    kinds: Vec<SubjectKind>,
    /// The Sigstore instance that must vouch for it [default: public]
    #[arg(long, value_name = "NAME", value_parser = instance)]
    instance: Option<Instance>,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, thiserror::Error)]
enum ArgumentError {
    #[error("expected commit, tag, push, file, attestation or release")]
    Kind,
    #[error("expected 1 to 64 letters, digits, `.`, `-` and `_`")]
    Instance,
}

fn kind(text: &str) -> Result<SubjectKind, ArgumentError> {
    crate::policy::kind_named(text).ok_or(ArgumentError::Kind)
}

fn instance(text: &str) -> Result<Instance, ArgumentError> {
    Instance::named(text).ok_or(ArgumentError::Instance)
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let options: Vec<_> =
        OptionValue::of("instance", "--instance", arguments.instance.as_ref().map(Instance::as_str)).into_iter().collect();
    let context = Context::load_for(&options, VERIFYING)?;
    let line = arguments.line(&context, ui)?;
    let wanted = checked(&line)?;
    let (path, is_set) = file_of_user(&context)?;
    let file = AllowedFile::open(path)?;
    file.refuse_in_work_tree(context.repository.as_ref())?;
    if !is_set {
        refuse_pipes([global_file()?])?;
        check_replaceable(&global_file()?)?;
    }
    let lines = file.identities()?;
    let known = lines.lines().iter().find(|known| covers(known, &wanted));
    if let (Some(known), true) = (known, is_set) {
        ui.note(format!("{}:{} already allows {}.", file.path().display(), known.line, line.identity));
        return Ok(Exit::Good);
    }
    if known.is_none() {
        ui.line(format!("{}: {line}", file.path().display()));
        lines.lines().iter().filter(|known| is_same(known, &wanted)).for_each(|known| warn_of_limit(known, &file, ui));
    }
    if !is_set {
        announce_setting(&context, &file, lines.lines().len(), ui);
    }
    if arguments.from.is_some() {
        ui.note(NOT_VOUCHED);
    }
    if !confirmed(&format!("Trust {}?", line.identity), arguments.yes, "add --yes to do it without a question", ui)? {
        return Ok(Exit::Good);
    }
    if known.is_none() {
        file.add(&line.to_string())?;
    }
    if !is_set {
        set_global("paraph.allowedIdentities", file.name()?)?;
    }
    ui.note(format!("{} is allowed now.", line.identity));
    Ok(Exit::Good)
}

impl Args {
    /// The line to add.
    fn line(&self, context: &Context, ui: &mut Ui) -> Result<AllowedLine, Failure> {
        let line = match (&self.from, &self.identity) {
            (Some(revision), _) => signer_of(context, revision)?,
            (None, Some(identity)) => {
                let instance = self.instance.clone().unwrap_or(Instance::Public);
                let issuer = match &self.issuer {
                    Some(issuer) => issuer.clone(),
                    None => self.usual_issuer(context, identity)?,
                };
                let used = context.config.instance_name();
                if self.instance.is_none() && used != Instance::Public {
                    ui.note(format!("The line is for the public Sigstore. For the instance in use here, add --instance {used}."));
                }
                AllowedLine { identity: identity.clone(), issuer, instance, kinds: Vec::new() }
            }
            (None, None) => return Err(Failure::usage("no identity is given")),
        };
        Ok(AllowedLine { kinds: self.kinds.clone(), ..line })
    }

    /// The issuer of an identity for which there is one only.
    fn usual_issuer(&self, context: &Context, identity: &str) -> Result<String, Failure> {
        let workflows =
            [("https://github.com/", "https://token.actions.githubusercontent.com"), ("https://gitlab.com/", "https://gitlab.com")];
        let of_instance = self.instance.as_ref().filter(|instance| !matches!(instance, Instance::Public | Instance::Staging));
        if of_instance.is_some() {
            return context.issuer(jiff::Timestamp::now());
        }
        let found = workflows.into_iter().find(|(prefix, _)| identity.starts_with(prefix));
        found.map(|(_, issuer)| issuer.to_owned()).ok_or_else(|| {
            Failure::usage(format!("the issuer that vouches for {identity} is missing"))
                .with_hint("add its URL: https://accounts.google.com, https://github.com/login/oauth, https://login.microsoftonline.com or another; a signature of theirs shows it: `paraph allow --from REV`")
        })
    }
}

/// Who signed a commit or tag, by a signature that verifies.
fn signer_of(context: &Context, revision: &str) -> Result<AllowedLine, Failure> {
    let deciders = context.deciders(None);
    if let Some(sentence) = deciders.root_sentence() {
        return Err(Failure::configuration(format!("the trust root is the repository's own, so its signatures show nothing: {sentence}"))
            .with_hint("set the trust root in your own configuration, or name identity and issuer"));
    }
    let repository = context.repository()?;
    let object = repository.object(revision)?;
    let (policy, _) = context.policy();
    let judge = Judge::new(Verifier::new(context.trust_roots()?, jiff::Timestamp::now()), policy);
    let judge = judge.with_entries(Entries::stored()).with_conversion_in(repository);
    let judged = judge.read(repository, Ok(object))?;
    let judgement = judged.judgement();
    let is_legacy = |judgement: &Judgement| judgement.ruling().is_some_and(|ruling| ruling.decision() == Decision::LegacyRule);
    match judgement.verification().filter(|_| !is_legacy(judgement)) {
        Some(verification) => {
            let line = AllowedLine::of(verification);
            match line.is_pattern() {
                true => {
                    Err(Failure::configuration(format!("{revision} is signed by \"{}\", whose asterisk would allow others", line.identity))
                        .with_hint("have it signed by another identity"))
                }
                false => Ok(line),
            }
        }
        None => {
            let why = sentences(judgement).join(" ");
            let failure = Failure::verdict(judgement.verdict(), format!("{revision} shows no identity: {}", why.trim_end_matches('.')));
            Err(failure.with_hint("name a commit or tag whose signature verifies, or identity and issuer"))
        }
    }
}

/// The line as the file's reader understands it.
fn checked(line: &AllowedLine) -> Result<AllowedIdentity, Failure> {
    let AllowedLine { identity, issuer, .. } = line;
    let hint = "give the identity, then its issuer: `paraph allow ann@example.com https://accounts.google.com`";
    let fault = |what: String| Err(Failure::usage(what).with_hint(hint));
    if !crate::escape::is_printable(identity) || !crate::escape::is_printable(issuer) {
        return fault(format!("the identity \"{identity}\" or its issuer has a character that cannot be seen"));
    }
    if identity.trim() != identity || identity.contains(['<', '>', '"', ',', ';']) {
        return fault(format!(
            "\"{identity}\" is not an identity; expected one e-mail address or URI, without quotation marks and brackets"
        ));
    }
    if !issuer.contains("://") {
        return fault(format!("\"{issuer}\" is not the URL of an issuer"));
    }
    let parsed = crate::policy::AllowedIdentities::parse(&line.to_string());
    let parsed = parsed.map_err(|error| Failure::usage(format!("there is no such line: {}", error.cause)).with_hint(hint))?;
    match parsed.lines() {
        [read] if read.identity == *identity && read.issuer == *issuer => Ok(read.clone()),
        _ => fault(format!("the file cannot hold \"{identity}\" with issuer \"{issuer}\"")),
    }
}

/// The file of the user, and whether it is configured. What only the repository names is not theirs.
fn file_of_user(context: &Context) -> Result<(PathBuf, bool), Failure> {
    let setting = &context.config.allowed_identities;
    if let Some(path) = setting.value.clone().filter(|_| setting.source.rank() > Some(Rank::Repository)) {
        return Ok((path, true));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").or_else(|| cfg!(windows).then(std::env::home_dir).flatten());
    let folder = variable("XDG_CONFIG_HOME").or_else(|| Some(home?.join(".config")));
    let folder = folder.ok_or_else(|| Failure::configuration("there is no home folder for the file").with_hint("set HOME"))?;
    Ok((folder.join("git").join("allowed-identities"), false))
}

/// Says what the new setting changes besides this identity.
fn announce_setting(context: &Context, file: &AllowedFile, lines: usize, ui: &mut Ui) {
    let setting = &context.config.allowed_identities;
    ui.line(format!("paraph.allowedIdentities: not set -> {}", file.path().display()));
    if lines > 0 {
        ui.warning(format!("{} has {} already, which will be trusted too.", file.path().display(), counted(lines, "line")));
    }
    if setting.value.is_some() {
        ui.warning(format!("Your own file takes precedence: {} counts no more.", setting.source));
    }
}

/// Says that the new line allows what another one forbids on purpose.
fn warn_of_limit(known: &AllowedIdentity, file: &AllowedFile, ui: &mut Ui) {
    if known.window != Window::ALWAYS {
        let place = format!("{}:{}", file.path().display(), known.line);
        ui.warning(format!("{place} allows {} {}; the new line has no such limit.", known.identity, known.window));
    }
}

/// Whether both lines are about the same identity.
fn is_same(known: &AllowedIdentity, wanted: &AllowedIdentity) -> bool {
    (&known.identity, &known.issuer, &known.instance) == (&wanted.identity, &wanted.issuer, &wanted.instance)
}

/// Whether a line allows all that another one would.
fn covers(known: &AllowedIdentity, wanted: &AllowedIdentity) -> bool {
    is_same(known, wanted) && known.window == Window::ALWAYS && wanted.kinds.iter().all(|kind| known.kinds.contains(kind))
}
