//! Which of several known logins serves a request. The agent, the keyring and the preview of `paraph whoami` choose by this one rule.

use super::requested_signer::{Candidate, RequestedSigner};
use crate::certificate::names::same_address;

/// A login that was made before.
pub(crate) trait KnownLogin {
    /// The identity in its certificate.
    fn identity(&self) -> &str;

    /// Who signs with it, where more is known than the identity.
    fn candidate(&self) -> Option<&Candidate> {
        None
    }

    /// The issuer in its certificate, if it is known. An identity provider may log in at others, and then it is not the login's.
    fn certificate_issuer(&self) -> Option<&str> {
        self.candidate().map(Candidate::issuer)
    }

    /// Whether it has served this other name.
    fn has_alias(&self, name: &str) -> bool;
}

impl<T: KnownLogin> KnownLogin for &T {
    fn identity(&self) -> &str {
        (**self).identity()
    }

    fn candidate(&self) -> Option<&Candidate> {
        (**self).candidate()
    }

    fn certificate_issuer(&self) -> Option<&str> {
        (**self).certificate_issuer()
    }

    fn has_alias(&self, name: &str) -> bool {
        (**self).has_alias(name)
    }
}

/// How well a login serves a request, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Its identity is the requested name.
    Name,
    /// Its identity is the same e-mail address.
    Address,
    /// The token's principal is the required identity.
    Accepted,
    /// It has served the requested name, and no identity is required.
    Alias,
}

impl RequestedSigner {
    /// The login that serves this request, of several at one issuer and certificate authority; `None` if none does, or nobody is named. An
    /// equal identity precedes an alias, and an alias serves no request that requires an identity. Another issuer than the expected one never does.
    pub(crate) fn choose_login<L: KnownLogin>(&self, logins: impl IntoIterator<Item = L>) -> Option<L> {
        let name = self.login_name()?;
        let fitting = logins.into_iter().filter_map(|login| Some((self.fit(name, &login)?, login)));
        fitting.min_by_key(|(fit, _)| *fit).map(|(_, login)| login)
    }

    fn fit(&self, name: &str, login: &impl KnownLogin) -> Option<Fit> {
        let (identity, candidate) = (login.identity(), login.candidate());
        if login.certificate_issuer().is_some_and(|issuer| self.accepts_issuer(issuer).is_err()) {
            return None;
        }
        let is_same = || candidate.map_or_else(|| same_address(identity, name), |candidate| candidate.equals(identity, name));
        if identity == name {
            Some(Fit::Name)
        } else if is_same() {
            Some(Fit::Address)
        } else if self.required().is_some() {
            candidate.filter(|candidate| self.accepts(candidate).is_ok()).map(|_| Fit::Accepted)
        } else {
            login.has_alias(name).then_some(Fit::Alias)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Login {
        identity: &'static str,
        aliases: &'static [&'static str],
    }

    impl KnownLogin for Login {
        fn identity(&self) -> &str {
            self.identity
        }

        fn has_alias(&self, name: &str) -> bool {
            self.aliases.contains(&name)
        }
    }

    const LOGINS: [Login; 4] = [
        Login { identity: "bob@example.com", aliases: &["ann@example.com", "me"] },
        Login { identity: "ann@EXAMPLE.com", aliases: &[] },
        Login { identity: "ann@example.com", aliases: &[] },
        Login { identity: "https://ci.example/w@Main", aliases: &[] },
    ];

    fn chosen(requested: &RequestedSigner) -> Option<&'static str> {
        requested.choose_login(LOGINS).map(|login| login.identity)
    }

    #[test]
    fn an_equal_identity_precedes_the_same_address_and_that_an_alias() {
        assert_eq!(chosen(&RequestedSigner::hinted("ann@example.com")), Some("ann@example.com"));
        assert_eq!(chosen(&RequestedSigner::hinted("ann@Example.Com")), Some("ann@EXAMPLE.com"));
        assert_eq!(chosen(&RequestedSigner::hinted("me")), Some("bob@example.com"));
    }

    #[test]
    fn no_alias_serves_a_request_that_requires_an_identity() {
        assert_eq!(chosen(&RequestedSigner::only("me")), None);
        assert_eq!(chosen(&RequestedSigner::only("ann@example.com")), Some("ann@example.com"));
    }

    #[test]
    fn without_a_name_no_login_is_chosen_and_a_uri_has_a_case() {
        assert_eq!(chosen(&RequestedSigner::anyone()), None);
        assert_eq!(chosen(&RequestedSigner::hinted("https://ci.example/w@main")), None);
    }

    #[test]
    fn a_required_identity_may_be_the_principal_of_a_login_with_another_name() {
        struct Certified(Candidate);

        impl KnownLogin for Certified {
            fn identity(&self) -> &str {
                "https://ci.example/workflow"
            }

            fn candidate(&self) -> Option<&Candidate> {
                Some(&self.0)
            }

            fn has_alias(&self, _: &str) -> bool {
                true
            }
        }

        let login = || [Certified(Candidate::of_parts("repo:org/x", "https://ci.example/workflow"))];
        assert!(RequestedSigner::only("repo:org/x").choose_login(login()).is_some());
        assert!(RequestedSigner::only("repo:org/y").choose_login(login()).is_none());
        let vouched_for_by =
            |issuer: &str| RequestedSigner::only("repo:org/x").vouched_for_by(Some(issuer.to_owned())).choose_login(login());
        assert!(vouched_for_by("https://issuer.test").is_some() && vouched_for_by("https://other.test").is_none());
    }

    #[test]
    fn a_login_whose_issuer_alone_is_known_serves_no_request_for_another() {
        struct Elsewhere(Option<&'static str>);

        impl KnownLogin for Elsewhere {
            fn identity(&self) -> &str {
                "ann@example.com"
            }

            fn certificate_issuer(&self) -> Option<&str> {
                self.0
            }

            fn has_alias(&self, _: &str) -> bool {
                false
            }
        }

        let ann = RequestedSigner::hinted("ann@example.com").vouched_for_by(Some("https://accounts.test".to_owned()));
        let is_chosen = |issuer| ann.choose_login([Elsewhere(issuer)]).is_some();
        assert_eq!([Some("https://accounts.test"), Some("https://other.test"), None].map(is_chosen), [true, false, true]);
    }
}
