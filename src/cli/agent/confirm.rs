//! `paraph agent confirm`: asks the user to approve signatures for other machines.

use super::{
    super::{
        exit::{Exit, Failure},
        terminal::Terminal,
        ui::Ui,
    },
    prompts,
};
use crate::{
    agent::{
        client::{AgentError, Client, Listener},
        confirm::ANSWER_TIMEOUT,
    },
    agent_protocol::{Call, Reply},
    escape::Escaped,
};
use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    time::Duration,
};

/// Asks at this terminal until the agent ends.
pub(super) fn confirm(ui: &mut Ui) -> Result<Exit, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::system("standard input is not a terminal, so questions cannot be answered")
            .with_hint("run `paraph agent confirm` in a terminal where the agent runs"));
    }
    let client = Client::of_user(true)?;
    let mut watcher = Watcher { client: &client, terminal: Terminal::open(None), is_watching: false, ui };
    let ended = client.call(&Call::Watch, &mut watcher);
    match ended {
        // the agent closes the connection when it ends
        Err(AgentError::Broken(_)) if watcher.is_watching => ui.note("The agent has ended."),
        ended => drop(ended?),
    }
    Ok(Exit::Good)
}

/// Asks the questions that the agent sends.
struct Watcher<'a> {
    client: &'a Client,
    terminal: Terminal,
    is_watching: bool,
    ui: &'a mut Ui,
}

impl Listener for &mut Watcher<'_> {
    fn reply(&mut self, reply: &Reply) -> bool {
        match reply {
            Reply::Ask { ask, text } => self.ask(*ask, text),
            // the first one says that questions follow
            Reply::Wait if !std::mem::replace(&mut self.is_watching, true) => {
                self.ui.note("Signatures that other machines ask for are shown here. Press Ctrl-C to end.");
                true
            }
            reply => prompts::show(reply, &self.terminal),
        }
    }
}

impl Watcher<'_> {
    fn ask(&mut self, ask: u64, text: &str) -> bool {
        // what was typed before the question is not an answer
        if rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush).is_err() {
            return false;
        }
        let mut device = std::io::stderr();
        // with a bell, because the user may be looking elsewhere
        let _ = write!(device, "\x07{} Allow it? [y/N] ", Escaped(text));
        let _ = device.flush();
        // the agent waits no longer
        if !is_answered(ANSWER_TIMEOUT) {
            self.ui.note("Nobody answered in time.");
            return true;
        }
        let mut line = String::new();
        let allow = std::io::stdin().lock().read_line(&mut line).is_ok() && matches!(line.trim(), "y" | "Y" | "yes");
        let Ok(Reply::Done { remarks }) = self.client.call(&Call::Answer { ask, allow }, |_: &Reply| true) else { return false };
        remarks.into_iter().for_each(|remark| self.ui.note(remark));
        true
    }
}

/// Whether a line arrives on standard input in time.
fn is_answered(timeout: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = std::io::stdin();
    let timeout = Timespec::try_from(timeout).ok();
    poll(&mut [PollFd::new(&stdin, PollFlags::IN)], timeout.as_ref()).is_ok_and(|ready| ready > 0)
}
