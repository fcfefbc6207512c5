//! Two of the three entry points: the program as git calls it, and `paraph verify` in a repository. The third is in `library.rs`.

use super::{
    case::{Case, Cell},
    library::{NOW, signed},
};
use crate::support::sandbox::{Done, Sandbox};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::Path};

/// Stores the log entries of a vector where the program stores those that it looked up.
fn keep_entries(sandbox: &Sandbox, case: &Case) {
    let Some(entries) = &case.entries else { return };
    let name = hex::encode(Sha256::digest(&signed(case).unwrap().logged_ids()[0].id));
    let folder = sandbox.kept_entries().join(&name[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&name[2..]), entries).unwrap();
}

/// The verdict when git calls the program. Where git cannot see the defect, it calls no program, or the verdict is good.
pub fn git_cell(case: &Case) -> Cell {
    // a tag's ids must have the repository's format
    let sandbox = if case.kind == "tag" { Sandbox::with_repository() } else { Sandbox::new() };
    configure(&sandbox, &case.trusted_root, &case.allowed_identities);
    keep_entries(&sandbox, case);
    let object = case.replacement.as_ref().unwrap_or(&case.object);
    let Some((payload, signature)) = git_split(case.kind, object) else { return Cell::NotVisible };
    let file = sandbox.root().join("signature");
    fs::write(&file, signature).unwrap();
    let done = sandbox.paraph_with(&["--status-fd=1", "--verify", file.to_str().unwrap(), "-"], &payload);
    match status_cell(case, &done) {
        good if case.git == Cell::NotVisible && good == Cell::judged("good", "-") => Cell::NotVisible,
        cell => cell,
    }
}

/// The verdict of a status block, and the reason in the sentences beside it.
fn status_cell(case: &Case, done: &Done) -> Cell {
    let words: Vec<&str> = done.stdout.lines().filter_map(|line| line.strip_prefix("[GNUPG:] ")?.split(' ').next()).collect();
    let reason = done
        .stderr
        .split_once(" [")
        .and_then(|(_, rest)| rest.split_once("]."))
        .map(|(id, _)| id)
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    let rules: Vec<&str> = done
        .stderr
        .lines()
        .filter(|line| line.starts_with("paraph: This needed a legacy rule: "))
        .filter_map(|line| line.strip_suffix("].")?.rsplit_once(" [").map(|(_, id)| id))
        .collect();
    let cell = match (words.as_slice(), done.code, reason) {
        (["NEWSIG", "ERRSIG", "NO_PUBKEY", "TRUST_UNDEFINED"], Some(1), _) if !rules.is_empty() => Cell::judged("legacy", rules.join(",")),
        (["NEWSIG", "GOODSIG", "VALIDSIG", "TRUST_FULLY"], Some(0), None) => Cell::judged("good", "-"),
        (["NEWSIG", "GOODSIG", "VALIDSIG", "TRUST_UNDEFINED"], Some(0), None) => Cell::judged("untrusted", "-"),
        (["NEWSIG", "BADSIG", "TRUST_NEVER"], Some(1), Some(reason)) => Cell::judged("bad", reason),
        // a trust root that cannot be used leaves the signature unchecked
        (["NEWSIG", "ERRSIG", "NO_PUBKEY", "TRUST_UNDEFINED"], Some(1), None)
            if done.stderr.starts_with("error: the trust root ") && done.stderr.contains(" cannot be used: ")
                || done.stderr.contains(" is not a trusted root: ") =>
        {
            Cell::judged("refused", "trusted-root")
        }
        (["NEWSIG", "ERRSIG", "NO_PUBKEY", "TRUST_UNDEFINED"], Some(1), Some(reason)) => {
            let opening = [("Not signed", "unsigned"), ("Not judged", "other"), ("could not be checked", "unchecked")];
            let verdict = opening.iter().find(|(words, _)| done.stderr.contains(words)).map(|(_, verdict)| *verdict);
            Cell::judged(verdict.unwrap_or("no verdict"), reason)
        }
        _ => Cell::judged("unexpected", format!("{done:?}")),
    };
    // text from outside never makes a line of its own
    assert!(!done.stderr.contains("[GNUPG:]") && !done.stderr.contains('\u{1b}'), "{}: {}", case.name, done.stderr);
    cell
}

/// Payload and signature as git splits them in a SHA-1 repository (`commit.c` and `gpg-interface.c`); `None` where it calls no program.
fn git_split(kind: &str, object: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if kind != "commit" {
        return git_split_body(object);
    }
    let (mut payload, mut signature) = (Vec::new(), Vec::new());
    let (mut in_signature, mut in_other, mut saw) = (false, false, false);
    let mut rest = object;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let value = match line {
            [b' ', value @ ..] if in_signature => Some(value),
            _ => line.strip_prefix(b"gpgsig ").inspect(|_| in_other = false),
        };
        if let Some(value) = value {
            signature.extend(value);
            saw = true;
        } else {
            if line.starts_with(b"gpgsig") {
                in_other = true;
            } else if line[0] != b' ' {
                in_other = false;
            }
            if line == b"\n" {
                payload.extend(rest);
                break;
            }
            if !in_other {
                payload.extend(line);
            }
        }
        in_signature = value.is_some();
        rest = after;
    }
    saw.then_some((payload, signature))
}

/// A tag's or push certificate's payload ends before the last line that begins a signature of a known kind.
fn git_split_body(object: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    const BEGIN: [&[u8]; 4] = [
        b"-----BEGIN SIGNED MESSAGE-----",
        b"-----BEGIN PGP SIGNATURE-----",
        b"-----BEGIN PGP MESSAGE-----",
        b"-----BEGIN SSH SIGNATURE-----",
    ];
    let mut starts = (0..object.len()).filter(|at| *at == 0 || object[at - 1] == b'\n');
    let last = starts.rfind(|at| BEGIN.iter().any(|begin| object[*at..].starts_with(begin)))?;
    Some((without_signature_headers(&object[..last]), object[last..].to_vec()))
}

/// git strips the signature headers of both formats from a tag too (`remove_signature`).
fn without_signature_headers(payload: &[u8]) -> Vec<u8> {
    let (mut kept, mut in_signature, mut rest) = (Vec::new(), false, payload);
    while !rest.is_empty() && rest[0] != b'\n' {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let begins = [&b"gpgsig "[..], b"gpgsig-sha256 "].iter().any(|name| line.starts_with(name));
        in_signature = begins || in_signature && line[0] == b' ';
        if !in_signature {
            kept.extend(line);
        }
        rest = after;
    }
    kept.extend(rest);
    kept
}

pub fn configure(sandbox: &Sandbox, trusted_root: &Path, allowed_identities: &Path) {
    let program = env!("CARGO_BIN_EXE_paraph");
    let text = format!(
        "[gpg]\n\tprogram = {program}\n[gpg \"x509\"]\n\tprogram = {program}\n[gpg \"ssh\"]\n\tprogram = {program}\n\
         [paraph]\n\tinstance = vectors\n\tallowedIdentities = {}\n[paraph \"vectors\"]\n\ttrustedRoot = {}\n",
        allowed_identities.display(),
        trusted_root.display()
    );
    fs::write(sandbox.home().join(".gitconfig"), text).unwrap();
}

/// A repository that holds every vector.
pub struct Prepared<'a> {
    sandbox: Sandbox,
    groups: Vec<Vec<(&'a Case, String)>>,
}

impl<'a> Prepared<'a> {
    pub fn new(cases: &'a [Case]) -> Self {
        let sandbox = Sandbox::with_repository();
        sandbox.store("tree", b"");
        let mut groups: BTreeMap<_, Vec<(&Case, String)>> = BTreeMap::new();
        for kind in ["commit", "tag"] {
            let of_kind: Vec<&Case> = cases.iter().filter(|case| case.kind == kind).collect();
            let ids = store(&sandbox, kind, of_kind.iter().map(|case| case.object.as_slice()));
            for (case, id) in of_kind.into_iter().zip(ids) {
                if let Some(replacement) = &case.replacement {
                    let by = sandbox.store(kind, replacement);
                    sandbox.git(&["update-ref", &format!("refs/replace/{id}"), &by]);
                }
                if let Some(reference) = &case.reference {
                    sandbox.git(&["update-ref", reference, &id]);
                }
                groups.entry((&case.trusted_root, &case.allowed_identities)).or_default().push((case, id));
            }
        }
        Self { sandbox, groups: groups.into_values().collect() }
    }

    /// The vectors with their object ids, grouped by trust root and policy.
    pub fn groups(&self) -> &[Vec<(&'a Case, String)>] {
        &self.groups
    }

    /// The verdicts of `paraph verify` on a group.
    pub fn verify(&self, group: &[(&'a Case, String)]) -> Vec<(&'a Case, Cell)> {
        let home = Sandbox::new();
        let (first, _) = &group[0];
        configure(&home, &first.trusted_root, &first.allowed_identities);
        group.iter().for_each(|(case, _)| keep_entries(&home, case));
        let revisions: String = group.iter().map(|(case, id)| format!("{}\n", case.reference.as_ref().unwrap_or(id))).collect();
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_paraph"), &self.sandbox.work());
        command.env("HOME", home.home()).args(["verify", "--json", "--stdin", "--at", NOW]);
        let done = self.sandbox.feed(&mut command, revisions.as_bytes());
        if done.code == Some(7) {
            assert_eq!(done.stdout, "", "{}", first.name);
            return group.iter().map(|(case, _)| (*case, Cell::judged("refused", "trusted-root"))).collect();
        }
        let lines: Vec<serde_json::Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), group.len(), "{}: {}", first.name, done.stderr);
        let cell = |line: &serde_json::Value| {
            let legacy =
                line["legacy"].as_array().map(|reasons| reasons.iter().map(|id| id.as_str().unwrap()).collect::<Vec<_>>().join(","));
            let reason = line["reason"].as_str().map(str::to_owned).or(legacy);
            Cell::judged(line["verdict"].as_str().unwrap(), reason.unwrap_or_else(|| "-".into()))
        };
        group
            .iter()
            .zip(&lines)
            .map(|((case, id), line)| {
                assert_eq!(line["oid"].as_str(), Some(id.as_str()), "{}", case.name);
                (*case, cell(line))
            })
            .collect()
    }

    /// The difference where the real git calls the program for a vector; `None` where there is none.
    pub fn git_itself(&self, case: &Case) -> Option<String> {
        let (_, id) = self.groups.iter().flatten().find(|(other, _)| other.name == case.name)?;
        let home = Sandbox::new();
        configure(&home, &case.trusted_root, &case.allowed_identities);
        keep_entries(&home, case);
        let subcommand = if case.kind == "tag" { "verify-tag" } else { "verify-commit" };
        let mut command = self.sandbox.command("git", &self.sandbox.work());
        let done: Done =
            command.env("HOME", home.home()).env("GIT_NO_REPLACE_OBJECTS", "1").args([subcommand, "--raw", id]).output().unwrap().into();
        let block: Vec<&str> =
            done.stderr.lines().filter(|line| line.starts_with("[GNUPG:] ")).map(|line| line.split(' ').nth(1).unwrap()).collect();
        let Cell::Judged { verdict, .. } = &case.git else { panic!("{}", case.name) };
        let expected: &[&str] = match verdict.as_str() {
            "good" => &["NEWSIG", "GOODSIG", "VALIDSIG", "TRUST_FULLY"],
            "untrusted" => &["NEWSIG", "GOODSIG", "VALIDSIG", "TRUST_UNDEFINED"],
            "bad" => &["NEWSIG", "BADSIG", "TRUST_NEVER"],
            _ => &["NEWSIG", "ERRSIG", "NO_PUBKEY", "TRUST_UNDEFINED"],
        };
        let succeeds = matches!(verdict.as_str(), "good" | "untrusted");
        (block != expected || succeeds != (done.code == Some(0))).then(|| format!("{}: {done:?}", case.name))
    }
}

/// Stores objects without git's checks, and returns their ids.
fn store<'b>(sandbox: &Sandbox, kind: &str, objects: impl Iterator<Item = &'b [u8]>) -> Vec<String> {
    let mut paths = String::new();
    for (index, object) in objects.enumerate() {
        let path = sandbox.root().join(format!("{kind}-{index}"));
        fs::write(&path, object).unwrap();
        paths += &format!("{}\n", path.display());
    }
    let mut command = sandbox.command("git", &sandbox.work());
    let done =
        sandbox.feed(command.args(["hash-object", "-t", kind, "-w", "--literally", "--stdin-paths", "--no-filters"]), paths.as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    done.stdout.lines().map(str::to_owned).collect()
}
