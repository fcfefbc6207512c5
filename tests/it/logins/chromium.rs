//! The pages of a login in a real browser.

use super::{Person, Told, client, http, options, run, while_logging_in};
use crate::support::{
    chromium::{Chromium, Tab},
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use paraph::internals::identity::{LoginMethod, LoginOptions};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The folder for screenshots of the pages.
fn drawing(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// Fills in the local issuer's login page.
fn sign_in(chromium: &mut Chromium, tab: &Tab, sigstore: &Sigstore) {
    chromium.fill(tab, "input[name=email]", EMAIL);
    chromium.fill(tab, "input[name=access_code]", &sigstore.login_code());
    chromium.screenshot(tab, &drawing("login"));
    chromium.click(tab, "button");
    chromium.until(tab, "document.title === 'You are signed in'");
}

#[test]
fn git_commit_opens_a_real_browser_and_signs_with_what_comes_back() {
    let Some(mut chromium) = Chromium::start("git_commit_opens_a_real_browser_and_signs_with_what_comes_back") else { return };
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    let opened = sandbox.root().join("opened");
    let opener = sandbox.script("opener", &format!("#!/bin/sh\nprintf %s \"$1\" > '{0}.part' && mv '{0}.part' '{0}'\n", opened.display()));
    sandbox.git(&["config", "--global", "gitsign.urlOpener", &format!("{opener} {{{{.URL}}}}")]);
    sandbox.git(&["config", "gitsign.autocloseTimeout", "1"]);
    let mut git = sandbox.command("git", &sandbox.work());
    let mut commit = git.args(["commit", "-q", "-S", "--allow-empty", "-m", "message"]).spawn().unwrap();
    let started = Instant::now();
    while !opened.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "no address was opened");
        std::thread::sleep(Duration::from_millis(20));
    }
    let tab = chromium.open(&std::fs::read_to_string(&opened).unwrap());
    sign_in(&mut chromium, &tab, &sigstore);
    chromium.screenshot(&tab, &drawing("signed-in"));
    assert!(commit.wait().unwrap().success());
    assert_eq!(sandbox.git(&["log", "-1", "--format=%GS"]), EMAIL);
    // this page has another one before it, so that the browser does not let it close itself; it says so
    chromium.until(&tab, "document.getElementById('closing').textContent === 'Your browser keeps this page open.'");
    chromium.dark(&tab);
    chromium.screenshot(&tab, &drawing("signed-in-dark"));
    assert_eq!(chromium.complaints(), ["Scripts may close only the windows that were opened by them."], "the pages keep their own policy");
}

#[test]
fn the_pages_work_without_scripts_and_so_does_that_for_another_device() {
    let Some(mut chromium) = Chromium::start("the_pages_work_without_scripts_and_so_does_that_for_another_device") else { return };
    let sigstore = Sigstore::start();
    let tab = chromium.open("about:blank");
    chromium.without_scripts(&tab);
    let browser = async |person: Person| {
        let options = LoginOptions { autoclose: Some(Duration::from_secs(1)), ..options(LoginMethod::Browser) };
        client(&sigstore.url).log_in(&http(), &options, &person).await.unwrap().id_token.principal().to_owned()
    };
    let email = while_logging_in(browser, |told| {
        let Told::Address(address) = told else { panic!("{told:?}") };
        chromium.visit(&tab, &address);
        sign_in(&mut chromium, &tab, &sigstore);
        let text = chromium.evaluate(&tab, "document.body.innerText");
        assert!(text.as_str().unwrap().contains("You can close this page."), "{text}");
        assert_eq!(chromium.evaluate(&tab, "document.getElementById('closing').textContent"), "");
    });
    assert_eq!(email, EMAIL);
    let device = async |person: Person| {
        client(&sigstore.url).log_in(&http(), &options(LoginMethod::Device), &person).await.unwrap().id_token.principal().to_owned()
    };
    let email = while_logging_in(device, |told| {
        let Told::Code { complete: Some(address), code, .. } = told else { panic!("{told:?}") };
        chromium.visit(&tab, &address);
        chromium.until(&tab, &format!("document.querySelector('.code')?.value === '{code}'"));
        chromium.fill(&tab, "input[name=email]", EMAIL);
        // no browser is remembered
        chromium.fill(&tab, "input[name=access_code]", &sigstore.login_code());
        chromium.screenshot(&tab, &drawing("device"));
        chromium.click(&tab, "button");
        chromium.until(&tab, "document.body?.innerText.includes('You are signed in')");
    });
    assert_eq!(email, EMAIL);
    assert_eq!(chromium.complaints(), [""; 0], "the pages keep their own policy");
}

/// As with a provider that shows no form, because a connector is configured and the person is logged in there.
#[test]
fn a_page_without_another_one_before_it_closes_itself() {
    let Some(mut chromium) = Chromium::start("a_page_without_another_one_before_it_closes_itself") else { return };
    let sigstore = Sigstore::start();
    let browser = async |person: Person| {
        let options = LoginOptions { autoclose: Some(Duration::from_secs(1)), login_hint: Some(EMAIL), ..options(LoginMethod::Browser) };
        client(&sigstore.url).log_in(&http(), &options, &person).await.unwrap().id_token.principal().to_owned()
    };
    let email = while_logging_in(browser, |told| {
        let Told::Address(address) = told else { panic!("{told:?}") };
        let answered = run(async {
            let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
            client.get(&address).header("x-paraph-access-code", sigstore.login_code()).send().await.unwrap()
        });
        let tab = chromium.open(answered.headers()["location"].to_str().unwrap());
        chromium.wait_until_closed(&tab);
    });
    assert_eq!(email, EMAIL);
    assert_eq!(chromium.complaints(), [""; 0], "the pages keep their own policy");
}
