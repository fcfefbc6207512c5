//! The path to an authority, and the signed certificate timestamp (cases 38, 41 and 42).

use super::{
    super::{
        certificate::{NAME_CONSTRAINTS, Sct, TIME_STAMPING, Template, basic_constraints, extended_key_usage, key_usage, name, raw},
        der::{sequence, tlv},
        key::Key,
        recipe::Recipe,
        world::{BEGIN, END, TIME, World, log_json_of, root_template},
    },
    Vector, fail, good, legacy, refused_root,
};
use paraph::{LegacyRule, Reason};
use serde_json::json;
use sha2::{Digest, Sha256};

pub fn vectors(world: &World) -> Vec<Vector> {
    [paths(world), bags(world), scts(world), older_roots(world)].into_iter().flatten().collect()
}

fn paths(world: &World) -> Vec<Vector> {
    let impostor = Key::p384("impostor");
    let chain = |intermediate: &Template| world.trusted_root_with(&[&intermediate.signed_by(&world.root_key), &world.root]);
    let mut expired = world.intermediate_template.clone();
    expired.not_after = TIME - 30;
    let mut young = world.intermediate_template.clone();
    young.not_before = TIME + 30;
    let mut early_expiry = world.v1();
    early_expiry.entry.as_mut().unwrap().promised = Some(TIME);

    let mut of_impostor = world.v1();
    of_impostor.issuer_key = &impostor;
    let mut elsewhere = world.v1();
    elsewhere.issuer_key = &impostor;
    elsewhere.leaf.issuer = name("another intermediate");
    let mut other_identifier = world.v1();
    other_identifier.issuer_key = &impostor;
    other_identifier.leaf.put(super::super::certificate::authority_key_identifier(&impostor));

    let mut ended = world.trusted_root();
    ended["certificateAuthorities"][0]["validFor"]["end"] = json!("2025-03-01T11:59:59Z");
    let mut ends_then = world.trusted_root();
    ends_then["certificateAuthorities"][0]["validFor"]["end"] = json!("2025-03-01T12:00:00Z");
    let mut begins = world.trusted_root();
    begins["certificateAuthorities"][0]["validFor"]["start"] = json!("2025-03-01T12:00:01Z");
    let mut two_windows = ended.clone();
    let again = begins_then(&world.trusted_root()["certificateAuthorities"][0]);
    two_windows["certificateAuthorities"].as_array_mut().unwrap().push(again);
    let mut none = world.trusted_root();
    none["certificateAuthorities"] = json!([]);
    let broken = root_template(&impostor, "fulcio root", 1).signed_by(&impostor);

    let good_commit = world.v1().commit();
    let mut short_path = root_template(&world.root_key, "fulcio root", 1);
    short_path.put(basic_constraints(Some(0)));
    let with_root = |root: &Template| world.trusted_root_with(&[&world.intermediate, &root.signed_by(&world.root_key)]);
    let mut constrained = world.intermediate_template.clone();
    constrained.put(raw(NAME_CONSTRAINTS, true, sequence(&[])));
    let mut no_authority = world.intermediate_template.clone();
    no_authority.remove("2.5.29.19");
    let mut other_purpose = world.intermediate_template.clone();
    other_purpose.put(extended_key_usage(false, &[TIME_STAMPING]));
    let mut no_cert_sign = world.intermediate_template.clone();
    no_cert_sign.put(key_usage(&[0]));
    vec![
        fail(
            "cve_2026_24122_expired_intermediate",
            "Case 41, CVE-2026-24122: the intermediate had expired when the signature was made, and not when the leaf's validity period began.",
            good_commit.clone(),
            Reason::OutsideCertificateWindow,
        )
        .root(&chain(&expired)),
        {
            let mut outlives = world.v1();
            outlives.leaf.not_after = END + 1;
            let sentence =
                "Case 41, passing: the certificate's validity period ends after its issuer's; each is checked by itself, at the signature's time.";
            good("leaf_outlives_issuer", sentence, outlives.commit())
        },
        refused_root("authority_window_without_start", "Case 50: the authority's window has no start.", good_commit.clone(), &{
            let mut root = world.trusted_root();
            root["certificateAuthorities"][0]["validFor"] = json!({"end": "2030-01-01T00:00:00Z"});
            root
        }),
        fail(
            "intermediate_not_yet_valid",
            "Case 41: the intermediate's validity period had not begun when the signature was made.",
            good_commit.clone(),
            Reason::OutsideCertificateWindow,
        )
        .root(&chain(&young)),
        fail(
            "intermediate_name_with_other_key",
            "Case 41: the certificate was issued under the intermediate's name by another key.",
            of_impostor.commit(),
            Reason::ChainSignature,
        ),
        fail(
            "intermediate_of_other_key_identifier",
            "Case 41: the certificate names the intermediate, and the key identifier of another key.",
            other_identifier.commit(),
            Reason::UnknownAuthority,
        ),
        fail(
            "unknown_authority",
            "Case 50: the certificate comes from an authority that the trusted root does not name.",
            elsewhere.commit(),
            Reason::UnknownAuthority,
        ),
        fail("no_authorities", "Case 50: the trusted root names no certificate authority.", good_commit.clone(), Reason::UnknownAuthority)
            .root(&none),
        fail(
            "chain_does_not_hang_together",
            "Case 41: the root of the trusted chain is not the one that issued its intermediate.",
            good_commit.clone(),
            Reason::ChainSignature,
        )
        .root(&world.trusted_root_with(&[&world.intermediate, &broken])),
        fail(
            "authority_no_longer_trusted",
            "Case 50: the authority's window ended a second before the signature was made.",
            good_commit.clone(),
            Reason::OutsideAuthorityWindow,
        )
        .root(&ended),
        fail(
            "authority_not_yet_trusted",
            "Case 50: the authority's window began a second after the signature was made.",
            good_commit.clone(),
            Reason::OutsideAuthorityWindow,
        )
        .root(&begins),
        good(
            "authority_trusted_until_then",
            "Case 50, passing: the authority's window ends in the second in which the signature was made.",
            good_commit.clone(),
        )
        .root(&ends_then),
        good(
            "authority_with_two_windows",
            "Case 50, passing: the trusted root names the authority twice, and the second window fits.",
            good_commit.clone(),
        )
        .root(&two_windows),
        refused_root(
            "path_length",
            "Case 41: the root's path length does not allow the intermediate.",
            good_commit.clone(),
            &with_root(&short_path),
        ),
        refused_root(
            "name_constraints",
            "Case 41: the intermediate has name constraints, which are not supported.",
            good_commit.clone(),
            &chain(&constrained),
        ),
        refused_root(
            "intermediate_is_no_authority",
            "Case 38: the trusted intermediate is not a certificate authority.",
            good_commit.clone(),
            &chain(&no_authority),
        ),
        refused_root(
            "intermediate_of_other_purpose",
            "Case 38: the trusted intermediate is for timestamps.",
            good_commit.clone(),
            &chain(&other_purpose),
        ),
        refused_root(
            "intermediate_may_not_issue",
            "Case 38: the trusted intermediate's key may not sign certificates.",
            good_commit,
            &chain(&no_cert_sign),
        ),
    ]
}

fn begins_then(authority: &serde_json::Value) -> serde_json::Value {
    let mut authority = authority.clone();
    authority["validFor"]["start"] = json!("2025-03-01T12:00:00Z");
    authority
}

/// Intermediates in the signature, under a trusted root that names only the root.
fn bags(world: &World) -> Vec<Vector> {
    let root_only = world.trusted_root_with(&[&world.root]);
    let with = |intermediate: &Template, key: &Key| {
        let mut recipe = world.v1();
        recipe.after = vec![intermediate.signed_by(key)];
        recipe.commit()
    };
    let impostor = Key::p384("impostor");
    let mut no_authority = world.intermediate_template.clone();
    no_authority.remove("2.5.29.19");
    no_authority.put(key_usage(&[0]));
    let mut short_path = root_template(&world.root_key, "fulcio root", 1);
    short_path.put(basic_constraints(Some(0)));
    let mut expired = world.intermediate_template.clone();
    expired.not_after = TIME - 30;
    let mut critical = world.intermediate_template.clone();
    critical.put(raw("1.2.3.4.5", true, vec![5, 0]));
    let mut policies = world.intermediate_template.clone();
    policies.put(raw("2.5.29.36", true, sequence(&[tlv(0x80, &[0])])));
    let good_bag = || with(&world.intermediate_template, &world.root_key);
    vec![
        good(
            "intermediate_in_bag",
            "Case 41, passing: the trusted root names only its root, and the signature carries the intermediate.",
            good_bag(),
        )
        .root(&root_only),
        fail(
            "intermediate_nowhere",
            "Case 41: the trusted root names only its root, and nothing carries the intermediate.",
            world.v1().commit(),
            Reason::UnknownAuthority,
        )
        .root(&root_only),
        fail(
            "leaf_as_issuer",
            "Case 38: the certificate was issued by a certificate that is not an authority's.",
            with(&no_authority, &world.root_key),
            Reason::CertificateProfile,
        )
        .root(&root_only),
        fail(
            "intermediate_in_bag_not_from_root",
            "Case 41: the intermediate that the signature carries was not issued by the root's key.",
            with(&world.intermediate_template, &impostor),
            Reason::ChainSignature,
        )
        .root(&root_only),
        fail(
            "intermediate_unknown_critical",
            "Case 41: the intermediate that the signature carries has a critical extension that nobody knows.",
            with(&critical, &world.root_key),
            Reason::CertificateProfile,
        )
        .root(&root_only),
        fail(
            "intermediate_policy_constraints",
            "Case 41: the intermediate that the signature carries has critical policy constraints, which are not supported.",
            with(&policies, &world.root_key),
            Reason::CertificateProfile,
        )
        .root(&root_only),
        fail(
            "path_length_of_root",
            "Case 41: the root's path length does not allow the intermediate that the signature carries.",
            good_bag(),
            Reason::CertificateProfile,
        )
        .root(&world.trusted_root_with(&[&short_path.signed_by(&world.root_key)])),
        fail(
            "expired_intermediate_in_bag",
            "Case 41, CVE-2026-24122: the intermediate that the signature carries had expired.",
            with(&expired, &world.root_key),
            Reason::OutsideCertificateWindow,
        )
        .root(&root_only),
    ]
}

fn scts(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, reason, change: &dyn Fn(&mut Sct<'_>)| {
        let mut recipe = world.v1();
        change(recipe.sct.as_mut().unwrap());
        fail(name, sentence, recipe.commit(), reason)
    };
    let mut without = world.v1();
    without.sct = None;
    let mut ended = world.trusted_root();
    ended["ctlogs"][0]["publicKey"]["validFor"]["end"] = json!("2025-02-28T00:00:00Z");
    let mut of_other_log = world.v1();
    of_other_log.sct.as_mut().unwrap().log = &world.other;
    vec![
        legacy(
            "sct_missing",
            "Case 42: the certificate carries no signed certificate timestamp, as before June 2022.",
            without.commit(),
            &[LegacyRule::SctMissing],
        ),
        fail(
            "sct_of_unknown_log",
            "Case 42: the certificate's timestamp comes from a log that the trusted root does not name.",
            of_other_log.commit(),
            Reason::SctUnknownLog,
        ),
        of(
            "sct_for_other_issuer",
            "Case 42: the certificate's timestamp was given for another issuer's key.",
            Reason::SctInvalid,
            &|sct| sct.issuer_spki = world.root_key.spki(),
        ),
        of(
            "sct_for_other_precertificate",
            "Case 42: the certificate's timestamp was given for another precertificate.",
            Reason::SctInvalid,
            &|sct| sct.other_tbs = Some(b"other".to_vec()),
        ),
        of("sct_bit", "Case 42: a bit of the log's signature is flipped.", Reason::SctInvalid, &|sct| {
            sct.edit = Some(|list| {
                let last = list.len() - 1;
                list[last] ^= 1;
            })
        }),
        of(
            "sct_outside_log_window",
            "Case 42: the certificate's timestamp is older than the log's window.",
            Reason::OutsideLogWindow,
            &|sct| sct.seconds = BEGIN - 1,
        ),
        fail(
            "sct_after_log_window",
            "Case 42: the certificate's timestamp is younger than the log's window.",
            world.v1().commit(),
            Reason::OutsideLogWindow,
        )
        .root(&ended),
        {
            let log = Key::p384("ct of P-384");
            let mut root = world.trusted_root();
            root["ctlogs"] = json!([log_json_of("https://ct.example", &log, &Sha256::digest(log.spki()).into())]);
            let mut recipe = world.v1();
            recipe.sct = Some(Sct { log: &log, ..world.sct() });
            // the list then says so
            recipe.sct.as_mut().unwrap().edit = Some(|list| {
                let at = list.windows(2).position(|window| window == [4, 3]).unwrap();
                list[at] = 5;
            });
            good("sct_sha384", "Case 42, passing: the CT log has a key on P-384 and signs over SHA-384.", recipe.commit()).root(&root)
        },
        of("sct_truncated", "Case 42: the list of timestamps is truncated.", Reason::SctMalformed, &|sct| {
            sct.edit = Some(|list| {
                list.truncate(60);
            })
        }),
        of("sct_list_empty", "Case 42: the list of timestamps is empty.", Reason::SctMalformed, &|sct| {
            sct.edit = Some(|list| *list = tlv(4, &[0, 0]))
        }),
        of("sct_weak_hash", "Case 42: the log's signature is said to be over SHA-1.", Reason::SctMalformed, &|sct| {
            sct.edit = Some(|list| {
                let at = list.windows(3).position(|window| window == [4, 3, 0]).unwrap();
                list[at] = 2;
            })
        }),
    ]
}

/// Certificates from before June 2022, issued by the root itself.
fn older_roots(world: &World) -> Vec<Vector> {
    let direct = |change: fn(&mut Recipe<'_>)| {
        let mut recipe = world.v1();
        recipe.issuer_key = &world.root_key;
        recipe.leaf.issuer = name("fulcio root");
        recipe.leaf.put(super::super::certificate::authority_key_identifier(&world.root_key));
        recipe.sct = None;
        change(&mut recipe);
        recipe
    };
    let mut with_sct = direct(|_| {});
    with_sct.sct = Some(Sct { issuer_spki: world.root_key.spki(), ..world.sct() });
    vec![
        legacy(
            "directly_from_root",
            "Case 41: the root itself issued the certificate, as before May 2022, with a certificate timestamp.",
            with_sct.commit(),
            &[LegacyRule::DirectlyFromRoot],
        ),
        legacy(
            "directly_from_root_without_sct",
            "Case 41: the root itself issued the certificate, without a certificate timestamp.",
            direct(|_| {}).commit(),
            &[LegacyRule::DirectlyFromRoot, LegacyRule::SctMissing],
        ),
        fail(
            "directly_from_root_without_entry",
            "Case 52: the root itself issued the certificate, and no log entry is embedded.",
            direct(|recipe| recipe.entry = None).commit(),
            Reason::DirectlyFromRoot,
        ),
    ]
}
