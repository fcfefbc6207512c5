//! SPIFFE's Workload API: one gRPC call over a local socket returns the workload's JWT-SVID.
//!
//! Source: the SPIFFE Workload Endpoint and Workload API specifications, and gRPC over HTTP/2. This needs no gRPC stack: there is one request
//! with one message, one answer with one message, and a status in the trailers.

use super::{Problem, Surroundings};
use crate::{service::quotable, wording::spoken_duration};
use bytes::Bytes;
use http::{HeaderMap, Request};
use prost::Message;
use std::{net::SocketAddr, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

const SOCKET: &str = "SPIFFE_ENDPOINT_SOCKET";
/// The largest answer that is read, in bytes: it holds some tokens with their names.
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

/// What went wrong in a call of the Workload API: a clause that follows the address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkloadApiError {
    /// No connection.
    #[error("cannot be reached: {0}")]
    Unreachable(#[source] std::io::Error),
    /// No answer in time.
    #[error("gave no answer within {}", spoken_duration(*.0))]
    Deadline(Duration),
    /// The connection broke.
    #[error("closed the connection: {}", quotable(&.0.to_string()))]
    Broken(#[from] h2::Error),
    /// The request cannot be built.
    #[error("cannot be called: {0}")]
    Request(#[from] http::Error),
    /// An HTTP status other than 200.
    #[error("answered {0}, which is not gRPC")]
    HttpStatus(http::StatusCode),
    /// An answer that is too large.
    #[error("sent an answer of more than {MAX_ANSWER} bytes")]
    TooLarge,
    /// An answer that cannot be read.
    #[error("sent an invalid answer: {0}")]
    Invalid(&'static str),
    /// An answer without a token.
    #[error("gave no SVID")]
    NoSvid,
    /// The status 7.
    #[error("does not know this process (permission denied){0}")]
    PermissionDenied(String),
    /// The status 12.
    #[error("does not support JWT-SVIDs (unimplemented)")]
    Unimplemented,
    /// Another gRPC status.
    #[error("refused with the gRPC status {status}{message}")]
    Refused {
        /// The status, escaped.
        status: String,
        /// The message, escaped, as the end of a sentence.
        message: String,
    },
}

enum Address {
    #[cfg(unix)]
    Unix(std::path::PathBuf),
    Tcp(SocketAddr),
}

pub(super) async fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let text = surroundings.require(SOCKET)?;
    let address = Address::parse(&text).map_err(|why| Problem::Value { name: SOCKET, why: why.into() })?;
    let failed = |error| Problem::WorkloadApi { address: quotable(&text), error };
    let call = async {
        let unreachable = WorkloadApiError::Unreachable;
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
        Err(_) => Err(failed(WorkloadApiError::Deadline(surroundings.deadline))),
    }
}

impl Address {
    /// Reads the forms of the Workload Endpoint specification, and a path, as cosign does.
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(rest) = text.strip_prefix("tcp://") {
            let address: SocketAddr = rest.parse().map_err(|_| "is not an IP address with a port")?;
            // the connection, and the token on it, are not protected
            return if address.ip().is_loopback() { Ok(Self::Tcp(address)) } else { Err("is not an address of this machine") };
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

/// Makes the call over an open connection.
async fn fetch(stream: impl AsyncRead + AsyncWrite + Unpin, audience: &str) -> Result<Zeroizing<String>, WorkloadApiError> {
    let (client, connection) = h2::client::handshake(stream).await?;
    let call = exchange(client, audience);
    tokio::pin!(call, connection);
    // the connection does the work of the call, and ends first only if the other side closes it
    tokio::select! {
        answer = &mut call => answer,
        ended = &mut connection => match ended {
            Ok(()) => call.await,
            Err(error) => Err(error.into()),
        },
    }
}

async fn exchange(client: h2::client::SendRequest<Bytes>, audience: &str) -> Result<Zeroizing<String>, WorkloadApiError> {
    let request = Request::post("http://localhost/SpiffeWorkloadAPI/FetchJWTSVID")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", crate::service::USER_AGENT)
        // shows that the request was not forwarded from a web site
        .header("workload.spiffe.io", "true")
        .body(())?;
    let mut client = client.ready().await?;
    let (response, mut body) = client.send_request(request, false)?;
    let message = JwtSvidRequest { audience: vec![audience.to_owned()], spiffe_id: String::new() };
    body.send_data(framed(&message), true)?;
    let response = response.await?;
    if response.status() != http::StatusCode::OK {
        return Err(WorkloadApiError::HttpStatus(response.status()));
    }
    check_status(response.headers(), false)?;
    let mut answer = response.into_body();
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(chunk) = answer.data().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(WorkloadApiError::TooLarge);
        }
        let _ = answer.flow_control().release_capacity(chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    check_status(&answer.trailers().await?.unwrap_or_default(), true)?;
    let message = JwtSvidResponse::decode(unframed(&bytes)?).map_err(|_| WorkloadApiError::Invalid("it is not a JWTSVIDResponse"))?;
    // the first SVID is the default
    let svid = message.svids.into_iter().map(|svid| Zeroizing::new(svid.svid)).next();
    svid.ok_or(WorkloadApiError::NoSvid)
}

fn framed(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, &encoded].concat().into()
}

/// The one message of an answer.
fn unframed(bytes: &[u8]) -> Result<&[u8], WorkloadApiError> {
    let (prefix, message) = bytes.split_first_chunk::<PREFIX>().ok_or(WorkloadApiError::Invalid("it is empty"))?;
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 {
        return Err(WorkloadApiError::Invalid("it is compressed"));
    }
    if usize::try_from(u32::from_be_bytes(length)) != Ok(message.len()) {
        return Err(WorkloadApiError::Invalid("its length is not the announced one"));
    }
    Ok(message)
}

/// Checks the status, which is in the trailers, or in the headers if there is no message.
fn check_status(headers: &HeaderMap, required: bool) -> Result<(), WorkloadApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        Some("0") => Ok(()),
        None if !required => Ok(()),
        None => Err(WorkloadApiError::Invalid("it has no status")),
        Some(status) => {
            let message = text("grpc-message")
                .map(|message| quotable(&percent_encoding::percent_decode_str(message).decode_utf8_lossy()))
                .filter(|message| !message.is_empty());
            let message = message.map(|message| format!(": {message}")).unwrap_or_default();
            Err(match status {
                "7" => WorkloadApiError::PermissionDenied(message),
                "12" => WorkloadApiError::Unimplemented,
                other => WorkloadApiError::Refused { status: quotable(other), message },
            })
        }
    }
}
