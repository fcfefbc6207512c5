//! SPIFFE's Workload API: one gRPC call over a local socket gives the workload's JWT-SVID.
//!
//! Source: the SPIFFE Workload Endpoint and Workload API specifications, and gRPC over HTTP/2. A gRPC stack would be larger than all that
//! is done here: one request with one message, one answer with one message, and a status among the trailers.

use super::{Problem, Surroundings};
use crate::service::quotable;
use bytes::Bytes;
use http::{HeaderMap, Request};
use prost::Message;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

const SOCKET: &str = "SPIFFE_ENDPOINT_SOCKET";
/// The largest answer that is read, in bytes: some tokens with their names.
const MAX_ANSWER: usize = 256 << 10;
/// The prefix of a gRPC message: one byte that says whether it is compressed, four of its length.
const PREFIX: usize = 5;

/// `JWTSVIDRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct JwtSvidRequest {
    #[prost(string, repeated, tag = "1")]
    pub(super) audience: Vec<String>,
    #[prost(string, tag = "2")]
    pub(super) spiffe_id: String,
}

/// `JWTSVIDResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct JwtSvidResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) svids: Vec<JwtSvid>,
}

/// `JWTSVID`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct JwtSvid {
    #[prost(string, tag = "1")]
    pub(super) spiffe_id: String,
    #[prost(string, tag = "2")]
    pub(super) svid: String,
}

enum Address {
    #[cfg(unix)]
    Unix(std::path::PathBuf),
    Tcp(SocketAddr),
}

pub(super) async fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let text = surroundings.require(SOCKET)?;
    let address = Address::parse(&text).map_err(|why| Problem::Value { name: SOCKET, why: why.into() })?;
    let failed = |what: String| Problem::WorkloadApi { address: quotable(&text), what };
    let call = async {
        let unreachable = |error: std::io::Error| format!("cannot be reached: {error}");
        match &address {
            #[cfg(unix)]
            Address::Unix(path) => fetch(tokio::net::UnixStream::connect(path).await.map_err(unreachable)?, surroundings.audience).await,
            Address::Tcp(address) => {
                fetch(tokio::net::TcpStream::connect(address).await.map_err(unreachable)?, surroundings.audience).await
            }
        }
    };
    match tokio::time::timeout(surroundings.deadline, call).await {
        Ok(result) => result.map_err(failed),
        Err(_) => Err(failed(format!("gave no answer within {} s", surroundings.deadline.as_secs_f64()))),
    }
}

impl Address {
    /// The forms of the Workload Endpoint specification, and a bare path, as cosign takes it.
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(rest) = text.strip_prefix("tcp://") {
            let address: SocketAddr = rest.parse().map_err(|_| "names no IP address and port")?;
            // nothing protects the connection, and the token on it
            return if address.ip().is_loopback() { Ok(Self::Tcp(address)) } else { Err("does not name an address of this machine") };
        }
        let path = text.strip_prefix("unix:").map_or(text, |rest| rest.strip_prefix("//").unwrap_or(rest));
        #[cfg(unix)]
        if path.starts_with('/') {
            return Ok(Self::Unix(path.into()));
        }
        let _ = path;
        Err("is neither unix:///PATH nor tcp://IP:PORT")
    }
}

/// The call, over an open connection. An error is a clause that follows the address.
async fn fetch(stream: impl AsyncRead + AsyncWrite + Unpin, audience: &str) -> Result<Zeroizing<String>, String> {
    let broken = |error: h2::Error| format!("broke off: {}", quotable(&error.to_string()));
    let (client, connection) = h2::client::handshake(stream).await.map_err(broken)?;
    let call = exchange(client, audience);
    tokio::pin!(call, connection);
    // the connection does the work of the call, and ends before it only where the other side ends it
    tokio::select! {
        answer = &mut call => answer,
        ended = &mut connection => match ended {
            Ok(()) => call.await,
            Err(error) => Err(broken(error)),
        },
    }
}

async fn exchange(client: h2::client::SendRequest<Bytes>, audience: &str) -> Result<Zeroizing<String>, String> {
    let broken = |error: h2::Error| format!("broke off: {}", quotable(&error.to_string()));
    let request = Request::post("http://localhost/SpiffeWorkloadAPI/FetchJWTSVID")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", crate::service::USER_AGENT)
        // shows that no other site's request was forwarded here
        .header("workload.spiffe.io", "true")
        .body(())
        .map_err(|error| format!("cannot be called: {error}"))?;
    let mut client = client.ready().await.map_err(broken)?;
    let (response, mut body) = client.send_request(request, false).map_err(broken)?;
    let message = JwtSvidRequest { audience: vec![audience.to_owned()], spiffe_id: String::new() };
    body.send_data(framed(&message), true).map_err(broken)?;
    let response = response.await.map_err(broken)?;
    if response.status() != http::StatusCode::OK {
        return Err(format!("answered {}, which is no gRPC", response.status()));
    }
    check_status(response.headers(), false)?;
    let mut answer = response.into_body();
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(chunk) = answer.data().await {
        let chunk = chunk.map_err(broken)?;
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(format!("sent an answer of more than {MAX_ANSWER} bytes"));
        }
        let _ = answer.flow_control().release_capacity(chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    check_status(&answer.trailers().await.map_err(broken)?.unwrap_or_default(), true)?;
    let message = JwtSvidResponse::decode(unframed(&bytes)?).map_err(|_| "sent an invalid answer".to_owned())?;
    // the first one is the default
    let svid = message.svids.into_iter().map(|svid| Zeroizing::new(svid.svid)).next();
    svid.ok_or_else(|| "gave no SVID".to_owned())
}

fn framed(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, &encoded].concat().into()
}

/// The one message of an answer.
fn unframed(bytes: &[u8]) -> Result<&[u8], String> {
    let (prefix, message) = bytes.split_first_chunk::<PREFIX>().ok_or("gave an empty answer")?;
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 {
        return Err("gave a compressed answer, which was not asked for".into());
    }
    if usize::try_from(u32::from_be_bytes(length)) != Ok(message.len()) {
        return Err("gave an answer of another length than it says".into());
    }
    Ok(message)
}

/// The status stands among the trailers; where there is no message, also among the headers.
fn check_status(headers: &HeaderMap, required: bool) -> Result<(), String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        Some("0") => Ok(()),
        None if !required => Ok(()),
        None => Err("gave no status".into()),
        Some(status) => {
            let message = text("grpc-message")
                .map(|message| quotable(&percent_encoding::percent_decode_str(message).decode_utf8_lossy()))
                .filter(|message| !message.is_empty());
            let message = message.map(|message| format!(": {message}")).unwrap_or_default();
            Err(match status {
                "7" => format!("knows no identity of this process (permission denied){message}"),
                "12" => "does not give JWT-SVIDs (unimplemented)".to_owned(),
                other => format!("refused with the gRPC status {}{message}", quotable(other)),
            })
        }
    }
}
