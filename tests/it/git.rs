//! Signing and verifying through the real git.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};

fn repository(sigstore: &Sigstore) -> Sandbox {
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox
}

#[test]
fn a_commit_is_signed_and_git_shows_it() {
    let sigstore = Sigstore::start();
    let sandbox = repository(&sigstore);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    assert_eq!(sandbox.git(&["log", "--format=%G?|%GS|%GT"]), format!("U|{EMAIL}|undefined"));
    sigstore.allow(&sandbox, EMAIL);
    assert_eq!(sandbox.git(&["log", "--format=%G?|%GS|%GT"]), format!("G|{EMAIL}|fully"));
    let done = sandbox.paraph(&["verify", "HEAD"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    println!("{}", done.stdout);
    println!("{}", sandbox.paraph(&["show", "HEAD"]).stdout);
}
