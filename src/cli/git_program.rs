//! What git and jj get when they call: a signature on standard output, or a judgement as status lines.

use super::exit::{Exit, Failure};
use super::git_call::GitCall;
use super::ui::Ui;
use std::process::ExitCode;

/// Serves one call.
pub fn run(call: GitCall) -> ExitCode {
    let what = match call {
        GitCall::Sign { .. } => "signing",
        GitCall::Verify { .. } => "verifying",
    };
    Ui::new().finish(Err(Failure::new(Exit::NotGood, format!("{what} is not built yet"))))
}
