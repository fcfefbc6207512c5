//! `paraph policy test`.

use super::source::NamedPolicy;
use crate::{
    cli::{
        exit::{Exit, Failure},
        input::read_at_most,
        ui::Ui,
    },
    escape::Escaped,
    repository_policy::{MAX_EXAMPLES, parse_examples},
    wording::counted,
};
use std::path::PathBuf;

/// Test a policy with examples, offline
///
/// Each line of FILE is an example with its answer: allowed, refused, or warned (refused by a rule that only warns). `unlisted` is somebody whom
/// the policy does not name. With `and`, the first signs and the others approve. Prints each example that has another answer with its line,
/// and exits with 1 if there is one.
///
///   bob commits src/crypto/x to main: refused
///
///   ann merges into main: allowed
///
///   ann and bob tag v1.0: allowed
///
///   robot releases v1.0: allowed
///
///   bob pushes to main: refused
///
///   ann rewrites main: refused
///
///   ann changes the policy: refused
///
/// Example: paraph policy test .paraph/examples
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// The file with the examples; `-` is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// The policy: a file, or a commit [default: .paraph/policy.toml of the work tree]
    #[arg(long, value_name = "FILE|REV")]
    policy: Option<String>,
}

impl Test {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let named = NamedPolicy::read(self.policy.as_deref())?;
        let path = Some(self.file.as_path()).filter(|path| path.as_os_str() != "-");
        let name = path.map_or("standard input".to_owned(), |path| Escaped(&path.to_string_lossy()).to_string());
        let wrong = |error| Failure::configuration(format!("{name}, {error}")).with_hint("correct that line");
        let examples = parse_examples(&read_at_most(path, MAX_EXAMPLES + 1)?).map_err(wrong)?;
        let mut failed = 0;
        for example in &examples {
            if let Some(other) = example.check(&named.policy).map_err(wrong)? {
                ui.line(format!("{name}:{}: {}", other.line, other.clause));
                failed += 1;
            }
        }
        let all = counted(examples.len(), "example");
        if failed > 0 {
            let message = format!("{failed} of {all} have another answer by {}", named.name);
            return Err(Failure::not_good(message).with_hint("correct the policy, or the examples"));
        }
        ui.line(format!("{all} hold by {}.", named.name));
        Ok(Exit::Good)
    }
}
