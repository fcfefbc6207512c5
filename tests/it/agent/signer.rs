//! Who may sign: the agent and the direct path give the same answer.

use super::Setup;
use crate::support::{objects::installed, sigstore::EMAIL};
use paraph::internals::local::{Fault, ServeOptions};

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
