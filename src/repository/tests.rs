//! The module against repositories that the real git made.

use super::*;
use std::{collections::BTreeSet, process::Command};

/// git in a folder, with nothing of the surroundings.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.com")
        .env("GIT_COMMITTER_NAME", "C")
        .env("GIT_COMMITTER_EMAIL", "c@example.com")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn repository(format: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("work");
    std::fs::create_dir(&path).unwrap();
    git(&path, &["init", "-q", "-b", "main", &format!("--object-format={format}")]);
    git(&path, &["commit", "-q", "--allow-empty", "-m", "one"]);
    git(&path, &["commit", "-q", "--allow-empty", "-m", "two"]);
    git(&path, &["tag", "-a", "-m", "a tag", "v1"]);
    (folder, path)
}

#[test]
fn a_commit_and_a_tag_are_read_as_git_stores_them_with_both_hashes() {
    for (format, hash) in [("sha1", ObjectFormat::Sha1), ("sha256", ObjectFormat::Sha256)] {
        let (_folder, path) = repository(format);
        let repository = Repository::open(&path).unwrap();
        assert_eq!(repository.format(), hash);

        let head = repository.object("HEAD").unwrap();
        assert_eq!(head.id, git(&path, &["rev-parse", "HEAD"]));
        assert_eq!((head.kind, head.reference.as_deref()), (ObjectKind::Commit, Some("HEAD")));
        assert_eq!(String::from_utf8(head.bytes).unwrap().trim_end(), git(&path, &["cat-file", "commit", "HEAD"]));

        let tag = repository.object("v1").unwrap();
        assert_eq!((tag.kind, tag.reference.as_deref()), (ObjectKind::Tag, Some("refs/tags/v1")));
        assert_eq!(tag.id, git(&path, &["rev-parse", "v1"]));
        assert_eq!(repository.object("v1^{commit}").unwrap().id, head.id);
        assert_eq!(repository.object("main~1").unwrap().id, git(&path, &["rev-parse", "HEAD~1"]));
        assert_eq!(repository.object("@").unwrap().reference.as_deref(), Some("HEAD"));
        assert_eq!(repository.object(&head.id).unwrap().reference, None);
        assert_eq!(
            repository.object(&head.id[..8]).map(|object| object.id).map_err(|error| format!("{format}: {error}")),
            Ok(head.id.clone())
        );
        assert_eq!(repository.object("main").unwrap().reference.as_deref(), Some("refs/heads/main"));
        assert_eq!(repository.object("heads/main").unwrap().reference.as_deref(), Some("refs/heads/main"));
        git(&path, &["pack-refs", "--all"]);
        git(&path, &["gc", "-q"]);
        assert_eq!(Repository::open(&path).unwrap().object("v1").unwrap().id, tag.id);
    }
}

#[test]
fn a_replaced_object_is_read_itself() {
    let (_folder, path) = repository("sha1");
    let head = git(&path, &["rev-parse", "HEAD"]);
    git(&path, &["replace", "HEAD", "HEAD~1"]);
    assert_ne!(git(&path, &["cat-file", "commit", &head]), git(&path, &["--no-replace-objects", "cat-file", "commit", &head]));
    let object = Repository::open(&path).unwrap().object(&head).unwrap();
    assert_eq!(String::from_utf8(object.bytes).unwrap().trim_end(), git(&path, &["--no-replace-objects", "cat-file", "commit", &head]));
}

#[test]
fn a_name_with_two_meanings_is_refused_and_its_full_name_is_not() {
    let (_folder, path) = repository("sha1");
    git(&path, &["branch", "v1"]);
    let head = git(&path, &["rev-parse", "HEAD"]);
    git(&path, &["update-ref", &format!("refs/heads/{head}"), "HEAD~1"]);
    let repository = Repository::open(&path).unwrap();
    for revision in ["v1", "v1^{commit}", &head] {
        let error = repository.object(revision).unwrap_err();
        assert!(matches!(&error, Error::AmbiguousRevision { meanings, .. } if meanings.len() == 2), "{revision}: {error}");
    }
    assert_eq!(repository.object("refs/heads/v1").unwrap().kind, ObjectKind::Commit);
    assert_eq!(repository.object("tags/v1").unwrap().kind, ObjectKind::Tag);
}

#[test]
fn what_names_nothing_is_an_error_that_repeats_it() {
    let (_folder, path) = repository("sha1");
    let repository = Repository::open(&path).unwrap();
    for revision in ["", "-x", "main..v1", "^main", "a\nb"] {
        assert!(matches!(repository.object(revision), Err(Error::BadRevision { .. })), "{revision:?}");
    }
    for revision in ["nothing", "HEAD~9", "main^{tree}^{commit}"] {
        let error = repository.object(revision).unwrap_err();
        assert!(matches!(error, Error::UnknownRevision { .. }), "{revision}: {error:?}");
        assert!(error.to_string().contains(revision));
    }
    let error = repository.object(&"0123456789".repeat(4)).unwrap_err();
    assert!(matches!(error, Error::MissingObject(_)), "{error:?}");
    git(&path, &["checkout", "-q", "--orphan", "new"]);
    let error = Repository::open(&path).unwrap().object("HEAD").unwrap_err();
    assert!(error.to_string().contains("refs/heads/new"), "{error}");
}

#[test]
fn a_name_is_read_up_to_a_length_and_followed_up_to_a_number_of_references() {
    let (_folder, path) = repository("sha1");
    let mut before = "refs/heads/main".to_owned();
    for number in 1..=5 {
        let name = format!("refs/heads/link-{number}");
        git(&path, &["symbolic-ref", &name, &before]);
        before = name;
    }
    let repository = Repository::open(&path).unwrap();
    assert_eq!(repository.object("link-4").unwrap().reference.as_deref(), Some("refs/heads/link-4"));
    assert!(repository.object("link-5").unwrap_err().to_string().contains("is longer than 5, the limit"));
    git(&path, &["symbolic-ref", "refs/heads/round-1", "refs/heads/round-2"]);
    git(&path, &["symbolic-ref", "refs/heads/round-2", "refs/heads/round-1"]);
    assert!(Repository::open(&path).unwrap().object("round-1").unwrap_err().to_string().contains("form a cycle"));
    assert!(matches!(repository.object(&"a".repeat(4096)), Err(Error::UnknownRevision { .. })));
    assert!(matches!(repository.object(&"a".repeat(4097)), Err(Error::BadRevision { reason: "it is too long", .. })));
}

#[test]
fn bytes_under_a_wrong_id_are_refused() {
    let (_folder, path) = repository("sha1");
    let [head, parent] = ["HEAD", "HEAD~1"].map(|revision| git(&path, &["rev-parse", revision]));
    let file = |id: &str| path.join(".git/objects").join(&id[..2]).join(&id[2..]);
    std::fs::remove_file(file(&head)).unwrap();
    std::fs::copy(file(&parent), file(&head)).unwrap();
    let error = Repository::open(&path).unwrap().object(&head).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&head), "{text}");
    assert!(matches!(error, Error::ObjectIdMismatch { .. } | Error::DamagedObject { .. }), "{error:?}");
}

/// What the two files of shattered.io have before they become equal: a prefix and the two blocks of 64 bytes that collide.
const SHATTERED: &[u8] = b"%PDF-1.3\n%\xe2\xe3\xcf\xd3\n\n\n1 0 obj\n<</Width 2 0 R/Height 3 0 R/Type 4 0 R/Subtype 5 0 R/Filter 6 0 R\
    /ColorSpace 7 0 R/Length 8 0 R/BitsPerComponent 8>>\nstream\n\xff\xd8\xff\xfe\x00$SHA-1 is dead!!!!!\x85/\xec\t#9u\x9c9\xb1\xa1\xc6<L\x97\xe1\
    \xff\xfe\x01\x7fF\xdc\x93\xa6\xb6~\x01;\x02\x9a\xaa\x1d\xb2V\x0bE\xcag\xd6\x88\xc7\xf8K\x8cLy\x1f\xe0+=\xf6\x14\xf8m\xb1i\t\x01\
    \xc5kE\xc1S\n\xfe\xdf\xb7`8\xe9rr/\xe7\xadr\x8f\x0eI\x04\xe0F\xc20W\x0f\xe9\xd4\x13\x98\xab\xe1.\xf5\xbc\x94+\xe35B\xa4\x80-\x98\xb5\
    \xd7\x0f*3.\xc3\x7f\xac5\x14\xe7M\xdc\x0f,\xc1\xa8t\xcd\x0cx0Z!Vda0\x97\x89`k\xd0\xbf?\x98\xcd\xa8\x04F)\xa1";

#[test]
fn the_hash_of_objects_notices_a_collision() {
    // the hash that `compute_hash` begins with the object's header, which is why no object with these bytes can be made
    let hash = |bytes: &[u8]| {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(bytes);
        hasher.try_finalize().map(|id| id.to_hex().to_string())
    };
    assert_eq!(SHATTERED.len(), 320);
    assert!(hash(SHATTERED).unwrap_err().to_string().contains("f92d74e3874587aaf443d1db961d4e26dde13e9c"));
    assert!(hash(&[SHATTERED, b"whatever follows"].concat()).is_err());
    assert!(hash(&SHATTERED[..256]).is_ok() && hash(&[b"commit 320\0", SHATTERED].concat()).is_ok());
}

#[test]
fn linked_work_trees_and_bare_repositories_are_found() {
    let (folder, path) = repository("sha1");
    let linked = path.with_file_name("linked");
    git(&path, &["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "side"]);
    let found = Repository::discover_from(&linked).unwrap().unwrap();
    assert_eq!(found.object("HEAD").unwrap().reference.as_deref(), Some("HEAD"));
    assert_ne!(found.git_dir().canonicalize().unwrap(), found.common_dir().canonicalize().unwrap());

    let bare = folder.path().join("bare.git");
    git(folder.path(), &["clone", "-q", "--bare", path.to_str().unwrap(), bare.to_str().unwrap()]);
    let found = Repository::discover_from(&bare).unwrap().unwrap();
    assert_eq!(found.work_tree(), None);
    assert_eq!(found.object("v1").unwrap().kind, ObjectKind::Tag);
}

#[test]
fn a_folder_without_a_repository_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Repository::discover_from(folder.path()).unwrap().is_none());
    assert!(matches!(Repository::open(folder.path()), Err(Error::Open { .. })));
}

#[test]
fn git_itself_reads_what_gix_does_not() {
    let (_folder, path) = repository("sha1");
    let mut repository = Repository::open(&path).unwrap();
    let [head, tag] = ["HEAD", "v1"].map(|revision| repository.object(revision).unwrap());
    (repository.references_by_git, repository.objects_by_git) = (true, Some(Arc::default()));
    assert_eq!(repository.object("HEAD").unwrap(), head);
    assert_eq!(repository.object("v1").unwrap(), tag);
    assert_eq!(repository.object("v1^{commit}").unwrap(), RawObject { reference: None, ..head });
    assert!(matches!(repository.object("nothing"), Err(Error::UnknownRevision { .. })));
    assert!(matches!(repository.object(&"0123456789".repeat(4)), Err(Error::MissingObject(_))));
    git(&path, &["branch", "v1"]);
    assert!(matches!(repository.object("v1"), Err(Error::AmbiguousRevision { .. })));
}

#[test]
fn one_reader_answers_for_many_objects_and_is_asked_for_whole_ids_only() {
    let (_folder, path) = repository("sha256");
    std::fs::write(path.join("blob"), "a line\nwithout an end").unwrap();
    let blob = git(&path, &["hash-object", "-w", "blob"]);
    let [head, tag] = ["HEAD", "v1"].map(|name| git(&path, &["rev-parse", name]));
    let mut repository = Repository::open(&path).unwrap();
    let by_gix = [&blob, &head, &tag].map(|id| repository.object_by_id(id).unwrap());
    repository.objects_by_git = Some(Arc::default());
    let missing = "0123456789abcdef".repeat(4);
    for _ in 0..3 {
        assert_eq!([&blob, &head, &tag].map(|id| repository.object_by_id(id).unwrap()), by_gix);
        assert!(matches!(repository.object_by_id(&missing), Err(Error::MissingObject(id)) if id == missing));
        for id in ["HEAD", &head[..20], &format!("{head}\n{head}"), &head.to_uppercase(), "", "--batch-all-objects"] {
            assert!(matches!(repository.object_by_id(id), Err(Error::Git(GitError::NoId { .. }))), "{id}");
        }
    }
    // another thread has the same reader
    let handle = repository.handle();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| assert_eq!(handle.to_repository().object_by_id(&head).unwrap(), by_gix[1])));
        }
    });
}

#[test]
fn new_commits_are_those_that_neither_objects_nor_references_lead_to() {
    let (_folder, path) = repository("sha1");
    let [second, first, tag] = ["HEAD", "HEAD~1", "v1"].map(|name| git(&path, &["rev-parse", name]));
    git(&path, &["checkout", "-q", "--detach"]);
    git(&path, &["commit", "-q", "--allow-empty", "-m", "three"]);
    let third = git(&path, &["rev-parse", "HEAD"]);
    git(&path, &["checkout", "-q", "main"]);
    git(&path, &["update-ref", "refs/remotes/origin/main", &first]);
    git(&path, &["remote", "add", "origin", "file:///origin"]);
    let repository = Repository::open(&path).unwrap();
    let remote = |name, url, patterns| repository.known_of_remote(name, url, patterns).unwrap();
    let new = |tips: &[&str], known: &[&str]| repository.new_commits(tips, known).unwrap().collect::<Result<Vec<_>, _>>();
    assert_eq!(new(&[&third], &[]).unwrap(), [&*third, &second, &first]);
    assert_eq!(new(&[&third, &tag], &[&first]).unwrap(), [&*third, &second]);
    assert_eq!(new(&[&third], &[&tag]).unwrap(), [&*third]);
    assert_eq!(remote("origin", "file:///origin", None), BTreeSet::from([first]));
    for (name, url) in [("origin", "file:///fork"), ("elsewhere", "file:///origin"), ("orig*", "file:///origin")] {
        assert_eq!(remote(name, url, None), BTreeSet::new(), "{name} {url}");
    }
    assert!(matches!(new(&[&"1".repeat(40)], &[]), Err(Error::Git(GitError::Listing(_)))));
    assert!(matches!(repository.new_commits(&["HEAD"], &[]), Err(Error::Git(GitError::NoId { .. }))));
}

#[test]
fn guarded_are_the_references_that_the_files_name_and_those_that_lead_to_them() {
    let (_folder, path) = repository("sha1");
    let [head, first] = ["HEAD", "HEAD~1"].map(|name| git(&path, &["rev-parse", name]));
    git(&path, &["update-ref", "refs/heads/topic", &first]);
    git(&path, &["update-ref", "refs/namespaces/n/refs/heads/release/1", &first]);
    git(&path, &["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let patterns = |values: &[&str]| {
        let _ = std::process::Command::new("git").arg("-C").arg(&path).args(["config", "--unset-all", "paraph.guardedRefs"]).status();
        values.iter().for_each(|value| drop(git(&path, &["config", "--add", "paraph.guardedRefs", value])));
        Repository::open(&path).unwrap().guarded_patterns()
    };
    let guarded = |values: &[&str], namespace: &str| {
        let (patterns, repository) = (patterns(values).unwrap().unwrap(), Repository::open(&path).unwrap());
        let guarded = repository.guarded(&patterns, namespace).unwrap();
        let names = ["main", "topic", "alias", "release/1", "new"].map(|name| guarded.contains(&format!("refs/heads/{name}")));
        (names, guarded.known().iter().cloned().collect::<Vec<_>>())
    };
    assert_eq!(guarded(&["refs/heads/main"], ""), ([true, false, true, false, false], vec![head.clone()]));
    assert_eq!(guarded(&["refs/heads/alias"], ""), ([true, false, true, false, false], vec![head.clone()]));
    assert_eq!(guarded(&["refs/tags/v1  refs/heads/top*", "refs/heads/release/*"], "").0, [false, true, false, true, false]);
    let mut both = vec![head, first.clone()];
    both.sort_unstable();
    assert_eq!(guarded(&["refs/heads/*"], ""), ([true; 5], both));
    // an asterisk stands for slashes too, and a namespace is a part of the name or not
    assert_eq!(guarded(&["refs/heads/release*"], "n"), ([false, false, false, true, false], vec![first]));
    assert_eq!(guarded(&["refs/namespaces/n/refs/heads/new"], "n").0, [false, false, false, false, true]);
    assert_eq!(guarded(&["refs/heads/main", "", "refs/heads/new"], "").0, [false, false, false, false, true]);
    assert_eq!(patterns(&[]).unwrap(), None);
    assert_eq!(patterns(&["refs/heads/main", " "]).unwrap(), None);
    for wrong in ["main", "heads/*", "refs/heads/", "refs/heads/main main", "refs/*********"] {
        assert!(matches!(patterns(&[wrong]), Err(Error::ReferencePattern(_))), "{wrong}");
    }
}

#[test]
fn a_repository_with_another_reference_format_is_left_to_git() {
    let (_folder, path) = repository("sha1");
    git(&path, &["config", "core.repositoryFormatVersion", "1"]);
    git(&path, &["config", "extensions.refStorage", "reftable"]);
    let repository = Repository::open(&path).unwrap();
    assert!(repository.references_by_git);
    // an older git does not know the format either, and names the extension
    match repository.object("HEAD") {
        Ok(object) => assert_eq!(object.kind, ObjectKind::Commit),
        Err(error) => assert!(matches!(error, Error::Git(GitError::UnknownExtension { .. })), "{error:?}"),
    }
}

#[test]
#[cfg(unix)]
fn a_repository_of_another_user_is_refused_by_name() {
    let (_folder, path) = repository("sha1");
    // Only root can give a file away; elsewhere the test has nothing to test with.
    if std::os::unix::fs::chown(path.join(".git"), Some(4242), None).is_err() {
        return;
    }
    let error = Repository::discover_from(&path).unwrap_err();
    assert!(matches!(error, Error::ForeignOwner(_)), "{error:?}");
    assert!(error.hint().unwrap().contains("safe.directory"));
}

#[test]
fn a_work_tree_that_is_not_there_is_no_question_of_its_owner() {
    let (_folder, path) = repository("sha1");
    let file = path.join(".git/config");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}[core]\nworktree = nowhere\n")).unwrap();
    let error = Repository::discover_from(&path).unwrap_err();
    assert!(matches!(error, Error::WorkTree(_)), "{error:?}");
    assert!(error.hint().unwrap().contains("core.worktree"));
}

#[test]
fn a_repository_that_cannot_be_opened_names_the_file_in_one_clause() {
    let told = |spoil: &dyn Fn(&Path)| {
        let (_folder, path) = repository("sha1");
        spoil(&path.join(".git"));
        let error = Repository::discover_from(&path).unwrap_err();
        assert!(error.hint().is_some() && matches!(error, Error::Open { .. }), "{error:?}");
        error.to_string().replace(path.to_str().unwrap(), "HERE")
    };
    let replace = |git: &Path, text: &str| std::fs::write(git.join("config"), text).unwrap();
    let folder = told(&|git| {
        std::fs::remove_file(git.join("config")).unwrap();
        std::fs::create_dir(git.join("config")).unwrap();
    });
    assert_eq!(folder, "the git repository at HERE cannot be opened: HERE/.git/config is a folder; expected a file");
    let malformed = told(&|git| replace(git, "[a]\nb = 1\n[core\n"));
    assert_eq!(malformed, "the git repository at HERE cannot be opened: line 3 of HERE/.git/config is not valid");
    let included = told(&|git| {
        std::fs::write(git.join("more"), "[core").unwrap();
        replace(git, "[include]\npath = more\n");
    });
    assert_eq!(included, "the git repository at HERE cannot be opened: line 1 of an included configuration file is not valid");
    let value = |line: &str| told(&|git| replace(git, &format!("[core]\nrepositoryFormatVersion = 0\n{line}\n")));
    let cannot = "the git repository at HERE cannot be opened: ";
    assert_eq!(value("bare = maybe"), format!("{cannot}core.bare is \"maybe\"; expected true or false"));
    assert_eq!(value("compression = much"), format!("{cannot}core.compression is \"much\"; expected a number"));
    assert_eq!(value("deltaBaseCacheLimit = x"), format!("{cannot}core.deltaBaseCacheLimit is \"x\"; expected a number"));
    let cycle = told(&|git| std::fs::write(git.join("objects/info/alternates"), format!("{}/objects\n", git.display())).unwrap());
    assert!(cycle.ends_with("the object directories that objects/info/alternates names form a cycle"), "{cycle}");
    #[cfg(unix)]
    {
        let looped = told(&|git| {
            std::fs::remove_file(git.join("config")).unwrap();
            std::os::unix::fs::symlink("config", git.join("config")).unwrap();
        });
        assert!(looped.contains(": HERE/.git/config cannot be read: Too many levels of symbolic links"), "{looped}");
    }
}
