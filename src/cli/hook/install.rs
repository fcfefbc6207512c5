//! Puts the scripts of the folder `git-hooks` into the hooks folder of a repository, and takes them away. A file of somebody else is never
//! changed.

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
    },
    escape::Escaped,
    repository::Repository,
};
use std::{
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// How much of a hook that is there is read, in bytes.
const MAX_HOOK: u64 = 64 << 10;

/// A hook with its script.
struct Script {
    name: &'static str,
    text: &'static str,
}

const PRE_PUSH: Script = Script { name: "pre-push", text: include_str!("../../../git-hooks/pre-push") };
const POST_MERGE: Script = Script { name: "post-merge", text: include_str!("../../../git-hooks/post-merge") };
const PRE_RECEIVE: Script = Script { name: "pre-receive", text: include_str!("../../../git-hooks/pre-receive") };
const UPDATE: Script = Script { name: "update", text: include_str!("../../../git-hooks/update") };
const REFERENCE_TRANSACTION: Script =
    Script { name: "reference-transaction", text: include_str!("../../../git-hooks/reference-transaction") };

/// What is at the place of a hook.
enum Found {
    Nothing,
    /// The script itself.
    Ours,
    /// A file that calls paraph for this hook.
    Calls,
    /// Anything else.
    Foreign,
}

/// Installs the hooks of a clone or of a server. `policy` adds those that make sense with a policy of the repository, which must be pinned.
pub(super) fn install(is_server: bool, policy: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = if is_server { Context::of_server()? } else { Context::load(&[])? };
    let repository = context.repository()?;
    if policy && crate::selection::pinned_policy(&context.config, is_server)?.is_none() {
        return Err(Failure::usage("--policy is given, and no policy is pinned").with_hint(if is_server {
            "set paraph.policyRoot to a commit whose policy you trust, in the server's configuration"
        } else {
            "set paraph.policyRoot to a commit whose policy you trust, in your own configuration"
        }));
    }
    let scripts: &[&Script] = match (is_server, policy) {
        (false, false) => &[&PRE_PUSH],
        (false, true) => &[&PRE_PUSH, &POST_MERGE],
        (true, false) => &[&PRE_RECEIVE],
        (true, true) => &[&PRE_RECEIVE, &REFERENCE_TRANSACTION],
    };
    let mut foreign = Vec::new();
    for script in scripts {
        let path = place(repository, script)?;
        let shown = Escaped(&path.display().to_string()).to_string();
        match found(&path, script).map_err(|error| Failure::io(&format!("{shown} cannot be read"), &error))? {
            Found::Nothing => {
                write(&path, script.text).map_err(|error| Failure::io(&format!("{shown} cannot be written"), &error))?;
                ui.note(format!("Installed {shown}."));
            }
            Found::Ours => ui.note(format!("{shown} is installed already.")),
            Found::Calls => ui.note(format!("{shown} calls paraph already.")),
            Found::Foreign => foreign.push((shown, script.name)),
        }
    }
    let Some((first, _)) = foreign.first() else { return Ok(Exit::Good) };
    for (shown, name) in &foreign {
        ui.note(format!("{shown} is another hook. Call paraph in it, before anything that reads standard input:"));
        ui.note(format!("  paraph hook {name} \"$@\" || exit 1"));
    }
    Err(Failure::configuration(format!("{first} is another hook, and stays as it is")).with_hint("add the line above to it"))
}

/// Removes the hooks that are paraph's own scripts.
pub(super) fn uninstall(ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load(&[])?;
    let repository = context.repository()?;
    let mut removed = 0;
    for script in [&PRE_PUSH, &POST_MERGE, &PRE_RECEIVE, &UPDATE, &REFERENCE_TRANSACTION] {
        let path = place(repository, script)?;
        let shown = Escaped(&path.display().to_string()).to_string();
        match found(&path, script).map_err(|error| Failure::io(&format!("{shown} cannot be read"), &error))? {
            Found::Ours => {
                std::fs::remove_file(&path).map_err(|error| Failure::io(&format!("{shown} cannot be removed"), &error))?;
                removed += 1;
                ui.note(format!("Removed {shown}."));
            }
            Found::Calls => ui.note(format!("{shown} calls paraph, and is not its own script. Remove the call by hand.")),
            Found::Nothing | Found::Foreign => {}
        }
    }
    if removed == 0 {
        ui.note("No hook of paraph's is installed here.");
    }
    Ok(Exit::Good)
}

/// The file of a hook, which must not be in a work tree: the branch that is pushed could change it.
fn place(repository: &Repository, script: &Script) -> Result<PathBuf, Failure> {
    let path = repository.hook(script.name)?;
    match repository.first_in_work_tree([path.clone()])? {
        None => Ok(path),
        Some(file) => {
            let why = format!(
                "{} is in the work tree: anyone who can change the branch can replace the hook",
                Escaped(&file.display().to_string())
            );
            Err(Failure::configuration(why).with_hint("set core.hooksPath to a folder outside the work tree, or unset it"))
        }
    }
}

fn found(path: &Path, script: &Script) -> io::Result<Found> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(Found::Foreign),
    }
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(MAX_HOOK).read_to_end(&mut text)?;
    let calls = format!("hook {}", script.name);
    let lines = || text.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line));
    Ok(if text == script.text.as_bytes() {
        Found::Ours
    } else if lines().any(|line| !line.trim_start().starts_with('#') && line.contains("paraph") && line.contains(&calls)) {
        Found::Calls
    } else {
        Found::Foreign
    })
}

/// Writes a new file that may be run. One that appeared meanwhile is not replaced.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o755))?;
    }
    file.persist_noclobber(path).map(|_| ()).map_err(|error| error.error)
}
