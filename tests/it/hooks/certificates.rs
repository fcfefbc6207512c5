//! `git push --signed`: the hook itself judges the certificate.

use super::{NOT_ALLOWED, says, setup, write_hook};

#[test]
fn a_push_certificate_must_be_good_fresh_and_about_this_push() {
    let setup = setup(&["pre-receive"]);
    setup.serve("receive.certNonceSeed", "a seed that only the server knows");
    setup.signed("one");
    setup.accepted(&["--signed", "main"]);
    setup.signed("two");
    let done = setup.sandbox.try_git(&["-c", NOT_ALLOWED, "push", "--signed", "origin", "main"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    says(&done.stderr, &["1 of 2 new objects is not good", "push certificate ", ": [untrusted]"]);
    // git's status of the nonce, and other refs than the certificate's
    write_hook("pre-receive", &setup.bare, "#!/bin/sh\nexport GIT_PUSH_CERT_NONCE_STATUS=BAD\nexec paraph hook pre-receive\n");
    says(&setup.refused(&["--signed", "main"]), &["nonce has the status \"BAD\""]);
    // a stale nonce hides nothing of what else is wrong
    let done = setup.sandbox.try_git(&["-c", NOT_ALLOWED, "push", "--signed", "origin", "main"]);
    says(&done.stderr, &["1 of 2 new objects is not good", "push certificate ", ": [untrusted]", "nonce has the status \"BAD\""]);
    write_hook(
        "pre-receive",
        &setup.bare,
        "#!/bin/sh\nexport GIT_PUSH_CERT_NONCE_STATUS=SLOP GIT_PUSH_CERT_NONCE_SLOP=301\nexec paraph hook pre-receive\n",
    );
    says(&setup.refused(&["--signed", "main"]), &["the status \"SLOP\""]);
    write_hook("pre-receive", &setup.bare, "#!/bin/sh\nsed s,refs/heads/main,refs/heads/other, | paraph hook pre-receive\n");
    says(&setup.refused(&["--signed", "main"]), &["the push certificate is about other refs than the push [payload-mismatch]"]);
    write_hook(
        "pre-receive",
        &setup.bare,
        "#!/bin/sh\nexport GIT_PUSH_CERT_NONCE_STATUS=SLOP GIT_PUSH_CERT_NONCE_SLOP=-3\nexec paraph hook pre-receive\n",
    );
    setup.accepted(&["--signed", "main"]);
}
