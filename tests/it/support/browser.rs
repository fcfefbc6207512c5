//! A browser of the tests without a screen and without scripts: it keeps cookies, follows redirects and fills in forms.

use std::collections::BTreeMap;
use url::Url;

/// It visits one host; cookies know no ports.
pub struct Browser {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// What it shows.
pub struct Page {
    pub status: u16,
    pub url: Url,
    pub html: String,
}

impl Browser {
    pub fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    pub async fn open(&mut self, url: &str) -> Page {
        self.follow(self.client.get(url)).await
    }

    /// Sends the page's form with its hidden fields and what is typed.
    pub async fn submit(&mut self, page: &Page, typed: &[(&str, &str)]) -> Page {
        let action = attribute(tags(&page.html, "form").next().unwrap(), "action").unwrap();
        let mut fields: Vec<(String, String)> = tags(&page.html, "input")
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())))
            .collect();
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let action = page.url.join(&action).unwrap();
        let origin = page.url.origin().ascii_serialization();
        self.follow(self.client.post(action).header("origin", origin).form(&fields)).await
    }

    async fn follow(&mut self, request: reqwest::RequestBuilder) -> Page {
        let mut request = request;
        for _ in 0..20 {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !cookies.is_empty() {
                request = request.header("cookie", cookies.join("; "));
            }
            let response = request.send().await.unwrap();
            for cookie in response.headers().get_all("set-cookie") {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.into(), value.into());
            }
            let url = response.url().clone();
            if !response.status().is_redirection() {
                return Page { status: response.status().as_u16(), url, html: response.text().await.unwrap() };
            }
            request = self.client.get(url.join(response.headers()["location"].to_str().unwrap()).unwrap());
        }
        panic!("redirects without end");
    }
}

/// The tags of a name, up to their `>`.
fn tags<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("<{name} ");
    html.match_indices(&start).map(|(at, _)| html[at..].split('>').next().unwrap()).collect::<Vec<_>>().into_iter()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split('"').next()?.replace("&amp;", "&").replace("&quot;", "\"").replace("&#39;", "'"))
}
