//! Who should sign. It is decided in one place, from the configuration, git's key and the object, and compared in one place with what a
//! token or a certificate says. The direct path, the agent, `paraph whoami` and `paraph login` all use it.

use super::{
    key_name::{email_of, identity_named},
    token::IdentityToken,
};
use crate::{
    certificate::{IdentityKind, SignerCertificate, names},
    object::{Payload, PayloadKind},
};

/// Who should sign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RequestedSigner {
    /// The only identity that may sign: the token's principal or the certificate's name.
    expected: Option<Expected>,
    /// The address that must be the token's principal.
    committer: Option<Committer>,
    /// The only issuer that may vouch for the identity.
    issuer: Option<Configured>,
    /// Whom to log in as, unless an identity is expected.
    hint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Expected {
    identity: Configured,
    /// The caller requires it for this signature.
    is_of_call: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Committer {
    address: String,
    object: PayloadKind,
}

/// A required value, and the setting that requires it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Configured {
    /// The value.
    pub value: String,
    /// The setting with its place, for messages; `None` where no setting requires it.
    pub setting: Option<String>,
}

impl From<&str> for Configured {
    fn from(value: &str) -> Self {
        Self { value: value.to_owned(), setting: None }
    }
}

/// What decides who should sign.
#[derive(Debug, Clone, Default)]
pub struct SignerSources<'a> {
    /// `paraph.expectedIdentity`.
    pub expected_identity: Option<Configured>,
    /// `paraph.expectedIssuer`.
    pub expected_issuer: Option<Configured>,
    /// `paraph.matchCommitter`: the identity must be the e-mail address in the object.
    pub match_committer: bool,
    /// The key that git names: `user.signingKey`, or `Name <email>` of the committer.
    pub key: Option<&'a str>,
    /// The object to be signed, if there is one yet.
    pub object: Option<&'a Payload>,
    /// The identity that the caller requires for this signature alone: see [`identity_of_call`].
    pub required_by_call: Option<&'a str>,
}

/// The identity that a key requires for this call of git's alone: if it is neither the committer, whom git names by itself, nor
/// `user.signingKey`, which may be left from another program. `signing_key` reads that setting.
pub(crate) fn identity_of_call(key: &str, object: Option<&Payload>, signing_key: impl FnOnce() -> Option<String>) -> Option<String> {
    let identity = identity_named(key)?;
    let is_committer = object.is_some_and(|object| object.email.as_ref() == Some(&identity));
    let is_configured = || signing_key().is_some_and(|setting| setting == key || identity_named(&setting).as_ref() == Some(&identity));
    (!is_committer && !is_configured()).then_some(identity)
}

/// Why an identity is not the requested one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongSigner {
    /// Another identity is expected.
    #[error("the identity is {found}; expected \"{expected}\"{}", in_brackets(.setting))]
    NotExpected {
        /// The identity that was found, in quotes.
        found: String,
        /// The expected identity.
        expected: String,
        /// The setting that expects it, with its place.
        setting: Option<String>,
    },
    /// The caller requires another identity for this signature.
    #[error("the identity is {found}{}, but this signature names \"{name}\"", in_brackets(.setting))]
    NotOfCall {
        /// The identity that was found, in quotes.
        found: String,
        /// The identity that the caller requires.
        name: String,
        /// The setting that expects the other identity, with its place.
        setting: Option<String>,
    },
    /// Another issuer is expected.
    #[error("the issuer is \"{found}\"; expected \"{expected}\"{}", in_brackets(.setting))]
    NotExpectedIssuer {
        /// The issuer that was found.
        found: String,
        /// The expected issuer.
        expected: String,
        /// The setting that expects it, with its place.
        setting: Option<String>,
    },
    /// The identity is not the one in the object.
    #[error("the identity is \"{found}\", but the {} is from \"{address}\"", .object.as_str())]
    NotCommitter {
        /// The identity that was found.
        found: String,
        /// The address in the object.
        address: String,
        /// What is to be signed.
        object: PayloadKind,
    },
    /// The identity must be the one in the object, which has no e-mail address.
    #[error("the {} has no e-mail address that the identity could match", .0.as_str())]
    NoAddress(PayloadKind),
}

/// What to do if the identity is not the one that the caller requires.
pub(crate) const NOT_OF_CALL: &str =
    "log in as the named identity, or sign without a name (`-s` in place of `-u NAME`, `-S` in place of `-SNAME`)";

fn in_brackets(text: &Option<String>) -> String {
    text.as_ref().map(|text| format!(" ({text})")).unwrap_or_default()
}

impl WrongSigner {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotOfCall { .. } => NOT_OF_CALL,
            Self::NotExpected { found, expected, .. } if names::near_miss(expected, found.trim_matches('"')).is_some() => {
                "set paraph.expectedIdentity to exactly that identity; case, slashes, commas and brackets count"
            }
            Self::NotExpected { .. } => "log in as the expected identity, or change paraph.expectedIdentity",
            Self::NotExpectedIssuer { found, expected, .. } if names::near_miss(expected, found).is_some() => {
                "set paraph.expectedIssuer to exactly that issuer; case and slashes count"
            }
            Self::NotExpectedIssuer { .. } => "use a token or a login of the expected issuer, or change paraph.expectedIssuer",
            Self::NotCommitter { found, address, .. } if names::near_miss(address, found).is_some() => {
                "set user.email to exactly that identity; the case before the @ counts"
            }
            Self::NotCommitter { .. } | Self::NoAddress(_) => "set user.email to the identity, or unset paraph.matchCommitter",
        }
    }
}

/// Who would sign, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The token's `email` claim, or `sub` without one.
    principal: Option<String>,
    /// The name in the certificate.
    name: Option<String>,
    /// Whether it is an e-mail address, whose domain has no case.
    is_email: bool,
    /// The issuer in the certificate.
    issuer: String,
}

impl From<&IdentityToken> for Candidate {
    fn from(token: &IdentityToken) -> Self {
        Self {
            principal: Some(token.principal().to_owned()),
            name: token.certificate_name(),
            is_email: token.email().is_some(),
            issuer: token.federated_issuer().unwrap_or(token.issuer()).to_owned(),
        }
    }
}

impl From<&SignerCertificate> for Candidate {
    fn from(certificate: &SignerCertificate) -> Self {
        let identity = certificate.identity();
        let subject = || certificate.claims().iter().find(|(claim, _)| *claim == "tokenSubject").map(|(_, subject)| subject.clone());
        let principal = match identity.kind {
            IdentityKind::Email => Some(identity.name.clone()),
            // older certificates do not say the subject; Fulcio appends `!` and a domain to it
            IdentityKind::Username => subject().or_else(|| Some(identity.name.rsplit_once('!')?.0.to_owned())),
            IdentityKind::Uri => subject(),
        };
        let is_email = identity.kind == IdentityKind::Email;
        Self { principal, name: Some(identity.name.clone()), is_email, issuer: identity.issuer.clone() }
    }
}

impl Candidate {
    /// The issuer in the certificate.
    #[cfg(unix)]
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The identity of a token for which Fulcio gave this certificate.
    pub fn certified(token: &IdentityToken, certificate: &SignerCertificate) -> Self {
        Self {
            principal: Some(token.principal().to_owned()),
            name: Some(certificate.identity().name.clone()),
            is_email: certificate.identity().kind == IdentityKind::Email,
            issuer: certificate.identity().issuer.clone(),
        }
    }

    fn is(&self, expected: &str) -> bool {
        let is = |name: &Option<String>| name.as_deref().is_some_and(|name| self.equals(name, expected));
        is(&self.principal) || is(&self.name) || self.name.is_none() && self.is_username(expected)
    }

    pub(super) fn equals(&self, name: &str, expected: &str) -> bool {
        name == expected || self.is_email && names::same_address(name, expected)
    }

    /// Whether Fulcio could make this name of the principal by appending `!` and a domain. Only the certificate tells.
    fn is_username(&self, expected: &str) -> bool {
        let rest = self.principal.as_ref().and_then(|principal| expected.strip_prefix(principal.as_str()));
        rest.is_some_and(|rest| rest.starts_with('!'))
    }

    #[cfg(test)]
    pub(super) fn of_parts(principal: &str, name: &str) -> Self {
        Self {
            principal: Some(principal.to_owned()),
            name: Some(name.to_owned()),
            is_email: false,
            issuer: "https://issuer.test".to_owned(),
        }
    }

    /// For messages.
    fn describe(&self) -> String {
        match (&self.principal, &self.name) {
            (Some(principal), Some(name)) if principal != name => format!("\"{principal}\" (in the certificate \"{name}\")"),
            (Some(one), _) | (None, Some(one)) => format!("\"{one}\""),
            (None, None) => "unknown".into(),
        }
    }
}

impl RequestedSigner {
    /// Decides who should sign. An expected identity is also whom to log in as. Without one it is the one in the object if it must match, then
    /// the identity that git's key names, then the one in the object, then any identity.
    ///
    /// # Errors
    /// [`WrongSigner::NoAddress`], [`WrongSigner::NotOfCall`] if another identity is expected than the caller names, or
    /// [`WrongSigner::NotCommitter`] if the expected identity cannot be the one in the object.
    pub fn resolve(sources: SignerSources<'_>) -> Result<Self, WrongSigner> {
        let SignerSources { expected_identity, expected_issuer: issuer, match_committer, key, object, required_by_call } = sources;
        let expected = match (expected_identity, required_by_call) {
            (Some(Configured { value, setting }), Some(name)) if !names::same_address(&value, name) => {
                return Err(WrongSigner::NotOfCall { found: format!("\"{value}\""), name: name.to_owned(), setting });
            }
            (Some(identity), _) => Some(Expected { identity, is_of_call: false }),
            (None, Some(name)) => Some(Expected { identity: name.into(), is_of_call: true }),
            (None, None) => None,
        };
        let committer = match object.filter(|_| match_committer) {
            Some(Payload { kind, email: Some(address) }) => Some(Committer { address: address.clone(), object: *kind }),
            Some(Payload { kind, email: None }) => return Err(WrongSigner::NoAddress(*kind)),
            None => None,
        };
        // one principal cannot be both, so nobody needs to log in
        if let (Some(Expected { identity: Configured { value: identity, .. }, .. }), Some(Committer { address, object })) =
            (&expected, &committer)
            && identity != address
            && !names::same_address(identity, address)
            && has_no_uri_or_username_form(identity)
        {
            return Err(WrongSigner::NotCommitter { found: identity.clone(), address: address.clone(), object: *object });
        }
        let address = committer.as_ref().map(|committer| committer.address.clone());
        let hint = address.or_else(|| key.and_then(email_of)).or_else(|| object?.email.clone()).filter(|_| expected.is_none());
        Ok(Self { expected, committer, issuer, hint })
    }

    /// Decides from the two names of a request: the expected identity, or else the name to log in as.
    pub fn from_names(expected: Option<String>, hint: Option<String>) -> Self {
        expected.map_or_else(|| hint.map_or_else(Self::anyone, Self::hinted), Self::only)
    }

    /// The two names of a request to an agent: the identity that is required, and the hint. `None` if they do not say all that is required: an
    /// agent accepts the required identity as the principal or as the name in the certificate, but the address in the object must be the
    /// principal.
    pub fn names(&self) -> Option<(Option<&str>, Option<&str>)> {
        let is_expressible = self.committer.as_ref().is_none_or(|Committer { address, .. }| {
            has_no_uri_or_username_form(address)
                && self.expected().is_none_or(|expected| expected == address || names::same_address(expected, address))
        });
        is_expressible.then(|| (self.required(), self.hint()))
    }

    /// Any identity that logs in.
    pub fn anyone() -> Self {
        Self::default()
    }

    /// This identity and no other.
    pub fn only(identity: impl Into<String>) -> Self {
        Self {
            expected: Some(Expected { identity: Configured { value: identity.into(), setting: None }, is_of_call: false }),
            ..Self::default()
        }
    }

    /// The identity that this name stands for, or any identity that logs in for it.
    pub fn hinted(name: impl Into<String>) -> Self {
        Self { hint: Some(name.into()), ..Self::default() }
    }

    /// This signer, if this issuer vouches for them.
    #[must_use]
    pub fn vouched_for_by(self, issuer: Option<String>) -> Self {
        Self { issuer: issuer.map(|value| Configured { value, setting: None }), ..self }
    }

    /// The only issuer that may vouch for the identity.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_ref().map(|issuer| issuer.value.as_str())
    }

    /// Whether an issuer may vouch for the identity.
    ///
    /// # Errors
    /// [`WrongSigner::NotExpectedIssuer`].
    pub fn accepts_issuer(&self, found: &str) -> Result<(), WrongSigner> {
        match &self.issuer {
            Some(Configured { value: expected, setting }) if found != expected => {
                let (found, expected, setting) = (found.to_owned(), expected.clone(), setting.clone());
                Err(WrongSigner::NotExpectedIssuer { found, expected, setting })
            }
            _ => Ok(()),
        }
    }

    /// Whom to log in as: the expected identity, or the hint.
    pub fn login_name(&self) -> Option<&str> {
        self.expected().or(self.hint.as_deref())
    }

    /// Whom to log in as if no identity is expected.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The only identity that may sign: the expected one, or else the one in the object if it must match.
    pub fn required(&self) -> Option<&str> {
        self.expected().or(self.committer.as_ref().map(|committer| committer.address.as_str()))
    }

    /// Whether the caller requires the identity for this signature alone.
    #[cfg(unix)]
    pub(crate) fn is_required_by_call(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| expected.is_of_call)
    }

    fn expected(&self) -> Option<&str> {
        self.expected.as_ref().map(|expected| expected.identity.value.as_str())
    }

    /// Whether this candidate may sign. An expected issuer is the one in the certificate. An expected identity is the token's principal or the certificate's name. The address in the object
    /// must be the principal.
    ///
    /// # Errors
    /// [`WrongSigner`].
    pub fn accepts(&self, candidate: &Candidate) -> Result<(), WrongSigner> {
        self.accepts_issuer(&candidate.issuer)?;
        if let Some(Expected { identity: Configured { value: identity, setting }, is_of_call }) = &self.expected
            && !candidate.is(identity)
        {
            if *is_of_call {
                return Err(WrongSigner::NotOfCall { found: candidate.describe(), name: identity.clone(), setting: None });
            }
            let (expected, setting) = (identity.clone(), setting.clone());
            return Err(WrongSigner::NotExpected { found: candidate.describe(), expected, setting });
        }
        if let Some(Committer { address, object }) = &self.committer
            && !candidate.principal.as_ref().or(candidate.name.as_ref()).is_some_and(|name| candidate.equals(name, address))
        {
            let found = candidate.principal.as_ref().or(candidate.name.as_ref()).cloned().unwrap_or_default();
            return Err(WrongSigner::NotCommitter { found, address: address.clone(), object: *object });
        }
        Ok(())
    }
}

/// Whether an identity has the form neither of a URI nor of a user name, so that it can only be a principal. The name in a certificate that is not the principal is a URI, or has an exclamation mark before
/// its domain.
fn has_no_uri_or_username_form(identity: &str) -> bool {
    !identity.contains(['!', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::token::tests::token_of;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://issuer.test";

    fn commit(email: Option<&str>) -> Payload {
        Payload { kind: PayloadKind::Commit, email: email.map(str::to_owned) }
    }

    fn placed(value: &str) -> Configured {
        Configured { setting: Some("PLACE".into()), ..value.into() }
    }

    fn token(claims: &Value) -> Candidate {
        let mut all = json!({"iss": "https://issuer.test", "sub": "1234", "aud": "sigstore", "exp": 2000});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        Candidate::from(&IdentityToken::parse(&token_of(&all)).unwrap())
    }

    #[test]
    fn the_domain_of_an_address_has_no_case_and_a_near_miss_has_its_own_hint() {
        let ann = token(&json!({"email": "ann@example.com", "email_verified": true}));
        let workload = token(&json!({"sub": "repo:x@Main"}));
        let of = |address: &str| {
            let object = commit(Some(address));
            RequestedSigner::resolve(SignerSources { match_committer: true, object: Some(&object), ..Default::default() }).unwrap()
        };
        assert_eq!(RequestedSigner::only("ann@Example.COM").accepts(&ann), Ok(()));
        assert_eq!(of("ann@Example.COM").accepts(&ann), Ok(()));
        assert!(RequestedSigner::only("repo:x@main").accepts(&workload).is_err());
        for near in ["Ann@example.com", "<ann@example.com>"] {
            assert!(RequestedSigner::only(near).accepts(&ann).unwrap_err().hint().contains("exactly"), "{near}");
            assert!(of(near).accepts(&ann).unwrap_err().hint().contains("exactly"), "{near}");
        }
        assert!(!RequestedSigner::only("bob@example.com").accepts(&ann).unwrap_err().hint().contains("exactly"));
    }

    #[test]
    fn the_expected_identity_goes_before_gits_key_and_that_before_the_object() {
        let object = commit(Some("committer@example.com"));
        let all = SignerSources {
            expected_identity: Some("a".into()),
            key: Some("K <key@example.com>"),
            object: Some(&object),
            ..Default::default()
        };
        let name = |sources| RequestedSigner::resolve(sources).unwrap().login_name().map(str::to_owned);
        assert_eq!(name(all.clone()).as_deref(), Some("a"));
        assert_eq!(name(SignerSources { expected_identity: None, ..all.clone() }).as_deref(), Some("key@example.com"));
        let without_key = SignerSources { expected_identity: None, key: Some("0xDEADBEEF"), ..all };
        assert_eq!(name(without_key).as_deref(), Some("committer@example.com"));
        assert_eq!(RequestedSigner::resolve(SignerSources::default()), Ok(RequestedSigner::anyone()));
    }

    #[test]
    fn the_committer_must_be_the_principal_if_it_has_to_match() {
        let object = commit(Some("ann@example.com"));
        let sources = SignerSources { match_committer: true, key: Some("bob@example.com"), object: Some(&object), ..Default::default() };
        let requested = RequestedSigner::resolve(sources.clone()).unwrap();
        assert_eq!((requested.login_name(), requested.required()), (Some("ann@example.com"), Some("ann@example.com")));
        assert_eq!(requested.accepts(&token(&json!({"email": "ann@example.com"}))), Ok(()));
        let refused = requested.accepts(&token(&json!({"email": "bob@example.com"}))).unwrap_err();
        insta::assert_snapshot!(refused, @r#"the identity is "bob@example.com", but the commit is from "ann@example.com""#);
        let refused = RequestedSigner::resolve(SignerSources { object: Some(&commit(None)), ..sources }).unwrap_err();
        insta::assert_snapshot!(refused, @"the commit has no e-mail address that the identity could match");
    }

    #[test]
    fn an_identity_that_the_caller_names_is_the_only_one() {
        let object = commit(Some("ann@example.com"));
        let named = SignerSources { required_by_call: Some("bob@example.com"), object: Some(&object), ..Default::default() };
        let requested = RequestedSigner::resolve(named.clone()).unwrap();
        assert_eq!((requested.login_name(), requested.required()), (Some("bob@example.com"), Some("bob@example.com")));
        assert_eq!(requested.accepts(&token(&json!({"email": "bob@example.com"}))), Ok(()));
        let refused = requested.accepts(&token(&json!({"email": "ann@example.com"}))).unwrap_err();
        insta::assert_snapshot!(refused, @r#"the identity is "ann@example.com", but this signature names "bob@example.com""#);
        let both = SignerSources { expected_identity: Some(placed("ann@example.com")), ..named.clone() };
        let refused = RequestedSigner::resolve(both).unwrap_err();
        insta::assert_snapshot!(refused, @r#"the identity is "ann@example.com" (PLACE), but this signature names "bob@example.com""#);
        assert!(RequestedSigner::resolve(SignerSources { expected_identity: Some("bob@example.com".into()), ..named }).is_ok());
    }

    #[test]
    fn an_expected_identity_that_cannot_be_the_committer_is_refused_before_a_login() {
        let object = commit(Some("ann@example.com"));
        let both = |expected: &str| {
            let sources = SignerSources {
                expected_identity: Some(expected.into()),
                match_committer: true,
                object: Some(&object),
                ..Default::default()
            };
            RequestedSigner::resolve(sources)
        };
        for same in ["ann@example.com", "ann@Example.COM"] {
            assert_eq!(both(same).unwrap().names(), Some((Some(same), None)));
        }
        for expected in ["bob@example.com", "Ann@example.com", "1234", ""] {
            let refused = both(expected).unwrap_err();
            assert_eq!(refused.to_string(), format!("the identity is \"{expected}\", but the commit is from \"ann@example.com\""));
        }
        // the name in the certificate of a principal that only the token tells
        for expected in ["https://example.com/ann", "spiffe:ann", "ann@example.com!example.org"] {
            assert_eq!(both(expected).unwrap().names(), None, "an agent would not check the committer");
        }
    }

    #[test]
    fn an_agent_is_asked_only_where_its_answer_is_that_of_the_direct_path() {
        let certified = |principal: &str, name: &str| Candidate {
            principal: Some(principal.into()),
            name: Some(name.into()),
            is_email: principal == name,
            issuer: ISSUER.into(),
        };
        let candidates = [
            certified("ann@example.com", "ann@example.com"),
            certified("ann@host", "ann@host!example.com"),
            certified("ann@host!example.com", "ann@host!example.com!example.com"),
            certified("1234", "https://ann@example.com"),
        ];
        for address in ["ann@example.com", "ann@host!example.com", "https://ann@example.com"] {
            let object = commit(Some(address));
            for expected_identity in [None, Some("ann@example.com"), Some("ann@host"), Some(address), Some("https://ann@example.com")] {
                let sources = SignerSources {
                    expected_identity: expected_identity.map(Configured::from),
                    match_committer: true,
                    object: Some(&object),
                    ..Default::default()
                };
                let Ok(direct) = RequestedSigner::resolve(sources) else { continue };
                let Some((required, hint)) = direct.names() else { continue };
                let agent = RequestedSigner::from_names(required.map(str::to_owned), hint.map(str::to_owned));
                for candidate in &candidates {
                    let same = agent.accepts(candidate).is_ok() == direct.accepts(candidate).is_ok();
                    assert!(same, "{address} {expected_identity:?} {candidate:?}");
                }
            }
        }
    }

    #[test]
    fn the_expected_identity_is_the_principal_or_the_name_in_the_certificate() {
        let workflow = json!({
            "iss": "https://token.actions.githubusercontent.com", "sub": "repo:o/r:ref:refs/heads/main",
            "job_workflow_ref": "o/r/.github/workflows/w.yml@refs/heads/main",
        });
        for (claims, expected, is_accepted) in [
            (json!({"email": "ann@example.com"}), "ann@example.com", true),
            (json!({"email": "ann@example.com"}), "1234", false),
            (workflow.clone(), "repo:o/r:ref:refs/heads/main", true),
            (workflow.clone(), "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main", true),
            (workflow, "https://github.com/o/r/.github/workflows/other.yml@refs/heads/main", false),
            (json!({}), "1234", true),
            (json!({}), "123", false),
            // what Fulcio makes of a user name; the certificate decides
            (json!({"sub": "ann"}), "ann!example.com", true),
            (json!({"sub": "ann"}), "anna!example.com", false),
        ] {
            assert_eq!(RequestedSigner::only(expected).accepts(&token(&claims)).is_ok(), is_accepted, "{claims} {expected}");
        }
        let certified =
            Candidate { principal: Some("ann".into()), name: Some("ann!example.org".into()), is_email: false, issuer: ISSUER.into() };
        assert_eq!(RequestedSigner::only("ann").accepts(&certified), Ok(()));
        let refused = RequestedSigner::only("ann!example.com").accepts(&certified).unwrap_err();
        insta::assert_snapshot!(refused, @r#"the identity is "ann" (in the certificate "ann!example.org"); expected "ann!example.com""#);
    }

    #[test]
    fn an_expected_issuer_is_the_one_in_the_certificate() {
        let sources = SignerSources { expected_issuer: Some(placed(ISSUER)), ..SignerSources::default() };
        let requested = RequestedSigner::resolve(sources).unwrap();
        assert_eq!(requested.accepts(&token(&json!({}))), Ok(()));
        // the certificate names the issuer behind the one that gave the token
        let federated = token(&json!({"federated_claims": {"connector_id": "https://github.com/login/oauth"}}));
        let refused = requested.accepts(&federated).unwrap_err();
        assert_eq!(refused.to_string(), format!("the issuer is \"https://github.com/login/oauth\"; expected \"{ISSUER}\" (PLACE)"));
        let slash = RequestedSigner::anyone().vouched_for_by(Some(format!("{ISSUER}/")));
        assert!(slash.accepts(&token(&json!({}))).unwrap_err().hint().contains("slashes count"));
    }
}
