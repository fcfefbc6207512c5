//! Who asks for signatures, and who should sign.

use super::{caller::Caller, context::Context, identity::Choice, terminal::Terminal};
use crate::identity::RequestedSigner;

/// The circumstances of one signature or several.
#[derive(Clone, Copy)]
pub(super) struct SigningRequest<'a> {
    /// Who should sign.
    pub(super) requested: &'a RequestedSigner,
    /// Where the identity token comes from.
    pub(super) choice: &'a Choice,
    pub(super) context: &'a Context,
    pub(super) terminal: &'static Terminal,
    /// Who asks for them.
    pub(super) caller: &'a Caller,
}
