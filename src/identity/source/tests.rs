//! The order of the sources, and what a file with a token may be.

use super::*;
use crate::identity::token::tests::token_of;
use serde_json::json;

fn token() -> String {
    token_of(&json!({"iss": "https://issuer.test", "sub": "1", "aud": "sigstore", "exp": 1}))
}

fn settings(provider: Option<TokenProvider>, variable: Option<&str>, file: Option<&str>, code: Option<&str>) -> TokenSettings {
    TokenSettings {
        token_provider: provider,
        token_variable: variable.map(|token| Zeroizing::new(token.to_owned())),
        token_file: file.map(Into::into),
        access_code: code.map(|code| Zeroizing::new(code.to_owned())),
        job: None,
        person: true,
    }
}

fn chosen(settings: &TokenSettings) -> String {
    choose(settings).map_or_else(|error| error.to_string(), |source| source.to_string())
}

#[test]
fn the_order_is_the_documented_one() {
    let table = [
        (None, Some("t"), Some("/f"), Some("c"), "SIGSTORE_ID_TOKEN"),
        (None, Some(" "), Some("/f"), Some("c"), "the file /f"),
        (None, None, None, Some("c"), "a login at the local issuer"),
        (None, Some(""), None, None, "a login in the browser"),
        (Some(TokenProvider::Variable), Some("t"), Some("/f"), None, "SIGSTORE_ID_TOKEN"),
        (Some(TokenProvider::Variable), None, Some("/f"), None, "the token provider is envvar, but SIGSTORE_ID_TOKEN is not set"),
        (Some(TokenProvider::Filesystem), Some("t"), Some("/f"), None, "the file /f"),
        (Some(TokenProvider::Filesystem), Some("t"), None, None, "the file /var/run/sigstore/cosign/oidc-token"),
        (Some(TokenProvider::Interactive), Some("t"), Some("/f"), None, "a login in the browser"),
        (Some(TokenProvider::Interactive), Some("t"), Some("/f"), Some("c"), "a login at the local issuer"),
        (Some(TokenProvider::Spiffe), Some("t"), None, None, "SPIFFE"),
    ];
    for (provider, variable, file, code, expected) in table {
        assert_eq!(chosen(&settings(provider, variable, file, code)), expected, "{provider:?} {variable:?} {file:?} {code:?}");
    }
}

#[test]
fn a_ci_job_signs_by_itself_only_where_nobody_could_log_in_and_nothing_else_is_chosen() {
    let job = |person, settings| chosen(&TokenSettings { job: Some(Provider::GithubActions), person, ..settings });
    assert_eq!(job(false, settings(None, None, None, None)), "GitHub Actions");
    assert_eq!(job(true, settings(None, None, None, None)), "a login in the browser");
    assert_eq!(job(false, settings(None, None, None, Some("c"))), "a login at the local issuer");
    assert_eq!(job(false, settings(None, Some("t"), None, None)), "SIGSTORE_ID_TOKEN");
    assert_eq!(job(false, settings(Some(TokenProvider::Interactive), None, None, None)), "a login in the browser");
    assert_eq!(job(false, settings(Some(TokenProvider::Gitlab), None, None, None)), "GitLab CI");
    assert_eq!(chosen(&TokenSettings { person: false, ..settings(None, None, None, None) }), "a login in the browser");
}

#[test]
fn a_source_never_shows_its_secret() {
    let secret = || Zeroizing::new("secret".to_owned());
    assert_eq!(
        format!("{:?} {:?}", TokenSource::Variable(secret()), TokenSource::Direct(secret())),
        "SIGSTORE_ID_TOKEN a login at the local issuer"
    );
}

#[test]
fn a_file_is_read_with_a_cap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let say = || {
        TokenSource::File(path.clone())
            .read()
            .map(|token| token.subject().to_owned())
            .map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
    };
    assert_eq!(say().unwrap_err(), "the identity token cannot be read from FOLDER/token: No such file or directory (os error 2)");
    std::fs::write(&path, format!("{}\n", token())).unwrap();
    assert_eq!(say().unwrap(), "1");
    std::fs::write(&path, "x".repeat(1 << 20)).unwrap();
    assert_eq!(say().unwrap_err(), "the file FOLDER/token contains no usable identity token: the identity token has more than 16384 bytes");
    std::fs::write(&path, "").unwrap();
    assert_eq!(
        say().unwrap_err(),
        "the file FOLDER/token contains no usable identity token: the identity token is not a JSON Web Token: it does not have three parts"
    );
}
