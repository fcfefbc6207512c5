//! Timestamp tokens (case 49).

use super::{
    super::{
        certificate::{CODE_SIGNING, TIME_STAMPING, Template, extended_key_usage, key_usage, raw},
        der::{Content, Node, edit, octets, oid, sequence, set, tlv},
        evidence::{Edit, Token, unsigned_attribute},
        world::{BEGIN, TIME, Tsa, World, authority_json},
    },
    Vector, fail, good,
};
use der::{
    Decode,
    asn1::{ObjectIdentifier, OctetString},
};
use paraph::Reason;
use serde_json::json;
use sha2::{Digest, Sha384, Sha512};
use x509_cert::ext::Extension;

pub fn vectors(world: &World) -> Vec<Vector> {
    [tokens(world), authorities(world), several(world)].into_iter().flatten().collect()
}

fn of<'w>(world: &'w World, name: &str, sentence: &str, reason: Reason, change: impl FnOnce(&mut Token<'w>)) -> Vector {
    let mut recipe = world.v2();
    change(&mut recipe.tokens[0]);
    fail(name, sentence, recipe.commit(), reason)
}

fn tokens(world: &World) -> Vec<Vector> {
    let without = |oid_text: &'static str| -> Edit<Vec<Vec<u8>>> {
        Some(Box::new(move |all| all.retain(|attribute| !attribute.windows(oid(oid_text).len()).any(|window| window == oid(oid_text)))))
    };
    let signing_certificate = "1.2.840.113549.1.9.16.2.47";
    let mut empty = world.v2();
    empty.tokens.clear();
    empty.attributes = vec![unsigned_attribute("1.2.840.113549.1.9.16.2.14", &[sequence(&[])])];
    vec![
        of(world, "timestamp_of_other_signature", "Case 49: the token is about another signature.", Reason::TimestampImprint, |token| {
            token.stamped = Some(b"another signature".to_vec())
        }),
        of(world, "timestamp_weak_hash", "Case 49: the token's imprint is a SHA-1.", Reason::TimestampImprint, |token| {
            token.edit_info = Some(Box::new(|info| {
                info.message_imprint.hash_algorithm.oid = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
                info.message_imprint.hashed_message = OctetString::new(vec![7; 20]).unwrap();
            }));
        }),
        of(world, "timestamp_imprint_short", "Case 49: the token's imprint is a truncated hash.", Reason::TimestampImprint, |token| {
            token.edit_info = Some(Box::new(|info| {
                info.message_imprint.hashed_message = OctetString::new(&info.message_imprint.hashed_message.as_bytes()[..16]).unwrap()
            }));
        }),
        of(world, "timestamp_signature_bit", "Case 49: a bit of the token's signature is flipped.", Reason::TimestampInvalid, |token| {
            token.edit_signature = Some(Box::new(|der| {
                let last = der.len() - 1;
                der[last] ^= 1;
            }))
        }),
        of(
            world,
            "timestamp_by_other_key",
            "Case 49: another key than the certificate's signed the token.",
            Reason::TimestampInvalid,
            |token| token.key = &world.other,
        ),
        of(world, "timestamp_without_message_digest", "Case 49: the token's messageDigest is absent.", Reason::TimestampInvalid, |token| {
            token.edit_attributes = without("1.2.840.113549.1.9.4")
        }),
        of(
            world,
            "timestamp_without_signing_certificate",
            "Case 49: the token does not name its signer's certificate.",
            Reason::TimestampInvalid,
            |token| token.edit_attributes = without(signing_certificate),
        ),
        of(
            world,
            "timestamp_names_other_certificate",
            "Case 49: the token names another certificate as its signer's.",
            Reason::TimestampInvalid,
            |token| {
                token.edit_attributes = Some(Box::new(move |all| {
                    all.retain(|attribute| !attribute.windows(13).any(|window| window == oid(signing_certificate)));
                    all.push(sequence(&[oid(signing_certificate), set(&[sequence(&[sequence(&[sequence(&[octets(&[7; 32])])])])])]));
                }));
            },
        ),
        of(world, "timestamp_version_2", "Case 49: the token's version is not 1.", Reason::TimestampMalformed, |token| {
            token.edit_info = Some(Box::new(|info| info.version = 2))
        }),
        of(
            world,
            "timestamp_critical_extension",
            "Case 49: the token has a critical extension that is not known.",
            Reason::TimestampMalformed,
            |token| {
                token.edit_info = Some(Box::new(|info| {
                    info.extensions = Some(vec![Extension {
                        extn_id: ObjectIdentifier::new_unwrap("1.2.3.4"),
                        critical: true,
                        extn_value: OctetString::new(vec![1]).unwrap(),
                    }])
                }));
            },
        ),
        of(world, "timestamp_trailing_bytes", "Case 49: the token's structure is truncated.", Reason::TimestampMalformed, |token| {
            token.edit = Some(Box::new(|token| {
                *token = super::super::der::edit(token, |node| {
                    node.at(&[1, 0]).children().pop();
                })
            }));
        }),
        of(world, "timestamp_not_over_tst_info", "Case 49: the token's content is of another type.", Reason::TimestampMalformed, |token| {
            token.edit = Some(Box::new(|token| {
                *token = super::super::der::edit(token, |node| {
                    *node.at(&[1, 0, 2, 0]) = super::super::der::Node::parse(&oid("1.2.840.113549.1.7.1"))
                })
            }));
        }),
        of(
            world,
            "timestamp_cms_version_1",
            "Case 49: the token's SignedData is of the version for plain data.",
            Reason::TimestampMalformed,
            |token| {
                token.edit = Some(Box::new(|token| *token = edit(token, |node| node.at(&[1, 0, 0]).content = Content::Primitive(vec![1]))))
            },
        ),
        of(
            world,
            "timestamp_digest_algorithms_empty",
            "Case 49: the token's digestAlgorithms is empty.",
            Reason::TimestampMalformed,
            |token| token.edit = Some(Box::new(|token| *token = edit(token, |node| node.at(&[1, 0, 1]).children().clear()))),
        ),
        fail(
            "cve_2026_39984_decoy_in_token",
            "Case 49, CVE-2026-39984: an unknown authority's token, in whose bag the trusted one's certificate stands first.",
            with_decoy(world, &world.other_tsa, &world.tsa),
            Reason::TimestampUnknownAuthority,
        ),
        good(
            "cve_2026_39984_decoy_first",
            "Case 49, CVE-2026-39984, passing: the trusted authority's token, in whose bag another's certificate stands first.",
            with_decoy(world, &world.tsa, &world.other_tsa),
        ),
        fail("timestamp_no_token", "Case 49: the attribute for tokens holds something else.", empty.commit(), Reason::TimestampMalformed),
    ]
}

/// A commit with a token of one authority, whose first certificate is of another authority.
fn with_decoy(world: &World, tsa: &Tsa, other: &Tsa) -> Vec<u8> {
    let decoy = Node::parse(&other.certificate);
    let edit_bag = move |token: &mut Vec<u8>| *token = edit(token, |node| node.at(&[1, 0, 3]).children().insert(0, decoy.clone()));
    let mut recipe = world.v2();
    recipe.tokens = vec![Token { edit: Some(Box::new(edit_bag)), ..Token::of(tsa) }];
    recipe.commit()
}

fn authorities(world: &World) -> Vec<Vector> {
    let with = |change: &dyn Fn(&mut Template)| {
        let mut template = world.tsa.template.clone();
        change(&mut template);
        template.signed_by(&world.tsa.root_key)
    };
    // an authority of which the trusted root names only the root
    let root_only = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut root = world.trusted_root();
        root["timestampAuthorities"] = json!([authority_json("https://timestamp.example", &[&world.tsa.root])]);
        change(&mut root);
        root
    };
    let by = |name: &str, sentence: &str, reason, certificate: Vec<u8>| {
        of(world, name, sentence, reason, |token| token.certificate = certificate).root(&root_only(&|_| {}))
    };
    let root = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut root = world.trusted_root();
        change(&mut root);
        root
    };
    let good_commit = world.v2().commit();
    let mut imprints = Vec::new();
    for (name, oid_text, digest) in [
        ("sha384", "2.16.840.1.101.3.4.2.2", (|bytes| Sha384::digest(bytes).to_vec()) as fn(&[u8]) -> Vec<u8>),
        ("sha512", "2.16.840.1.101.3.4.2.3", |bytes| Sha512::digest(bytes).to_vec()),
    ] {
        let mut recipe = world.v2();
        let signature = signature_of(&recipe);
        recipe.tokens[0].edit_info = Some(Box::new(move |info| {
            info.message_imprint.hash_algorithm.oid = ObjectIdentifier::new_unwrap(oid_text);
            info.message_imprint.hashed_message = OctetString::new(digest(&signature)).unwrap();
        }));
        imprints.push(good(
            &format!("timestamp_{name}"),
            &format!("Case 49, passing: the token's imprint is a {}.", name.to_uppercase()),
            recipe.commit(),
        ));
    }
    let vectors = vec![
        by(
            "timestamp_purpose_not_critical",
            "Case 49: the authority's certificate is for timestamps, and does not say so critically.",
            Reason::TimestampProfile,
            with(&|template| template.put(extended_key_usage(false, &[TIME_STAMPING]))),
        ),
        by(
            "timestamp_other_purpose",
            "Case 49: the authority's certificate is for code.",
            Reason::TimestampProfile,
            with(&|template| template.put(extended_key_usage(true, &[CODE_SIGNING]))),
        ),
        by(
            "timestamp_further_purpose",
            "Case 49: the authority's certificate is for code beside timestamps.",
            Reason::TimestampProfile,
            with(&|template| template.put(extended_key_usage(true, &[TIME_STAMPING, CODE_SIGNING]))),
        ),
        by(
            "timestamp_without_purpose",
            "Case 49: the authority's certificate says nothing about its purpose.",
            Reason::TimestampProfile,
            with(&|template| template.remove("2.5.29.37")),
        ),
        by(
            "timestamp_certificate_expired",
            "Case 49: the authority's certificate had expired when the token was made.",
            Reason::OutsideTimestampAuthorityWindow,
            with(&|template| template.not_after = TIME - 1),
        ),
        by(
            "timestamp_certificate_not_yet_valid",
            "Case 49: the authority's certificate was not yet valid when the token was made.",
            Reason::OutsideTimestampAuthorityWindow,
            with(&|template| template.not_before = TIME + 1),
        ),
        by(
            "timestamp_certificate_unknown_critical",
            "Case 49: the authority's certificate has a critical extension that nobody knows.",
            Reason::TimestampProfile,
            with(&|template| template.put(raw("1.2.3.4.5", true, vec![5, 0]))),
        ),
        by(
            "timestamp_certificate_without_signatures",
            "Case 49: the key usage of the authority's certificate allows certificates, and no signatures.",
            Reason::TimestampProfile,
            with(&|template| template.put(key_usage(&[5]))),
        ),
        by(
            "timestamp_certificate_not_from_root",
            "Case 49: the authority's certificate was not issued by the root that it names.",
            Reason::ChainSignature,
            world.tsa.template.signed_by(&world.other_tsa.root_key),
        ),
        good(
            "timestamp_certificate_from_root",
            "Case 49, passing: the trusted root names only the authority's root, and the token carries its certificate.",
            good_commit.clone(),
        )
        .root(&root_only(&|_| {})),
        fail(
            "timestamp_certificate_nowhere",
            "Case 49: the trusted root names only the authority's root, and the token carries no certificate.",
            {
                let mut recipe = world.v2();
                recipe.tokens[0].carries = false;
                recipe.commit()
            },
            Reason::TimestampUnknownAuthority,
        )
        .root(&root_only(&|_| {})),
        fail(
            "timestamp_authority_unknown",
            "Case 49: the token comes from an authority that the trusted root does not name; it carries its certificate.",
            {
                let mut recipe = world.v2();
                recipe.tokens = vec![Token::of(&world.other_tsa)];
                recipe.commit()
            },
            Reason::TimestampUnknownAuthority,
        ),
        fail(
            "no_timestamp_authorities",
            "Case 50: the trusted root names no timestamp authority.",
            good_commit.clone(),
            Reason::TimestampUnknownAuthority,
        )
        .root(&root(&|root| root["timestampAuthorities"] = json!([]))),
        fail(
            "timestamp_authority_no_longer_trusted",
            "Case 49: the authority's window ended a second before the token.",
            good_commit.clone(),
            Reason::OutsideTimestampAuthorityWindow,
        )
        .root(&root(&|root| root["timestampAuthorities"][0]["validFor"]["end"] = json!("2025-03-01T11:59:59Z"))),
        good(
            "timestamp_authority_trusted_until_then",
            "Case 49, passing: the authority's window ends in the second of the token.",
            good_commit.clone(),
        )
        .root(&root(&|root| root["timestampAuthorities"][0]["validFor"]["end"] = json!("2025-03-01T12:00:00Z"))),
        fail(
            "timestamp_borrowed_window",
            "Case 49, TOB-SIGSTORE-11: the authority's window has ended; another authority's is open.",
            good_commit,
            Reason::OutsideTimestampAuthorityWindow,
        )
        .root(&root(&|root| {
            root["timestampAuthorities"][0]["validFor"]["end"] = json!("2025-03-01T11:59:59Z");
            root["timestampAuthorities"]
                .as_array_mut()
                .unwrap()
                .push(authority_json("https://second.example", &[&world.other_tsa.certificate, &world.other_tsa.root]));
        })),
        expired_since(world),
        of(
            world,
            "timestamp_before_life",
            "Case 49: the token is a second older than the certificate.",
            Reason::OutsideCertificateWindow,
            |token| token.time = TIME - 61,
        ),
        of(
            world,
            "timestamp_after_life",
            "Case 49: the token was made a second after the certificate's validity period.",
            Reason::OutsideCertificateWindow,
            |token| token.time = TIME + 541,
        ),
        of(
            world,
            "timestamp_before_authority",
            "Case 49: the token is older than its authority.",
            Reason::OutsideTimestampAuthorityWindow,
            |token| token.time = BEGIN - 1,
        ),
    ];
    vectors.into_iter().chain(imprints).collect()
}

fn expired_since(world: &World) -> Vector {
    let mut template = world.tsa.template.clone();
    template.not_after = TIME + 3600;
    let certificate = template.signed_by(&world.tsa.root_key);
    let mut root = world.trusted_root();
    root["timestampAuthorities"] = json!([authority_json("https://timestamp.example", &[&certificate, &world.tsa.root])]);
    let mut recipe = world.v2();
    recipe.tokens[0].certificate = certificate;
    let sentence = "Case 49, passing: the authority's certificate has expired since it made the token.";
    good("timestamp_certificate_expired_since", sentence, recipe.commit()).root(&root)
}

/// The signature of the usual commit, which its token is about.
fn signature_of(recipe: &super::super::recipe::Recipe<'_>) -> Vec<u8> {
    let mut cms = super::super::der::Node::parse(&recipe.cms(super::super::recipe::COMMIT.as_bytes()));
    let signature = cms.at(&super::SIGNER).at(&[5]).to_der();
    <&der::asn1::OctetStringRef>::from_der(&signature).unwrap().as_bytes().to_vec()
}

fn several(world: &World) -> Vec<Vector> {
    let with = |second: Token<'_>| {
        let mut recipe = world.v2();
        let first = Token::of(&world.tsa);
        recipe.tokens = Vec::new();
        let signature = signature_of(&world.v2());
        recipe.attributes = vec![unsigned_attribute("1.2.840.113549.1.9.16.2.14", &[first.make(&signature), second.make(&signature)])];
        recipe.commit()
    };
    let mut both = world.trusted_root();
    both["timestampAuthorities"]
        .as_array_mut()
        .unwrap()
        .push(authority_json("https://second.example", &[&world.other_tsa.certificate, &world.other_tsa.root]));
    let other = || Token::of(&world.other_tsa);
    let mut v1 = world.v1();
    v1.tokens = vec![Token { time: TIME + 541, ..Token::of(&world.tsa) }];
    let mut five = world.v2();
    five.tokens = (0..5).map(|second| Token { time: TIME + second, ..Token::of(&world.tsa) }).collect();
    let mut broken = world.v1();
    broken.attributes = vec![unsigned_attribute("1.2.840.113549.1.9.16.2.14", &[tlv(0x30, &[])])];
    vec![
        good("two_timestamps", "Case 49, passing: tokens of two authorities that the trusted root names.", with(other())).root(&both),
        fail(
            "two_timestamps_one_unknown",
            "Case 49: a good token, and one of an authority that the trusted root does not name.",
            with(other()),
            Reason::TimestampUnknownAuthority,
        ),
        fail(
            "two_timestamps_one_late",
            "Case 49, TOB-SIGSTORE-4: a token within the certificate's validity period, and a later one outside it.",
            with(Token { time: TIME + 541, ..other() }),
            Reason::OutsideCertificateWindow,
        )
        .root(&both),
        fail(
            "two_timestamps_one_wrong",
            "Case 49: a good token, and one about something else.",
            with(Token { stamped: Some(b"other".to_vec()), ..other() }),
            Reason::TimestampImprint,
        )
        .root(&both),
        fail(
            "promise_and_late_timestamp",
            "Case 49: the log's time lies within the certificate's validity period, and the timestamp outside it.",
            v1.commit(),
            Reason::OutsideCertificateWindow,
        ),
        fail(
            "promise_and_broken_timestamp",
            "Case 49: the log tells a good time, and the timestamp beside it is malformed.",
            broken.commit(),
            Reason::TimestampMalformed,
        ),
        fail("too_many_timestamps", "Case 62: more tokens than are read.", five.commit(), Reason::TimestampTooMany),
    ]
}
