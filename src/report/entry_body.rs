//! The body of a log entry, for `paraph log get`: its claims. Nothing here is verified.

use super::contents::CertificateContents;
use crate::certificate::Certificate;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::Value;

/// What the body of an entry says, whatever its kind.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EntryBody {
    /// The certificates in it.
    pub certificates: Vec<CertificateContents>,
    /// The body.
    pub body: Value,
}

impl EntryBody {
    /// Reads a body; one that is not JSON is shown in base64.
    pub(crate) fn of(body: &[u8]) -> Self {
        let read: Value = crate::json_object::from_slice(body).unwrap_or_else(|_| STANDARD.encode(body).into());
        let mut certificates = Vec::new();
        collect(&read, &mut certificates);
        Self { certificates, body: read }
    }
}

/// The certificates in the texts of a document: DER or PEM, in base64.
fn collect(value: &Value, found: &mut Vec<CertificateContents>) {
    match value {
        Value::String(text) => {
            let decoded = STANDARD.decode(text).unwrap_or_default();
            let der = match der::pem::decode_vec(&decoded) {
                Ok(("CERTIFICATE", der)) => der,
                _ => decoded,
            };
            if let Ok(certificate) = Certificate::from_der(&der) {
                found.push(CertificateContents::of(&certificate, true));
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
