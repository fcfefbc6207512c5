//! The CMS structure and its signature (cases 29 and 31 to 37).

use super::{
    super::{
        certificate::{ISSUER_V1, ISSUER_V2, Template},
        der::{Content, Node, edit, integer, octets, oid, sequence, set, tlv},
        key::{Key, order, scalars, signature_of, unsigned},
        recipe::{Recipe, sha256},
        world::World,
    },
    CERTIFICATES, SIGNER, Vector, fail, untrusted,
};
use paraph::Reason;

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

pub fn vectors(world: &World) -> Vec<Vector> {
    [bag(world), structure(world), attributes(world), algorithms(world), signature_values(world), encoding(world), foreign(world)]
        .into_iter()
        .flatten()
        .collect()
}

/// A vector whose recipe is changed first.
fn of<'w>(world: &'w World, name: &str, sentence: &str, reason: Reason, change: impl FnOnce(&mut Recipe<'w>)) -> Vector {
    let mut recipe = world.v1();
    change(&mut recipe);
    fail(name, sentence, recipe.commit(), reason)
}

/// A vector whose finished CMS is changed.
fn tree(world: &World, name: &str, sentence: &str, reason: Reason, change: impl Fn(&mut Node) + 'static) -> Vector {
    of(world, name, sentence, reason, |recipe| {
        recipe.edit_cms = Some(Box::new(move |cms| *cms = edit(cms, |cms| change(cms))));
    })
}

fn bag(world: &World) -> Vec<Vector> {
    let decoy_template = Template { serial: vec![0x42], ..world.leaf("alice@example.com", &world.other) };
    let decoy = decoy_template.with_sct(&world.intermediate_key, &world.sct());
    let same_number = Template { serial: world.v1().leaf.serial, ..decoy_template }.with_sct(&world.intermediate_key, &world.sct());
    let mut decoy_first = world.v1();
    decoy_first.leaf = world.leaf("mallory@example.com", &world.signer);
    decoy_first.before = vec![decoy.clone()];
    let named = decoy.clone();
    let many = world.root.clone();
    vec![
        tree(
            world,
            "cve_2026_44310_no_certificates",
            "Case 31, CVE-2026-44310: the set of certificates is empty.",
            Reason::CertificateMissing,
            |cms| cms.at(&CERTIFICATES).children().clear(),
        ),
        tree(world, "no_certificate_set", "Case 31: there is no set of certificates.", Reason::CertificateMissing, |cms| {
            cms.at(&[1, 0]).children().remove(3);
        }),
        untrusted(
            "gitsign_810_decoy_identity",
            "Case 32, gitsign #810: an allowed identity's certificate stands first in the bag, and another's key signed.",
            decoy_first.commit(),
        ),
        of(
            world,
            "decoy_named",
            "Case 32: the signer names another's certificate, which the bag holds beside the right one.",
            Reason::SignatureInvalid,
            |recipe| {
                recipe.before = vec![named.clone()];
                recipe.named = Some(named);
            },
        ),
        of(
            world,
            "signer_not_in_bag",
            "Case 32: the bag does not hold the certificate that the signer names.",
            Reason::SignerCertificateMissing,
            |recipe| recipe.named = Some(decoy),
        ),
        of(
            world,
            "two_certificates_of_one_number",
            "Case 32: two certificates of one issuer have the serial number that the signer names.",
            Reason::SignerCertificateAmbiguous,
            |recipe| recipe.before = vec![same_number],
        ),
        tree(
            world,
            "signer_named_by_key_identifier",
            "Case 32: the signer is named by key identifier, which no rule makes unique.",
            Reason::SignerCertificateMissing,
            |cms| {
                *cms.at(&SIGNER).at(&[1]) = Node { tag: 0x80, content: Content::Primitive(vec![7; 20]) };
            },
        ),
        of(world, "too_many_certificates", "Case 62: more certificates than are read.", Reason::CmsTooMany, |recipe| {
            recipe.after = vec![many; 16]
        }),
    ]
}

fn structure(world: &World) -> Vec<Vector> {
    vec![
        tree(world, "no_signer", "Case 33: there is no signer.", Reason::CmsSignerCount, |cms| cms.at(&[1, 0, 4]).children().clear()),
        tree(world, "two_signers", "Case 33: there are two signers, one as good as the other.", Reason::CmsSignerCount, |cms| {
            let signer = cms.at(&SIGNER).clone();
            cms.at(&[1, 0, 4]).children().push(signer);
        }),
        of(
            world,
            "encapsulated_content",
            "Case 35: the signature carries content of its own beside the payload.",
            Reason::CmsContent,
            |recipe| recipe.content = Some(b"other content".to_vec()),
        ),
        of(world, "content_type_not_data", "Case 35: the content's type is not id-data.", Reason::CmsContent, |recipe| {
            recipe.content_type = "1.2.840.113549.1.9.16.1.4".parse().unwrap()
        }),
        tree(
            world,
            "cms_version_3",
            "Case 34: the SignedData's version is that of content of another type.",
            Reason::CmsMalformed,
            |cms| cms.at(&[1, 0, 0]).content = Content::Primitive(vec![3]),
        ),
        tree(
            world,
            "signer_version_3",
            "Case 34: the signer's version is that of one who is named by key identifier.",
            Reason::CmsMalformed,
            |cms| cms.at(&SIGNER).at(&[0]).content = Content::Primitive(vec![3]),
        ),
        tree(world, "digest_algorithms_empty", "Case 36: digestAlgorithms is empty.", Reason::CmsAlgorithm, |cms| {
            cms.at(&[1, 0, 1]).children().clear()
        }),
        tree(world, "digest_algorithms_other", "Case 36: digestAlgorithms does not hold the signer's.", Reason::CmsAlgorithm, |cms| {
            *cms.at(&[1, 0, 1, 0]) = Node::parse(&sequence(&[oid("2.16.840.1.101.3.4.2.3")]))
        }),
        tree(world, "too_many_digest_algorithms", "Case 62: more digest algorithms than are read.", Reason::CmsTooMany, |cms| {
            let algorithm = cms.at(&[1, 0, 1, 0]).clone();
            *cms.at(&[1, 0, 1]).children() = vec![algorithm; 17];
        }),
        tree(world, "too_many_signers", "Case 62: more signers than are read.", Reason::CmsTooMany, |cms| {
            let signer = cms.at(&SIGNER).clone();
            *cms.at(&[1, 0, 4]).children() = vec![signer; 17];
        }),
        tree(world, "too_many_attributes", "Case 62: more unsigned attributes than are read.", Reason::CmsTooMany, |cms| {
            let attribute = Node::parse(&sequence(&[oid("1.2.3.4"), set(&[octets(&[1])])]));
            let unsigned = cms.at(&SIGNER).at(&[6]).children();
            unsigned.extend(vec![attribute; 16]);
        }),
        tree(world, "not_signed_data", "Case 37: the CMS is no SignedData.", Reason::CmsMalformed, |cms| {
            cms.children()[0] = Node::parse(&oid("1.2.840.113549.1.7.3"))
        }),
    ]
}

fn attributes(world: &World) -> Vec<Vector> {
    let attribute = |name: &str, sentence: &str, reason, change: fn(&mut Vec<Vec<u8>>)| {
        of(world, name, sentence, reason, |recipe| recipe.edit_attributes = Some(Box::new(change)))
    };
    vec![
        attribute("no_message_digest", "Case 34: messageDigest is absent.", Reason::SignedAttributes, |all| without(all, MESSAGE_DIGEST)),
        attribute(
            "two_message_digests",
            "Case 34: messageDigest stands twice, first with the right value.",
            Reason::SignedAttributes,
            |all| all.push(sequence(&[oid(MESSAGE_DIGEST), set(&[octets(&[0xff; 32])])])),
        ),
        attribute("two_digest_values", "Case 34: messageDigest has two values.", Reason::SignedAttributes, |all| {
            let digest = edit(all.iter().find(|one| one.windows(11).any(|window| window == oid(MESSAGE_DIGEST))).unwrap(), |attribute| {
                attribute.at(&[1]).children().push(Node::parse(&octets(&[0xff; 32])));
            });
            without(all, MESSAGE_DIGEST);
            all.push(digest);
        }),
        attribute("wrong_message_digest", "Case 34: messageDigest is another content's.", Reason::PayloadMismatch, |all| {
            without(all, MESSAGE_DIGEST);
            all.push(sequence(&[oid(MESSAGE_DIGEST), set(&[octets(&[7; 32])])]));
        }),
        attribute("no_content_type", "Case 34: contentType is absent.", Reason::SignedAttributes, |all| without(all, CONTENT_TYPE)),
        attribute("wrong_content_type", "Case 34: contentType is not that of the content.", Reason::SignedAttributes, |all| {
            without(all, CONTENT_TYPE);
            all.push(sequence(&[oid(CONTENT_TYPE), set(&[oid("1.2.840.113549.1.7.2")])]));
        }),
        attribute("two_content_types", "Case 34: contentType stands twice.", Reason::SignedAttributes, |all| {
            all.push(sequence(&[oid(CONTENT_TYPE), set(&[oid("1.2.840.113549.1.7.2")])]))
        }),
        of(
            world,
            "attributes_out_of_order",
            "Case 34: the signed attributes do not stand in DER order.",
            Reason::SignedAttributes,
            |recipe| {
                recipe.edit_attributes = Some(Box::new(|all| all.reverse()));
                recipe.unsorted = true;
            },
        ),
        tree(
            world,
            "no_signed_attributes",
            "Case 34: there are no signed attributes, so that the signature would be over the content itself.",
            Reason::SignedAttributes,
            |cms| {
                cms.at(&SIGNER).children().remove(3);
            },
        ),
    ]
}

fn without(attributes: &mut Vec<Vec<u8>>, oid_text: &str) {
    let name = oid(oid_text);
    attributes.retain(|attribute| !attribute.windows(name.len()).any(|window| window == name));
}

fn algorithms(world: &World) -> Vec<Vector> {
    let digest = |name: &str, sentence: &str, oid_text: &str| {
        of(world, name, sentence, Reason::CmsAlgorithm, |recipe| recipe.digest_algorithm = sequence(&[oid(oid_text)]))
    };
    let signature = |name: &str, sentence: &str, algorithm: Vec<u8>| {
        of(world, name, sentence, Reason::CmsAlgorithm, |recipe| recipe.signature_algorithm = Some(algorithm))
    };
    let ed25519 = Key::ed25519("signer");
    let mut other_kind = world.v1();
    other_kind.leaf = world.leaf("alice@example.com", &ed25519);
    other_kind.key = &ed25519;
    vec![
        digest("digest_sha1", "Case 36: the digest algorithm is SHA-1.", "1.3.14.3.2.26"),
        digest("digest_md5", "Case 36: the digest algorithm is MD5.", "1.2.840.113549.2.5"),
        digest(
            "digest_sha512",
            "Case 36: the digest algorithm is not the one whose digest stands in messageDigest.",
            "2.16.840.1.101.3.4.2.3",
        ),
        of(world, "digest_with_parameters", "Case 36: the digest algorithm has parameters.", Reason::CmsAlgorithm, |recipe| {
            recipe.digest_algorithm = sequence(&[oid("2.16.840.1.101.3.4.2.1"), octets(b"x")])
        }),
        signature("signature_sha1", "Case 36: the signature algorithm is ECDSA with SHA-1.", sequence(&[oid("1.2.840.10045.4.1")])),
        signature(
            "signature_other_hash",
            "Case 36: the signature algorithm names another hash than the digest algorithm.",
            sequence(&[oid("1.2.840.10045.4.3.3")]),
        ),
        signature(
            "signature_rsa_pss",
            "Case 36: the signature algorithm is RSA-PSS.",
            sequence(&[oid("1.2.840.113549.1.1.10"), sequence(&[])]),
        ),
        signature(
            "signature_of_other_kind",
            "Case 36: the signature algorithm is RSA's, and the key is on an elliptic curve.",
            sequence(&[oid("1.2.840.113549.1.1.11"), tlv(0x05, &[])]),
        ),
        signature(
            "signature_with_parameters",
            "Case 36: the ECDSA algorithm has parameters.",
            sequence(&[oid("1.2.840.10045.4.3.2"), tlv(0x05, &[])]),
        ),
        fail(
            "ed25519_leaf",
            "Case 36: an Ed25519 signature, whose hash is not the one that the log is told.",
            other_kind.commit(),
            Reason::CmsAlgorithm,
        ),
    ]
}

fn signature_values(world: &World) -> Vec<Vector> {
    let value = |name: &str, sentence: &str, change: fn(&mut Vec<u8>)| {
        of(world, name, sentence, Reason::SignatureInvalid, |recipe| recipe.edit_signature = Some(Box::new(change)))
    };
    vec![
        value("signature_bit", "A bit of the signature is flipped; the log has the same bytes.", |der| {
            let last = der.len() - 1;
            der[last] ^= 1;
        }),
        value("ecdsa_r_zero", "Case 36: r is zero.", |der| *der = signature_of(&[0], &scalars(der).1)),
        value("ecdsa_s_zero", "Case 36: s is zero.", |der| *der = signature_of(&scalars(der).0, &[0])),
        value("ecdsa_r_is_order", "Case 36: r is the order of the group.", |der| *der = signature_of(&order(), &scalars(der).1)),
        value("ecdsa_s_beyond_order", "Case 36: s is larger than the order of the group, to which it is congruent.", |der| {
            let (r, s) = scalars(der);
            *der = signature_of(&r, &sum(&s, &order()));
        }),
        value("ecdsa_negative", "Case 36: s is a negative number.", |der| {
            let (r, s) = scalars(der);
            *der = sequence(&[integer(&unsigned(&r)), integer(&[&[0x80], &s[1..]].concat())]);
        }),
        value("ecdsa_not_minimal", "Case 36: s has a needless zero in front.", |der| {
            let (r, s) = scalars(der);
            *der = sequence(&[integer(&unsigned(&r)), integer(&[&[0], unsigned(&s).as_slice()].concat())]);
        }),
        value("ecdsa_trailing", "Case 36: a byte stands after the signature.", |der| der.push(0)),
        value("ecdsa_third_number", "Case 36: the signature has a third number.", |der| {
            *der = edit(der, |node| node.children().push(Node::parse(&integer(&[1]))))
        }),
        value("ecdsa_fixed_length", "Case 36: r and s stand in fixed length, without DER.", |der| {
            let (r, s) = scalars(der);
            *der = [r, s].concat();
        }),
        of(world, "signed_by_other_key", "The signature is by another key than the certificate's.", Reason::SignatureInvalid, |recipe| {
            recipe.key = &world.other
        }),
    ]
}

/// The sum of two numbers of 32 bytes, in 33.
fn sum(a: &[u8; 32], b: &[u8; 32]) -> Vec<u8> {
    let mut carry = 0u16;
    let mut digits: Vec<u8> = (0..32)
        .rev()
        .map(|index| {
            let sum = u16::from(a[index]) + u16::from(b[index]) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    digits.push(carry.to_le_bytes()[0]);
    digits.reverse();
    digits
}

fn encoding(world: &World) -> Vec<Vector> {
    let bytes = |name: &str, sentence: &str, reason, change: fn(&mut Vec<u8>)| {
        of(world, name, sentence, reason, |recipe| recipe.edit_cms = Some(Box::new(change)))
    };
    vec![
        bytes("indefinite_length", "Case 37: the outermost value has an indefinite length.", Reason::CmsMalformed, |cms| {
            let content = cms[4..].to_vec();
            *cms = [&[0x30, 0x80][..], &content, &[0, 0]].concat();
        }),
        bytes("trailing_bytes", "Case 37: bytes stand after the CMS structure.", Reason::CmsTrailingData, |cms| cms.extend([5, 0])),
        bytes("length_not_minimal", "Case 37: the outermost length has a needless zero in front.", Reason::CmsMalformed, |cms| {
            let (length, content) = (cms[2..4].to_vec(), cms[4..].to_vec());
            *cms = [&[0x30, 0x83, 0][..], &length, &content].concat();
        }),
        bytes("truncated", "Case 37: the last byte is missing.", Reason::CmsMalformed, |cms| {
            cms.pop();
        }),
        bytes(
            "deeply_nested",
            "Case 37: ten thousand levels of sequences in an unsigned attribute's value, and a length in BER, which asks for a reader of both.",
            Reason::CmsMalformed,
            |cms| {
                let mut nest = Vec::new();
                for _ in 0..10_000 {
                    nest.extend([0x30, 0x80]);
                }
                *cms = [&[0x30, 0x80][..], &oid("1.2.840.113549.1.7.2"), &[0xa0, 0x80], &nest].concat();
            },
        ),
        tree(
            world,
            "deeply_nested_attribute",
            "Case 37: a thousand levels of sequences in place of the CMS version.",
            Reason::CmsMalformed,
            |cms| {
                let nest = (0..1000).fold(Vec::new(), |inner, _| tlv(0x30, &inner));
                *cms.at(&[1, 0, 0]) = Node::parse(&nest);
            },
        ),
    ]
}

/// CMS of other programs: their certificates name no OpenID issuer.
fn foreign(world: &World) -> Vec<Vector> {
    let recipe = |change: fn(&mut Recipe<'_>)| {
        let mut recipe = world.v1();
        recipe.leaf.remove(ISSUER_V1);
        recipe.leaf.remove(ISSUER_V2);
        recipe.leaf.subject = super::super::certificate::name("Foreign Fred");
        recipe.entry = None;
        recipe.digest_algorithm = sha256();
        change(&mut recipe);
        recipe.commit()
    };
    vec![
        fail(
            "foreign_cms",
            "A CMS signature by a certificate that names no OpenID issuer: another kind, which is named and not judged.",
            recipe(|_| {}),
            Reason::ForeignCms,
        ),
        fail(
            "foreign_cms_without_certificate",
            "A CMS signature in BER without its signer's certificate.",
            recipe(|recipe| {
                recipe.edit_cms = Some(Box::new(|cms| {
                    *cms = edit(cms, |cms| {
                        cms.at(&[1, 0]).children().remove(3);
                    });
                    indefinite(cms);
                }));
            }),
            Reason::ForeignCmsWithoutCertificate,
        ),
        fail(
            "foreign_cms_in_ber",
            "Case 37: a CMS signature of another kind in BER, which is read here alone.",
            recipe(|recipe| recipe.edit_cms = Some(Box::new(indefinite))),
            Reason::ForeignCms,
        ),
        fail(
            "foreign_cms_invalid",
            "A CMS signature of another kind that does not fit its certificate.",
            recipe(|recipe| {
                recipe.edit_signature = Some(Box::new(|der| {
                    let last = der.len() - 1;
                    der[last] ^= 1;
                }))
            }),
            Reason::ForeignCmsInvalid,
        ),
    ]
}

/// The CMS with an indefinite outermost length, which DER forbids.
fn indefinite(cms: &mut Vec<u8>) {
    let Content::Constructed(children) = Node::parse(cms).content else { panic!("no sequence") };
    let content: Vec<u8> = children.iter().flat_map(Node::to_der).collect();
    *cms = [&[0x30, 0x80][..], &content, &[0, 0]].concat();
}
