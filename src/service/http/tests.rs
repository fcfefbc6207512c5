use super::*;
use crate::service::is_loopback;
use crate::service::testing::{Fake, Reply, impatient, nobody, patient, run, without_port};

fn call(base: &str, retry: Retry) -> Call<'static> {
    let url = endpoint(Service::Fulcio, base, "api").unwrap();
    Call { retry, max_answer: 1000, ..Call::post_json(Service::Fulcio, url, &serde_json::json!({})) }
}

#[test]
fn a_service_that_nobody_runs_is_named_with_its_address() {
    run(async {
        let error = impatient().send(&call(&nobody(), Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api could not be reached: connection refused");
    });
}

#[test]
fn a_slow_service_ends_at_the_deadline() {
    run(async {
        let fake = Fake::new(|_| Reply::never()).await;
        let error = impatient().send(&call(&fake.url, Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api gave no answer within 0.3 s");
        assert_eq!(fake.seen().len(), 1, "a service that was waited for is not asked again");
    });
}

#[test]
fn the_budget_ends_calls_whose_own_deadline_is_longer() {
    run(async {
        let fake = Fake::new(|_| Reply::never()).await;
        let http = patient().within(Duration::from_millis(200));
        let error = http.send(&call(&fake.url, Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @r"Fulcio at http://HOST/api gave no answer within 0.2 s");
    });
}

#[test]
fn a_service_that_recovers_is_asked_again() {
    run(async {
        let fake = Fake::new(|seen| if seen.number < 3 { Reply::new(502, "") } else { Reply::new(200, "ok") }).await;
        let answer = patient().send(&call(&fake.url, Retry::Safe)).await.unwrap();
        assert_eq!((answer.body.as_slice(), fake.seen().len()), (b"ok".as_slice(), 3));
    });
}

#[test]
fn a_service_that_does_not_recover_is_abandoned() {
    run(async {
        let fake = Fake::new(|_| Reply::json(503, &serde_json::json!({"message": "maintenance"}))).await;
        let error = patient().send(&call(&fake.url, Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api is not available: it answered 503 Service Unavailable 4 times: maintenance");
        assert_eq!(error.hint(), Some("try again; if it keeps failing, check the service's status page"));
    });
}

#[test]
fn a_call_that_may_happen_only_once_is_not_repeated() {
    run(async {
        let fake = Fake::new(|_| Reply::new(503, "")).await;
        patient().send(&call(&fake.url, Retry::Unsent)).await.err().unwrap();
        assert_eq!(fake.seen().len(), 1);
    });
}

#[test]
fn a_wish_to_be_left_alone_longer_than_the_budget_ends_the_call_at_once() {
    run(async {
        let fake = Fake::new(|_| Reply::new(429, "").header("retry-after", "3600")).await;
        let error = patient().send(&call(&fake.url, Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api is not available: it answered 429 Too Many Requests");
        assert_eq!(fake.seen().len(), 1);
    });
}

#[test]
fn a_wish_to_be_left_alone_for_a_moment_is_granted() {
    run(async {
        let fake =
            Fake::new(|seen| if seen.number == 1 { Reply::new(429, "").header("retry-after", "0") } else { Reply::new(200, "") }).await;
        patient().send(&call(&fake.url, Retry::Safe)).await.unwrap();
        assert_eq!(fake.seen().len(), 2);
    });
}

#[test]
fn an_answer_beyond_the_cap_is_not_read() {
    run(async {
        let fake = Fake::new(|_| Reply::new(200, vec![b'x'; 1001])).await;
        let error = patient().send(&call(&fake.url, Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api sent an answer of more than 1000 bytes");
    });
}

#[test]
fn an_answer_without_a_length_is_capped_too() {
    run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                while !stream.try_read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                    stream.readable().await.unwrap();
                }
                stream.try_write(&[b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 2000]].concat()).unwrap();
                // closed, it would have a length after all
                open.push(stream);
            }
        });
        let error = patient().send(&call(&url, Retry::Safe)).await.err().unwrap();
        assert_eq!(error.cause(), &Cause::TooLarge(1000));
    });
}

#[test]
fn a_redirect_is_not_followed() {
    run(async {
        let other = Fake::new(|_| Reply::new(200, "")).await;
        let target = other.url.clone();
        let fake = Fake::new(move |_| Reply::new(307, "").header("location", format!("{target}/elsewhere"))).await;
        let error = patient().send(&call(&fake.url, Retry::Safe)).await.err().unwrap();
        insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api answered 307 Temporary Redirect to http://HOST/elsewhere; redirects are not followed");
        assert!(other.seen().is_empty());
    });
}

#[test]
fn a_connection_that_breaks_is_tried_again_only_where_that_is_safe() {
    for (retry, expected) in [(Retry::Safe, 4), (Retry::Unsent, 1)] {
        run(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let count = Arc::new(Mutex::new(0));
            let seen = Arc::clone(&count);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    *seen.lock().unwrap() += 1;
                    while !stream.try_read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                        stream.readable().await.unwrap();
                    }
                    let _ = stream.try_write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive!");
                }
            });
            let error = patient().send(&call(&url, retry)).await.err().unwrap();
            assert!(matches!(error.cause(), Cause::Broken(_)), "{error}");
            assert_eq!(*count.lock().unwrap(), expected);
        });
    }
}

#[test]
fn a_token_travels_in_its_header_and_in_no_error() {
    run(async {
        let fake = Fake::new(|seen| {
            let token = seen.headers["authorization"].to_str().unwrap().to_owned();
            assert_eq!(seen.headers["user-agent"], USER_AGENT);
            Reply::json(401, &serde_json::json!({"message": format!("no: {token}")}))
        })
        .await;
        let token = format!("eyJ0.{}.sig", "x".repeat(100));
        let answer = patient().send(&call(&fake.url, Retry::Safe).bearer(&token)).await.unwrap();
        insta::assert_snapshot!(without_port(&answer.refused()), @"Fulcio at http://HOST/api refused the request with 401 Unauthorized: no: Bearer …");
    });
}

#[test]
fn an_address_that_cannot_be_called_is_refused_before_any_call() {
    for base in ["fulcio.test", "ftp://fulcio.test", "file:///etc/passwd", "https://", "https://fulcio.test/?x=1"] {
        assert!(matches!(endpoint(Service::Fulcio, base, "x").unwrap_err().cause(), Cause::Address(_)), "{base}");
    }
    assert_eq!(endpoint(Service::Fulcio, "https://fulcio.test/below/", "api/v2").unwrap().as_str(), "https://fulcio.test/below/api/v2");
}

#[test]
fn only_addresses_of_this_machine_are_loopback() {
    for (url, expected) in [
        ("http://127.0.0.1:1", true),
        ("http://127.9.9.9", true),
        ("http://[::1]:80", true),
        ("http://localhost", true),
        ("http://paraph.localhost", true),
        ("http://localhost.evil.test", false),
        ("http://127.0.0.1.evil.test", false),
        ("http://10.0.0.1", false),
    ] {
        assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
    }
}

#[test]
fn an_identity_token_goes_to_no_other_machine_in_clear() {
    run(async {
        let send = |service, url: &'static str| async move {
            let http = impatient();
            let call = Call::get(service, Url::parse(url).unwrap());
            let cause = |result: Result<Answer, ServiceError>| result.err().map(|error| error.cause().clone());
            // nobody is asked: the names are none
            (cause(http.send(&call).await), cause(http.clone().allowing_plain_http(true).within(Duration::ZERO).send(&call).await))
        };
        for service in [Service::Fulcio, Service::IdentityProvider, Service::Workload("Entra")] {
            let (refused, allowed) = send(service, "http://fulcio.test/").await;
            assert_eq!((refused, allowed), (Some(Cause::PlainHttp), Some(Cause::Budget(Duration::ZERO))), "{service}");
        }
        // their answers are signed, and what they are sent is public
        for service in [Service::RekorV1, Service::RekorV2, Service::TimestampAuthority, Service::TufMirror] {
            let http = impatient().within(Duration::ZERO);
            let error = http.send(&Call::get(service, Url::parse("http://log.test/").unwrap())).await.err().unwrap();
            assert_eq!(error.cause(), &Cause::Budget(Duration::ZERO), "{service}");
        }
    });
}

#[test]
fn loopback_link_local_addresses_and_google_s_name_stay_on_the_host() {
    for (url, expected) in [
        ("http://127.0.0.1:1", true),
        ("http://169.254.169.254/metadata", true),
        ("http://[fe80::1]/", true),
        ("http://metadata.google.internal/", true),
        ("http://metadata.google.internal.evil.test/", false),
        ("http://10.0.0.1", false),
        ("http://metadata", false),
    ] {
        assert_eq!(stays_on_host(&Url::parse(url).unwrap()), expected, "{url}");
    }
}

#[test]
#[ignore = "it needs an environment of its own, which the next test gives it"]
fn without_certificates_the_built_in_roots_are_taken() {
    let http = Http::new(TimeLimits::default());
    http.with_store(builder).unwrap();
    let remarks = http.take_warnings();
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].starts_with("this machine's certificate store cannot be used ("), "{remarks:?}");
    assert!(http.take_warnings().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_machine_without_certificates_says_so_and_goes_on() {
    let name = "service::http::tests::without_certificates_the_built_in_roots_are_taken";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored"]).env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null");
    let outcome = command.output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stdout));
    assert!(String::from_utf8_lossy(&outcome.stdout).contains("1 passed"));
}
