//! What every outcome that is not good says about itself.

/// The common face of [`Reason`](super::Reason), [`LegacyRule`](super::LegacyRule), [`Decision`](crate::policy::Decision) and the findings of
/// other verifiers.
pub trait Explanation {
    /// The stable identifier, for machines. It is unique among the identifiers of its type.
    fn id(&self) -> &'static str;

    /// What it means: a clause without a period.
    fn sentence(&self) -> &'static str;

    /// What to do about it: an imperative clause without a period.
    fn advice(&self) -> &'static str;
}

/// Who reads what can be done about one object. Advice is a clause without a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only the program's hooks have the other audiences"))]
pub(crate) enum Audience {
    /// The person who judges it at a terminal. The report says why the verdict is not good.
    Terminal,
    /// The person who pushes it, and whose own hook refuses it.
    Pusher,
    /// The person who pushes it to a server that refuses it, and that somebody else administers.
    PusherToServer,
}

/// Defines an enum of outcomes from a table of identifiers and sentences, with `ALL` and [`Explanation`]. The advice comes from a function
/// `advice` beside it.
macro_rules! explained {
    ($(#[$meta:meta])* $type:ident { $($name:ident = $id:literal, $sentence:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type { $(#[doc = $sentence] $name,)* }

        impl $type {
            /// Every one there is, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }

        impl $crate::Explanation for $type {
            fn id(&self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            fn sentence(&self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            fn advice(&self) -> &'static str {
                advice(*self)
            }
        }
    };
}

pub(crate) use explained;
