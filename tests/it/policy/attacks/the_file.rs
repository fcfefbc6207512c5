//! Changes of the policy by somebody who may not make them.

use super::{super::FILE, *};

pub(super) const ATTACKS: &[Attack] = &[
    attack(29, "a change of the policy by somebody without the right", "[policy-change-refused]", |server| change(server, "carol")),
    attack(30, "a change of the policy by an unlisted identity", "[policy-change-refused]", |server| change(server, "mallory")),
    attack(31, "a change of the policy by one where two must agree", "[policy-approvals-missing]", |server| change(server, "ann")),
    attack(32, "a change of the policy smuggled in by the parent of a merge", "[policy-change-refused]", |server| {
        server.branch("topic", 3);
        change(server, "carol");
        server.project.switch("main");
        server.project.merge("carol", "merge", &["topic"]);
        main()
    }),
    attack(33, "the same, merged by a maintainer", "[policy-approvals-missing]", |server| {
        server.branch("topic", 3);
        change(server, "carol");
        server.project.switch("main");
        server.project.merge("ann", "merge", &["topic"]);
        main()
    }),
    attack(34, "a revert of a change of the policy by one alone", "[policy-approvals-missing]", |server| {
        server.project.git_as("ann", &["revert", "--no-edit", &server.main[2]]);
        main()
    }),
    attack(35, "a change of the policy that a later commit takes back", "[policy-approvals-missing]", |server| {
        change(server, "ann");
        server.project.write(FILE, &server.policy(false));
        server.project.commit("ann", "restored");
        main()
    }),
    attack(36, "a commit on top of a refused change", "[policy-not-in-force]", |server| {
        change(server, "ann");
        server.project.commit("ann", "on top");
        main()
    }),
    attack(37, "the policy file deleted", "[policy-unusable]", |server| {
        server.project.sandbox.git(&["rm", "-q", FILE]);
        server.project.commit("ann", "deleted");
        main()
    }),
    attack(38, "a symbolic link in place of the policy file", "[policy-unusable]", |server| {
        let work = server.project.sandbox.work();
        std::fs::rename(work.join(FILE), work.join("elsewhere")).unwrap();
        symlink("../elsewhere", work.join(FILE)).unwrap();
        server.project.commit("ann", "link");
        main()
    }),
    attack(39, "a folder in place of the policy file", "[policy-unusable]", |server| {
        server.project.sandbox.git(&["rm", "-q", FILE]);
        server.project.change("ann", ".paraph/policy.toml/x", "folder");
        main()
    }),
    attack(40, "a submodule in place of the folder of the policy", "[policy-unusable]", |server| {
        server.project.sandbox.git(&["rm", "-q", "-r", ".paraph"]);
        server.project.sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},.paraph", server.main[0])]);
        server.project.git_as("ann", &["commit", "-q", "-m", "submodule"]);
        main()
    }),
    attack(41, "a policy with an unknown key", "[policy-unusable]", |server| written(server, "everybody-may = true\n")),
    attack(42, "a policy of another version", "[policy-unusable]", |server| {
        server.project.write(FILE, &server.policy(false).replace("version = 1", "version = 2"));
        server.project.commit("ann", "version");
        main()
    }),
    attack(43, "a huge policy file", "[policy-unusable]", |server| written(server, &"# filler\n".repeat(40_000))),
    attack(44, "a path that a file system may take for the policy's", "[policy-approvals-missing]", |server| {
        server.project.change("ann", ".Paraph/policy.toml", "other case");
        main()
    }),
    attack(45, "the same, by its short name under Windows", "[policy-change-refused]", |server| {
        server.project.change("carol", "PARAPH~1/policy.toml", "short name");
        main()
    }),
    attack(46, "the same, with characters that HFS+ ignores", "[policy-change-refused]", |server| {
        server.project.change("mallory", ".par\u{200d}aph/policy.toml", "ignored");
        main()
    }),
];

/// Another policy that can be used.
fn change(server: &Server, who: &str) -> Push {
    server.project.write(FILE, &format!("{}# another\n", server.policy(false)));
    server.project.commit(who, "policy");
    main()
}

fn written(server: &Server, first: &str) -> Push {
    server.project.write(FILE, &format!("{first}{}", server.policy(false)));
    server.project.commit("ann", "policy");
    main()
}
