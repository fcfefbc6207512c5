//! `paraph policy check`.

use super::*;

#[test]
fn a_file_that_can_be_used_is_said_to_be_with_what_its_author_may_not_mean() {
    let project = Project::with(RULES);
    let done = project.sandbox.paraph(&["policy", "check"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.ends_with("policy.toml can be used: 3 identities, 2 rules.\n") && done.stderr.is_empty(), "{done:?}");
    let text = project.policy("[[rules]]\nname = \"all\"\ncommit = [\"all\"]\n[[rules]]\nname = \"never\"\ncommit = [\"ann\"]\n");
    let done = project.sandbox.paraph_with(&["policy", "check", "-"], text.as_bytes());
    assert_eq!(
        (done.code, done.stdout.as_str(), done.stderr.as_str()),
        (
            Some(0),
            "standard input can be used: 3 identities, 2 rules.\n",
            "warning: standard input: rule never never decides who may commit and contribute, because rule all comes before it.\n"
        )
    );
}

#[test]
fn a_mistake_is_named_with_its_line_and_column() {
    let project = Project::new();
    for (text, place) in [
        ("version = 2\n", "line 1, column 11: version 2 is unknown; this program knows version 1"),
        ("version = 1\nfuture = 1\n", "line 2, column 1: unknown field"),
        ("version = 1\npolicy = [\"nobody\"]\n", "line 2, column 11: nothing defines \"nobody\"; expected an identity, a role or `all`"),
        ("version = 1\n[[rules]]\nname = \"\u{1b}\"\n", "line 3, column "),
    ] {
        let done = project.sandbox.paraph_with(&["policy", "check", "-"], text.as_bytes());
        let expected = format!("error: the policy standard input cannot be used: {place}");
        assert!(done.code == Some(3) && done.stderr.starts_with(&expected), "{text}: {done:?}");
        assert!(done.stderr.ends_with("hint: correct the file.\n") && !done.stderr.contains('\u{1b}'), "{done:?}");
    }
    let done = project.sandbox.paraph(&["policy", "check"]);
    assert!(done.code == Some(8) && done.stderr.contains("policy.toml cannot be read"), "{done:?}");
    let bare = project.sandbox.root().join("bare.git");
    project.sandbox.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    let done = project.sandbox.paraph_in(&bare, &["policy", "check"]);
    assert!(done.code == Some(2) && done.stderr.contains("hint: name the file or a commit."), "{done:?}");
}
