use super::*;
use std::collections::BTreeSet;

fn sign() -> Call {
    Call::Sign(Sign {
        subject: SubjectToSign::Git { payload: b"tree".to_vec() },
        instance: "public".into(),
        expected: None,
        expected_issuer: Some("https://issuer.example".into()),
        hint: Some("ann@example.com".into()),
        repository: Some("/r".into()),
        host: None,
        reader: true,
        by_code: false,
    })
}

#[test]
fn requests_and_replies_are_read_as_they_were_written() {
    for call in [sign(), Call::Status, Call::Answer { ask: 7, allow: true }, Call::Logout { identity: None }] {
        let request = Request::new(call);
        let mut bytes = Vec::new();
        write(&mut bytes, &request).unwrap();
        assert_eq!(Request::parse(&read(&mut bytes.as_slice(), MAX_REQUEST).unwrap()), Ok(request));
    }
    let reply = Reply::refused(Refusal::Locked, "it is locked");
    assert_eq!(serde_json::to_string(&reply).unwrap(), r#"{"reply":"refused","kind":"locked","message":"it is locked","hint":null}"#);
    assert_eq!(serde_json::from_str::<Reply>(&serde_json::to_string(&reply).unwrap()).unwrap(), reply);
}

#[test]
fn a_client_of_another_version_gets_a_clear_answer() {
    for version in [0, 3] {
        let other = format!(r#"{{"version":{version},"program":"9.9.9","call":"sign-many","what":[]}}"#);
        let Err(Reply::Refused { kind, message, .. }) = Request::parse(other.as_bytes()) else { panic!() };
        let expected = format!("the agent speaks the versions 1 to 2 of its protocol; the client speaks version {version}");
        assert_eq!((kind, message), (Refusal::Version, expected));
    }
}

/// What a client of version 1 sends stays readable, and says the same.
#[test]
fn both_versions_say_the_same_and_each_has_its_own_fields() {
    let first = r#"{"version":1,"program":"0.1.0","call":"sign","payload":"dHJlZQ==","instance":"public","expected":null,"hint":"ann@example.com","repository":"/r","host":null,"reader":true}"#;
    let Call::Sign(written) = sign() else { panic!() };
    let unrestricted = Call::Sign(Sign { expected_issuer: None, ..written });
    assert_eq!(Request::parse(first.as_bytes()).unwrap().call, unrestricted);
    // the older version of a request, if it has one
    let oldest = |call| Request::new(call).oldest_frame().map(|frame| Request::parse(&frame.unwrap()[4..]).unwrap());
    let login = |expected_issuer| Call::Login { instance: "x".into(), expected: None, hint: None, expected_issuer, by_code: false };
    for call in [unrestricted, Call::Status, login(None)] {
        assert_eq!(oldest(call.clone()).map(|request| (request.version, request.call)), Some((1, call)));
    }
    let unknown = Request::parse(
        first
            .replace(r#""version":1"#, r#""version":2"#)
            .replace(r#""payload":"dHJlZQ==""#, r#""subject":{"kind":"image","digest":"x"}"#)
            .as_bytes(),
    );
    let unknown = unknown.unwrap().call;
    assert!(matches!(&unknown, Call::Sign(Sign { subject: SubjectToSign::Unknown, .. })));
    for call in [sign(), login(Some("https://issuer.example".into())), unknown] {
        assert_eq!(oldest(call), None);
    }
    for (wrong, why) in [
        (first.replace(r#""version":1"#, r#""version":2"#), "version 2 has no field payload"),
        (first.replace(r#""payload":"dHJlZQ==""#, r#""subject":{"kind":"git","payload":"dHJlZQ=="}"#), "version 1 has no field subject"),
        (first.replace(r#""host":null"#, r#""expected_issuer":"x""#), "version 1 has no field expected_issuer"),
        (first.replace(r#""payload":"dHJlZQ==","#, ""), "the request cannot be read: nothing is to be signed"),
    ] {
        let Err(Reply::Refused { kind: Refusal::Request, message, .. }) = Request::parse(wrong.as_bytes()) else { panic!("{wrong}") };
        assert!(message.starts_with(why), "{message}");
    }
}

/// A later agent may refuse for reasons that this program does not know.
#[test]
fn an_unknown_refusal_is_a_refusal() {
    let read = crate::json_object::from_slice::<Reply>(br#"{"reply":"refused","kind":"tired","message":"later","hint":null}"#).unwrap();
    assert_eq!(read, Reply::refused(Refusal::Unknown, "later"));
}

#[test]
fn an_invalid_request_is_refused() {
    for wrong in [
        &b""[..],
        b"null",
        b"[]",
        b"{}",
        br#"{"version":1}"#,
        br#"{"version":1,"program":"x","call":"keys"}"#,
        br#"{"version":-1,"program":"x","call":"status"}"#,
        br#"{"version":1,"program":"x","call":"login","instance":"public","hint":null,"key":true}"#,
        br#"{"version":1,"program":"x","call":"sign","payload":"!","instance":"public","expected":null,"hint":null,"repository":null,"host":null,"reader":true}"#,
    ] {
        assert!(matches!(Request::parse(wrong), Err(Reply::Refused { kind: Refusal::Request, .. })), "{}", String::from_utf8_lossy(wrong));
    }
    let large = Request::new(Call::Sign(Sign {
        subject: SubjectToSign::Git { payload: vec![0; MAX_PAYLOAD + 1] },
        ..match sign() {
            Call::Sign(sign) => sign,
            _ => panic!(),
        }
    }));
    assert!(Request::parse(&serde_json::to_vec(&large).unwrap()).is_err());
}

#[test]
fn names_and_paths_have_limits() {
    let Call::Sign(sign) = sign() else { panic!() };
    let request = |sign: Sign| Request::parse(&serde_json::to_vec(&Request::new(Call::Sign(sign))).unwrap());
    let long = |length| Some("x".repeat(length));
    assert!(request(Sign { repository: long(MAX_PATH), host: long(MAX_NAME), ..sign.clone() }).is_ok());
    for (field, wrong) in [
        ("repository", Sign { repository: long(MAX_PATH + 1), ..sign.clone() }),
        ("host", Sign { host: long(MAX_NAME + 1), ..sign.clone() }),
        ("hint", Sign { hint: long(MAX_NAME + 1), ..sign.clone() }),
        ("expected", Sign { expected: long(MAX_NAME + 1), ..sign.clone() }),
        ("expected_issuer", Sign { expected_issuer: long(MAX_NAME + 1), ..sign.clone() }),
        ("instance", Sign { instance: "x".repeat(MAX_NAME + 1), ..sign.clone() }),
    ] {
        let Err(Reply::Refused { kind: Refusal::Request, message, .. }) = request(wrong) else { panic!("{field}") };
        assert!(message.starts_with(&format!("the request's {field} has more than ")), "{message}");
    }
}

#[test]
fn the_error_about_a_request_does_not_grow_with_it() {
    let name = "\u{1}".repeat(100_000);
    let wrong = serde_json::json!({"version": 1, "program": "x", "call": "login", "instance": "x", "hint": null, name: 1}).to_string();
    let Err(refused) = Request::parse(wrong.as_bytes()) else { panic!() };
    assert!(frame(&refused).unwrap().len() < 4096);
}

/// The rows of the document's table with this heading: the cells of each.
fn table(heading: &str) -> Vec<Vec<String>> {
    let document = include_str!("../../man/agent-protocol.md");
    let start = document.find(&format!("\n| {heading} |")).unwrap();
    let rows = document[start + 1..].lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands between backquotes and is a field's name: fields of fields follow in one more pair of parentheses.
fn documented(cell: &str) -> BTreeSet<String> {
    let names = cell.split('`').skip(1).step_by(2).map(str::to_owned);
    // a setting that a sentence names is not a field
    names.filter(|name| !name.contains('.')).collect()
}

fn fields(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(members) => members.iter().for_each(|(name, member)| {
            found.insert(name.clone());
            fields(member, found);
        }),
        serde_json::Value::Array(elements) => elements.iter().for_each(|element| fields(element, found)),
        _ => {}
    }
}

/// The document's table and what is written for one of each kind.
fn compare<T: Serialize>(heading: &str, tag: &str, column: usize, common: &[&str], samples: &[T]) {
    let rows = table(heading);
    assert_eq!(rows.len(), samples.len(), "the table of {heading}");
    for (row, sample) in rows.iter().zip(samples) {
        let written = serde_json::to_value(sample).unwrap();
        assert_eq!(format!("`{}`", written[tag].as_str().unwrap()), row[0]);
        let mut found = BTreeSet::new();
        fields(&written, &mut found);
        common.iter().for_each(|name| assert!(found.remove(*name), "{name}"));
        assert_eq!(found, documented(&row[column]), "{}", row[0]);
    }
}

#[test]
fn the_document_has_every_message_field_refusal_and_limit() {
    let text = String::new;
    let requests = [
        sign(),
        Call::Login { instance: text(), expected: None, hint: None, expected_issuer: Some(text()), by_code: true },
        Call::Logout { identity: None },
        Call::Status,
        Call::Journal,
        Call::Lock,
        Call::Unlock,
        Call::Clear,
        Call::Stop,
        Call::Watch,
        Call::Answer { ask: 1, allow: true },
    ];
    let (name, content) = (Some(text()), vec![]);
    let subjects = [
        SubjectToSign::Git { payload: vec![] },
        SubjectToSign::File { content, name: name.clone() },
        SubjectToSign::Digest { sha256: text(), name },
        SubjectToSign::Statement { payload: vec![] },
    ];
    compare("subject", "kind", 1, &["kind"], &subjects);
    compare("call", "call", 2, &["version", "program", "call"], &requests.map(Request::new));
    let login = LoginStatus {
        identity: text(),
        issuer: text(),
        certificate_issuer: Some(text()),
        fulcio: text(),
        certificate_until: None,
        renewable: false,
        signatures: 0,
        is_stored: false,
        names: vec![],
    };
    let entry = JournalEntry {
        time: 0,
        kind: text(),
        name: Some(text()),
        identity: text(),
        repository: None,
        host: None,
        payload: text(),
        services: 0,
        verification: 0,
    };
    let status = AgentStatus {
        process: 1,
        program: text(),
        started: 0,
        locked: false,
        memory: text(),
        keyring: None,
        keyring_problem: None,
        logins: vec![login],
    };
    let replies = [
        Reply::Say { text: text() },
        Reply::LogIn { url: text(), opening: true },
        Reply::Code { verification_uri: text(), user_code: text(), verification_uri_complete: None, expires: 0 },
        Reply::Publish { of: text(), text: vec![] },
        Reply::Wait,
        Reply::Ask { ask: 1, text: text() },
        Reply::Certificate { certificate: vec![] },
        Reply::Draft { signature: text() },
        Reply::Signed { signature: text() },
        Reply::LoggedIn { identity: text(), issuer: text() },
        Reply::Status(status),
        Reply::Journal { entries: vec![entry] },
        Reply::Done { remarks: vec![] },
        Reply::refused(Refusal::Request, ""),
    ];
    compare("reply", "reply", 1, &["reply"], &replies);
    // one that is added here is added to the document
    let next = |refusal: Option<Refusal>| match refusal {
        None => Some(Refusal::Version),
        Some(Refusal::Version) => Some(Refusal::Older),
        Some(Refusal::Older) => Some(Refusal::Request),
        Some(Refusal::Request) => Some(Refusal::Subject),
        Some(Refusal::Subject) => Some(Refusal::Payload),
        Some(Refusal::Payload) => Some(Refusal::Instance),
        Some(Refusal::Instance) => Some(Refusal::Locked),
        Some(Refusal::Locked) => Some(Refusal::Busy),
        Some(Refusal::Busy) => Some(Refusal::Identity),
        Some(Refusal::Identity) => Some(Refusal::Denied),
        Some(Refusal::Denied) => Some(Refusal::Login),
        Some(Refusal::Login) => Some(Refusal::Service),
        Some(Refusal::Service) => Some(Refusal::Keyring),
        Some(Refusal::Keyring) => Some(Refusal::Configuration),
        Some(Refusal::Configuration | Refusal::Unknown) => None,
    };
    let kinds = std::iter::successors(next(None), |refusal| next(Some(*refusal)));
    let kinds: Vec<String> = kinds.map(|kind| format!("`{}`", serde_json::to_value(kind).unwrap().as_str().unwrap())).collect();
    assert_eq!(table("kind").into_iter().map(|row| row[0].clone()).collect::<Vec<_>>(), kinds);
    let limits: Vec<String> = table("limit").into_iter().map(|row| row[1].clone()).collect();
    let seconds = [HEARTBEAT, TRANSFER_TIMEOUT].map(|time| time.as_secs() as usize);
    let expected = [MAX_REQUEST, MAX_REPLY, MAX_PAYLOAD, MAX_STATEMENT, MAX_NAME, MAX_PATH, seconds[0], seconds[1]];
    assert_eq!(limits, expected.map(|limit| limit.to_string()));
}

#[test]
fn a_frame_has_a_limit_and_an_end() {
    assert!(read(&mut &[0, 0, 0, 0][..], 10).is_err());
    assert!(read(&mut &[0, 0, 0, 11][..], 10).is_err());
    assert!(read(&mut &[255, 255, 255, 255][..], MAX_REPLY).is_err());
    assert!(read(&mut &[0, 0, 0, 3, b'{', b'}'][..], 10).is_err());
    assert_eq!(read(&mut &[0, 0, 0, 2, b'{', b'}', b'x'][..], 10).unwrap(), b"{}");
}

#[test]
#[cfg(feature = "cli")]
fn a_newer_client_is_recognised() {
    for (left, right, newer) in [
        ("0.2.0", "0.1.9", true),
        ("0.10.0", "0.9.0", true),
        ("1.0.0-rc.1", "0.9.0", true),
        ("1.0.0", "1.0.0-rc.1", false),
        ("0.1.0", "0.1.0", false),
        ("0.1.0", "0.2.0", false),
        ("x", "0.1.0", false),
        ("99", "0.1.0", false),
        ("", "0.1.0", false),
    ] {
        assert_eq!(is_newer(left, right), newer, "{left} {right}");
    }
}

#[test]
fn an_array_is_not_an_object() {
    for text in [r#"[1]"#, r#"[7,"0.1.0","status"]"#, r#"[1,"0.1.0",{"call":"status"}]"#, "[]"] {
        let Err(Reply::Refused { kind, message, .. }) = Request::parse(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(kind, Refusal::Request, "{text}");
        assert!(message.contains("expected a JSON object"), "{text}: {message}");
    }
    let read = |text: &str| crate::json_object::from_slice::<Reply>(text.as_bytes());
    let journal = r#"{"reply":"journal","entries":[{"time":1,"kind":"commit","identity":"a","repository":null,"host":null,"payload":"","services":1,"verification":1}]}"#;
    assert!(read(journal).is_ok());
    let login =
        r#"{"identity":"a","issuer":"b","fulcio":"c","certificate_until":null,"renewable":true,"rests":false,"signatures":1,"names":[]}"#;
    let status = |login: &str| {
        format!(
            r#"{{"reply":"status","process":1,"program":"0.1.0","started":1,"locked":false,"memory":"","keyring":null,"keyring_problem":null,"logins":[{login}]}}"#
        )
    };
    assert!(read(&status(login)).is_ok());
    for text in [
        r#"["done",[]]"#,
        r#"["signed","x"]"#,
        r#"{"reply":"journal","entries":[[1,"commit","a",null,null,"",1,1]]}"#,
        &status(r#"["a","b","c",null,true,false,1,[]]"#),
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}
