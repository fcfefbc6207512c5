//! Logins at an independent OpenID provider: npm's oidc-provider, which `scripts/interop` fetches.

use super::{Person, Told, client, http, options, run, while_logging_in};
use crate::support::{
    browser::{Browser, Page},
    chromium::Chromium,
    objects::installed,
    sigstore::EMAIL,
};
use paraph::internals::identity::{LoginError, LoginMethod, LoginOptions};
use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};
use tokio::sync::mpsc::unbounded_channel;

struct Provider {
    url: String,
    process: Child,
    /// The provider ends when this is closed.
    _input: ChildStdin,
}

impl Provider {
    /// Starts the provider. If it is not installed, a message says that the test is skipped.
    fn start(test: &str) -> Option<Self> {
        if !installed("node", test) {
            return None;
        }
        let cache = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
        let peers = cache("PARAPH_PEERS")
            .or_else(|| cache("XDG_CACHE_HOME").map(|cache| cache.join("paraph-peers")))
            .or_else(|| cache("HOME").map(|home| home.join(".cache/paraph-peers")));
        let folder = peers.unwrap_or_default().join("node");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            eprintln!("SKIPPED {test}: npm's oidc-provider is not in {}; scripts/interop fetches it", folder.display());
            return None;
        }
        let mut process = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/oidc-provider/serve.mjs"))
            .arg(&folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        output.read_line(&mut url).unwrap();
        // it says more, and ends where nobody listens
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let input = process.stdin.take().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "the provider does not start: {url}");
        Some(Self { url: url.trim().to_owned(), process, _input: input })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Fills in the provider's forms: login and consent.
async fn sign_in(browser: &mut Browser, page: Page) -> Page {
    assert!(page.html.contains("name=\"login\""), "{}: {}", page.url, page.html);
    let consent = browser.submit(&page, &[("login", EMAIL), ("password", "any")]).await;
    assert!(consent.html.contains("Authorize"), "{}: {}", consent.url, consent.html);
    browser.submit(&consent, &[]).await
}

#[test]
fn a_login_in_the_browser_at_an_independent_provider() {
    let Some(provider) = Provider::start("a_login_in_the_browser_at_an_independent_provider") else { return };
    run(async {
        let (http, client) = (http(), client(&provider.url));
        let options = LoginOptions { offline: true, ..options(LoginMethod::Browser) };
        let (sender, mut told) = unbounded_channel();
        let person = async {
            let Some(Told::Address(address)) = told.recv().await else { panic!("no address") };
            let mut browser = Browser::new();
            let page = browser.open(&address).await;
            let page = sign_in(&mut browser, page).await;
            assert!(page.status == 200 && page.html.contains("You are signed in"), "{}: {}", page.url, page.html);
        };
        let prompt = Person(sender);
        let (session, ()) = tokio::join!(client.log_in(&http, &options, &prompt), person);
        let session = session.unwrap();
        assert_eq!((session.id_token.principal(), session.id_token.issuer()), (EMAIL, provider.url.as_str()));

        // the session goes on without a person, each token good once
        let first = session.refresh_token.unwrap();
        let renewed = client.renew(&http, &first).await.unwrap();
        assert_eq!(renewed.id_token.principal(), EMAIL);
        let second = renewed.refresh_token.unwrap();
        assert_ne!(first, second);
        let third = client.renew(&http, &second).await.unwrap().refresh_token.unwrap();
        assert!(client.revoke(&http, &third).await.unwrap());
        assert!(matches!(client.renew(&http, &third).await, Err(LoginError::NotRenewed { .. })));
    });
}

#[test]
fn a_refusal_at_an_independent_provider_is_told() {
    let Some(provider) = Provider::start("a_refusal_at_an_independent_provider_is_told") else { return };
    run(async {
        let (http, client, options) = (http(), client(&provider.url), options(LoginMethod::Browser));
        let (sender, mut told) = unbounded_channel();
        let person = async {
            let Some(Told::Address(address)) = told.recv().await else { panic!("no address") };
            let mut browser = Browser::new();
            let page = browser.open(&address).await;
            let abort = format!("{}/abort", page.url.path());
            let page = browser.open(page.url.join(&abort).unwrap().as_str()).await;
            assert!(page.html.contains("The login has failed"), "{}: {}", page.url, page.html);
        };
        let prompt = Person(sender);
        let (session, ()) = tokio::join!(client.log_in(&http, &options, &prompt), person);
        insta::assert_snapshot!(session.unwrap_err(), @"the issuer refused the login: access_denied: End-User aborted interaction");
    });
}

/// The provider names no interval, so the client asks every five seconds.
#[test]
fn a_login_on_another_device_at_an_independent_provider() {
    let Some(provider) = Provider::start("a_login_on_another_device_at_an_independent_provider") else { return };
    run(async {
        let (http, client) = (http(), client(&provider.url));
        let options = LoginOptions { offline: true, ..options(LoginMethod::Device) };
        let (sender, mut told) = unbounded_channel();
        let person = async {
            let Some(Told::Code { complete: Some(address), code, .. }) = told.recv().await else { panic!("no code") };
            let mut browser = Browser::new();
            let page = browser.open(&address).await;
            // a page that sends itself, where scripts run; then one that asks whether the code is the same
            let page = browser.submit(&page, &[]).await;
            assert!(page.html.contains(&code), "{}", page.html);
            let page = browser.submit(&page, &[]).await;
            let page = sign_in(&mut browser, page).await;
            assert!(page.status == 200 && page.html.contains("Sign-in Success"), "{}: {}", page.url, page.html);
        };
        let started = std::time::Instant::now();
        let prompt = Person(sender);
        let (session, ()) = tokio::join!(client.log_in(&http, &options, &prompt), person);
        assert!(started.elapsed() >= Duration::from_secs(5));
        let session = session.unwrap();
        assert_eq!((session.id_token.principal(), session.id_token.nonce()), (EMAIL, None));
        assert_eq!(client.renew(&http, &session.refresh_token.unwrap()).await.unwrap().id_token.principal(), EMAIL);
    });
}

#[test]
fn a_real_browser_logs_in_at_an_independent_provider() {
    let test = "a_real_browser_logs_in_at_an_independent_provider";
    let Some(provider) = Provider::start(test) else { return };
    let Some(mut chromium) = Chromium::start(test) else { return };
    let browser = async |person: Person| {
        client(&provider.url).log_in(&http(), &options(LoginMethod::Browser), &person).await.unwrap().id_token.principal().to_owned()
    };
    let email = while_logging_in(browser, |told| {
        let Told::Address(address) = told else { panic!("{told:?}") };
        let tab = chromium.open(&address);
        chromium.fill(&tab, "input[name=login]", EMAIL);
        chromium.fill(&tab, "input[name=password]", "any");
        chromium.click(&tab, "button[type=submit]");
        chromium.wait_for(&tab, "input[name=prompt][value=consent]");
        chromium.click(&tab, "button[type=submit]");
        chromium.until(&tab, "document.title === 'You are signed in'");
    });
    assert_eq!(email, EMAIL);
}
