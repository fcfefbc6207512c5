//! The in-toto statement about a commit or tag, as gitsign's `show` prints it: what the object and its signature say. Nothing is verified.
//!
//! gitsign 0.17.1 prints the names `type` and `predicate_type`, where the standard has `_type` and `predicateType`. Scripts read either, so
//! both are here.

use crate::{
    Reason, Rejection,
    object::{Commit, Payload, Signed, Tag},
    repository::{ObjectKind, RawObject, Repository},
    signature::{ParsedSignature, pem},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const COMMIT_PREDICATE: &str = "https://gitsign.sigstore.dev/predicate/git/v0.1";
const TAG_PREDICATE: &str = "https://gitsign.sigstore.dev/predicate/tag/v0.1";

/// Why there is no statement about an object.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatementError {
    /// A lightweight tag, which is no object.
    #[error("the tag is not an annotated tag; name its commit instead")]
    LightweightTag,
    /// An object of a kind that carries no signature.
    #[error("{id} is a {kind}; expected a commit or tag")]
    Kind {
        /// The object's id.
        id: String,
        /// `blob` or `tree`.
        kind: &'static str,
    },
    /// The object has a fault.
    #[error("cannot describe the {kind} {id}: {rejection}")]
    Faulty {
        /// `commit` or `tag`.
        kind: &'static str,
        /// The object's id.
        id: String,
        /// The fault.
        rejection: Rejection,
    },
}

/// The statement about an object of the repository. The subject's name is the URL of this remote, where there is one.
///
/// # Errors
/// [`StatementError`].
pub(crate) fn statement(object: &RawObject, repository: &Repository, remote: &str) -> Result<Value, StatementError> {
    let is_lightweight = object.reference.as_deref().is_some_and(|reference| reference.starts_with("refs/tags/"));
    if is_lightweight && object.kind != ObjectKind::Tag {
        return Err(StatementError::LightweightTag);
    }
    let signed = signed(object)?;
    let (source, predicate_type) = match object.kind {
        ObjectKind::Tag => (tag(&signed.payload), TAG_PREDICATE),
        _ => (commit(&signed.payload), COMMIT_PREDICATE),
    };
    let signature = String::from_utf8_lossy(&signed.signature);
    let predicate = fields([("source", source), ("signature", json!(signature)), ("signer_info", signer_info(&signed.signature))]);
    let mut digest = fields([(object.format.name(), json!(object.id))]);
    if let (ObjectKind::Tag, Some(digest)) = (object.kind, digest.as_object_mut()) {
        digest.insert("gitTag".to_owned(), json!(object.id));
    }
    let name = remote_url(repository, remote).map_or(Value::Null, Value::String);
    Ok(json!({
        "_type": STATEMENT_TYPE,
        "type": STATEMENT_TYPE,
        "subject": [fields([("name", name), ("digest", digest)])],
        "predicateType": predicate_type,
        "predicate_type": predicate_type,
        "predicate": predicate,
    }))
}

/// Payload and signature. An unsigned object is all payload, checked as strictly.
fn signed(object: &RawObject) -> Result<Signed<'_>, StatementError> {
    let (id, kind) = (object.id.clone(), object.kind.name());
    let split = match object.kind {
        ObjectKind::Commit => Commit::parse(&object.bytes, object.format).map(|commit| commit.signed),
        ObjectKind::Tag => Tag::parse(&object.bytes).map(|tag| tag.signed),
        ObjectKind::Blob | ObjectKind::Tree => return Err(StatementError::Kind { id, kind }),
    };
    let split = split.or_else(|rejection| match rejection.reason() {
        Reason::NoSignature => {
            Payload::parse(&object.bytes).map(|_| Signed { payload: Cow::Borrowed(&object.bytes), signature: Cow::Borrowed(b"") })
        }
        _ => Err(rejection),
    });
    split.map_err(|rejection| StatementError::Faulty { kind, id, rejection })
}

fn commit(payload: &[u8]) -> Value {
    let parents: Vec<Value> = headers(payload, "parent").map(Value::String).collect();
    fields([
        ("tree", first(payload, "tree")),
        ("parents", Value::Array(parents)),
        ("author", person(payload, "author")),
        ("committer", person(payload, "committer")),
        ("message", message(payload)),
    ])
}

fn tag(payload: &[u8]) -> Value {
    fields([
        ("object", first(payload, "object")),
        ("object_type", first(payload, "type")),
        ("tag", first(payload, "tag")),
        ("tagger", person(payload, "tagger")),
        ("message", message(payload)),
    ])
}

/// The certificate of each signer with the signed attributes, where the signature is a CMS.
fn signer_info(armored: &[u8]) -> Value {
    let mut cms = Vec::new();
    let signature = ParsedSignature::parse(armored, &mut cms);
    let Ok(content) = signature.content() else { return Value::Null };
    let (Ok(form), Some(certificate)) = (content.form(), content.claimed_certificate()) else { return Value::Null };
    let attributes = form.signer.signed_bytes().map(|bytes| STANDARD.encode(bytes)).unwrap_or_default();
    json!([fields([("attributes", json!(attributes)), ("certificate", json!(pem("CERTIFICATE", certificate.der())))])])
}

/// The values of a header. The payload was checked: its headers are in order, and none that is asked for has a second line.
fn headers<'a>(payload: &'a [u8], name: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines = payload.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    lines.filter_map(move |line| {
        let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

fn first(payload: &[u8], name: &str) -> Value {
    headers(payload, name).next().map_or(Value::Null, Value::String)
}

/// `Name <address> seconds zone`, as go-git reads it.
fn person(payload: &[u8], header: &str) -> Value {
    let line = headers(payload, header).next().unwrap_or_default();
    let Some((name, rest)) = line.rsplit_once('<') else { return Value::Null };
    let (email, time) = rest.rsplit_once('>').unwrap_or((rest, ""));
    let seconds = time.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    let date = Timestamp::from_second(seconds).unwrap_or_default();
    fields([("name", json!(name.trim())), ("email", json!(email)), ("date", json!(date.to_string()))])
}

fn message(payload: &[u8]) -> Value {
    let end = payload.windows(2).position(|pair| pair == b"\n\n").map_or(payload.len(), |at| at + 2);
    json!(String::from_utf8_lossy(payload.get(end..).unwrap_or_default()))
}

/// An object without its empty fields, as Protobuf's JSON leaves them out.
fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    };
    let kept = fields.into_iter().filter(|(_, value)| !is_empty(value));
    Value::Object(kept.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn remote_url(repository: &Repository, remote: &str) -> Option<String> {
    let entries = repository.configuration(&["remote"]).ok()?;
    let url = entries.into_iter().find(|entry| entry.name == "url" && entry.subsection.as_deref() == Some(remote))?;
    String::from_utf8(url.value?).ok().map(|url| without_credentials(&url))
}

/// The URL with `***` for its user and password. A user name can be a token, except for SSH, where it tells repositories apart.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((login, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    let path = rest.strip_prefix(authority).unwrap_or_default();
    let shown = match (scheme.contains("ssh"), login.split_once(':')) {
        (true, None) => login.to_owned(),
        (true, Some((user, _))) => format!("{user}:***"),
        (false, _) => "***".to_owned(),
    };
    format!("{scheme}://{shown}@{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn user_and_password_of_a_url_are_masked() {
        for (url, shown) in [
            ("https://ann:hunter2@git.example/a/b.git", "https://***@git.example/a/b.git"),
            ("https://hunter2@git.example:8443/a", "https://***@git.example:8443/a"),
            ("https://hunter2:x-oauth-basic@git.example", "https://***@git.example"),
            ("https://ann:hun@ter2@git.example/a", "https://***@git.example/a"),
            ("helper::https://ann:hunter2@git.example/a", "helper::https://***@git.example/a"),
            ("ssh://git:hunter2@git.example/a", "ssh://git:***@git.example/a"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
        for url in
            ["https://git.example/a@b", "https://git.example?x=a@b", "ssh://git@git.example/a", "git@git.example:a", "../a", "/a", ""]
        {
            assert_eq!(without_credentials(url), url);
        }
    }
}
