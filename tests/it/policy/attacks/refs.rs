//! Refs and tags: moved, deleted, led elsewhere, or back to a policy that allowed more.

use super::{super::FILE, *};

pub(super) const ATTACKS: &[Attack] = &[
    attack(62, "main moved back to a policy that allowed more", "[policy-rewrite]", |server| {
        to(&["-f", &format!("{}:refs/heads/main", server.main[1])])
    }),
    attack(63, "a branch that may be rewritten, moved back to it", "[policy-rewound]", |server| {
        server.accepted(&["main:refs/heads/free/x"]);
        to(&["-f", &format!("{}:refs/heads/free/x", server.main[1])])
    }),
    attack(64, "a new branch under the old policy by somebody who was removed", "[policy-rewound]", |server| {
        server.branch("old", 1);
        server.project.change("dave", "text", "by dave");
        to(&["old"])
    }),
    attack(65, "main as the second parent of a merge under the old policy", "[policy-rewound]", |server| {
        server.branch("old", 1);
        server.project.change("dave", "new", "by dave");
        server.project.git_as("dave", &["merge", "-q", "--no-ff", "-s", "ours", "-m", "merge", "main"]);
        to(&["old:main"])
    }),
    attack(66, "a branch that is deleted", "[policy-rewrite]", |server| {
        server.accepted(&["main:refs/heads/topic"]);
        to(&["--delete", "topic"])
    }),
    attack(67, "a replacement object", "[policy-ref]", |server| {
        server.project.sandbox.git(&["replace", &server.main[3], &server.main[1]]);
        to(&["refs/replace/*:refs/replace/*"])
    }),
    attack(68, "a record of pushes that was made elsewhere", "[policy-ref]", |_| to(&["main:refs/paraph/pushes"])),
    attack(69, "a branch while the one of the server's HEAD is missing", "[policy-head-missing]", |server| {
        server.project.sandbox.git_in(&server.bare, &["symbolic-ref", "HEAD", "refs/heads/none"]);
        server.branch("old", 1);
        server.project.change("dave", "text", "by dave");
        to(&["old"])
    }),
    attack(70, "main under the name of a symbolic ref", "[policy-refused]", |server| {
        server.project.sandbox.git_in(&server.bare, &["symbolic-ref", "refs/heads/free/alias", "refs/heads/main"]);
        server.project.change("carol", "text", "by carol");
        to(&["main:refs/heads/free/alias"])
    }),
    attack(71, "main of a namespace under its full name", "[policy-refused]", |server| {
        server.project.change("carol", "text", "by carol");
        to(&["main:refs/namespaces/x/refs/heads/main"])
    }),
    attack(72, "a good ref beside a bad one", "[policy-refused]", |server| {
        server.branch("topic", 3);
        server.project.change("mallory", "text", "by mallory");
        server.project.switch("main");
        server.project.change("ann", "text", "by ann");
        to(&["main", "topic"])
    }),
    attack(73, "a tag by somebody who may not", "[policy-refused]", |server| tag(server, "carol", "nightly")),
    attack(74, "a tag by an unlisted identity", "[policy-refused]", |server| tag(server, "mallory", "nightly")),
    attack(75, "a lightweight tag", "[policy-refused]", |server| {
        server.project.sandbox.git(&["tag", "light", "main"]);
        to(&["light"])
    }),
    attack(76, "a tag of a release by one where two must agree", "[policy-approvals-missing]", |server| tag(server, "ann", "v1")),
    attack(77, "a tag under another name than its own", "[tag-name]", |server| {
        tag(server, "ann", "nightly");
        to(&["nightly:refs/tags/v1"])
    }),
    attack(78, "a tag that is moved", "[policy-rewrite]", |server| {
        tag(server, "ann", "nightly");
        server.accepted(&["nightly"]);
        server.project.git_as("ann", &["tag", "-f", "-s", "-m", "x", "nightly", "main~1"]);
        to(&["-f", "nightly"])
    }),
    attack(79, "a tag that is deleted", "[policy-rewrite]", |server| {
        tag(server, "ann", "nightly");
        server.accepted(&["nightly"]);
        to(&["--delete", "nightly"])
    }),
    attack(80, "a tag of an old commit by somebody who was removed", "[policy-refused]", |server| {
        server.project.git_as("dave", &["tag", "-s", "-m", "x", "nightly", &server.main[1]]);
        to(&["nightly"])
    }),
    attack(81, "a tag that brings a commit by an unlisted identity", "[policy-refused]", |server| {
        server.project.change("mallory", "text", "by mallory");
        tag(server, "ann", "nightly")
    }),
    attack(82, "an unlisted identity's tag inside a good one", "[policy-refused]", |server| {
        tag(server, "mallory", "inner");
        server.project.git_as("ann", &["tag", "-s", "-m", "x", "outer", "inner"]);
        to(&["outer"])
    }),
    attack(83, "a tag of a file", "[policy-root-missing]", |server| {
        server.project.git_as("ann", &["tag", "-s", "-m", "x", "nightly", &format!("main:{FILE}")]);
        to(&["nightly"])
    }),
    attack(84, "a push without a certificate where a rule requires one", "[policy-push-certificate]", |_| to(&["main:refs/heads/signed"])),
    attack(85, "a push certificate by somebody who may not push", "[policy-push-certificate]", |_| {
        ("bob", to(&["--signed", "main:refs/heads/signed"]).1)
    }),
    attack(86, "a certificate that a hook before paraph takes away", "[policy-push-certificate]", |server| {
        let text = format!("#!/bin/sh\nunset GIT_PUSH_CERT\nexec '{}' hook pre-receive\n", server.project.sandbox.program);
        server.write_hook("pre-receive", &text);
        to(&["--signed", "main:refs/heads/signed"])
    }),
    attack(87, "a certificate about another ref", "[payload-mismatch]", |server| {
        let program = &server.project.sandbox.program;
        server.write_hook("pre-receive", &format!("#!/bin/sh\nsed s,heads/free/x,heads/signed, | '{program}' hook pre-receive\n"));
        to(&["--signed", "main:refs/heads/free/x"])
    }),
];

fn tag(server: &Server, who: &str, name: &str) -> Push {
    server.project.git_as(who, &["tag", "-s", "-m", "x", name]);
    to(&[name])
}
