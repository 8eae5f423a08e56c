//! A random story on a real site: each step is taken over HTTP, and then everybody's view is compared with the reference.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tidings::ids::UserId;
use tidings::model::{Username, users};

use super::html::{Dom, Notification};
use super::http::Answer;
use super::reference::{How, Line, Model, Outcome, PEOPLE, Step, User, Verb};
use super::session_tab::{SessionTab, TabView, stamp_in};
use super::town::{PASSWORD, Town};

const NAMES: [&str; PEOPLE] = ["ada", "bob", "cleo"];

/// No notification or session has an id like this.
const NEVER: i64 = 1 << 60;

/// The site's side of a story. What the reference knows by number is kept here in that order.
pub struct SystemUnderTest {
    town: Town,
    /// Part of everybody's name, because many stories are told on one site.
    number: usize,
    users: Vec<UserId>,
    tabs: Vec<SessionTab>,
    /// The ids of the notifications.
    lines: Vec<i64>,
    /// What the tabs of the living sessions show.
    shown: BTreeMap<usize, TabView>,
}

impl SystemUnderTest {
    /// `password_hash` is that of [`PASSWORD`]: hashing it again for everybody would take most of the time.
    pub async fn begins(town: &Town, password_hash: &str, number: usize, model: &Model) -> SystemUnderTest {
        let mut system = SystemUnderTest { town: town.clone(), number, users: Vec::new(), tabs: Vec::new(), lines: Vec::new(), shown: BTreeMap::new() };
        for user in &model.users {
            let (name, hash) = (Username::parse(&system.name(user)).unwrap(), password_hash.to_owned());
            let made = town.site.app.change(move |tx| Ok(users::insert(tx, &name, &hash)?)).await;
            system.users.push(made.unwrap().expect("a new name"));
        }
        system.opens_sessions(model).await;
        system.sees_what_it_should(model).await;
        system
    }

    /// Takes a step, and checks all there is to check.
    pub async fn takes(&mut self, step: Step, model: &mut Model) {
        let answer = self.sends(step, model).await;
        let outcome = model.take(step);
        assert_eq!(answer.status, status(step, outcome), "the answer to {step:?}: {}", answer.body);
        if matches!(step, Step::SignIn { .. } | Step::SignUp { .. }) && outcome == Outcome::Done {
            let tab = SessionTab::of_token(&self.town, &token(&answer)).await;
            self.users.extend(Some(tab.user).filter(|user| !self.users.contains(user)));
            self.tabs.push(tab);
        }
        let mut replaced = None;
        if let Step::Act { session, verb: Verb::ChangePassword, .. } = step
            && outcome == Outcome::Done
        {
            self.tabs[session] = SessionTab::of_token(&self.town, &token(&answer)).await;
            replaced = Some(model.sessions[session].user);
        }
        // First, because whatever reads a stamp's row mends its copies.
        self.hears_what_it_should(model, replaced).await;
        self.opens_sessions(model).await;
        self.sees_what_it_should(model).await;
        if let Step::Act { session, how, verb } = step {
            answer_agrees(&answer, how.of(verb), verb, &model.users[model.sessions[session].user]);
        }
    }

    fn name(&self, user: &User) -> String {
        format!("{}_{}", NAMES[user.name], self.number)
    }

    async fn sends(&self, step: Step, model: &Model) -> Answer {
        match step {
            Step::Act { session, how, verb } => match how.of(verb) {
                How::Program => self.calls(&self.tabs[session], verb).await,
                how => self.submits(session, how, verb, model).await,
            },
            Step::SignIn { user, how } => self.signs_in(&model.users[user], how).await,
            Step::SignUp { name } => {
                // With the password of its holder, it would be a sign-in.
                let password = if model.holder(name).is_some() { "another secret" } else { PASSWORD };
                let name = format!("{}_{}", NAMES[name], self.number);
                self.town.stranger(&name).posts("/signup", &[("username", &name), ("password", password)]).await
            }
        }
    }

    async fn signs_in(&self, user: &User, how: How) -> Answer {
        let (name, password) = (self.name(user), password(user.password));
        if how == How::Program {
            return self.town.program().posts("/api/session", &json!({"username": name, "password": password})).await;
        }
        self.town.stranger(&name).posts("/signin", &[("username", &name), ("password", &password)]).await
    }

    fn line(&self, number: usize) -> i64 {
        self.lines.get(number).copied().unwrap_or(NEVER)
    }

    async fn calls(&self, tab: &SessionTab, verb: Verb) -> Answer {
        match verb {
            Verb::Follow(whom) => tab.program.posts("/api/follow", &json!({"userId": self.users[whom]})).await,
            Verb::Unfollow(whom) => tab.program.deletes(&format!("/api/follow/{}", self.users[whom])).await,
            Verb::ReadAll(through) => tab.program.posts("/api/notifications/read", &json!({"through": self.line(through)})).await,
            Verb::SignOut => tab.program.deletes("/api/session").await,
            _ => unreachable!("{verb:?} is not in the JSON API"),
        }
    }

    async fn submits(&self, session: usize, how: How, verb: Verb, model: &Model) -> Answer {
        let (tab, me) = (&self.tabs[session], &model.users[model.sessions[session].user]);
        let (path, form) = match verb {
            Verb::Follow(whom) => (format!("/people/{}/follow", self.name(&model.users[whom])), vec![]),
            Verb::Unfollow(whom) => (format!("/people/{}/unfollow", self.name(&model.users[whom])), vec![]),
            Verb::Read(line) => (format!("/notifications/{}/read", self.line(line)), vec![]),
            Verb::Unread(line) => (format!("/notifications/{}/unread", self.line(line)), vec![]),
            Verb::Delete(line) => (format!("/notifications/{}/delete", self.line(line)), vec![]),
            Verb::ReadAll(through) => ("/notifications/read".to_owned(), vec![("through", self.line(through).to_string())]),
            Verb::Revoke(other) => (format!("/settings/sessions/{}/revoke", self.tabs.get(other).map_or(NEVER, |tab| tab.session.0)), vec![]),
            Verb::RevokeOthers => ("/settings/sessions/others/revoke".to_owned(), vec![]),
            Verb::ChangePassword => ("/settings/password".to_owned(), vec![("current", password(me.password)), ("password", password(me.password + 1))]),
            Verb::SignOut => ("/signout".to_owned(), vec![]),
            Verb::DeleteAccount => ("/settings/delete".to_owned(), vec![("password", password(me.password))]),
        };
        if how == How::Htmx { tab.presses(&path, &form).await } else { tab.posts(&path, &form).await }
    }

    /// Those that the reference opened, and nobody has signed in for.
    async fn opens_sessions(&mut self, model: &Model) {
        while let Some(session) = model.sessions.get(self.tabs.len()) {
            self.tabs.push(SessionTab::opened_for(&self.town, self.users[session.user]).await);
        }
    }

    /// Somebody's stamp moved if and only if one of their tabs would show something else. There is one stamp for all of their tabs, hence
    /// the two cases that look like exceptions: when a session ends (revoked, signed out, or by a new password), its tab has to learn that
    /// it is signed out, so the tabs of the other sessions hear of it too, and show what they showed before. And signing in once more
    /// moves nothing, because the new session has no tab yet. A new password replaces the session of `replaced` themselves, too.
    async fn hears_what_it_should(&mut self, model: &Model, replaced: Option<usize>) {
        let before = std::mem::take(&mut self.shown);
        let heard = join_all(before.iter().map(|(number, view)| self.tabs[*number].polls(view.stamp, ""))).await;
        let after = join_all(before.keys().map(|number| self.tabs[*number].view())).await;
        for user in 0..model.users.len() {
            let is_theirs = |number: &usize| model.sessions[*number].user == user;
            let tabs: Vec<_> = before.iter().zip(heard.iter().zip(&after)).filter(|((number, _), _)| is_theirs(number)).collect();
            let differs = replaced == Some(user) || tabs.iter().any(|((_, before), (_, after))| after.as_ref().is_none_or(|after| after.shown != before.shown));
            for ((number, before), (heard, after)) in tabs {
                let who = format!("session {number} of {}", self.name(&model.users[user]));
                assert_eq!(after.is_some(), model.sessions[*number].lives, "{who} is signed in");
                let expected = if after.is_none() {
                    401
                } else if differs {
                    200
                } else {
                    204
                };
                let shows = after.as_ref().map_or("that it is signed out", |after| &after.shown);
                assert_eq!(heard.status, expected, "{who} polls; it showed\n{}\nand now shows\n{shows}", before.shown);
                if let Some(after) = after {
                    let moved = after.stamp > before.stamp;
                    assert!(moved == differs && after.stamp >= before.stamp, "{who} had stamp {}, and now has {}", before.stamp, after.stamp);
                }
            }
        }
        self.shown = before.into_keys().zip(after).filter_map(|(number, after)| Some((number, after?))).collect();
    }

    /// Everybody sees what the reference says, wherever they look.
    async fn sees_what_it_should(&mut self, model: &Model) {
        for (user, theirs) in model.users.iter().enumerate().filter(|(_, user)| user.is_there) {
            let sessions: Vec<usize> = model.sessions_of(user).collect();
            for number in &sessions {
                if !self.shown.contains_key(number) {
                    self.shown.insert(*number, self.tabs[*number].view().await.expect("a new session lives"));
                }
            }
            self.inbox_agrees(model, theirs, sessions[0]).await;
        }
    }

    async fn inbox_agrees(&mut self, model: &Model, user: &User, session: usize) {
        let (tab, view, who) = (&self.tabs[session], &self.shown[&session], self.name(user));
        let (page, badge) = (tab.gets("/notifications").await, tab.polls(-1, "&title=People").await);
        let (me, list) = (tab.program.gets("/api/me").await.json(), tab.program.gets("/api/notifications").await.json());
        let stamps = [&page.body, &badge.body].map(|html| stamp_in(html));
        let (page, badge, inbox) = (page.page(), badge.fragment(), Dom::of_fragment(&view.fragment));
        let shown = page.notifications();
        self.lines.extend(new_line(user, &self.lines, &shown));
        let expected: Vec<Notification> = user.inbox.iter().map(|line| self.notification(model, line)).collect();
        assert_eq!(shown, expected, "the inbox of {who}");
        assert_eq!(inbox.notifications(), expected, "the inbox of {who}, as the poll brings it");
        assert_eq!(listed(&list), expected, "the inbox of {who}, as a program gets it");
        let unread = user.unread() as i64;
        assert_eq!((page.badge(), inbox.badge(), badge.badge()), (unread, unread, unread), "the badges of {who}: page, inbox poll, badge poll");
        assert_eq!((&me["unread"], &list["unread"]), (&json!(unread), &json!(unread)), "the numbers for programs of {who}");
        assert_eq!(stamps, [view.stamp; 2], "the stamps of {who}: page, badge poll");
        assert_eq!((&me["lastUpdate"], &list["lastUpdate"]), (&json!(view.stamp), &json!(view.stamp)), "the stamps for programs of {who}");
    }

    fn notification(&self, model: &Model, line: &Line) -> Notification {
        let follower = self.name(&model.users[line.follower]);
        Notification { id: self.line(line.number), text: format!("{follower} follows you"), unread: line.unread }
    }
}

/// The id of the notification that is new since the last step, if it is this user's. It must be larger than all that have been.
fn new_line(user: &User, known: &[i64], shown: &[Notification]) -> Option<i64> {
    let newest = user.inbox.first().filter(|line| line.number == known.len())?;
    let id = shown.first().map(|shown| shown.id).filter(|id| known.iter().all(|known| known < id));
    Some(id.unwrap_or_else(|| panic!("{newest:?} is new and on top, but there are {shown:?}")))
}

/// As pages show it.
fn listed(list: &Value) -> Vec<Notification> {
    let notification = |line: &Value| {
        let text = format!("{} {}s you", line["actor"]["username"].as_str().unwrap(), line["kind"].as_str().unwrap());
        Notification { id: line["id"].as_i64().unwrap(), text, unread: line["readAt"].is_null() }
    };
    list["notifications"].as_array().unwrap().iter().map(notification).collect()
}

/// What the answer itself says of the inbox, where it says something.
fn answer_agrees(answer: &Answer, how: How, verb: Verb, me: &User) {
    match (how, verb) {
        _ if answer.status != 200 => {}
        (How::Htmx, Verb::Read(_) | Verb::Unread(_) | Verb::Delete(_) | Verb::ReadAll(_)) => {
            let fragment = answer.fragment();
            let unread = fragment.notifications().iter().filter(|line| line.unread).count();
            assert_eq!((fragment.badge(), unread), (me.unread() as i64, me.unread()), "the answer to {verb:?}");
        }
        (How::Program, Verb::ReadAll(_)) => assert_eq!(answer.json()["unread"], me.unread(), "the answer to {verb:?}"),
        _ => {}
    }
}

/// The status of an answer.
fn status(step: Step, outcome: Outcome) -> u16 {
    let (how, verb) = match step {
        Step::Act { how, verb, .. } => (how.of(verb), Some(verb)),
        Step::SignIn { how: How::Program, .. } => (How::Program, None),
        Step::SignIn { .. } | Step::SignUp { .. } => (How::Page, None),
    };
    match (outcome, how) {
        (Outcome::NotFound, _) => 404,
        (Outcome::Refused, _) => 422,
        // To the page where one signs in.
        (Outcome::SignedOut, How::Page) => 303,
        (Outcome::SignedOut, _) => 401,
        (Outcome::Created, How::Program) => 201,
        (_, How::Program) if matches!(verb, Some(Verb::Unfollow(_) | Verb::SignOut)) => 204,
        (_, How::Program | How::Htmx) => 200,
        (_, How::Page) => 303,
    }
}

fn password(changed: usize) -> String {
    if changed == 0 { PASSWORD.to_owned() } else { format!("{PASSWORD} {changed}") }
}

/// The token of a session that was opened, from the JSON or the cookie.
fn token(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").split(';').next().and_then(|pair| pair.strip_prefix("tidings-")?.split_once('='));
    cookie.map(|(_, token)| token).map_or_else(|| answer.json()["token"].as_str().unwrap().to_owned(), str::to_owned)
}
