//! Good signatures, and whether the allowed identities name them (cases 53, 54 and 60).

use super::{
    super::{
        certificate::{subject_alternative_name, uri},
        world::World,
    },
    Vector, good, untrusted,
};

const WORKFLOW: &str = "https://github.com/org/repo/.github/workflows/ci.yml@refs/heads/main";

pub fn vectors(world: &World) -> Vec<Vector> {
    let person = |name: &str, sentence: &str, address: &str, allowed: &str| {
        let mut recipe = world.v1();
        recipe.leaf = world.leaf(address, &world.signer);
        untrusted(name, sentence, recipe.commit()).allowed(allowed)
    };
    let workflow_commit = |identity: &str| {
        let mut recipe = world.v1();
        recipe.leaf.put(subject_alternative_name(true, &[uri(identity)]));
        recipe.commit()
    };
    let workflow = |name: &str, sentence: &str, identity: &str, allowed: &str| {
        untrusted(name, sentence, workflow_commit(identity)).allowed(&format!("{allowed} https://issuer.example instance=vectors\n"))
    };
    let alice = "alice@example.com https://issuer.example instance=vectors\n";
    let commit = || world.v1().commit();
    vec![
        person("identity_not_listed", "Case 60: a good signature of an identity that nobody named.", "bob@example.com", alice),
        person("identity_longer", "Case 53: the allowed identity is the beginning of the signer's.", "alice@example.com.evil.example", alice),
        person("identity_shorter", "Case 53: the signer's identity is the beginning of the allowed one.", "alice@example.co", alice),
        person("identity_with_prefix", "Case 53: the allowed identity is the end of the signer's.", "not-alice@example.com", alice),
        person("identity_in_other_case", "Case 53: the signer's identity differs in case.", "Alice@example.com", alice),
        person("identity_with_final_dot", "Case 53: the signer's domain ends in a dot.", "alice@example.com.", alice),
        person("identity_percent_encoded", "Case 53: the signer's identity is percent-encoded.", "alice%40example.com", alice),
        person("identity_dot_is_no_pattern", "Case 53: a dot of the allowed identity stands for itself.", "alice@example-com", alice),
        person("pattern_crosses_no_at", "Case 53: a pattern's star does not cross an @.", "alice@evil.example@example.com", "*@example.com https://issuer.example instance=vectors\n"),
        workflow("pattern_crosses_no_slash", "Case 53: a pattern's star does not cross a slash.", "https://github.com/org/evil/repo/.github/workflows/ci.yml@refs/heads/main", "https://github.com/org/*/.github/workflows/ci.yml@refs/heads/main"),
        workflow("repository_with_longer_name", "Case 53: the allowed repository's name is the beginning of the signer's.", "https://github.com/org/repo-evil/.github/workflows/ci.yml@refs/heads/main", WORKFLOW),
        workflow("workflow_of_tag", "Case 53: the allowed workflow runs on a branch, and the signer ran on a tag of its name.", "https://github.com/org/repo/.github/workflows/ci.yml@refs/tags/main", WORKFLOW),
        workflow("workflow_of_pull_request", "Case 53: the allowed workflow runs on a branch, and the signer ran for a pull request from a fork.", "https://github.com/org/repo/.github/workflows/ci.yml@refs/pull/7/merge", "https://github.com/org/repo/.github/workflows/*@refs/heads/main"),
        good("workflow_by_pattern", "Case 53, passing: a pattern allows each workflow of a repository on its main branch.", workflow_commit(WORKFLOW)).allowed("https://github.com/org/repo/.github/workflows/*@refs/heads/* https://issuer.example instance=vectors\n"),
        untrusted("other_issuer", "Case 54: the identity is allowed as another issuer's.", commit()).allowed("alice@example.com https://other.example instance=vectors\n"),
        untrusted("issuer_with_final_slash", "Case 53: the allowed issuer ends in a slash.", commit()).allowed("alice@example.com https://issuer.example/ instance=vectors\n"),
        untrusted("issuer_omitted", "Case 54: the file of allowed identities omits the issuer, which is an error of the file: nobody is allowed.", commit()).allowed("alice@example.com\n"),
        untrusted("issuer_pattern", "Case 54: the file of allowed identities has a pattern for an issuer, which is an error of the file.", commit()).allowed("alice@example.com https://* instance=vectors\n"),
        untrusted("unknown_option", "Case 55: a line of the allowed identities has an unknown option, which is an error of the file.", commit()).allowed("alice@example.com https://issuer.example instance=vectors valid_before=2024-01-01T00:00:00Z\n"),
        untrusted("nobody_allowed", "Case 55: the file of allowed identities is empty, and allows nobody.", commit()).allowed("# nobody\n"),
        untrusted("other_instance", "Case 60: the identity is allowed for the public instance, and the signature is of another.", commit()).allowed("alice@example.com https://issuer.example\n"),
        untrusted("allowed_until", "Case 60: the identity was allowed until a second before the signature was made.", commit()).allowed("alice@example.com https://issuer.example instance=vectors valid-before=2025-03-01T11:59:59Z\n"),
        untrusted("allowed_from", "Case 60: the identity is allowed from a second after the signature was made.", commit()).allowed("alice@example.com https://issuer.example instance=vectors valid-after=2025-03-01T12:00:01Z\n"),
        untrusted("allowed_for_tags", "Case 60: the identity may sign tags, and this is a commit.", commit()).allowed("alice@example.com https://issuer.example instance=vectors for=tag\n"),
        good("allowed_by_second_line", "Case 60, passing: the first line that names the identity is of another time, and the second allows it.", commit()).allowed("alice@example.com https://issuer.example instance=vectors valid-before=2025-01-01T00:00:00Z\nalice@example.com https://issuer.example instance=vectors for=commit\n"),
    ]
}
