//! Questions, answers and what they cover.

use super::*;
use crate::object::PayloadKind;

fn rules(signatures: u32, lifetime: Duration) -> Rules {
    Rules {
        ask: true,
        ask_digests: true,
        signatures,
        lifetime,
        refusal_lifetime: REFUSAL_LIFETIME,
        timeout: Duration::from_millis(300),
        notifications: false,
        askpass: None,
    }
}

fn asker(host: &str) -> Asker {
    Asker { host: Some(host.into()), route: ClientRoute::Local }
}

fn topic(asker: Asker) -> Topic {
    Topic {
        asker,
        instance: "work".into(),
        issuer: "https://issuer.test".into(),
        identity: "ann".into(),
        kind: SigningKind::Object(PayloadKind::Commit),
        what: String::new(),
        login: Some(1),
    }
}

/// Answers the questions, as `answer` says, and returns those that were asked.
fn answering(confirmations: &Confirmations, answer: impl Fn(usize) -> bool + 'static) -> Rc<RefCell<Vec<String>>> {
    let (mut questions, answering) = (confirmations.watch(), confirmations.clone());
    let asked = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&asked);
    tokio::task::spawn_local(async move {
        while let Some(Reply::Ask { ask, text }) = questions.recv().await {
            let number = heard.borrow().len();
            heard.borrow_mut().push(text);
            assert!(answering.answer(ask, answer(number)));
        }
    });
    asked
}

fn through(process: i32, host: &str) -> Asker {
    let route = ClientRoute::Forwarder { process, started: 1, command: "ssh -R there:here build".into() };
    Asker { route, ..asker(host) }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = crate::service::runtime().unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(test));
}

#[test]
fn without_anybody_to_ask_the_signature_is_denied() {
    run(async {
        let refused = Confirmations::new(rules(5, ANSWER_TIMEOUT)).allow(&topic(asker("host")), "").await.unwrap_err();
        assert_eq!((refused.kind, refused.message.as_str()), (Refusal::Denied, "nobody can be asked where the agent runs"));
    });
}

#[test]
fn an_approval_covers_only_what_the_question_said() {
    run(async {
        let confirmations = Confirmations::new(rules(100, Duration::from_secs(600)));
        let asked = answering(&confirmations, |_| true);
        let one = topic(asker("a"));
        let different = [
            one.clone(),
            topic(asker("b")),
            topic(through(7, "a")),
            topic(through(8, "a")),
            Topic { instance: "other".into(), ..one.clone() },
            Topic { issuer: "https://other.test".into(), ..one.clone() },
            Topic { identity: "bob".into(), ..one.clone() },
            Topic { kind: SigningKind::Object(PayloadKind::Tag), ..one.clone() },
            Topic { kind: SigningKind::Object(PayloadKind::Push), ..one.clone() },
            Topic { login: Some(2), ..one.clone() },
            Topic { login: None, ..one },
        ];
        for (number, topic) in different.iter().enumerate() {
            confirmations.allow(topic, "").await.unwrap();
            assert_eq!(asked.borrow().len(), number + 1, "{topic:?}");
            // a claim about the repository changes nothing
            confirmations.allow(topic, " in “elsewhere”").await.unwrap();
            assert_eq!(asked.borrow().len(), number + 1, "{topic:?}");
        }
        let asked = asked.borrow();
        assert_eq!(
            asked[0],
            "A client that runs on this machine (perhaps in a container) and calls its machine “a” asks for a signature as ann on a commit. It uses \
             the instance work with the issuer https://issuer.test. One approval covers 100 signatures or 10 min."
        );
        assert!(asked[2].starts_with(
            "A client that connects through process 7 (ssh -R there:here build) and calls its machine “a” asks for a signature as ann on a commit."
        ));
        // all that differs for a person is shown
        let shown: std::collections::HashSet<_> = asked[..9].iter().collect();
        assert_eq!(shown.len(), 9, "{asked:?}");
    });
}

#[test]
fn an_approval_covers_so_many_signatures_and_so_much_time() {
    run(async {
        for (signatures, lifetime, questions) in
            [(2, Duration::from_secs(600), 2), (100, Duration::ZERO, 4), (1, Duration::from_secs(600), 4)]
        {
            let confirmations = Confirmations::new(rules(signatures, lifetime));
            let asked = answering(&confirmations, |_| true);
            for _ in 0..4 {
                confirmations.allow(&topic(asker("a")), "").await.unwrap();
            }
            assert_eq!(asked.borrow().len(), questions);
        }
    });
}

#[test]
fn an_approval_ends_with_its_login() {
    run(async {
        let confirmations = Confirmations::new(rules(100, Duration::from_secs(600)));
        let asked = answering(&confirmations, |_| true);
        let (ann, bob) = (topic(asker("a")), Topic { identity: "bob".into(), login: Some(2), ..topic(asker("a")) });
        let coming = Topic { login: None, ..ann.clone() };
        let questions = |topic: Topic| {
            let (confirmations, asked) = (confirmations.clone(), Rc::clone(&asked));
            async move {
                let before = asked.borrow().len();
                confirmations.allow(&topic, "").await.unwrap();
                asked.borrow().len() - before
            }
        };
        assert_eq!((questions(ann.clone()).await, questions(bob.clone()).await, questions(coming.clone()).await), (1, 1, 1));
        confirmations.forget_login(Some("ann"));
        assert_eq!((questions(bob.clone()).await, questions(ann.clone()).await, questions(coming.clone()).await), (0, 1, 1));
        confirmations.forget_login(None);
        assert_eq!((questions(bob).await, questions(ann.clone()).await), (1, 1));
        // what was approved before the login is approved for it, and for no later one
        let new = Topic { login: Some(3), ..ann };
        assert_eq!(questions(coming.clone()).await, 1);
        confirmations.bind(&coming, &new);
        assert_eq!((questions(new).await, questions(coming.clone()).await), (0, 1));
        confirmations.drop_without_login(&coming);
        assert_eq!(questions(coming).await, 1);
    });
}

#[test]
fn a_refusal_holds_for_the_connection_whatever_it_asks_for() {
    run(async {
        let confirmations = Confirmations::new(rules(100, Duration::from_secs(600)));
        let asked = answering(&confirmations, |number| number != 1);
        let approved = topic(through(7, "a"));
        confirmations.allow(&approved, "").await.unwrap();
        let tag = Topic { kind: SigningKind::Object(PayloadKind::Tag), ..approved.clone() };
        let other_name = topic(through(7, "b"));
        let other_instance = Topic { instance: "other".into(), ..approved.clone() };
        for topic in [&tag, &tag, &other_name, &other_instance] {
            let refused = confirmations.allow(topic, "").await.unwrap_err();
            assert_eq!(
                (refused.kind, refused.message.as_str()),
                (Refusal::Denied, "the signature as ann was not approved where the agent runs")
            );
        }
        assert_eq!(asked.borrow().len(), 2, "it was asked once");
        // what was approved before stays approved, and another connection is asked about
        confirmations.allow(&approved, "").await.unwrap();
        confirmations.allow(&topic(through(8, "a")), "").await.unwrap();
        assert_eq!(asked.borrow().len(), 3);
        // the user can take it back
        confirmations.forget();
        confirmations.allow(&tag, "").await.unwrap();
    });
}

#[test]
fn a_refusal_ends() {
    run(async {
        let confirmations = Confirmations::new(Rules { refusal_lifetime: Duration::ZERO, ..rules(1, ANSWER_TIMEOUT) });
        let asked = answering(&confirmations, |number| number > 0);
        assert_eq!(confirmations.allow(&topic(asker("a")), "").await.unwrap_err().kind, Refusal::Denied);
        confirmations.allow(&topic(asker("a")), "").await.unwrap();
        assert_eq!(asked.borrow().len(), 2);
    });
}

#[test]
fn a_refusal_ends_the_other_questions_of_the_connection() {
    run(async {
        let confirmations = Confirmations::new(Rules { timeout: ANSWER_TIMEOUT, ..rules(1, ANSWER_TIMEOUT) });
        let mut questions = confirmations.watch();
        let answering = confirmations.clone();
        tokio::task::spawn_local(async move {
            let Some(Reply::Ask { .. }) = questions.recv().await else { return };
            let Some(Reply::Ask { ask, .. }) = questions.recv().await else { return };
            answering.answer(ask, false);
            std::future::pending::<()>().await;
        });
        let (first, second) = (topic(asker("a")), topic(asker("b")));
        let (first, second) = tokio::join!(confirmations.allow(&first, ""), confirmations.allow(&second, ""));
        assert_eq!((first.unwrap_err().kind, second.unwrap_err().kind), (Refusal::Denied, Refusal::Denied));
    });
}

#[test]
fn no_answer_denies_once() {
    run(async {
        let confirmations = Confirmations::new(rules(5, ANSWER_TIMEOUT));
        let mut questions = confirmations.watch();
        for number in 1..=2 {
            assert_eq!(confirmations.allow(&topic(asker("host")), "").await.unwrap_err().kind, Refusal::Denied);
            assert!(matches!(questions.try_recv(), Ok(Reply::Ask { ask, .. }) if ask == number), "it is asked again");
        }
        assert!(!confirmations.answer(2, true), "the question is gone");
    });
}

#[test]
fn the_question_of_a_client_that_leaves_is_withdrawn() {
    run(async {
        let confirmations = Confirmations::new(rules(1, ANSWER_TIMEOUT));
        let _questions = confirmations.watch();
        for _ in 0..=MAX_QUESTIONS {
            let host = topic(asker("host"));
            let asking = confirmations.allow(&host, "");
            assert!(tokio::time::timeout(Duration::from_millis(5), asking).await.is_err());
        }
        assert!(confirmations.questions.borrow().waiting.is_empty());
    });
}

#[test]
fn a_question_that_nobody_watches_any_more_goes_to_the_desktop() {
    run(async {
        let confirmations = Confirmations::new(Rules { timeout: ANSWER_TIMEOUT, ..rules(1, ANSWER_TIMEOUT) });
        let questions = confirmations.watch();
        tokio::task::spawn_local(async move { drop(questions) });
        let refused = confirmations.allow(&topic(asker("host")), "").await.unwrap_err();
        assert_eq!((refused.kind, refused.message.as_str()), (Refusal::Denied, "nobody can be asked where the agent runs"));
    });
}

#[test]
fn a_missing_askpass_program_is_named() {
    run(async {
        let confirmations = Confirmations::new(Rules { askpass: Some("/no/such/askpass".into()), ..rules(1, ANSWER_TIMEOUT) });
        let refused = confirmations.allow(&topic(asker("host")), "").await.unwrap_err();
        assert_eq!(refused.kind, Refusal::Denied);
        let why = "nobody can be asked where the agent runs: /no/such/askpass cannot be run: ";
        assert!(refused.message.starts_with(why), "{}", refused.message);
    });
}

#[test]
fn confirmation_can_be_turned_off() {
    run(async {
        let confirmations = Confirmations::new(Rules { ask: false, ..rules(1, ANSWER_TIMEOUT) });
        confirmations.allow(&topic(asker("host")), "").await.unwrap();
    });
}
