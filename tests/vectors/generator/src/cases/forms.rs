//! The forms of good signatures.

use super::{
    super::{
        certificate::{Template, raw, subject_alternative_name, uri, username},
        der::{edit, oid, sequence, tlv},
        evidence::{Entry, Token, unsigned_attribute},
        key::{negated, scalars, signature_of},
        recipe::{COMMIT, PUSH, commit},
        world::{TIME, World},
    },
    SIGNER, Vector, good,
};
use paraph::internals::evidence::entry::EntryVersion;

pub fn vectors(world: &World) -> Vec<Vector> {
    let mut vectors = vec![
        good("v1", "A commit with an entry of Rekor v1: the twin of most vectors that fail.", world.v1().commit()),
        good("v2", "A commit with an entry of Rekor v2 and a timestamp: the twin of most vectors that fail.", world.v2().commit()),
        good("tag_v1", "A tag with an entry of Rekor v1.", world.v1().tag()).tag(),
        good("tag_v2", "A tag with an entry of Rekor v2 and a timestamp.", world.v2().tag()).tag(),
        good("push_v1", "A push certificate with an entry of Rekor v1.", world.v1().tag_of(PUSH.as_bytes())).push(),
        good("push_v2", "A push certificate with an entry of Rekor v2 and a timestamp.", world.v2().tag_of(PUSH.as_bytes())).push(),
    ];

    let mut recipe = world.v1();
    recipe.tokens = vec![Token::of(&world.tsa)];
    vectors.push(good(
        "v1_with_timestamp",
        "An entry of Rekor v1 and a timestamp beside it: two trusted times, both within the certificate's validity period.",
        recipe.commit(),
    ));

    let mut recipe = world.v2();
    recipe.tokens[0].carries = false;
    vectors.push(good(
        "timestamp_without_certificate",
        "A timestamp token that does not carry its authority's certificate, which the trusted root has.",
        recipe.commit(),
    ));

    let mut recipe = world.v2();
    recipe.entry.as_mut().unwrap().edit = Some(Box::new(|entry| entry.kind_version = Some(EntryVersion::V001.kind_version())));
    vectors.push(good(
        "v2_entry_named_v1",
        "An entry of Rekor v2 that gitsign 0.17 embeds under the older version's name: its proof fits the newer body alone.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.after = vec![world.intermediate.clone(), world.root.clone()];
    vectors.push(good(
        "bag_with_chain",
        "Case 32, passing: a bag of three certificates, as older versions of gitsign write it.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.before = vec![world.root.clone(), world.intermediate.clone()];
    vectors.push(good(
        "bag_with_leaf_last",
        "Case 32, passing: the signer's certificate stands last in the bag, whose order means nothing.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    let decoy = Template { serial: vec![0x42], ..world.leaf("decoy@example.com", &world.other) };
    recipe.before = vec![decoy.with_sct(&world.intermediate_key, &world.sct())];
    vectors.push(good("gitsign_810_decoy_first", "Case 32, passing: a decoy's certificate stands first in the bag; the identity is that of the certificate that the signer names and whose key signed.", recipe.commit()));

    let mut recipe = world.v1();
    recipe.edit_signature = Some(Box::new(|der| {
        let (r, s) = scalars(der);
        let other = negated(&s);
        *der = signature_of(&r, if s > other { &s } else { &other });
    }));
    vectors.push(good(
        "ecdsa_high_s",
        "Case 36, passing: an ECDSA signature with a high s, as most programs write half of theirs.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.edit_signature = Some(Box::new(|der| {
        let (r, s) = scalars(der);
        let other = negated(&s);
        *der = signature_of(&r, if s < other { &s } else { &other });
    }));
    vectors.push(good("ecdsa_low_s", "Case 36, passing: an ECDSA signature with a low s.", recipe.commit()));

    let mut recipe = world.v1();
    recipe.leaf = world.leaf(super::super::world::SIGNER, &world.rsa);
    recipe.key = &world.rsa;
    vectors.push(good("rsa_leaf", "A certificate with an RSA key, as some older signers have.", recipe.commit()));

    let mut recipe = world.v1();
    recipe.leaf = world.leaf(super::super::world::SIGNER, &world.rsa);
    recipe.key = &world.rsa;
    recipe.signature_algorithm = Some(sequence(&[oid("1.2.840.113549.1.1.1"), tlv(0x05, &[])]));
    vectors.push(good(
        "rsa_encryption",
        "An RSA signature whose algorithm is named rsaEncryption, which leaves the hash to digestAlgorithm (RFC 3370, section 3.2).",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.digest_algorithm = sequence(&[oid("2.16.840.1.101.3.4.2.1"), tlv(0x05, &[])]);
    vectors.push(good(
        "digest_parameters_null",
        "The digest algorithm's parameters are NULL, where RFC 5754 says that they should be absent and must be accepted.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.signing_time = TIME - 30 * 365 * 86_400;
    vectors.push(good(
        "signing_time_means_nothing",
        "Case 44, passing: the CMS signingTime lies thirty years off, and nothing rests on it.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.attributes = vec![unsigned_attribute("1.3.6.1.4.1.57264.99", &[tlv(0x04, b"anything")])];
    vectors.push(good(
        "unknown_unsigned_attribute",
        "Case 29, passing: an unsigned attribute that nobody knows makes a second object of the same payload; nothing rests on it.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.edit_cms = Some(Box::new(|cms| *cms = edit(cms, |cms| cms.at(&SIGNER).at(&[6]).children().reverse())));
    recipe.tokens = vec![Token::of(&world.tsa)];
    vectors.push(good(
        "unsigned_attributes_unsorted",
        "Case 29, passing: the unsigned attributes stand in another order; no signature covers them.",
        recipe.commit(),
    ));

    let identities = [
        (
            "uri",
            uri("https://github.com/org/repo/.github/workflows/ci.yml@refs/heads/main"),
            "https://github.com/org/repo/.github/workflows/ci.yml@refs/heads/main",
            "a URI",
        ),
        ("username", username("1.3.6.1.4.1.57264.1.7", "alice!example.com"), "alice!example.com", "a user name (otherName)"),
    ];
    for (name, encoded, identity, words) in identities {
        let mut recipe = world.v1();
        recipe.leaf.put(subject_alternative_name(true, &[encoded]));
        let vector =
            good(&format!("identity_{name}"), &format!("A certificate whose one subject alternative name is {words}."), recipe.commit());
        vectors.push(vector.allowed(&format!("{identity} https://issuer.example instance=vectors\n")));
    }

    let mut recipe = world.v1();
    recipe.sct.as_mut().unwrap().extensions = vec![0, 0, 5, 0, 0, 0, 0, 7];
    vectors.push(good(
        "sct_with_extensions",
        "Case 42, passing: a signed certificate timestamp with extension bytes, as logs on static files write them.",
        recipe.commit(),
    ));

    let mut recipe = world.v1();
    recipe.leaf.put(raw("1.2.3.4", false, b"anything".to_vec()));
    vectors.push(good("unknown_extension", "An extension of the certificate that nobody knows and that is not critical.", recipe.commit()));

    let mut recipe = world.v1();
    recipe.leaf.remove(super::super::certificate::ISSUER_V1);
    vectors.push(good("issuer_v2_only", "Case 40, passing: the newer of the two issuer extensions stands alone.", recipe.commit()));

    let mut recipe = world.v1();
    recipe.leaf.remove(super::super::certificate::ISSUER_V2);
    vectors.push(good("issuer_v1_only", "Case 40, passing: the older of the two issuer extensions stands alone.", recipe.commit()));

    for (name, time, words) in [("first", TIME - 60, "first"), ("last", TIME + 540, "last")] {
        let mut recipe = world.v1();
        recipe.entry = Some(Entry { promised: Some(time), ..Entry::v1(&world.rekor1) });
        vectors.push(good(
            &format!("{name}_second_of_life"),
            &format!("Case 45, passing: the log's time is the {words} second of the certificate's validity period."),
            recipe.commit(),
        ));
    }

    let armored = world.v1().armored(COMMIT.as_bytes()).replace('\n', "\r\n");
    vectors.push(good(
        "armor_crlf",
        "Case 15, passing: the armor's lines end in CR LF, which git turns into LF in its own signatures.",
        commit(COMMIT.as_bytes(), &armored),
    ));

    vectors
}
