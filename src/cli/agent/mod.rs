//! `paraph agent`, `paraph login`, `paraph logout`.

pub(super) mod keyring;
mod preview;
mod registration;
mod run;
pub(super) mod signature;

use super::{
    context::Context,
    exit::{Exit, Failure},
    publication::OfAgent,
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    agent::{
        client::{AgentError, Client},
        keyring::Record,
        place::Place,
    },
    agent_protocol::{Call, Login, Reply, Status},
    config::{OptionValue, TokenProvider},
    escape::Escaped,
    identity::{DeviceCode, Prompt as _},
};
use jiff::Timestamp;
use std::{
    io::{BufRead as _, Write as _},
    time::Duration,
};

/// Keep one login good for many signatures
///
/// The agent starts by itself when a signature needs a login (unless paraph.agent is never or running), keeps it in memory, and ends when
/// nobody has asked for anything for a while. It signs; it never hands out a key.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Run the agent in the foreground; systemd's socket activation is understood
    Run(run::Args),
    /// Show whether it runs, and which logins it keeps
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what it signed, for which repository, as whom
    Log {
        /// Print each signature as a JSON object in one line
        #[arg(long)]
        json: bool,
    },
    /// Wipe its keys and tokens, and sign nothing until it is unlocked
    ///
    /// What rests in a keyring stays there and is not used. It holds for an agent that is started anew as well, until the machine is.
    Lock,
    /// Let it sign again; the next signature takes a login, unless one rests in a keyring
    Unlock,
    /// Wipe its keys and tokens; what rests in a keyring stays there, and is used again
    Clear,
    /// End it
    Stop,
    /// Answer for signatures that other machines ask for through the forwarded socket
    Confirm,
    /// Print the path of the socket to forward: ssh -R REMOTE_PATH:"$(paraph agent socket)" HOST
    Socket,
}

/// Log in, so that signatures need no login for a while
///
/// Where the configuration names services by their addresses and not an instance, they are registered under the name that --instance
/// gives: the agent signs with services that its own user configured or registered, and with no others.
#[derive(Debug, clap::Args)]
pub(super) struct LoginArgs {
    /// The identity to log in as, and no other; by default the expected one, else whoever logs in, with git's user.email as the hint
    #[arg(value_name = "IDENTITY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    identity: Option<String>,
    /// The instance, or a name to register the configured services under
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
}

/// Forget a login, and end it at the identity provider
///
/// It is wiped from the agent's memory, removed from the keyring where it rests, and revoked where the provider lets it be. Where a login
/// rests and no agent runs, one is started for that. What could not be removed is an error; what the provider was not told is said.
#[derive(Debug, clap::Args)]
pub(super) struct LogoutArgs {
    /// The identity to forget; otherwise all
    #[arg(value_name = "IDENTITY")]
    identity: Option<String>,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Run(arguments) => run::run(arguments, ui),
        Command::Status { json } => status(*json, ui),
        Command::Log { json } => journal(*json, ui),
        Command::Lock => lock(true, "The agent is locked: its keys and tokens are wiped.", ui),
        Command::Unlock => lock(false, "The agent is unlocked.", ui),
        Command::Clear => tell(&Client::of_user(false)?, &Call::Clear, "The agent has forgotten its keys and tokens.", ui),
        Command::Stop => tell(&Client::of_user(false)?, &Call::Stop, "The agent ends.", ui),
        Command::Confirm => confirm(ui),
        Command::Socket => {
            ui.line(Place::of_user().map_err(AgentError::from)?.forward_socket().display());
            Ok(Exit::Good)
        }
    }
}

pub(super) fn log_in(arguments: &LoginArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let named = arguments.instance.as_ref().map(|name| OptionValue { setting: "instance", flag: "--instance", value: name.into() });
    let plain = Context::load(&[])?;
    let captured = registration::Registration::of(&plain)?;
    let instance = match (&captured, &arguments.instance) {
        (Some(captured), Some(name)) => {
            captured.write(name)?;
            ui.note(format!("The configured services are registered as {name}."));
            name.clone()
        }
        (Some(captured), None) => captured.registered_name().ok_or_else(|| {
            Failure::new(Exit::Usage, "the services are configured by the repository or the environment, so the agent does not know them")
                .with_hint("register them: paraph login --instance NAME")
        })?,
        (None, _) => Context::load(named.as_slice())?.config.instance_name().as_str().to_owned(),
    };
    let expected = arguments.identity.clone().or_else(|| plain.config.expected_identity.value.clone());
    let hint = committer().filter(|_| expected.is_none());
    let terminal = Terminal::open(plain.config.log_path.value.as_deref());
    let mut publication = OfAgent::default();
    let call = Call::Login { instance, expected, hint, by_code: plain.config.token_provider.value == Some(TokenProvider::Device) };
    let client = Client::of_user(true)?.with_person(plain.config.login_timeout.value);
    let reply = client.call(&call, |reply| show(reply, &mut publication, &terminal));
    let reply = match reply {
        Err(AgentError::Nobody) if super::identity::somebody_is_there(&plain, &terminal) => {
            return Err(Failure::new(Exit::Identity, "the agent can show nobody a login here").with_hint(
                "`paraph agent stop` lets the next one see this desktop; where paraph.urlOpener is set, look whether it works",
            ));
        }
        reply => reply?,
    };
    let Reply::LoggedIn { identity, issuer } = reply else { return Err(unexpected().into()) };
    if let Some(asked) = arguments.identity.as_ref().filter(|asked| **asked != identity) {
        let message = format!("the login is that of {identity}, vouched for by {issuer}, and {asked} was asked for");
        let hint = format!("`paraph logout {identity}` ends that login; then log in as {asked} at the issuer");
        return Err(Failure::new(Exit::Identity, message).with_hint(hint));
    }
    ui.note(format!("Logged in as {identity}, vouched for by {issuer}."));
    Ok(Exit::Good)
}

pub(super) fn log_out(arguments: &LogoutArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let identity = arguments.identity.as_deref();
    if let Some(identity) = identity
        && keyring::records(Some(identity))?.is_empty()
        && is_not_kept(identity)
    {
        ui.note(format!("There is no login of {identity} here."));
        return Ok(Exit::Good);
    }
    let whose = identity.map_or_else(|| "All logins are".to_owned(), |identity| format!("The login of {identity} is"));
    // what rests is removed and revoked by an agent, also where it is needed for that alone
    let only_for_this = !Client::of_user(false)?.is_present() && !keyring::records(identity)?.is_empty();
    let done =
        tell(&Client::of_user(only_for_this)?, &Call::Logout { identity: arguments.identity.clone() }, &format!("{whose} forgotten."), ui);
    if only_for_this {
        // one that is busy ends by itself
        let _ = Client::of_user(false)?.call(&Call::Stop, |_| true);
    }
    done
}

/// Whether no agent keeps this login; one that is there and does not say is asked to forget it.
fn is_not_kept(identity: &str) -> bool {
    match running() {
        Ok(Some(status)) => status.logins.iter().all(|login| login.identity != identity),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Locks or unlocks the agent that runs, or the one that is started next.
fn lock(locked: bool, done: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let client = Client::of_user(false)?;
    // also where it cannot be asked now: that is an error, and not done
    if client.is_present() {
        return tell(&client, if locked { &Call::Lock } else { &Call::Unlock }, done, ui);
    }
    let place = Place::of_user().map_err(AgentError::from)?;
    let was_locked = place.is_locked();
    place.set_locked(locked).map_err(AgentError::from)?;
    ui.note(match (locked, was_locked) {
        (true, _) => "No agent runs. One that is started signs nothing until it is unlocked.",
        (false, true) => "No agent runs. One that is started signs.",
        (false, false) => "No agent runs.",
    });
    Ok(Exit::Good)
}

/// Whom git commits as here.
fn committer() -> Option<String> {
    let email = crate::git_process::printed(&["config", "user.email"])?;
    Some(email.trim().to_owned()).filter(|email| email.contains('@'))
}

/// The same, and what becomes public once for each identity and log.
fn show<'a>(reply: &Reply, publication: &mut OfAgent<'a>, terminal: &'a Terminal) -> bool {
    match reply {
        Reply::Publish { of, text } => {
            publication.tell(of, text, terminal);
            true
        }
        reply => show_prompt(reply, terminal),
    }
}

/// Shows what a login asks for. `false` where nobody can be shown it.
pub(super) fn show_prompt(reply: &Reply, terminal: &Terminal) -> bool {
    match reply {
        Reply::Say { text } => terminal.say(text),
        Reply::Publish { text, .. } => text.iter().for_each(|line| terminal.say(line)),
        Reply::LogIn { url, opening } => {
            terminal.log_in_at(url, *opening);
            return terminal.is_present() || *opening;
        }
        Reply::Code { verification_uri, user_code, verification_uri_complete, expires } => {
            terminal.enter_code(DeviceCode {
                verification_uri,
                user_code,
                verification_uri_complete: verification_uri_complete.as_deref(),
                expires: Duration::from_secs(*expires),
            });
            return terminal.is_present();
        }
        _ => {}
    }
    true
}

/// A call that is done or not.
fn tell(client: &Client, call: &Call, done: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let said = |reply: &Reply, ui: &mut Ui| {
        if let Reply::Say { text } = reply {
            ui.note(text);
        }
        true
    };
    match client.call(call, |reply| said(reply, ui)) {
        Ok(Reply::Done { remarks }) => {
            ui.note(done);
            remarks.into_iter().for_each(|remark| ui.warning(remark));
            Ok(Exit::Good)
        }
        Ok(_) => Err(unexpected().into()),
        Err(AgentError::Absent) => {
            ui.note("No agent runs.");
            Ok(Exit::Good)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the agent says of itself, where one runs.
pub(super) fn running() -> Result<Option<Status>, AgentError> {
    match Client::of_user(false)?.call(&Call::Status, |_| true) {
        Ok(Reply::Status(status)) => Ok(Some(status)),
        Ok(_) => Err(unexpected()),
        Err(AgentError::Absent) => Ok(None),
        Err(error) => Err(error),
    }
}

fn status(json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let status = running()?;
    let resting = keyring::records(None)?;
    if json {
        let rests = |record: &Record| {
            let Record { keyring, instance, owner, .. } = record;
            serde_json::json!({ "identity": owner.identity, "issuer": owner.issuer, "instance": instance, "keyring": keyring })
        };
        let resting: Vec<_> = resting.iter().map(rests).collect();
        ui.json(&serde_json::json!({ "running": status.is_some(), "agent": status, "resting": resting }));
    } else {
        match &status {
            None if Place::of_user().is_ok_and(|place| place.is_locked()) => {
                ui.line("no agent runs, and one that is started signs nothing until it is unlocked");
            }
            None => ui.line("no agent runs"),
            Some(status) => describe(status, ui),
        }
        for Record { keyring, owner, .. } in &resting {
            ui.line(format!("the login of {} at {} rests in {keyring}", owner.identity, owner.issuer));
        }
    }
    Ok(Exit::Good)
}

fn describe(status: &Status, ui: &mut Ui) {
    ui.line(format!("process {}, paraph {}, since {}", status.process, status.program, time(status.started)));
    ui.line(format!("memory {}", status.memory));
    ui.line(match (status.keyring, &status.keyring_problem) {
        (None, _) => "refresh tokens in memory alone (paraph.keyring)".to_owned(),
        (Some(_), Some(problem)) => format!("refresh tokens in memory alone: {problem}"),
        (Some(keyring), None) => format!("refresh tokens rest in {keyring}"),
    });
    if status.locked {
        ui.line("locked");
    }
    for Login { identity, issuer, certificate_until, renewable, signatures, .. } in &status.logins {
        let certificate =
            certificate_until.map_or_else(|| "no certificate now".to_owned(), |until| format!("certificate until {}", time(until)));
        let next = if *renewable { "the next without a login" } else { "the next after a login" };
        ui.line(format!("{identity} ({issuer}): {signatures} signatures, {certificate}, {next}"));
    }
    if status.logins.is_empty() {
        ui.line("no logins");
    }
}

fn journal(json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let entries = match Client::of_user(false)?.call(&Call::Journal, |_| true) {
        Ok(Reply::Journal { entries }) => entries,
        Ok(_) => return Err(unexpected().into()),
        Err(AgentError::Absent) => {
            ui.note("No agent runs.");
            return Ok(Exit::Good);
        }
        Err(error) => return Err(error.into()),
    };
    for entry in &entries {
        if json {
            ui.json_line(entry);
        } else {
            let host = entry.host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
            let repository = entry.repository.as_deref().unwrap_or("an unnamed repository");
            ui.line(format!("{} {} as {} in {repository}{host}", time(entry.time), entry.kind, entry.identity));
        }
    }
    Ok(Exit::Good)
}

/// How long a question is left on the terminal: the agent waits no longer.
const ASK: Duration = crate::agent::confirm::PATIENCE;

/// Whether a line comes on standard input within `time`.
fn is_answered(time: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = std::io::stdin();
    let timeout = Timespec::try_from(time).ok();
    poll(&mut [PollFd::new(&stdin, PollFlags::IN)], timeout.as_ref()).is_ok_and(|ready| ready > 0)
}

/// Asks at this terminal for as long as it is left running.
fn confirm(ui: &mut Ui) -> Result<Exit, Failure> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Io, "questions are answered at a terminal, and standard input is none"));
    }
    let client = Client::of_user(true)?;
    let terminal = Terminal::open(None);
    let mut device = std::io::stderr();
    let mut watching = false;
    let ended = client.call(&Call::Watch, |reply| {
        let (ask, text) = match reply {
            Reply::Ask { ask, text } => (ask, text),
            // with the first one the agent says that questions come here
            Reply::Wait if !std::mem::replace(&mut watching, true) => {
                ui.note("Signatures that other machines ask for are shown here. End with Ctrl-C.");
                return true;
            }
            reply => return show_prompt(reply, &terminal),
        };
        // what was typed before the question is no answer to it
        if rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush).is_err() {
            return false;
        }
        // a bell: whoever is to answer may look elsewhere
        let _ = write!(device, "\x07{} Allow it? [y/N] ", Escaped(text));
        let _ = device.flush();
        if !is_answered(ASK) {
            ui.note("Nobody answered in time.");
            return true;
        }
        let mut line = String::new();
        let allow = std::io::stdin().lock().read_line(&mut line).is_ok() && matches!(line.trim(), "y" | "Y" | "yes");
        let Ok(Reply::Done { remarks }) = client.call(&Call::Answer { ask: *ask, allow }, |_| true) else { return false };
        remarks.into_iter().for_each(|remark| ui.note(remark));
        true
    });
    match ended {
        // the connection is its sign of life
        Err(AgentError::Broken(_)) if watching => ui.note("The agent has ended."),
        ended => drop(ended?),
    }
    Ok(Exit::Good)
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

fn unexpected() -> AgentError {
    AgentError::Broken("its reply does not fit the request".into())
}
