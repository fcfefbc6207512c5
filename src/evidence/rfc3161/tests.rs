use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::Encode;

/// The bytes of one side of a recorded exchange with the real timestamp authority.
fn recorded(name: &str, side: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/real-servers/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let exchange: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    STANDARD.decode(exchange[side]["body_base64"].as_str().unwrap()).unwrap()
}

#[test]
fn the_real_authoritys_answers_decode_and_encode_to_the_same_bytes() {
    for name in ["tsa-granted", "tsa-granted-sha512", "tsa-granted-no-certificate", "tsa-json"] {
        let bytes = recorded(name, "response");
        let answer = TimeStampResp::from_der(&bytes).unwrap();
        assert_eq!(answer.to_der().unwrap(), bytes, "{name}");
        assert_eq!(answer.status.status, PkiStatus::Granted, "{name}");
        let token = answer.time_stamp_token.unwrap().to_der().unwrap();
        assert!(bytes.ends_with(&token), "{name}");
        let inner = SignedData::from_der(&token).unwrap().content.unwrap().to_vec();
        let info = TstInfo::of_token(&token).unwrap();
        assert_eq!(info.to_der().unwrap(), inner, "{name}");
        assert_eq!(info.version, 1);
        assert_eq!(info.accuracy, Some(Accuracy { seconds: Some(1), ..Accuracy::default() }), "{name}");
    }
}

#[test]
fn openssls_queries_decode_and_encode_to_the_same_bytes() {
    for name in ["tsa-granted", "tsa-granted-sha512", "tsa-granted-no-certificate", "tsa-policy", "tsa-sha1"] {
        let bytes = recorded(name, "request");
        let query = TimeStampReq::from_der(&bytes).unwrap();
        assert_eq!(query.to_der().unwrap(), bytes, "{name}");
        assert_eq!(query.cert_req, name != "tsa-granted-no-certificate", "{name}");
        assert_eq!(query.nonce.is_some(), name != "tsa-granted-no-certificate", "{name}");
        assert_eq!(query.req_policy.is_some(), name == "tsa-policy", "{name}");
    }
}

#[test]
fn a_token_repeats_the_nonce_and_the_imprint_of_its_query() {
    let query = TimeStampReq::from_der(&recorded("tsa-granted", "request")).unwrap();
    let answer = TimeStampResp::from_der(&recorded("tsa-granted", "response")).unwrap();
    let info = TstInfo::of_token(&answer.time_stamp_token.unwrap().to_der().unwrap()).unwrap();
    assert_eq!(info.nonce, query.nonce);
    assert_eq!(info.message_imprint, query.message_imprint);
    assert_eq!(info.gen_time, GenTime::parse("20261123011310Z").unwrap());
}

#[test]
fn times_with_a_fraction_are_read_and_written() {
    for (text, seconds, nanoseconds) in [
        ("19700101000000Z", 0, 0),
        ("20261123011310Z", 1_795_396_390, 0),
        ("20261123011310.5Z", 1_795_396_390, 500_000_000),
        ("20261123011310.123456789Z", 1_795_396_390, 123_456_789),
        ("20000229235959Z", 951_868_799, 0),
    ] {
        let time = GenTime::parse(text).unwrap();
        assert_eq!((time.unix_seconds(), time.nanoseconds()), (seconds, nanoseconds), "{text}");
        assert_eq!(GenTime::from_der(&time.to_der().unwrap()).unwrap(), time, "{text}");
        assert_eq!(time.to_der().unwrap()[2..], *text.as_bytes());
    }
}

#[test]
fn times_that_the_standard_forbids_are_refused() {
    for text in [
        "",
        "Z",
        "20261123011310",
        "20261123011310+0100",
        "202611230113Z",
        "20261123011310.Z",
        "20261123011310.50Z",
        "20261123011310.1234567891Z",
        "20261123011310,5Z",
        "20261323011310Z",
        "20260229011310Z",
        "20261123241310Z",
        "20261123011360Z",
        "+0261123011310Z",
        "2026112301131 Z",
    ] {
        let mut der = vec![0x18, u8::try_from(text.len()).unwrap()];
        der.extend_from_slice(text.as_bytes());
        assert!(GenTime::from_der(&der).is_err(), "{text}");
    }
    assert_eq!(GenTime::new(0, 1_000_000_000), None);
    assert_eq!(GenTime::new(i64::MAX, 0), None);
}

#[test]
fn a_refusal_names_its_failures() {
    // badAlg and systemFailure
    let bits = BitString::new(6, [0x80, 0, 0, 0x40]).unwrap();
    let refusal = TimeStampResp {
        status: PkiStatusInfo { status: PkiStatus::Rejection, status_string: Some(vec!["no".into()]), fail_info: Some(bits) },
        time_stamp_token: None,
    };
    let decoded = TimeStampResp::from_der(&refusal.to_der().unwrap()).unwrap();
    assert_eq!(decoded, refusal);
    assert_eq!(decoded.status.failures(), ["badAlg", "systemFailure"]);
}

#[test]
fn what_is_not_a_token_is_refused_without_a_panic() {
    let answer = TimeStampResp::from_der(&recorded("tsa-granted", "response")).unwrap();
    let token = answer.time_stamp_token.unwrap().to_der().unwrap();
    for length in 0..token.len() {
        assert!(TstInfo::of_token(&token[..length]).is_err(), "{length}");
    }
    let mut longer = token.clone();
    longer.push(0);
    assert!(TstInfo::of_token(&longer).is_err());
    // another content type
    let mut other = token;
    let position = other.windows(11).position(|window| window.starts_with(&[0x06, 0x09, 0x2a])).unwrap();
    other[position + 10] = 1;
    assert!(TstInfo::of_token(&other).is_err());
}
