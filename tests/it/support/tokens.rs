//! Identity tokens that nobody has signed: their claims are read, and no Fulcio takes them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A token with these claims beside those that every token has; it begins and ends as far from now as `begins` and `ends` say, in seconds.
pub fn token(claims: &Value, begins: i64, ends: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut all = json!({"iss": "https://issuer.example", "sub": "1", "aud": "sigstore", "iat": now + begins, "exp": now + ends});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(json!({"alg": "RS256"}).to_string()), encode(all.to_string()), encode("signature".into()))
}

/// What GitHub Actions would put into a token of a job.
pub fn of_github() -> Value {
    json!({
        "iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:org/repo:ref:refs/heads/main",
        "job_workflow_ref": "org/repo/.github/workflows/release.yml@refs/heads/main",
        "repository": "org/repo",
        "ref": "refs/heads/main",
        "event_name": "push",
        "run_id": "17",
    })
}
