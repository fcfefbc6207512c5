//! Logins by a person: in a browser, on another device, at an independent provider.

mod chromium;
mod device;
mod lying_issuer;
mod openid_provider;

use crate::support::sigstore::Sigstore;
use paraph::internals::{
    identity::{Desktop, DeviceCode, LoginMethod, LoginOptions, OidcClient, Opener, Prompt},
    service::{Http, TimeLimits},
};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// A prompt.
#[derive(Debug)]
enum Told {
    Address(String),
    Code { address: String, code: String, complete: Option<String> },
}

/// Shows prompts to nobody.
pub struct Nobody;

impl Prompt for Nobody {
    fn log_in_at(&self, _url: &str, _opening: bool) {}

    fn enter_code(&self, _code: DeviceCode<'_>) {}
}

/// Sends each prompt to the test.
struct Person(UnboundedSender<Told>);

impl Prompt for Person {
    fn log_in_at(&self, url: &str, _opening: bool) {
        self.0.send(Told::Address(url.into())).unwrap();
    }

    fn enter_code(&self, code: DeviceCode<'_>) {
        let DeviceCode { verification_uri, user_code, verification_uri_complete, .. } = code;
        let complete = verification_uri_complete.map(Into::into);
        self.0.send(Told::Code { address: verification_uri.into(), code: user_code.into(), complete }).unwrap();
    }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Logs in on another thread, while the test follows the prompts in a browser.
fn while_logging_in<T: Send>(login: impl AsyncFnOnce(Person) -> T + Send, browse: impl FnOnce(Told)) -> T {
    let (sender, mut told) = unbounded_channel();
    std::thread::scope(|scope| {
        let login = scope.spawn(move || run(login(Person(sender))));
        browse(told.blocking_recv().unwrap());
        login.join().unwrap()
    })
}

pub fn http() -> Http {
    Http::new(TimeLimits::default())
}

pub fn client(issuer: &str) -> OidcClient {
    OidcClient::public(issuer, "sigstore")
}

/// A login with a terminal and without a desktop.
pub fn options(method: LoginMethod<'_>) -> LoginOptions<'_> {
    LoginOptions {
        method,
        login_hint: None,
        offline: false,
        opener: &Opener::Nothing,
        desktop: Desktop { terminal: true, session: false },
        autoclose: None,
        timeout: Duration::from_secs(120),
    }
}

/// Enters a code with a login code. Returns whether the issuer accepted it.
async fn enter(sigstore: &Sigstore, code: &str, email: &str) -> bool {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = [("user_code", code), ("login_hint", email)];
    let request = client.post(format!("{}/device", sigstore.url)).header("x-paraph-access-code", sigstore.login_code()).form(&form);
    request.send().await.unwrap().status().is_success()
}
