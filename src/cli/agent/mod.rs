//! `paraph agent`, `paraph login` and `paraph logout`: the commands that talk to the agent, and the agent itself.

mod confirm;
pub(super) mod keyring;
pub(super) mod login;
mod preview;
mod prompts;
mod run;
pub(super) mod signature;
pub(super) mod status;

use super::{
    exit::{Exit, Failure},
    ui::Ui,
};
use crate::{
    agent::{
        client::{AgentError, Client},
        place::Place,
    },
    agent_protocol::{Call, Reply},
};

/// Keep one login for many signatures
///
/// The agent starts when a signature needs a login, unless `paraph.agent` is `never` or `running`. It keeps logins in memory and signs with
/// them. It never hands out a key. It ends when it has had no request for `paraph.agentTimeout` seconds.
///
/// Example: paraph agent status
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Run the agent in the foreground
    ///
    /// It uses the sockets of systemd's socket activation, if there are any. It fails if its sockets cannot be opened.
    ///
    /// Example: paraph agent run
    Run(run::Args),
    /// Show whether the agent runs, and its logins
    ///
    /// Asks the running agent, and reads the list of logins that are stored in keyrings. It starts no agent.
    ///
    /// Example: paraph agent status --json
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the signatures that the agent made
    ///
    /// Each line has the time, the kind of object, the identity and the repository, the oldest first. The agent keeps them in memory.
    ///
    /// Example: paraph agent log
    Log {
        /// Print each signature as a JSON object on one line
        #[arg(long)]
        json: bool,
    },
    /// Wipe the agent's keys and tokens, and stop signing
    ///
    /// Stored tokens stay in their keyring and are not used. The lock also applies to an agent that is started later, until the next boot.
    ///
    /// Example: paraph agent lock
    Lock,
    /// Let the agent sign again
    ///
    /// The next signature needs a login, unless one is stored in a keyring.
    ///
    /// Example: paraph agent unlock
    Unlock,
    /// Wipe the agent's keys and tokens
    ///
    /// Stored tokens stay in their keyring, and the next signature uses them.
    ///
    /// Example: paraph agent clear
    Clear,
    /// End the agent
    ///
    /// The next signature that needs a login starts another one.
    ///
    /// Example: paraph agent stop
    Stop,
    /// Approve signatures for other machines in this terminal
    ///
    /// Shows each question about a signature for another machine, until you interrupt it. It fails if standard input is not a terminal.
    ///
    /// Example: paraph agent confirm
    Confirm,
    /// Print the path of the socket to forward
    ///
    /// Forward only this socket: it accepts only requests to sign, which you approve. One approval covers many
    /// commits, tags or pushes; each file, digest and statement needs its own.
    ///
    /// Example: ssh -R REMOTE_PATH:"$(paraph agent socket)" HOST
    Socket,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Run(arguments) => run::run(arguments, ui),
        Command::Status { json } => status::status(*json, ui),
        Command::Log { json } => status::journal(*json, ui),
        Command::Lock => lock(true, "The agent is locked: its keys and tokens are wiped.", ui),
        Command::Unlock => lock(false, "The agent is unlocked.", ui),
        Command::Clear => call_all(&Call::Clear, "The agent has wiped its keys and tokens.", ui),
        Command::Stop => call_all(&Call::Stop, "The agent ends.", ui),
        Command::Confirm => confirm::confirm(ui),
        Command::Socket => {
            ui.line(Place::of_user().map_err(AgentError::from)?.forward_socket().display());
            Ok(Exit::Good)
        }
    }
}

/// Locks or unlocks the running agents, and the next one.
fn lock(locked: bool, done: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let client = Client::of_user(false)?;
    let call_of_lock = if locked { Call::Lock } else { Call::Unlock };
    let others = call_others(&call_of_lock, ui);
    // an agent that cannot be asked now is an error
    if client.is_present() {
        call(&client, &call_of_lock, done, ui)?;
        return others;
    }
    let place = Place::of_user().map_err(AgentError::from)?;
    let was_locked = place.is_locked();
    place.set_locked(locked).map_err(AgentError::from)?;
    ui.note(match (locked, was_locked) {
        (true, _) => "No agent runs. The next one is locked until `paraph agent unlock`.",
        (false, true) => "No agent runs. The next one is unlocked.",
        (false, false) => "No agent runs.",
    });
    others
}

/// Makes a call to all agents of the user.
fn call_all(request: &Call, done: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let client = Client::of_user(false)?;
    let others = call_others(request, ui);
    call(&client, request, done, ui)?;
    others
}

/// Makes a call to the agents in other folders of the user, which another version or another environment started.
fn call_others(request: &Call, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut result = Ok(Exit::Good);
    for other in Client::others_of_user()? {
        let done = format!("This was also done by the agent at {}.", other.socket().display());
        // the others are called even if one fails
        if let Err(failure) = call(&other, request, &done, ui) {
            result = Err(failure);
        }
    }
    result
}

/// Makes a call without a result, and prints `done`.
fn call(client: &Client, call: &Call, done: &str, ui: &mut Ui) -> Result<Exit, Failure> {
    let reply = client.call(call, |reply: &Reply| {
        if let Reply::Say { text } = reply {
            ui.note(text);
        }
        true
    });
    match reply {
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

fn unexpected() -> AgentError {
    AgentError::Broken("its reply does not fit the request".into())
}
