//! Types of predicates: their names, and the form that a predicate of each has.
//!
//! The forms are the fields that each type's own specification requires. They find a predicate of another type, and are no full schema.

use crate::statement::{RELEASE, predicate_type};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use std::collections::HashSet;

/// A type of predicates whose form is known.
struct Known {
    /// The URI.
    uri: &'static str,
    /// The required fields: one of these lists.
    forms: &'static [&'static [Field]],
}

/// A required field.
struct Field {
    /// Its place, as a JSON pointer (RFC 6901).
    place: &'static str,
    /// What it is.
    kind: Kind,
}

/// What a field is.
enum Kind {
    Text,
    /// This text.
    Exactly(&'static str),
    /// This text with a version behind it.
    Version(&'static str),
    /// A URI that begins with this; also the first one of a list.
    Uri(&'static str),
    Object,
    List,
}

const fn field(place: &'static str, kind: Kind) -> Field {
    Field { place, kind }
}

const SPDX: &[&[Field]] = &[
    &[field("/spdxVersion", Kind::Version("SPDX-")), field("/SPDXID", Kind::Text)],
    // SPDX 3 is JSON-LD
    &[field("/@context", Kind::Uri("https://spdx.org")), field("/@graph", Kind::List)],
];
const CYCLONEDX: &[&[Field]] = &[&[field("/bomFormat", Kind::Exactly("CycloneDX")), field("/specVersion", Kind::Text)]];
const SLSA_1: &[&[Field]] = &[&[
    field("/buildDefinition/buildType", Kind::Text),
    field("/buildDefinition/externalParameters", Kind::Object),
    field("/runDetails/builder/id", Kind::Text),
]];
const SLSA_02: &[&[Field]] = &[&[field("/builder/id", Kind::Text), field("/buildType", Kind::Text)]];
const VULNERABILITIES: &[&[Field]] =
    &[&[field("/scanner", Kind::Object), field("/scanner/uri", Kind::Text), field("/metadata", Kind::Object)]];
const OPENVEX: &[&[Field]] = &[&[
    field("/@context", Kind::Uri("https://openvex.dev/ns")),
    field("/@id", Kind::Text),
    field("/author", Kind::Text),
    field("/timestamp", Kind::Text),
    field("/statements", Kind::List),
]];
const LINK: &[&[Field]] = &[&[field("/name", Kind::Text)]];

/// The known types.
const KNOWN: &[Known] = &[
    Known { uri: "https://spdx.dev/Document", forms: SPDX },
    Known { uri: "https://cyclonedx.org/bom", forms: CYCLONEDX },
    Known { uri: "https://slsa.dev/provenance/v1", forms: SLSA_1 },
    Known { uri: "https://slsa.dev/provenance/v0.2", forms: SLSA_02 },
    Known { uri: "https://cosign.sigstore.dev/attestation/vuln/v1", forms: VULNERABILITIES },
    Known { uri: "https://openvex.dev/ns", forms: OPENVEX },
    Known { uri: "https://in-toto.io/Link/v1", forms: LINK },
];

/// Why a predicate is not attested.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PredicateError {
    /// The type is no URI and no known name.
    #[error("\"{0}\" is not a type of predicates")]
    Type(String),
    /// The predicate is not JSON.
    #[error("the predicate is not JSON: {0}")]
    NotJson(String),
    /// Two readers could take two values for the same name.
    #[error("the predicate is ambiguous: {0}")]
    RepeatedName(String),
    /// The predicate is another kind of value.
    #[error("the predicate is not a JSON object")]
    NotObject,
    /// A required field is missing, or another kind of value.
    #[error("the predicate is not of the type {uri}: {expected}")]
    Form {
        /// The type.
        uri: String,
        /// What is expected, as a clause.
        expected: String,
    },
    /// Only the program itself makes statements of this type.
    #[error("predicates of the type {0} are made by `paraph release` only")]
    Reserved(String),
}

impl PredicateError {
    /// What to do about it, if there is something.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Type(_) => Some("give a URI, or one of the names that `paraph attest --help` lists"),
            Self::Form { .. } => Some("check --type and the file"),
            Self::NotJson(_) | Self::RepeatedName(_) | Self::NotObject | Self::Reserved(_) => None,
        }
    }
}

/// The URI of a type that is given by URI or by name.
///
/// # Errors
/// [`PredicateError::Type`] or [`PredicateError::Reserved`].
pub(super) fn uri_of(given: &str) -> Result<&str, PredicateError> {
    match predicate_type(given) {
        // a release is what allowed identities may be limited to
        Some(RELEASE) => Err(PredicateError::Reserved(given.to_owned())),
        Some(uri) if !uri.contains(char::is_whitespace) => Ok(uri),
        _ => Err(PredicateError::Type(given.to_owned())),
    }
}

/// Checks a predicate: it is a JSON object, and has the fields that a known type requires.
///
/// # Errors
/// [`PredicateError`].
pub(super) fn check(uri: &str, predicate: &[u8]) -> Result<(), PredicateError> {
    let value: Value = serde_json::from_slice(predicate).map_err(|error| PredicateError::NotJson(error.to_string()))?;
    // what is JSON has no other error
    serde_json::from_slice::<NamesOnce>(predicate).map_err(|error| PredicateError::RepeatedName(error.to_string()))?;
    if !value.is_object() {
        return Err(PredicateError::NotObject);
    }
    let Some(known) = KNOWN.iter().find(|known| known.uri == uri) else { return Ok(()) };
    let mut missing = known.forms.iter().map(|form| form.iter().find(|field| !field.is_in(&value)));
    let first = missing.next().flatten();
    match first {
        Some(field) if missing.all(|missing| missing.is_some()) => {
            Err(PredicateError::Form { uri: uri.to_owned(), expected: field.expected() })
        }
        _ => Ok(()),
    }
}

/// JSON in which no object, at any depth, has a name twice.
struct NamesOnce;

impl<'de> Deserialize<'de> for NamesOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for NamesOnce {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("it has the name {name:?} twice")));
            }
            names.insert(name);
            fields.next_value::<Self>()?;
        }
        Ok(self)
    }
}

impl Field {
    fn is_in(&self, value: &Value) -> bool {
        let Some(found) = value.pointer(self.place) else { return false };
        match self.kind {
            Kind::Text => found.is_string(),
            Kind::Exactly(text) => found == text,
            Kind::Version(name) => {
                let version = found.as_str().and_then(|text| text.strip_prefix(name));
                version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
            }
            // a list of contexts begins with that of the type
            Kind::Uri(beginning) => {
                let text = found.as_str().or_else(|| found.as_array()?.first()?.as_str());
                let rest = text.and_then(|text| text.strip_prefix(beginning));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Kind::Object => found.is_object(),
            Kind::List => found.is_array(),
        }
    }

    fn expected(&self) -> String {
        let name = self.place.trim_start_matches('/').replace('/', ".");
        match self.kind {
            Kind::Text => format!("it has no text \"{name}\""),
            Kind::Exactly(text) => format!("it has no \"{name}\" that is {text}"),
            Kind::Version(beginning) | Kind::Uri(beginning) => format!("it has no \"{name}\" that begins with {beginning}"),
            Kind::Object => format!("it has no object \"{name}\""),
            Kind::List => format!("it has no list \"{name}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_uri_or_a_name_that_cosign_knows() {
        assert_eq!(uri_of("spdxjson").unwrap(), "https://spdx.dev/Document");
        assert_eq!(uri_of("slsaprovenance1").unwrap(), "https://slsa.dev/provenance/v1");
        for uri in ["https://example.com/predicate/v1", "urn:example:predicate"] {
            assert_eq!(uri_of(uri).unwrap(), uri);
        }
        for given in ["", "spdx-json", "a:b c", "https://example.com/a b", "/path"] {
            assert_eq!(uri_of(given), Err(PredicateError::Type(given.to_owned())));
        }
        assert!(matches!(uri_of(RELEASE), Err(PredicateError::Reserved(_))));
    }

    #[test]
    fn a_predicate_has_the_fields_of_its_type() {
        for (name, predicate) in [
            ("spdxjson", r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"}"#),
            ("spdxjson", r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#),
            ("cyclonedx", r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#),
            ("slsaprovenance", r#"{"builder":{"id":"x"},"buildType":"y"}"#),
            ("slsaprovenance1", r#"{"buildDefinition":{"buildType":"x","externalParameters":{}},"runDetails":{"builder":{"id":"y"}}}"#),
            ("vuln", r#"{"scanner":{"uri":"x"},"metadata":{}}"#),
            ("openvex", r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"y","timestamp":"z","statements":[]}"#),
            ("custom", "{}"),
            ("https://example.com/mine", r#"{"a":1}"#),
        ] {
            let uri = uri_of(name).unwrap();
            assert_eq!(check(uri, predicate.as_bytes()), Ok(()), "{name}");
            for wrong in ["", "{", "{}x", "\u{feff}{}"] {
                assert!(matches!(check(uri, wrong.as_bytes()), Err(PredicateError::NotJson(_))), "{name} {wrong}");
            }
            for wrong in ["{\"x\":1,\"x\":1}", "{\"a\":[{\"x\":1,\"y\":null,\"\\u0078\":1.5}]}"] {
                let error = check(uri, wrong.as_bytes()).unwrap_err();
                assert!(matches!(&error, PredicateError::RepeatedName(why) if why.contains("\"x\" twice")), "{name}: {error}");
            }
            for wrong in ["[]", "null", "1", "\"x\""] {
                assert_eq!(check(uri, wrong.as_bytes()), Err(PredicateError::NotObject), "{name}");
            }
            if KNOWN.iter().any(|known| known.uri == uri) {
                assert!(matches!(check(uri, br#"{"bomformat":"x"}"#), Err(PredicateError::Form { .. })), "{name}");
            }
        }
        let error = check("https://cyclonedx.org/bom", br#"{"spdxVersion":"SPDX-2.3","SPDXID":"x"}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the predicate is not of the type https://cyclonedx.org/bom: it has no \"bomFormat\" that is CycloneDX"
        );
        for (name, near) in [
            ("cyclonedx", r#"{"bomFormat":"CycloneDX-not","specVersion":"1.6"}"#),
            ("cyclonedx", r#"{"bomFormat":["CycloneDX"],"specVersion":"1.6"}"#),
            ("spdxjson", r#"{"spdxVersion":"SPDX-not","SPDXID":"x"}"#),
            ("spdxjson", r#"{"@context":"https://spdx.org.example.com/","@graph":[]}"#),
            ("openvex", r#"{"@context":"https://openvex.dev/nsx","@id":"x","author":"y","timestamp":"z","statements":[]}"#),
        ] {
            assert!(matches!(check(uri_of(name).unwrap(), near.as_bytes()), Err(PredicateError::Form { .. })), "{near}");
        }
    }
}
