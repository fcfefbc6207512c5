//! The one way in which the program starts an asynchronous runtime.

/// A runtime on the calling thread, with timers and sockets. It is built only where a call needs it.
///
/// # Errors
/// If the operating system gives no descriptors for it.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
