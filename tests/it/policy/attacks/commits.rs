//! Commits: who signed them, and where, which paths they change, and what a merge brings in.

use super::*;

pub(super) const ATTACKS: &[Attack] = &[
    attack(1, "an unsigned commit", "[policy-refused]", |server| {
        server.project.unsigned("unsigned");
        main()
    }),
    attack(2, "a commit signed by somebody who is not in the file", "[policy-refused]", |server| {
        server.project.change("mallory", "text", "by mallory");
        main()
    }),
    attack(3, "a good commit whose message was changed afterwards", "[bad]", |server| {
        let signed = server.project.change("ann", "text", "signed");
        let changed = server.project.sandbox.commit_parts(&signed).with_payload("signed", "changed");
        let changed = server.project.sandbox.store_commit(&changed);
        server.project.sandbox.git(&["reset", "-q", "--hard", &changed]);
        main()
    }),
    attack(4, "a bad commit below a good one", "[policy-refused]", |server| {
        server.project.unsigned("unsigned");
        server.project.change("ann", "text", "good");
        main()
    }),
    attack(5, "the address of an identity, from another issuer", "[policy-refused]", |server| {
        server.project.change("erin", "text", "by erin");
        to(&["main:refs/heads/free/x"])
    }),
    attack(6, "the address and issuer of an identity, from another instance", "[policy-refused]", |server| {
        server.project.change("frank", "text", "by frank");
        to(&["main:refs/heads/free/x"])
    }),
    attack(7, "a commit by somebody whose time is over, with an old date", "[policy-refused]", |server| backdated(server, "grace")),
    attack(8, "a commit by somebody who was removed, with an old date", "[policy-refused]", |server| backdated(server, "dave")),
    attack(9, "a commit to main by somebody who may only contribute", "[policy-refused]", |server| {
        server.project.change("carol", "text", "by carol");
        main()
    }),
    attack(10, "a guarded path, changed by another maintainer", "[policy-refused]", |server| path(server, "src/crypto/cipher")),
    attack(11, "a guarded path in other cases", "[policy-refused]", |server| path(server, "SRC/Crypto/new")),
    attack(12, "a guarded path in another Unicode normalisation", "[policy-refused]", |server| path(server, "docs/e\u{301}/text")),
    attack(13, "a guarded path with a character that HFS+ ignores", "[policy-refused]", |server| path(server, "src/cry\u{200c}pto/new")),
    attack(14, "a guarded path with a dot that NTFS ignores", "[policy-refused]", |server| path(server, "src./crypto /new")),
    attack(15, "a file renamed out of a guarded folder", "[policy-refused]", |server| {
        server.project.sandbox.git(&["mv", "src/crypto/cipher", "cipher"]);
        server.project.commit("bob", "renamed");
        main()
    }),
    attack(16, "a guarded file deleted", "[policy-refused]", |server| {
        server.project.sandbox.git(&["rm", "-q", "src/crypto/cipher"]);
        server.project.commit("bob", "deleted");
        main()
    }),
    attack(17, "a guarded file made executable", "[policy-refused]", |server| {
        server.project.sandbox.git(&["update-index", "--chmod=+x", "src/crypto/cipher"]);
        server.project.git_as("bob", &["commit", "-q", "-m", "mode"]);
        main()
    }),
    attack(18, "a symbolic link in place of a guarded folder", "[policy-refused]", |server| {
        let folder = server.project.sandbox.work().join("src/crypto");
        std::fs::remove_dir_all(&folder).unwrap();
        symlink("../elsewhere", folder).unwrap();
        server.project.commit("bob", "link");
        main()
    }),
    attack(19, "a submodule in place of a guarded folder", "[policy-refused]", |server| {
        server.project.sandbox.git(&["rm", "-q", "-r", "src/crypto"]);
        submodule(server, "src/crypto")
    }),
    attack(20, "a guarded submodule moved to another commit", "[policy-refused]", |server| submodule(server, "module")),
    attack(21, "an unsigned commit that a merge brings in", "[policy-refused]", |server| {
        server.branch("topic", 3);
        server.project.unsigned("unsigned");
        merged(server, "ann", &["topic"])
    }),
    attack(22, "a commit by an unlisted identity that an octopus merge brings in", "[policy-refused]", |server| {
        for (name, who) in [("a", "carol"), ("b", "mallory")] {
            server.branch(name, 3);
            server.project.change(who, name, who);
        }
        merged(server, "ann", &["a", "b"])
    }),
    attack(23, "a guarded path, changed by a contributor and merged", "[policy-refused]", |server| {
        server.branch("topic", 3);
        server.project.change("carol", "src/crypto/new", "crypto");
        merged(server, "ann", &["topic"])
    }),
    attack(24, "a merge by somebody who may only contribute", "[policy-refused]", |server| {
        server.branch("topic", 3);
        server.project.change("carol", "new", "fine");
        merged(server, "carol", &["topic"])
    }),
    attack(25, "a merge that changes a guarded path by itself", "[policy-refused]", |server| {
        server.branch("topic", 3);
        server.project.change("carol", "new", "fine");
        server.project.switch("main");
        server.project.sandbox.git(&["merge", "-q", "--no-ff", "--no-commit", "topic"]);
        server.project.change("bob", "src/crypto/cipher", "evil merge");
        main()
    }),
    attack(26, "a merge of an unrelated history by an unlisted identity", "[policy-refused]", |server| {
        orphan(server);
        server.project.change("mallory", "unrelated", "unrelated");
        merged(server, "ann", &["--allow-unrelated-histories", "orphan"])
    }),
    attack(27, "an orphan branch with a copy of the policy", "[policy-root-missing]", |server| {
        let policy = server.policy(false);
        orphan(server);
        server.project.write(super::super::FILE, &policy);
        server.project.commit("ann", "orphan");
        to(&["orphan"])
    }),
    attack(28, "an orphan branch in place of main", "[policy-root-missing]", |server| {
        orphan(server);
        server.project.commit("ann", "orphan");
        to(&["-f", "orphan:main"])
    }),
];

fn path(server: &Server, path: &str) -> Push {
    server.project.change("bob", path, "by bob");
    main()
}

fn backdated(server: &Server, who: &str) -> Push {
    let long_ago = "2019-01-01T00:00:00Z";
    let (email, key) = (format!("user.email={who}@example.com"), format!("user.signingKey={who}@example.com"));
    let mut commit = server.project.sandbox.command("git", &server.project.sandbox.work());
    commit.args(["-c", &email, "-c", &key, "commit", "-q", "-S", "--allow-empty", "-m", "backdated"]);
    assert!(commit.env("GIT_COMMITTER_DATE", long_ago).env("GIT_AUTHOR_DATE", long_ago).status().unwrap().success());
    main()
}

fn submodule(server: &Server, path: &str) -> Push {
    server.project.sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},{path}", server.main[0])]);
    server.project.git_as("bob", &["commit", "-q", "-m", "submodule"]);
    main()
}

fn merged(server: &Server, who: &str, branches: &[&str]) -> Push {
    server.project.switch("main");
    server.project.merge(who, "merge", branches);
    main()
}

/// An empty branch without a parent, checked out.
fn orphan(server: &Server) {
    server.project.sandbox.git(&["checkout", "-q", "--orphan", "orphan"]);
    server.project.sandbox.git(&["rm", "-q", "-r", "-f", "."]);
}
