//! What git shows otherwise than it is stored: replaced objects and grafts. The verdict is on the original, and a warning says so.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};

/// The arguments of several calls.
type Calls<'a> = &'a [&'a [&'a str]];

#[test]
fn what_git_shows_in_place_of_an_object_on_the_way_is_named_in_a_warning() {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    for message in ["one", "two", "three"] {
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", message]);
    }
    std::fs::write(sandbox.work().join("file"), "good").unwrap();
    sandbox.git(&["add", "file"]);
    sandbox.git(&["commit", "-q", "-S", "-m", "with a file"]);
    sandbox.git(&["tag", "-s", "-m", "one", "shown"]);
    let (head, other) =
        (sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["commit-tree", "HEAD^{tree}", "-p", "HEAD~2", "-m", "unsigned"]));
    let (tree, blob) = (sandbox.git(&["rev-parse", "HEAD^{tree}"]), sandbox.git(&["rev-parse", "HEAD:file"]));
    let (other_tree, other_blob) =
        (sandbox.git(&["hash-object", "-wt", "tree", "/dev/null"]), sandbox.git(&["hash-object", "-w", "/dev/null"]));
    let warned = |sandbox: &Sandbox, arguments: &[&str]| {
        let done = sandbox.paraph(&[&["verify"], arguments].concat());
        assert_eq!(done.code, Some(0), "{arguments:?}: {}{}", done.stdout, done.stderr);
        done.stderr.contains("replace")
    };
    let cases: [(&str, &str, Calls<'_>, Calls<'_>); 3] = [
        (&head, &other, &[&["HEAD"], &["shown"], &["HEAD^"], &["HEAD~2..HEAD~1"]], &[]),
        (&tree, &other_tree, &[&["HEAD"], &["--deep", "HEAD"], &["shown"]], &[&["HEAD^"]]),
        (&blob, &other_blob, &[&["--deep", "HEAD"]], &[&["HEAD"], &["--deep", "HEAD^"]]),
    ];
    for base in ["refs/replace/", "refs/elsewhere/"] {
        sandbox.set("GIT_REPLACE_REF_BASE", base);
        for (id, by, warnings, quiet) in &cases {
            sandbox.git(&["update-ref", &format!("{base}{id}"), by]);
            for arguments in *warnings {
                assert!(warned(&sandbox, arguments), "{base}{id}: {arguments:?}");
            }
            for arguments in *quiet {
                assert!(!warned(&sandbox, arguments), "{base}{id}: {arguments:?}");
            }
            sandbox.git(&["-c", "core.useReplaceRefs=false", "update-ref", "-d", &format!("{base}{id}")]);
        }
    }
    sandbox.unset("GIT_REPLACE_REF_BASE");
    std::fs::create_dir_all(sandbox.work().join(".git/info")).unwrap();
    // a graft, which git itself calls deprecated
    let parent = sandbox.git(&["rev-parse", "HEAD~1"]);
    assert!(!warned(&sandbox, &["HEAD^"]));
    std::fs::write(sandbox.work().join(".git/info/grafts"), format!("# comment\n{head} {other}\n")).unwrap();
    assert!(warned(&sandbox, &["HEAD"]) && warned(&sandbox, &["HEAD^"]));
    assert!(!warned(&sandbox, &[&parent]));
    std::fs::remove_file(sandbox.work().join(".git/info/grafts")).unwrap();
    // turned off
    sandbox.git(&["replace", &head, &other]);
    assert!(warned(&sandbox, &["HEAD"]));
    sandbox.set("GIT_NO_REPLACE_OBJECTS", "1");
    assert!(!warned(&sandbox, &["HEAD"]) && !warned(&sandbox, &["HEAD^"]));
    sandbox.unset("GIT_NO_REPLACE_OBJECTS");
    sandbox.git(&["config", "core.useReplaceRefs", "false"]);
    assert!(!warned(&sandbox, &["HEAD"]) && !warned(&sandbox, &["HEAD^"]));
}
