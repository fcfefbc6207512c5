//! Approvals of something else, by others, or that are moved.

use super::{super::FILE, *};
use sha2::{Digest as _, Sha256};

pub(super) const ATTACKS: &[Attack] = &[
    attack(47, "an approval of another change", "[policy-approvals-missing]", |server| {
        server.project.approve("bob", another(server, "# other\n").as_bytes(), "main");
        changed(server)
    }),
    attack(48, "an approval of another change under the name of this one", "[policy-approval]", |server| {
        server.project.approve("bob", another(server, "# other\n").as_bytes(), "main");
        let (of_other, of_this) = (approval(&another(server, "# other\n"), "bob"), approval(&another(server, ADDED), "bob"));
        server.project.sandbox.git(&["update-ref", &of_this, &of_other]);
        server.project.sandbox.git(&["update-ref", "-d", &of_other]);
        changed(server)
    }),
    attack(49, "an approval whose digest was changed", "[bad]", |server| {
        server.project.approve("bob", another(server, "# other\n").as_bytes(), "main");
        let (of_other, of_this) = (approval(&another(server, "# other\n"), "bob"), approval(&another(server, ADDED), "bob"));
        let (other, this) = (digest(&another(server, "# other\n")), digest(&another(server, ADDED)));
        let tag = server.project.sandbox.store_tag(&server.project.sandbox.tag_parts(&of_other).with_payload(&other, &this));
        server.project.sandbox.git(&["update-ref", &of_this, &tag]);
        server.project.sandbox.git(&["update-ref", "-d", &of_other]);
        changed(server)
    }),
    attack(50, "an approval from before the present policy", "[policy-approvals-missing]", |server| {
        server.project.approve("bob", another(server, ADDED).as_bytes(), &server.main[1]);
        changed(server)
    }),
    attack(51, "an approval replayed after its change was reverted", "[policy-approvals-missing]", |server| {
        server.project.approve("bob", another(server, ADDED).as_bytes(), "main");
        changed(server);
        server.accepted(&["main", "--tags"]);
        tag_for(server, "bob", &server.policy(false), "bob-again");
        server.project.write(FILE, &server.policy(false));
        server.project.commit("ann", "reverted");
        server.accepted(&["main", "--tags"]);
        changed(server)
    }),
    attack(52, "two approvals by the one who makes the change", "[policy-approvals-missing]", |server| {
        for name in ["ann", "second"] {
            tag_for(server, "ann", &another(server, ADDED), name);
        }
        changed(server)
    }),
    attack(53, "an approval by somebody who is not in the list", "[policy-approvals-missing]", |server| {
        server.project.approve("carol", another(server, ADDED).as_bytes(), "main");
        changed(server)
    }),
    attack(54, "an approval by an unlisted identity", "[policy-approval]", |server| {
        server.project.approve("mallory", another(server, ADDED).as_bytes(), "main");
        changed(server)
    }),
    attack(55, "an approval by somebody who was removed", "[policy-approval]", |server| {
        server.project.approve("dave", another(server, ADDED).as_bytes(), "main");
        changed(server)
    }),
    attack(56, "a lightweight tag as an approval", "[policy-approval]", |server| {
        server.project.sandbox.git(&["update-ref", &approval(&another(server, ADDED), "bob"), "main"]);
        changed(server)
    }),
    attack(57, "a tag that occupies the folder of approvals", "[policy-approval]", |server| {
        let name = format!("paraph-approval/{}", digest(&another(server, ADDED)));
        server.project.git_as("ann", &["tag", "-s", "-m", "x", &name, "main"]);
        to(&["--tags"])
    }),
    attack(58, "an approval that is moved", "[policy-approval]", |server| {
        let name = approval(&server.policy(false), "bob");
        let short = name.strip_prefix("refs/tags/").unwrap();
        let message = format!("Approved.\n\n{}", digest(&server.policy(false)));
        server.project.git_as("bob", &["tag", "-f", "-s", "-m", &message, short, "main"]);
        to(&["-f", "--tags"])
    }),
    attack(59, "an approval that is deleted", "[policy-approval]", |server| to(&["--delete", &approval(&server.policy(false), "bob")])),
    attack(60, "an approved change that was changed once more", "[policy-approvals-missing]", |server| {
        server.project.approve("bob", another(server, ADDED).as_bytes(), "main");
        server.project.write(FILE, &another(server, "# more\n"));
        server.project.commit("ann", "policy");
        to(&["main", "--tags"])
    }),
    attack(61, "an approved change with another file beside it", "[policy-change-refused]", |server| {
        server.project.approve("bob", another(server, ADDED).as_bytes(), "main");
        server.project.write(FILE, &another(server, ADDED));
        server.project.change("carol", ".paraph/other", "policy");
        to(&["main", "--tags"])
    }),
];

const ADDED: &str = "# added\n";

fn another(server: &Server, line: &str) -> String {
    server.policy(false) + line
}

fn digest(policy: &str) -> String {
    hex::encode(Sha256::digest(policy))
}

fn approval(policy: &str, name: &str) -> String {
    format!("refs/tags/paraph-approval/{}/{name}", digest(policy))
}

fn tag_for(server: &Server, who: &str, policy: &str, name: &str) {
    let (message, name) = (format!("Approved.\n\n{}", digest(policy)), approval(policy, name));
    server.project.git_as(who, &["tag", "-s", "-m", &message, name.strip_prefix("refs/tags/").unwrap(), "main"]);
}

/// Ann's change, with all tags.
fn changed(server: &Server) -> Push {
    server.project.write(FILE, &another(server, ADDED));
    server.project.commit("ann", "policy");
    to(&["main", "--tags"])
}
