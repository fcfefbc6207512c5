//! The signer's certificate: Fulcio's profile (cases 38 to 40).

use super::{
    super::{
        certificate::{
            ANY_EXTENDED_KEY_USAGE, BASIC_CONSTRAINTS, CODE_SIGNING, ISSUER_V1, ISSUER_V2, Template, basic_constraints, email,
            extended_key_usage, key_usage, raw, subject_alternative_name, uri, username, utf8,
        },
        der::{Content, Node, edit, oid, sequence, tlv},
        key::Key,
        world::World,
    },
    Vector, fail, untrusted,
};
use paraph::Reason;

pub fn vectors(world: &World) -> Vec<Vector> {
    [usage(world), names(world), issuers(world), structure(world)].into_iter().flatten().collect()
}

fn of(world: &World, name: &str, sentence: &str, reason: Reason, change: impl FnOnce(&mut Template)) -> Vector {
    let mut recipe = world.v1();
    change(&mut recipe.leaf);
    fail(name, sentence, recipe.commit(), reason)
}

fn usage(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, change: fn(&mut Template)| of(world, name, sentence, Reason::CertificateProfile, change);
    vec![
        of("leaf_is_authority", "Case 38: the certificate is a certificate authority's.", |leaf| leaf.put(basic_constraints(None))),
        of("no_code_signing", "Case 38: the certificate is for e-mail, not for code.", |leaf| {
            leaf.put(extended_key_usage(false, &["1.3.6.1.5.5.7.3.4"]))
        }),
        of("no_extended_key_usage", "Case 38: the certificate says nothing about its purpose.", |leaf| leaf.remove("2.5.29.37")),
        of("further_purpose", "Case 38: the certificate is for servers beside code.", |leaf| {
            leaf.put(extended_key_usage(false, &[CODE_SIGNING, "1.3.6.1.5.5.7.3.1"]))
        }),
        of("any_purpose", "Case 38: the certificate is for any purpose.", |leaf| {
            leaf.put(extended_key_usage(false, &[ANY_EXTENDED_KEY_USAGE]))
        }),
        of("may_sign_certificates", "Case 38: the certificate's key may sign certificates.", |leaf| leaf.put(key_usage(&[0, 5]))),
        of("no_digital_signature", "Case 38: the certificate's key is not for signatures.", |leaf| leaf.put(key_usage(&[2]))),
        of("no_key_usage", "Case 38: the certificate says nothing about its key's use.", |leaf| leaf.remove("2.5.29.15")),
    ]
}

fn names(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, critical: bool, names: &[Vec<u8>]| {
        of(world, name, sentence, Reason::SubjectAlternativeName, |leaf| leaf.put(subject_alternative_name(critical, names)))
    };
    let alice = email(b"alice@example.com");
    vec![
        of("two_names", "Case 39: two e-mail addresses.", true, &[alice.clone(), email(b"bob@example.com")]),
        of("address_and_uri", "Case 39: an e-mail address and a URI.", true, &[alice.clone(), uri("https://example.com")]),
        of("no_name", "Case 39: the list of names is empty.", true, &[]),
        super::fail(
            "no_subject_alternative_name",
            "Case 39: there is no subject alternative name.",
            {
                let mut recipe = world.v1();
                recipe.leaf.remove("2.5.29.17");
                recipe.commit()
            },
            Reason::SubjectAlternativeName,
        ),
        of("name_not_critical", "Case 39: the subject alternative name is not critical.", false, std::slice::from_ref(&alice)),
        of("empty_name", "Case 39: the name is empty.", true, &[email(b"")]),
        of("name_with_nul", "Case 39: a NUL byte in the name.", true, &[email(b"alice@example.com\0.evil.example")]),
        of(
            "name_with_line_feed",
            "Case 39: a line feed and a status line in the name.",
            true,
            &[email(b"alice@example.com\n[GNUPG:] TRUST_ULTIMATE")],
        ),
        of("name_with_escape", "Case 63: a terminal's escape sequence in the name.", true, &[email(b"alice@example.com\x1b[2J")]),
        of(
            "name_with_space",
            "Case 39: a space in the name, which would end a field of a status line.",
            true,
            &[email(b"alice@example.com eve")],
        ),
        of(
            "name_not_ascii",
            "Case 39: an e-mail address outside ASCII, which the type forbids.",
            true,
            &[email("аlice@example.com".as_bytes())],
        ),
        of(
            "name_with_reordering_mark",
            "Case 63: a mark that reorders the text around it in a user name.",
            true,
            &[username("1.3.6.1.4.1.57264.1.7", "alice\u{202e}moc.elpmaxe@")],
        ),
        of("name_of_other_type", "Case 39: an otherName of a type that is not known.", true, &[username("1.2.3.4", "alice@example.com")]),
        of("directory_name", "Case 39: a directory name.", true, &[tlv(0xa4, &super::super::certificate::name("alice@example.com"))]),
        untrusted(
            "name_that_looks_alike",
            "Case 39: a user name with a letter of another alphabet that looks like one of the allowed identity's.",
            {
                let mut recipe = world.v1();
                recipe.leaf.put(subject_alternative_name(true, &[username("1.3.6.1.4.1.57264.1.7", "\u{430}lice@example.com")]));
                recipe.commit()
            },
        ),
    ]
}

fn issuers(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, change: fn(&mut Template)| of(world, name, sentence, Reason::IssuerExtension, change);
    vec![
        of("issuers_differ", "Case 40: the two issuer extensions differ.", |leaf| leaf.put(utf8(ISSUER_V2, "https://other.example"))),
        of("issuer_not_utf8_string", "Case 40: the newer issuer extension holds raw text in place of a UTF8String.", |leaf| {
            leaf.put(raw(ISSUER_V2, false, b"https://issuer.example".to_vec()))
        }),
        of("issuer_ia5_string", "Case 40: the newer issuer extension holds another type of string.", |leaf| {
            leaf.put(raw(ISSUER_V2, false, tlv(0x16, b"https://issuer.example")))
        }),
        of("issuer_empty", "Case 40: the issuer is empty.", |leaf| {
            leaf.remove(ISSUER_V1);
            leaf.put(utf8(ISSUER_V2, ""));
        }),
        of("issuer_with_line_feed", "Case 63: a line feed in the issuer.", |leaf| {
            leaf.put(raw(ISSUER_V1, false, b"https://issuer.example\nx".to_vec()));
            leaf.put(utf8(ISSUER_V2, "https://issuer.example\nx"));
        }),
    ]
}

fn structure(world: &World) -> Vec<Vector> {
    let mut vectors = vec![
        of(world, "duplicate_extension", "Case 40: an extension stands twice.", Reason::CertificateExtension, |leaf| {
            leaf.extensions.push(utf8(ISSUER_V2, "https://issuer.example"))
        }),
        of(world, "unknown_critical_extension", "Case 40: an extension is critical and not known.", Reason::CertificateExtension, |leaf| {
            leaf.put(raw("1.2.3.4", true, b"x".to_vec()))
        }),
        of(world, "claim_does_not_parse", "Case 40: the source repository's URI is no UTF8String.", Reason::CertificateExtension, |leaf| {
            leaf.put(raw("1.3.6.1.4.1.57264.1.12", false, vec![0x0c, 9, b'x']))
        }),
        of(
            world,
            "basic_constraints_do_not_parse",
            "Case 38: the basic constraints are malformed.",
            Reason::CertificateExtension,
            |leaf| leaf.put(raw(BASIC_CONSTRAINTS, true, vec![0x30, 7])),
        ),
        of(
            world,
            "key_on_other_curve",
            "Case 36: the certificate's key is on a curve that is not allowed.",
            Reason::CertificateKey,
            |leaf| {
                leaf.spki =
                    sequence(&[sequence(&[oid("1.2.840.10045.2.1"), oid("1.3.132.0.10")]), tlv(0x03, &[&[0, 4][..], &[1; 64]].concat())]);
            },
        ),
        of(
            world,
            "key_point_compressed",
            "Case 36: the certificate's key is a compressed point, which gives one key two encodings.",
            Reason::CertificateKey,
            |leaf| {
                let point = Key::p256("signer").raw();
                leaf.spki = sequence(&[
                    sequence(&[oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")]),
                    tlv(0x03, &[&[0, 2 + (point[64] & 1)], &point[1..33]].concat()),
                ]);
            },
        ),
    ];
    let mut edited = |name: &str, sentence: &str, reason, change: fn(&mut Node)| {
        let mut recipe = world.v1();
        recipe.edit_leaf = Some(Box::new(move |leaf| *leaf = edit(leaf, change)));
        vectors.push(fail(name, sentence, recipe.commit(), reason));
    };
    edited(
        "certificate_signature_algorithms_differ",
        "Case 38: the certificate names two signature algorithms.",
        Reason::CertificateMalformed,
        |leaf| *leaf.at(&[1]) = Node::parse(&sequence(&[oid("1.2.840.10045.4.3.2")])),
    );
    edited("certificate_version_1", "Case 38: the certificate is of version 1.", Reason::CertificateMalformed, |leaf| {
        *leaf.at(&[0, 0, 0]) = Node { tag: 2, content: Content::Primitive(vec![0]) };
    });
    edited("certificate_changed", "A bit of the certificate's validity was changed after it was issued.", Reason::ChainSignature, |leaf| {
        let Content::Primitive(time) = &mut leaf.at(&[0, 4, 1]).content else { panic!("no time") };
        time[11] ^= 1;
    });
    vectors
}
