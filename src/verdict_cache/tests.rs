use super::*;
use crate::{
    object::ObjectFormat,
    policy::{AllowedIdentities, Policy},
    report::{Report, sentences},
    trust::Instance,
    verify::Verifier,
};

const NOW: &str = "2026-01-01T00:00:00Z";
const ID: &[u8] = b"0123456789012345678901234567890123456789";

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn roots() -> Vec<TrustRoot> {
    let json = std::fs::read(vectors("trusted_root.json")).unwrap();
    vec![TrustRoot::from_json(&json, Instance::named("vectors").unwrap(), "vectors").unwrap()]
}

fn verified(vector: &str) -> Verified {
    let object = std::fs::read(vectors(vector).join("commit")).unwrap();
    Verifier::new(roots(), NOW.parse().unwrap()).verify_commit(&object, ObjectFormat::Sha1).unwrap()
}

fn open_at(folder: &Path, roots: &[TrustRoot], now: &str) -> VerdictCache {
    let (cache, remark) = VerdictCache::open(folder, roots, now.parse().unwrap());
    assert!(remark.is_none(), "{}", remark.unwrap());
    cache
}

fn open(folder: &Path) -> VerdictCache {
    open_at(folder, &roots(), NOW)
}

/// All that is reported about a result, under each policy that can decide on it.
fn told(verification: impl Into<Verification>) -> String {
    let allowed = std::fs::read_to_string(vectors("allowed-identities")).unwrap();
    let allowed = Some(AllowedIdentities::parse(&allowed).unwrap());
    let verification = verification.into();
    let policies = [
        Policy::default(),
        Policy { allowed: allowed.clone(), ..Policy::default() },
        Policy { allowed: allowed.clone(), match_committer: true, ..Policy::default() },
        Policy { allowed, expected: Some(Vec::new()), ..Policy::default() },
    ];
    let told = policies.iter().map(|policy| {
        let judgement = policy.judge(Ok(verification.clone()));
        format!("{}\n{:?}\n", serde_json::to_string(&Report::new(None, &judgement)).unwrap(), sentences(&judgement))
    });
    format!("{verification:?}\n{}", told.collect::<String>())
}

/// A folder with a cache that holds these results, and its file.
fn stored(results: &[(&[u8], &Verified)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path());
    results.iter().for_each(|(id, verified)| cache.insert(id, verified));
    let path = cache.path.clone();
    cache.finish().unwrap();
    (folder, path)
}

#[test]
fn a_restored_result_is_reported_word_for_word_as_the_fresh_one() {
    for vector in ["v1_ok", "v2_ok"] {
        let fresh = verified(vector);
        let (folder, _) = stored(&[(ID, &fresh)]);
        assert_eq!(told(open(folder.path()).get(ID).unwrap()), told(fresh), "{vector}");
    }
}

#[test]
fn each_part_of_the_key_counts() {
    let (folder, _) = stored(&[(ID, &verified("v1_ok"))]);
    let folder = folder.path();
    assert!(open(folder).get(ID).is_some());
    assert!(open(folder).get(&ID[1..]).is_none() && open(folder).get(b"").is_none(), "another object");
    // what changes a root changes its digest: see there
    let mut other = roots();
    other[0].instance = Instance::named("other").unwrap();
    assert!(open_at(folder, &other, NOW).get(ID).is_none(), "another instance");
    let mut other = roots();
    other[0].logs.pop();
    assert!(open_at(folder, &other, NOW).get(ID).is_none(), "another trust root");
    assert!(open_at(folder, &[], NOW).get(ID).is_none() && open_at(folder, &[roots(), roots()].concat(), NOW).get(ID).is_none());
    assert!(open_at(folder, &roots(), "2025-12-31T23:59:59Z").get(ID).is_none(), "before it was verified");
    assert!(open_at(folder, &roots(), "2036-01-01T00:00:00Z").get(ID).is_some(), "later nothing changes");
    assert_ne!(key("1.0.0", &roots()), key("1.0.1", &roots()), "another version of the program");
}

#[test]
fn a_legacy_signature_is_not_stored() {
    let legacy = verified("sct_missing_fail");
    assert_eq!(legacy.legacy_rules(), [crate::LegacyRule::SctMissing]);
    let (folder, path) = stored(&[(ID, &legacy)]);
    assert!(open(folder.path()).get(ID).is_none() && !path.exists());
}

#[test]
fn a_changed_byte_is_found_wherever_it_is() {
    let fresh = verified("v1_ok");
    let (folder, path) = stored(&[(ID, &fresh), (b"other", &verified("v2_ok"))]);
    let whole = std::fs::read(&path).unwrap();
    let expected = told(fresh);
    for position in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        let (cache, remark) = VerdictCache::open(folder.path(), &roots(), NOW.parse().unwrap());
        let (first, second) = (cache.get(ID), cache.get(b"other"));
        assert!(first.is_none() || second.is_none(), "{position}");
        assert!(first.is_none_or(|first| told(first) == expected), "{position}");
        // said at once, or, where the id itself is another, not asked for
        let is_id = !cache.places.contains_key(ID) || !cache.places.contains_key(&b"other"[..]);
        assert!(remark.is_some() || is_id || cache.finish().is_err(), "{position}");
    }
}

#[test]
fn a_damaged_file_is_reported_and_replaced() {
    let fresh = verified("v1_ok");
    let (folder, path) = stored(&[(ID, &fresh)]);
    let whole = std::fs::read(&path).unwrap();
    let garbage = vec![b'x'; 5000];
    let huge_length = [&whole[..whole.len() - 1], &[0xff; 64]].concat();
    let mut cases: Vec<Vec<u8>> = (0..whole.len()).step_by(7).map(|length| whole[..length].to_vec()).collect();
    cases.extend([garbage, huge_length]);
    for damaged in cases {
        std::fs::write(&path, &damaged).unwrap();
        let (cache, remark) = VerdictCache::open(folder.path(), &roots(), NOW.parse().unwrap());
        let at_a_border = damaged.len() == FIRST_LINE.len() + 65;
        assert!((remark.is_some() || at_a_border) && (cache.get(ID).is_none() || damaged.len() > whole.len()), "{}", damaged.len());
        cache.insert(ID, &fresh);
        let _ = cache.finish();
        assert!(open(folder.path()).get(ID).is_some(), "{}", damaged.len());
    }
}

#[test]
fn a_result_counts_for_its_own_object_and_its_own_key_only() {
    let (folder, path) = stored(&[(b"aaaa", &verified("v1_ok"))]);
    let whole = std::fs::read(&path).unwrap();
    let at = whole.windows(4).rposition(|window| window == b"aaaa").unwrap();
    let mut moved = whole.clone();
    moved[at..at + 4].copy_from_slice(b"bbbb");
    std::fs::write(&path, moved).unwrap();
    let cache_of_one = open(folder.path());
    assert!(cache_of_one.get(b"bbbb").is_none());
    assert!(cache_of_one.finish().unwrap_err().to_string().contains("damaged"));
    // the records of another trust root, put under this one's name
    let mut other = roots();
    other[0].source.push('!');
    let other = open_at(folder.path(), &other, NOW);
    let line = other.first_line();
    std::fs::write(&other.path, [line.as_bytes(), &whole[line.len()..]].concat()).unwrap();
    let mut roots = roots();
    roots[0].source.push('!');
    assert!(open_at(folder.path(), &roots, NOW).get(b"aaaa").is_none());
}

#[test]
fn several_runs_add_to_one_file_and_old_files_go() {
    let (folder, _) = stored(&[(b"one", &verified("v1_ok"))]);
    let [second, third] = [open(folder.path()), open(folder.path())];
    second.insert(b"two", &verified("v2_ok"));
    third.insert(b"three", &verified("v1_ok"));
    second.finish().unwrap();
    third.finish().unwrap();
    let all = open(folder.path());
    assert!([b"one".as_slice(), b"two", b"three"].iter().all(|id| all.get(id).is_some()));
    for number in 0..2 * MAX_FILES {
        let mut roots = roots();
        roots[0].source = number.to_string();
        let cache = open_at(folder.path(), &roots, NOW);
        cache.insert(ID, &verified("v1_ok"));
        cache.finish().unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), MAX_FILES);
}

#[test]
fn while_another_run_writes_nothing_is_waited_for() {
    let (folder, path) = stored(&[(ID, &verified("v1_ok"))]);
    let before = std::fs::read(&path).unwrap();
    let writer = File::open(&path).unwrap();
    writer.lock().unwrap();
    let meanwhile = open(folder.path());
    assert!(meanwhile.get(ID).is_none());
    meanwhile.insert(ID, &verified("v1_ok"));
    meanwhile.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn only_the_record_of_the_cache_restores_a_verification() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let call = ["::restore", "_cached("].concat();
    files.retain(|path| std::fs::read_to_string(path).unwrap().contains(&call) && !path.ends_with("verdict_cache/tests.rs"));
    assert_eq!(files, [source.join("verdict_cache/record.rs")]);
}
