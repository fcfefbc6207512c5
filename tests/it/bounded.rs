//! Repositories whose files are pipes, endless devices or huge: each call ends soon, with little memory, and names the file.
#![cfg(unix)]

use crate::support::{
    pipe,
    sandbox::{Done, Sandbox},
    sigstore::Sigstore,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A repository with a signed history, packed and loose objects, a commit-graph, a tag, and a linked work tree.
fn history() -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let sandbox = sigstore.signed_history(&["one", "two"]);
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    sandbox.git(&["gc", "-q"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "three"]);
    sandbox.git(&["commit-graph", "write", "--reachable"]);
    sandbox.git(&["multi-pack-index", "write"]);
    sandbox.git(&["worktree", "add", "-q", sandbox.root().join("linked").to_str().unwrap()]);
    (sigstore, sandbox)
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Done {
    let limited = "ulimit -v 6000000; exec timeout 60 \"$@\"";
    let mut command = sandbox.command("sh", &sandbox.work());
    command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_paraph")]).args(arguments);
    command.stdin(std::process::Stdio::null()).output().unwrap().into()
}

/// Puts a pipe, a link to an endless device and a huge file in the place of a file, one after the other, and what was there again.
fn replaced(file: &Path, try_out: impl Fn(&str)) {
    let kept = fs::read(file).ok();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for kind in ["pipe", "device", "bytes"] {
        let _ = fs::remove_file(file);
        match kind {
            "pipe" => pipe::make(file),
            "device" => std::os::unix::fs::symlink("/dev/zero", file).unwrap(),
            _ => fs::File::create(file).unwrap().set_len(1 << 40).unwrap(),
        }
        try_out(kind);
    }
    fs::remove_file(file).unwrap();
    if let Some(bytes) = kept {
        fs::write(file, bytes).unwrap();
    }
}

fn pack(git: &Path) -> PathBuf {
    let files = fs::read_dir(git.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|end| end == "pack")).unwrap()
}

#[test]
fn files_that_are_read_whole_are_regular_ones_of_limited_size() {
    let (_sigstore, sandbox) = history();
    let git = sandbox.work().join(".git");
    let config = fs::read_to_string(git.join("config")).unwrap();
    fs::write(git.join("config"), format!("{config}[include]\n\tpath = included\n")).unwrap();
    fs::create_dir_all(git.join("elsewhere/info")).unwrap();
    fs::write(git.join("objects/info/alternates"), "../elsewhere\n").unwrap();
    let at_once =
        ["HEAD", "config", "included", "packed-refs", "shallow", "commondir", "objects/info/alternates", "elsewhere/info/alternates"];
    for name in at_once {
        replaced(&git.join(name), |kind| {
            for call in [&["verify", "HEAD"][..], &["config"], &["show", "main"]] {
                let done = run(&sandbox, call);
                assert!(
                    done.code == Some(4) && done.stderr.contains(kind) && done.stderr.contains(name),
                    "{name}, {kind}, {call:?}: {done:?}"
                );
            }
        });
    }
    for name in ["refs/heads/main", "refs/heads/new", "refs/tags/v2", "worktrees/linked/gitdir", "worktrees/linked/HEAD", "info/grafts"] {
        replaced(&git.join(name), |kind| {
            let done = run(&sandbox, &["verify", "--all", "--tags"]);
            assert!(done.code == Some(4) && done.stderr.contains(kind) && done.stderr.contains(name), "{name}, {kind}: {done:?}");
        });
    }
    fs::remove_file(git.join("objects/info/alternates")).unwrap();
    assert_eq!(run(&sandbox, &["verify", "--all", "--tags"]).code, Some(0));
}

#[test]
fn files_that_are_mapped_are_regular_ones() {
    let (_sigstore, sandbox) = history();
    let git = sandbox.work().join(".git");
    let id = sandbox.git(&["rev-parse", "HEAD"]);
    let loose = git.join("objects").join(&id[..2]).join(&id[2..]);
    let pack = pack(&git);
    let files = [git.join("objects/info/commit-graph"), git.join("objects/pack/multi-pack-index"), pack.with_extension("idx"), pack, loose];
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        replaced(&file, |kind| {
            for call in [&["verify", "HEAD"][..], &["verify", "HEAD~2..HEAD"], &["verify", "--all", "--tags"]] {
                let done = run(&sandbox, call);
                assert!(matches!(done.code, Some(0 | 4 | 15)), "{name}, {kind}, {call:?}: {done:?}");
                let named = done.stderr.contains(kind) && done.stderr.contains(name);
                assert!(named || kind == "bytes", "{name}, {kind}, {call:?}: {done:?}");
            }
        });
    }
    assert_eq!(run(&sandbox, &["verify", "--all", "--tags"]).code, Some(0));
}

#[test]
fn configuration_and_object_directories_that_multiply_are_counted() {
    let (_sigstore, sandbox) = history();
    let git = sandbox.work().join(".git");
    let config = fs::read_to_string(git.join("config")).unwrap();
    // each file includes the next ten times
    for level in 0..9 {
        fs::write(git.join(format!("level{level}")), format!("[include]\n\tpath = level{}\n", level + 1).repeat(10)).unwrap();
    }
    fs::write(git.join("config"), format!("{config}[include]\n\tpath = level0\n")).unwrap();
    let done = run(&sandbox, &["verify"]);
    assert!(done.code == Some(4) && done.stderr.contains("leads to more than 1000 included files"), "{done:?}");
    fs::write(git.join("config"), config).unwrap();
    fs::write(git.join("objects/info/alternates"), (0..2000).map(|number| format!("../none{number}\n")).collect::<String>()).unwrap();
    let done = run(&sandbox, &["verify"]);
    assert!(done.code == Some(4) && done.stderr.contains("leads to more than 1000 object directories"), "{done:?}");
}

#[test]
fn the_null_device_is_an_empty_file() {
    let (_sigstore, sandbox) = history();
    let config = sandbox.work().join(".git/config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}[include]\n\tpath = /dev/null\n")).unwrap();
    assert_eq!(run(&sandbox, &["verify"]).code, Some(0));
}

#[test]
fn the_doctor_lets_no_pipe_or_device_hold_it_up() {
    let (_sigstore, sandbox) = history();
    let git = sandbox.work().join(".git");
    let config = fs::read_to_string(git.join("config")).unwrap();
    fs::write(git.join("config"), format!("{config}[include]\n\tpath = included\n")).unwrap();
    for name in ["HEAD", "config", "included", "commondir"] {
        replaced(&git.join(name), |kind| {
            let done = run(&sandbox, &["doctor", "--offline"]);
            assert!(done.code == Some(4) && done.stdout.contains(kind) && done.stdout.contains(name), "{name}, {kind}: {done:?}");
        });
    }
    replaced(&git.join("hooks/pre-push"), |kind| {
        let done = run(&sandbox, &["doctor", "--offline"]);
        let is_named = done.stdout.contains("pre-push cannot be read: it is not a regular file");
        assert!(done.code != Some(124) && is_named == (kind != "bytes"), "{kind}: {done:?}");
    });
}

#[test]
fn paths_in_configuration_are_those_of_regular_files() {
    let (_sigstore, sandbox) = history();
    let file = sandbox.root().join("named");
    fs::write(sandbox.work().join("file"), "content").unwrap();
    for key in ["paraph.logPath", "paraph.local.accessCodeFile"] {
        replaced(&file, |kind| {
            if kind == "bytes" {
                return;
            }
            sandbox.git(&["config", "--global", key, file.to_str().unwrap()]);
            for call in [&["sign", "--force", "file"][..], &["whoami"], &["doctor", "--offline"]] {
                let done = run(&sandbox, call);
                let said = format!("{}{}", done.stdout, done.stderr);
                let is_said = said.contains("it is not a regular file") || key == "paraph.logPath" && call[0] != "sign";
                assert!(done.code != Some(124) && is_said, "{key}, {kind}, {call:?}: {said}");
            }
        });
        sandbox.git(&["config", "--global", "--unset", key]);
    }
}

#[test]
fn what_lies_beside_a_file_is_regular_and_what_is_named_may_be_a_pipe() {
    let (_sigstore, sandbox) = history();
    fs::write(sandbox.work().join("q.txt"), "content").unwrap();
    replaced(&sandbox.work().join("q.txt.sigstore.json"), |kind| {
        let done = run(&sandbox, &["verify-file", "q.txt"]);
        let is_refused = done.stderr.contains("q.txt.sigstore.json cannot be read: it is not a regular file");
        assert!(done.code != Some(124) && (kind == "bytes" || is_refused), "{kind}: {done:?}");
        let done = run(&sandbox, &["verify-release", "q.txt"]);
        assert!(done.stderr.contains("there is no release bundle beside the files"), "{kind}: {done:?}");
    });
    for call in [&["sign", "--bundle", "b", "/dev/zero"][..], &["verify-file", "/dev/zero"]] {
        let done = run(&sandbox, call);
        assert!(done.stderr.contains("/dev/zero cannot be read: it is a device; expected a file, a pipe"), "{call:?}: {done:?}");
    }
    let script = "mkfifo pipe && { printf content >pipe & } && \"$0\" sign --bundle b pipe && test -s b";
    let mut signed = sandbox.command("timeout", &sandbox.work());
    let signed: Done = signed.args(["60", "sh", "-c", script, &sandbox.program]).output().unwrap().into();
    assert_eq!(signed.code, Some(0), "{signed:?}");
}

#[test]
fn a_pipe_that_is_named_for_a_call_is_read_and_waited_for_aloud() {
    use std::io::{BufRead as _, BufReader};
    let (sigstore, sandbox) = history();
    let work = sandbox.work();
    fs::write(work.join("file"), "content").unwrap();
    fs::write(work.join("predicate.json"), "{}").unwrap();
    assert_eq!(run(&sandbox, &["sign", "file"]).code, Some(0));
    fs::copy(work.join("file.sigstore.json"), work.join("kept.json")).unwrap();
    assert_eq!(run(&sandbox, &["attest", "--type", "custom", "--predicate", "predicate.json", "--bundle", "a.json", "file"]).code, Some(0));
    let allowed = sandbox.home().join("allowed-identities");
    let line = fs::read_to_string(&allowed).unwrap();
    fs::write(&allowed, format!("{line}{} for=file,attestation\n", line.trim_end())).unwrap();
    let root = sigstore.file("trusted_root.json");
    let shell = |script: &str| -> Done {
        let mut command = sandbox.command("timeout", &work);
        command.args(["60", "bash", "-c", script, &sandbox.program, &root]).output().unwrap().into()
    };
    for script in [
        "\"$0\" verify --trusted-root <(cat \"$1\") HEAD",
        "\"$0\" sign --force --trusted-root <(cat \"$1\") file",
        "\"$0\" verify-file --bundle <(cat kept.json) file",
        "\"$0\" verify-file --bundle kept.json <(cat file)",
        "\"$0\" attest --type custom --predicate <(cat predicate.json) --bundle b.json file",
    ] {
        let done = shell(script);
        assert_eq!(done.code, Some(0), "{script}: {done:?}");
        assert!(!done.stderr.contains("Waiting"), "{script}: {done:?}");
    }
    pipe::make(&work.join("pipe"));
    for call in [
        &["verify-file", "--key", "pipe", "file"][..],
        &["verify-file", "--bundle", "pipe", "file"],
        &["verify-release", "--bundle", "pipe", "file"],
        &["attest", "--type", "custom", "--predicate", "pipe", "--bundle", "c.json", "file"],
        &["sign", "--statement", "pipe", "--bundle", "c.json"],
        &["trust", "import", "pipe"],
    ] {
        let mut child = sandbox.command(&sandbox.program, &work);
        let mut child = child.args(call).stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "paraph: Waiting for the end of pipe.\n", "{call:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
