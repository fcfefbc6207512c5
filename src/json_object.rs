//! Reads JSON in which every struct is an object. serde also accepts an array of its fields in order; the formats of this program do not.
//!
//! [`from_slice`] reads an object, [`value`] any value. In both, a struct at any depth must be an object. Enums with an inner tag
//! (`#[serde(tag)]`) buffer their fields where this module does not see them; such fields use [`list`] and [`field`].

mod strict;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};
use strict::Strict;

/// A value that was read from an object.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads a value from an object.
///
/// # Errors
/// The text is not JSON, not an object, or not of this type.
pub(crate) fn from_slice<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    value(text).map(|Object(value)| value)
}

/// Reads a value, which need not be an object: a list of structs, for example.
///
/// # Errors
/// The text is not JSON, or not of this type.
pub(crate) fn value<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = first_value(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads the first value of a text.
///
/// # Errors
/// As [`value`].
pub(crate) fn first_value<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(Strict(deserializer))
}

/// Reads a list of objects, for a field.
///
/// # Errors
/// An element is not an object.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Object<T>>::deserialize(Strict(deserializer))?;
    Ok(list.into_iter().map(|Object(value)| value).collect())
}

/// Reads an object, for a field.
///
/// # Errors
/// It is not an object.
#[cfg(all(unix, feature = "cli"))]
pub(crate) fn field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(Strict(deserializer)).map(|Object(value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer<'a> {
        text: &'a str,
        inner: Vec<Inner>,
        maybe: Option<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Unit;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Choice {
        None,
        One(Inner),
        Pair(u8, Inner),
        Fields { inner: Inner },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Inner);

    fn refused<'de, T: Deserialize<'de> + fmt::Debug>(text: &'de str) -> String {
        value::<T>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn only_an_object_is_read_as_a_struct() {
        let read = |text: &'static str| from_slice::<Outer<'_>>(text.as_bytes());
        let expected = Outer { text: "x", inner: vec![Inner { a: 1 }], maybe: None };
        assert_eq!(read(r#"{"text":"x","inner":[{"a":1}]}"#).unwrap(), expected);
        assert_eq!(read(r#"{"text":"x","inner":[{"a":1}],"maybe":null}"#).unwrap(), expected);
        for text in [
            r#"["x",[{"a":1}],null]"#,
            r#"{"text":"x","inner":[[1]]}"#,
            r#"{"text":"x","inner":{"a":1}}"#,
            r#"{"text":"x","inner":[],"maybe":[1]}"#,
            r#"{"text":"x","inner":[]}{}"#,
            "[]",
            "null",
            "1",
            r#""x""#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let error = read(r#"["x",[],null]"#).unwrap_err().to_string();
        assert!(error.starts_with("invalid type: sequence, expected a JSON object at line 1"), "{error}");
    }

    #[test]
    fn a_struct_at_any_depth_is_an_object() {
        assert_eq!(value::<BTreeMap<String, Inner>>(br#"{"x":{"a":1}}"#).unwrap()["x"], Inner { a: 1 });
        assert_eq!(value::<Option<Vec<Inner>>>(b"null").unwrap(), None);
        assert_eq!(value::<(u8, Inner)>(br#"[1,{"a":1}]"#).unwrap(), (1, Inner { a: 1 }));
        assert_eq!(value::<Wrapped>(br#"{"a":1}"#).unwrap(), Wrapped(Inner { a: 1 }));
        assert_eq!(value::<Choice>(br#""None""#).unwrap(), Choice::None);
        assert_eq!(value::<Choice>(br#"{"One":{"a":1}}"#).unwrap(), Choice::One(Inner { a: 1 }));
        assert_eq!(value::<Choice>(br#"{"Pair":[1,{"a":1}]}"#).unwrap(), Choice::Pair(1, Inner { a: 1 }));
        assert_eq!(value::<Choice>(br#"{"Fields":{"inner":{"a":1}}}"#).unwrap(), Choice::Fields { inner: Inner { a: 1 } });
        assert_eq!(value::<Unit>(b"null").unwrap(), Unit);
        let expected = "invalid type: sequence, expected ";
        for error in [
            refused::<BTreeMap<String, Inner>>(r#"{"x":[1]}"#),
            refused::<Option<Vec<Inner>>>("[[1]]"),
            refused::<(u8, Inner)>("[1,[1]]"),
            refused::<Wrapped>("[1]"),
            refused::<Choice>(r#"{"One":[1]}"#),
            refused::<Choice>(r#"{"Pair":[1,[1]]}"#),
            refused::<Choice>(r#"{"Fields":[{"a":1}]}"#),
            refused::<Choice>(r#"{"Fields":{"inner":[1]}}"#),
        ] {
            assert!(error.starts_with(expected), "{error}");
        }
        assert!(value::<serde_json::Value>(b"[1] 2").is_err());
    }
}
