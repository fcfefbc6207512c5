//! Random histories and policies from small worlds, in which everything that the semantics names happens often.

use super::{
    memory::id_of,
    model::{Commit, Entry, Model, Root, Signature, Tag, Target, Update},
};
use fastrand::Rng;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const PATHS: [&str; 9] = ["a", "src/x", "src/crypto/k", "SRC/crypto/K", "docs/d", "src/crypto./l", ".paraph/notes", ".PARAPH/x", "lib"];
const ACTIONS: [&str; 6] = ["commit", "contribute", "merge", "tag", "push", "release"];
pub(super) const REFS: [&str; 3] = ["refs/heads/main", "refs/heads/topic/a", "refs/heads/release"];
const REF_LISTS: [&str; 5] = [r#""refs/heads/main""#, r#""refs/heads/topic/**""#, r#""refs/heads/*""#, r#""refs/tags/v*""#, r#""refs/**""#];
const PATH_LISTS: [&str; 4] = [r#""src/crypto/**""#, r#""docs/*", "lib/**""#, r#""**/x""#, r#"".paraph/**""#];
const NAMES: [&str; 8] = ["alice", "bob", "carol", "dora", "key", "robot", "r1", "r2"];
const IDENTITIES: &str = r#"
[identities.carol]
subject = "carol@example.com"
issuer = "https://issuer.example"
from = 1970-01-01T00:01:40Z
until = "1970-01-01T00:03:20Z"
[identities.alice]
subject = "alice@Example.com"
issuer = "https://issuer.example"
[identities.bob]
subject = "bob@example.com"
issuer = "https://issuer.example"
instance = "corp"
[[identities.dora]]
subject = "*@example.org"
issuer = "https://issuer.example"
[[identities.dora]]
subject = "carol@example.com"
issuer = "https://issuer.example"
[identities.key]
openpgp = "0123456789abcdef0123456789abcdef01234567"
[identities.robot]
subject = "https://ci.example/*/w@refs/heads/*"
issuer = "https://issuer.example"
claims = { buildTrigger = "push" }
[roles]
r1 = ["alice", "bob"]
r2 = ["carol", "dora", "key"]
"#;

/// A list of names.
fn list(rng: &mut Rng) -> String {
    match rng.u8(0..8) {
        0 => "[]".into(),
        1 => r#"["all"]"#.into(),
        _ => {
            let names: Vec<String> = NAMES.iter().filter(|_| rng.u8(0..3) == 0).map(|name| format!("\"{name}\"")).collect();
            format!("[{}]", names.join(", "))
        }
    }
}

/// A policy file, mostly one without an error.
pub(super) fn policy(rng: &mut Rng, commits: usize) -> String {
    let mut text = String::from("version = 1\n");
    if rng.u8(0..10) > 0 {
        text += &format!("policy = {}\n", if rng.bool() { r#"["r1", "carol"]"#.into() } else { list(rng) });
        if rng.u8(0..3) == 0 {
            text += "policy-threshold = 2\n";
        }
    }
    if rng.u8(0..5) == 0 {
        text += &format!("start = \"{}\"\n", id_of(rng.usize(0..commits + 1)));
    }
    text += IDENTITIES;
    for index in 0..rng.u8(0..5) {
        text += &format!("[[rules]]\nname = \"rule-{index}\"\n");
        if rng.bool() {
            text += &format!("refs = [{}]\n", rng.choice(REF_LISTS).unwrap_or_default());
        }
        let has_paths = rng.u8(0..3) == 0;
        if has_paths {
            text += &format!("paths = [{}]\n", rng.choice(PATH_LISTS).unwrap_or_default());
        }
        for action in ACTIONS.iter().take(if has_paths { 3 } else { 6 }) {
            if rng.u8(0..3) > 0 {
                text += &format!("{action} = {}\n", list(rng));
                if *action == "tag" && rng.u8(0..4) == 0 {
                    text += "tag-threshold = 2\n";
                }
            }
        }
        if !has_paths && rng.u8(0..3) == 0 {
            text += &format!("rewrite = {}\n", rng.bool());
        }
        if rng.u8(0..4) == 0 {
            text += "mode = \"warn\"\n";
        }
    }
    text
}

/// A signature by one of few.
pub(super) fn signature(rng: &mut Rng) -> Signature {
    let certificate = |subject: &str, instance: &str, trigger: &str, time: i64| Signature::Certificate {
        subject: subject.into(),
        is_email: !subject.contains("://"),
        issuer: "https://issuer.example".into(),
        instance: instance.into(),
        claims: BTreeMap::from([("buildTrigger".into(), trigger.into())]),
        times: vec![time],
    };
    match rng.u8(0..16) {
        0 => Signature::None,
        1 => Signature::Bad,
        2..=6 => certificate("alice@example.com", "public", "", 5),
        7..=8 => certificate("bob@example.com", "corp", "", 5),
        9 => certificate("bob@example.com", "public", "", 5),
        10 => certificate("carol@example.com", "public", "", 150),
        11 => certificate("carol@example.com", "public", "", 200),
        12 => certificate("someone@example.org", "public", "", 5),
        13 => certificate("https://ci.example/repo/w@refs/heads/main", "public", if rng.bool() { "push" } else { "schedule" }, 5),
        14 => certificate("eve@example.com", "public", "", 5),
        _ => Signature::Key { is_openpgp: true, fingerprint: "0123456789ABCDEF0123456789ABCDEF01234567".into() },
    }
}

/// A case: a repository, and what is asked about it.
#[derive(Debug)]
pub(super) struct Case {
    pub model: Model,
    pub root: Root,
    pub judge_since: Vec<usize>,
    pub tip: usize,
    pub reference: Option<String>,
}

/// A random case.
pub(super) fn case(rng: &mut Rng) -> Case {
    let count = rng.usize(1..26);
    let pool: Vec<String> = (0..rng.usize(1..4)).map(|_| policy(rng, count)).collect();
    let mut model = Model::default();
    for index in 0..count {
        let commit = commit(rng, &model, index, &pool);
        model.commits.push(commit);
    }
    let main = rng.usize(0..count);
    model.head = Some(REFS[0].to_owned()).filter(|_| rng.u8(0..10) > 0);
    model.refs.insert(REFS[rng.usize(0..2)].to_owned(), Target::Commit(main));
    for _ in 0..rng.usize(0..4) {
        let digest = hex::encode(Sha256::digest(rng.choice(&pool).map(String::as_bytes).unwrap_or_default()));
        approve(rng, &mut model, &digest);
    }
    let root = match rng.u8(0..4) {
        0 => Root::Digest(Sha256::digest(pool[0].as_bytes()).into()),
        _ => Root::Commit(rng.usize(0..count.min(4))),
    };
    let judge_since = (0..count).filter(|_| rng.u8(0..60) == 0).collect();
    let reference = rng.choice(REFS).map(str::to_owned).filter(|_| rng.u8(0..5) > 0);
    Case { tip: rng.usize(count / 2..count), model, root, judge_since, reference }
}

fn commit(rng: &mut Rng, model: &Model, index: usize, pool: &[String]) -> Commit {
    let mut parents = Vec::new();
    let wanted = match rng.u8(0..20) {
        _ if index == 0 => 0,
        0 => 0,
        1..=5 => 2,
        6 => 3,
        _ => 1,
    };
    for position in 0..wanted {
        let near = index.saturating_sub(1 + usize::from(rng.u8(0..3)));
        let parent = if position == 0 && rng.u8(0..3) > 0 { near } else { rng.usize(0..index) };
        if !parents.contains(&parent) {
            parents.push(parent);
        }
    }
    let mut tree = parents.first().map(|parent| model.commits[*parent].tree.clone()).unwrap_or_default();
    for parent in parents.iter().skip(1) {
        for (path, entry) in &model.commits[*parent].tree {
            if rng.u8(0..3) > 0 {
                tree.insert(path.clone(), entry.clone());
            }
        }
    }
    for _ in 0..rng.u8(0..3) {
        let path = rng.choice(PATHS).unwrap_or_default().as_bytes().to_vec();
        match rng.u8(0..5) {
            0 => drop(tree.remove(&path)),
            1 => drop(tree.insert(path, Entry::Link("x".into()))),
            2 => drop(tree.insert(path, Entry::Submodule(index.to_string()))),
            _ => drop(tree.insert(path, Entry::File(rng.u8(0..4).to_string()))),
        }
    }
    let policy = b".paraph/policy.toml".to_vec();
    let text = rng.choice(pool).cloned().unwrap_or_default();
    match rng.u8(0..30) {
        _ if index == 0 => drop(tree.insert(policy, Entry::File(pool[0].clone()))),
        0 => drop(tree.remove(&policy)),
        1 => drop(tree.insert(policy, Entry::Link("x".into()))),
        2 => drop(tree.insert(policy, Entry::File("version = 2\n".into()))),
        3 => drop(tree.insert(policy, Entry::Executable(text))),
        4..=9 => drop(tree.insert(policy, Entry::File(text))),
        _ => {}
    }
    Commit { parents, tree, signature: signature(rng) }
}

/// Adds a tag that approves this digest, or almost.
fn approve(rng: &mut Rng, model: &mut Model, digest: &str) {
    let name = format!("paraph-approval/{digest}/n{}", rng.u8(0..4));
    let tag = Tag {
        name: if rng.u8(0..10) == 0 { "other".into() } else { name.clone() },
        target: Target::Commit(rng.usize(0..model.commits.len())),
        message: if rng.u8(0..10) == 0 { format!("x{digest}\n") } else { format!("Approved\n\n{digest}\n") },
        bytes: name.clone().into_bytes(),
        signature: signature(rng),
    };
    model.tags.push(tag);
    model.refs.insert(format!("refs/tags/{name}"), Target::Tag(model.tags.len() - 1));
}

/// Refs that a push moves; new tags become part of the model.
pub(super) fn updates(rng: &mut Rng, model: &mut Model) -> Vec<Update> {
    let mut updates: Vec<Update> = Vec::new();
    for _ in 0..rng.usize(1..4) {
        let reference = match rng.u8(0..12) {
            0..=5 => rng.choice(REFS).unwrap_or_default().to_owned(),
            6..=8 => format!("refs/tags/v{}", rng.u8(0..3)),
            9 => rng.choice(["refs/paraph/pushes", "refs/replace/x", "refs/notes/x"]).unwrap_or_default().to_owned(),
            _ => {
                let known: Vec<String> = model.refs.keys().filter(|name| name.contains("approval")).cloned().collect();
                let new = format!("refs/tags/paraph-approval/{}/n{}", hex::encode([rng.u8(..); 32]), rng.u8(0..4));
                if rng.bool() { rng.choice(known).unwrap_or(new) } else { new }
            }
        };
        if updates.iter().any(|update| update.reference == reference) {
            continue;
        }
        let old = model.refs.get(&reference).copied();
        let new = match rng.u8(0..12) {
            0 if old.is_some() => None,
            1 => Some(Target::Other),
            _ if reference.starts_with("refs/tags/") && rng.u8(0..6) > 0 => Some(tag(rng, model, &reference)),
            _ => Some(Target::Commit(rng.usize(0..model.commits.len()))),
        };
        // a ref is moved or made, and never left where it is
        if new != old {
            updates.push(Update { reference, old, new });
        }
    }
    updates
}

fn tag(rng: &mut Rng, model: &mut Model, reference: &str) -> Target {
    let name = reference.trim_start_matches("refs/tags/").to_owned();
    let target = match rng.u8(0..8) {
        0 if !model.tags.is_empty() => Target::Tag(rng.usize(0..model.tags.len())),
        1 => Target::Other,
        _ => Target::Commit(rng.usize(0..model.commits.len())),
    };
    let digest = name.split('/').nth(1).unwrap_or_default().to_owned();
    let bytes = format!("{name} {}", rng.u8(..)).into_bytes();
    model.tags.push(Tag { name, target, message: format!("Subject\n\n{digest}\n"), bytes, signature: signature(rng) });
    Target::Tag(model.tags.len() - 1)
}
