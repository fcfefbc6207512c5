//! Single changes of a good commit: a bit of every byte flipped and each part left out, in every layer. All are refused, but for those
//! listed here with why they are harmless.

use crate::{
    case::{Case, cases},
    library::library_cell,
};
use paraph::{
    internals::{evidence::entry::TransparencyLogEntry, signature::armor},
    object::{Commit, ObjectFormat},
};
use paraph_vectors::{
    der::{Content, Node},
    recipe::commit,
};
use prost::Message;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What no signature covers, by the names that the mutations have here, and why it may change.
const UNCOVERED: [(&str, &str); 4] = [
    ("v2_ok entry: integrated_time", "Rekor v2 tells no time: without a promise the field is not read"),
    ("v2_ok token.3", "the token's certificates: one that its signer does not name is passed over, and the trusted root has the right one"),
    ("v1_with_timestamp_ok token.3", "the same"),
    ("v1_with_timestamp_ok signer.6.1", "the attribute with the token: where it is missing the promise tells the time"),
];

/// The signer's place in the tree of the CMS.
const SIGNER: &str = "1.0.4.0";
/// The timestamp token's SignedData below the signer, in a commit of Rekor v2.
const TOKEN: &str = ".6.1.1.0.1.0";

#[test]
fn every_change_of_a_good_commit_is_refused() {
    let cases = cases();
    let mut accepted: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for name in ["v1_ok", "v2_ok", "v1_with_timestamp_ok"] {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let mutants = mutants(&case.object);
        count += mutants.len();
        let survivors: Vec<String> = mutants
            .into_par_iter()
            .filter(|(_, object)| *object != case.object)
            .filter(|(_, object)| library_cell(&Case { object: object.clone(), ..case.clone() }) == case.library)
            .map(|(label, _)| format!("{name} {label}"))
            .collect();
        for label in survivors {
            *accepted.entry(label).or_default() += 1;
        }
    }
    assert!(count > 3000, "{count}");
    for (part, _) in UNCOVERED {
        let before = accepted.len();
        accepted.retain(|label, _| !label.strip_prefix(part).is_some_and(|rest| rest.starts_with(['.', ' '])));
        assert!(accepted.len() < before, "{part} is listed, and every change of it is refused");
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
}

/// Each mutant with a name: the same name for all changes of one part.
fn mutants(object: &[u8]) -> Vec<(String, Vec<u8>)> {
    let signed = Commit::parse(object, ObjectFormat::Sha1).unwrap().signed;
    let cms = armor::decode(&signed.signature).unwrap();
    let with_cms = |cms: &[u8]| commit(&signed.payload, &armor::encode(cms));
    let mut mutants = object_mutants(object);
    let tree = Node::parse(&cms);
    for path in tree.paths() {
        let label = name_of(&path);
        let (last, parents) = path.split_last().unwrap();
        let mut without = tree.clone();
        without.at(parents).children().remove(*last);
        mutants.push((format!("{label} left out"), with_cms(&without.to_der())));
        let mut same = tree.clone();
        if let Content::Primitive(bytes) = &same.at(&path).content {
            for index in 0..bytes.len() {
                let mut flipped = tree.clone();
                let Content::Primitive(bytes) = &mut flipped.at(&path).content else { panic!("a primitive") };
                bytes[index] ^= 1;
                let part = if is_entry(&tree, &path) { changed_field(&entry_of(&tree, &path), bytes) } else { label.clone() };
                mutants.push((format!("{part} flipped"), with_cms(&flipped.to_der())));
            }
        }
        if is_entry(&tree, &path) {
            for (field, entry) in entry_mutants(&TransparencyLogEntry::decode(entry_of(&tree, &path).as_slice()).unwrap()) {
                let mut changed = tree.clone();
                changed.at(&path).content = Content::Primitive(entry.encode_to_vec());
                mutants.push((format!("entry: {field}"), with_cms(&changed.to_der())));
            }
        }
    }
    mutants
}

/// Lines of the object changed, left out and doubled.
fn object_mutants(object: &[u8]) -> Vec<(String, Vec<u8>)> {
    let lines: Vec<&[u8]> = object.split_inclusive(|byte| *byte == b'\n').collect();
    let joined =
        |change: &dyn Fn(usize, &[u8]) -> Vec<u8>| lines.iter().enumerate().flat_map(|(at, line)| change(at, line)).collect::<Vec<u8>>();
    let mut mutants = Vec::new();
    for target in 0..lines.len() {
        mutants.push((format!("line {target} left out"), joined(&|at, line| if at == target { Vec::new() } else { line.to_vec() })));
        mutants.push((format!("line {target} doubled"), joined(&|at, line| if at == target { line.repeat(2) } else { line.to_vec() })));
    }
    let mut start = 0;
    let base64 = lines.iter().flat_map(|line| {
        let inner = line.starts_with(b" ") && !line.starts_with(b" -");
        start += line.len();
        // a bit of base64 is a bit of the CMS, which has mutants of its own
        if inner { start - line.len() + 1..start - 1 } else { 0..0 }
    });
    let base64: BTreeSet<usize> = base64.collect();
    for index in (0..object.len()).filter(|index| !base64.contains(index)) {
        let mut flipped = object.to_vec();
        flipped[index] ^= 1;
        mutants.push((format!("byte {index} flipped"), flipped));
    }
    mutants
}

fn name_of(path: &[usize]) -> String {
    let dotted = path.iter().map(usize::to_string).collect::<Vec<_>>().join(".");
    match dotted.strip_prefix(SIGNER) {
        Some(rest) => rest.strip_prefix(TOKEN).map_or(format!("signer{rest}"), |rest| format!("token{rest}")),
        None => dotted,
    }
}

/// Whether a path leads to the octet string with the log entry: the only one in the signer's unsigned attributes that stands so deep.
fn is_entry(tree: &Node, path: &[usize]) -> bool {
    let mut tree = tree.clone();
    matches!(path, [1, 0, 4, 0, 6, _, 1, 0]) && tree.at(path).tag == 4
}

fn entry_of(tree: &Node, path: &[usize]) -> Vec<u8> {
    match &tree.clone().at(path).content {
        Content::Primitive(bytes) => bytes.clone(),
        Content::Constructed(_) => panic!("no octet string"),
    }
}

/// Which field of the entry a changed byte belongs to, as far as it still decodes.
fn changed_field(before: &[u8], after: &[u8]) -> String {
    let (before, Ok(after)) = (TransparencyLogEntry::decode(before).unwrap(), TransparencyLogEntry::decode(after)) else {
        return "entry".into();
    };
    let mut fields = Vec::new();
    for (name, differs) in [
        ("log_index", before.log_index != after.log_index),
        ("log_id", before.log_id != after.log_id),
        ("kind_version", before.kind_version != after.kind_version),
        ("integrated_time", before.integrated_time != after.integrated_time),
        ("inclusion_promise", before.inclusion_promise != after.inclusion_promise),
        ("inclusion_proof", before.inclusion_proof != after.inclusion_proof),
        ("canonicalized_body", before.canonicalized_body != after.canonicalized_body),
    ] {
        if differs {
            fields.push(name);
        }
    }
    format!("entry: {}", fields.join(", "))
}

fn entry_mutants(entry: &TransparencyLogEntry) -> Vec<(String, TransparencyLogEntry)> {
    let mut mutants: Vec<(String, TransparencyLogEntry)> = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut TransparencyLogEntry)| {
        let mut changed = entry.clone();
        change(&mut changed);
        if changed != *entry {
            mutants.push((name.into(), changed));
        }
    };
    add("log_index left out", &|entry| entry.log_index = 0);
    add("log_id left out", &|entry| entry.log_id = None);
    add("kind_version left out", &|entry| entry.kind_version = None);
    add("kind left out", &|entry| entry.kind_version.as_mut().unwrap().kind.clear());
    add("version left out", &|entry| entry.kind_version.as_mut().unwrap().version.clear());
    add("integrated_time left out", &|entry| entry.integrated_time = 0);
    add("integrated_time put in", &|entry| entry.integrated_time += 1);
    add("inclusion_promise left out", &|entry| entry.inclusion_promise = None);
    add("inclusion_promise put in", &|entry| entry.inclusion_promise.get_or_insert_default().signed_entry_timestamp.push(1));
    add("inclusion_proof left out", &|entry| entry.inclusion_proof = None);
    add("canonicalized_body put in", &|entry| entry.canonicalized_body = b"{}".to_vec());
    add("proof: log_index left out", &|entry| entry.inclusion_proof.as_mut().unwrap().log_index = 0);
    add("proof: root_hash left out", &|entry| entry.inclusion_proof.as_mut().unwrap().root_hash.clear());
    add("proof: tree_size left out", &|entry| entry.inclusion_proof.as_mut().unwrap().tree_size = 0);
    add("proof: checkpoint left out", &|entry| entry.inclusion_proof.as_mut().unwrap().checkpoint = None);
    for index in 0..entry.inclusion_proof.as_ref().unwrap().hashes.len() {
        add("proof: hash left out", &|entry| {
            entry.inclusion_proof.as_mut().unwrap().hashes.remove(index);
        });
    }
    let note = &entry.inclusion_proof.as_ref().unwrap().checkpoint.as_ref().unwrap().envelope;
    for index in 0..note.lines().count() {
        add(&format!("checkpoint: line {index} left out"), &|entry| {
            let note = &mut entry.inclusion_proof.as_mut().unwrap().checkpoint.as_mut().unwrap().envelope;
            *note = note.lines().enumerate().filter(|(at, _)| *at != index).map(|(_, line)| format!("{line}\n")).collect();
        });
    }
    mutants
}
