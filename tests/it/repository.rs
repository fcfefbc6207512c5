//! The program in all kinds of repositories, compared with the real git.

use crate::support::sandbox::{Done, Sandbox};
use std::path::Path;

const COMMIT: [&str; 8] = ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m"];

/// Whether `paraph verify` found and read the commit, which is unsigned.
fn is_found(done: &Done) -> bool {
    done.code == Some(12)
}

#[test]
#[cfg(unix)]
fn a_push_is_read_while_it_is_in_quarantine() {
    use std::os::unix::fs::PermissionsExt;
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&[&COMMIT[..], &["one"]].concat());
    let bare = sandbox.root().join("bare.git");
    sandbox.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    let hook = bare.join("hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\nread old new ref\n\"$PARAPH\" verify \"$new\" >\"$RESULT\" 2>&1\necho \"exit $?\" >>\"$RESULT\"\n")
        .unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let result = sandbox.root().join("result");
    sandbox.set("PARAPH", env!("CARGO_BIN_EXE_paraph"));
    sandbox.set("RESULT", result.to_str().unwrap());
    sandbox.git(&["push", "-q", bare.to_str().unwrap(), "main"]);
    let result = std::fs::read_to_string(result).unwrap();
    assert!(result.ends_with("exit 12\n"), "{result}");
}

#[test]
fn objects_are_found_in_linked_bare_and_sha256_repositories_and_from_subfolders() {
    for format in ["sha1", "sha256"] {
        let sandbox = Sandbox::new();
        sandbox.git(&["init", "-q", "-b", "main", &format!("--object-format={format}")]);
        sandbox.git(&[&COMMIT[..], &["one"]].concat());
        let [linked, bare, inner] = ["linked", "bare.git", "work/a/b"].map(|name| sandbox.root().join(name));
        sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
        sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
        std::fs::create_dir_all(&inner).unwrap();
        for folder in [&sandbox.work(), &linked, &bare, &inner] {
            let done = sandbox.paraph_in(folder, &["verify", "HEAD"]);
            assert!(is_found(&done), "{format}, {}: {done:?}", folder.display());
        }
        let output = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.root()).env("GIT_DIR", &bare).args(["verify", "main"]).output();
        assert!(is_found(&output.unwrap().into()));
    }
}

/// Folders that look like part of a repository. Where git finds another repository than the one around them, so does this program.
#[test]
#[cfg(unix)]
fn in_every_folder_head_is_the_commit_that_git_shows_or_none() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::with_repository();
    sandbox.git(&[&COMMIT[..], &["outer"]].concat());
    sandbox.git(&["checkout", "-q", "-b", "other"]);
    sandbox.git(&[&COMMIT[..], &["other"]].concat());
    sandbox.git(&["checkout", "-q", "main"]);
    let work = sandbox.work();
    let other = sandbox.git(&["rev-parse", "other"]);
    let git_dir = work.join(".git").to_str().unwrap().to_owned();
    let make = |name: &str, files: &[(&str, &str)]| {
        let folder = work.join(name);
        std::fs::create_dir(&folder).unwrap();
        files.iter().for_each(|(file, text)| std::fs::write(folder.join(file), text).unwrap());
        folder
    };
    make("branch", &[("HEAD", "ref: refs/heads/other\n"), ("commondir", "../.git\n")]);
    make("detached", &[("HEAD", &other), ("commondir", &git_dir)]);
    make("unborn", &[("HEAD", "ref: refs/heads/none\n"), ("commondir", &git_dir)]);
    make("no-head", &[("HEAD", "other\n"), ("commondir", &git_dir)]);
    make("only-head", &[("HEAD", "ref: refs/heads/other\n")]);
    symlink("refs/heads/none", make("dangling", &[("commondir", &git_dir)]).join("HEAD")).unwrap();
    for (name, text) in [("nowhere", "gitdir: ../none\n"), ("junk", "junk\n"), ("empty", ""), ("blanks", "gitdir:  ../.git\n")] {
        make(name, &[(".git", text)]);
    }
    make("good", &[(".git", "gitdir: ../.git\n")]);
    std::fs::create_dir(make("empty-folder", &[]).join(".git")).unwrap();
    make("plain", &[]);
    let case = |folder: &Path, ceiling: Option<&Path>| {
        let run = |program: &str, arguments: &[&str]| -> Done {
            let mut command = sandbox.command(program, folder);
            command.args(arguments).envs(ceiling.map(|ceiling| ("GIT_CEILING_DIRECTORIES", ceiling)));
            command.output().unwrap().into()
        };
        let (git, done) =
            (run("git", &["rev-parse", "--verify", "HEAD"]), run(env!("CARGO_BIN_EXE_paraph"), &["verify", "--json", "HEAD"]));
        match git.code {
            // a git directory in an unusual form is refused
            Some(0) if done.code == Some(4) => assert!(done.stderr.contains("not one in the usual form"), "{}: {done:?}", folder.display()),
            Some(0) => assert!(is_found(&done) && done.stdout.contains(git.stdout.trim()), "{}: {git:?} {done:?}", folder.display()),
            _ => assert_eq!(done.code, Some(4), "{}: {git:?} {done:?}", folder.display()),
        }
    };
    for entry in std::fs::read_dir(&work).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.ends_with(".git") {
            std::fs::create_dir_all(folder.join("below")).unwrap();
            case(&folder, None);
            case(&folder.join("below"), None);
        }
    }
    for ceiling in [sandbox.root(), work.clone(), work.join("plain"), work.join("plain/below")] {
        [work.clone(), work.join("plain"), work.join("plain/below")].iter().for_each(|folder| case(folder, Some(&ceiling)));
    }
    symlink("refs/heads/other", work.join(".git/HEAD.new")).unwrap();
    std::fs::rename(work.join(".git/HEAD.new"), work.join(".git/HEAD")).unwrap();
    case(&work.join("plain"), None);
}

/// What git accepts is accepted, and nothing else: by the user's configuration, by the call, and by naming the repository.
#[test]
#[cfg(unix)]
fn a_repository_of_another_user_is_read_where_git_reads_it() {
    let sandbox = Sandbox::with_repository();
    sandbox.git(&[&COMMIT[..], &["one"]].concat());
    let work = sandbox.work();
    // only root can change the owner of a folder
    if [work.clone(), work.join(".git")].into_iter().any(|path| std::os::unix::fs::chown(path, Some(4242), None).is_err()) {
        eprintln!("SKIPPED a_repository_of_another_user_is_read_where_git_reads_it: not root");
        return;
    }
    let place = work.to_str().unwrap().to_owned();
    let case = |variables: &[(&str, &str)], expected: bool| {
        let run = |program: &str, arguments: &[&str]| -> Done {
            let mut command = sandbox.command(program, &work);
            command.args(arguments).envs(variables.iter().copied()).output().unwrap().into()
        };
        assert_eq!(run("git", &["rev-parse", "HEAD"]).code == Some(0), expected, "git, {variables:?}");
        let done = run(env!("CARGO_BIN_EXE_paraph"), &["verify", "HEAD"]);
        assert_eq!(is_found(&done), expected, "{variables:?}: {done:?}");
        assert!(expected || (done.code == Some(4) && done.stderr.contains(&format!("safe.directory {place}"))), "{done:?}");
    };
    let count = |value| [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", value)];
    case(&[], false);
    case(&count(&place), true);
    case(&count("/elsewhere"), false);
    case(&[("GIT_CONFIG_PARAMETERS", "'safe.directory'='*'")], true);
    case(&[("GIT_CONFIG_PARAMETERS", "'safe.directory'='*' 'safe.directory'=''")], false);
    case(&[("GIT_DIR", ".git")], true);
    // the repository cannot declare itself safe
    std::fs::write(work.join(".git/config"), format!("[core]\n\tbare = false\n[safe]\n\tdirectory = {place}\n")).unwrap();
    case(&[], false);
    std::fs::write(Path::new(&sandbox.home()).join(".gitconfig"), format!("[safe]\n\tdirectory = {place}\n")).unwrap();
    case(&[], true);
}

#[test]
fn where_there_is_no_repository_or_no_such_object_the_call_says_so() {
    let sandbox = Sandbox::new();
    let done = sandbox.paraph(&["verify", "HEAD"]);
    assert!(done.code == Some(4) && done.stderr.starts_with("error: "), "{done:?}");
    sandbox.git(&["init", "-q", "-b", "main"]);
    for revision in ["HEAD", "main", "0123456789012345678901234567890123456789", "no\u{1b}[31m such"] {
        let done = sandbox.paraph(&["verify", revision]);
        assert!(matches!(done.code, Some(2 | 4)) && !done.stderr.contains('\u{1b}'), "{done:?}");
    }
}

#[test]
fn an_answer_of_git_s_that_never_ends_is_read_up_to_a_length() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&[&COMMIT[..], &["one"]].concat());
    let id = sandbox.git(&["rev-parse", "HEAD"]);
    // git, except that its object reader writes a line without an end
    sandbox.script("git", "#!/bin/sh\ncase \"$*\" in *cat-file*) exec tr '\\0' a < /dev/zero ;; *) exec /usr/bin/env PATH=\"${PATH#*:}\" git \"$@\" ;; esac\n");
    let path = format!("{}:{}", sandbox.root().display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path);
    // another object directory, so that git reads the objects
    let objects = sandbox.work().join(".git/objects");
    sandbox.set("GIT_OBJECT_DIRECTORY", objects.to_str().unwrap());
    let done = sandbox.paraph(&["verify", &id]);
    assert!(done.code != Some(0) && done.stderr.contains("git cat-file sent an invalid answer"), "{done:?}");
}

#[test]
fn a_folder_of_objects_that_is_none_is_named() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&[&COMMIT[..], &["one"]].concat());
    std::fs::write(sandbox.work().join("file"), "").unwrap();
    let absolute = sandbox.root().join("nowhere");
    for place in [absolute.to_str().unwrap(), "nowhere", "file", "/dev/null"] {
        sandbox.set("GIT_OBJECT_DIRECTORY", place);
        for call in [&["verify"][..], &["verify", "--all"], &["verify", "HEAD~0..HEAD"], &["show"]] {
            let done = sandbox.paraph(call);
            let is_named = done.stderr.starts_with("error: the variable GIT_OBJECT_DIRECTORY names ")
                && done.stderr.contains(&format!("{place}, which is not a folder\nhint: unset it"));
            assert!(done.code == Some(4) && is_named, "{place}, {call:?}: {done:?}");
        }
    }
}

#[test]
fn a_damaged_pack_or_index_is_named_and_its_objects_are_not_called_missing() {
    let sandbox = Sandbox::with_repository();
    for message in ["one", "two", "three"] {
        sandbox.git(&[&COMMIT[..], &[message]].concat());
    }
    sandbox.git(&["gc", "-q"]);
    let folder = sandbox.work().join(".git/objects/pack");
    let file = |end: &str| {
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.extension().is_some_and(|found| found == end)).unwrap()
    };
    let (pack, index) = (file("pack"), file("idx"));
    let listed = sandbox.git(&["verify-pack", "-v", index.to_str().unwrap()]);
    let first = sandbox.git(&["rev-parse", "HEAD~2"]);
    let line = listed.lines().find(|line| line.starts_with(&first)).unwrap();
    let at: usize = line.split_whitespace().nth(4).unwrap().parse().unwrap();
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + 3].fill(0xff);
        bytes
    };
    let (pack_bytes, index_bytes) = (std::fs::read(&pack).unwrap(), std::fs::read(&index).unwrap());
    for (path, bytes) in [
        (&pack, flipped(&pack_bytes, 0)),
        (&pack, flipped(&pack_bytes, at + 5)),
        (&pack, pack_bytes[..at + 3].to_vec()),
        (&pack, Vec::new()),
        (&index, flipped(&index_bytes, 0)),
        (&index, index_bytes[..500].to_vec()),
        (&index, Vec::new()),
    ] {
        // git makes these files read-only
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, &bytes).unwrap();
        for call in [&["verify", &first][..], &["verify", "HEAD~2"], &["verify", "--all"], &["show", &first]] {
            let done = sandbox.paraph(call);
            let is_named = done.stderr.contains(path.to_str().unwrap()) && done.stderr.contains("hint: look for the cause with `git fsck`");
            assert!(done.code == Some(4) && is_named && !done.stderr.contains("not in this repository"), "{call:?}: {done:?}");
        }
        std::fs::write(&pack, &pack_bytes).unwrap();
        std::fs::write(&index, &index_bytes).unwrap();
    }
    assert_eq!(sandbox.paraph(&["verify", &first]).code, Some(12));
}
