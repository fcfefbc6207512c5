//! The history against repositories that the real git made.

use super::*;
use crate::{
    Explanation as _, Reason, Rejection,
    object::SignatureKind,
    policy::{JudgedBy, Policy, Verdict},
    verify::Verifier,
};
use std::{path::Path, process::Command};

/// git in a folder, with nothing of the surroundings.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(directory).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", directory).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_ALLOW_PROTOCOL", "file");
    for (who, name) in [("AUTHOR", "A"), ("COMMITTER", "C")] {
        command.env(format!("GIT_{who}_NAME"), name).env(format!("GIT_{who}_EMAIL"), "a@example.com");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A repository in which each commit is made from a list of paths with their contents.
struct Work {
    folder: tempfile::TempDir,
    /// So that no two commits are one.
    made: std::cell::Cell<usize>,
}

impl Work {
    fn new(format: &str) -> Self {
        let work = Self { folder: tempfile::tempdir().unwrap(), made: std::cell::Cell::default() };
        work.git(&["init", "-q", "-b", "main", &format!("--object-format={format}")]);
        // a mode stays as the index has it
        work.git(&["config", "core.fileMode", "false"]);
        work
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", &self.made.replace(self.made.get() + 1).to_string()]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn judge() -> Judge {
        Judge::new(Verifier::new(vec![], jiff::Timestamp::UNIX_EPOCH), Policy::default())
    }

    /// Calls `ask` with the history as it is now.
    fn ask<T>(&self, ask: impl FnOnce(&GitHistory<'_>) -> T) -> T {
        let judge = Self::judge();
        ask(&GitHistory::new(&Repository::open(self.path()).unwrap(), &judge, CertificateTrust::Given))
    }

    fn changed(&self, commit: &str, scope: Scope) -> Vec<String> {
        let paths = self.ask(|history| history.changed_paths(&commit.to_owned(), scope, 100)).unwrap().unwrap();
        let mut paths: Vec<String> = paths.into_iter().map(|path| String::from_utf8(path).unwrap()).collect();
        paths.sort();
        paths
    }
}

#[test]
fn a_policy_file_is_a_regular_file_whatever_its_mode() {
    for format in ["sha1", "sha256"] {
        let work = Work::new(format);
        let entry = |commit: String| work.ask(|history| history.policy_entry(&commit).unwrap());
        assert_eq!(entry(work.commit()), PolicyEntry::Missing);
        work.write(FILE, "version = 1\n");
        let blob = FileId(work.git(&["hash-object", FILE]));
        assert_eq!(entry(work.commit()), PolicyEntry::File(blob.clone()));
        work.git(&["update-index", "--chmod=+x", FILE]);
        work.git(&["commit", "-q", "-m", "executable"]);
        assert_eq!(entry(work.git(&["rev-parse", "HEAD"])), PolicyEntry::File(blob.clone()));
        assert_eq!(work.ask(|history| history.policy_bytes(&blob).unwrap()).as_deref(), Some(&b"version = 1\n"[..]));
        work.git(&["rm", "-q", "-r", ".paraph"]);
        for (mode, id) in [("120000", blob.0.clone()), ("160000", work.git(&["rev-parse", "HEAD"]))] {
            work.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{id},{FILE}")]);
            work.git(&["commit", "-q", "-m", mode]);
            assert_eq!(entry(work.git(&["rev-parse", "HEAD"])), PolicyEntry::NotAFile, "{mode}");
        }
        work.git(&["rm", "-q", "--cached", FILE]);
        work.write(".paraph/policy.toml/x", "");
        assert_eq!(entry(work.commit()), PolicyEntry::NotAFile);
    }
}

#[test]
fn a_policy_file_above_the_limit_has_no_content() {
    let work = Work::new("sha1");
    let content = |bytes: usize| {
        work.write(FILE, &"#".repeat(bytes));
        let file = FileId(work.git(&["hash-object", "-w", FILE]));
        work.ask(|history| history.policy_bytes(&file).unwrap()).map(|bytes| bytes.len())
    };
    assert_eq!((content(MAX_FILE), content(MAX_FILE + 1)), (Some(MAX_FILE), None));
}

#[test]
fn renames_modes_links_and_submodules_are_changed_paths() {
    let work = Work::new("sha1");
    for path in ["src/a", "src/deep/b", "mode", "kept"] {
        work.write(path, path);
    }
    let first = work.commit();
    assert_eq!(work.changed(&first, Scope::All), ["kept", "mode", "src/a", "src/deep/b"]);
    work.git(&["mv", "src/a", "moved"]);
    work.git(&["update-index", "--chmod=+x", "mode"]);
    work.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{first},module")]);
    work.git(&["commit", "-q", "-m", "x"]);
    assert_eq!(work.changed(&work.git(&["rev-parse", "HEAD"]), Scope::All), ["mode", "module", "moved", "src/a"]);
    // a folder in place of a file has both paths
    work.git(&["rm", "-q", "--cached", "module"]);
    work.git(&["rm", "-q", "-r", "src"]);
    work.write("src", "a file");
    assert_eq!(work.changed(&work.commit(), Scope::All), ["module", "src", "src/deep/b"]);
    assert_eq!(work.changed(&work.commit(), Scope::All), Vec::<String>::new());
}

#[test]
fn the_paths_of_the_policy_are_found_in_every_spelling() {
    let work = Work::new("sha1");
    for path in [".paraph/policy.toml", ".Paraph/x", "PARAPH~1", "src/.paraph/y", "other"] {
        work.write(path, "");
    }
    assert_eq!(work.changed(&work.commit(), Scope::Policy), [".Paraph/x", ".paraph/policy.toml", "PARAPH~1"]);
}

#[test]
fn more_paths_than_a_commit_or_the_call_may_have_are_not_listed() {
    let work = Work::new("sha1");
    (0..20).for_each(|number| work.write(&format!("folder/{number}"), ""));
    let commit = work.commit();
    work.ask(|history| {
        let listed = |limit| history.changed_paths(&commit, Scope::All, limit).unwrap().map(|paths| paths.len());
        assert_eq!((listed(19), listed(20)), (None, Some(20)));
        history.paths_left.store(30, Ordering::Relaxed);
        assert_eq!((listed(100), listed(100)), (Some(20), None));
    });
}

#[test]
fn parents_are_those_in_the_commit_whatever_replaces_or_cuts_it() {
    let work = Work::new("sha1");
    let (first, second, third) = (work.commit(), work.commit(), work.commit());
    work.git(&["checkout", "-q", "-b", "topic", &first]);
    let topic = work.commit();
    work.git(&["checkout", "-q", "main"]);
    work.git(&["merge", "-q", "--no-ff", "-m", "merge", "topic"]);
    let merge = work.git(&["rev-parse", "HEAD"]);
    work.git(&["replace", "--graft", &third, &first]);
    work.ask(|history| {
        assert_eq!(history.parents(&merge).unwrap(), [third.clone(), topic.clone()]);
        assert_eq!(history.parents(&third).unwrap(), std::slice::from_ref(&second));
        assert!(history.parents(&first).unwrap().is_empty());
    });
    let shallow = tempfile::tempdir().unwrap();
    git(shallow.path(), &["clone", "-q", "--depth=2", &format!("file://{}", work.path().display()), "."]);
    let (judge, repository) = (Work::judge(), Repository::open(shallow.path()).unwrap());
    let history = GitHistory::new(&repository, &judge, CertificateTrust::Given);
    assert_eq!(history.parents(&third).unwrap(), std::slice::from_ref(&second), "the border has its parents");
    let error = history.parents(&second).unwrap_err();
    assert!(matches!(&error, Error::Repository(cause) if cause.hint().is_some_and(|hint| hint.contains("--unshallow"))), "{error}");
    assert!(history.policy_entry(&second).is_err(), "a missing object is no missing file");
}

#[test]
fn ancestors_are_found_among_commits_from_inside_and_from_outside() {
    let work = Work::new("sha1");
    let (first, second, third) = (work.commit(), work.commit(), work.commit());
    work.git(&["checkout", "-q", "-b", "other", &second]);
    let other = work.commit();
    let set = |commits: &[&String]| commits.iter().map(|commit| (*commit).clone()).collect::<HashSet<String>>();
    work.ask(|history| {
        let all = history.contained(&third, None).unwrap();
        assert_eq!(all, set(&[&first, &second, &third]));
        assert_eq!(history.ancestors_among(&second, &all).unwrap(), set(&[&first, &second]));
        let new = history.contained(&third, Some(&first)).unwrap();
        assert_eq!(new, set(&[&second, &third]));
        assert_eq!(history.ancestors_among(&other, &new).unwrap(), set(&[&second]));
        let tree = work.git(&["rev-parse", "HEAD^{tree}"]);
        for not_here in ["0".repeat(40), "0".repeat(64), String::new(), "HEAD".into(), first.to_uppercase(), tree] {
            assert_eq!(history.named(&not_here).unwrap(), None, "{not_here}");
            assert!(history.ancestors_among(&not_here, &all).unwrap().is_empty(), "{not_here}");
        }
        assert_eq!(history.named(&first).unwrap(), Some(first.clone()));
    });
}

#[test]
fn an_ancestor_is_found_whatever_the_dates_of_the_commits_are() {
    let work = Work::new("sha1");
    let first = work.commit();
    // as by a clock that is far behind: more commits than git looks ahead
    let tree = work.git(&["rev-parse", "HEAD^{tree}"]);
    let mut last = first.clone();
    for number in 0..20 {
        let text = format!(
            "tree {tree}\nparent {last}\nauthor A <a@example.com> {number} +0000\ncommitter A <a@example.com> {number} +0000\n\nx\n"
        );
        work.write("commit-object", &text);
        last = work.git(&["hash-object", "-t", "commit", "-w", "commit-object"]);
    }
    let of = |commit: &String| HashSet::from([commit.clone()]);
    assert_eq!(work.ask(|history| history.ancestors_among(&last, &of(&first)).unwrap()), of(&first));
    assert!(work.ask(|history| history.ancestors_among(&first, &of(&last)).unwrap()).is_empty());
}

/// The OpenPGP signature of nobody: it is read as a signature, and not judged.
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQQ=\n=abcd\n-----END PGP SIGNATURE-----\n";

#[test]
fn an_approval_is_asked_about_only_in_its_form_and_before_it_is_verified() {
    let work = Work::new("sha1");
    let commit = work.commit();
    let digest = "a".repeat(64);
    let tag = |reference: &str, name: &str, kind: &str, target: &str, message: &str| {
        let text = format!("object {target}\ntype {kind}\ntag {name}\ntagger T <t@example.com> 1 +0000\n\n{message}{SIGNATURE}");
        let file = work.path().join("tag-object");
        std::fs::write(&file, text).unwrap();
        let id = work.git(&["hash-object", "-t", "tag", "-w", "--literally", file.to_str().unwrap()]);
        work.git(&["update-ref", reference, &id]);
    };
    let below = |last: &str| format!("paraph-approval/{digest}/{last}");
    let line = format!("Approved.\n\n{digest}\n");
    let right = |last: &str| tag(&format!("refs/tags/{}", below(last)), &below(last), "commit", &commit, &line);
    right("right");
    tag(&format!("refs/tags/{}", below("name")), &below("other"), "commit", &commit, &line);
    tag(&format!("refs/tags/{}", below("a/b")), &below("a/b"), "commit", &commit, &line);
    tag(&format!("refs/tags/{}", below("message")), &below("message"), "commit", &commit, &format!("not {digest}\n"));
    tag(&format!("refs/tags/{}", below("tree")), &below("tree"), "tree", &work.git(&["rev-parse", "HEAD^{tree}"]), &line);
    work.git(&["update-ref", &format!("refs/tags/{}", below("lightweight")), &commit]);
    let asked = |counts: bool| {
        let mut asked = Vec::new();
        let approvals = work.ask(|history| {
            history.approvals(&digest, &mut |named| {
                asked.push(named.clone());
                Ok(counts)
            })
        });
        (asked, approvals.unwrap())
    };
    assert_eq!(asked(true), (vec![commit.clone()], vec![Signed::NotJudged]));
    assert_eq!(asked(false), (vec![commit.clone()], vec![]));
    let lines: Vec<String> =
        (0..MAX_APPROVALS).map(|number| format!("create refs/tags/{} {commit}\n", below(&number.to_string()))).collect();
    work.write("updates", &lines.concat());
    let updates = std::fs::File::open(work.path().join("updates")).unwrap();
    let mut many = Command::new("git");
    assert!(many.args(["update-ref", "--stdin"]).current_dir(work.path()).stdin(updates).status().unwrap().success());
    let error = work.ask(|history| history.approvals(&digest, &mut |_| Ok(true))).unwrap_err();
    assert!(matches!(error, Error::TooManyApprovals { limit: MAX_APPROVALS, .. }), "{error}");
    assert!(work.ask(|history| history.approvals(&"b".repeat(64), &mut |_| Ok(true))).unwrap().is_empty());
}

#[test]
fn only_a_valid_key_of_another_kind_is_a_signer() {
    let external = |kind, finding, key: &str, fault| {
        let judgement = ExternalJudgement {
            by: JudgedBy::Git,
            kind,
            finding,
            signer: None,
            key: Some(key.to_owned()),
            detail: String::new(),
            fault: None,
        };
        let foreign = match fault {
            Some(fault) => Rejection::with_finding(Reason::SshSignature, &Rejection::from(fault)),
            None => Rejection::from(Reason::SshSignature),
        };
        signed_as(&Judgement::from(foreign).with_external(judgement))
    };
    let openpgp = "0123456789abcdef0123456789ABCDEF01234567";
    let ssh = format!("SHA256:{}", "a".repeat(43));
    let by = |kind, fingerprint: &str| Signed::By(Signer::Key { kind, fingerprint: fingerprint.to_owned() });
    for finding in Finding::ALL {
        let valid = matches!(finding, Finding::KeyTrusted | Finding::KeyNotTrusted);
        let signed = external(SignatureKind::Ssh, *finding, &ssh, None);
        assert_eq!(signed == by(GitKeyKind::Ssh, &ssh), valid, "{}", finding.id());
        let never_holds = matches!(finding.verdict(), Verdict::Bad | Verdict::Unchecked);
        assert!(!never_holds || signed == Signed::Bad, "{}", finding.id());
        // the object's own fault comes before what was found about its signature
        assert_eq!(external(SignatureKind::Ssh, *finding, &ssh, Some(Reason::TagName)), Signed::Bad, "{}", finding.id());
    }
    let trusted = |kind, key: &str| external(kind, Finding::KeyTrusted, key, None);
    assert_eq!(trusted(SignatureKind::OpenPgp, openpgp), by(GitKeyKind::OpenPgp, &openpgp.to_ascii_uppercase()));
    assert_eq!(trusted(SignatureKind::OpenPgp, "89ABCDEF01234567"), Signed::NotJudged, "a key id is no fingerprint");
    assert_eq!(trusted(SignatureKind::X509, openpgp), Signed::NotJudged);
    for reason in Reason::ALL {
        let expected = match reason.standing() {
            Standing::Wrong | Standing::Unchecked => Signed::Bad,
            Standing::Unsigned | Standing::Foreign => Signed::NotJudged,
        };
        assert_eq!(signed_as(&Rejection::from(*reason).into()), expected, "{}", reason.id());
    }
}
