//! Whom the policy trusts: the file of allowed identities, equality with the committer, and the identity that is expected when signing.

use super::{repository, shown};
use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
    socket::Silent,
};

const SHORT: &str = "--format=%G?|%GT";

/// A repository with one commit that ann signed.
fn signed() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    (sigstore, sandbox)
}

/// Has the sandbox allow what `lines` say.
fn allow(sandbox: &Sandbox, lines: &str) {
    let file = sandbox.home().join("allowed");
    std::fs::write(&file, lines).unwrap();
    sandbox.git(&["config", "--global", "paraph.allowedIdentities", file.to_str().unwrap()]);
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git(&["log", "-1", SHORT])
}

#[test]
fn a_file_of_allowed_identities_that_cannot_be_used_names_nobody_and_says_so() {
    let (sigstore, sandbox) = signed();
    let line = format!("{EMAIL} {} instance=local\n", sigstore.url);
    let home = sandbox.home();
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.join(name), bytes).unwrap();
    write("empty", b"");
    write("bad-line", format!("{line}bob@example.com\n").as_bytes());
    write("unknown-option", format!("{line}bob@example.com https://issuer valid_before=2000-01-01T00:00:00Z\n").as_bytes());
    write("not-text", &[line.as_bytes(), b"\xff\xfe\n"].concat());
    write("too-large", line.repeat(20_000).as_bytes());
    write("hostile", format!("{line}a\u{1b}[2Jb\n").as_bytes());
    std::fs::create_dir(home.join("folder")).unwrap();

    let mut table = String::new();
    for name in ["missing", "empty", "bad-line", "unknown-option", "not-text", "too-large", "hostile", "folder"] {
        sandbox.git(&["config", "--global", "paraph.allowedIdentities", home.join(name).to_str().unwrap()]);
        let done = sandbox.paraph(&["verify"]);
        let git = sandbox.try_git(&["verify-commit", "HEAD"]);
        assert_eq!((done.code, git.code, head(&sandbox).as_str()), (Some(10), Some(0), "U|undefined"), "{name}: {}", done.stderr);
        let warning: Vec<&str> = done.stderr.lines().collect();
        // the verdict gives the reason, and offers no command for a file that cannot be used
        let unusable = format!("it is not trusted: {} cannot be used: ", home.join(name).display());
        assert_eq!(done.stdout.contains(&unusable), name != "empty", "{name}: {}", done.stdout);
        assert_eq!(done.stdout.contains("run `paraph allow "), name == "empty", "{name}: {}", done.stdout);
        assert!(warning.iter().all(|line| git.stderr.contains(line)), "{name}: {}", git.stderr);
        table += &format!("{name}: {}\n", shown(&sandbox, &warning.join("\n")));
    }
    insta::assert_snapshot!(table, @r#"
    missing: warning: Cannot read the allowed-identities file ROOT/home/missing (set by paraph.allowedIdentities in ROOT/home/.gitconfig (global)): No such file or directory (os error 2). Until it is fixed, nobody is trusted.
    empty: warning: The allowed-identities file ROOT/home/empty lists nobody, so nobody is trusted.
    bad-line: warning: ROOT/home/bad-line:2: the issuer is missing; expected IDENTITY ISSUER [OPTIONS]. Until it is fixed, nobody is trusted.
    unknown-option: warning: ROOT/home/unknown-option:2: unknown option "valid_before"; expected valid-after, valid-before, instance or for. Until it is fixed, nobody is trusted.
    not-text: warning: The allowed-identities file ROOT/home/not-text is not valid UTF-8. Until it is fixed, nobody is trusted.
    too-large: warning: ROOT/home/too-large:1: the file has more than 1048576 bytes. Until it is fixed, nobody is trusted.
    hostile: warning: ROOT/home/hostile:2: it contains a control character. Until it is fixed, nobody is trusted.
    folder: warning: Cannot read the allowed-identities file ROOT/home/folder (set by paraph.allowedIdentities in ROOT/home/.gitconfig (global)): it is not a regular file. Until it is fixed, nobody is trusted.
    "#);
}

#[test]
fn a_file_that_may_not_be_read_names_nobody() {
    let (sigstore, sandbox) = signed();
    sigstore.allow(&sandbox, EMAIL);
    let file = sandbox.home().join("allowed-identities");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::read(&file).is_ok() {
        eprintln!("SKIPPED a_file_that_may_not_be_read_names_nobody: this user reads every file");
        return;
    }
    let done = sandbox.paraph(&["verify"]);
    assert_eq!(done.code, Some(10));
    assert!(
        done.stderr.contains("Cannot read the allowed-identities file") && done.stderr.contains("Permission denied"),
        "{}",
        done.stderr
    );
}

#[test]
fn each_restriction_of_a_line_is_kept_and_named() {
    let (sigstore, sandbox) = signed();
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    let url = &sigstore.url;
    let mut table = String::new();
    for line in [
        format!("{EMAIL} {url} instance=local"),
        format!("*@example.com {url} instance=local"),
        format!("{EMAIL} {url} instance=local for=tag"),
        format!("{EMAIL} {url} instance=local for=push"),
        format!("{EMAIL} {url} instance=local valid-before=2020-01-01T00:00:00Z"),
        format!("{EMAIL} {url} instance=local valid-after=2100-01-01T00:00:00Z"),
        format!("{EMAIL} {url} instance=local valid-after=2020-01-01T00:00:00Z valid-before=2100-01-01T00:00:00Z"),
        format!("{EMAIL} {url} instance=corp"),
        format!("{EMAIL} {url}"),
        format!("{EMAIL} https://accounts.example.com instance=local"),
        format!("ANN@example.com {url} instance=local"),
        format!("*@*.com {url} instance=local"),
        format!("bob@example.com {url} instance=local"),
        format!("{EMAIL} {url} instance=local for=tag\n{EMAIL} {url} instance=local for=commit"),
    ] {
        allow(&sandbox, &line);
        let (commit, tag) = (sandbox.paraph(&["verify", "HEAD"]), sandbox.paraph(&["verify", "v1"]));
        // both ways to ask agree
        let fully = sandbox.try_git(&["-c", "gpg.minTrustLevel=fully", "verify-tag", "v1"]);
        assert_eq!((head(&sandbox) == "G|fully", fully.code == Some(0)), (commit.code == Some(0), tag.code == Some(0)), "{line}");
        let why = [&commit, &tag].map(|done| done.stdout.lines().find(|line| line.contains("not trusted")).unwrap_or_default());
        table += &format!("{}\n    commit {}, tag {}\n", line.replace(url, "URL"), commit.code.unwrap(), tag.code.unwrap());
        // commit and tag are told apart only where more than their times differ
        let why: std::collections::BTreeSet<String> =
            why.into_iter().filter(|why| !why.is_empty()).map(|why| shown(&sandbox, why.trim())).collect();
        table.extend(why.into_iter().map(|why| format!("    {why}\n")));
    }
    insta::assert_snapshot!(table, @r"
    ann@example.com URL instance=local
        commit 0, tag 0
    *@example.com URL instance=local
        commit 0, tag 0
    ann@example.com URL instance=local for=tag
        commit 10, tag 0
        But it is not trusted: ROOT/home/allowed:1 does not allow ann@example.com to sign a commit.
    ann@example.com URL instance=local for=push
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed:1 does not allow ann@example.com to sign a commit.
        But it is not trusted: ROOT/home/allowed:1 does not allow ann@example.com to sign a tag.
    ann@example.com URL instance=local valid-before=2020-01-01T00:00:00Z
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed:1 allows ann@example.com until TIME; the signature was made at TIME.
    ann@example.com URL instance=local valid-after=2100-01-01T00:00:00Z
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed:1 allows ann@example.com from TIME on; the signature was made at TIME.
    ann@example.com URL instance=local valid-after=2020-01-01T00:00:00Z valid-before=2100-01-01T00:00:00Z
        commit 0, tag 0
    ann@example.com URL instance=corp
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed:1 allows ann@example.com for the instance corp; the signature is from local.
    ann@example.com URL
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed:1 allows ann@example.com for the instance public; the signature is from local.
    ann@example.com https://accounts.example.com instance=local
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed does not list ann@example.com with issuer http://HOST; ROOT/home/allowed:1 lists it with issuer https://accounts.example.com.
    ANN@example.com URL instance=local
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed does not list ann@example.com with issuer http://HOST; ROOT/home/allowed:1 lists ANN@example.com, and upper and lower case differ.
    *@*.com URL instance=local
        commit 0, tag 0
    bob@example.com URL instance=local
        commit 10, tag 10
        But it is not trusted: ROOT/home/allowed does not list ann@example.com with issuer http://HOST.
    ann@example.com URL instance=local for=tag
    ann@example.com URL instance=local for=commit
        commit 0, tag 0
    ");
}

#[test]
fn a_file_in_the_work_tree_works_and_warns() {
    let (sigstore, sandbox) = signed();
    let file = sandbox.work().join("allowed");
    std::fs::write(&file, format!("{EMAIL} {} instance=local\n", sigstore.url)).unwrap();
    sandbox.git(&["config", "paraph.allowedIdentities", "../allowed"]);
    let done = sandbox.paraph(&["verify"]);
    assert_eq!((done.code, head(&sandbox).as_str()), (Some(0), "G|fully"));
    insta::assert_snapshot!(shown(&sandbox, &done.stderr), @"warning: ROOT/work/allowed is in the work tree: anyone who can change the branch can change who is trusted.");
    let git = sandbox.try_git(&["verify-commit", "HEAD"]);
    assert!(git.stderr.contains(done.stderr.trim_end()), "{}", git.stderr);

    // reached over a link from outside, it is the same file
    let link = sandbox.home().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    sandbox.git(&["config", "paraph.allowedIdentities", link.to_str().unwrap()]);
    assert!(sandbox.paraph(&["verify"]).stderr.contains("is in the work tree"));

    // no branch changes what is beside the objects
    std::fs::rename(&file, sandbox.work().join(".git/allowed")).unwrap();
    sandbox.git(&["config", "paraph.allowedIdentities", "allowed"]);
    let done = sandbox.paraph(&["verify"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}

#[test]
fn equality_with_the_committer_restricts_and_alone_earns_no_trust() {
    let (sigstore, sandbox) = signed();
    sandbox.git(&["config", "--global", "gitsign.matchCommitter", "true"]);
    assert_eq!(head(&sandbox), "U|undefined");
    sigstore.allow(&sandbox, EMAIL);
    assert_eq!(head(&sandbox), "G|fully");

    // carol's work, which ann signed
    let carol = ["-c", "gitsign.matchCommitter=false", "-c", "user.email=carol@example.com", "-c", "user.signingKey=ann@example.com"];
    sandbox.git(&[&carol[..], &["commit", "-q", "-S", "--allow-empty", "-m", "carol's"]].concat());
    sandbox.git(&[&carol[..], &["tag", "-s", "v1", "-m", "carol's"]].concat());
    assert_eq!(head(&sandbox), "U|undefined");
    let (commit, tag) = (sandbox.paraph(&["verify", "HEAD"]), sandbox.paraph(&["verify", "v1"]));
    assert_eq!((commit.code, tag.code), (Some(10), Some(10)));
    insta::assert_snapshot!(shown(&sandbox, &commit.stdout), @r"
    commit OID: untrusted
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 1 of the log 127.0.0.1; instance local.
      But it is not trusted: the object claims to be from carol@example.com, which is not the identity that signed it.
    ");
    assert_eq!(sandbox.git(&["-c", "gitsign.matchCommitter=false", "log", "-1", SHORT]), "G|fully");
}

#[test]
fn who_is_not_the_committer_or_not_expected_is_refused_before_anything_is_sent() {
    let (sigstore, sandbox) = signed();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let payload = sandbox.commit_parts("HEAD").payload;
    let (fulcio, log) = (Silent::start(), Silent::start());
    let mut sandbox = sandbox;
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token("bob@example.com"));
    sandbox.set("GITSIGN_FULCIO_URL", &fulcio.url);
    sandbox.set("GITSIGN_REKOR_URL", &log.url);
    let mut messages = String::new();
    for (key, value) in [("gitsign.matchCommitter", "true"), ("paraph.expectedIdentity", EMAIL)] {
        sandbox.git(&["config", key, value]);
        let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], &payload);
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{key}");
        messages += &shown(&sandbox, &done.stderr);
        let commit = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "bob's"]);
        assert_eq!((commit.code, sandbox.git(&["rev-parse", "HEAD"])), (Some(128), head.clone()), "{key}");
        sandbox.git(&["config", "--unset", key]);
    }
    assert_eq!((fulcio.connections(), log.connections()), (0, 0));
    insta::assert_snapshot!(messages, @r#"
    error: the identity is "bob@example.com", but the commit is from "ann@example.com"; nothing was sent to Fulcio or the log
    hint: set user.email to the identity, or unset paraph.matchCommitter.
    error: the identity is "bob@example.com"; expected "ann@example.com" (paraph.expectedIdentity in ROOT/work/.git/config (local)); nothing was sent to Fulcio or the log
    hint: log in as the expected identity, or change paraph.expectedIdentity.
    "#);
}

#[test]
fn the_expected_identity_is_the_one_that_the_login_is_asked_for() {
    let (_sigstore, sandbox) = signed();
    sandbox.git(&["-c", "paraph.expectedIdentity=bob@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "bob's"]);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%GS"]), "bob@example.com");
}

#[test]
fn the_domain_of_an_address_has_no_case_and_other_near_misses_are_named() {
    let (sigstore, sandbox) = signed();
    let folded = "ann@Example.COM";
    for line in [format!("{folded} {} instance=local", sigstore.url), format!("*@EXAMPLE.com {} instance=local", sigstore.url)] {
        allow(&sandbox, &format!("{line}\n"));
        assert_eq!(sandbox.paraph(&["verify"]).code, Some(0), "{line}");
        assert_eq!(head(&sandbox), "G|fully", "{line}");
    }
    let expect = |identity: &str| {
        let issuer = format!("--certificate-oidc-issuer={}", sigstore.url);
        sandbox.paraph(&["verify", &format!("--certificate-identity={identity}"), &issuer])
    };
    assert_eq!(expect(folded).code, Some(0));
    let done = expect("Ann@example.com");
    assert!(done.code == Some(10) && done.stdout.contains("upper and lower case differ"), "{done:?}");

    for (line, word) in [
        (format!("{EMAIL} {}/ instance=local", sigstore.url), "a slash at the end differs"),
        (format!("bob@example.com,{EMAIL} {} instance=local", sigstore.url), "a comma does not separate names"),
        (format!("<{EMAIL}> {} instance=local", sigstore.url), "the angle brackets do not belong there"),
        (format!("Ann@example.com {} instance=local", sigstore.url), "upper and lower case differ"),
        (format!("{EMAIL}. {} instance=local", sigstore.url), "a dot at the end differs"),
        (format!("bob@example.com;{EMAIL} {} instance=local", sigstore.url), "a semicolon does not separate names"),
        (format!("{} {EMAIL} instance=local", sigstore.url), "the identity comes first, then the issuer"),
    ] {
        allow(&sandbox, &format!("{line}\n"));
        let done = sandbox.paraph(&["verify"]);
        let add = format!("run `paraph allow {EMAIL} {} --instance local`", sigstore.url);
        assert!(done.code == Some(10) && done.stdout.contains(word) && done.stdout.contains(&add), "{line}: {done:?}");
    }

    // signing: the committer's address and the expected identity
    for setting in
        [&["-c", "paraph.matchCommitter=true", "-c", "user.email=ann@Example.COM"][..], &["-c", "paraph.expectedIdentity=ann@Example.COM"]]
    {
        sandbox.git(&[setting, &["commit", "-q", "-S", "--allow-empty", "-m", "folded"]].concat());
    }
}

#[test]
fn a_line_for_another_instance_gets_the_line_that_would_match() {
    let (sigstore, sandbox) = signed();
    let url = &sigstore.url;
    let advice = format!("If you trust {EMAIL}, run `paraph allow {EMAIL} {url} --instance local`.");
    for (lines, offered) in [
        (format!("{EMAIL} {url}"), true),
        (format!("{EMAIL} {url} instance=corp"), true),
        (format!("{EMAIL} {url} instance=local for=tag"), false),
        // a line for files says nothing of commits
        (format!("{EMAIL} {url} instance=local for=file"), true),
        (format!("{EMAIL} {url} instance=local for=file valid-before=2024-01-01T00:00:00Z"), false),
        (format!("{EMAIL} {url} instance=local for=tag\n{EMAIL} {url}"), false),
    ] {
        allow(&sandbox, &lines);
        let done = sandbox.paraph(&["verify"]);
        assert_eq!((done.code, done.stdout.contains(&advice)), (Some(10), offered), "{lines}: {}", done.stdout);
    }
}

#[test]
fn a_line_for_an_instance_that_is_not_known_here_is_a_note_of_the_doctor() {
    let (sigstore, sandbox) = signed();
    let url = &sigstore.url;
    let warned = |lines: &str| {
        allow(&sandbox, lines);
        assert_eq!(sandbox.paraph(&["verify"]).stderr, "");
        let shown = sandbox.paraph(&["doctor", "--offline"]).stdout;
        shown.lines().filter(|line| line.contains("there is no instance")).map(str::to_owned).collect::<Vec<_>>()
    };
    let other = format!("bob@example.com {url} instance=locla");
    let warnings = warned(&format!("{EMAIL} {url} instance=local\n{other}\n{other} for=tag"));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("note ")
            && warnings[0].ends_with(":2: there is no instance \"locla\" here, so the line does not apply here"),
        "{warnings:?}"
    );
    // an unknown key describes nothing
    sandbox.git(&["config", "--global", "paraph.locla.nosuch", "x"]);
    assert_eq!(warned(&format!("{EMAIL} {url} instance=local\n{other}")).len(), 1);
    sandbox.git(&["config", "--global", "paraph.locla.mirror", "https://tuf.example"]);
    assert_eq!(warned(&format!("{EMAIL} {url} instance=local\n{other}")), Vec::<String>::new());
}

#[test]
fn a_token_comes_from_the_file_that_sigstores_variable_names() {
    let (sigstore, mut sandbox) = signed();
    let file = sandbox.root().join("token");
    std::fs::write(&file, format!("{}\n", sigstore.token("bob@example.com"))).unwrap();
    sandbox.set("SIGSTORE_OIDC_TOKEN_FILE", file.to_str().unwrap());
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "bob's"]);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%GS"]), "bob@example.com");
    // the setting for paraph alone is stronger, and a token in a variable goes before one in a file
    sandbox.set("PARAPH_ID_TOKEN_FILE", "/nowhere");
    assert_eq!(sandbox.paraph(&["whoami"]).code, Some(6));
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token("carol@example.com"));
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "carol's"]);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%GS"]), "carol@example.com");
    sandbox.unset("SIGSTORE_ID_TOKEN");
    sandbox.unset("PARAPH_ID_TOKEN_FILE");
    // what is not a file with a token is refused, and nothing is waited for
    let pipe = sandbox.root().join("pipe");
    sandbox.git(&["config", "--global", "alias.pipe", &format!("!mkfifo '{}'", pipe.display())]);
    sandbox.git(&["pipe"]);
    std::fs::write(sandbox.root().join("long"), "x".repeat(1 << 20)).unwrap();
    for (path, why) in [
        ("../pipe", "it is not a regular file"),
        ("/dev/zero", "it is not a regular file"),
        ("..", "it is not a regular file"),
        ("../long", "no usable identity token"),
        ("../nowhere", "cannot be read"),
    ] {
        sandbox.set("SIGSTORE_OIDC_TOKEN_FILE", path);
        let done = sandbox.paraph(&["whoami"]);
        assert!(done.code == Some(6) && done.stderr.contains(why), "{path}: {done:?}");
    }
}

/// Whoever writes the name in another form means somebody all the same.
#[test]
fn a_name_in_any_form_is_not_signed_by_somebody_else() {
    let (sigstore, mut sandbox) = repository();
    let log = sandbox.root().join("log");
    sandbox.set("PARAPH_LOG", log.to_str().unwrap());
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token("you@example.com"));
    sandbox.git(&["-c", "user.name=A", "commit", "-q", "--allow-empty", "-m", "unsigned"]);
    for name in
        ["urn:x:y", "author@example.com!", "\"author@example.com\"", "author@[127.0.0.1]", "a@b@c.d", "author@example.com.", "did:web:a"]
    {
        let tag = sandbox.try_git(&["tag", "-u", name, "-m", "message", "v1"]);
        let told = std::fs::read_to_string(&log).unwrap_or_default();
        assert!(tag.code == Some(128) && told.contains("but this signature names"), "{name}: {tag:?} {told}");
        std::fs::remove_file(&log).unwrap();
    }
    // the committer's own address is what git says without a name, and is only noted
    let committer = sandbox.git(&["config", "user.email"]);
    sandbox.git(&["commit", "-q", &format!("-S{committer}"), "--allow-empty", "-m", "message"]);
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.contains(&format!("Signed as you@example.com, although -S named {committer}.")), "{told}");
}
