//! Reads JSON objects. For a struct, serde also accepts an array of its fields in order; the formats of this program are objects only.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

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
    serde_json::from_slice(text).map(|Object(value)| value)
}

/// Reads a list of objects, for a field.
///
/// # Errors
/// An element is not an object.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(value)| value).collect())
}

/// Reads an object, for a field.
///
/// # Errors
/// It is not an object.
#[cfg(feature = "cli")]
pub(crate) fn field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer<'a> {
        text: &'a str,
        #[serde(deserialize_with = "list")]
        inner: Vec<Inner>,
    }

    #[test]
    fn only_an_object_is_read_as_a_struct() {
        let read = |text: &'static str| from_slice::<Outer<'_>>(text.as_bytes());
        assert_eq!(read(r#"{"text":"x","inner":[{"a":1}]}"#).unwrap(), Outer { text: "x", inner: vec![Inner { a: 1 }] });
        for text in [r#"["x",[{"a":1}]]"#, r#"{"text":"x","inner":[[1]]}"#, r#"{"text":"x","inner":{"a":1}}"#, "[]", "null", "1", r#""x""#]
        {
            assert!(read(text).is_err(), "{text}");
        }
        let error = read(r#"["x",[]]"#).unwrap_err().to_string();
        assert!(error.starts_with("invalid type: sequence, expected a JSON object at line 1"), "{error}");
    }
}
