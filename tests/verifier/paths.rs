//! The ways from a certificate to an authority that take a turn: through certificates that the signature or the token carries, or through
//! an intermediate of a timestamp authority.

use crate::library::NOW;
use paraph::{
    Reason,
    object::ObjectFormat,
    trust::{Instance, TrustRoot},
    verify::Verifier,
};
use paraph_vectors::{
    certificate::{
        BASIC_CONSTRAINTS, CODE_SIGNING, TIME_STAMPING, Template, authority_key_identifier, basic_constraints, extended_key_usage,
        key_usage, name, serial, subject_key_identifier,
    },
    evidence::Token,
    key::Key,
    world::{World, authority_json},
};
use serde_json::{Value, json};

fn reason(root: &Value, commit: &[u8]) -> Option<Reason> {
    let root = TrustRoot::from_json(root.to_string().as_bytes(), Instance::named("vectors").unwrap(), "vectors").unwrap();
    Verifier::new(vec![root], NOW.parse().unwrap()).verify_commit(commit, ObjectFormat::Sha1).err().map(|rejection| rejection.reason())
}

/// A certificate for timestamps that stands between the authority's root and the one that signs its tokens.
fn between(world: &World, key: &Key) -> Template {
    Template {
        serial: serial("between"),
        subject: name("between"),
        spki: key.spki(),
        extensions: vec![
            key_usage(&[5, 6]),
            basic_constraints(Some(0)),
            extended_key_usage(false, &[TIME_STAMPING]),
            subject_key_identifier(key),
            authority_key_identifier(&world.tsa.root_key),
        ],
        ..world.tsa.template.clone()
    }
}

#[test]
fn a_timestamp_authority_s_intermediate_is_held_to_its_profile() {
    let mut world = World::new();
    // the usual root allows nothing between
    world.tsa.root =
        paraph_vectors::world::root_template(&world.tsa.root_key, "timestamp authority root", 1).signed_by(&world.tsa.root_key);
    let key = Key::p384("between");
    let good = between(&world, &key);
    let (mut for_code, mut no_authority, mut no_issuer) = (good.clone(), good.clone(), good.clone());
    for_code.put(extended_key_usage(false, &[CODE_SIGNING]));
    no_authority.remove(BASIC_CONSTRAINTS);
    no_issuer.put(key_usage(&[0]));

    let mut signer = world.tsa.template.clone();
    signer.issuer = name("between");
    signer.put(authority_key_identifier(&key));
    let certificate = signer.signed_by(&key);
    for (intermediate, expected) in [
        (&good, None),
        (&for_code, Some(Reason::TimestampProfile)),
        (&no_issuer, Some(Reason::TimestampProfile)),
        // a certificate that is not an authority leads nowhere
        (&no_authority, Some(Reason::TimestampUnknownAuthority)),
    ] {
        let intermediate = intermediate.signed_by(&world.tsa.root_key);
        let mut recipe = world.v2();
        recipe.tokens = vec![Token { certificate: certificate.clone(), ..Token::of(&world.tsa) }];
        let mut root = world.trusted_root();
        root["timestampAuthorities"] = json!([authority_json("https://timestamp.example", &[&intermediate, &world.tsa.root])]);
        assert_eq!(reason(&root, &recipe.commit()), expected);
    }
}

#[test]
fn the_intermediate_that_a_signature_carries_is_the_one_that_issued_its_certificate() {
    let world = World::new();
    let unrelated = Template { subject: name("another intermediate"), ..world.intermediate_template.clone() }.signed_by(&world.root_key);
    let mut recipe = world.v1();
    recipe.before = vec![unrelated, world.root.clone(), world.intermediate.clone()];
    let root = world.trusted_root_with(&[&world.root]);
    assert_eq!(reason(&root, &recipe.commit()), None);
    recipe.before.pop();
    assert_eq!(reason(&root, &recipe.commit()), Some(Reason::UnknownAuthority));
}
