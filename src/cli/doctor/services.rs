//! Checks that the services answer a public request, and compares their clocks with this one.

use super::{
    super::{context::Context, exit::Failure},
    Finding,
};
use crate::{
    selection::{GitNetwork, shown},
    service::{Answer, Call, Cause, Http, Service, ServiceError, endpoint, quotable},
    sign::LogVersion,
    wording::spoken_duration,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// How long one service may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Clocks that differ by less agree: an answer takes time, and its date has whole seconds.
const AGREEMENT: SignedDuration = SignedDuration::from_secs(30);

/// The finding of a probe, and by how much the service's clock is ahead of this one.
struct Probed {
    finding: Finding,
    ahead: Option<SignedDuration>,
}

pub(super) fn all(context: &Context) -> Result<Vec<Finding>, Failure> {
    let now = Timestamp::now();
    let proxies = proxies();
    let (issuer, services) = match (context.issuer(now), context.services(now)) {
        (Ok(issuer), Ok(services)) => (issuer, services),
        (Err(failure), _) | (_, Err(failure)) => return Ok(vec![Finding::problem("services", failure)]),
    };
    let http = context.http()?;
    let runtime = crate::service::runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))?;
    let mirror = context.refreshed_from();
    let client = &context.config.client_id.value;
    let probed = runtime.block_on(async {
        let (issuer, fulcio, log, timestamps, mirror) = tokio::join!(
            probe_issuer(&http, &issuer),
            probe_fulcio(&http, &services.fulcio, &issuer, client),
            probe_log(&http, &services.log, services.log_version),
            async {
                match &services.timestamp_authority {
                    Some(url) => Some(probe_timestamps(&http, url).await),
                    None => None,
                }
            },
            async {
                match &mirror {
                    Some(url) => Some(probe_mirror(&http, url).await),
                    None => None,
                }
            },
        );
        [Some(issuer), Some(fulcio), Some(log), timestamps, mirror]
    });
    let probed: Vec<Probed> = probed.into_iter().flatten().collect();
    let clock = clock(probed.iter().filter_map(|probed| probed.ahead));
    let warnings = http.take_warnings().into_iter().map(|warning| Finding::warning("services", warning));
    let network = network(context)?;
    Ok(proxies.into_iter().chain(network).chain(probed.into_iter().map(|probed| probed.finding)).chain(clock).chain(warnings).collect())
}

/// The proxies in use, without their credentials.
fn proxies() -> Option<Finding> {
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];
    let set = named.into_iter().filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let set: Vec<&str> = set.collect();
    (!set.is_empty()).then(|| Finding::note("services", format!("called through the proxy in {}", set.join(", "))))
}

/// git's settings of connections.
fn network(context: &Context) -> Result<Vec<Finding>, Failure> {
    let GitNetwork { network, ignored } = GitNetwork::load(context.repository.as_ref())?;
    let used = network
        .settings
        .iter()
        .map(|setting| Finding::note("services", format!("called with {} = {}", setting.origin, shown(&setting.value))));
    let ignored = ignored.into_iter().map(|origin| {
        Finding::note("services", format!("{origin} is not used: a repository does not choose how an identity token travels"))
    });
    Ok(used.chain(ignored).collect())
}

async fn probe_issuer(http: &Http, issuer: &str) -> Probed {
    let about = "issuer";
    let answer = ask(http, Service::IdentityProvider, issuer, ".well-known/openid-configuration").await;
    judge(about, issuer, answer, |answer| {
        let metadata = answer.json::<Value>()?;
        match text(&metadata, "issuer") {
            Some(named) if named == issuer => Ok(None),
            Some(named) => Err(answer.mismatch(format!("it calls itself {}", quotable(named)))),
            None => Err(answer.malformed("it has no issuer")),
        }
    })
}

async fn probe_fulcio(http: &Http, fulcio: &str, issuer: &str, client: &str) -> Probed {
    let about = "fulcio";
    let answer = ask(http, Service::Fulcio, fulcio, "api/v2/configuration").await;
    judge(about, fulcio, answer, |answer| {
        let configuration = answer.json::<Value>()?;
        let issuers = configuration.get("issuers").and_then(Value::as_array).ok_or_else(|| answer.malformed("it lists no issuers"))?;
        let known = issuers.iter().find(|known| text(known, "issuerUrl") == Some(issuer));
        Ok(match known.map(|known| text(known, "audience")) {
            Some(Some(audience)) if audience != client => {
                Some(format!("it expects the audience {} in tokens from {issuer}; paraph.clientID is {client}", quotable(audience)))
            }
            Some(_) => None,
            // a wildcard may match; Fulcio decides
            None if issuers.iter().any(|known| text(known, "wildcardIssuerUrl").is_some_and(|url| !url.is_empty())) => None,
            None => Some(format!("it does not accept tokens from {issuer}")),
        })
    })
}

fn text<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Value::as_str)
}

async fn probe_log(http: &Http, log: &str, version: LogVersion) -> Probed {
    let about = "log";
    match version {
        LogVersion::V1 => {
            let answer = ask(http, Service::RekorV1, log, "api/v1/log").await;
            judge(about, log, answer, |answer| match answer.json::<Value>()?.get("treeSize") {
                Some(Value::Number(_)) => Ok(None),
                _ => Err(answer.malformed("it has no tree size")),
            })
        }
        LogVersion::V2 => {
            let answer = ask(http, Service::RekorV2, log, "api/v2/checkpoint").await;
            judge(about, log, answer, |answer| match answer.body.windows(2).any(|pair| pair == b"\n\n") {
                true => Ok(None),
                false => Err(answer.malformed("it is not a checkpoint")),
            })
        }
    }
}

/// The authority accepts requests about signatures only. A refusal shows that it is there.
async fn probe_timestamps(http: &Http, url: &str) -> Probed {
    let answer = ask(http, Service::TimestampAuthority, url, "").await;
    let answer = answer.and_then(|answer| if answer.status.is_server_error() { Err(answer.refused()) } else { Ok(answer) });
    let ahead = answer.as_ref().ok().and_then(ahead);
    Probed { finding: finding("timestamps", url, answer.map(|_| None)), ahead }
}

async fn probe_mirror(http: &Http, url: &str) -> Probed {
    let answer = ask(http, Service::TufMirror, url, "timestamp.json").await;
    judge("mirror", url, answer, |answer| match answer.json::<Value>()?.get("signed") {
        Some(Value::Object(_)) => Ok(None),
        _ => Err(answer.malformed("it is not TUF metadata")),
    })
}

async fn ask(http: &Http, service: Service, base: &str, path: &str) -> Result<Answer, ServiceError> {
    http.within(TIMEOUT).send(&Call::get(service, endpoint(service, base, path)?)).await
}

/// `check` looks at a successful answer: it returns an error of the service, or a problem of the configuration.
fn judge(
    about: &'static str,
    url: &str,
    answer: Result<Answer, ServiceError>,
    check: impl FnOnce(&Answer) -> Result<Option<String>, ServiceError>,
) -> Probed {
    let ahead = answer.as_ref().ok().and_then(ahead);
    let checked = answer.and_then(|answer| {
        if !answer.status.is_success() {
            return Err(answer.refused());
        }
        check(&answer)
    });
    Probed { finding: finding(about, url, checked), ahead }
}

fn finding(about: &'static str, url: &str, checked: Result<Option<String>, ServiceError>) -> Finding {
    match checked {
        Ok(None) => Finding::ok(about, format!("{url} answers")),
        Ok(Some(problem)) => {
            let failure = Failure::configuration(format!("{url} answers, but {problem}"));
            Finding::problem(about, failure.with_hint("check paraph.issuer, paraph.clientID and paraph.fulcio"))
        }
        Err(error) => {
            let unreachable = unreachable(&error);
            Finding::problem(about, error.into()).cause(unreachable)
        }
    }
}

/// The address behind which no service can be reached, without its path.
fn unreachable(error: &ServiceError) -> Option<String> {
    let is_unreachable = matches!(error.cause(), Cause::Unreachable(_));
    let url = url::Url::parse(error.url()).ok().filter(|_| is_unreachable)?;
    Some(url.origin().ascii_serialization())
}

/// By how much the service's clock is ahead of this one.
fn ahead(answer: &Answer) -> Option<SignedDuration> {
    let date = jiff::fmt::rfc2822::parse(answer.header("date")?).ok()?;
    Some(date.timestamp().duration_since(Timestamp::now()))
}

/// Compares this clock with the median of the services' clocks.
fn clock(ahead: impl Iterator<Item = SignedDuration>) -> Option<Finding> {
    let mut ahead: Vec<SignedDuration> = ahead.collect();
    ahead.sort();
    let middle = *ahead.get(ahead.len() / 2)?;
    if middle.abs() <= AGREEMENT {
        return Some(Finding::ok(
            "clock",
            format!("agrees with the services' clocks within {}", spoken_duration(AGREEMENT.unsigned_abs())),
        ));
    }
    let word = if middle.is_negative() { "ahead" } else { "behind" };
    let text = format!("this machine's clock is {} {word}, compared with the services'", spoken_duration(middle.unsigned_abs()));
    Some(if middle.abs() > SignedDuration::from_mins(5) {
        let failure = Failure::configuration(text);
        Finding::problem(
            "clock",
            failure.with_hint("set the clock, for example with NTP; tokens and certificates are valid for minutes only"),
        )
    } else {
        Finding::warning("clock", text).fix("set the clock, for example with NTP")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_most_services_have_is_believed() {
        let say = |seconds: &[i64]| {
            let finding = clock(seconds.iter().map(|seconds| SignedDuration::from_secs(*seconds)));
            finding.map(|finding| format!("{}: {}", finding.severity.name(), finding.text)).unwrap_or_default()
        };
        assert_eq!(say(&[]), "");
        assert_eq!(say(&[0, 90_000, -1]), "ok: agrees with the services' clocks within 30 s");
        assert_eq!(say(&[59, 60, 61]), "warning: this machine's clock is 1 min behind, compared with the services'");
        assert_eq!(say(&[-218_029_453]), "problem: this machine's clock is 2523 days ahead, compared with the services'");
        assert_eq!(say(&[-3600, -3601, 0]), "problem: this machine's clock is 1 h ahead, compared with the services'");
    }
}
