//! The calls of git, jj and other callers of gpgsm: to sign, with the signature on standard output, to verify, with the verdict as status
//! lines, and to list keys.

use super::{exit::Failure, git_call::GitCall, git_sign, git_verify, key_list, ui::Ui};
use std::process::ExitCode;

/// Runs one call.
pub(crate) fn run(call: GitCall) -> ExitCode {
    let mut ui = Ui::new();
    let result = match call {
        GitCall::Sign(call) => git_sign::run(&call, &mut ui),
        GitCall::Verify { status_fd, signature, data } => git_verify::run(status_fd, signature.as_deref(), data.as_deref(), &mut ui),
        GitCall::ListKeys(call) => key_list::run(&call, &mut ui),
    };
    ui.finish(result.map_err(Failure::under_git))
}
