//! Signing through git with an issuer that lies in its tokens, or signs them with a key that it does not publish.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
    socket::Silent,
};
use paraph::internals::local::ServeOptions;

#[test]
fn a_token_that_lies_goes_nowhere_and_makes_no_commit() {
    let mut told = String::new();
    for fault in ["other-nonce", "other-audience", "other-issuer", "unverified-email", "foreign-key"] {
        let fault = format!("issuer={fault}");
        let sigstore = Sigstore::with(ServeOptions { faults: vec![fault.parse().unwrap()], ..ServeOptions::default() });
        let mut sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        let (fulcio, log) = (Silent::start(), Silent::start());
        sandbox.set("GITSIGN_FULCIO_URL", &fulcio.url);
        sandbox.set("GITSIGN_REKOR_URL", &log.url);
        let commit = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
        assert_eq!((commit.code, sandbox.try_git(&["rev-parse", "-q", "--verify", "HEAD"]).code), (Some(128), Some(1)), "{fault}");
        assert_eq!((fulcio.connections(), log.connections()), (0, 0), "{fault}: somebody was sent something");
        let payload =
            format!("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <{EMAIL}> 1 +0000\ncommitter A <{EMAIL}> 1 +0000\n\nm\n");
        let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], payload.as_bytes());
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{fault}");
        told += &format!("{fault}: {}\n", done.stderr.lines().next().unwrap().replace(&sigstore.url, "URL"));
    }
    insta::assert_snapshot!(told, @r#"
    issuer=other-nonce: error: the identity token's nonce is not the one of this login
    issuer=other-audience: error: the identity token's audience is "another-client"; expected "sigstore"
    issuer=other-issuer: error: the identity token's issuer is "URL/"; expected "URL"
    issuer=unverified-email: error: the issuer has not verified the address ann@example.com
    issuer=foreign-key: error: the issuer's token cannot be trusted: Signature verification failed: No matching key found
    "#);
}
