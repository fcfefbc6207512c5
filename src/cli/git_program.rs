//! What git and jj get when they call: a signature on standard output, or a judgement as status lines.

use super::{
    exit::{Exit, Failure},
    git_call::GitCall,
    git_sign, git_verify,
    ui::Ui,
};
use std::process::ExitCode;

/// Serves one call.
pub fn run(call: GitCall) -> ExitCode {
    let mut ui = Ui::new();
    let result = match call {
        GitCall::Sign { status_fd, key, input } => git_sign::run(status_fd, key.as_deref(), input.as_deref(), &mut ui),
        GitCall::Verify { status_fd, signature, data } => git_verify::run(status_fd, &signature, data.as_deref(), &mut ui),
    };
    // to git there is one kind of failure; a status between 2 and 255 would say nothing more
    ui.finish(result.map_err(|failure| Failure { exit: Exit::NotGood, ..failure }))
}
