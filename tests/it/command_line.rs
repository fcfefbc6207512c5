//! The command line: help, version, usage errors, failed output, and the generated documents.

use crate::support::sandbox::Sandbox;
use std::path::Path;

#[test]
fn version_and_help_are_output_and_succeed() {
    let sandbox = Sandbox::new();
    let version = sandbox.paraph(&["--version"]);
    assert_eq!((version.code, version.stdout), (Some(0), format!("paraph {}\n", env!("CARGO_PKG_VERSION"))));
    let help = sandbox.paraph(&["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("15  bad: checked and wrong") && !help.stdout.contains("generate-docs"), "{}", help.stdout);
}

/// A program that holds tokens keeps its random addresses (ELF's `e_type` is `ET_DYN`, 3).
#[test]
#[cfg(target_os = "linux")]
fn the_program_is_position_independent() {
    let mut header = [0; 18];
    std::io::Read::read_exact(&mut std::fs::File::open(env!("CARGO_BIN_EXE_paraph")).unwrap(), &mut header).unwrap();
    assert_eq!((&header[..4], u16::from_ne_bytes([header[16], header[17]])), (&b"\x7fELF"[..], 3));
}

#[test]
fn a_usage_error_is_talk_and_exits_2() {
    let sandbox = Sandbox::new();
    for arguments in
        [&[][..], &["nonsense"], &["verify", "--no\u{1b}such"], &["--status-fd=x", "-bsau", "k"], &["--verify", "only-one-file"]]
    {
        let done = sandbox.paraph(arguments);
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", done.stderr);
        assert!(!done.stderr.is_empty() && !done.stderr.contains('\u{1b}'), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn output_on_a_full_disk_or_a_closed_pipe_fails_the_call() {
    let sandbox = Sandbox::new();
    for arguments in [&["config"][..], &["config", "--json"], &["--help"], &["--version"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work());
        let output = command.args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(8), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("standard output could not be written"));

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work());
        let output = command.args(arguments).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(8), 0), "{arguments:?}");
    }
}

#[test]
fn the_manual_and_the_completions_are_those_of_this_program() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let made = tempfile::tempdir().unwrap();
    let done = Sandbox::new().paraph(&["generate-docs", made.path().to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut files = 0;
    // the other documents are written by hand and have their own tests
    let is_by_hand = |name: &String| !made.path().join(name).exists() && !name.ends_with(".1") && !name.starts_with("completions/");
    for (folder, other) in [(made.path(), committed.as_path()), (&committed, made.path())] {
        for name in names(folder).into_iter().filter(|name| !is_by_hand(name)) {
            let [one, two] = [folder, other].map(|folder| std::fs::read_to_string(folder.join(&name)).unwrap_or_default());
            assert!(one == two, "man/{name} is not current; run: cargo run -- generate-docs man");
            files += 1;
        }
    }
    assert!(files > 20, "{files}");
}

/// The files of a folder and of its folder `completions`.
fn names(folder: &Path) -> Vec<String> {
    let list = |inner: &str| {
        let entries = std::fs::read_dir(folder.join(inner)).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().is_file()).map(|entry| format!("{inner}{}", entry.file_name().display())).collect::<Vec<_>>()
    };
    [list(""), list("completions/")].concat()
}

#[test]
fn every_command_runs_in_the_folder_of_the_option_c_like_git() {
    let mut sandbox = Sandbox::with_repository();
    std::fs::create_dir_all(sandbox.work().join("sub/deep")).unwrap();
    let outside = sandbox.home();
    let repository = |sandbox: &Sandbox, arguments: &[&str]| {
        let done = sandbox.paraph_in(&outside, arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
        let found: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        found["repository"].as_str().map(str::to_owned)
    };
    let own = Some(sandbox.work().join(".git").to_str().unwrap().to_owned());
    assert_eq!(repository(&sandbox, &["config", "--json"]), None);
    let work = sandbox.work().to_str().unwrap().to_owned();
    for arguments in [
        &["-C", "../work", "config", "--json"][..],
        &["config", "--json", "-C", "../work"],
        &["-C", "..", "-C", "work/sub", "config", "-C", "deep", "--json"],
        &["-C", "nowhere", "-C", &work, "config", "--json"][2..],
        &["-C", "", "config", "-C../work", "--json"],
        &["config", "-C", "", "-C", "../work", "-C", "", "--json"],
    ] {
        assert_eq!(repository(&sandbox, arguments), own, "{arguments:?}");
    }
    for command in [&["verify"][..], &["verify-tag", "v1"], &["show"], &["whoami"], &["doctor", "--offline"], &["trust", "status"]] {
        let done = sandbox.paraph_in(&outside, &[&["-C", "nowhere"], command].concat());
        assert_eq!((done.code, done.stdout.as_str()), (Some(4), ""), "{command:?}");
        assert!(done.stderr.starts_with("error: the folder \"nowhere\" cannot be entered: "), "{}", done.stderr);
    }
    // an object in another repository, by a path that is relative to it
    sandbox.git(&["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "unsigned"]);
    sandbox.set("GIT_DIR", ".git");
    assert_eq!(sandbox.paraph_in(&outside, &["verify", "-C", "../work", "HEAD"]).code, Some(12));
}
