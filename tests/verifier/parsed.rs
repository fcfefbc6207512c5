//! A signature is parsed once: for verification, its claim, the keys of a lookup, and its contents.

use crate::library::NOW;
use paraph::{
    Reason,
    internals::{
        report::Contents,
        signature::{ParsedSignature, armor},
        verify::LookupKeys,
    },
    object::{Commit, ObjectFormat, Signed},
    report::Claimed,
    trust::{Instance, TrustRoot},
    verify::Verifier,
};
use paraph_vectors::{
    evidence::Token,
    recipe::Recipe,
    world::{SIGNER, World},
};
use sha2::{Digest, Sha256};

fn verifier(world: &World) -> Verifier {
    Verifier::new(vec![root_of(&world.trusted_root())], NOW.parse().unwrap())
}

fn root_of(json: &serde_json::Value) -> TrustRoot {
    TrustRoot::from_json(json.to_string().as_bytes(), Instance::named("vectors").unwrap(), "vectors").unwrap()
}

#[test]
fn a_lookup_is_by_the_digests_of_the_object_s_ids_and_of_the_signature() {
    let world = World::new();
    let commit = world.v1().commit();
    let signed = Commit::parse(&commit, ObjectFormat::Sha1).unwrap().signed;
    assert_eq!(lookup_keys(&world, &signed), None, "its entry is embedded");
    let keys = |edit: fn(&mut Recipe<'_>)| {
        let mut recipe = world.v1();
        recipe.entry = None;
        edit(&mut recipe);
        let commit = recipe.commit();
        let signed = Commit::parse(&commit, ObjectFormat::Sha1).unwrap().signed;
        (lookup_keys(&world, &signed), recipe.certificate(), signed.logged_ids())
    };
    for edit in [|_: &mut Recipe<'_>| {}, |recipe: &mut Recipe<'_>| recipe.sct = None] {
        let (found, certificate, ids) = keys(edit);
        let found = found.unwrap();
        assert_eq!(found.certificate, certificate);
        assert_eq!(found.name(), hex::encode(Sha256::digest(&ids[0].id)));
        // the object's ids, and the signature itself
        assert_eq!((found.name(), found.digests.len()), (hex::encode(found.digests[0]), ids.len() + 1));
    }
    // what an entry could not help is not looked up
    let damaged_sct: fn(&mut Recipe<'_>) = |recipe| recipe.sct.as_mut().unwrap().edit = Some(|list| *list.last_mut().unwrap() ^= 1);
    assert_eq!(keys(damaged_sct).0, None);
}

#[test]
fn a_lookup_is_tried_if_the_scts_are_accepted_under_any_of_the_roots() {
    let world = World::new();
    let mut recipe = world.v1();
    recipe.entry = None;
    let commit = recipe.commit();
    let signed = Commit::parse(&commit, ObjectFormat::Sha1).unwrap().signed;
    let without_ct_logs = || {
        let mut root = world.trusted_root();
        root["ctlogs"] = serde_json::json!([]);
        root_of(&root)
    };
    let with_ct_logs = || root_of(&world.trusted_root());
    let keys = |roots| lookup_keys_of(&Verifier::new(roots, NOW.parse().unwrap()), &signed);
    assert_eq!(keys(vec![without_ct_logs()]), None);
    let expected = keys(vec![with_ct_logs()]);
    assert!(expected.is_some());
    assert_eq!(keys(vec![with_ct_logs(), without_ct_logs()]), expected);
    assert_eq!(keys(vec![without_ct_logs(), with_ct_logs()]), expected);
}

fn lookup_keys(world: &World, signed: &Signed<'_>) -> Option<LookupKeys> {
    lookup_keys_of(&verifier(world), signed)
}

fn lookup_keys_of(verifier: &Verifier, signed: &Signed<'_>) -> Option<LookupKeys> {
    let mut cms = Vec::new();
    let signature = ParsedSignature::parse(&signed.signature, &mut cms);
    verifier.check(signed, &signature).unwrap().lookup_keys()
}

#[test]
fn one_parsed_signature_answers_every_question() {
    let world = World::new();
    let mut recipe = world.v1();
    recipe.tokens = vec![Token::of(&world.tsa)];
    let commit = recipe.commit();
    let signed = Commit::parse(&commit, ObjectFormat::Sha1).unwrap().signed;
    let mut cms = b"what was there before".to_vec();
    let signature = ParsedSignature::parse(&signed.signature, &mut cms);
    assert_eq!(signature.der(), armor::decode(&signed.signature).unwrap());
    assert_eq!(Claimed::of(&signature).unwrap().identity.as_deref(), Some(SIGNER));
    assert_eq!(Contents::of(&signature).unwrap().timestamps.len(), 1);
    let verifier = verifier(&world);
    let verified = verifier.check(&signed, &signature).unwrap().verify().unwrap();
    assert_eq!((verified.times().len(), verified.legacy_rules().len()), (2, 0));
    // a bad signature still claims somebody
    let other = Signed { payload: [&signed.payload[..], b"more"].concat().into(), signature: signed.signature.clone() };
    assert_eq!(verifier.check(&other, &signature).unwrap_err().reason(), Reason::PayloadMismatch);
    // bytes without armor are malformed, and claim no identity
    let mut cms = Vec::new();
    let nothing = ParsedSignature::parse(b"nothing", &mut cms);
    assert!(nothing.der().is_empty() && Claimed::of(&nothing).is_none());
    assert_eq!(nothing.content().map(|_| ()).unwrap_err().reason(), Reason::ArmorMalformed);
    let text = Signed { payload: signed.payload.clone(), signature: b"nothing".into() };
    assert_eq!(verifier.check(&text, &nothing).unwrap_err().reason(), Reason::UnknownSignatureKind);
}
