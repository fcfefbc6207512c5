//! The question before a change, on a terminal.

use super::{exit::Failure, ui::Ui};
use std::io::{BufRead as _, IsTerminal as _};

/// Asks for confirmation, unless `is_given` says that it was given. If nobody can be asked, that is an error with this hint.
pub(super) fn confirmed(question: &str, is_given: bool, hint: &str, ui: &mut Ui) -> Result<bool, Failure> {
    ui.flush()?;
    if is_given {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nothing was changed: there is no terminal to ask for confirmation").with_hint(hint));
    }
    ui.note(format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::io("the answer cannot be read", &error))?;
    let yes = ["y", "yes"].iter().any(|word| word.eq_ignore_ascii_case(answer.trim()));
    if !yes {
        ui.note("Nothing was changed.");
    }
    Ok(yes)
}
