//! Programs other than git that call paraph as they call gpgsm, and what they name, discard and configure.

#[cfg(unix)]
mod abandoned;
mod network;
mod prompts;

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};

const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";
const BEGIN: &str = "-----BEGIN SIGNED MESSAGE-----\n";

/// A repository whose git signs with a running local Sigstore.
fn repository() -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    (sigstore, sandbox)
}

/// Signatures that are in the logs of the local Sigstore, in bytes.
fn published(sigstore: &Sigstore) -> u64 {
    ["logs/rekor1.entries", "logs/rekor2.entries"].map(|log| sigstore.folder.join(log).metadata().unwrap().len()).iter().sum()
}

#[test]
fn gpgsms_options_that_have_no_effect_do_no_harm() {
    let (_sigstore, sandbox) = repository();
    for options in [
        &["-bsau", "<ann@example.com>", "--batch", "--no-tty", "--status-fd", "2", "--output", "-"][..],
        &["--no-secmem-warning", "--disable-dirmngr", "--yes", "--status-fd=2", "-bsau", EMAIL],
        &["--pinentry-mode", "loopback", "--homedir", "/nowhere", "--default-key", "k", "--status-fd=2", "-o", "-", "-bsau", EMAIL],
    ] {
        let done = sandbox.paraph_with(options, PAYLOAD);
        assert_eq!(done.code, Some(0), "{options:?}: {}", done.stderr);
        assert!(done.stdout.starts_with(BEGIN) && done.stderr.contains("[GNUPG:] SIG_CREATED "), "{options:?}: {done:?}");
    }
}

#[test]
fn a_signature_can_go_to_a_file() {
    let (sigstore, sandbox) = repository();
    let file = sandbox.root().join("signature");
    let sign = || sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL, "--output", file.to_str().unwrap()], PAYLOAD);
    // what stood there before is replaced
    std::fs::write(&file, "x".repeat(100_000)).unwrap();
    let done = sign();
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{}", done.stderr);
    let signature = std::fs::read_to_string(&file).unwrap();
    assert!(signature.starts_with(BEGIN) && signature.ends_with("-----END SIGNED MESSAGE-----\n"), "{signature}");
    // a failed call changes nothing, and leaves no file behind
    let closed = crate::support::socket::closed();
    sandbox.git(&["config", "--global", "paraph.fulcio", &closed]);
    assert_eq!((sign().code, std::fs::read_to_string(&file).unwrap()), (Some(1), signature));
    std::fs::remove_file(&file).unwrap();
    assert_eq!((sign().code, file.exists()), (Some(1), false));
    // a place that cannot be written to fails before anything is published
    sandbox.git(&["config", "--global", "--unset", "paraph.fulcio"]);
    let before = published(&sigstore);
    let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL, "--output", "/nowhere/signature"], PAYLOAD);
    assert_eq!((done.code, published(&sigstore)), (Some(1), before), "{}", done.stderr);
    assert!(done.stderr.contains("/nowhere/signature cannot be written"), "{}", done.stderr);
}

#[test]
fn a_key_is_listed_for_the_identity_that_would_sign() {
    let (sigstore, mut sandbox) = repository();
    let list = |sandbox: &Sandbox, names: &[&str]| {
        let done = sandbox.paraph(&[&["--list-secret-keys", "--with-colons", "--batch", "--no-tty"], names].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let uids = done.stdout.lines().filter(|line| line.starts_with("uid:"));
        assert_eq!(uids.clone().count(), done.stdout.lines().filter(|line| line.starts_with("crs:u:")).count());
        uids.map(|line| line.split(':').nth(9).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&sandbox, &[]), [EMAIL]);
    assert_eq!(list(&sandbox, &["<bob@example.com>", "Bob <bob@example.com>"]), ["bob@example.com"]);
    assert_eq!(list(&sandbox, &["0xDEADBEEF"]), ["whoever logs in"]);
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token("carol@example.com"));
    assert_eq!((list(&sandbox, &[]), list(&sandbox, &[EMAIL])), (vec!["carol@example.com".to_owned()], vec![]));
    let for_people = sandbox.paraph(&["-K"]);
    assert!(for_people.stdout.starts_with("carol@example.com ("), "{for_people:?}");
}

#[test]
fn what_paraph_does_not_do_is_refused_by_name_with_a_hint() {
    let sandbox = Sandbox::new();
    for (arguments, option) in [
        (&["--decrypt", "file"][..], "--decrypt"),
        (&["--clearsign", "--status-fd=2", "-u", EMAIL], "--clearsign"),
        (&["-bsau", EMAIL, "--export"], "--export"),
    ] {
        let done = sandbox.paraph_with(arguments, PAYLOAD);
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(done.stderr.starts_with(&format!("error: the option {option} is not supported\nhint: ")), "{}", done.stderr);
    }
    let done = sandbox.paraph_with(&["-bsau", EMAIL, "--passphrase-fd", "0"], PAYLOAD);
    assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""));
    let error = "error: the option --passphrase-fd reads standard input, which has the data\nhint: ";
    assert!(done.stderr.starts_with(error), "{}", done.stderr);
}

/// A caller that wants the exit status alone opens the null device for reading and writing, as Python's `subprocess.DEVNULL` does.
#[test]
#[cfg(unix)]
fn a_verdict_may_be_discarded_and_a_signature_with_its_status_too() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let [signature, data] = sandbox.files_to_verify("HEAD");
    let null = || std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = sandbox.command(&sandbox.program, &sandbox.work());
        Done::from(command.args(arguments).stdin(null()).stdout(null()).output().unwrap())
    };
    let (signature, data) = (signature.to_str().unwrap(), data.to_str().unwrap());
    let done = run(&["--status-fd=1", "--verify", signature, data]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    std::fs::write(data, "other").unwrap();
    assert_eq!(run(&["--status-fd=1", "--verify", signature, data]).code, Some(1));
    std::fs::write(data, PAYLOAD).unwrap();
    assert_eq!(run(&["--status-fd=1", "-bsau", EMAIL, data]).code, Some(0));
    assert_eq!(run(&["whoami"]).code, Some(0));
}

#[test]
fn a_name_given_for_one_call_must_be_the_signers() {
    let (sigstore, mut sandbox) = repository();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token(EMAIL));
    let uri = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
    let forms = ["mailto:author@example.com", "acct:author@example.com", "author@host", "\"author a\"@example.com", "<\"author\"@host>"];
    for name in ["author@example.com", "Author <author@example.com>", uri].into_iter().chain(forms) {
        let before = published(&sigstore);
        let tag = sandbox.try_git(&["tag", "-u", name, "-m", "message", "v1"]);
        let commit = sandbox.try_git(&["commit", "-q", &format!("-S{name}"), "--allow-empty", "-m", "message"]);
        assert_eq!((tag.code, commit.code, published(&sigstore)), (Some(128), Some(128), before), "{name}: {tag:?} {commit:?}");
        let direct = sandbox.paraph_with(&["--status-fd=2", "-bsau", name], PAYLOAD);
        assert!(direct.stderr.contains("but this signature names \""), "{}", direct.stderr);
        assert!(direct.stderr.contains("\nhint: log in as the named identity, or sign without a name"), "{}", direct.stderr);
    }
    for (number, name) in
        [EMAIL, "Ann <ann@example.com>", "mailto:ann@Example.com", "0xDEADBEEF", "~/keys/author@example.com", "author@example.com.pub"]
            .iter()
            .enumerate()
    {
        sandbox.git(&["tag", "-u", name, "-m", "message", &format!("ok{number}")]);
    }
    // people who come from another signer have it configured
    sandbox.git(&["config", "--global", "user.signingKey", "author@example.com"]);
    sandbox.git(&["tag", "-s", "-m", "message", "configured"]);
    sandbox.git(&["-c", "user.signingKey=other@example.com", "tag", "-s", "-m", "message", "for-one-command"]);
    assert_eq!(sandbox.try_git(&["tag", "-u", "third@example.com", "-m", "message", "v2"]).code, Some(128));
    // a login is asked for the name
    sandbox.unset("SIGSTORE_ID_TOKEN");
    sandbox.git(&["tag", "-u", "author2@example.com", "-m", "message", "v3"]);
    let shown = sandbox.paraph(&["verify-tag", "v3"]);
    assert!(shown.stdout.contains("author2@example.com"), "{}", shown.stdout);
    // the name does not overrule the configuration
    sandbox.git(&["config", "--global", "paraph.expectedIdentity", EMAIL]);
    let refused = sandbox.paraph_with(&["--status-fd=2", "-bsau", "third@example.com"], PAYLOAD);
    assert!(refused.code == Some(1) && refused.stderr.contains("paraph.expectedIdentity"), "{}", refused.stderr);
}

/// Like gpgsm, which finds nothing and succeeds.
#[test]
fn a_key_of_somebody_else_is_not_listed() {
    let (sigstore, mut sandbox) = repository();
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token(EMAIL));
    let list = |sandbox: &Sandbox, name: &str| {
        let done = sandbox.paraph(&["--list-secret-keys", "--with-colons", name]);
        (done.code, done.stdout.lines().filter(|line| line.starts_with("uid:")).count())
    };
    for name in [EMAIL, "<ann@example.com>", "Ann <ann@example.com>", "ann@Example.com", "ann"] {
        assert_eq!(list(&sandbox, name), (Some(0), 1), "{name}");
    }
    let fingerprint = sandbox.paraph(&["--list-keys", "--with-colons"]).stdout;
    let fingerprint = fingerprint.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':').to_owned();
    assert_eq!(list(&sandbox, &fingerprint), (Some(0), 1));
    for name in ["nobody@example.com", "<nobody@example.com>", "0xDEADBEEF", "bob"] {
        assert_eq!(list(&sandbox, name), (Some(0), 0), "{name}");
    }
    sandbox.unset("SIGSTORE_ID_TOKEN");
    sandbox.git(&["config", "--global", "paraph.expectedIdentity", EMAIL]);
    assert_eq!((list(&sandbox, "nobody@example.com"), list(&sandbox, EMAIL)), ((Some(0), 0), (Some(0), 1)));
}
