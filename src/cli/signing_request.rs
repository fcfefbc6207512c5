//! What git asks to have signed, and who should sign it.

use super::{caller::Caller, context::Context, identity::Choice, terminal::Terminal};
use crate::identity::RequestedSigner;

/// One signature that git asks for.
#[derive(Clone, Copy)]
pub(super) struct SigningRequest<'a> {
    /// A commit, tag or push certificate.
    pub(super) payload: &'a [u8],
    /// Who should sign.
    pub(super) requested: &'a RequestedSigner,
    /// Where the identity token comes from.
    pub(super) choice: &'a Choice,
    pub(super) context: &'a Context,
    pub(super) terminal: &'static Terminal,
    /// Who asks for it.
    pub(super) caller: &'a Caller,
}
