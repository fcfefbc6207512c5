//! Who may sign: the agent and the direct path give the same answer.

use super::{Setup, eventually};
use crate::support::{
    objects::installed,
    sandbox::Done,
    sigstore::{EMAIL, Sigstore},
};
use paraph::internals::local::{Fault, Observer, ServeOptions};
use std::{
    fs::{Permissions, set_permissions},
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
    sync::{Arc, Mutex},
};

/// The local Fulcio certifies only e-mail addresses: it refuses an identity that paraph accepts here.
#[test]
fn a_token_without_an_email_address_gets_the_same_answer_with_and_without_the_agent() {
    let test = "a_token_without_an_email_address_gets_the_same_answer_with_and_without_the_agent";
    let mut setup = Setup::with(ServeOptions { faults: vec![Fault::NoEmail], ..ServeOptions::default() });
    if !installed("curl", test) {
        return;
    }
    setup.logs_in_by_browser_as(EMAIL);
    let mut answers = String::new();
    for expected in [EMAIL, "bob@example.com", "ann@example.com!example.com"] {
        setup.sandbox.git(&["config", "--global", "paraph.expectedIdentity", expected]);
        let [direct, agent] = ["never", "auto"].map(|agent| {
            setup.sandbox.set("PARAPH_AGENT", agent);
            let payload = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nm\n";
            let done = setup.sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], payload.as_bytes());
            assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{agent}");
            let error = done.stderr.lines().find(|line| line.starts_with("error: ")).unwrap().replace(&setup.sigstore.url, "SIGSTORE");
            // only the direct path knows which setting expects the identity
            match error.split_once(" (paraph.expectedIdentity in ") {
                Some((start, rest)) => format!("{start}{}", rest.split_once("));").unwrap().1.replace(" nothing", "; nothing")),
                None => error,
            }
        });
        assert_eq!(direct, agent, "{expected}");
        answers += &format!("{expected}: {direct}\n");
    }
    insta::assert_snapshot!(answers, @r#"
    ann@example.com: error: Fulcio at SIGSTORE/api/v2/signingCert refused the request with 400 Bad Request: There was an error processing the identity token
    bob@example.com: error: the identity is "ann@example.com"; expected "bob@example.com"; nothing was sent to Fulcio or the log
    ann@example.com!example.com: error: Fulcio at SIGSTORE/api/v2/signingCert refused the request with 400 Bad Request: There was an error processing the identity token
    "#);
}

/// The bytes in all logs, of certificates too.
fn published(setup: &Setup) -> u64 {
    let files = std::fs::read_dir(setup.sigstore.folder.join("logs")).into_iter().flatten().flatten();
    files.map(|file| file.metadata().unwrap().len()).sum()
}

/// git's call for a commit of this committer, without the agent and with a running one. Both must refuse, in the same words, and neither may
/// publish anything or log in.
fn refused_on_both_paths(setup: &mut Setup, committer: &str) -> String {
    setup.sandbox.set("PARAPH_AGENT", "auto");
    assert_eq!(setup.paraph(&["login", "--instance", "local", EMAIL]).code, Some(0));
    let before = (published(setup), setup.logins());
    let [direct, agent] = ["never", "auto"].map(|agent| {
        setup.sandbox.set("PARAPH_AGENT", agent);
        let payload = format!(
            "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <{committer}> 1 +0000\ncommitter A <{committer}> 1 +0000\n\nm\n"
        );
        let Done { code, stdout, stderr } = setup.sandbox.paraph_with(&["--status-fd=2", "-bsau", committer], payload.as_bytes());
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{agent}: {stderr}");
        assert!(!stderr.contains("SIG_CREATED"), "{agent}: {stderr}");
        stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{stderr}")).to_owned()
    });
    assert_eq!(direct, agent);
    assert_eq!((published(setup), setup.logins()), before, "{direct}");
    direct
}

#[test]
fn an_identity_that_cannot_be_the_committer_is_refused_on_both_paths_before_a_login() {
    let mut setup = Setup::new();
    for (key, value) in [("paraph.matchCommitter", "true"), ("paraph.expectedIdentity", EMAIL)] {
        setup.sandbox.git(&["config", "--global", key, value]);
    }
    for committer in ["bob@example.com", "Ann@example.com"] {
        let refused = refused_on_both_paths(&mut setup, committer);
        assert_eq!(refused, format!("error: the identity is \"{EMAIL}\", but the commit is from \"{committer}\""));
    }
}

#[test]
fn an_instance_that_only_the_agent_knows_is_refused_on_both_paths() {
    let mut setup = Setup::new();
    let keys = ["paraph.instance", "paraph.local.trustedRoot", "paraph.local.signingConfig", "paraph.local.accessCodeFile"];
    let values = keys.map(|key| setup.sandbox.git(&["config", "--global", key]));
    // the services of a repository, registered under a name of their own
    keys.iter().for_each(|key| drop(setup.sandbox.git(&["config", "--global", "--unset", key])));
    keys.iter().zip(&values).for_each(|(key, value)| drop(setup.sandbox.git(&["config", key, value])));
    assert_eq!(setup.paraph(&["login", "--instance", "mine", EMAIL]).code, Some(0));
    keys.iter().for_each(|key| drop(setup.sandbox.git(&["config", "--unset", key])));
    keys.iter().zip(&values).for_each(|(key, value)| drop(setup.sandbox.git(&["config", "--global", key, value])));
    for name in ["mine", "nosuch"] {
        setup.sandbox.git(&["config", "paraph.instance", name]);
        let refused = refused_on_both_paths(&mut setup, EMAIL);
        assert!(refused.starts_with(&format!("error: there is no instance \"{name}\" (set by paraph.instance in ")), "{refused}");
    }
}

#[test]
fn a_name_is_registered_only_for_services_that_could_sign() {
    let setup = Setup::new();
    let registrations = || std::fs::read_dir(setup.sandbox.home().join(".local/share/paraph/instances")).into_iter().flatten().count();
    let refused = |arguments: &[&str]| {
        let done = setup.paraph(arguments);
        assert_eq!(registrations(), 0, "{arguments:?}: {done:?}");
        assert!(done.code == Some(2) || done.code == Some(3) || done.code == Some(7), "{arguments:?}: {done:?}");
        done.stderr
    };
    let unknown = refused(&["login", "--instance", "nosuch", EMAIL]);
    assert!(unknown.starts_with("error: there is no instance \"nosuch\" (set by the option --instance)\n"), "{unknown}");
    // a setting that names no service, a service without its trust root, a trust root that cannot be read
    for (key, value, why) in [
        ("paraph.rekorVersion", "2", "there are no services to approve as nosuch: neither the repository nor the environment names any"),
        ("paraph.elsewhere.mirror", "https://tuf.example", "the instance elsewhere has no trust root"),
        ("paraph.trustedRoot", "/no/such/file", "/no/such/file cannot be read"),
    ] {
        let instance = if key.starts_with("paraph.elsewhere") { "elsewhere" } else { "public" };
        setup.sandbox.git(&["config", "paraph.instance", instance]);
        setup.sandbox.git(&["config", key, value]);
        let refused = refused(&["login", "--instance", "nosuch", EMAIL]);
        assert!(refused.contains(why), "{key}: {refused}");
        setup.sandbox.git(&["config", "--unset", key]);
    }
    assert_eq!(setup.logins().0, 0);
}

#[test]
fn a_login_that_fails_registers_nothing() {
    let mut setup = Setup::new();
    for key in ["paraph.instance", "paraph.local.trustedRoot", "paraph.local.signingConfig", "paraph.local.accessCodeFile"] {
        let value = setup.sandbox.git(&["config", "--global", key]);
        setup.sandbox.git(&["config", "--global", "--unset", key]);
        setup.sandbox.git(&["config", key, &value]);
    }
    setup.sigstore.stop();
    assert_eq!(setup.paraph(&["login", "--instance", "mine", EMAIL]).code, Some(5));
    assert!(!setup.sandbox.home().join(".local/share/paraph/instances/mine.json").exists());
    setup.sigstore.restart(ServeOptions::default());
    assert_eq!(setup.paraph(&["login", "--instance", "mine", EMAIL]).code, Some(0));
    let registration = std::fs::read(setup.sandbox.home().join(".local/share/paraph/instances/mine.json")).unwrap();
    setup.sigstore.stop();
    for call in ["lock", "unlock"] {
        assert_eq!(setup.paraph(&["agent", call]).code, Some(0));
    }
    // an earlier registration stays as it was
    setup.sandbox.git(&["config", "paraph.rekorVersion", "1"]);
    assert_eq!(setup.paraph(&["login", "--instance", "mine", EMAIL]).code, Some(5));
    assert_eq!(std::fs::read(setup.sandbox.home().join(".local/share/paraph/instances/mine.json")).unwrap(), registration);
}

#[test]
fn a_registration_that_others_control_is_neither_used_nor_written() {
    let setup = Setup::new();
    for key in ["paraph.instance", "paraph.local.trustedRoot", "paraph.local.signingConfig", "paraph.local.accessCodeFile"] {
        let value = setup.sandbox.git(&["config", "--global", key]);
        setup.sandbox.git(&["config", "--global", "--unset", key]);
        setup.sandbox.git(&["config", key, &value]);
    }
    assert_eq!(setup.paraph(&["login", "--instance", "mine", EMAIL]).code, Some(0));
    let folder = setup.sandbox.home().join(".local/share/paraph/instances");
    let file = folder.join("mine.json");
    let content = std::fs::read(&file).unwrap();
    let elsewhere = setup.sandbox.root().join("elsewhere");
    type Spoil<'a> = Box<dyn Fn(&Path) + 'a>;
    let mut faults: Vec<(&str, Spoil<'_>)> = vec![
        ("others may write to it (mode 0777)", Box::new(|path| set_permissions(path, Permissions::from_mode(0o777)).unwrap())),
        (
            "it is a symbolic link",
            Box::new(|path| {
                std::fs::rename(path, &elsewhere).unwrap();
                std::os::unix::fs::symlink(&elsewhere, path).unwrap();
            }),
        ),
    ];
    // only root can give something away
    if rustix::process::geteuid().is_root() {
        faults.push(("it belongs to user 12345", Box::new(|path| chown(path, Some(12345), Some(12345)).unwrap())));
    }
    for (said, spoil) in &faults {
        for path in [&folder, &file] {
            let mode = path.metadata().unwrap().permissions();
            spoil(path);
            let done = setup.paraph(&["login", "--instance", "mine", EMAIL]);
            assert!(done.code != Some(0) && done.stderr.contains(said) && done.stderr.contains("\nhint: "), "{}: {done:?}", path.display());
            assert_eq!(std::fs::read(&file).unwrap(), content, "{said}");
            if path.is_symlink() {
                std::fs::remove_file(path).unwrap();
                std::fs::rename(&elsewhere, path).unwrap();
            }
            chown(path, Some(rustix::process::geteuid().as_raw()), None).unwrap();
            set_permissions(path, mode).unwrap();
        }
    }
    assert_eq!(setup.paraph(&["login", "--instance", "mine", EMAIL]).code, Some(0));
}

/// What the agent keeps of one login would show as a missing login at the other issuer, or as one call more of its token endpoint.
#[test]
fn a_login_at_one_issuer_stays_there_if_the_instance_gets_another() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let options = |name: &'static str| {
        let calls = Arc::clone(&calls);
        let observer: Observer = Arc::new(move |path, _, _| calls.lock().unwrap().push(format!("{name} {path}")));
        // a certificate does not last for the next signature
        ServeOptions { certificate_lifetime: 1, observer: Some(observer), ..ServeOptions::default() }
    };
    let (setup, other) = (Setup::with(options("one")), Sigstore::with(options("other")));
    setup.commit("first");
    setup.commit("second");
    other.configure(&setup.sandbox);
    setup.commit("third");
    setup.sigstore.configure(&setup.sandbox);
    setup.commit("fourth");
    assert_eq!(setup.logins().0, 1, "the first login is still there, and serves its own issuer");
    let of_other = paraph::internals::local::Instance::open(&other.folder).unwrap().logins().unwrap();
    assert_eq!((of_other.logins, of_other.renewals), (1, 0));
    // a call is observed after its answer
    let at_other = || calls.lock().unwrap().iter().filter(|call| *call == "other /token").count();
    eventually("the login at the other issuer", || at_other() > 0);
    assert_eq!(at_other(), 1, "{calls:?}");
}
