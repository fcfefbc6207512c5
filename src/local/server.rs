//! The HTTP server: one listener on loopback.

use std::{
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    sync::Arc,
};

use super::{error::LocalError, guard::Observer, router::router, services::LocalServices};
use crate::service::serve;

/// A listener on the instance's port.
#[derive(Debug)]
pub(super) struct Listener {
    listener: TcpListener,
}

impl Listener {
    /// Takes the port on 127.0.0.1, and on no other address.
    ///
    /// # Errors
    /// [`LocalError::Port`].
    pub(super) fn bind(port: u16) -> Result<Self, LocalError> {
        let failed = |source| LocalError::Port { port, source };
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        if !local.ip().is_loopback() {
            return Err(failed(std::io::Error::other("not a loopback address")));
        }
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener })
    }

    /// Serves until `stop` is ready.
    ///
    /// # Errors
    /// [`LocalError::Port`].
    pub(super) async fn serve(
        self,
        services: Arc<LocalServices>,
        observer: Option<Observer>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), LocalError> {
        let port = services.folder.settings.port;
        let failed = |source| LocalError::Port { port, source };
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
        tokio::select! {
            () = serve(listener, router(services, observer), std::future::pending()) => Ok(()),
            // open connections are cut: answers are given only for what is on disk
            () = stop => Ok(()),
        }
    }
}
