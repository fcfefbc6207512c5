//! The services beside what the real servers answered to the same requests.

use std::path::Path;

use serde_json::{Value, json};

use super::{EMAIL, Fixture, bytes, now};

/// The names and types of a JSON value; map keys that are UUIDs count as one. An audit path may be empty.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match key.as_str() {
                "hashes" => (key.clone(), value.is_array().into()),
                uuid if uuid.len() == 80 => ("UUID".into(), shape(value)),
                _ => (key.clone(), shape(value)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(values) => values.iter().take(1).map(shape).collect(),
        Value::String(_) => "string".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Null => "null".into(),
    }
}

/// An error's code and words without the UUIDs in them, but for words that are a parser's own, or that list methods in no order.
fn error(body: &Value, recorded: &Value) -> Value {
    const OWN: [&str; 5] = ["proto:", "method ", "parsing ", "error processing entry: x509:", "error processing entry: encoding/hex:"];
    let of = |value: &Value| value["message"].as_str().and_then(|words| words.split(" with UUID ").next()).map(str::to_owned);
    let own = of(recorded).is_some_and(|words| OWN.iter().any(|prefix| words.starts_with(prefix)));
    json!([body["code"], if own { None } else { of(body) }])
}

/// What the real servers answered to the same requests: status, names of headers, and names and types of fields are ours too.
#[test]
fn answers_have_the_form_of_the_real_servers() {
    /// They answer so because of what they leave out.
    const DIFFERENT: [&str; 2] = ["rekor-v2-checkpoint-not-served", "rekor-v2-tiles"];
    let fixture = Fixture::new(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/real-servers");
    let mut names: Vec<String> =
        std::fs::read_dir(folder.clone()).unwrap().filter_map(|file| file.unwrap().file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".json") && !DIFFERENT.iter().any(|other| name.starts_with(other)));
    // what is created comes first: duplicates and reads refer to it. Other entries come last: reads tell the size of the log
    names.sort_by_key(|name| (!name.contains("-created"), name.contains("-stores-"), name.trim_end_matches(".json").to_owned()));
    assert!(names.len() > 50);
    let token = fixture.token();
    let expired = fixture.instance().identity_token_at(EMAIL, now() - jiff::SignedDuration::from_hours(1)).unwrap();
    let forged = Fixture::new(&[]).token();
    let mut uuid = String::new();
    let mut differences = Vec::new();
    for name in names {
        let exchange: Value = serde_json::from_slice(&std::fs::read(folder.join(&name)).unwrap()).unwrap();
        let (request, recorded) = (&exchange["request"], &exchange["response"]);
        let token = match name.as_str() {
            "fulcio-v2-token-expired.json" => &expired,
            "fulcio-v2-token-signature-wrong.json" => &forged,
            _ => &token,
        };
        // the words that stand for what differs from one run to the next
        let ours = |text: &str| text.replace("TOKEN", token).replace("UUID", &uuid).replace("LEAF", uuid.get(16..).unwrap_or_default());
        let headers: Vec<(String, String)> =
            request["headers"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), ours(value.as_str().unwrap()))).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = match request["body_base64"].as_str() {
            Some(_) => bytes(&request["body_base64"]),
            None => ours(request["body"].as_str().unwrap_or_default()).into_bytes(),
        };
        let answer = fixture.call(request["method"].as_str().unwrap(), &ours(request["path"].as_str().unwrap()), &headers, body);
        if name == "rekor-v1-created.json" {
            uuid = answer.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
        }
        let mut expected: Vec<String> =
            recorded["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap().to_ascii_lowercase()).collect();
        // the HTTP library writes those
        expected.retain(|name| !["date", "content-length", "transfer-encoding", "connection"].contains(&name.as_str()));
        let mut found = answer.header_names();
        expected.sort();
        found.sort();
        let json = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap_or_default();
        let recorded_body = json(recorded["body"].as_str().unwrap_or_default().as_bytes());
        let body = json(answer.body());
        // what the logs store is the same to the byte
        if name.contains("-stores-") && recorded["status"] == 201 {
            let stored = |body: &Value| match &body["canonicalizedBody"] {
                Value::Null => body.as_object().unwrap().values().next().unwrap()["body"].clone(),
                body => body.clone(),
            };
            if stored(&body) != stored(&recorded_body) {
                differences.push(format!("{name} stored body"));
            }
        }
        let content_type =
            recorded["headers"].as_array().unwrap().iter().find(|pair| pair[0] == "Content-Type").and_then(|pair| pair[1].as_str());
        for (what, ours, theirs) in [
            ("status", json!(answer.status()), recorded["status"].clone()),
            ("headers", json!(found), json!(expected)),
            ("content type", json!(answer.header("content-type")), json!(content_type)),
            ("body", shape(&body), shape(&recorded_body)),
            ("error", error(&body, &recorded_body), error(&recorded_body, &recorded_body)),
        ] {
            if ours != theirs {
                differences.push(format!("{name} {what}: ours {ours}, theirs {theirs}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Whatever is sent, the services refuse it: nothing panics, and no answer blames the server but those that the real one gives.
#[test]
fn changed_requests_are_refused_and_never_a_fault_of_the_server() {
    let fixture = Fixture::new(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/real-servers");
    // a fixed sequence: a failure comes back
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound.max(1) as u64).unwrap()
    };
    let token = fixture.token();
    for file in std::fs::read_dir(folder).unwrap() {
        let exchange: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap_or_default()).unwrap_or_default();
        let request = &exchange["request"];
        if request["method"] != "POST" {
            continue;
        }
        let path = request["path"].as_str().unwrap();
        let media_type = request["headers"]["Content-Type"].as_str().unwrap_or("application/json").to_owned();
        let body = match request["body_base64"].as_str() {
            Some(_) => bytes(&request["body_base64"]),
            None => request["body"].as_str().unwrap_or_default().replace("TOKEN", &token).into_bytes(),
        };
        for _ in 0..30 {
            let mut changed = body.clone();
            for _ in 0..=next(3) {
                let at = next(changed.len());
                match next(4) {
                    0 => changed.truncate(at),
                    1 if !changed.is_empty() => drop(changed.drain(at..(at + 1 + next(40)).min(changed.len()))),
                    2 if !changed.is_empty() => changed[at] = u8::try_from(next(256)).unwrap(),
                    _ => changed.splice(at..at, br#"{"":[null,"-1"]}"#.iter().copied()).for_each(drop),
                }
            }
            let answer = fixture.call("POST", path, &[("content-type", &media_type)], changed.clone());
            let told = json!(String::from_utf8_lossy(answer.body()));
            assert!(answer.status() < 500 || told.as_str().unwrap().contains("unexpected EOF"), "{path} {} {told}", answer.status());
        }
    }
}
