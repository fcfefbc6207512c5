//! The calls of git and jj: to sign, with the signature on standard output, and to verify, with the verdict as status lines.

use super::{
    exit::{Exit, Failure},
    git_call::GitCall,
    git_sign, git_verify,
    ui::Ui,
};
use std::process::ExitCode;

/// Runs one call.
pub(crate) fn run(call: GitCall) -> ExitCode {
    let mut ui = Ui::new();
    let result = match call {
        GitCall::Sign { status_fd, key, input } => git_sign::run(status_fd, key.as_deref(), input.as_deref(), &mut ui),
        GitCall::Verify { status_fd, signature, data } => git_verify::run(status_fd, &signature, data.as_deref(), &mut ui),
    };
    // git does not tell one failure from another
    ui.finish(result.map_err(|failure| Failure { exit: Exit::NotGood, ..failure }))
}
